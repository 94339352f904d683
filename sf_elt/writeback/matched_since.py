"""A plan that stood for a while: what it would create is looked for again, for others have not waited."""

from datetime import datetime

from sf_elt.salesforce import ObjectDescribe, Org
from sf_elt.warehouse import Warehouse
from sf_elt.writeback.journal import settle, waiting_by_operation, waiting_rows
from sf_elt.writeback.made import key_of
from sf_elt.writeback.matching import look_up_subjects
from sf_elt.writeback.saved import matched_since
from sf_elt.writeback.send import MOST_ATTEMPTS
from sf_elt.writeback.spec import ExportSpec


def set_aside_matched(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    described: ObjectDescribe,
    plan_id: str,
    *,
    now: datetime,
    run_id: str,
) -> None:
    """Sets those rows of the plan aside whose record is in the org by now, made by whomever: the next plan finds it."""
    with warehouse.read() as connection:
        number = waiting_by_operation(connection, plan_id).get("create", 0)
        waiting = [
            row
            for attempt in range(MOST_ATTEMPTS)
            for row in waiting_rows(connection, plan_id, "create", attempt=attempt, limit=number)
        ]
    keys = [(row, key) for row in waiting if (key := key_of(spec, described, row)) is not None]
    if not keys:
        return
    matches = look_up_subjects(org, spec, described, [(row.subject_id, "", [key]) for row, key in keys])
    there = [
        matched_since(row, match.record_ids[0], match.message)
        for (row, _), match in zip(keys, matches, strict=True)
        if match.record_ids
    ]
    with warehouse.write() as connection:
        settle(connection, there, export=spec.name, now=now, run_id=run_id)
