"""A query job's rows: one CSV file that DuckDB writes while the job runs, and where each of its rows begins.

Any page is a piece of that file behind its header: no page costs more than its own bytes, whatever `maxRecords` is.
"""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from sf_elt.demo_org.bulk.csv_rows import row_starts
from sf_elt.demo_org.bulk.dialect import Dialect
from sf_elt.demo_org.bulk.packing import Blocks, pack
from sf_elt.demo_org.errors import OrgError

DEFAULT_PAGE = 100_000


@dataclass(frozen=True)
class Page:
    """One page of a job's results: its parts of the file, how many records it holds, where the next begins."""

    file: Path
    header: slice
    rows: slice
    records: int
    next_row: int | None


@dataclass(frozen=True)
class Rows:
    """The rows of a query. `starts` holds the offset of each row in the file, and last the file's length.

    `blocks` are the rows packed, where the job's client takes gzip.
    """

    file: Path
    starts: NDArray[np.int64]
    blocks: Blocks | None = None

    @property
    def total(self) -> int:
        return len(self.starts) - 1

    @property
    def size(self) -> int:
        """The file's length in bytes."""
        return int(self.starts[-1])

    def page(self, first_row: int, most: int | None) -> Page:
        """The rows from `first_row` on, `most` of them at most."""
        end = min(first_row + (most or DEFAULT_PAGE), self.total)
        rows = slice(int(self.starts[first_row]), int(self.starts[end]))
        header = slice(0, int(self.starts[0]))
        return Page(self.file, header, rows, end - first_row, end if end < self.total else None)


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    select: str,
    parameters: list[object],
    file: Path,
    dialect: Dialect,
    *,
    packed: bool = False,
) -> Rows:
    """Runs a SELECT of texts into a CSV file, every cell quoted as Salesforce does; `packed` for gzip, too."""
    options = f"HEADER, FORCE_QUOTE *, DELIMITER '{dialect.separator}', NEW_LINE '{dialect.escaped_newline}'"
    name = str(file).replace("'", "''")
    connection.execute(f"COPY ({select}) TO '{name}' (FORMAT csv, {options})", parameters)
    with file.open("rb") as stream:
        starts = row_starts(stream)
    return Rows(file, starts, pack(file, starts) if packed and len(starts) > 1 else None)


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
