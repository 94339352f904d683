"""What became of each row of an upload, as the files that the org itself writes.

Each row of the CSV stands in one of three files, with its cells as they were sent, in no order. Rows are paired with
what was sent by their cells: by Id, or by an external id, or by a column that tells them apart.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from sf_elt.salesforce.connection import halting
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.downloads.pages import CHUNK, fetch_page, opened
from sf_elt.salesforce.errors import ReplyTruncated, RequestRefused
from sf_elt.salesforce.save_codes import NO_REASON, Meaning, meaning_of
from sf_elt.salesforce.uploads.jobs import UploadJob, upload_state

# `REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --`, and several of these with `;` between.
_ROW_ERROR = re.compile(r"([A-Z][A-Z0-9_]*):(.*?)(?::([\w., ]*?))? ?--(?:;|$)", re.DOTALL)


MOST_OF_ROW = 32 << 20  # bytes: what was sent of it, and why it was refused
MOST_COLUMNS = 10_000
csv.field_size_limit(MOST_OF_ROW)  # of the process: without it a text of 131,073 characters could not be read


@dataclass(frozen=True)
class UploadResults:
    """Three CSV files (with `.gz` where they came compressed); one without rows has a header, or is empty.

    successful   sf__Id, sf__Created (`true` for a new record), and the columns that were sent
    failed       sf__Id (empty where there is no record), sf__Error (see `read_row_error`), and the columns
    unprocessed  the columns: rows that a job which ended early did not come to, and of which nothing was written
    """

    successful: Path
    failed: Path
    unprocessed: Path


@dataclass(frozen=True)
class RowError:
    """Why a row was refused: Salesforce's code, its words, and the fields it names."""

    code: str
    message: str
    fields: tuple[str, ...] = ()

    @property
    def meaning(self) -> Meaning:
        return meaning_of(self.code)


def upload_results(org: Org, job_id: str, folder: Path) -> UploadResults:
    """The three files of a job that has ended, however it did, each read in one call and byte for byte.

    A file that has landed is not read again. What has come is compared with the rows that a completed job counts: a
    file that is short is read again. Raises ReplyTruncated where it stays short, RequestRefused where the job has not
    ended, or was made with another version of the API.
    """
    names = ("successfulResults", "failedResults", "unprocessedrecords")
    there = [_landed(folder / f"{job_id}-{each}.csv") for each in names]
    if None in there:
        job = upload_state(org, job_id)
        least = (job.records or 0) - job.failed, job.failed, 0
        there = [
            file or _fetch(org, job, each, folder / f"{job_id}-{each}.csv", rows)
            for file, each, rows in zip(there, names, least, strict=True)
        ]
    return UploadResults(*(file for file in there if file is not None))


def read_row_error(cell: str) -> RowError:
    """The first error of a cell of `sf__Error`."""
    found = _ROW_ERROR.match(cell)
    if found is None:
        return RowError(NO_REASON, cell)
    fields = tuple(each.strip() for each in (found[3] or "").split(",") if each.strip())
    return RowError(found[1], found[2], fields)


def rows_in(file: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """The rows of a landed file, with their cells by name: these columns, of which some may not be there.

    Raises RequestRefused for what is no CSV, has no end of a line, or far more columns than anybody sends.
    """
    fed = 0

    def lines() -> Iterator[str]:
        nonlocal fed
        with opened(file) as body:
            while line := body.readline(MOST_OF_ROW):
                fed += len(line)
                if fed >= MOST_OF_ROW:
                    raise RequestRefused(f"{file.name}: a row of the results has more than {MOST_OF_ROW >> 20} MB")
                yield line.decode("utf-8-sig")

    rows = csv.reader(lines())
    try:
        header = next(rows, [])
        if len(header) > MOST_COLUMNS:
            raise RequestRefused(f"{file.name}: the results have {len(header):,} columns")
        places = {name: header.index(name) for name in columns if name in header}
        for row in rows:
            fed = 0
            yield {name: row[place] for name, place in places.items() if place < len(row)}
    except (csv.Error, UnicodeDecodeError) as error:  # which may repeat a cell
        raise RequestRefused(f"{file.name}: the results of an upload are no CSV ({type(error).__name__})") from None


def count_rows(file: Path) -> int:
    """The rows of a landed CSV below its header: line feeds that stand outside quotes."""
    lines, quoted, last = 0, False, b"\n"
    with opened(file) as body:
        while block := body.read(CHUNK):
            for number, part in enumerate(block.split(b'"')):
                quoted ^= number > 0
                lines += 0 if quoted else part.count(b"\n")
            last = block[-1:]
    return max(0, lines + (last != b"\n") - 1)


def _landed(file: Path) -> Path | None:
    compressed = file.with_name(f"{file.name}.gz")
    return next((each for each in (file, compressed) if each.exists()), None)


def _fetch(org: Org, job: UploadJob, results: str, file: Path, least: int) -> Path:
    """Reads one file, again where it holds fewer rows than a completed job counts."""
    attempts = Retrying(
        retry=retry_if_exception_type(_Short),
        wait=wait_random_exponential(multiplier=org.transport.patience.first_wait, max=30),
        stop=stop_after_attempt(org.transport.patience.attempts),
        sleep=halting.sleep,
        reraise=True,
    )
    return attempts(_fetch_once, org, job, results, file, least if job.state == "JobComplete" else 0)


class _Short(ReplyTruncated):
    """A file that ended as if it were whole, and is not."""


def _fetch_once(org: Org, job: UploadJob, results: str, file: Path, least: int) -> Path:
    unchecked = file.with_name(f"unchecked-{file.name}")
    landed = fetch_page(org, f"jobs/ingest/{job.id}/{results}", unchecked, headers={"Accept": "text/csv"}).file
    rows = count_rows(landed)
    if rows < least:
        raise _Short(f"{results} of upload job {job.id} came with {rows:,} rows of {least:,}; run it again later")
    return landed.rename(file.with_name(landed.name.removeprefix("unchecked-")))
