"""Changes of a stream's columns: new fields come, dropped fields stay and go null, changed types widen.

What people call a field, and its help text, are the column's comment; the object's label is the table's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from duckdb import DuckDBPyConnection

from sf_elt.streams.columns import Column
from sf_elt.warehouse import naive, quote, quote_table, quote_text

OWN_COLUMNS = {
    "_loaded_at": "TIMESTAMP",
    "_window": "VARCHAR",
    "_deleted_at": "TIMESTAMP",
    "_changed_at": "TIMESTAMP",
}

_OWN_COMMENTS = {
    "_loaded_at": "When the read that brought this version began (UTC)",
    "_window": "The window that was read",
    "_deleted_at": "When the org deleted the record (UTC); null while it lives",
    "_changed_at": "When somebody last changed the record, our own exports and mere saves left out (UTC)",
}

# How Salesforce writes what is no number, for a column that becomes text.
_AS_TEXT = {"VARCHAR[]": "array_to_string({0}, ';')", "TIME": "strftime(DATE '2000-01-01' + {0}, '%H:%M:%S.%gZ')"}

_NUMBERS = frozenset({"BIGINT", "DOUBLE"})
_TIMES = frozenset({"DATE", "TIMESTAMP"})


@dataclass(frozen=True)
class SchemaChange:
    """One row of ops.schema_changes.

    `kept` is a field that the org describes as `type_after` now, whose column stays `type_before`, which holds both.
    """

    field: str
    change: Literal["added", "dropped", "returned", "widened", "kept"]
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


def adapt_table(
    connection: DuckDBPyConnection, stream: str, columns: tuple[Column, ...], now: datetime, *, label: str = ""
) -> TableShape:
    """Makes the stream's table hold the columns, and records every change in ops.schema_changes.

    `label` is what the org calls the object.
    """
    standing = _standing_types(connection, stream)
    if standing:
        shape = _adapted(connection, stream, standing, columns, now)
    else:
        types = {column.name: column.sql_type for column in columns}
        listed = ", ".join(f"{quote(name)} {sql_type}" for name, sql_type in (types | OWN_COLUMNS).items())
        connection.execute(f"CREATE TABLE {quote_table('streams', stream)} ({listed})")
        shape = TableShape(types, (), is_new=True)
    _comment_on(connection, stream, {column.name: column.comment for column in columns} | _OWN_COMMENTS, label)
    return shape


def _adapted(
    connection: DuckDBPyConnection, stream: str, standing: dict[str, str], columns: tuple[Column, ...], now: datetime
) -> TableShape:
    table = quote_table("streams", stream)
    standing = _spelled_as_described(standing, columns)
    changes = _changes(standing, columns, _last_changes(connection, stream))
    for change in changes:
        if change.change == "added":
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {quote(change.field)} {change.type_after}")
        elif change.change == "widened":
            connection.execute(_widening(table, change))
        connection.execute(
            "INSERT INTO ops.schema_changes VALUES (?, ?, ?, ?, ?, ?)",
            [stream, change.field, change.change, change.type_before, change.type_after, naive(now)],
        )
    after = {change.field: change.type_after for change in changes if change.change in ("added", "widened")}
    return TableShape(
        standing | {name: after_ for name, after_ in after.items() if after_}, tuple(changes), is_new=False
    )


def _widening(table: str, change: SchemaChange) -> str:
    name = quote(change.field)
    as_text = _AS_TEXT.get(change.type_before or "") if change.type_after == "VARCHAR" else None
    using = f" USING {as_text.format(name)}" if as_text is not None else ""
    return f"ALTER TABLE {table} ALTER COLUMN {name} SET DATA TYPE {change.type_after}{using}"


def _spelled_as_described(standing: dict[str, str], columns: tuple[Column, ...]) -> dict[str, str]:
    """An administrator may change the letter case of an API name: to Salesforce and DuckDB it is the same name."""
    described = {column.name.lower(): column.name for column in columns}
    return {described.get(name.lower(), name): sql_type for name, sql_type in standing.items()}


def _changes(
    standing: dict[str, str], columns: tuple[Column, ...], last: dict[str, tuple[str, str]]
) -> list[SchemaChange]:
    """What has changed since the last read. `last` is each field's last change as it was recorded, with its type."""
    gone = {field for field, (change, _) in last.items() if change == "dropped"}
    changes = []
    for column in columns:
        before = standing.get(column.name)
        if before is None:
            changes.append(SchemaChange(column.name, "added", None, column.sql_type))
            continue
        after = widened(before, column.sql_type)
        said, said_type = last.get(column.name.lower(), ("", ""))
        if said == "dropped":
            changes.append(SchemaChange(column.name, "returned", before, before))
        if after != before:
            changes.append(SchemaChange(column.name, "widened", before, after))
        elif column.sql_type != before and said != "widened" and (said, said_type) != ("kept", column.sql_type):
            changes.append(SchemaChange(column.name, "kept", before, column.sql_type))
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


def _last_changes(connection: DuckDBPyConnection, stream: str) -> dict[str, tuple[str, str]]:
    """Field, in lower case → its last recorded change, and the type it was changed to."""
    rows = connection.execute(
        "SELECT lower(field), arg_max(change, seen_at), coalesce(arg_max(type_after, seen_at), '')"
        " FROM ops.schema_changes WHERE stream = ? GROUP BY ALL",
        [stream],
    ).fetchall()
    return {str(field): (str(change), str(type_after)) for field, change, type_after in rows}


def _comment_on(connection: DuckDBPyConnection, stream: str, comments: Mapping[str, str], label: str) -> None:
    """Comments the stream's table and columns where they do not say so yet; what is empty is left as it is."""
    table = quote_table("streams", stream)
    standing = connection.execute(
        "SELECT lower(column_name), comment FROM duckdb_columns() WHERE database_name = current_database()"
        " AND schema_name = 'streams' AND table_name = ? UNION ALL"
        " SELECT '', comment FROM duckdb_tables() WHERE database_name = current_database()"
        " AND schema_name = 'streams' AND table_name = ?",
        [stream, stream],
    ).fetchall()
    said = {str(name): comment for name, comment in standing}
    for name, comment in comments.items():
        if comment and said.get(name.lower()) != comment:
            connection.execute(f"COMMENT ON COLUMN {table}.{quote(name)} IS {quote_text(comment)}")
    if label and said.get("") != label:
        connection.execute(f"COMMENT ON TABLE {table} IS {quote_text(label)}")
