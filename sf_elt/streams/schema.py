"""Changes of a stream's columns: new fields come, dropped fields stay and go null, changed types widen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from duckdb import DuckDBPyConnection

from sf_elt.streams.columns import Column
from sf_elt.warehouse import quote, quote_table

OWN_COLUMNS = {
    "_loaded_at": "TIMESTAMP",
    "_window": "VARCHAR",
    "_deleted_at": "TIMESTAMP",
    "_changed_at": "TIMESTAMP",
}

_NUMBERS = frozenset({"BIGINT", "DOUBLE"})
_TIMES = frozenset({"DATE", "TIMESTAMP"})


@dataclass(frozen=True)
class SchemaChange:
    """One row of ops.schema_changes."""

    field: str
    change: Literal["added", "dropped", "returned", "widened"]
    type_before: str | None
    type_after: str | None


@dataclass(frozen=True)
class TableShape:
    """The stream's table after it was adapted: its field columns, and whether the views must follow."""

    types: dict[str, str]
    changes: tuple[SchemaChange, ...]
    is_new: bool


def widened(before: str, after: str) -> str:
    """The narrowest type that holds every value of both: VARCHAR in the end."""
    if before == after:
        return before
    if {before, after} == _NUMBERS:
        return "DOUBLE"
    return "TIMESTAMP" if {before, after} == _TIMES else "VARCHAR"


def adapt_table(connection: DuckDBPyConnection, stream: str, columns: tuple[Column, ...], now: datetime) -> TableShape:
    """Makes the stream's table hold the columns, and records every change in ops.schema_changes."""
    table = quote_table("streams", stream)
    standing = _standing_types(connection, stream)
    if not standing:
        types = {column.name: column.sql_type for column in columns}
        listed = ", ".join(f"{quote(name)} {sql_type}" for name, sql_type in (types | OWN_COLUMNS).items())
        connection.execute(f"CREATE TABLE {table} ({listed})")
        return TableShape(types, (), is_new=True)
    standing = _spelled_as_described(standing, columns)
    changes = _changes(standing, columns, _gone(connection, stream))
    for change in changes:
        if change.change == "added":
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {quote(change.field)} {change.type_after}")
        elif change.change == "widened":
            connection.execute(
                f"ALTER TABLE {table} ALTER COLUMN {quote(change.field)} SET DATA TYPE {change.type_after}"
            )
        connection.execute(
            "INSERT INTO ops.schema_changes VALUES (?, ?, ?, ?, ?, ?)",
            [stream, change.field, change.change, change.type_before, change.type_after, now.replace(tzinfo=None)],
        )
    after = {change.field: change.type_after for change in changes if change.type_after is not None}
    return TableShape(standing | after, tuple(changes), is_new=False)


def _spelled_as_described(standing: dict[str, str], columns: tuple[Column, ...]) -> dict[str, str]:
    """An administrator may change the letter case of an API name: to Salesforce and DuckDB it is the same name."""
    described = {column.name.lower(): column.name for column in columns}
    return {described.get(name.lower(), name): sql_type for name, sql_type in standing.items()}


def _changes(standing: dict[str, str], columns: tuple[Column, ...], gone: set[str]) -> list[SchemaChange]:
    changes = []
    for column in columns:
        before = standing.get(column.name)
        if before is None:
            changes.append(SchemaChange(column.name, "added", None, column.sql_type))
            continue
        after = widened(before, column.sql_type)
        if column.name.lower() in gone:
            changes.append(SchemaChange(column.name, "returned", before, before))
        if after != before:
            changes.append(SchemaChange(column.name, "widened", before, after))
    read = {column.name for column in columns}
    changes += [
        SchemaChange(name, "dropped", sql_type, None)
        for name, sql_type in standing.items()
        if name not in read and name.lower() not in gone
    ]
    return changes


def _standing_types(connection: DuckDBPyConnection, stream: str) -> dict[str, str]:
    rows = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database()"
        " AND schema_name = 'streams' AND table_name = ? ORDER BY column_index",
        [stream],
    ).fetchall()
    return {str(name): str(sql_type) for name, sql_type in rows if name not in OWN_COLUMNS}


def _gone(connection: DuckDBPyConnection, stream: str) -> set[str]:
    """Fields that are known to have been dropped, and have not returned; in lower case."""
    rows = connection.execute(
        "SELECT lower(field) FROM ops.schema_changes WHERE stream = ? AND change IN ('dropped', 'returned')"
        " GROUP BY ALL HAVING arg_max(change, seen_at) = 'dropped'",
        [stream],
    ).fetchall()
    return {str(field) for (field,) in rows}
