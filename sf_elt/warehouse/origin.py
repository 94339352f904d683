"""Whose tables a file holds: those of this version of sf_elt, of another, or somebody else's."""

from typing import Literal

import duckdb

from sf_elt.warehouse.connection import SCHEMA_VERSION, Warehouse

Origin = Literal["this version", "another version", "nobody", "somebody else"]

_NAMED = 3  # tables

_TABLES = """
    SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY 1
"""


def origin_of(warehouse: Warehouse) -> tuple[Origin, str]:
    """Who made the tables; and the first names of somebody else's. Raises what `Warehouse.read` raises."""
    with warehouse.read() as connection:
        try:
            made_by = connection.execute("SELECT version FROM ops.installed").fetchone()
        except duckdb.CatalogException:
            names = [name for (name,) in connection.execute(_TABLES).fetchall()]
            more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
            return ("somebody else", ", ".join(names[:_NAMED]) + more) if names else ("nobody", "")
    return "this version" if made_by == (SCHEMA_VERSION,) else "another version", ""
