"""What one reconciliation found: its report, and its row in ops.reconciliations."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from sf_elt.streams.upkeep.judging import How
from sf_elt.warehouse import Warehouse, naive


@dataclass(frozen=True)
class ReconcileReport:
    """What one reconciliation found: the row of ops.reconciliations, and what stands beside it. Times are UTC.

    `org_count` is None where all Ids were compared without counting first. `rows_returned` of the `rows_missed` had
    vanished before and live again. `judged_from` and `judged_to` are None where the stream has not been read yet.
    `last_changed_at` is when a reconciliation, this one or an earlier one, last changed the stream.
    """

    stream: str
    reconciled_at: datetime
    judged_from: datetime | None
    judged_to: datetime | None
    how: How
    org_count: int | None
    stream_count: int
    ids_read: int
    rows_vanished: int
    rows_missed: int
    rows_returned: int
    api_calls: int
    seconds: float
    run_id: str
    api_left: int | None
    last_changed_at: datetime | None


def record_reconciliation(connection: DuckDBPyConnection, report: ReconcileReport) -> ReconcileReport:
    """The report as it stands in ops.reconciliations, with the time of the last change."""
    connection.execute(
        "INSERT INTO ops.reconciliations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            report.stream,
            naive(report.reconciled_at),
            report.judged_from and naive(report.judged_from),
            report.judged_to and naive(report.judged_to),
            report.how,
            report.org_count,
            report.stream_count,
            report.ids_read,
            report.rows_vanished,
            report.rows_missed,
            report.rows_returned,
            report.api_calls,
            report.seconds,
            report.run_id,
        ],
    )
    ((changed_at,),) = connection.execute(
        "SELECT max(reconciled_at) FROM ops.reconciliations WHERE stream = ? AND rows_vanished + rows_missed > 0",
        [report.stream],
    ).fetchall()
    return replace(report, last_changed_at=changed_at and changed_at.replace(tzinfo=UTC))


def is_full_one_due(warehouse: Warehouse, stream: str, full_every: int) -> bool:
    """Whether as many reconciliations as that, this one included, have gone by without a comparison of all Ids."""
    with warehouse.write() as connection:  # a warehouse of an older version gets the table now
        rows = connection.execute(
            "SELECT how FROM ops.reconciliations WHERE stream = ? ORDER BY reconciled_at DESC LIMIT ?",
            [stream, max(full_every - 1, 0)],
        ).fetchall()
    return len(rows) >= full_every - 1 and ("all Ids compared",) not in rows
