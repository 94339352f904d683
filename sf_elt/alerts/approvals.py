"""Exports that wait for a person: a plan writes or deletes more than the export may unasked."""

from datetime import UTC

from sf_elt.alerts.kinds import Finding
from sf_elt.report.asking import outdated_told
from sf_elt.warehouse import Warehouse, WarehouseEmpty
from sf_elt.writeback.approval import WAITING

PLANS = """
SELECT export, plan_id, run_id, planned_at, held_because, rows_by_operation
FROM writeback.plans WHERE status = $waiting ORDER BY export, planned_at
"""


def approvals(warehouse: Warehouse) -> list[Finding]:
    """A finding for each plan that waits: how much it would write, and why it may not do so unasked.

    Raises WarehouseBusy and WarehouseOutdated as `rises` does.
    """
    try:
        with warehouse.read() as connection, outdated_told():
            rows = connection.execute(PLANS, {"waiting": WAITING}).fetchall()
    except WarehouseEmpty:
        return []
    found = {}
    for export, plan_id, run_id, planned_at, because, by_operation in rows:
        counts = ", ".join(f"{number:,} to {operation}" for operation, number in sorted((by_operation or {}).items()))
        says = f"plan {plan_id} waits, and nothing is sent meanwhile ({counts}): {because}."
        subject = f"writeback/{export}"
        found[export] = Finding("approval", subject, subject, says, planned_at.replace(tzinfo=UTC), plan_id, run_id)
    return list(found.values())
