"""What is wrong with a mapping, found before anything runs.

check_mapping([rule], {"salesforce_leads": {"lead_status": "VARCHAR"}})      # [] or one sentence for each fault
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sf_elt.profiles.mapping.expressions import ExpressionRefused
from sf_elt.profiles.mapping.phones import check_region
from sf_elt.profiles.mapping.rules import RESERVED, FieldRule, Merge, UserType, type_of
from sf_elt.profiles.mapping.terms import check_form, terms_of
from sf_elt.salesforce import did_you_mean

_TAKES: Mapping[UserType, frozenset[str]] = {
    "[]string": frozenset({"string", "[]string"}),
    "string": frozenset({"string", "number", "int", "bool"}),
    "number": frozenset({"number", "int"}),
    "int": frozenset({"int"}),
    "bool": frozenset({"bool"}),
    "date": frozenset({"date", "string", "int"}),
    "map": frozenset({"map", "string"}),
}
_COUNTED = frozenset({"string", "[]string", "number", "int", "bool"})
_CHOOSES: frozenset[Merge] = frozenset({"latest", "oldest", "first"})
_MERGES: Mapping[UserType, frozenset[Merge]] = {
    "[]string": _CHOOSES | {"set"},
    "string": _CHOOSES | {"min", "max"},
    "number": _CHOOSES | {"min", "max", "sum"},
    "int": _CHOOSES | {"min", "max", "sum", "count"},
    "bool": _CHOOSES | {"min", "max"},
    "date": _CHOOSES | {"min", "max"},
    "map": _CHOOSES | {"valuecount"},
}
_TURNED: Mapping[tuple[str, str], str] = {
    ("[]string", "string"): "array_to_string({}, ', ')",
    ("date", "string"): "strftime({}, '%Y-%m-%d')",
    ("number", "date"): "CAST({} AS BIGINT)",
    ("string", "number"): "try_cast({} AS DOUBLE)",
    ("string", "int"): "try_cast({} AS BIGINT)",
    ("number", "int"): "CAST(round({}) AS BIGINT)",
    ("string", "bool"): "try_cast({} AS BOOLEAN)",
}
"""(Kind of the source, type of the user field) → an expression that makes one of the other."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Fault:
    """One fault of a mapping: of the rule at `index` and its `attribute`, or of several rules where that is None."""

    text: str
    index: int | None = None
    attribute: str = "to"

    @property
    def path(self) -> list[str | int]:
        """Where it stands in the attributes of a component."""
        return ["mapping"] if self.index is None else ["mapping", self.index, self.attribute]


def check_mapping(
    rules: Sequence[FieldRule], available: Mapping[str, Mapping[str, str]], *, complete: bool = True
) -> list[str]:
    """One sentence for each fault of the mapping; an empty list where there is none. See faults_of_mapping."""
    return [fault.text for fault in faults_of_mapping(rules, available, complete=complete)]


def faults_of_mapping(
    rules: Sequence[FieldRule], available: Mapping[str, Mapping[str, str]], *, complete: bool = True
) -> list[Fault]:
    """The faults of the mapping.

    `available` has stream → column → DuckDB type. Streams missing there are not imported yet and cannot be checked;
    a name that is nearly that of an available stream counts as a slip. Where it is not `complete`, a stream may have
    more columns than it says, and only what they say is checked.
    """
    problems: list[Fault] = []
    for index, rule in enumerate(rules):
        problems += _faults_of_rule(index, rule, available, complete)
    problems += _faults_between_rules(rules)
    identified = {rule.stream for rule in rules if rule.identifier}
    problems += [
        Fault(f"{stream}: none of its rules is an identifier: without one no row belongs to a person")
        for stream in dict.fromkeys(rule.stream for rule in rules)
        if stream not in identified
    ]
    return problems


def _faults_of_rule(
    index: int, rule: FieldRule, available: Mapping[str, Mapping[str, str]], complete: bool
) -> Iterator[Fault]:
    where = f"{rule.stream}: {rule.source} → {rule.user_field}"
    for attribute, text in _faults_of_options(rule):
        yield Fault(f"{where}: {text}", index, attribute)
    try:
        check_form(rule.source)
    except ExpressionRefused as refused:
        for problem in refused.problems:
            yield Fault(f"{where}: {problem}", index, "source")
        return
    if rule.stream in available:
        for attribute, text in _faults_of_source(rule, available[rule.stream], complete):
            yield Fault(f"{where}: {text}", index, attribute)
    elif slip := did_you_mean(rule.stream, available, cutoff=0.9):
        yield Fault(f"{where}: there is no stream {rule.stream}{slip}", index, "stream")


def _faults_of_options(rule: FieldRule) -> Iterator[tuple[str, str]]:
    """Attribute and fault, as far as no column is needed to see it."""
    if not _NAME.fullmatch(rule.user_field):
        yield "to", "a user field's name has lower-case letters, digits and underscores only"
    if rule.user_field in RESERVED:
        yield "to", f"`{rule.user_field}` is a column of every profile; choose another name"
    if rule.merge not in _MERGES[rule.type]:
        accepted = ", ".join(sorted(_MERGES[rule.type]))
        yield "merge", f"merge `{rule.merge}` cannot make a *{rule.type}*; accepted are {accepted}"
    if rule.identifier and rule.type not in ("string", "[]string"):
        yield "identifier", f"an identifier is text: type string or []string, not {rule.type}"
    for attribute in ("capacity", "keep_days"):
        if getattr(rule, attribute) is not None and rule.merge != "set":
            yield attribute, f"`{attribute}` is for merge `set`, and this one is `{rule.merge}`"
    if rule.region is not None and rule.clean != "phone":
        yield "region", f"`region` is for clean `phone`, and this one is `{rule.clean}`"
    elif rule.region is not None and (fault := check_region(rule.region)):
        yield "region", fault


def _faults_of_source(rule: FieldRule, columns: Mapping[str, str], complete: bool) -> Iterator[tuple[str, str]]:
    try:
        terms = terms_of(rule.source, columns)
    except ExpressionRefused as refused:
        if complete or any("did you mean" in problem for problem in refused.problems):
            yield from (("source", problem) for problem in refused.problems)
        return
    if rule.identifier and not any(term.columns for term in terms):
        yield "source", "an identifier that reads no column would make one person of all rows"
    kinds = {}
    for term in terms:
        kind = kinds[term] = type_of(term.sql_type)
        name = term.columns[0] if rule.columns else rule.source
        if rule.clean != "none" and kind != "string" and (kind != "[]string" or rule.clean == "phone"):
            yield "clean", f"clean `{rule.clean}` needs text, and source field `{name}` is a {kind}"
        elif rule.merge != "count" and kind not in _taken(rule):
            yield "type", _cannot_set(rule, kind, name)
    if "[]string" in kinds.values() and len(set(kinds.values())) > 1:
        yield "source", "all of the columns have lists, or none"


def _taken(rule: FieldRule) -> frozenset[str]:
    return _COUNTED if rule.merge == "valuecount" else _TAKES[rule.type]


def _cannot_set(rule: FieldRule, kind: str, name: str) -> str:
    fault = f"cannot set *{rule.type}* field `{rule.user_field}` from *{kind}* field `{name}`"
    ways = [f"*{rule.type}* is set from {' or '.join(sorted(_taken(rule)))}"]
    if fitting := [f"*{each}*" for each, taken in _TAKES.items() if kind in taken and each != rule.type]:
        ways.append(f"*{kind}* fits a field of type {' or '.join(fitting)}")
    if turned := _TURNED.get((kind, rule.type)):
        ways.append(f"or write source: {turned.format(name)}")
    return f"{fault}; {'; '.join(ways)}"


def _faults_between_rules(rules: Sequence[FieldRule]) -> Iterator[Fault]:
    """Rules that fill one user field must agree on what it is."""
    by_field: dict[str, list[FieldRule]] = defaultdict(list)
    for rule in rules:
        by_field[rule.user_field].append(rule)
    for name, same in by_field.items():
        last = max(index for index, rule in enumerate(rules) if rule.user_field == name)
        aspects: dict[str, set[str]] = {
            "type": {str(rule.type) for rule in same},
            "merge": {str(rule.merge) for rule in same},
            "identifier": {str(rule.identifier).lower() for rule in same},
            "clean": {str(rule.clean) for rule in same if rule.identifier},
            "capacity": {str(rule.capacity) for rule in same},
            "keep_days": {str(rule.keep_days) for rule in same},
        }
        for what, values in aspects.items():
            if len(values) > 1:
                differ = f"the rules of user field `{name}` differ in {what}: {', '.join(sorted(values))}"
                yield Fault(differ, last, "to")
        sources = [(rule.stream, rule.source) for rule in same]
        for stream, source in sorted({pair for pair in sources if sources.count(pair) > 1}):
            yield Fault(f"{stream}: {source} → {name} is there twice", last, "source")
