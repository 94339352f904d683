"""Records in doubt: the request left, its outcome is not known. The org is asked before anything is sent again."""

from datetime import datetime

from sf_elt.salesforce import ObjectDescribe, Org
from sf_elt.warehouse import Warehouse, WarehouseEmpty
from sf_elt.writeback.held import Values, chunks, differing_fields, look_up, lookup_size
from sf_elt.writeback.journal import Outcome, PlannedRow, previous_values, release, rows_in_doubt, settle
from sf_elt.writeback.spec import ExportSpec

CONFIRMED_BY_LOOKUP = "CONFIRMED_BY_LOOKUP"


def resolve_in_doubt(
    org: Org, warehouse: Warehouse, spec: ExportSpec, described: ObjectDescribe, *, now: datetime, run_id: str
) -> int:
    """Looks up every record in doubt of the export, and gives how many the org holds as they were sent.

    Those are logged as succeeded; the others may be sent again, with whatever their values are by now.
    """
    try:
        with warehouse.read() as connection:
            rows = rows_in_doubt(connection, spec.name)
    except WarehouseEmpty:
        return 0
    known = {field.name for field in described.fields}
    fields = sorted({field for row in rows for field in row.payload} & known)
    confirmed = 0
    for some in chunks(rows, lookup_size(spec.object, fields)):
        held = look_up(org, spec.object, fields, sorted({row.record_id for row in some}))
        arrived = [row for row in some if not differing_fields(described, row.payload, held.get(row.record_id))]
        with warehouse.write() as connection:
            before = previous_values(connection, arrived)
            outcomes = [_confirmed(described, row, before.get((row.plan_id, row.record_id))) for row in arrived]
            settle(connection, outcomes, export=spec.name, now=now, run_id=run_id)
            release(connection, some)
        confirmed += len(arrived)
    return confirmed


def _confirmed(described: ObjectDescribe, row: PlannedRow, before: Values | None) -> Outcome:
    return Outcome(
        row,
        status="succeeded",
        changed_fields=differing_fields(described, row.payload, before),
        transport="lookup",
        code=CONFIRMED_BY_LOOKUP,
        message="the org holds the values of a request whose answer was lost",
    )
