"""Merge operators as SQL: what several rows of one person say becomes one value of a user field.

Each rule gives a partial aggregate over the rows of its stream; the partials of a field's rules, which may come from
several streams, are then combined. "Newest" goes by `precedence`, a number that no two rows of a person share, so that
the same rows give the same value in any order.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from sf_elt.profiles.mapping.rules import FieldRule, Merge, user_fields
from sf_elt.profiles.merging.by_value import is_by_value, merge_by_value
from sf_elt.profiles.reading.rows import MappedStream
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote


@dataclass(frozen=True)
class Partial:
    """One rule's aggregate over the rows of its stream: `column` holds it, `rank` the precedence of its row."""

    rule: FieldRule
    column: str
    rank: str


def merge_values(
    connection: duckdb.DuckDBPyConnection,
    streams: Sequence[MappedStream],
    mapping: Sequence[FieldRule],
    *,
    now: datetime,
    first: bool,
) -> None:
    """Makes the temporary table built_profiles: every profile with the user fields of the mapping, at `now`.

    The numbered rows are gone then. In the first build it is a view: nothing stands to be compared, so it is read once.
    """
    connection.execute(precedence_statement(streams))
    contested = contested_fields(streams)
    for stream in streams:
        connection.execute(partials_statement(stream, contested))
    by_value = merge_by_value(connection, streams, now=now)
    for stream in streams:  # what comes needs the room
        connection.execute(f"DROP TABLE temp.{stream.table}")
    connection.execute(profiles_statement(streams, mapping, by_value, "VIEW" if first else "TABLE"))


def partial_table(stream: MappedStream) -> str:
    """The temporary table of one stream's partial aggregates, one row a component."""
    return f"partials_{stream.number}"


def precedence_statement(streams: Sequence[MappedStream]) -> str:
    """SQL that numbers the rows of each component that has several, the newest last."""
    union = "\n    UNION ALL BY NAME\n    "
    rows = (statement("shared_rows", stream=str(stream.number), rows=stream.table) for stream in streams)
    return statement("precedence", rows=union.join(rows), contents=union.join(map(_contents, streams)))


def partials_statement(stream: MappedStream, contested: Collection[str]) -> str:
    """SQL that makes `partial_table`, with the ranks of the user fields that several rules contest."""
    ones, manies = [], []
    for number, rule in enumerate(stream.rules):
        if is_by_value(rule):
            continue
        partial = _partial(stream, number, rule)
        value = _value(stream, number, rule)
        operator = _OPERATORS[rule.merge]
        flat = rule.merge == "set" and stream.gives_lists(number)
        ones.append(f"{value if flat else operator.one(value)} AS {partial.column}")
        manies.append(f"flatten({operator.many(value)})" if flat else operator.many(value))
        if operator.best_rank and rule.user_field in contested:
            ones.append(f"CASE WHEN {value} IS NOT NULL THEN coalesce(precedence, 0) END AS {partial.rank}")
            manies.append(f"{operator.best_rank}(precedence) FILTER ({value} IS NOT NULL)")
    return statement(
        "partials",
        table=partial_table(stream),
        rows=stream.table,
        ones="".join(f",\n    {one}" for one in ones),
        manies="".join(f",\n    {many}" for many in manies),
    )


def contested_fields(streams: Sequence[MappedStream]) -> set[str]:
    """The user fields that more than one rule fills."""
    times = Counter(rule.user_field for stream in streams for rule in stream.rules)
    return {field for field, count in times.items() if count > 1}


def profiles_statement(
    streams: Sequence[MappedStream], mapping: Sequence[FieldRule], by_value: Mapping[str, str], table: str
) -> str:
    """SQL for every profile with the mapping's user fields; null where no stream has rules for one.

    `by_value` names the tables of the fields that are merged value by value.
    """
    order = {rule: position for position, rule in enumerate(mapping)}
    partials: defaultdict[str, list[Partial]] = defaultdict(list)
    for stream in streams:
        for number, rule in enumerate(stream.rules):
            partials[rule.user_field].append(_partial(stream, number, rule))
    values = []
    for name, sql_type in user_fields(mapping).items():
        said = sorted(partials[name], key=lambda partial: order[partial.rule])
        value = f"{by_value[name]}.{quote(name)}" if name in by_value else _combined(said) if said else "NULL"
        values.append(f"CAST({value} AS {sql_type}) AS {quote(name)}")
    tables = [*(partial_table(stream) for stream in streams), *by_value.values()]
    joins = [f"LEFT JOIN {table} USING (component)" for table in tables]
    return statement("built_profiles", table=table, fields=",\n    ".join(values), partials="\n".join(joins))


def _contents(stream: MappedStream) -> str:
    identifiers = [f"v{number}" for number, rule in enumerate(stream.rules) if rule.identifier]
    return statement(
        "contents",
        identifiers=f"CAST(row({', '.join(identifiers)}) AS VARCHAR)" if identifiers else "NULL",
        values=", ".join(f"v{number}" for number in range(len(stream.rules))),
        rows=stream.table,
    )


def _partial(stream: MappedStream, number: int, rule: FieldRule) -> Partial:
    return Partial(rule, f"s{stream.number}_v{number}", f"s{stream.number}_rank{number}")


def _value(stream: MappedStream, number: int, rule: FieldRule) -> str:
    """SQL for a row's value; a text that cleaning left empty is none, and a single text can stand for a list."""
    column = f"v{number}"
    if rule.merge == "count" or rule.type not in ("string", "[]string"):
        return column
    if stream.gives_lists(number):
        return column
    text = f"nullif({column}, '')" if rule.identifier or rule.clean != "none" else column
    return _as_list(text) if rule.type == "[]string" and rule.merge != "set" else text


@dataclass(frozen=True)
class Operator:
    """A merge operator within one stream: SQL for a component's only row, and for its many rows.

    `best_rank` is the aggregate that finds the rank of the row that it chose, for an operator that chooses one.
    """

    one: Callable[[str], str]
    many: Callable[[str], str]
    best_rank: str = ""


def _as_list(value: str) -> str:
    return f"CASE WHEN {value} IS NOT NULL THEN [{value}] END"


def _listed(value: str) -> str:
    return f"list({value}) FILTER ({value} IS NOT NULL)"


_OPERATORS: Mapping[Merge, Operator] = {
    "latest": Operator(str, lambda value: f"arg_max({value}, precedence)", "max"),
    "oldest": Operator(str, lambda value: f"arg_min({value}, precedence)", "min"),
    "first": Operator(str, lambda value: f"arg_max({value}, precedence)"),
    "min": Operator(str, lambda value: f"min({value})"),
    "max": Operator(str, lambda value: f"max({value})"),
    "sum": Operator(_as_list, _listed),
    "count": Operator(lambda value: f"CAST({value} IS NOT NULL AS BIGINT)", lambda value: f"count({value})"),
    "set": Operator(_as_list, _listed),
}


def _combined(partials: Sequence[Partial]) -> str:
    """SQL for one user field from the partials of all its rules."""
    merge = partials[0].rule.merge
    columns = [partial.column for partial in partials]
    if merge in ("latest", "oldest"):
        return columns[0] if len(partials) == 1 else _ranked(partials, "greatest" if merge == "latest" else "least")
    if merge == "first":
        return f"coalesce({', '.join(columns)})"
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
