"""Merge operators as SQL: what several rows of one person say becomes one value of a user field.

Each rule gives a partial aggregate over the rows of its stream; the partials of a field's rules, which may come from
several streams, are then combined. "Newest" goes by `precedence`, a number that no two rows of a person share, so that
the same rows give the same value in any order.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sf_elt.profiles.mapping import FieldRule, Merge
from sf_elt.profiles.rows import MappedStream, is_list
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote


@dataclass(frozen=True)
class Partial:
    """One rule's aggregate over the rows of its stream: `column` holds it, `rank` the precedence of its row."""

    rule: FieldRule
    column: str
    rank: str


def partial_table(stream: MappedStream) -> str:
    """The temporary table of one stream's partial aggregates, one row a component."""
    return f"partials_{stream.number}"


def precedence_statement(streams: Sequence[MappedStream]) -> str:
    """SQL that numbers the rows of each component that has several, the newest last."""
    return statement("precedence", rows="\n    UNION ALL BY NAME\n    ".join(map(_contents, streams)))


def partials_statement(stream: MappedStream) -> str:
    """SQL that makes `partial_table`."""
    aggregates = []
    for number, rule in enumerate(stream.rules):
        partial = _partial(stream, number, rule)
        value = _value(stream, number, rule)
        aggregate = _AGGREGATES[rule.merge](value)
        if rule.merge == "set" and is_list(stream, rule):
            aggregate = f"flatten({aggregate})"
        aggregates.append(f"{aggregate} AS {partial.column}")
        if rule.merge in ("latest", "oldest"):
            extreme = "max" if rule.merge == "latest" else "min"
            aggregates.append(f"{extreme}(precedence) FILTER ({value} IS NOT NULL) AS {partial.rank}")
    return statement("partials", table=partial_table(stream), rows=stream.table, aggregates=",\n    ".join(aggregates))


def profiles_statement(streams: Sequence[MappedStream], fields: Mapping[str, str]) -> str:
    """SQL for every profile with these user fields (name → DuckDB type); null where no stream has rules for one."""
    partials: defaultdict[str, list[Partial]] = defaultdict(list)
    for stream in streams:
        for number, rule in enumerate(stream.rules):
            partials[rule.user_field].append(_partial(stream, number, rule))
    values = [
        f"CAST({_combined(partials[name]) if name in partials else 'NULL'} AS {sql_type}) AS {quote(name)}"
        for name, sql_type in fields.items()
    ]
    joins = [f"LEFT JOIN {partial_table(stream)} USING (component)" for stream in streams]
    return statement("built_profiles", fields=",\n    ".join(values), partials="\n".join(joins))


def _contents(stream: MappedStream) -> str:
    values = ", ".join(f"v{number}" for number in range(len(stream.rules)))
    return statement("contents", stream=str(stream.number), values=values, rows=stream.table)


def _partial(stream: MappedStream, number: int, rule: FieldRule) -> Partial:
    return Partial(rule, f"s{stream.number}_v{number}", f"s{stream.number}_rank{number}")


def _value(stream: MappedStream, number: int, rule: FieldRule) -> str:
    """SQL for a row's value; a text that cleaning left empty is none, and a single text can stand for a list."""
    column = f"v{number}"
    if rule.merge == "count" or rule.type not in ("string", "[]string"):
        return column
    if is_list(stream, rule):
        return column
    text = f"nullif({column}, '')" if rule.identifier or rule.clean != "none" else column
    if rule.type == "[]string" and rule.merge != "set":
        return f"CASE WHEN {text} IS NOT NULL THEN [{text}] END"
    return text


_AGGREGATES: Mapping[Merge, Callable[[str], str]] = {
    "latest": lambda value: f"arg_max({value}, precedence)",
    "oldest": lambda value: f"arg_min({value}, precedence)",
    "min": lambda value: f"min({value})",
    "max": lambda value: f"max({value})",
    "sum": lambda value: f"list({value}) FILTER ({value} IS NOT NULL)",
    "count": lambda value: f"count({value})",
    "set": lambda value: f"list({value}) FILTER ({value} IS NOT NULL)",
}


def _combined(partials: Sequence[Partial]) -> str:
    """SQL for one user field from the partials of all its rules."""
    merge = partials[0].rule.merge
    columns = [partial.column for partial in partials]
    if merge in ("latest", "oldest"):
        return columns[0] if len(partials) == 1 else _ranked(partials, "greatest" if merge == "latest" else "least")
    if merge in ("min", "max"):
        return f"{'least' if merge == 'min' else 'greatest'}({', '.join(columns)})"
    if merge == "count":
        return " + ".join(f"coalesce({column}, 0)" for column in columns)
    together = f"list_concat({', '.join(columns)})" if len(columns) > 1 else columns[0]
    if merge == "sum":
        return f"list_sum(list_sort({together}))"
    return f"nullif(list_sort(list_distinct({together})), [])"


def _ranked(partials: Sequence[Partial], extreme: str) -> str:
    best = f"{extreme}({', '.join(partial.rank for partial in partials)})"
    cases = " ".join(f"WHEN {partial.rank} THEN {partial.column}" for partial in partials)
    return f"CASE {best} {cases} END"
