"""The table of a stream as it stands: its columns and its rows."""

from duckdb import DuckDBPyConnection

from sf_elt.streams.schema import OWN_COLUMNS
from sf_elt.warehouse import Warehouse, WarehouseEmpty, column_types, quote_table


def types_of_stream(warehouse: Warehouse, stream: str) -> dict[str, str]:
    """Field column → DuckDB type of the stream's table; empty before its first read."""
    try:
        types = column_types(warehouse, "streams", stream)
    except WarehouseEmpty:
        return {}
    return {name: sql_type for name, sql_type in types.items() if name not in OWN_COLUMNS}


def rows_in_stream(connection: DuckDBPyConnection, stream: str) -> int:
    """Rows of the stream's table, deleted ones too."""
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {quote_table('streams', stream)}").fetchall()  # noqa: S608 - quoted
    return int(rows)


def living_rows(connection: DuckDBPyConnection, stream: str) -> int:
    """Rows of the stream that the org has not deleted, as far as is known."""
    ((rows,),) = connection.execute(
        f"SELECT count(*) FROM {quote_table('streams', stream)} WHERE _deleted_at IS NULL"  # noqa: S608 - quoted
    ).fetchall()
    return int(rows)
