"""Answers into the documents of a deployment: what is new, what changes, and what is in the way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sf_elt.cli.init.answers import EXPORT_CALLS, Answers, AnswersRefused, OfExport, refused
from sf_elt.cli.init.shipped import shipped, shipped_text
from sf_elt.cli.init.standing import FILE, PREFIX, Component, Standing
from sf_elt.cli.init.yaml_text import as_text, changed, document, documents, joined
from sf_elt.components.imports.imported_object import ImportedObject
from sf_elt.components.imports.stream_names import stream_of
from sf_elt.streams.views import STREAMS_BEHIND_VIEWS

FOLDERS = {
    "SalesforceConnection": "connection",
    "SalesforceImport": "imports",
    "EventImport": "events",
    "Profiles": "profiles",
    "BehaviourScores": "scores",
    "ContentAffinity": "affinity",
    "Audiences": "audiences",
    "SalesforceExport": "exports",
    "Report": "report",
}
WRITE_BACK = "{{ env('SF_ELT_WRITE_BACK', '') or 'false' }}"
COMMENTS = {
    "SalesforceConnection": """\
`sf-elt login` signs it in; no secret is ever written here: docs/connecting.md.""",
    "SalesforceImport": """\
Each object becomes a stream named after it: Lead → salesforce_leads. The first partition also takes everything older
than its day. All options: docs/imports/options.md.""",
    "SalesforceExport": """\
Nothing is written into the org by itself unless SF_ELT_WRITE_BACK is true. By hand, from the UI, an export always
writes; its launchpad takes dry_run.""",
}


@dataclass(frozen=True)
class Change:
    """A file as it would be; `before` is None where there is none yet."""

    file: Path
    before: str | None
    after: str


@dataclass(frozen=True)
class Plan:
    """The files that would be written, what is in the way of writing them, and what else there is to know."""

    changes: tuple[Change, ...]
    in_the_way: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def planned(answers: Answers, standing: Standing, into: Path) -> Plan:
    """What the answers make of the deployment that stands, with new files in folders below `into`.

    A component of the same name below `into` is changed where it stands; one elsewhere is in the way. Where there are
    no profiles yet, the rest of a deployment comes as it is shipped.
    """
    work = _Work(standing, into, dict(standing.texts))
    work.put("SalesforceConnection", answers.connection.name, _connection(answers, work))
    work.put("SalesforceImport", answers.imports.name, _import(answers, work))
    streams = streams_after(answers, standing)
    _put_the_rest(work, streams)
    _put_audiences(answers, work)
    for each in answers.exports:
        work.put("SalesforceExport", each.name or export_name(each.object), _export(answers, each, work))
    work.notes += _unsent(answers, standing)
    changes = [
        Change(file, standing.texts.get(file), text)
        for file, text in work.texts.items()
        if text != standing.texts.get(file)
    ]
    return Plan(tuple(changes), tuple(_in_the_way(answers, standing, into)), tuple(work.notes))


def export_name(object_name: str) -> str:
    """What an export into an object is called unless somebody says: leads, contacts."""
    return stream_of(object_name).removeprefix("salesforce_")


def streams_after(answers: Answers, standing: Standing) -> list[str]:
    """The streams that the deployment imports with these answers, those of events too."""
    of_others = [each for each in standing.of("SalesforceImport") if each.name != answers.imports.name]
    found = [each.stream for each in answers.imports.objects]
    found += [stream_of_item(item) for each in of_others for item in each.items("objects")]
    events = standing.of("EventImport")
    own = [] if standing.of("Profiles") else [str(shipped("EventImport")["stream"])]
    return list(dict.fromkeys([*found, *(str(each.attributes.get("stream")) for each in events), *own]))


def mapping_after(standing: Standing, streams: Sequence[str]) -> list[Mapping[str, object]]:
    """The lines of the mapping that fill user fields from streams that there are."""
    profiles = standing.of("Profiles")
    lines = profiles[0].items("mapping") if profiles else shipped("Profiles")["mapping"]
    return [line for line in lines if line.get("stream") in streams]


def as_answer(item: Mapping[str, object]) -> ImportedObject:
    """An object of an import as an answer; of one with a template in its attributes no more than its name.

    Raises AnswersRefused where its very name is one.
    """
    try:
        return ImportedObject.model_validate(item)
    except ValidationError:
        named = {key: item[key] for key in ("object", "stream") if key in item}
    try:
        return ImportedObject.model_validate(named)
    except ValidationError as error:
        raise AnswersRefused(f"the import of {named}: {refused(error)}: change this by hand") from None


@dataclass
class _Work:
    """The texts of all files while documents are put into them."""

    standing: Standing
    into: Path
    texts: dict[Path, str]
    notes: list[str] = field(default_factory=list)

    def put(self, kind: str, name: str, attributes: Mapping[str, object]) -> None:
        """Changes the component of that type and name where it stands below `into`, or adds it."""
        found = next((each for each in self.standing.of(kind, within=self.into) if each.name == name), None)
        if found is None:
            is_first = self.into / FOLDERS[kind] / FILE not in self.texts
            self.add(kind, document(f"{PREFIX}{kind}", attributes, comment=COMMENTS[kind] if is_first else ""))
        elif found.attributes != attributes:
            self.change(found, attributes)

    def add(self, kind: str, text: str) -> None:
        """One more document in the file of its type."""
        file = self.into / FOLDERS[kind] / FILE
        self.texts[file] = joined([*documents(self.texts.get(file, "")), text])

    def change(self, component: Component, attributes: Mapping[str, object]) -> None:
        """The component with these attributes, in its own file."""
        parts = documents(self.texts[component.file])
        parts[component.place] = changed(parts[component.place], attributes)
        self.texts[component.file] = joined(parts)

    def attributes(self, kind: str, name: str) -> Mapping[str, object]:
        """Those of the component that would be changed; none where it would be new."""
        found = next((each for each in self.standing.of(kind, within=self.into) if each.name == name), None)
        return {} if found is None else found.attributes


def _connection(answers: Answers, work: _Work) -> dict[str, object]:
    said = answers.connection
    before = work.attributes("SalesforceConnection", said.name)
    texts = said.model_dump(include={"label", "description"}, exclude_defaults=True)
    told = {name: as_text(text) for name, text in texts.items()}
    usual = {"org": said.org, "env_prefix": said.prefix, "org_reserve": said.org_reserve}
    if before:
        usual = {name: value for name, value in usual.items() if name in said.model_fields_set}
    elif said.org == "production":
        del usual["org"]
    return {**before, "name": said.name, **told, **usual}


def _import(answers: Answers, work: _Work) -> dict[str, object]:
    said = answers.imports
    before = work.attributes("SalesforceImport", said.name)
    usual: dict[str, object] = {"max_daily_api_calls": said.max_daily_api_calls, "frequency": said.frequency}
    if before:
        usual = {name: value for name, value in usual.items() if name in said.model_fields_set}
    else:
        day = _first_day(datetime.now(UTC).date())
        usual = {"start": f"{{{{ env('SF_ELT_START', '') or '{day}' }}}}", **usual}
    told = {"name": said.name, "connection": answers.connection.name, **usual}
    items = before.get("objects")
    objects = [_object(each, items if isinstance(items, list) else []) for each in said.objects]
    return {**before, **told, "objects": objects}


def _first_day(today: date) -> date:
    """The first of the month two years ago."""
    return date(today.year - 2, today.month, 1)


def _object(said: ImportedObject, before: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    """One of an import's objects, as it stands where nothing about it is different."""
    same = next((each for each in before if stream_of_item(each) == said.stream), None)
    if same is not None and as_answer(same) == said:
        return same
    told = said.model_dump(mode="json", exclude_defaults=True)
    return {name: value for name, value in told.items() if name != "stream" or value != stream_of(said.object)}


def stream_of_item(item: Mapping[str, object]) -> str:
    """The stream of one of an import's objects, as its YAML has it."""
    return str(item.get("stream") or stream_of(str(item.get("object", ""))))


def _put_the_rest(work: _Work, streams: Sequence[str]) -> None:
    """What is not asked: the mapping follows the streams, and an empty deployment gets what is shipped."""
    standing = work.standing
    lines = mapping_after(standing, streams)
    unmapped = sorted(
        set(streams) - _streams_before(standing) - STREAMS_BEHIND_VIEWS - {line["stream"] for line in lines}
    )
    if unmapped:
        work.notes.append(f"No user field is filled from {', '.join(unmapped)} yet: see docs/mapping-and-identity.md.")
    if not standing.of("Profiles"):
        if not any(line.get("identifier") for line in lines):
            work.notes.append("Nobody is identified by these streams: write a mapping (docs/mapping-and-identity.md).")
        for kind in ("EventImport", "Profiles", "BehaviourScores", "ContentAffinity", "Report"):
            attributes = _fitting(shipped(kind), lines) if kind == "Profiles" else shipped(kind)
            text = shipped_text(kind)
            work.add(kind, text if attributes == shipped(kind) else changed(text, attributes))
        return
    for each in standing.of("Profiles"):
        gone = sorted({str(line.get("stream")) for line in each.items("mapping")} - set(streams))
        if gone:
            work.notes.append(f"The mapping loses its lines about {', '.join(gone)}: nothing imports that any more.")
            work.change(each, _fitting(each.attributes, lines))


def _streams_before(standing: Standing) -> set[str]:
    return {stream_of_item(item) for each in standing.of("SalesforceImport") for item in each.items("objects")}


def _fitting(attributes: Mapping[str, Any], lines: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Attributes of profiles with these lines, without guards of identifiers that are gone."""
    kinds = {line.get("to") for line in lines if line.get("identifier")}
    guards = {
        name: {kind: told for kind, told in value.items() if kind in kinds} if isinstance(value, Mapping) else value
        for name, value in attributes.get("guards", {}).items()
    }
    fitting = {**attributes, "mapping": list(lines)}
    return {**fitting, "guards": guards} if guards else fitting


def _put_audiences(answers: Answers, work: _Work) -> None:
    """All audiences of the deployment, wherever it has them."""
    told = [each.model_dump() for each in answers.audiences]
    found = work.standing.of("Audiences")
    if found:
        items = {str(each.get("name")): each for each in found[0].items("audiences")}
        kept = [items[str(each["name"])] if items.get(str(each["name"])) == each else each for each in told]
        if not kept:
            work.notes.append(f"The audiences in {found[0].file} stay: to have none, remove the file.")
        elif kept != found[0].attributes.get("audiences"):
            work.change(found[0], {**found[0].attributes, "audiences": kept})
    elif told == shipped("Audiences")["audiences"]:
        work.add("Audiences", shipped_text("Audiences"))
    elif told:
        work.add("Audiences", changed(shipped_text("Audiences"), {**shipped("Audiences"), "audiences": told}))


def _unsent(answers: Answers, standing: Standing) -> Iterator[str]:
    """New audiences that an export which stood before does not send, as it names those that it sends."""
    [before] = [each.items("audiences") for each in standing.of("Audiences")[:1]] or [[]]
    known = {str(each.get("name")) for each in before}
    new = [each.name for each in answers.audiences if each.name not in known]
    said = {each.name or export_name(each.object): list(each.audiences) for each in answers.exports}
    for export in standing.of("SalesforceExport"):
        named = said.get(str(export.name), export.attributes.get("audiences")) if known else None
        unsent = [each for each in new if isinstance(named, list) and named and each not in named]
        if unsent:
            yield (
                f"The export {export.name} names the audiences that it sends, and does not send {', '.join(unsent)}: "
                f"add to its `audiences` in {export.file} what it shall send."
            )


def _export(answers: Answers, said: OfExport, work: _Work) -> dict[str, object]:
    name = said.name or export_name(said.object)
    before = work.attributes("SalesforceExport", name)
    told = said.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    if said.audiences:
        told["audiences"] = list(said.audiences)
    own = OfExport.model_fields.keys() - {"name", "enabled"}
    kept = {key: value for key, value in before.items() if key not in own - told.keys()}
    new = {} if before else {"max_daily_api_calls": EXPORT_CALLS, "keep_updated": WRITE_BACK}
    enabled = {"enabled": said.enabled} if not said.enabled or "enabled" in before else {}
    return {**kept, "name": name, "connection": answers.connection.name, **told, **new, **enabled}


def _in_the_way(answers: Answers, standing: Standing, into: Path) -> Iterator[str]:
    """Components elsewhere with the same name, and streams that another import writes."""
    exports = [("SalesforceExport", each.name or export_name(each.object)) for each in answers.exports]
    named = [("SalesforceConnection", answers.connection.name), ("SalesforceImport", answers.imports.name), *exports]
    for kind, name in named:
        found = standing.named(kind, name)
        if found is not None and not found.file.is_relative_to(into):
            yield f"{kind} {name!r} stands in {found.file} already: choose another name"
    for each in standing.of("SalesforceImport"):
        if each.name != answers.imports.name:
            theirs = {stream_of_item(item) for item in each.items("objects")}
            both = [said for said in answers.imports.objects if said.stream in theirs]
            for said in both:
                yield (
                    f"the import {each.name!r} in {each.file} writes the stream {said.stream!r} already: give "
                    f"{said.object} a `stream` of its own, or leave it out"
                )
