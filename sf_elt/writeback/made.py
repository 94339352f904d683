"""What requests in doubt have created: asked of the org before anything is created again."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sf_elt.salesforce import ObjectDescribe, Org, query_records, select
from sf_elt.salesforce.matching import find_matches
from sf_elt.salesforce.permissions import UserCondition, this_user
from sf_elt.salesforce.records import Record
from sf_elt.salesforce.soql import all_of, compare
from sf_elt.warehouse import Warehouse, naive
from sf_elt.writeback.held import as_text, differing_fields
from sf_elt.writeback.journal import PlannedRow
from sf_elt.writeback.spec import ExportSpec

log = logging.getLogger(__name__)

SETTLING = timedelta(seconds=10)
"""How old a request that creates must be before the org is asked what became of it: it may still be at work."""

CLOCKS_DIFFER = timedelta(minutes=10)
"""How far the org's clock may be from ours for a record that we made to be found."""

_MADE_AT, _MADE_BY, _MADE_BY_NAME = "CreatedDate", "CreatedById", "CreatedBy.Username"


def records_made(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    described: ObjectDescribe,
    rows: Sequence[PlannedRow],
    pause: Callable[[float], None],
) -> list[tuple[PlannedRow, str]]:
    """Which of the rows, in doubt since they were to be created, have become which records.

    Only records count that were made since by our own user, and that no export knows of. What answers to the row's
    matchers is its record, whatever a trigger or a person has made of its other values since. Without matchers all
    values must be what was sent, as the org keeps them; rows of the same values are one another's equals.
    """
    sent_at = [row.sent_at for row in rows if row.sent_at is not None]
    wait = max(sent_at) + SETTLING - naive(datetime.now(UTC))
    if timedelta() < wait <= SETTLING:
        log.info("export %s: requests of a moment ago may still be at work: waiting %s", spec.name, wait)
        pause(wait.total_seconds())
    since = min(sent_at).replace(tzinfo=UTC) - CLOCKS_DIFFER
    user = this_user(org)
    keys = [key_of(spec, described, row) for row in rows]
    by_matchers = [(row, key) for row, key in zip(rows, keys, strict=True) if key is not None]
    by_values = [row for row, key in zip(rows, keys, strict=True) if key is None]
    candidates = [*_matching(org, spec, by_matchers, since, user)] if by_matchers else []
    candidates += _of_same_values(org, spec, described, by_values, since, user) if by_values else []
    known = _known(warehouse, spec, {record_id for _, ids in candidates for record_id in ids})
    found = []
    for row, ids in candidates:
        record_id = next((each for each in ids if each not in known), None)
        if record_id is not None:
            known.add(record_id)
            found.append((row, record_id))
    return found


def key_of(spec: ExportSpec, described: ObjectDescribe, row: PlannedRow) -> list[str | None] | None:
    """The values by which the record of a row that creates is found; None where too few matchers were sent."""
    key = [as_text(row.payload.get(described.field(name).name)) for name in spec.matchers]
    enough = any if spec.matchers_operator == "or" else all
    return key if key and enough(text is not None and text.strip() for text in key) else None


def _matching(
    org: Org,
    spec: ExportSpec,
    rows: Sequence[tuple[PlannedRow, Sequence[str | None]]],
    since: datetime,
    user: UserCondition,
) -> Iterator[tuple[PlannedRow, list[str]]]:
    """Each row with the new records that its matchers find."""
    made_by = _MADE_BY_NAME if user.username else _MADE_BY
    answers = find_matches(
        org,
        spec.object,
        list(spec.matchers),
        spec.matchers_operator,
        [key for _, key in rows],
        more_fields=[_MADE_AT, made_by],
    )
    for (row, _), answer in zip(rows, answers, strict=True):
        yield row, [record.id for record in answer.records if _is_ours(record, since, user)]


def _is_ours(record: Record, since: datetime, user: UserCondition) -> bool:
    if datetime.fromisoformat(str(record[_MADE_AT])) < since:
        return False
    if user.username:
        return str(record[_MADE_BY_NAME]).casefold() == user.username.casefold()
    return str(record[_MADE_BY])[:15] == user.user_id[:15]


def _of_same_values(
    org: Org,
    spec: ExportSpec,
    described: ObjectDescribe,
    rows: Sequence[PlannedRow],
    since: datetime,
    user: UserCondition,
) -> Iterator[tuple[PlannedRow, list[str]]]:
    """Each row with the new records that hold what it was sent with."""
    fields = sorted({field for row in rows for field in row.payload if field in described.by_name})
    where = all_of(compare(_MADE_AT, ">=", since), user(_MADE_BY_NAME, _MADE_BY))
    new = {str(record["Id"]): record for record in query_records(org, select(["Id", *fields], spec.object, where))}
    for row in rows:
        yield row, [each for each, held in new.items() if not differing_fields(described, row.payload, held)]


def _known(warehouse: Warehouse, spec: ExportSpec, record_ids: set[str]) -> set[str]:
    """Those of the records that another row or export has made, or that this one writes already."""
    with warehouse.read() as connection:
        found = connection.execute(
            """
            SELECT record_id FROM writeback.sync_log
            WHERE operation = 'create' AND status = 'succeeded' AND record_id IN (SELECT unnest($ids::VARCHAR[]))
            UNION
            SELECT record_id FROM writeback.confirmed
            WHERE export = $export AND record_id IN (SELECT unnest($ids::VARCHAR[]))
            """,
            {"ids": sorted(record_ids), "export": spec.name},
        ).fetchall()
    return {str(record_id) for (record_id,) in found}
