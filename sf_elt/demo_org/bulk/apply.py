"""What an ingest job does with its CSV: rows become records, records are saved in batches, every row gets a verdict.

`#N/A` clears a field, an empty cell leaves it alone. Afterwards every row of the upload stands in exactly one of the
three result files, and not in the order of the upload: real results come in no order either.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sf_elt.demo_org.bulk.dialect import Dialect
from sf_elt.demo_org.bulk.header import Column, read_header
from sf_elt.demo_org.bulk.jobs import Job, JobFailed
from sf_elt.demo_org.bulk.quota import BATCH_RECORDS, Quota
from sf_elt.demo_org.bulk.together import saved_at_once
from sf_elt.demo_org.saving import Operation, SaveOutcome, save
from sf_elt.demo_org.schema import FieldType, ObjectType, Schema
from sf_elt.demo_org.store import Store

SUCCESSFUL, FAILED, UNPROCESSED = "successful.csv", "failed.csv", "unprocessed.csv"
RESULT_FILES = {"successfulresults": SUCCESSFUL, "failedresults": FAILED, "unprocessedrecords": UNPROCESSED}
CLEARED = "#N/A"

Row = tuple[str, ...]


@dataclass(frozen=True)
class Upload:
    """The work of one ingest job. `view` gives the org as the user sees it at that moment."""

    store: Store
    quota: Quota
    clock: Callable[[], datetime]
    user_id: str
    view: Callable[[], Schema]
    object_type: ObjectType
    operation: Operation
    external_id_field: str | None
    dialect: Dialect
    file: Path

    def save(self, records: Sequence[Mapping[str, object]]) -> list[SaveOutcome]:
        """Saves one chunk."""
        return save(
            self.store,
            self.user_id,
            self.object_type.name,
            self.operation,
            records,
            external_id_field=self.external_id_field,
            schema=self.view(),
        )


@dataclass
class Verdicts:
    """The rows of an upload by what became of them; each with the columns that its result file puts first."""

    header: Row = ()
    succeeded: list[Row] = field(default_factory=list)
    failed: list[Row] = field(default_factory=list)
    unprocessed: list[Row] = field(default_factory=list)
    records_processed: int = 0
    records_failed: int = 0
    records_unprocessed: int = 0

    def note(self, rows: Sequence[Row], outcomes: Sequence[SaveOutcome]) -> None:
        for row, outcome in reversed(list(zip(rows, outcomes, strict=True))):
            if outcome.success:
                self.succeeded.append((outcome.id or "", "true" if outcome.created else "false", *row))
            else:
                self.failed.append((outcome.id or "", error_text(outcome), *row))
        self.records_processed += len(rows)
        self.records_failed = len(self.failed)

    def write(self, folder: Path, dialect: Dialect) -> None:
        """Writes the three result files and keeps no more than the counts."""
        dialect.write(folder / SUCCESSFUL, ("sf__Id", "sf__Created", *self.header), self.succeeded)
        dialect.write(folder / FAILED, ("sf__Id", "sf__Error", *self.header), self.failed)
        dialect.write(folder / UNPROCESSED, self.header, self.unprocessed)
        self.records_unprocessed = len(self.unprocessed)
        self.succeeded, self.failed, self.unprocessed = [], [], []

    def rows_of(self, file_name: str) -> int:
        """How many rows a result file that was written holds."""
        succeeded = self.records_processed - self.records_failed
        return {SUCCESSFUL: succeeded, FAILED: self.records_failed, UNPROCESSED: self.records_unprocessed}[file_name]


def apply_csv(upload: Upload, verdicts: Verdicts, job: Job) -> None:
    """Saves the upload's records chunk by chunk and notes each row's verdict; what is not reached stays unprocessed.

    Raises JobFailed where the CSV as a whole cannot be used, QuotaSpent where the day's batches are used up.
    """
    check_line_ending(upload.file, upload.dialect)
    rows = read_csv(upload.file, upload.dialect)
    verdicts.header = next(rows, ())
    waiting = list(rows)
    verdicts.unprocessed = waiting
    columns = columns_of(upload.view(), upload.object_type, upload.operation, verdicts.header)
    if any(len(row) != len(columns) for row in waiting):
        raise JobFailed("InvalidBatch : Failed to parse CSV: a row has more or fewer cells than the header")
    size = saved_at_once(upload.store, upload.object_type, upload.operation, upload.external_id_field, columns, waiting)
    done = 0
    try:
        for piece in job.chunks(len(waiting), size):
            if piece.start % BATCH_RECORDS == 0:
                upload.quota.take_batches(1, upload.clock())
                upload.quota.take_records(min(BATCH_RECORDS, len(waiting) - piece.start), upload.clock())
            chunk = waiting[piece]
            verdicts.note(chunk, upload.save([record_of(columns, row) for row in chunk]))
            done = piece.stop
    finally:
        verdicts.unprocessed = waiting[done:]


def check_line_ending(file: Path, dialect: Dialect) -> None:
    """Raises JobFailed where the upload's lines end otherwise than the job said."""
    if not file.exists():
        return
    with file.open("rb") as stream:
        first_line = stream.readline()
    ends_as_said = first_line.endswith(b"\r\n") == (dialect.line_ending == "CRLF") or not first_line.endswith(b"\n")
    if not ends_as_said or b"\r" in first_line.removesuffix(b"\r\n"):
        raise JobFailed(
            "ClientInputError : LineEnding is invalid on user data. "
            f"Current LineEnding setting is {dialect.line_ending}"
        )


def read_csv(file: Path, dialect: Dialect) -> Iterator[Row]:
    """The rows of the upload, the header first. Raises JobFailed where it is no CSV of the job's delimiter.

    A byte order mark is the beginning of the first name, to Salesforce.
    """
    if not file.exists():
        return
    with file.open(encoding="utf-8", newline="\n") as lines:
        try:
            if lines.read(2) == '\ufeff"':
                quote = "Found unescaped quote. A value with quote should be within a quote"
                raise JobFailed(f"InvalidBatch : Failed to parse CSV. {quote}")
            lines.seek(0)
            yield from (tuple(row) for row in csv.reader(lines, delimiter=dialect.separator, strict=True) if row)
        except (csv.Error, UnicodeDecodeError) as error:
            raise JobFailed(f"InvalidBatch : Failed to parse CSV. {error}") from error


def columns_of(schema: Schema, object_type: ObjectType, operation: Operation, header: Row) -> list[Column]:
    """What each column is for. Raises JobFailed."""
    if operation in ("delete", "hardDelete") and [name.lower() for name in header] != ["id"]:
        raise JobFailed(f"InvalidBatch : The '{operation}' batch must contain only ids")
    return read_header(schema, object_type, header)


def record_of(columns: Sequence[Column], row: Row) -> dict[str, object]:
    """The record that a row says to save: empty cells are left out, `#N/A` becomes null."""
    return {
        column.name: None if cell == CLEARED else _value(column.field.type, cell)
        for column, cell in zip(columns, row, strict=True)
        if cell != ""
    }


def _value(field_type: FieldType, cell: str) -> object:
    """The cell as saving takes it: text for all but flags, which a CSV may also say as 1 and 0."""
    return {"1": True, "0": False}.get(cell, cell) if field_type == "boolean" else cell


def error_text(outcome: SaveOutcome) -> str:
    """As failedResults words it: `REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --`."""
    return ";".join(f"{error.status_code}:{error.message}:{','.join(error.fields)} --" for error in outcome.errors)
