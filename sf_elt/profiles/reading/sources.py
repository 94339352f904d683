"""The streams as profiles see them: where their rows are, and which columns say what about a row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from sf_elt.warehouse import quote, quote_table

_RECORD_ID = ("record_id", "Id", "event_id")
_MODIFIED_AT = ("modified_at", "_changed_at", "SystemModstamp", "occurred_at", "CreatedDate", "_loaded_at")
_DELETED_AT = ("deleted_at", "_deleted_at")


@dataclass(frozen=True)
class Source:
    """One stream's table or view. `columns` has name → DuckDB type."""

    stream: str
    table: str
    columns: Mapping[str, str]

    @property
    def holds_events(self) -> bool:
        """Whether rows are events, of which only the identifiers and values matter and not each row."""
        return {"event_id", "occurred_at"} <= self.columns.keys()

    @property
    def record_id(self) -> str:
        return self._first(_RECORD_ID, "VARCHAR")

    @property
    def modified_at(self) -> str:
        return self._first(_MODIFIED_AT, "TIMESTAMP")

    @property
    def deleted_at(self) -> str:
        return self._first(_DELETED_AT, "TIMESTAMP")

    @property
    def has_record_ids(self) -> bool:
        return any(name in self.columns for name in _RECORD_ID)

    def _first(self, names: Iterable[str], sql_type: str) -> str:
        """SQL for the first of these columns that the stream has, or a null where it has none."""
        found = next((quote(name) for name in names if name in self.columns), "NULL")
        return f"CAST({found} AS {sql_type})"


def find_sources(connection: duckdb.DuckDBPyConnection, streams: Iterable[str]) -> dict[str, Source]:
    """Stream → Source, for those of `streams` that exist: the documented view, or else the stream's own table."""
    existing = set(
        connection.execute(
            """
            SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = current_database()
            UNION ALL
            SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()
            """
        ).fetchall()
    )
    sources = {}
    for stream in dict.fromkeys(streams):
        schema = next((schema for schema in ("main", "streams") if (schema, stream) in existing), None)
        if schema is not None:
            table = quote_table(schema, stream)
            described = connection.execute(f"DESCRIBE {table}").fetchall()
            sources[stream] = Source(stream, table, {row[0]: row[1] for row in described})
    return sources
