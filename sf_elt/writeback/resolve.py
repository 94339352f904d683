"""Records in doubt: the request left, its outcome is not known. The org is asked before anything is sent again."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from sf_elt.salesforce import ObjectDescribe, Org, RequestRefused
from sf_elt.salesforce.write import SaveResult
from sf_elt.warehouse import Warehouse, WarehouseEmpty
from sf_elt.writeback.by_bulk import Ended, find_out, upload_folder
from sf_elt.writeback.by_collections import UNDELETE
from sf_elt.writeback.held import MOST_RECORDS, Values, chunks, differing_fields, look_up
from sf_elt.writeback.journal import (
    Outcome,
    PlannedRow,
    forget_job,
    previous_values,
    release,
    rows_in_doubt,
    settle,
)
from sf_elt.writeback.made import records_made
from sf_elt.writeback.same_object import require_same_object
from sf_elt.writeback.saved import outcome_of
from sf_elt.writeback.spec import ExportSpec

log = logging.getLogger(__name__)

CONFIRMED_BY_LOOKUP = "CONFIRMED_BY_LOOKUP"


def resolve_in_doubt(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    described: ObjectDescribe,
    *,
    now: datetime,
    run_id: str,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Looks up every record in doubt of the export, and gives how many the org holds as they were sent.

    Those are logged as succeeded; the others may be sent again, with whatever their values are by now. Raises
    ExportMisconfigured where they are records of another object.
    """
    try:
        with warehouse.read() as connection:
            require_same_object(connection, spec)
            rows = rows_in_doubt(connection, spec.name)
    except WarehouseEmpty:
        return 0
    confirmed = _of_jobs(org, warehouse, spec, described, rows, now=now, run_id=run_id)
    if confirmed or any(row.job_id for row in rows):
        with warehouse.read() as connection:
            rows = rows_in_doubt(connection, spec.name)
    known = {field.name for field in described.fields}
    fields = sorted({field for row in rows for field in row.payload} & known)
    for some in chunks([row for row in rows if row.operation != "create"], MOST_RECORDS):
        held = look_up(org, spec.object, fields, sorted({str(row.record_id) for row in some}))
        arrived = [row for row in some if _has_arrived(described, row, held)]
        with warehouse.write() as connection:
            before = previous_values(connection, arrived)
            outcomes = [_confirmed(described, row, before.get((row.plan_id, str(row.record_id)))) for row in arrived]
            settle(connection, outcomes, export=spec.name, now=now, run_id=run_id)
            release(connection, some)
        confirmed += len(arrived)
    if created := [row for row in rows if row.operation == "create"]:
        found = records_made(org, warehouse, spec, described, created, pause)
        outcomes = [_confirmed(described, row, None, record_id) for row, record_id in found]
        with warehouse.write() as connection:
            settle(connection, outcomes, export=spec.name, now=now, run_id=run_id)
            release(connection, created)
        confirmed += len(found)
    return confirmed


def _of_jobs(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    described: ObjectDescribe,
    rows: Sequence[PlannedRow],
    *,
    now: datetime,
    run_id: str,
) -> int:
    """Settles what bulk jobs have done that nobody waited for; gives how many records they wrote.

    A row that no line of the results is like stays in doubt, without its job: it is looked for like any other.
    """
    written = 0
    for job_id in dict.fromkeys(row.job_id for row in rows if row.job_id is not None):
        of_job = [row for row in rows if row.job_id == job_id]
        try:
            ended = find_out(org, spec, job_id, of_job, upload_folder(warehouse, spec))
        except RequestRefused as error:
            log.warning("export %s: what became of bulk job %s cannot be read: %s", spec.name, job_id, error)
            ended = Ended({})
        with warehouse.write() as connection:
            before = previous_values(connection, of_job)
            outcomes = [
                _of_job(described, row, ended.results[row.row_number], before.get((row.plan_id, str(row.record_id))))
                for row in of_job
                if row.row_number in ended.results
            ]
            settle(connection, outcomes, export=spec.name, now=now, run_id=run_id)
            release(connection, [row for row in of_job if row.row_number in ended.untouched])
            forget_job(connection, job_id)
        written += sum(outcome.status == "succeeded" for outcome in outcomes)
    return written


def _of_job(described: ObjectDescribe, row: PlannedRow, result: SaveResult, before: Values | None) -> Outcome:
    return outcome_of(row, result, _changed(described, row, before), "bulk")


def _changed(described: ObjectDescribe, row: PlannedRow, before: Values | None) -> list[str]:
    """The fields that the request has changed. What was not sent is not among the values of before."""
    sent = {field: value for field, value in row.payload.items() if before is None or field in before}
    return differing_fields(described, sent, before)


def _has_arrived(described: ObjectDescribe, row: PlannedRow, held: dict[str, Values]) -> bool:
    if row.operation in ("delete", UNDELETE):
        return (row.record_id in held) == (row.operation == UNDELETE)
    return not differing_fields(described, row.payload, held.get(str(row.record_id)))


def _confirmed(
    described: ObjectDescribe, row: PlannedRow, before: Values | None, record_id: str | None = None
) -> Outcome:
    return Outcome(
        row,
        status="succeeded",
        changed_fields=_changed(described, row, before),
        transport="lookup",
        code=CONFIRMED_BY_LOOKUP,
        message="the org holds the values of a request whose answer was lost",
        record_id=record_id,
    )
