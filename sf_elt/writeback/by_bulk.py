"""Records sent by Bulk API 2.0: one job for many of them, written down before it begins, so that any end is found out.

The rows of a job are in doubt from before its CSV leaves until its result files are read. Whoever comes later asks the
job itself what became of them: nothing is sent twice, also where it creates records.
"""

import csv
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sf_elt.counting import count
from sf_elt.salesforce import JobFailed, Org
from sf_elt.salesforce.ids import is_id
from sf_elt.salesforce.uploads import (
    MOST_BYTES,
    UploadOperation,
    UploadResults,
    abort_upload,
    close_upload,
    create_upload,
    read_row_error,
    rows_in,
    send_upload,
    upload_results,
    upload_state,
    wait_for_upload,
)
from sf_elt.salesforce.write import SaveResult
from sf_elt.warehouse import Warehouse
from sf_elt.warehouse.errors import room_for
from sf_elt.warehouse.private import private_files
from sf_elt.writeback.held import as_text
from sf_elt.writeback.journal import PlannedRow
from sf_elt.writeback.spec import ExportSpec

log = logging.getLogger(__name__)

FROM = 2000
"""Records from which on a job costs fewer calls, as Salesforce itself recommends."""

MOST_ROWS = 100_000
"""Of one job: what is in doubt at a time, and in memory."""

CLEARED = "#N/A"

_OWN = ("sf__Id", "sf__Created", "sf__Error")

Cells = dict[str, str]
Values = Mapping[int, Mapping[str, object]]


@dataclass(frozen=True)
class Upload:
    """One job's rows, with the cells that its CSV has for each."""

    operation: UploadOperation
    rows: Sequence[PlannedRow]
    cells: Sequence[Cells]


def goes_by_bulk(spec: ExportSpec, rows: int) -> bool:
    """Whether so many records of one operation go by a bulk job. A job cannot allow duplicates: REST can."""
    if spec.transport == "rest" or spec.duplicates == "allow":
        return False
    return spec.transport == "bulk" or rows >= FROM


def fits_a_cell(values: Mapping[str, object]) -> bool:
    """Whether a CSV can say these values. The text `#N/A` would clear its field; a carriage return without a line feed
    is no line ending of the job, for which the org may refuse all its rows.
    """
    return not any(
        isinstance(value, str) and (value == CLEARED or "\r" in value.replace("\r\n", "")) for value in values.values()
    )


def uploads(spec: ExportSpec, rows: Sequence[PlannedRow], values: Values) -> Iterator[Upload]:
    """The rows of one operation as jobs, each within what one job takes."""
    some: list[PlannedRow] = []
    cells: list[Cells] = []
    size = 0
    for row in rows:
        of_row = _cells(row, values[row.row_number])
        bytes_of_row = sum(len(cell.encode()) + 3 + cell.count('"') for cell in of_row.values()) + 64 * len(of_row)
        if some and (size + bytes_of_row > MOST_BYTES or len(some) == MOST_ROWS):
            yield Upload(_operation(spec, some[0]), some, cells)
            some, cells, size = [], [], 0
        some.append(row)
        cells.append(of_row)
        size += bytes_of_row
    if some:
        yield Upload(_operation(spec, some[0]), some, cells)


def upload_folder(warehouse: Warehouse, spec: ExportSpec) -> Path:
    """Where the files of the export's jobs lie while they are needed; only their owner may read them."""
    return warehouse.landing(f"export_{spec.name}")


def make_job(org: Org, spec: ExportSpec, upload: Upload) -> str:
    """A job that does nothing yet; its id is written down before anything else."""
    external_id = spec.external_id if upload.operation == "upsert" else None
    return create_upload(org, spec.object, upload.operation, external_id=external_id)


@dataclass(frozen=True)
class Ended:
    """What became of a job's rows, by row number. A row in neither stays in doubt: no line of the org is like it."""

    results: Mapping[int, SaveResult]
    untouched: frozenset[int] = frozenset()
    """Rows that the job did not come to: nothing of them was written."""


@private_files()
def carry_out(org: Org, job_id: str, upload: Upload, begun: Sequence[PlannedRow], folder: Path) -> Ended:
    """Sends the rows that have begun and waits for the job.

    Raises JobFailed where it could not begin, AllowanceSpent, OrgUnavailable, WarehouseFull: its rows are in doubt.
    """
    going = {row.row_number for row in begun}
    sent = [(row, cells) for row, cells in zip(upload.rows, upload.cells, strict=True) if row.row_number in going]
    file = _csv(folder, job_id)
    try:
        with room_for(file):
            _write(file, [cells for _, cells in sent])
        send_upload(org, job_id, file)
        close_upload(org, job_id)
        with suppress(JobFailed):  # its result files tell which rows it came to
            wait_for_upload(org, job_id, expected=len(sent))
        return _read(org, job_id, sent, upload.operation, folder)
    finally:
        file.unlink(missing_ok=True)


def _csv(folder: Path, job_id: str) -> Path:
    """What a job is sent, which names people: it lies there no longer than it is needed."""
    return folder / f"{job_id}.csv"


@private_files()
def find_out(org: Org, spec: ExportSpec, job_id: str, rows: Sequence[PlannedRow], folder: Path) -> Ended:
    """What became of the rows of a job that nobody has waited for. One that has not begun is stopped."""
    _csv(folder, job_id).unlink(missing_ok=True)  # whoever was killed has left it
    job = upload_state(org, job_id)
    if job.state == "Open":
        job = abort_upload(org, job_id)
        if not job.records:
            return Ended({}, frozenset(row.row_number for row in rows))
    if job.state in ("UploadComplete", "InProgress"):
        with suppress(JobFailed):
            wait_for_upload(org, job_id, expected=len(rows))
    sent = [(row, _cells(row, row.payload)) for row in rows]
    return _read(org, job_id, sent, _operation(spec, rows[0]), folder)


def _read(
    org: Org, job_id: str, sent: Sequence[tuple[PlannedRow, Cells]], operation: UploadOperation, folder: Path
) -> Ended:
    """The result files, which are removed once they are read."""
    with room_for(folder / job_id):
        files = upload_results(org, job_id, folder)
    try:
        return _paired(files, sent, operation)
    finally:
        for file in (files.successful, files.failed, files.unprocessed):
            file.unlink(missing_ok=True)


def _paired(files: UploadResults, sent: Sequence[tuple[PlannedRow, Cells]], operation: UploadOperation) -> Ended:
    """Each row with its line of the result files: by its Id, or by all its cells, where rows of the same cells are one
    another's equals.
    """
    names = ["Id"] if operation in ("update", "delete") else sorted({name for _, cells in sent for name in cells})
    waiting: defaultdict[tuple[str, ...], list[PlannedRow]] = defaultdict(list)
    for row, cells in sent:
        waiting[_key(cells, names)].append(row)
    said: defaultdict[tuple[str, ...], list[SaveResult | None]] = defaultdict(list)
    strangers = 0
    for file in (files.successful, files.failed, files.unprocessed):
        for line in rows_in(file, [*names, *_OWN]):
            key = _key(line, names)
            if key not in waiting or any(name not in line for name in names):
                strangers += 1
            elif len(said[key]) <= len(waiting[key]):
                said[key].append(_result(file, files, line))
    found, untouched, doubtful = _settled(waiting, said, operation)
    if strangers or doubtful:
        log.warning(
            "the results of a bulk job have %s that was not sent, and say of %s no outcome that can be: these are "
            "looked for", count(strangers, "row"), count(doubtful, "record"),
        )  # fmt: skip
    return Ended(found, untouched)


def _settled(
    waiting: Mapping[tuple[str, ...], Sequence[PlannedRow]],
    said: Mapping[tuple[str, ...], Sequence[SaveResult | None]],
    operation: UploadOperation,
) -> tuple[dict[int, SaveResult], frozenset[int], int]:
    """Results by row number, rows that were not come to, and how many there are of which what is said cannot be.

    More outcomes than rows; a success without an Id, with another record's, or with that of another new record.
    """
    found: dict[int, SaveResult] = {}
    untouched: set[int] = set()
    made: set[str] = set()
    doubtful = 0
    for key, results in said.items():
        rows = waiting[key]
        if len(results) > len(rows):
            doubtful += len(rows)
            continue
        for row, result in zip(rows, results, strict=False):
            if result is None:
                untouched.add(row.row_number)
            elif result.success and not _can_be(result.record_id, row, made, operation):
                doubtful += 1
            else:
                found[row.row_number] = result
    return found, frozenset(untouched), doubtful


def _can_be(record_id: str | None, row: PlannedRow, made: set[str], operation: UploadOperation) -> bool:
    """Whether this can be the record of a row that was saved. `made` are the new ones so far."""
    if record_id is None or not is_id(record_id):
        return False
    if operation in ("update", "delete"):
        return record_id[:15] == str(row.record_id)[:15]
    is_another = operation == "insert" and record_id[:15] in made
    made.add(record_id[:15])
    return not is_another


def _result(file: Path, files: UploadResults, line: Cells) -> SaveResult | None:
    """None for a row that the job did not come to."""
    if file is files.unprocessed:
        return None
    return _saved(line) if file is files.successful else _refused(line)


def _saved(line: Cells) -> SaveResult:
    return SaveResult(line.get("sf__Id") or None, success=True, created=line.get("sf__Created", "").lower() == "true")


def _refused(line: Cells) -> SaveResult:
    error = read_row_error(line.get("sf__Error", ""))
    return SaveResult(
        line.get("sf__Id") or None, success=False, code=error.code, message=error.message, fields=error.fields
    )


def _key(cells: Cells, names: Sequence[str]) -> tuple[str, ...]:
    if names == ["Id"]:
        return (cells.get("Id", "")[:15],)
    return tuple(cells.get(name, "").replace("\r\n", "\n").strip() for name in names)


def _write(file: Path, cells: Sequence[Cells]) -> None:
    names = list(dict.fromkeys(name for of_row in cells for name in of_row))
    with file.open("w", encoding="utf-8", newline="") as body:
        writer = csv.DictWriter(body, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(cells)


def _operation(spec: ExportSpec, row: PlannedRow) -> UploadOperation:
    match row.operation:
        case "update":
            return "update"
        case "delete":
            return "delete"
        case _:
            return "upsert" if spec.external_id else "insert"


def _cells(row: PlannedRow, values: Mapping[str, object]) -> Cells:
    own = {"Id": row.record_id or ""} if row.operation in ("update", "delete") else {}
    if row.operation == "delete":
        return own
    return own | {field: CLEARED if value is None else as_text(value) or "" for field, value in values.items()}
