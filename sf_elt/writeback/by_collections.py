"""Records sent by sObject Collections: up to 200 a request, each answered for."""

from collections.abc import Mapping, Sequence

from sf_elt.salesforce import Org, RequestRefused
from sf_elt.salesforce.save_codes import MALFORMED
from sf_elt.salesforce.undelete import undelete_records
from sf_elt.salesforce.write import SaveResult, create_records, delete_records, update_records, upsert_records
from sf_elt.writeback.journal import PlannedRow
from sf_elt.writeback.spec import ExportSpec

UNDELETE = "undelete"  # of an undo; by SOAP, since REST has none

Values = Mapping[str, object]


def send_records(
    org: Org, spec: ExportSpec, rows: Sequence[PlannedRow], values: Mapping[int, Values]
) -> list[SaveResult]:
    """One request for rows of one operation; `values` are what goes, by row number. One result for each row.

    Where one malformed value made the org refuse the request as a whole, halves of it are sent until that record is
    alone. Raises RequestRefused and OrgUnavailable as sf_elt.salesforce.write does.
    """
    try:
        return _sent(org, spec, rows, values)
    except RequestRefused as error:
        if error.code != MALFORMED:
            raise
        if len(rows) == 1:
            return [SaveResult(rows[0].record_id, success=False, code=error.code, message=str(error))]
    half = len(rows) // 2
    return [*send_records(org, spec, rows[:half], values), *send_records(org, spec, rows[half:], values)]


def _sent(org: Org, spec: ExportSpec, rows: Sequence[PlannedRow], values: Mapping[int, Values]) -> list[SaveResult]:
    allow = spec.duplicates == "allow"
    match rows[0].operation:
        case "delete":
            return delete_records(org, [str(row.record_id) for row in rows])
        case "undelete":
            return undelete_records(org, [str(row.record_id) for row in rows])
        case "update":
            records = [{"Id": row.record_id, **values[row.row_number]} for row in rows]
            return update_records(org, spec.object, records, allow_duplicates=allow)
        case _ if spec.external_id:
            records = [dict(values[row.row_number]) for row in rows]
            return upsert_records(org, spec.object, spec.external_id, records, allow_duplicates=allow)
        case _:
            records = [dict(values[row.row_number]) for row in rows]
            return create_records(org, spec.object, records, allow_duplicates=allow)
