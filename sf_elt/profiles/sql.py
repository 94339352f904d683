"""SQL text from the `.sql` files of a room, and temporary tables made of what Python holds."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import duckdb
import pyarrow as pa


def statement(name: str, *, package: str = "sf_elt.profiles", **parts: str) -> str:
    """The text of `name`.sql, wherever it lies in the package, with each ``{part}`` put in.

    Parts are names that are quoted already, or generated SQL. Values never come this way: they are parameters. Raises
    KeyError for a text that the package does not have, or a part that the text does not have.
    """
    text = _texts(package)[name]
    missing = [part for part in parts if f"{{{part}}}" not in text]
    if missing:
        raise KeyError(f"{name}.sql has no part {', '.join(missing)}")
    if not parts:
        return text
    return re.sub(r"\{(" + "|".join(parts) + r")\}", lambda found: parts[found.group(1)], text)


def files_within(folder: Traversable) -> Iterator[Traversable]:
    """The files in the folder and in those below it."""
    for each in folder.iterdir():
        if each.is_dir():
            yield from files_within(each)
        else:
            yield each


@cache
def _texts(package: str) -> Mapping[str, str]:
    found = [each for each in files_within(files(package)) if each.name.endswith(".sql")]
    texts = {each.name.removesuffix(".sql"): each.read_text("utf-8") for each in found}
    if len(texts) < len(found):
        twice = [name for name, times in Counter(each.name for each in found).items() if times > 1]
        raise ValueError(f"two files of {package} have the same name: {', '.join(sorted(twice))}")
    return texts


def delete(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> int:
    """Deletes the rows of the table for which this SQL holds; gives how many they were."""
    (count,) = connection.execute(statement("delete", table=table, condition=condition)).fetchall()[0]
    return int(count)


def store(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, object]) -> None:
    """Makes a temporary table of these columns: arrays of numpy or Arrow, or lists."""
    connection.register("arriving", pa.table(columns))
    connection.execute(statement("store", table=table))
    connection.unregister("arriving")
