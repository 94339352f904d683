"""What tables look like, for those who describe them to people."""

from sf_elt.warehouse.connection import Warehouse


def column_types(warehouse: Warehouse, schema: str, table: str) -> dict[str, str]:
    """Column → DuckDB type of a table or view, in its own order; empty where there is none of that name."""
    with warehouse.read() as connection:
        rows = connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database()"
            " AND schema_name = ? AND table_name = ? ORDER BY column_index",
            [schema, table],
        ).fetchall()
    return {str(name): str(sql_type) for name, sql_type in rows}


def column_comments(warehouse: Warehouse, schema: str, table: str) -> dict[str, str]:
    """Column → what its comment says, of those that have one."""
    with warehouse.read() as connection:
        rows = connection.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE database_name = current_database()"
            " AND schema_name = ? AND table_name = ? AND comment IS NOT NULL",
            [schema, table],
        ).fetchall()
    return {str(name): str(comment) for name, comment in rows}
