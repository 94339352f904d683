"""The mapping: which column of which stream fills which user field, and how several values become one.

rule = FieldRule(stream="salesforce_leads", source="lead_status", to="salesforce_lead_status", type="string")
check_mapping([rule], {"salesforce_leads": {"lead_status": "VARCHAR"}})      # [] or one sentence for each fault
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sf_elt.salesforce import did_you_mean

UserType = Literal["[]string", "string", "number", "int", "bool", "date"]
Merge = Literal["latest", "oldest", "min", "max", "sum", "count", "set"]
Clean = Literal["none", "email", "emaildomain", "id18"]

SQL_TYPES: Mapping[UserType, str] = {
    "[]string": "VARCHAR[]",
    "string": "VARCHAR",
    "number": "DOUBLE",
    "int": "BIGINT",
    "bool": "BOOLEAN",
    "date": "TIMESTAMP",
}
"""The DuckDB type of a user field's column; a date is a TIMESTAMP in UTC."""

RESERVED = frozenset({"profile_id", "created_at", "updated_at"})
"""Columns of every profile, which no rule may set."""

_TAKES: Mapping[UserType, frozenset[str]] = {
    "[]string": frozenset({"string", "[]string"}),
    "string": frozenset({"string", "number", "int", "bool"}),
    "number": frozenset({"number", "int"}),
    "int": frozenset({"int"}),
    "bool": frozenset({"bool"}),
    "date": frozenset({"date"}),
}
_MERGES: Mapping[UserType, frozenset[Merge]] = {
    "[]string": frozenset({"set", "latest", "oldest"}),
    "string": frozenset({"latest", "oldest", "min", "max"}),
    "number": frozenset({"latest", "oldest", "min", "max", "sum"}),
    "int": frozenset({"latest", "oldest", "min", "max", "sum", "count"}),
    "bool": frozenset({"latest", "oldest", "min", "max"}),
    "date": frozenset({"latest", "oldest", "min", "max"}),
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


class FieldRule(BaseModel):
    """One line of the mapping: a column of a stream fills a user field."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    stream: str = Field(description="The stream, by its view's name: salesforce_leads, web_events, ….")
    source: str = Field(
        description="The column of that stream. Several names with commas between them mean the same fact under "
        "either name: the first that is not empty counts."
    )
    user_field: str = Field(alias="to", description="The user field to fill: lower case, digits and underscores.")
    type: UserType = Field(
        description="The user field's type: []string, string, number, int, bool or date (a timestamp in UTC)."
    )
    merge: Merge = Field(
        default="latest",
        description="How the values of one person's rows become one: latest and oldest by the row's modification "
        "time, min, max, sum, count, or set (all distinct values, sorted; for []string).",
    )
    identifier: bool = Field(
        default=False, description="Whether rows that share a value of this field belong to the same person."
    )
    clean: Clean = Field(
        default="none",
        description="What to do to the text first: email (trim, lower case), emaildomain (what follows the @), "
        "id18 (Salesforce Ids of 15 characters become 18), or none.",
    )
    description: str = Field(default="", description="What the user field says, for people who read profiles.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names under which the stream may have this column, the preferred one first."""
        return tuple(name.strip() for name in self.source.split(","))


def identifier_kinds(mapping: Iterable[FieldRule]) -> tuple[str, ...]:
    """The user fields that are identifiers, in the mapping's order."""
    return tuple(dict.fromkeys(rule.user_field for rule in mapping if rule.identifier))


def user_fields(mapping: Iterable[FieldRule]) -> dict[str, str]:
    """User field → DuckDB type of its column in profiles.profiles, in the mapping's order."""
    return {rule.user_field: SQL_TYPES[rule.type] for rule in mapping}


def check_mapping(rules: Sequence[FieldRule], available: Mapping[str, Mapping[str, str]]) -> list[str]:
    """One sentence for each fault of the mapping; an empty list where there is none.

    `available` has stream → column → DuckDB type. Streams missing there are not imported yet and cannot be checked;
    a name that is nearly that of an available stream counts as a slip.
    """
    problems = [problem for rule in rules for problem in _faults_of_rule(rule, available)]
    problems += _faults_between_rules(rules)
    identified = {rule.stream for rule in rules if rule.identifier}
    problems += [
        f"{stream}: none of its rules is an identifier: without one no row belongs to a person"
        for stream in dict.fromkeys(rule.stream for rule in rules)
        if stream not in identified
    ]
    return problems


def _faults_of_rule(rule: FieldRule, available: Mapping[str, Mapping[str, str]]) -> list[str]:
    where = f"{rule.stream}: {rule.source} → {rule.user_field}"
    problems = []
    if not _NAME.fullmatch(rule.user_field):
        problems.append(f"{where}: a user field's name has lower-case letters, digits and underscores only")
    if rule.user_field in RESERVED:
        problems.append(f"{where}: `{rule.user_field}` is a column of every profile; choose another name")
    if rule.merge not in _MERGES[rule.type]:
        accepted = ", ".join(sorted(_MERGES[rule.type]))
        problems.append(f"{where}: merge `{rule.merge}` cannot make a *{rule.type}*; accepted are {accepted}")
    if rule.identifier and rule.type not in ("string", "[]string"):
        problems.append(f"{where}: an identifier is text: type string or []string, not {rule.type}")
    if expressions := [column for column in rule.columns if not _COLUMN.fullmatch(column)]:
        problems.append(f"{where}: `{expressions[0]}` is not a column's name; SQL expressions are not accepted here")
    elif rule.stream in available:
        problems += [f"{where}: {fault}" for fault in _faults_of_source(rule, available[rule.stream])]
    elif slip := did_you_mean(rule.stream, available, cutoff=0.9):
        problems.append(f"{where}: there is no stream {rule.stream}{slip}")
    return problems


def _faults_of_source(rule: FieldRule, columns: Mapping[str, str]) -> list[str]:
    found = [column for column in rule.columns if column in columns]
    if not found:
        return [f"the stream has no column {rule.source}{did_you_mean(rule.columns[0], columns)}"]
    problems = []
    for column in found:
        kind = type_of(columns[column])
        if rule.clean != "none" and kind not in ("string", "[]string"):
            problems.append(f"clean `{rule.clean}` needs text, and source field `{column}` is a {kind}")
        elif rule.merge != "count" and kind not in _TAKES[rule.type]:
            problems.append(
                f"cannot set *{rule.type}* field `{rule.user_field}` from *{kind}* field `{column}`; "
                f"*{rule.type}* is set from {' or '.join(sorted(_TAKES[rule.type]))}"
            )
    return problems


def type_of(sql_type: str) -> str:
    """The mapping's word for a DuckDB type; a type it has no word for is named as DuckDB does."""
    name = sql_type.upper().split("(")[0]
    if sql_type.upper().endswith("[]"):
        return "[]string" if name == "VARCHAR[]" else sql_type
    families = {
        "string": {"VARCHAR", "UUID", "TIME"},
        "number": {"DOUBLE", "FLOAT", "DECIMAL"},
        "int": {"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT", "HUGEINT"},
        "bool": {"BOOLEAN"},
        "date": {"TIMESTAMP", "DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"},
    }
    return next((family for family, names in families.items() if name in names), sql_type)


def _faults_between_rules(rules: Sequence[FieldRule]) -> list[str]:
    """Rules that fill one user field must agree on what it is."""
    by_field: dict[str, list[FieldRule]] = defaultdict(list)
    for rule in rules:
        by_field[rule.user_field].append(rule)
    problems = []
    for name, same in by_field.items():
        aspects: dict[str, set[str]] = {
            "type": {str(rule.type) for rule in same},
            "merge": {str(rule.merge) for rule in same},
            "identifier": {str(rule.identifier).lower() for rule in same},
            "clean": {str(rule.clean) for rule in same if rule.identifier},
        }
        for what, values in aspects.items():
            if len(values) > 1:
                problems.append(f"the rules of user field `{name}` differ in {what}: {', '.join(sorted(values))}")
        sources = [(rule.stream, rule.source) for rule in same]
        problems += [
            f"{stream}: {source} → {name} is there twice"
            for stream, source in sorted({pair for pair in sources if sources.count(pair) > 1})
        ]
    return problems
