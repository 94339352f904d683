"""What an ingest job does with its CSV: rows become records, records are saved in batches, every row gets a verdict.

`#N/A` clears a field, an empty cell leaves it alone. Afterwards every row of the upload stands in exactly one of the
three result files, and not in the order of the upload: real results come in no order either.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sf_elt.demo_org.bulk.dialect import Dialect
from sf_elt.demo_org.bulk.jobs import JobFailed
from sf_elt.demo_org.saving import Operation, SaveOutcome, save
from sf_elt.demo_org.schema import Field, FieldType, ObjectType, Schema
from sf_elt.demo_org.store import Store

SUCCESSFUL, FAILED, UNPROCESSED = "successful.csv", "failed.csv", "unprocessed.csv"
RESULT_FILES = {"successfulresults": SUCCESSFUL, "failedresults": FAILED, "unprocessedrecords": UNPROCESSED}
BATCH = 200
CLEARED = "#N/A"

Row = tuple[str, ...]


@dataclass(frozen=True)
class Upload:
    """The work of one ingest job."""

    store: Store
    user_id: str
    schema: Schema
    object_type: ObjectType
    operation: Operation
    external_id_field: str | None
    dialect: Dialect
    file: Path


@dataclass
class Verdicts:
    """The rows of an upload by what became of them; each with the columns that its result file puts first."""

    header: Row = ()
    succeeded: list[Row] = field(default_factory=list)
    failed: list[Row] = field(default_factory=list)
    unprocessed: list[Row] = field(default_factory=list)

    def note(self, rows: Sequence[Row], outcomes: Sequence[SaveOutcome]) -> None:
        for row, outcome in reversed(list(zip(rows, outcomes, strict=True))):
            if outcome.success:
                self.succeeded.append((outcome.id or "", "true" if outcome.created else "false", *row))
            else:
                self.failed.append((outcome.id or "", _error_text(outcome), *row))

    def write(self, folder: Path, dialect: Dialect) -> None:
        """Writes the three result files."""
        dialect.write(folder / SUCCESSFUL, ("sf__Id", "sf__Created", *self.header), self.succeeded)
        dialect.write(folder / FAILED, ("sf__Id", "sf__Error", *self.header), self.failed)
        dialect.write(folder / UNPROCESSED, self.header, self.unprocessed)


def apply_csv(upload: Upload, verdicts: Verdicts, stop_if_aborted: Callable[[], None]) -> None:
    """Saves the upload's records batch by batch and notes each row's verdict; what is not reached stays unprocessed.

    Raises JobFailed where the CSV as a whole cannot be used.
    """
    rows = _read(upload.file, upload.dialect)
    verdicts.header = next(rows, ())
    verdicts.unprocessed = list(rows)
    columns = _columns(upload, verdicts.header)
    if any(len(row) != len(columns) for row in verdicts.unprocessed):
        raise JobFailed("InvalidBatch : Failed to parse CSV: a row has more or fewer cells than the header")
    while batch := verdicts.unprocessed[:BATCH]:
        stop_if_aborted()
        outcomes = save(
            upload.store,
            upload.user_id,
            upload.object_type.name,
            upload.operation,
            [_record(columns, row) for row in batch],
            external_id_field=upload.external_id_field,
            schema=upload.schema,
        )
        verdicts.note(batch, outcomes)
        del verdicts.unprocessed[: len(batch)]


def _read(file: Path, dialect: Dialect) -> Iterator[Row]:
    """The rows of the upload, the header first. Raises JobFailed where it is no CSV of the job's dialect."""
    if not file.exists():
        return
    with file.open("rb") as stream:
        first_line = stream.readline()
    if first_line.endswith(b"\r\n") != (dialect.line_ending == "CRLF") and first_line.endswith(b"\n"):
        raise JobFailed(
            f"InvalidBatch : LineEnding is invalid on user data. Current LineEnding setting is {dialect.line_ending}"
        )
    with file.open(encoding="utf-8-sig", newline="") as stream:
        try:
            yield from (tuple(row) for row in csv.reader(stream, delimiter=dialect.separator, strict=True) if row)
        except (csv.Error, UnicodeDecodeError) as error:
            raise JobFailed(f"InvalidBatch : Failed to parse CSV: {error}") from error


def _columns(upload: Upload, header: Row) -> list[Field]:
    """The field of each column. Raises JobFailed for a column that is none of the object's fields."""
    if upload.operation in ("delete", "hardDelete") and [name.lower() for name in header] != ["id"]:
        raise JobFailed(f"InvalidBatch : The '{upload.operation}' batch must contain only ids")
    columns = []
    for name in header:
        found = upload.object_type.field(name)
        if found is None:
            raise JobFailed(f"InvalidBatch : Field name not found : {name}")
        columns.append(found)
    if len({column.name for column in columns}) < len(columns):
        raise JobFailed("InvalidBatch : Duplicate column in the header")
    return columns


def _record(columns: Sequence[Field], row: Row) -> dict[str, object]:
    """The record that a row says to save: empty cells are left out, `#N/A` becomes null."""
    return {
        column.name: None if cell == CLEARED else _value(column.type, cell)
        for column, cell in zip(columns, row, strict=True)
        if cell != ""
    }


def _value(field_type: FieldType, cell: str) -> object:
    """The cell as saving takes it: text for all but flags, which a CSV may also say as 1 and 0."""
    return {"1": True, "0": False}.get(cell, cell) if field_type == "boolean" else cell


def _error_text(outcome: SaveOutcome) -> str:
    """As failedResults words it: `REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --`."""
    return ";".join(f"{error.status_code}:{error.message}:{','.join(error.fields)} --" for error in outcome.errors)
