"""The plan of an undo as it is written down: what it sends, what it leaves, what is not made again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files

import duckdb
import orjson

from sf_elt.salesforce import ObjectDescribe
from sf_elt.warehouse import naive
from sf_elt.writeback.journal import execute_all, supersede
from sf_elt.writeback.matching import keep_matches
from sf_elt.writeback.putting_back import Kept, Step
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.verdicts import SubjectMatch, prepare

UNDO_SQL = files("sf_elt.writeback").joinpath("undo_plan.sql").read_text("utf-8")


def commit_undo(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    plan_id: str,
    undoes: str,
    steps: Sequence[Step],
    kept: Sequence[Kept],
    force: bool,
    *,
    now: datetime,
    run_id: str,
) -> None:
    """Writes the plan, and logs what stays as it is."""
    supersede(connection, spec.name, now=now)
    by_operation = Counter(step.operation for step in steps)
    execute_all(
        connection,
        UNDO_SQL,
        {
            "plan_id": plan_id,
            "export": spec.name,
            "object": spec.object,
            "run_id": run_id,
            "undoes": undoes,
            "force": force,
            "at": naive(now),
            "rows_planned": len(steps),
            "rows_kept": len(kept),
            "by_operation": _json([{"k": each, "v": number} for each, number in by_operation.items()]),
            "steps": _json([_row(step) for step in steps]),
            "kept": _json([_kept_row(each) for each in kept]),
        },
    )


def keep_unmade(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    described: ObjectDescribe,
    steps: Sequence[Step],
    *,
    now: datetime,
) -> None:
    """Remembers that what is deleted is not made again, as long as its subject has the values by which it matches."""
    record_of = {step.written.subject_id: step.written.record_id for step in steps if step.operation == "delete"}
    if not record_of:
        return
    prepare(connection, _only_matchers(spec), described, now=now, among=list(record_of))
    found = connection.execute("SELECT subject_id, match_md5 FROM subject_values").fetchall()
    message = f"the record was made by a run that was undone on {now:%Y-%m-%d}: it is not made again"
    matches = [
        SubjectMatch(subject_id, match_md5, "undone", [record_of[subject_id]], message)
        for subject_id, match_md5 in found
    ]
    keep_matches(connection, spec.name, matches, now=now)


def _only_matchers(spec: ExportSpec) -> ExportSpec:
    """What it matches by, and nothing that it writes: a field that is gone keeps nobody from an undo."""
    written = {"fields": {}, "fields_on_create": {}, "fields_on_leave": {}, "trigger_fields": (), "operation": "update"}
    own = {"audiences_field": None, "scores_field": None, "affinity_field": None}
    return spec.model_copy(update={**written, **own})


def _json(rows: Sequence[Mapping[str, object]]) -> str:
    return orjson.dumps(rows).decode()


def _row(step: Step) -> dict[str, str]:
    written = step.written
    return {
        "subject_id": written.subject_id,
        "profile_id": written.profile_id,
        "record_id": written.record_id,
        "operation": step.operation,
        "payload": orjson.dumps(step.payload).decode(),
        "expected": orjson.dumps(step.expected).decode(),
    }


def _kept_row(kept: Kept) -> dict[str, object]:
    written = kept.written
    return {
        "subject_id": written.subject_id,
        "profile_id": written.profile_id,
        "record_id": written.record_id,
        "operation": {"create": "delete", "delete": "undelete"}.get(written.operation, "update"),
        "changed_fields": [kept.field] if kept.field else [],
        "code": kept.code,
        "message": kept.message,
    }
