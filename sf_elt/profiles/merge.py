"""Merge operators as SQL: what several rows of one person say becomes one value of a user field.

Each rule gives a partial aggregate over the rows of its stream; the partials of a field's rules, which may come from
several streams, are then combined. "Newest" goes by `precedence`, a number that no two rows of a person share, so that
the same rows give the same value in any order.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
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


def partials_statement(stream: MappedStream, contested: Collection[str]) -> str:
    """SQL that makes `partial_table`, with the ranks of the user fields that several rules contest."""
    ones, manies = [], []
    for number, rule in enumerate(stream.rules):
        partial = _partial(stream, number, rule)
        value = _value(stream, number, rule)
        operator = _OPERATORS[rule.merge]
        flat = rule.merge == "set" and is_list(stream, rule)
        ones.append(f"{value if flat else operator.one(value)} AS {partial.column}")
        manies.append(f"flatten({operator.many(value)})" if flat else operator.many(value))
        if operator.best_rank and rule.user_field in contested:
            ones.append(f"CASE WHEN {value} IS NOT NULL THEN precedence END AS {partial.rank}")
            manies.append(f"{operator.best_rank}(precedence) FILTER ({value} IS NOT NULL)")
    return statement(
        "partials",
        table=partial_table(stream),
        rows=stream.table,
        ones=",\n    ".join(ones),
        manies=",\n    ".join(manies),
    )


def contested_fields(streams: Sequence[MappedStream]) -> set[str]:
    """The user fields that more than one rule fills."""
    times = Counter(rule.user_field for stream in streams for rule in stream.rules)
    return {field for field, count in times.items() if count > 1}


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
    identifiers = [f"v{number}" for number, rule in enumerate(stream.rules) if rule.identifier]
    return statement(
        "contents",
        stream=str(stream.number),
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
    if is_list(stream, rule):
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
