"""Sending a plan: the intent is committed before each request leaves, the outcomes once its answer is there."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from sf_elt.salesforce import AllowanceSpent, Org
from sf_elt.salesforce.write import SaveResult
from sf_elt.streams.progress import Progress
from sf_elt.warehouse import Warehouse
from sf_elt.writeback.by_bulk import (
    MOST_ROWS,
    carry_out,
    fits_a_cell,
    goes_by_bulk,
    make_job,
    upload_folder,
    uploads,
)
from sf_elt.writeback.by_collections import UNDELETE, send_records
from sf_elt.writeback.counting import counting
from sf_elt.writeback.errors import ExportError
from sf_elt.writeback.held import MOST_RECORDS, Values, chunks, look_up
from sf_elt.writeback.journal import (
    Outcome,
    PlannedRow,
    begin_sending,
    end_plan,
    keep_previous_values,
    note_calls,
    release,
    settle,
    tally,
    waiting_by_operation,
    waiting_rows,
    written_by_operation,
)
from sf_elt.writeback.plan import Plan
from sf_elt.writeback.policy import MODIFIED_AT, Sending, looked_at, values_to_send
from sf_elt.writeback.report import ExportReport
from sf_elt.writeback.saved import ALREADY_HELD, matched_since, outcome_of
from sf_elt.writeback.spec import UPDATING, ExportSpec
from sf_elt.writeback.upserts import become_updates, found_by_external_id

log = logging.getLogger(__name__)


MOST_ATTEMPTS = 3  # of one record in one run
FIRST_PAUSE = 1.0  # seconds before records that were locked are sent again; doubles
CHANGED_BY_OTHERS = "CHANGED_BY_OTHERS"
ORDER = ("create", "update", "delete", UNDELETE)


def send_plan(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    plan: Plan,
    *,
    now: datetime,
    run_id: str,
    progress: Progress | None = None,
    pause: Callable[[float], None] = time.sleep,
    ends: bool = True,
) -> ExportReport:
    """Sends the planned records, and keeps the outcome of each in `sync_log`.

    Records that were locked, or that the org was too busy for, are sent up to three times; `pause` waits in between.
    Where the allowance of API calls ends, the plan is paused and the report says until when. With `ends` false the
    plan is not done when its records are: the caller ends it, with what belongs to it.

    Raises PlanSuperseded where another run has made a newer plan, or this one waits for approval; OrgUnavailable and
    RequestRefused where the org does not answer or refuses a request as a whole: its records are in doubt until the
    next run looks them up.
    """
    if plan.dry_run:
        raise ExportError(f"the plan of export {spec.name!r} was a dry run: there is nothing to send")
    started = time.monotonic()
    sending = _Sending(org, warehouse, spec, plan, now, run_id, progress)
    spent: AllowanceSpent | None = None
    with counting(org) as calls:
        try:
            for attempt in range(MOST_ATTEMPTS):
                if sending.left == 0:
                    break
                if attempt > 0:
                    pause(FIRST_PAUSE * 2 ** (attempt - 1))
                sending.send_round(attempt)
        except AllowanceSpent as error:
            spent = error
            log.info("export %s: %s", spec.name, error)
    spent_calls = plan.api_calls + calls.made
    with warehouse.write() as connection:
        if ends or spent is not None:
            end_plan(connection, plan.plan_id, "done" if spent is None else "paused", now=now)
        note_calls(connection, spec.name, spent_calls, org.allowance, now=now, run_id=run_id)
        ended = tally(connection, plan.plan_id)
        written = written_by_operation(connection, plan.plan_id)
    return ExportReport(
        export=spec.name,
        plan_id=plan.plan_id,
        planned=plan.rows_planned,
        succeeded=ended.get("succeeded", 0),
        by_operation=written,
        failed=ended.get("failed", 0),
        set_aside=plan.rows_set_aside + ended.get("set aside", 0),
        without_record=plan.rows_without_record,
        unchanged=plan.rows_unchanged,
        refused_before=plan.rows_refused_before,
        confirmed_by_lookup=plan.confirmed_by_lookup,
        waiting=plan.rows_planned - sum(ended.values()),
        api_calls=spent_calls,
        paused_until=spent.until if spent else None,
        paused_because=str(spent) if spent else "",
        seconds=time.monotonic() - started,
    )


@dataclass
class _Sending:
    """One plan on its way. `left` counts the records that have no final outcome yet, `waiting` those of a round."""

    org: Org
    warehouse: Warehouse
    spec: ExportSpec
    plan: Plan
    now: datetime
    run_id: str
    progress: Progress | None
    left: int = 0
    waiting: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._count_waiting()
        self.left = sum(self.waiting.values())

    def _count_waiting(self) -> None:
        with self.warehouse.read() as connection:
            self.waiting = waiting_by_operation(connection, self.plan.plan_id)

    def send_round(self, attempt: int) -> None:
        """Sends every record that has been sent `attempt` times and still waits."""
        if attempt > 0:
            self._count_waiting()
        for operation in ORDER:
            number = self.waiting.get(operation, 0)
            by_bulk = operation != UNDELETE and goes_by_bulk(self.spec, number)
            for rows in self._rows(operation, attempt, by_bulk=by_bulk) if number else ():
                self._send_rows(rows, by_bulk=by_bulk)

    def _rows(self, operation: str, attempt: int, *, by_bulk: bool) -> Iterator[list[PlannedRow]]:
        """As many rows at a time as one job takes, or one look-up of their previous values, in whole batches."""
        most = MOST_ROWS if by_bulk else MOST_RECORDS - MOST_RECORDS % self.spec.batch_size
        while True:
            with self.warehouse.read() as connection:
                rows = waiting_rows(connection, self.plan.plan_id, operation, attempt=attempt, limit=most)
            if rows:
                yield rows
            if len(rows) < most:
                return

    def _send_rows(self, rows: Sequence[PlannedRow], *, by_bulk: bool) -> None:
        """Reads what the org holds of records to be updated, then sends what differs."""
        if rows[0].operation == "create" and self.spec.external_id:
            rows = self._still_new(rows)
            if not rows:
                return
        held = look_up(self.org, self.spec.object, self._looked_up(rows), _ids(rows)) if _is_update(rows) else {}
        sendings = {row.row_number: self._sending(row, held.get(row.record_id or "")) for row in rows}
        outcomes = [_not_sent(row, sendings[row.row_number]) for row in rows if _is_idle(row, sendings)]
        going = [row for row in rows if not _is_idle(row, sendings)]
        values = {number: sending.values for number, sending in sendings.items()}
        if by_bulk:
            outcomes = self._send_by_bulk(
                [row for row in going if fits_a_cell(values[row.row_number])], held, values, outcomes
            )
            going = [row for row in going if not fits_a_cell(values[row.row_number])]
        for batch in chunks(going, self.spec.batch_size):
            begun = self._begin(batch, held, values, outcomes)
            results = send_records(self.org, self.spec, begun, values) if begun else []
            outcomes = [
                _outcome(row, result, list(values[row.row_number]), "soap" if row.operation == UNDELETE else "rest")
                for row, result in zip(begun, results, strict=True)
            ]
        with self.warehouse.write() as connection:
            self._settle(connection, outcomes)

    def _still_new(self, rows: Sequence[PlannedRow]) -> list[PlannedRow]:
        """The rows whose external id no record has by now. Of the others an upsert makes updates."""
        found = found_by_external_id(self.org, self.spec, self.plan.describe, rows)
        there = [row for row in rows if row.row_number in found]
        with self.warehouse.write() as connection:
            if there and self.spec.operation in UPDATING:
                become_updates(connection, self.spec, there, found)
                self.waiting["update"] = self.waiting.get("update", 0) + len(there)
            elif there:
                self._settle(connection, [matched_since(row, found[row.row_number]) for row in there])
        return [row for row in rows if row.row_number not in found]

    def _begin(
        self,
        rows: Sequence[PlannedRow],
        held: Mapping[str, Values],
        values: Mapping[int, Values],
        outcomes: Sequence[Outcome],
        job_id: str | None = None,
    ) -> list[PlannedRow]:
        """Stores the outcomes of the request before, and that these rows are about to leave; gives those that may."""
        with self.warehouse.write() as connection:
            self._settle(connection, outcomes)
            begun = begin_sending(connection, self.plan.plan_id, rows, job_id=job_id)
            keep_previous_values(
                connection, begun, held, values, export=self.spec.name, now=self.now, run_id=self.run_id
            )
        self.left -= len(rows) - len(begun)
        return begun

    def _send_by_bulk(
        self,
        rows: Sequence[PlannedRow],
        held: Mapping[str, Values],
        values: Mapping[int, Values],
        outcomes: Sequence[Outcome],
    ) -> list[Outcome]:
        """A job for as many rows as it takes; gives the outcomes that are still to be stored."""
        folder = upload_folder(self.warehouse, self.spec)
        waiting = list(outcomes)
        for upload in uploads(self.spec, rows, values):
            job_id = make_job(self.org, self.spec, upload)
            begun = self._begin(upload.rows, held, values, waiting, job_id)
            ended = carry_out(self.org, job_id, upload, begun, folder)
            waiting = [
                _outcome(row, ended.results[row.row_number], list(values[row.row_number]), "bulk")
                for row in begun
                if row.row_number in ended.results
            ]
            if untouched := [row for row in begun if row.row_number in ended.untouched]:
                with self.warehouse.write() as connection:
                    release(connection, untouched)
        return waiting

    def _looked_up(self, rows: Sequence[PlannedRow]) -> list[str]:
        """The fields that are read before they are written, and when somebody last saved the record."""
        known = self.plan.describe.by_name
        fields = {field for row in rows for field in looked_at(self.spec, row) if field in known}
        return sorted(fields | ({MODIFIED_AT} & known.keys()))

    def _sending(self, row: PlannedRow, held: Values | None) -> Sending:
        if row.operation != "update":
            return Sending(row.payload)
        return values_to_send(self.spec, self.plan.describe, row, held)

    def _settle(self, connection: duckdb.DuckDBPyConnection, outcomes: Sequence[Outcome]) -> None:
        settle(connection, outcomes, export=self.spec.name, now=self.now, run_id=self.run_id)
        self.left -= sum(outcome.is_final for outcome in outcomes)
        if self.progress is not None and outcomes:
            self.progress(f"{self.spec.name}: records", self.plan.rows_planned - self.left, self.plan.rows_planned)


def _is_update(rows: Sequence[PlannedRow]) -> bool:
    return rows[0].operation == "update"


def _ids(rows: Sequence[PlannedRow]) -> list[str]:
    return [row.record_id for row in rows if row.record_id is not None]


def _is_idle(row: PlannedRow, sendings: Mapping[int, Sending]) -> bool:
    """Whether an update has nothing to send after all."""
    return row.operation == "update" and not sendings[row.row_number].values


def _outcome(row: PlannedRow, result: SaveResult, changed_fields: Sequence[str], transport: str) -> Outcome:
    is_final = not result.is_retryable or row.attempt + 1 >= MOST_ATTEMPTS
    return outcome_of(row, result, changed_fields, transport, is_final=is_final)


def _not_sent(row: PlannedRow, sending: Sending) -> Outcome:
    return Outcome(
        row,
        "succeeded",
        changed_fields=(),
        transport="lookup",
        code=CHANGED_BY_OTHERS if sending.theirs else ALREADY_HELD,
        message=f"somebody else has changed {', '.join(sending.theirs)}: it stands"
        if sending.theirs
        else "the org holds these values already",
    )
