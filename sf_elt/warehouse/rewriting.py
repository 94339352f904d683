"""The warehouse file written anew: what was deleted from its tables stays in the bytes of a DuckDB file until then."""

import os
import shutil
from pathlib import Path

import duckdb

from sf_elt.warehouse.connection import Warehouse
from sf_elt.warehouse.errors import WarehouseError
from sf_elt.warehouse.memory import hold_memory
from sf_elt.warehouse.names import quote, quote_table, quote_text

MEMORY = "1GB"  # DuckDB's own
NEW = "rewritten"
"""The name of the database that `finish` may change before it takes the place of the old one."""


def rewrite_file(warehouse: Warehouse, finish: str = "") -> None:
    """Copies every table and view into a new file, which then takes the place of the old one at once.

    Waits for the writer's place, and keeps everybody else waiting; needs as much disk again as the tables take. The SQL
    `finish` is run on the new file (the database `rewritten`) before it counts. Killed at any moment, either the old
    file is there, whole, or the new one. Raises what `write` raises, and WarehouseError where the copy is not whole.
    """
    with warehouse.alone() as connection:
        hold_memory(connection, MEMORY)
        connection.execute("SET preserve_insertion_order = true")
        ((current,),) = connection.execute("SELECT current_database()").fetchall()
        connection.execute(f"ATTACH {quote_text(str(warehouse.rewritten))} AS {NEW}")
        connection.execute(f"COPY FROM DATABASE {quote(current)} TO {NEW}")
        _refuse_losses(connection, current)
        if finish:
            connection.execute(finish)
        connection.execute(f"CHECKPOINT {NEW}")
        connection.execute(f"DETACH {NEW}")
        connection.execute("CHECKPOINT")  # nothing may wait in a log that the new file would be taken to belong to
        file = warehouse.file.resolve()  # a link stays one: what it leads to is what has the rows
        shutil.copymode(file, warehouse.rewritten)
        _sync(warehouse.rewritten)
        warehouse.rewritten.replace(file)
        _sync(file.parent)


def _refuse_losses(connection: duckdb.DuckDBPyConnection, current: str) -> None:
    tables = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?", [current]
    ).fetchall()
    for schema, table in tables:
        counts = [
            connection.execute(f"SELECT count(*) FROM {quote(database)}.{quote_table(schema, table)}").fetchall()  # noqa: S608 - quoted
            for database in (current, NEW)
        ]
        if counts[0] != counts[1]:
            raise WarehouseError(f"{schema}.{table} was not copied whole: the file stays as it is. Run it again.")


def _sync(path: Path) -> None:
    """Waits until the disk has what was written to the file, or to the folder's list of files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
