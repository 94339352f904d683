"""What the exports of a deployment need in their org, read from its YAML: `sf-elt setup`."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from sf_elt.components.attributes import did_you_mean
from sf_elt.components.deployment import Deployment
from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.resources import OrgConnection
from sf_elt.insight.affinity.computing import LONGEST_TOPIC
from sf_elt.salesforce.connection.transport import IN_PERSON
from sf_elt.salesforce.setup import Plan, Wanted, WantedField, can_be_made, carry_out, plan
from sf_elt.warehouse import Warehouse
from sf_elt.writeback import TOP_TOPICS
from sf_elt.writeback.targets import LONGEST_SCORES

JOB = "sf:setup"
TOPICS = 3
LONGEST_TOPICS = TOPICS * LONGEST_TOPIC + (TOPICS - 1) * len("; ")


class NothingWanted(LookupError):
    """No export needs what was asked for, or it cannot be made."""


@dataclass(frozen=True)
class Asked:
    """What of it was asked for. No objects or fields: all of them; `layouts` None: all, and empty: none."""

    objects: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    external_id: str = ""
    user: str = ""
    visible_to_all: bool = False
    duplicate_rule: bool = False
    layouts: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Setup:
    """What was found, and made where it was to be `applied`; the API calls that it cost."""

    connection: str
    org: str
    applied: bool
    plan: Plan
    api_calls: int

    def as_dict(self) -> dict[str, object]:
        """For programs."""
        return {
            "connection": self.connection,
            "org": self.org,
            "applied": self.applied,
            "passed": self.plan.passed,
            "to_make": self.plan.count("to make"),
            "made": self.plan.count("made"),
            "api_calls": self.api_calls,
            "items": [asdict(each) for each in self.plan.items],
        }


def set_up(connection: str, login: OrgConnection, warehouse: Warehouse, wanted: Wanted, *, apply: bool) -> Setup:
    """Asks the org what stands and, to apply it, makes what is missing; calls are counted under `sf:setup`.

    Raises SalesforceError where the org cannot be asked.
    """
    meter = login.meter(warehouse, JOB, None)
    with login.org(meter, None if apply else IN_PERSON) as org:
        found = carry_out(org, wanted) if apply else plan(org, wanted)
        return Setup(connection, org.host, apply, found, meter.made)


def wanted_of(deployment: Deployment, connection: str, asked: Asked) -> Wanted:
    """What the exports over a connection need, as far as it was asked for.

    Raises NothingWanted for an object or a field that no export writes, and for an external id of an impossible name.
    """
    exports = list(deployment.exports_to(connection))
    needed = _merged(each for export in exports for each in _needed(export, deployment.audiences))
    chosen = [each for each in needed if _is_among(each.object_name, asked.objects)]
    if asked.fields:
        for name in asked.fields:
            _require(name, [each.name for each in needed], "field that exports fill")
        chosen = [each for each in chosen if _is_among(each.name, asked.fields)]
    if asked.external_id:
        if not can_be_made(asked.external_id):
            raise NothingWanted(f"{asked.external_id!r} cannot be the name of a custom field; Sf_Elt_Id__c can")
        objects = asked.objects or tuple(dict.fromkeys(export.object for export in exports))
        known = {each.full_name.lower() for each in chosen}
        added = [WantedField(each, asked.external_id, "external id") for each in objects]
        chosen += [each for each in added if each.full_name.lower() not in known]
    elif asked.objects:
        for name in asked.objects:
            _require(name, [each.object_name for each in needed], "object that exports write")
    if not chosen:
        raise NothingWanted("no export fills a field of its own: there is nothing to make. --external-id makes one")
    return Wanted(tuple(chosen), asked.user, asked.visible_to_all, asked.layouts, asked.duplicate_rule)


def _needed(export: SalesforceExport, audiences: Sequence[str]) -> Iterator[WantedField]:
    """The custom fields for audiences, scores, topics and external ids; other user fields have types of their own."""
    by = (export.name,)
    if export.audiences_field is not None and can_be_made(export.audiences_field):
        least = len(", ".join(export.audiences or audiences))
        yield WantedField(export.object, export.audiences_field, "audiences", least, by)
    if export.scores_field is not None and can_be_made(export.scores_field):
        yield WantedField(export.object, export.scores_field, "scores", len(LONGEST_SCORES), by)
    topics = [name for name, source in export.fields.items() if source == TOP_TOPICS]
    for name in [*topics, *filter(None, [export.affinity_field])]:
        if can_be_made(name):
            yield WantedField(export.object, name, "affinity", LONGEST_TOPICS, by)
    if can_be_made(export.external_id):
        yield WantedField(export.object, export.external_id, "external id", written_by=by)


def _merged(fields: Iterator[WantedField]) -> list[WantedField]:
    """Each field once, with all exports that write it and the longest that any of them writes."""
    merged: dict[str, WantedField] = {}
    for each in fields:
        known = merged.get(each.full_name.lower(), each)
        names = tuple(dict.fromkeys([*known.written_by, *each.written_by]))
        least = max(known.least, each.least)
        merged[each.full_name.lower()] = WantedField(known.object_name, known.name, known.purpose, least, names)
    return list(merged.values())


def _require(name: str, known: Sequence[str], what: str) -> None:
    if not _is_among(name, known):
        raise NothingWanted(f"there is no {what} {name!r}; {did_you_mean(name, dict.fromkeys(known))}")


def _is_among(name: str, names: Sequence[str]) -> bool:
    return not names or name.casefold() in (each.casefold() for each in names)
