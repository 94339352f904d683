"""User fields that are merged value by value: counts of values, and sets that keep their newest values only.

They need for each value how many rows say it and when the last did. Both are found from a component's own rows, in
whatever order those come; only what keep_days drops depends on the time of the build besides.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb

from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.reading.rows import MappedStream
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote


def is_by_value(rule: FieldRule) -> bool:
    """Whether the rule's field is merged value by value."""
    return rule.merge == "valuecount" or rule.bounded


def merge_by_value(
    connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream], *, now: datetime
) -> dict[str, str]:
    """Makes a temporary table (component, field) for each such user field; gives user field → table."""
    return {rule.user_field: _merged(connection, streams, rule, table, now) for rule, table in _tables(streams)}


def note_expiring(connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream]) -> None:
    """Adds to profiles.expiring when the first value of each profile that was built is due to be dropped."""
    kept = [
        f"SELECT component, oldest, {rule.keep_days} AS keep_days FROM {table}"  # noqa: S608 - a number, a name of ours
        for rule, table in _tables(streams)
        if rule.keep_days is not None
    ]
    if kept:
        connection.execute(statement("insert_expiring", kept="\n    UNION ALL\n    ".join(kept)))


def _tables(streams: Sequence[MappedStream]) -> list[tuple[FieldRule, str]]:
    """One rule of each user field that is merged value by value, and the field's temporary table."""
    rules = {rule.user_field: rule for stream in streams for rule in stream.rules if is_by_value(rule)}
    return [(rule, f"by_value_{number}") for number, (_, rule) in enumerate(sorted(rules.items()))]


def _merged(
    connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream], rule: FieldRule, table: str, now: datetime
) -> str:
    values = f"{table}_values"
    said = "\n    UNION ALL\n    ".join(
        _said(stream, number)
        for stream in streams
        for number, each in enumerate(stream.rules)
        if each.user_field == rule.user_field
    )
    connection.execute(statement("values_of_field", table=values, said=said))
    field = quote(rule.user_field)
    if rule.merge == "valuecount":
        connection.execute(statement("count_values", table=table, field=field, values=values))
    else:
        since = None if rule.keep_days is None else now - timedelta(days=rule.keep_days)
        connection.execute(
            statement("keep_newest_values", table=table, field=field, values=values),
            {"since": since, "capacity": rule.capacity},
        )
    return table


def _said(stream: MappedStream, number: int) -> str:
    column = f"v{number}"
    value = f"unnest({column})" if stream.gives_lists(number) else f"nullif({column}, '')"
    return statement("said_values", value=value, rows=stream.table)
