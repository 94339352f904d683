"""What stands in the warehouse, for checks, column schemas and schedules: three short questions, read-only."""

from datetime import UTC

from sf_elt.components.partitions import Span
from sf_elt.warehouse import Warehouse, WarehouseEmpty, quote_table


def spans_read(warehouse: Warehouse, stream: str) -> list[Span]:
    """What has been read of the stream; of a window whose end still lay ahead, the part up to the time of reading."""
    try:
        with warehouse.read() as connection:
            rows = connection.execute(
                "SELECT window_start, read_to FROM ops.windows WHERE stream = ?", [stream]
            ).fetchall()
    except WarehouseEmpty:
        return []
    return [Span(start.replace(tzinfo=UTC), read_to.replace(tzinfo=UTC)) for start, read_to in rows]


def table_types(warehouse: Warehouse, schema: str, table: str) -> dict[str, str]:
    """Column → DuckDB type of a table or view; empty where it does not exist."""
    with warehouse.read() as connection:
        rows = connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database()"
            " AND schema_name = ? AND table_name = ? ORDER BY column_index",
            [schema, table],
        ).fetchall()
    return {str(name): str(kind) for name, kind in rows}


def repeated_ids(warehouse: Warehouse, stream: str) -> int:
    """How many Ids stand in the stream more than once."""
    with warehouse.read() as connection:
        row = connection.execute(
            f'SELECT count(*) - count(DISTINCT "Id") FROM {quote_table("streams", stream)}'  # noqa: S608  a quoted name
        ).fetchone()
    return int(row[0]) if row else 0


def profiles_without_identifier(warehouse: Warehouse) -> int:
    """How many profiles have no identifier."""
    with warehouse.read() as connection:
        row = connection.execute(
            "SELECT count(*) FROM profiles.profiles"
            " WHERE profile_id NOT IN (SELECT profile_id FROM profiles.identifiers)"
        ).fetchone()
    return int(row[0]) if row else 0
