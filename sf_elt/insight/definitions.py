"""Audiences as they are defined together: checked, in the order in which they can be evaluated, and what is wrong.

definitions, faults = define(audiences, {"frequency": "BIGINT", "email": "VARCHAR"})
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Literal

from sf_elt.insight.audiences import Audience
from sf_elt.insight.condition_types import type_faults
from sf_elt.insight.conditions import Condition, ConditionRefused, parse_condition

TOLD = 20
"""Faults of a kind that take time to be found, and names of a circle, that are said at most."""


@dataclass(frozen=True)
class Definition:
    """One audience with its checked condition.

    `fingerprint` is the same for the same definition, that of the audiences which it refers to included, whatever
    these are called and however the conditions are written.
    """

    name: str
    condition: Condition
    fingerprint: str


@dataclass(frozen=True)
class AudienceFault:
    """What is wrong with one audience: its place in the list, the attribute, and a sentence."""

    index: int
    attribute: Literal["name", "condition"]
    says: str


def check_audiences(audiences: Sequence[Audience], types: Mapping[str, str]) -> list[AudienceFault]:
    """The faults of the audiences, in their order, of each kind the first, as far as they show without a warehouse.

    `types` has the DuckDB type of each column that conditions may use: see subject_types.
    """
    return define(audiences, types)[1]


def define(
    audiences: Sequence[Audience], types: Mapping[str, str]
) -> tuple[tuple[Definition, ...], list[AudienceFault]]:
    """The definitions, each behind those that it refers to, and the faults of the audiences, of each kind the first.

    `types` has the DuckDB type of each column that conditions may use. The definitions are only whole without faults.
    """
    conditions, faults = _parsed(audiences, types)
    places = {audience.name: index for index, audience in enumerate(audiences)}
    references = {name: condition.audiences for name, condition in conditions.items()}
    ways = ((name, _way_back(name, references)) for name in _in_circles(references))
    circles = dict(islice(((name, way) for name, way in ways if way), TOLD))
    for name, way in circles.items():
        faults.append(AudienceFault(places[name], "condition", _circular(way)))
    for name, fault in type_faults(conditions, types, TOLD).items():
        faults.append(AudienceFault(places[name], "condition", fault))
    return (() if circles else _in_order(conditions)), sorted(faults, key=lambda fault: fault.index)


def define_what_still_applies(
    conditions: Mapping[str, str], types: Mapping[str, str]
) -> tuple[tuple[Definition, ...], dict[str, str]]:
    """Of conditions that were once accepted, by name: those that still are, in their order, and why the others are not.

    One that refers to such another one does not apply either.
    """
    parsed, refused = {}, {}
    for name, text in conditions.items():
        try:
            parsed[name] = parse_condition(text, types, conditions)
        except ConditionRefused as error:
            refused[name] = str(error)
    refused |= type_faults(parsed, types)
    applying = []
    for each in _in_order(parsed):
        if lost := [other for other in each.condition.audiences if other in refused]:
            refused[each.name] = f"it refers to {' and '.join(lost)}"
        if each.name not in refused:
            applying.append(each)
    return tuple(applying), refused


def _parsed(
    audiences: Sequence[Audience], types: Mapping[str, str]
) -> tuple[dict[str, Condition], list[AudienceFault]]:
    faults = []
    names = Counter(audience.name.casefold() for audience in audiences)
    conditions = {}
    known = {each.name: each for each in audiences}
    for index, audience in enumerate(audiences):
        if names[audience.name.casefold()] > 1:
            faults.append(AudienceFault(index, "name", "there is another one of this name"))
        try:
            conditions[audience.name] = parse_condition(audience.condition, types, known)
        except ConditionRefused as refused:
            faults += [AudienceFault(index, "condition", problem) for problem in refused.problems]
    return conditions, faults


def _in_order(conditions: Mapping[str, Condition]) -> tuple[Definition, ...]:
    """Each behind what it refers to. A reference to one that could not be parsed is no reference here."""
    graph = {
        name: [each for each in condition.audiences if each in conditions] for name, condition in conditions.items()
    }
    fingerprints: dict[str, str] = {}
    for name in TopologicalSorter(graph).static_order():
        fingerprints[name] = conditions[name].fingerprint(fingerprints)
    return tuple(Definition(name, conditions[name], fingerprint) for name, fingerprint in fingerprints.items())


def _in_circles(references: Mapping[str, Sequence[str]]) -> list[str]:
    """The audiences in a circle of references, in their order: in time that grows with the references."""
    with suppress(CycleError):
        TopologicalSorter(references).prepare()
        return []
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    places = {name: place for place, name in enumerate(references)}
    edges = [(places[name], places[each]) for name, of in references.items() for each in of if each in places]
    graph = coo_array(([1] * len(edges), tuple(zip(*edges, strict=True))), shape=(len(places), len(places)))
    _, parts = connected_components(graph, connection="strong")
    sizes = Counter(parts.tolist())
    found = zip(references.items(), parts.tolist(), strict=True)
    return [name for (name, of), part in found if sizes[part] > 1 or name in of]


def _way_back(name: str, references: Mapping[str, Sequence[str]]) -> list[str]:
    """The shortest way from an audience over references to itself, both ends included; empty where there is none."""
    came_from: dict[str, str] = {}
    waiting = deque([name])
    while waiting and name not in came_from:
        here = waiting.popleft()
        for each in references.get(here, ()):
            if each not in came_from:
                came_from[each] = here
                waiting.append(each)
    way = [name]
    while way[-1] in came_from and (len(way) == 1 or way[-1] != name):
        way.append(came_from[way[-1]])
    return way[::-1] if len(way) > 1 else []


def _circular(way: Sequence[str]) -> str:
    if len(way) == 2:
        return f"`{way[0]}` refers to itself: an audience can only refer to others"
    shown = [*way[:TOLD], f"… ({len(way) - TOLD - 1:,} more)", way[-1]] if len(way) > 2 * TOLD else way
    return f"audiences refer to each other in a circle: {' → '.join(shown)}"
