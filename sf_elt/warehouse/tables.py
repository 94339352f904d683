"""What tables look like, for those who describe them to people."""

from duckdb import CatalogException

from sf_elt.warehouse.connection import Warehouse
from sf_elt.warehouse.names import quote_table


def column_types(warehouse: Warehouse, schema: str, table: str) -> dict[str, str]:
    """Column → DuckDB type of a table or view, in its own order; empty where there is none of that name."""
    with warehouse.read() as connection:
        try:  # the first look into DuckDB's catalog takes half as long as opening the file; this is none
            rows = connection.execute(f"DESCRIBE {quote_table(schema, table)}").fetchall()
        except CatalogException:
            return {}
    return {str(name): str(sql_type) for name, sql_type, *_ in rows}


def column_comments(warehouse: Warehouse, schema: str, table: str) -> dict[str, str]:
    """Column → what its comment says, of those that have one."""
    with warehouse.read() as connection:
        rows = connection.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE database_name = current_database()"
            " AND schema_name = ? AND table_name = ? AND comment IS NOT NULL",
            [schema, table],
        ).fetchall()
    return {str(name): str(comment) for name, comment in rows}
