"""What the org's answer about one record means for its row."""

from collections.abc import Sequence

from sf_elt.salesforce.save_codes import MALFORMED
from sf_elt.salesforce.write import SaveResult
from sf_elt.writeback.journal import Outcome, PlannedRow

ALREADY_HELD = "ALREADY_HELD"
MATCHED_SINCE = "MATCHED_SINCE"
_DELETED = "ENTITY_IS_DELETED"


def outcome_of(
    row: PlannedRow, result: SaveResult, changed_fields: Sequence[str], transport: str, *, is_final: bool = True
) -> Outcome:
    """The outcome of a row that was sent. What was to be deleted and is not there any more is as it should be."""
    if result.success:
        return Outcome(row, "succeeded", changed_fields, transport=transport, record_id=result.record_id)
    if row.operation == "delete" and result.code == _DELETED:
        return Outcome(row, "succeeded", (), transport, ALREADY_HELD, "the record was deleted before")
    return Outcome(
        row,
        "set aside" if result.code == MALFORMED else "failed",
        changed_fields,
        transport=transport,
        code=result.code,
        message=result.message,
        retryable=result.is_retryable,
        is_final=is_final,
    )


def matched_since(row: PlannedRow, record_id: str, message: str | None = None) -> Outcome:
    """The outcome of a row that is not sent, since what it would make is in the org by now: the next plan finds it.

    `message`: why, where it is not this one record.
    """
    because = message or f"the record {record_id} answers to this by now"
    return Outcome(row, "set aside", (), "lookup", MATCHED_SINCE, f"{because}; it was planned before")
