"""Plans that wait for a person, because they write or delete more of an export's records than it may unasked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from sf_elt.warehouse import Warehouse, WarehouseEmpty, naive
from sf_elt.writeback.errors import NotApproved
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.verdicts import planned_by_operation

WAITING = "waiting for approval"
APPROVAL_STANDS = timedelta(days=7)
"""How long a plan waits, and how long what was approved goes on: then it is too old to be sent as it is."""

_UNFINISHED = ("planned", "sending", "paused")


@dataclass(frozen=True)
class StandingPlan:
    """A plan that goes before a new one: it waits for approval, was approved, or is an undo, and has not ended."""

    plan_id: str
    status: str
    planned_at: datetime
    """UTC, without a zone."""
    by_operation: Mapping[str, int]
    because: str
    """Why it needed approval; empty for an undo."""
    undoes: str | None
    is_forced: bool

    @property
    def waits(self) -> bool:
        return self.status == WAITING


def why_it_waits(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> str:
    """Why the plan that is in `verdicts` needs approval; empty where it may go.

    A share is of the records that the export has written before or would write now: a first run has a share of 1.
    """
    planned = planned_by_operation(connection)
    written, deleted = planned.get("create", 0) + planned.get("update", 0), planned.get("delete", 0)
    limits = (("write", written, spec.approve_above_changed), ("delete", deleted, spec.approve_above_deleted))
    limited = [(verb, count, allowed) for verb, count, allowed in limits if allowed is not None and count]
    if not limited:
        return ""
    known = _records_known(connection, spec)
    return "; ".join(
        f"it would {verb} {count:,} of the export's {known:,} records, {count / known:.1%}, and may {verb} "
        f"{allowed:.1%} unasked{_never_written(connection, spec) if verb == 'write' else ''}"
        for verb, count, allowed in limited
        if count / known > allowed
    )


def _never_written(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> str:
    """In words how many of the updates are of records that the export has not written yet; empty for none."""
    ((number,),) = connection.execute(
        """
        SELECT count(*) FROM verdicts
        WHERE
            verdict = 'planned' AND operation = 'update'
            AND record_id NOT IN (SELECT record_id FROM writeback.confirmed WHERE export = ?)
        """,
        [spec.name],
    ).fetchall()
    return f" ({number:,} it has never written: they may hold their values already)" if number else ""


def standing_plan(warehouse: Warehouse, export: str, *, now: datetime) -> StandingPlan | None:
    """The plan that a run of the export goes on with, or waits for, in place of planning anew."""
    try:
        with warehouse.read() as connection:
            row = connection.execute(
                """
                SELECT
                    plan_id, status, planned_at, rows_by_operation, coalesce(held_because, ''), undoes,
                    coalesce(is_forced, false)
                FROM writeback.plans
                WHERE
                    export = $export
                    AND (
                        (status = $waiting AND planned_at > $since::TIMESTAMP)
                        OR (list_contains($unfinished, status) AND (approved_at > $since::TIMESTAMP OR undoes <> ''))
                    )
                ORDER BY plans.rowid DESC LIMIT 1
                """,
                {
                    "export": export,
                    "waiting": WAITING,
                    "since": naive(now - APPROVAL_STANDS),
                    "unfinished": list(_UNFINISHED),
                },
            ).fetchone()
    except WarehouseEmpty:
        return None
    return None if row is None else StandingPlan(*row)


def approve_plan(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, plan_id: str, *, now: datetime) -> None:
    """Notes that the plan may be sent; one that was approved before goes on. Raises NotApproved, which says why not."""
    row = _require_plan(connection, spec, plan_id)
    if row.status in _UNFINISHED and row.approved_at is not None:
        return
    if row.status != WAITING:
        raise NotApproved(_why_not(spec, plan_id, row.status))
    if row.planned_at <= naive(now - APPROVAL_STANDS):
        raise NotApproved(
            f"plan {plan_id} has waited since {row.planned_at:%Y-%m-%d} and is too old after "
            f"{APPROVAL_STANDS.days} days: run the export again, it is planned anew"
        )
    connection.execute(
        "UPDATE writeback.plans SET status = 'planned', approved_at = ? WHERE plan_id = ?", [naive(now), plan_id]
    )


def reject_plan(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, plan_id: str, *, now: datetime) -> None:
    """Ends a plan that waits. Raises NotApproved where there is none."""
    row = _require_plan(connection, spec, plan_id)
    if row.status != WAITING:
        raise NotApproved(_why_not(spec, plan_id, row.status))
    connection.execute(
        "UPDATE writeback.plans SET status = 'rejected', finished_at = ? WHERE plan_id = ?", [naive(now), plan_id]
    )


def _records_known(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> int:
    """How many records the export has written before or would write now; deletes remember theirs in the log only."""
    ((known,),) = connection.execute(
        """
        SELECT count(*) FROM (
            SELECT record_id FROM writeback.confirmed WHERE export = $export
            UNION
            SELECT record_id FROM writeback.sync_log
            WHERE $deletes AND export = $export AND operation = 'delete' AND status = 'succeeded'
            UNION
            SELECT coalesce(record_id, 'new of ' || subject_id) FROM verdicts WHERE verdict = 'planned'
        )
        """,
        {"export": spec.name, "deletes": spec.operation == "delete"},
    ).fetchall()
    return int(known)


@dataclass(frozen=True)
class _Stored:
    export: str
    status: str
    planned_at: datetime
    approved_at: datetime | None


def _require_plan(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, plan_id: str) -> _Stored:
    row = connection.execute(
        "SELECT export, status, planned_at, approved_at FROM writeback.plans WHERE plan_id = ?", [plan_id]
    ).fetchone()
    if row is None:
        raise NotApproved(f"there is no plan {plan_id!r}: `sf-elt export list` shows what waits")
    stored = _Stored(*row)
    if stored.export != spec.name:
        raise NotApproved(f"plan {plan_id} is of the export {stored.export!r}, not of {spec.name!r}")
    return stored


def _why_not(spec: ExportSpec, plan_id: str, status: str) -> str:
    told = {
        "superseded": "was superseded: the export has been planned anew since",
        "rejected": "was rejected",
        "done": "has been sent already",
    }
    said = told.get(status, "needs no approval: it is on its way")
    return f"plan {plan_id} {said}. `sf-elt export list` shows what waits for {spec.name}"
