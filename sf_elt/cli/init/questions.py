"""The conversation: each part gives its answers, beginning with what is proposed."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from sf_elt.cli.init.answers import Answers, OfConnection, OfExport, OfImport
from sf_elt.cli.init.choosing import choose, nearest
from sf_elt.cli.init.offered import Named, Offered
from sf_elt.cli.init.proposing import (
    MATCHES,
    condition_types,
    proposed_export,
    proposed_object,
    sound,
    user_fields_after,
    well_known,
)
from sf_elt.cli.init.standing import Standing
from sf_elt.cli.init.terminal import Terminal
from sf_elt.components.attributes import did_you_mean
from sf_elt.components.imports.imported_object import ImportedObject
from sf_elt.insight import SCORES, Audience, check_audiences
from sf_elt.salesforce import SalesforceError
from sf_elt.streams.source_names import documented_fields

MY_DOMAIN = "my_domain"
WAYS = [
    ("browser", "once, as a person; works for servers too"),
    ("jwt", "with a key pair: recommended for servers"),
    ("client_credentials", "as the app itself, at a My Domain"),
    ("password", "user name, password and security token, where the org still allows it"),
]
ORGS = [
    ("production", "login.salesforce.com; a Developer Edition too"),
    ("sandbox", "test.salesforce.com"),
    (MY_DOMAIN, "https://NAME.my.salesforce.com"),
]


def ask_connection(
    terminal: Terminal, standing: Standing, into: Path, said: OfConnection, environ: Mapping[str, str] = os.environ
) -> OfConnection:
    """Its name and where it logs in."""
    terminal.heading("Connection")

    def named(name: str) -> OfConnection:
        other = standing.named("SalesforceConnection", name)
        if other is not None and not other.file.is_relative_to(into):
            raise ValueError(f"there is a connection {name!r} in {other.file} already: another name")
        return said if name == said.name else OfConnection(name=name, org=said.org)

    connection = terminal.ask_until("What imports and exports call it", named, default=said.name)
    if address := environ.get(f"{connection.prefix}LOGIN_URL"):
        terminal.say(f"It logs in at {terminal.safe(address)}: {connection.prefix}LOGIN_URL says so.")
        return connection
    usual = connection.org if connection.org in ("production", "sandbox") else MY_DOMAIN
    org = terminal.pick("Which org", ORGS, default=usual)
    if org != MY_DOMAIN:
        return connection.model_copy(update={"org": org})
    default = connection.org if usual == MY_DOMAIN else ""
    return terminal.ask_until("Its address or name", lambda given: _at_my_domain(connection, given), default=default)


def _at_my_domain(connection: OfConnection, given: str) -> OfConnection:
    if not given:
        raise ValueError("its name is what stands before .my.salesforce.com")
    address = given if "://" in given else f"https://{given.removesuffix('.my.salesforce.com')}.my.salesforce.com"
    return OfConnection.model_validate({**connection.model_dump(exclude_unset=True), "org": address})


def ask_way(terminal: Terminal) -> str:
    """How it will log in: only what is said in the end depends on it."""
    return terminal.pick("How will it log in", WAYS, default="browser")


def ask_imports(terminal: Terminal, standing: Standing, offered: Offered, said: Answers) -> OfImport:
    """Objects, and fields of those of which not all are wanted."""
    terminal.heading("Objects to read")
    before = [each.object for each in said.imports.objects]
    everything = offered.objects()
    known = {each.name.casefold() for each in everything}
    gone = [name for name in before if offered.org is not None and name.casefold() not in known]
    if gone:
        terminal.say(f"[yellow]The org has no {', no '.join(gone)}, or hides it: taken out.[/]")
    first = [name for name in before if name not in gone]
    others = _is_api_name if offered.org is None else _no
    names = choose(terminal, "Objects", everything, first, others=others, least=1)
    stay = [each for each in said.imports.objects if each.object in names]
    new = [
        proposed_object(name, standing, said.imports.name, said.connection.name) for name in names if name not in before
    ]
    terminal.rows([(each.object, each.stream, _cut_by(offered, each)) for each in (*stay, *new)])
    return said.imports.model_copy(update={"objects": tuple(_ask_fields(terminal, offered, [*stay, *new]))})


def _is_api_name(name: str) -> bool:
    try:
        return bool(ImportedObject(object=name))
    except ValueError:
        return False


def _cut_by(offered: Offered, each: ImportedObject) -> str:
    try:
        return offered.cut_by(each)
    except SalesforceError as error:
        return str(error)


def _ask_fields(terminal: Terminal, offered: Offered, objects: list[ImportedObject]) -> list[ImportedObject]:
    """All fields that the login may read, unless somebody chooses; API names and labels can be searched."""
    terminal.say("All fields that the login may read are read, unless you choose:")
    chosen = {each.stream: each for each in objects}

    def which(said: str) -> str:
        named = (stream for stream, each in chosen.items() if said.casefold() in (each.object.casefold(), stream))
        found = next(named, None)
        if said and found is None:
            raise ValueError(f"{said!r} is not chosen; {did_you_mean(said, [each.object for each in objects])}")
        return found or ""

    while stream := terminal.ask_until("Choose the fields of (an object; Enter: of none)", which, default=""):
        name = chosen[stream].object
        try:
            fields = offered.fields(name)
        except SalesforceError as error:
            terminal.say(f"[yellow]{terminal.safe(str(error))}[/]")
            continue
        there = {each.name for each in fields}
        before = chosen[stream].fields
        first = before if isinstance(before, list) else [each for each in documented_fields(name) if each in there]
        picked = choose(terminal, f"Fields of {name}", fields, first, others=_is_field if offered.org is None else _no)
        chosen[stream] = chosen[stream].model_copy(update={"fields": picked or None})
    return list(chosen.values())


def _is_field(name: str) -> bool:
    return name.replace(".", "").replace("_", "").isalnum() and not name[0].isdigit()


def _no(_name: str) -> bool:
    return False


def ask_audiences(terminal: Terminal, standing: Standing, said: Answers) -> tuple[Audience, ...]:
    """Well-known ones, and new ones by their conditions, which are checked at once."""
    terminal.heading("Audiences")
    types = condition_types(standing, said)
    known = {each.name: each for each in sound(well_known(standing).values(), types)}
    offered = [Named(each.name, each.description) for each in known.values()]
    while True:
        names = choose(terminal, "Audiences", offered, [each.name for each in said.audiences if each.name in known])
        audiences = [known[name] for name in names]
        faults = check_audiences(audiences, types)
        if not faults:
            break
        terminal.say(f"[yellow]{terminal.safe(audiences[faults[0].index].name)}: {terminal.safe(faults[0].says)}[/]")
        said = said.model_copy(update={"audiences": tuple(audiences)})
    while (new := _ask_audience(terminal, audiences, types)) is not None:
        audiences.append(new)
    return tuple(audiences)


def _ask_audience(terminal: Terminal, audiences: Sequence[Audience], types: Mapping[str, str]) -> Audience | None:
    def named(name: str) -> str:
        if name in {each.name for each in audiences}:
            raise ValueError(f"there is an audience {name!r} already")
        if name:
            Audience(name=name, description="", condition="true")
        return name

    name = terminal.ask_until("A new audience by a condition: its name (Enter: none)", named, default="")
    if not name:
        return None
    description = terminal.ask("Who is in it, in a sentence", default=name)
    terminal.say(f"[dim]A condition is SQL over scores ({', '.join(SCORES)}) and user fields: docs/audiences.md[/]")

    def sound_condition(condition: str) -> Audience | None:
        if not condition:
            return None
        new = Audience(name=name, description=description, condition=condition)
        for fault in check_audiences([*audiences, new], types):
            raise ValueError(fault.says)
        return new

    return terminal.ask_until("Condition (Enter: give it up)", sound_condition, default="")


def ask_exports(terminal: Terminal, standing: Standing, offered: Offered, said: Answers) -> tuple[OfExport, ...]:
    """Into which objects, how their records are found, and which fields get what."""
    terminal.heading("What goes back into Salesforce")
    terminal.say("[dim]Nothing is written by itself until SF_ELT_WRITE_BACK is true.[/]")
    before = {each.object: each for each in said.exports}
    objects = [Named(each.object, each.stream) for each in said.imports.objects]
    if not said.audiences:
        terminal.say("Without audiences there is nothing to write.")
        return ()
    names = choose(terminal, "Into", objects, [name for name in before if name in {each.name for each in objects}])
    return tuple(_ask_export(terminal, standing, offered, said, name, before.get(name)) for name in names)


def _ask_export(
    terminal: Terminal, standing: Standing, offered: Offered, said: Answers, object_name: str, before: OfExport | None
) -> OfExport:
    audiences = [each.name for each in said.audiences]
    first = before or proposed_export(object_name, said, standing, audiences)
    terminal.say(f"\n[bold]{object_name}[/]")
    told = first.model_dump() | _ask_records(terminal, standing, said, first)
    named = choose(
        terminal,
        "Audiences that it names (none: all)",
        [Named(each) for each in audiences],
        [each for each in first.audiences if each in audiences],
    )

    def field(given: str) -> str | None:
        if given in ("", "-"):
            return None
        OfExport(object=object_name, match="x", audiences_field=given)
        return given

    told["audiences"] = named
    while True:
        for attribute, what in (("audiences_field", "names of the audiences"), ("scores_field", "scores")):
            default = told[attribute] or "-"
            told[attribute] = terminal.ask_until(f"Field that gets the {what} (-: none)", field, default=default)
        if told["audiences_field"] or told["scores_field"]:
            break
        terminal.say("[yellow]One of them is needed.[/]")
    told["enabled"] = terminal.confirm("Switch this export on", default=first.enabled)
    export = OfExport.model_validate(told)
    _tell_lacking(terminal, offered, export, said.connection.name)
    return export


def _ask_records(terminal: Terminal, standing: Standing, said: Answers, first: OfExport) -> dict[str, object]:
    """Records are found by the Ids that the import brings, or by a field that equals a user field."""
    fields = user_fields_after(standing, said)
    by_ids = first.match or MATCHES.get(first.object, "")
    choices = [("ids", f"the records that the profile was made from: {by_ids}")] if by_ids in fields else []
    choices.append(("field", "records whose field equals a user field, such as Email = email"))
    default = "ids" if by_ids in fields and not first.matchers else "field"
    if terminal.pick("Which records are written", choices, default=default) == "ids":
        return {"match": by_ids, "matchers": {}}

    def pair(given: str) -> dict[str, str]:
        field, equals, source = (part.strip() for part in given.partition("="))
        if not equals:
            raise ValueError("write both with = between them: Email = email")
        if source not in fields:
            raise ValueError(f"there is no user field {source!r}; {did_you_mean(source, fields)}")
        OfExport(object=first.object, matchers={field: source}, audiences_field="A")
        return {field: source}

    standing_pair = next((f"{field} = {source}" for field, source in first.matchers.items()), "Email = email")
    return {"match": "", "matchers": terminal.ask_until("Field = user field", pair, default=standing_pair)}


def lacking_of(offered: Offered, export: OfExport) -> list[str]:
    """The fields that the export needs and the org does not have, or hides. Raises SalesforceError."""
    wanted = [each for each in (export.audiences_field, export.scores_field, *export.matchers) if each]
    return offered.lacks(export.object, wanted)


def _tell_lacking(terminal: Terminal, offered: Offered, export: OfExport, connection: str) -> None:
    try:
        lacking = lacking_of(offered, export)
    except SalesforceError as error:
        terminal.say(f"[yellow]{terminal.safe(str(error))}[/]")
        return
    makes = f"`sf-elt setup {connection} --apply` makes fields for audiences and scores."
    for name in lacking:
        near = [each.name for each in nearest(name, offered.fields(export.object))]
        hint = makes if name.endswith("__c") else f"did you mean {near[0]}?" if near else "custom fields end in __c."
        terminal.say(f"[yellow]The org has no {export.object}.{terminal.safe(name)}, or hides it: {hint}[/]")
