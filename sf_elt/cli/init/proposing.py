"""What stands for an answer that nobody gives: what the deployment has, else what most begin with."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from sf_elt.cli.init.answers import Answers, AnswersRefused, OfConnection, OfExport, OfImport, refused
from sf_elt.cli.init.planning import as_answer, export_name, mapping_after, stream_of_item, streams_after
from sf_elt.cli.init.shipped import shipped
from sf_elt.cli.init.standing import Component, Standing
from sf_elt.components.attributes import did_you_mean
from sf_elt.components.imports.imported_object import ImportedObject
from sf_elt.components.profiles import MappingRule
from sf_elt.insight import Audience, check_audiences, subject_types
from sf_elt.profiles import user_fields

OBJECTS = ("Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole")
MATCHES = {"Lead": "salesforce_lead_ids", "Contact": "salesforce_contact_ids"}
AUDIENCES_FIELD, SCORES_FIELD = "Audiences__c", "Scores__c"
_Part = TypeVar("_Part", OfConnection, OfImport)
FIRST_AUDIENCES = ("Frequent visitors", "Open to a call")


def proposed(standing: Standing, into: Path) -> Answers:
    """The answers that leave a deployment as it is, and make one of an empty folder."""
    return answered({}, standing, into)


def answered(told: Mapping[str, object], standing: Standing, into: Path) -> Answers:
    """The answers of a file. What it does not say is as it stands, or as most begin, and fits what it says.

    Audiences and objects may go by their names; audiences and exports that stand stay. Raises AnswersRefused with every
    fault.
    """
    connection = _said("connection", _connection(standing, into), told.get("connection"))
    imports = _imports(standing, into, connection.name)
    imports = _said("imports", imports, _with_objects(told.get("imports"), imports))
    bare = Answers(connection=connection, imports=imports)
    rest = {name: value for name, value in told.items() if name not in ("connection", "imports")}
    if "audiences" in rest:
        rest["audiences"] = _with_audiences(rest["audiences"], standing)
    else:
        rest["audiences"] = sound(known_audiences(standing).values(), condition_types(standing, bare))
    try:
        said = Answers.model_validate({"connection": connection, "imports": imports, **rest})
    except ValidationError as error:
        raise refused(error) from None
    if "exports" in told:
        return said
    return said.model_copy(update={"exports": _exports(standing, into, bare, said.audiences)})


def _said(part: str, usual: _Part, told: object) -> _Part:
    """A part with what was told of it."""
    if told is None:
        return usual
    if not isinstance(told, Mapping):
        raise AnswersRefused(f"{part}: {told!r} has no names and values")
    try:
        return type(usual).model_validate({**usual.model_dump(exclude_unset=True), **told})
    except ValidationError as error:
        raise refused(error, part) from None


def _with_objects(told: object, usual: OfImport) -> object:
    """Objects that go by their names, as they stand."""
    if not isinstance(told, Mapping) or not isinstance(objects := told.get("objects"), list):
        return told
    stands = {each.object: each for each in usual.objects}
    return {**told, "objects": [stands.get(each, each) if isinstance(each, str) else each for each in objects]}


def _with_audiences(told: object, standing: Standing) -> object:
    """Audiences that go by their names, in full, after those that stand: none of these goes."""
    if not isinstance(told, list):
        return told
    known = well_known(standing)
    for each in told:
        if isinstance(each, str) and each not in known:
            raise AnswersRefused(
                f"audiences: there is no audience {each!r}; {did_you_mean(each, known)} A new one has a name, a "
                "description and a condition."
            )
    given = [known[each] if isinstance(each, str) else each for each in told]
    named = {_name_of(each): each for each in given}
    stand = known_audiences(standing) if standing.of("Audiences") else {}
    kept = [named.get(name, each) for name, each in stand.items()]
    return [*kept, *(each for each in given if _name_of(each) not in stand)]


def _name_of(audience: object) -> str | None:
    if isinstance(audience, Audience):
        return audience.name
    return str(audience.get("name")) if isinstance(audience, Mapping) else None


def known_audiences(standing: Standing) -> dict[str, Audience]:
    """The deployment's audiences; those that are shipped where there is no deployment yet."""
    found = standing.of("Audiences")
    usual = [] if standing.of("Profiles") else shipped("Audiences")["audiences"]
    items = found[0].items("audiences") if found else usual
    return {each.name: each for each in map(Audience.model_validate, items)}


def well_known(standing: Standing) -> dict[str, Audience]:
    """The deployment's audiences, and those that are shipped besides."""
    of_all = {each["name"]: Audience.model_validate(each) for each in shipped("Audiences")["audiences"]}
    return of_all | known_audiences(standing)


def condition_types(standing: Standing, answers: Answers) -> dict[str, str]:
    """What conditions may use, with its DuckDB type, once the deployment is as answered."""
    lines = mapping_after(standing, streams_after(answers, standing))
    return subject_types(user_fields(MappingRule.model_validate(line) for line in lines))


def sound(audiences: Iterable[Audience], types: Mapping[str, str]) -> list[Audience]:
    """Those whose conditions can be evaluated: their user fields are there, and the audiences that they name."""
    left = list(audiences)
    while faults := check_audiences(left, types):
        wrong = {fault.index for fault in faults}
        left = [each for place, each in enumerate(left) if place not in wrong]
    return left


def proposed_export(object_name: str, answers: Answers, standing: Standing, names: Sequence[str]) -> OfExport:
    """An export into an object: by the Ids that imports bring where there are any, else by the email address."""
    fields = user_fields_after(standing, answers)
    match = MATCHES.get(object_name, "")
    by_ids = bool(match) and match in fields
    name = export_name(object_name)
    if standing.named("SalesforceExport", name) is not None:
        name = f"{answers.connection.name}_{name}"
    return OfExport(
        object=object_name,
        name=name,
        match=match if by_ids else "",
        matchers={} if by_ids else {"Email": "email"},
        audiences=tuple(each for each in FIRST_AUDIENCES if each in names),
        audiences_field=AUDIENCES_FIELD,
        scores_field=SCORES_FIELD,
    )


def proposed_object(name: str, standing: Standing, importer: str, connection: str) -> ImportedObject:
    """An object with its usual stream, or one named after the connection where another import has that.

    Raises ValueError for what is no API name.
    """
    others = [each for each in standing.of("SalesforceImport") if each.name != importer]
    taken = {stream_of_item(item) for each in others for item in each.items("objects")}
    said = ImportedObject(object=name)
    if said.stream not in taken:
        return said
    return ImportedObject(object=name, stream=f"{connection}_{said.stream.removeprefix('salesforce_')}")


def user_fields_after(standing: Standing, answers: Answers) -> list[str]:
    """The user fields of the deployment as answered."""
    lines = mapping_after(standing, streams_after(answers, standing))
    return list(dict.fromkeys(str(line.get("to")) for line in lines))


def as_export(component: Component) -> OfExport | None:
    """A standing export as an answer; None for one of a kind that is not asked for here."""
    told = {name: value for name, value in component.attributes.items() if name in OfExport.model_fields}
    if isinstance(audiences := told.get("audiences"), list):
        told["audiences"] = [str(each) for each in audiences]
    try:
        return OfExport.model_validate(told)
    except ValidationError:
        return None


def _connection(standing: Standing, into: Path) -> OfConnection:
    found = standing.of("SalesforceConnection", within=into)
    if found:
        told = {key: value for key, value in found[0].attributes.items() if key in OfConnection.model_fields}
        plain = {key: value for key, value in told.items() if "{{" not in str(value)}
        if "name" not in plain:
            raise AnswersRefused(f"{found[0].file}: init needs a connection with a name that is no template")
        return _readable(OfConnection, plain, found[0])
    taken = {each.name for each in standing.of("SalesforceConnection")}
    free = ["salesforce", "sandbox", *(f"salesforce_{number}" for number in range(2, len(taken) + 3))]
    name = next(each for each in free if each not in taken)
    return OfConnection(name=name, org="sandbox" if name == "sandbox" else "production")


def _imports(standing: Standing, into: Path, connection: str) -> OfImport:
    own = next((each for each in standing.of("SalesforceImport", within=into) if _goes_over(each, connection)), None)
    if own is not None:
        told = {key: own.attributes[key] for key in OfImport.model_fields if key in own.attributes}
        objects = [as_answer(item) for item in own.items("objects")]
        return _readable(OfImport, told | {"objects": objects}, own)
    theirs = {each.name for each in standing.of("SalesforceImport")}
    name = connection if connection not in theirs else f"{connection}_objects"
    return OfImport(name=name, objects=tuple(proposed_object(each, standing, name, connection) for each in OBJECTS))


def _goes_over(component: Component, connection: str) -> bool:
    return component.attributes.get("connection") == connection


def _readable(kind: type[_Part], told: Mapping[str, object], component: Component) -> _Part:
    """A component as an answer; what is a template in its YAML is left to it.

    Raises AnswersRefused where its very name is one.
    """
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        wrong = {each["loc"][0] for each in error.errors() if each["loc"]}
    try:
        return kind.model_validate({key: value for key, value in told.items() if key not in wrong})
    except ValidationError as error:
        raise AnswersRefused(f"{component.file}: {refused(error)}: change this by hand") from None


def _exports(standing: Standing, into: Path, bare: Answers, audiences: Sequence[Audience]) -> tuple[OfExport, ...]:
    """Those that stand, or exports of leads and contacts into an empty folder."""
    found = standing.of("SalesforceExport", within=into)
    if found:
        mine = [each for each in found if _goes_over(each, bare.connection.name)]
        return tuple(each for each in map(as_export, mine) if each is not None)
    if standing.of("Profiles"):
        return ()
    fields = user_fields_after(standing, bare)
    names = [each.name for each in audiences]
    return tuple(
        proposed_export(each, bare, standing, names)
        for each in MATCHES
        if names and MATCHES[each] in fields and each in {said.object for said in bare.imports.objects}
    )
