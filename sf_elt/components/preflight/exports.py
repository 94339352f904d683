"""What a preflight tests of each export: what it writes, what it finds records by, what new records need."""

from collections.abc import Iterator

from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.preflight.findings import Finding
from sf_elt.components.preflight.objects import unseen_object
from sf_elt.salesforce import FieldDescribe, ObjectDescribe, Org, RequestRefused, UnknownField
from sf_elt.salesforce.matching import check_matchers
from sf_elt.salesforce.permissions import Rights, fact, how_to_grant
from sf_elt.writeback.matching import address_among
from sf_elt.writeback.targets import is_needed

CONTACT = "Contact"
MADE_BY_SETUP = (
    "`sf-elt setup` makes the fields for audiences, scores and topics and external ids, and lets the user edit them."
)


def about_export(org: Org, export: SalesforceExport, known: Rights) -> Iterator[Finding]:
    """One export. What is described in `org.described` is all there is to see; nothing is asked."""
    subject = f"export {export.name}"
    described = org.described.get(export.object)
    if described is None:
        yield unseen_object(subject, known, export.object)
        return
    names = dict.fromkeys([*export.salesforce_fields(), *(export.matchers if export.creates else ())])
    troubles = [
        trouble for name in names if (trouble := _unwritable(subject, export, described, known, name)) is not None
    ]
    troubles += _unmatched(subject, export, described)
    troubles += _needed(subject, export, described, names)
    troubles += _unseen_contacts(subject, export, described, org, known)
    if export.operation in ("delete", "mirror") and not described.deletable:
        says = f"the integration user may not delete records of {described.name}"
        troubles.append(
            Finding(subject, "object", "missing", says, how_to_grant(known, described.name, right="Delete"))
        )
    written = ", ".join(names) or "nothing"
    yield from troubles or [Finding(subject, "fields", "ok", f"may {export.operation} {described.name}: {written}")]


def _unwritable(
    subject: str, export: SalesforceExport, described: ObjectDescribe, known: Rights, name: str
) -> Finding | None:
    try:
        field = described.field(name)
    except UnknownField as error:
        if known.why_not_seen(described.name, name) == "absent":
            grant = f"Create the field {name}: docs/setup.md. {MADE_BY_SETUP}"
            return Finding(subject, "fields", "missing", str(error), grant)
        grant = f"{how_to_grant(known, described.name, name, 'Edit')}. {MADE_BY_SETUP}"
        return Finding(subject, "fields", "missing", fact(known, described.name, name), grant)
    if _may_be_written(export, field):
        return None
    if field.calculated:
        says = f"{described.name}.{field.name} is computed by the org and cannot be written"
        return Finding(subject, "fields", "missing", says, "Export into another field.")
    says = f"the integration user may not write {described.name}.{field.name}"
    boxes = [how_to_grant(known, described.name, name, "Edit")]
    if export.creates and not described.createable:
        boxes.append("Object Permissions: Create")
    if export.operation != "create" and not described.updateable:
        boxes.append("Object Permissions: Edit")
    return Finding(subject, "fields", "missing", says, f"{', and '.join(boxes)}. {MADE_BY_SETUP}")


def _may_be_written(export: SalesforceExport, field: FieldDescribe) -> bool:
    if field.type == "id":
        return field.name in export.matchers
    only_new = export.operation == "create" or (
        field.name in {*export.fields_on_create, *export.matchers} and field.name not in export.fields
    )
    return (only_new or field.updateable) and (field.createable or not export.creates)


def _unmatched(subject: str, export: SalesforceExport, described: ObjectDescribe) -> Iterator[Finding]:
    """Matchers that Salesforce does not filter by, and an external id that is none."""
    if not export.matchers:
        return
    try:
        check_matchers(described, list(export.matchers))
    except RequestRefused as error:
        yield Finding(subject, "matchers", "missing", str(error), "Change the export's YAML.")
        return
    if export.external_id and not described.field(export.external_id).externalId:
        says = f"{described.name}.{export.external_id} is no external id"
        grant = (
            f"Make it one (docs/setup.md: `sf-elt setup --external-id {export.external_id}`), or take external_id out."
        )
        yield Finding(subject, "matchers", "missing", says, grant)


def _unseen_contacts(
    subject: str, export: SalesforceExport, described: ObjectDescribe, org: Org, known: Rights
) -> Iterator[Finding]:
    """A lead is created only where no contact has its address: contacts' addresses must be seen."""
    try:
        if address_among(export, described) is None:
            return
    except UnknownField:  # told with the other fields
        return
    contact = org.described.get(CONTACT)
    if contact is None:
        yield unseen_object(subject, known, CONTACT)
    elif "Email" not in contact.by_name:
        grant = how_to_grant(known, CONTACT, "Email")
        yield Finding(subject, "fields", "missing", fact(known, CONTACT, "Email"), grant)


def _needed(
    subject: str, export: SalesforceExport, described: ObjectDescribe, written: dict[str, None]
) -> Iterator[Finding]:
    """Fields that a new record cannot be without and that nothing fills."""
    if not export.creates:
        return
    filled = {name.casefold() for name in written}
    missing = [field.name for field in described.fields if is_needed(field) and field.name.casefold() not in filled]
    if missing:
        says = f"a new {described.name} needs {', '.join(missing)}"
        yield Finding(subject, "fields", "missing", says, "Say in fields or fields_on_create where they come from.")
