"""The journal: what is meant to be sent, what is in doubt, what came out. Each function is part of one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import orjson

from sf_elt.warehouse import naive
from sf_elt.writeback.approval import WAITING
from sf_elt.writeback.errors import PlanSuperseded
from sf_elt.writeback.held import Values, as_text
from sf_elt.writeback.spec import ExportSpec, spender

SETTLE_SQL = files("sf_elt.writeback").joinpath("settle.sql").read_text("utf-8")
SET_ASIDE_SQL = files("sf_elt.writeback").joinpath("set_aside.sql").read_text("utf-8")
ENDED_SQL = files("sf_elt.writeback").joinpath("ended_plans.sql").read_text("utf-8")

WAITING_SQL = """
    SELECT
        rows.plan_id, rows.row_number, coalesce(rows.subject_id, rows.profile_id), rows.profile_id, rows.record_id,
        rows.operation, rows.payload, rows.attempt, coalesce(rows.expected, confirmed.payload), rows.changed_at,
        rows.sent_at, rows.job_id, CASE WHEN rows.expected IS NULL THEN to_json(confirmed.undone)::VARCHAR END
    FROM writeback.plan_rows AS rows
    LEFT JOIN writeback.confirmed AS confirmed USING (export, record_id)
"""


@dataclass(frozen=True)
class PlannedRow:
    """One record of a plan. `attempt` counts the requests that left with it.

    `payload` has every value that the record is to hold, `confirmed` what the org confirmed last.
    """

    plan_id: str
    row_number: int
    subject_id: str
    profile_id: str
    record_id: str | None
    """None for a record that is to be created."""
    operation: str
    payload: Mapping[str, object]
    attempt: int
    confirmed: Mapping[str, object]
    changed_at: datetime | None
    """When the profile, or event, has changed last (UTC, without a zone)."""
    sent_at: datetime | None
    """When its last request left (UTC, without a zone)."""
    job_id: str | None
    """Of the bulk job that it went by."""
    undone: Mapping[str, object] = field(default_factory=dict)
    """Of what the org confirmed, the fields in which an undo has put back what stood there before, and that."""

    @property
    def left(self) -> Mapping[str, object]:
        """What we have left in the fields that we have written: where the org holds another value, it is somebody
        else's."""
        return {**self.confirmed, **self.undone}


@dataclass(frozen=True)
class Outcome:
    """What became of one row; `is_final` is false where it will be sent again in this run."""

    row: PlannedRow
    status: str
    changed_fields: Sequence[str]
    transport: str
    code: str | None = None
    message: str | None = None
    retryable: bool = False
    is_final: bool = True
    record_id: str | None = None
    """The record's Id, where it is a new one."""


def waiting_rows(
    connection: duckdb.DuckDBPyConnection, plan_id: str, operation: str, *, attempt: int, limit: int
) -> list[PlannedRow]:
    """The next rows of the plan that were sent `attempt` times and wait to be sent (again), in order."""
    found = connection.execute(
        f"{WAITING_SQL} WHERE plan_id = ? AND status = 'planned' AND operation = ? AND attempt = ? "
        "ORDER BY row_number LIMIT ?",
        [plan_id, operation, attempt, limit],
    ).fetchall()
    return [_row(*values) for values in found]


def waiting_by_operation(connection: duckdb.DuckDBPyConnection, plan_id: str) -> dict[str, int]:
    """How many rows of the plan wait to be created, updated, deleted."""
    found = connection.execute(
        "SELECT operation, count(*) FROM writeback.plan_rows WHERE plan_id = ? AND status = 'planned' GROUP BY 1",
        [plan_id],
    ).fetchall()
    return {str(operation): int(number) for operation, number in found}


def rows_in_doubt(connection: duckdb.DuckDBPyConnection, export: str) -> list[PlannedRow]:
    """Rows of the export, of whichever plan, whose request left and whose outcome is not known."""
    found = connection.execute(
        f"{WAITING_SQL} WHERE export = ? AND status = 'in doubt' ORDER BY plan_id, row_number",
        [export],
    ).fetchall()
    return [_row(*values) for values in found]


def begin_sending(
    connection: duckdb.DuckDBPyConnection, plan_id: str, rows: Sequence[PlannedRow], *, job_id: str | None = None
) -> list[PlannedRow]:
    """Puts the rows in doubt: their request, or their bulk job, is about to leave. Gives those that still wait:
    not whoever was erased, or went with another process, since it was read. Raises PlanSuperseded where a newer plan
    goes on, or this one waits for approval.
    """
    status = connection.execute("SELECT export, status FROM writeback.plans WHERE plan_id = ?", [plan_id]).fetchone()
    if status is None or status[1] not in ("planned", "sending"):
        raise PlanSuperseded(
            f"plan {plan_id} is {'unknown' if status is None else status[1]}: "
            + ("nothing is sent before" if status and status[1] == WAITING else "a newer one goes on")
        )
    if status[1] == "planned":
        connection.execute("UPDATE writeback.plans SET status = 'sending' WHERE plan_id = ?", [plan_id])
    begun = connection.execute(
        "UPDATE writeback.plan_rows SET status = 'in doubt', attempt = attempt + 1, sent_at = ?, job_id = ? "
        "WHERE plan_id = ? AND status = 'planned' AND row_number IN (SELECT unnest(?::BIGINT[])) RETURNING row_number",
        [naive(datetime.now(UTC)), job_id, plan_id, [row.row_number for row in rows]],
    ).fetchall()
    numbers = {number for (number,) in begun}
    return [row for row in rows if row.row_number in numbers]


def keep_previous_values(
    connection: duckdb.DuckDBPyConnection,
    rows: Sequence[PlannedRow],
    held: Mapping[str, Values],
    sending: Mapping[int, Values],
    *,
    export: str,
    now: datetime,
    run_id: str,
) -> None:
    """Keeps what the org holds in the fields that are about to be written, so that the run can be undone.

    `sending`: the values that go, by row number. Of a row that was sent before stands what was kept then.
    """
    kept = previous_values(connection, sent) if (sent := [row for row in rows if row.attempt > 0]) else {}
    values = [
        (row.plan_id, row.record_id, field, as_text(held[row.record_id].get(field)))
        for row in rows
        if row.record_id is not None and row.record_id in held and (row.plan_id, row.record_id) not in kept
        for field in sending[row.row_number]
    ]
    if not values:
        return
    plan_ids, record_ids, fields, texts = (list(column) for column in zip(*values, strict=True))
    connection.execute(
        """
        INSERT INTO writeback.previous_values BY NAME SELECT
            $run_id AS run_id, unnest($plan_ids::VARCHAR[]) AS plan_id, $export AS export,
            unnest($record_ids::VARCHAR[]) AS record_id, unnest($fields::VARCHAR[]) AS field,
            unnest($texts::VARCHAR[]) AS value, $at::TIMESTAMP AS read_at
        """,
        {
            "run_id": run_id,
            "plan_ids": plan_ids,
            "export": export,
            "record_ids": record_ids,
            "fields": fields,
            "texts": texts,
            "at": naive(now),
        },
    )


def previous_values(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[PlannedRow]
) -> dict[tuple[str, str], dict[str, object]]:
    """What the org held before the rows were sent: (plan id, record id) → field → value."""
    found = connection.execute(
        "SELECT plan_id, record_id, field, value FROM writeback.previous_values "
        "WHERE plan_id IN (SELECT unnest(?::VARCHAR[])) AND record_id IN (SELECT unnest(?::VARCHAR[]))",
        [[row.plan_id for row in rows], [row.record_id for row in rows]],
    ).fetchall()
    values: dict[tuple[str, str], dict[str, object]] = {}
    for plan_id, record_id, name, value in found:
        values.setdefault((plan_id, record_id), {})[name] = value
    return values


def settle(
    connection: duckdb.DuckDBPyConnection, outcomes: Sequence[Outcome], *, export: str, now: datetime, run_id: str
) -> None:
    """Logs the outcomes, remembers what the org confirmed, and ends the rows that are done, in one go.

    A row that another run has settled meanwhile is left as it is.
    """
    if not outcomes:
        return
    facts = [
        {
            "plan_id": outcome.row.plan_id,
            "row_number": outcome.row.row_number,
            "status": outcome.status,
            "changed_fields": list(outcome.changed_fields),
            "transport": outcome.transport,
            "code": outcome.code,
            "message": outcome.message,
            "retryable": outcome.retryable,
            "is_final": outcome.is_final,
            "new_id": outcome.record_id,
        }
        for outcome in outcomes
    ]
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE outcomes AS
        SELECT
            coalesce(rows.subject_id, rows.profile_id) AS subject_id, rows.profile_id,
            coalesce(given.new_id, rows.record_id) AS record_id, rows.operation, rows.payload, rows.payload_md5,
            rows.trigger_md5, rows.attempt, coalesce(plans.undoes, '') <> '' AS is_undo,
            plans.run_id AS planned_by, plans.planned_at, given.* EXCLUDE (new_id)
        FROM (
            SELECT unnest(from_json($outcomes, '[{
                "plan_id": "VARCHAR", "row_number": "BIGINT", "status": "VARCHAR", "changed_fields": ["VARCHAR"],
                "transport": "VARCHAR", "code": "VARCHAR", "message": "VARCHAR", "retryable": "BOOLEAN",
                "is_final": "BOOLEAN", "new_id": "VARCHAR"
            }]'), max_depth := 2)
        ) AS given
        JOIN writeback.plan_rows AS rows USING (plan_id, row_number)
        JOIN writeback.plans AS plans USING (plan_id)
        WHERE rows.status <> 'done'
        """,
        {"outcomes": orjson.dumps(facts).decode()},
    )
    execute_all(connection, SETTLE_SQL, {"export": export, "run_id": run_id, "at": naive(now)})


def log_set_aside(
    connection: duckdb.DuckDBPyConnection, spec: ExportSpec, plan_id: str, *, now: datetime, run_id: str
) -> None:
    """Logs what the plan that is in `verdicts` sets aside and the plans before did not."""
    facts = {"plan_id": plan_id, "export": spec.name, "operation": spec.operation, "run_id": run_id, "at": naive(now)}
    execute_all(connection, SET_ASIDE_SQL, facts)


def release(connection: duckdb.DuckDBPyConnection, rows: Sequence[PlannedRow]) -> None:
    """Takes the rows out of doubt: their request did not take effect, and they may be sent again."""
    for plan_id in sorted({row.plan_id for row in rows}):
        connection.execute(
            "UPDATE writeback.plan_rows SET status = 'planned', job_id = NULL "
            "WHERE plan_id = ? AND status = 'in doubt' AND row_number IN (SELECT unnest(?::BIGINT[]))",
            [plan_id, [row.row_number for row in rows if row.plan_id == plan_id]],
        )


def forget_job(connection: duckdb.DuckDBPyConnection, job_id: str) -> None:
    """Takes rows that are still in doubt off a bulk job that tells no more of them."""
    connection.execute(
        "UPDATE writeback.plan_rows SET job_id = NULL WHERE job_id = ? AND status = 'in doubt'", [job_id]
    )


def supersede(connection: duckdb.DuckDBPyConnection, export: str, *, now: datetime) -> None:
    """Ends the plans of the export that were not finished, since a newer one takes their place, and drops the rows of
    earlier ones that nobody can need any more: not of these, which another process may be sending.
    """
    execute_all(connection, ENDED_SQL, {"export": export})
    connection.execute(
        "UPDATE writeback.plans SET status = 'superseded', finished_at = $at "
        "WHERE export = $export AND status IN ('waiting for approval', 'planned', 'sending', 'paused')",
        {"export": export, "at": naive(now)},
    )


def end_plan(connection: duckdb.DuckDBPyConnection, plan_id: str, status: str, *, now: datetime) -> None:
    """Notes that the plan is done, or paused; one that a newer plan has taken over stays superseded."""
    connection.execute(
        "UPDATE writeback.plans SET status = $status, finished_at = CASE WHEN $status = 'done' THEN $at::TIMESTAMP END "
        "WHERE plan_id = $plan_id AND status <> 'superseded'",
        {"status": status, "at": naive(now), "plan_id": plan_id},
    )


def note_calls(
    connection: duckdb.DuckDBPyConnection,
    export: str,
    calls: int,
    allowance: tuple[int, int] | None,
    *,
    now: datetime,
    run_id: str,
) -> None:
    """Notes what the run spent, and what the org last said of its own (used, allowed)."""
    used, allowed = allowance or (None, None)
    connection.execute(
        "INSERT INTO ops.api_calls VALUES (?, ?, ?, ?, ?, ?)",
        [spender(export), run_id, calls, used, allowed, naive(now)],
    )


def tally(connection: duckdb.DuckDBPyConnection, plan_id: str) -> dict[str, int]:
    """How many records of the plan ended how: succeeded, failed, set aside."""
    rows = connection.execute(
        """
        SELECT outcome.status, count(*)
        FROM (
            SELECT arg_max({'status': status}, (attempt, rowid)) AS outcome
            FROM writeback.sync_log WHERE plan_id = ? AND transport <> 'none' GROUP BY subject_id, record_id
        )
        GROUP BY outcome.status
        """,
        [plan_id],
    ).fetchall()
    return {str(status): int(number) for status, number in rows}


def written_by_operation(connection: duckdb.DuckDBPyConnection, plan_id: str) -> dict[str, int]:
    """How many records the plan has created, updated, deleted; not those that held it all already."""
    rows = connection.execute(
        """
        SELECT operation, count(DISTINCT record_id) FROM writeback.sync_log
        WHERE plan_id = ? AND status = 'succeeded' AND coalesce(code, '') NOT IN ('ALREADY_HELD', 'CHANGED_BY_OTHERS')
        GROUP BY operation ORDER BY operation
        """,
        [plan_id],
    ).fetchall()
    return {str(operation): int(number) for operation, number in rows}


def execute_all(connection: duckdb.DuckDBPyConnection, script: str, parameters: Mapping[str, object]) -> None:
    """Each statement of the script, with those of the parameters that it names."""
    for statement in script.split(";\n\n"):
        needed = {name: value for name, value in parameters.items() if f"${name}" in statement}
        connection.execute(statement, needed)


def _row(
    plan_id: str,
    row_number: int,
    subject_id: str,
    profile_id: str,
    record_id: str | None,
    operation: str,
    payload: str,
    attempt: int,
    confirmed: str | None,
    changed_at: datetime | None,
    sent_at: datetime | None,
    job_id: str | None,
    undone: str | None,
) -> PlannedRow:
    values, known = orjson.loads(payload), orjson.loads(confirmed or "{}")
    return PlannedRow(
        plan_id, row_number, subject_id, profile_id, record_id, operation, values, attempt, known, changed_at, sent_at,
        job_id, orjson.loads(undone or "{}"),
    )  # fmt: skip
