"""A query job's rows: from SQL to a Parquet file of texts, and from there to pages of CSV. DuckDB does all of it."""
# ruff: noqa: S608 (file names are ours and quoted, numbers are formatted as numbers)

import base64
import binascii
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import duckdb
from starlette.responses import FileResponse

from sf_elt.demo_org.bulk.dialect import Dialect
from sf_elt.demo_org.errors import OrgError

ROWS_FILE = "rows.parquet"
DEFAULT_PAGE = 100_000


class CsvFile(FileResponse):
    """A CSV on disk as a reply, read in larger pieces than usual: each costs a switch of threads."""

    media_type = "text/csv"
    chunk_size = 512 * 1024


@dataclass(frozen=True)
class Page:
    """One page of a job's results: its CSV, how many records it holds, where the next begins (None = the last)."""

    file: Path
    records: int
    next_row: int | None


def keep_rows(connection: duckdb.DuckDBPyConnection, select: str, parameters: list[object], folder: Path) -> int:
    """Runs a SELECT of texts into the job's Parquet file and says how many rows it gave."""
    copy = f"COPY ({select}) TO '{_literal(folder / ROWS_FILE)}' (FORMAT parquet, COMPRESSION zstd)"
    row = connection.execute(copy, parameters).fetchone()
    return int(row[0]) if row else 0


def page(folder: Path, dialect: Dialect, *, first_row: int, total: int, most: int | None) -> Page:
    """The CSV of the rows from `first_row` on, `most` of them at most; written once, then kept with the job."""
    size = min(most or DEFAULT_PAGE, total - first_row)
    end = first_row + size
    file = folder / f"{first_row}-{end}.csv"
    if not file.exists():
        unfinished = folder / f"{file.name}.{secrets.token_hex(4)}"
        rows = f"read_parquet('{_literal(folder / ROWS_FILE)}', file_row_number = true)"
        chosen = f"WHERE file_row_number >= {first_row:d} AND file_row_number < {end:d} ORDER BY file_row_number"
        options = f"HEADER, FORCE_QUOTE *, DELIMITER '{dialect.separator}', NEW_LINE '{dialect.escaped_newline}'"
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT * EXCLUDE (file_row_number) FROM {rows} {chosen}) "
                f"TO '{_literal(unfinished)}' (FORMAT csv, {options})"
            )
        os.replace(unfinished, file)  # noqa: PTH105 - atomic, and the same on every platform
    return Page(file, size, end if end < total else None)


def locator(row: int | None) -> str:
    """The Sforce-Locator that leads to a row; the text `null` after the last page, as Salesforce says it."""
    return "null" if row is None else base64.urlsafe_b64encode(str(row).encode()).decode().rstrip("=")


def row_of(given: str | None, total: int) -> int:
    """The row a locator leads to; without one, the first. Raises OrgError for a locator that is not ours."""
    if given is None:
        return 0
    try:
        row = int(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode("ascii"))
    except (ValueError, binascii.Error):
        row = -1
    if not 0 <= row < total or locator(row) != given:
        raise OrgError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return row


def _literal(file: Path) -> str:
    return str(file).replace("'", "''")
