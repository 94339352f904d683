"""Which column of which landing file does not fit its type; never with a value, which is somebody's personal data."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import duckdb

from sf_elt.streams.columns import Column
from sf_elt.warehouse import quote

FRACTIONAL = "DECIMAL(28, 9)"  # holds every BIGINT, and shows whether a number is whole


def misfit(
    landed: Iterable[Path], as_text: Callable[[Path], str], columns: Sequence[Column], error: duckdb.Error
) -> str:
    """What is wrong in the first file that cannot be read, for people.

    `as_text` gives a query over one file (`$files`) in which every column is text. Where each value fits, the file's
    own shape does not, and `error` may know the line.
    """
    with duckdb.connect() as connection:
        for file in landed:
            try:
                found = _columns_that_do_not_fit(connection, as_text(file), file, columns)
            except duckdb.Error as shape:
                return f"{file.name} is not of the shape that was asked for{_line(shape)}"
            if found:
                return f"{file.name}: {', '.join(found)}"
    return f"the pages are not of the shape that was asked for{_line(error)}"


def _columns_that_do_not_fit(
    connection: duckdb.DuckDBPyConnection, rows: str, file: Path, columns: Sequence[Column]
) -> list[str]:
    counts = ", ".join(f"count(*) FILTER ({does_not_fit(column)})" for column in columns)
    sql = f"SELECT {counts} FROM ({rows})"  # noqa: S608 - quoted
    counted = connection.execute(sql, {"files": [str(file)]}).fetchone() or ()
    return [
        f"{column.name} as {column.sql_type} in {count:,} of its rows"
        for column, count in zip(columns, counted, strict=True)
        if count
    ]


def does_not_fit(column: Column) -> str:
    name = quote(column.name)
    if column.name == "Id":
        return f"{name} IS NULL"
    if column.sql_type == "VARCHAR" or column.sql_type.endswith("[]"):
        return "false"
    misfits = f"{name} IS NOT NULL AND TRY_CAST({name} AS {column.sql_type}) IS NULL"
    if column.sql_type == "DOUBLE":
        return f"{misfits} OR isinf(TRY_CAST({name} AS DOUBLE))"
    if column.sql_type == "BIGINT":
        number = f"TRY_CAST({name} AS {FRACTIONAL})"
        return f"{misfits} OR {number} <> trunc({number})"
    return misfits


def _line(error: duckdb.Error) -> str:
    found = re.search(r"CSV Error on Line: (\d+)", str(error))
    return f", at line {found[1]}" if found else ""
