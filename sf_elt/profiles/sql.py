"""SQL text from the `.sql` files next to a module, and temporary tables made of what Python holds."""

import re
from collections.abc import Mapping
from importlib.resources import files

import duckdb
import pyarrow as pa


def statement(name: str, *, package: str = "sf_elt.profiles", **parts: str) -> str:
    """The text of `name`.sql with each ``{part}`` put in: names that are quoted already, or generated SQL.

    Values never come this way: they are parameters. Raises KeyError for a part that the text does not have.
    """
    text = files(package).joinpath(f"{name}.sql").read_text("utf-8")
    missing = [part for part in parts if f"{{{part}}}" not in text]
    if missing:
        raise KeyError(f"{name}.sql has no part {', '.join(missing)}")
    if not parts:
        return text
    return re.sub(r"\{(" + "|".join(parts) + r")\}", lambda found: parts[found.group(1)], text)


def delete(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> int:
    """Deletes the rows of the table for which this SQL holds; gives how many they were."""
    (count,) = connection.execute(statement("delete", table=table, condition=condition)).fetchall()[0]
    return int(count)


def store(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, object]) -> None:
    """Makes a temporary table of these columns: arrays of numpy or Arrow, or lists."""
    connection.register("arriving", pa.table(columns))
    connection.execute(statement("store", table=table))
    connection.unregister("arriving")
