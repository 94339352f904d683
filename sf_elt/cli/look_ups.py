"""`sf-elt sf …`: look at what is in the org, without importing anything."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.examples import examples
from sf_elt.cli.org_session import Connection, opened_org
from sf_elt.cli.showing import RUNNING, Column, Format, FormatOption, JsonOption, Rows, chosen, refuse, show
from sf_elt.counting import count

if TYPE_CHECKING:
    from sf_elt.salesforce import FieldDescribe, Org
    from sf_elt.salesforce.records import Page

sf = typer.Typer(
    name="sf",
    help=(
        "Look at what is in Salesforce, without importing anything.\n\n"
        "Logs in as imports do: by what `sf-elt login` has kept, or by the SALESFORCE_… variables of the environment "
        "or of a file .env in this folder. Changes nothing in the org. Examples are in docs/look-ups.md."
    ),
    no_args_is_help=True,
)


@sf.callback()
def name_what_runs(context: typer.Context) -> None:
    """Errors of all of them begin with the whole name of the one that runs."""
    RUNNING.set(f"sf {context.invoked_subcommand}")


_FIELD_LABELS = {
    "label": "Label", "name": "API name", "type": "Type", "required": "Required", "unique": "Unique",
    "writable": "Can be written", "filterable": "Can be filtered", "relationship": "Related record's name",
    "controlled_by": "Depends on", "values": "Values", "formula": "Formula", "help": "Help text",
}  # fmt: skip

RecordId = Annotated[str, typer.Argument(metavar="ID", help="A record's Id, of 15 or 18 characters.")]
ObjectName = Annotated[str, typer.Argument(metavar="OBJECT", help="API name of the object: Lead, Subscription__c, ….")]
Fields = Annotated[
    str,
    typer.Option(
        metavar="FIELDS",
        help="API names with commas between, also of related records: Name,Email,Account.Industry. `all` for all.",
    ),
]
Limit = Annotated[int | None, typer.Option(help="At most so many records.", min=1)]


@sf.command()
@examples(
    "sf-elt sf find 00Q5g00000JyVtEEAV",
    "sf-elt sf find 00Q5g00000JyVtEEAV --fields Name,Email,Owner.Name",
    "sf-elt sf find 00Q5g00000JyVtEEAV --json | jq .Status",
)
def find(
    record_id: RecordId,
    object_name: Annotated[
        str, typer.Option("--object", metavar="OBJECT", help="Its object, where the Id does not tell.")
    ] = "",
    fields: Fields = "all",
    how: FormatOption = None,
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Shows the record with this Id: a lead, a contact, an account, anything."""
    from sf_elt.salesforce import lookups

    if "@" in record_id:
        raise typer.BadParameter("this is an e-mail address: look for it with sf-elt sf find-by-email")
    check_id(record_id, "To look for a name: sf-elt sf fetch Lead --where \"Name LIKE '%Smith%'\"")
    how = chosen(how, as_json=as_json)
    with opened_org(connection) as org:
        wanted = () if _are_all(fields) else _names(org, object_name or lookups.object_of(org, record_id), fields)
        record = lookups.find(org, record_id, wanted, object_name=object_name or None)
        if record is None:
            refuse("sf", "there is no such record, or this user may not see it. Deleted records are not found")
        described = lookups.describe(org, record.object_name)
        known = wanted or [name for name in record if name in described.by_name]
        show(
            labelled(org, record.object_name, known),
            Rows([record], 1, alone=True),
            how,
            title=f"{described.label} {record.id}",
        )


@sf.command()
@examples(
    "sf-elt sf find-by-email ada@example.com",
    "sf-elt sf find-by-email ada@example.com --object Lead --fields all",
)
def find_by_email(
    email: Annotated[str, typer.Argument(help="The e-mail address, in any letter case.")],
    object_name: Annotated[
        str,
        typer.Option("--object", metavar="OBJECT", help="Only records of this object: Contact, Account, Case, …."),
    ] = "",
    fields: Fields = "",
    how: FormatOption = None,
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Shows everybody with this e-mail address: users, contacts and leads, or records of one object."""
    from sf_elt.salesforce import lookups

    if not email.strip():
        raise typer.BadParameter("give an e-mail address")
    how = chosen(how, as_json=as_json)
    objects = (object_name,) if object_name else lookups.PEOPLE
    with opened_org(connection) as org:
        names = _names_of(org, objects, fields)
        found = [record for each in objects for record in lookups.find_by_email(org, each, email, names[each])]
        if not found:
            kinds = object_name or "user, contact or lead"
            refuse("sf", f"there is no {kinds} with this e-mail address, or this user may not see it")
        columns = {"Object": Column("Object", "Object")}
        for each in dict.fromkeys(record.object_name for record in found):
            columns |= {one.name: one for one in labelled(org, each, names[each]) if one.name not in columns}
        rows = [
            {"Object": each.object_name} | {name: each.get(name) for name in columns if name != "Object"}
            for each in found
        ]
        show(list(columns.values()), Rows(rows, len(rows)), how)


@sf.command()
@examples(
    "sf-elt sf fetch Lead --where \"Status = 'Open - Not Contacted'\" --limit 20",
    "sf-elt sf fetch Contact --fields Name,Email,Account.Industry --format csv > contacts.csv",
    "sf-elt sf fetch Lead --deleted --json | jq length",
)
def fetch(
    object_name: ObjectName,
    fields: Fields = "",
    where: Annotated[
        str, typer.Option(metavar="CONDITION", help="Only these, in SOQL: \"Status = 'Open' AND Email != null\".")
    ] = "",
    limit: Limit = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Also what is in the recycle bin.")] = False,
    how: FormatOption = None,
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Lists the records of an object. Without --fields: Id, name, and what else tells who or what it is."""
    from sf_elt.salesforce import lookups

    how = chosen(how, as_json=as_json)
    with opened_org(connection) as org:
        names = _names(org, object_name, fields)
        try:
            pages = lookups.fetch_pages(org, object_name, names, where=where, limit=limit, include_deleted=deleted)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        described = lookups.describe(org, object_name)
        show(labelled(org, object_name, names), _rows(pages), how, title=described.labelPlural, most=limit)


@sf.command()
@examples(
    'sf-elt sf query "SELECT Status, COUNT(Id) FROM Lead GROUP BY Status"',
    'sf-elt sf query "SELECT Id, Name FROM Account" --format jsonl',
)
def query(
    soql: Annotated[str, typer.Argument(metavar="SOQL", help="The query, in quotation marks.")],
    limit: Annotated[int | None, typer.Option(help="How many rows a table shows (50).", min=1)] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Also what is in the recycle bin.")] = False,
    how: FormatOption = None,
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Runs any SOQL query and shows all its rows: "SELECT Status, COUNT(Id) FROM Lead GROUP BY Status"."""
    from sf_elt.salesforce import RequestRefused, lookups

    how = chosen(how, as_json=as_json)
    with opened_org(connection) as org:
        try:
            names = [] if how in (Format.jsonl, Format.json) else lookups.query_columns(org, soql)
            found = _rows(lookups.query_pages(org, soql, include_deleted=deleted))
        except RequestRefused as error:
            if error.code is None:  # not the org's word, which has one: a proxy's
                raise
            words = str(error).partition(error.code)[2].strip() or str(error)
            refuse("sf", f"the org refuses this query{lookups.meant(org, error)}:\n{words}")
        show([Column(name, name) for name in names], found, how, most=limit)


@sf.command()
@examples(
    "sf-elt sf describe Lead",
    "sf-elt sf describe Lead --field LeadSource  # all about one field",
    "sf-elt sf describe Lead --json | jq -r '.[].name'",
)
def describe(
    object_name: ObjectName,
    field: Annotated[str, typer.Option(metavar="FIELD", help="Only this field, with everything about it.")] = "",
    how: FormatOption = None,
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Lists the fields of an object: what people call them, their API names, what they hold."""
    from sf_elt.salesforce import lookups

    how = chosen(how, as_json=as_json)
    with opened_org(connection) as org:
        described = lookups.describe(org, object_name)
        fields = [described.field(field)] if field else described.fields
        rows = [_field_row(each) for each in fields]
        names = [*rows[0]] if field else ["label", "name", "type", "required", "help"]
        if how == Format.table and not any(row["help"] for row in rows):
            names.remove("help")
        columns = [Column(name, _FIELD_LABELS[name]) for name in names]
        named = described.name if described.label == described.name else f"{described.label}, {described.name}"
        title = named if field else f"{named}: {count(len(rows), 'field')} that this user sees"
        show(columns, Rows(rows, len(rows)), how, title=title, most=len(rows))


@sf.command()
@examples(
    "sf-elt sf picklist Lead Status",
    "sf-elt sf picklist Opportunity StageName --record-type Renewal",
)
def picklist(
    object_name: ObjectName,
    field: Annotated[str, typer.Argument(metavar="FIELD", help="API name of the picklist: Status, LeadSource, ….")],
    record_type: Annotated[
        str, typer.Option(metavar="NAME", help="Only what records of this record type are offered.")
    ] = "",
    how: FormatOption = None,
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Lists all values of a picklist."""
    from sf_elt.salesforce import lookups

    how = chosen(how, as_json=as_json)
    with opened_org(connection) as org:
        found = lookups.find_picklist(org, object_name, field, record_type=record_type or None)
        rows = [
            {"value": each.value, "label": each.label, "active": each.active, "default": each.default}
            | ({} if found.controlled_by is None else {"only_for": "; ".join(each.only_for or ())})
            for each in found.choices
        ]
        columns = [Column("value", "Value"), Column("label", "Label"), Column("active", "Active")]
        columns.append(Column("default", "Default"))
        if found.controlled_by is not None:
            columns.append(Column("only_for", f"Only for {found.controlled_by}"))
        of_type = f", record type {found.record_type}" if found.record_type else ""
        show(columns, Rows(rows, len(rows)), how, title=f"{found.label}{of_type}", most=len(rows))


def check_id(text: str, otherwise: str = "") -> None:
    """Before anything is asked of the org. Ends the command with status 2 where it cannot be an Id."""
    from sf_elt.salesforce.ids import NotAnId, record_id

    try:
        record_id(text)
    except NotAnId as error:
        raise typer.BadParameter(f"{error}. {otherwise}".rstrip(". ")) from None


def _are_all(fields: str) -> bool:
    return fields.strip().lower() == "all"


def _names(org: "Org", object_name: str, fields: str) -> list[str]:
    """The fields that were asked for, `all` of them, or the few that say what a record is."""
    from sf_elt.salesforce import lookups

    described = lookups.describe(org, object_name)
    if _are_all(fields):
        return lookups.readable_fields(described)
    asked = [each for each in fields.split(",") if each.strip()]
    return lookups.resolved(org, described, asked) if asked else lookups.main_fields(described)


def _names_of(org: "Org", objects: Sequence[str], fields: str) -> dict[str, list[str]]:
    """The same for several objects: what one of them lacks is left out of it, what all of them lack is an error."""
    from sf_elt.salesforce import UnknownField

    asked = [each for each in fields.split(",") if each.strip()]
    if len(objects) == 1 or not asked or _are_all(fields):
        return {each: _names(org, each, fields) for each in objects}
    names: dict[str, list[str]] = {each: [] for each in objects}
    for field in asked:
        refusals = []
        for each in objects:
            try:
                names[each] += _names(org, each, field)
            except UnknownField as error:
                refusals.append(error)
        if len(refusals) == len(objects):
            raise refusals[0]
    return {each: own or ["Id"] for each, own in names.items()}


def labelled(org: "Org", object_name: str, names: Sequence[str]) -> list[Column]:
    """The columns of these fields, with the labels that people know."""
    from sf_elt.salesforce.lookups.labels import labels

    named = labels(org, object_name, names)
    return [Column(name, "Id" if name == "Id" else label) for name, label in named.items()]


def _field_row(field: "FieldDescribe") -> dict[str, object]:
    from sf_elt.salesforce.lookups.labels import is_required, type_label

    return {
        "label": field.label,
        "name": field.name,
        "type": type_label(field),
        "required": is_required(field),
        "unique": field.unique,
        "writable": field.createable or field.updateable,
        "filterable": field.filterable,
        "relationship": field.relationshipName,
        "controlled_by": field.controllerName,
        "values": "; ".join(each.value for each in field.picklistValues if each.active) or None,
        "formula": field.calculatedFormula,
        "help": field.inlineHelpText,
    }


def _rows(pages: "Iterator[Page]") -> Rows:
    first = next(pages)
    return Rows(chain(first.records, (record for page in pages for record in page.records)), first.total)
