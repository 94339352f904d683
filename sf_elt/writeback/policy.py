"""Which values of an update go, held against what the org holds: nobody else's work is lost against the policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sf_elt.salesforce import ObjectDescribe
from sf_elt.warehouse import naive
from sf_elt.writeback.held import Values, differing_fields
from sf_elt.writeback.journal import PlannedRow
from sf_elt.writeback.spec import ExportSpec

MODIFIED_AT = "LastModifiedDate"


@dataclass(frozen=True)
class Sending:
    """The values of one record that go. `theirs`: fields that stand because somebody else has changed them."""

    values: Mapping[str, object]
    theirs: tuple[str, ...] = ()


def looked_at(spec: ExportSpec, row: PlannedRow) -> Mapping[str, object]:
    """The values that may have to go: those that are not what the org confirmed last; by policy `ours` all of them,
    but what was undone.
    """
    changed = {field: value for field, value in row.payload.items() if row.confirmed.get(field, ...) != value}
    if spec.policy == "ours":
        return {field: value for field, value in row.payload.items() if field in changed or field not in row.undone}
    return changed


def values_to_send(spec: ExportSpec, describe: ObjectDescribe, row: PlannedRow, held: Values | None) -> Sending:
    """Of an update's values those that the org does not hold as wanted, without what somebody else's change forbids.

    A field that somebody has changed since we wrote it is theirs where the policy says so, or where it would be
    cleared; by `newest` where their change is later than the profile's. A field that we have never written is theirs
    by policy `theirs` where it has a value. The fields for audiences, scores and topics are this export's own, unless
    the policy is `theirs`.
    """
    wanted = looked_at(spec, row)
    differing = differing_fields(describe, wanted, held)
    if held is None:
        return Sending({field: wanted[field] for field in differing})
    own = {name.casefold() for name in (spec.audiences_field, spec.scores_field, spec.affinity_field) if name}
    theirs = tuple(
        field
        for field in differing
        if (spec.policy == "theirs" or field.casefold() not in own) and _is_theirs(spec, describe, row, field, held)
    )
    return Sending({field: wanted[field] for field in differing if field not in theirs}, theirs)


def _is_theirs(spec: ExportSpec, describe: ObjectDescribe, row: PlannedRow, field: str, held: Values) -> bool:
    if field not in row.confirmed:
        return spec.policy == "theirs" and held.get(field) not in (None, "")
    if not differing_fields(describe, {field: row.left[field]}, held):
        return False
    if spec.policy == "ours":
        return False
    return spec.policy == "theirs" or row.payload[field] is None or _is_later(held, row)


def _is_later(held: Values, row: PlannedRow) -> bool:
    """Whether the record was saved after the profile has changed."""
    said = held.get(MODIFIED_AT)
    if not isinstance(said, str) or row.changed_at is None:
        return False
    return naive(datetime.fromisoformat(said).astimezone(UTC)) > row.changed_at
