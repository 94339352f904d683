"""The plan of an undo as it is written down: what it sends, what it leaves, what is not made again."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import duckdb
import orjson

from sf_elt.salesforce import ObjectDescribe
from sf_elt.warehouse import naive
from sf_elt.writeback.journal import supersede
from sf_elt.writeback.matching import keep_matches
from sf_elt.writeback.putting_back import Kept, Step
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.verdicts import SubjectMatch, prepare


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
    at = naive(now)
    facts = {"plan_id": plan_id, "export": spec.name, "at": at}
    connection.execute(
        """
        INSERT INTO writeback.plans BY NAME SELECT
            $plan_id AS plan_id, $export AS export, $object AS object, 'undo' AS operation, $run_id AS run_id,
            $planned AS rows_planned, 0 AS rows_unchanged, $kept AS rows_set_aside, 'planned' AS status,
            $undoes AS undoes, $force AS is_forced, '' AS held_because, $at::TIMESTAMP AS planned_at,
            map_from_entries(from_json($by_operation, '[{"k": "VARCHAR", "v": "BIGINT"}]')) AS rows_by_operation
        """,
        {
            **facts,
            "object": spec.object,
            "run_id": run_id,
            "planned": len(steps),
            "kept": len(kept),
            "undoes": undoes,
            "force": force,
            "by_operation": orjson.dumps(
                [{"k": each, "v": number} for each, number in Counter(step.operation for step in steps).items()]
            ).decode(),
        },
    )
    connection.execute(
        """
        INSERT INTO writeback.plan_rows BY NAME
        SELECT
            $plan_id AS plan_id, $export AS export, row_number() OVER (ORDER BY record_id, operation) AS row_number,
            subject_id, profile_id, record_id, operation, payload::JSON AS payload, md5(payload) AS payload_md5,
            expected::JSON AS expected, 'planned' AS status, 0 AS attempt
        FROM (
            SELECT unnest(from_json($steps, '[{
                "subject_id": "VARCHAR", "profile_id": "VARCHAR", "record_id": "VARCHAR", "operation": "VARCHAR",
                "payload": "VARCHAR", "expected": "VARCHAR"
            }]'), max_depth := 2)
        )
        ORDER BY row_number
        """,
        {"plan_id": plan_id, "export": spec.name, "steps": orjson.dumps([_row(step) for step in steps]).decode()},
    )
    connection.execute(
        """
        INSERT INTO writeback.sync_log BY NAME
        SELECT
            *, $run_id AS run_id, $plan_id AS plan_id, $export AS export, 'set aside' AS status,
            false AS retryable, 0 AS attempt, 'none' AS transport, $at::TIMESTAMP AS logged_at
        FROM (
            SELECT unnest(from_json($kept, '[{
                "subject_id": "VARCHAR", "profile_id": "VARCHAR", "record_id": "VARCHAR", "operation": "VARCHAR",
                "changed_fields": ["VARCHAR"], "code": "VARCHAR", "message": "VARCHAR"
            }]'), max_depth := 2)
        )
        """,
        {**facts, "run_id": run_id, "kept": orjson.dumps([_kept_row(each) for each in kept]).decode()},
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
