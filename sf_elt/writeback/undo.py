"""Undo: a run's writes become a plan that puts back what stood there before, deletes what was made, brings back what
was deleted.

    found = plan_undo(org, warehouse, spec, now=now, run_id=run_id, dry_run=True)    # of the last run that wrote
    run_undo(org, warehouse, spec, now=now, run_id=run_id)                           # in run.py: planned, then sent

Only fields that still hold what the run wrote are put back; a record that somebody has worked on is not deleted. What
was undone stays undone: the export remembers what it wanted (`writeback.confirmed`), and writes a record again once
that changes. Records that were made and deleted again are not made anew (`writeback.matches`, outcome `undone`); those
that were deleted and brought back are not deleted again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from uuid import uuid4

import duckdb
import orjson

from sf_elt.salesforce import ObjectDescribe, Org, describe
from sf_elt.warehouse import Warehouse, WarehouseEmpty, naive
from sf_elt.writeback.counting import counting
from sf_elt.writeback.errors import NothingToUndo
from sf_elt.writeback.held import Values, as_text, chunks, look_up
from sf_elt.writeback.journal import supersede
from sf_elt.writeback.matching import keep_matches
from sf_elt.writeback.plan import SAMPLE_RECORDS, FieldChange, Plan
from sf_elt.writeback.putting_back import Kept, Step, Written, fields_looked_at, take_back
from sf_elt.writeback.resolve import resolve_in_doubt
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.verdicts import SubjectMatch, prepare

AT_ONCE = 2000
_SQL = files("sf_elt.writeback").joinpath("writes_of_run.sql").read_text("utf-8")


@dataclass(frozen=True)
class UndoPlan:
    """What an undo means to send, and what it leaves as it is."""

    undoes: str
    """The run whose writes are taken back."""
    plan: Plan
    steps: tuple[Step, ...]
    kept: tuple[Kept, ...]


def plan_undo(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    *,
    now: datetime,
    run_id: str,
    undoes: str = "",
    force: bool = False,
    dry_run: bool = False,
) -> UndoPlan:
    """Finds out what takes a run's writes back, and commits it as the export's plan before anything is sent.

    `undoes`: the run; by default the last one that wrote something and was not undone. `force`: records that the run
    made are deleted though somebody has worked on them. A dry run remembers nothing.

    Raises NothingToUndo, and what `plan_export` raises.
    """
    with counting(org) as calls:
        described = describe(org, spec.object)
        confirmed = 0 if dry_run else resolve_in_doubt(org, warehouse, spec, described, now=now, run_id=run_id)
        undoes, writes = _writes(warehouse, spec, undoes)
        steps, kept, sample = _steps(org, spec, described, writes, force=force)
        plan_id = uuid4().hex
        if not dry_run:
            with warehouse.write() as connection:
                _commit(connection, spec, described, plan_id, undoes, steps, kept, force, now=now, run_id=run_id)
    touched = {id(step.written) for step in steps} | {id(each.written) for each in kept}
    plan = Plan(
        plan_id=plan_id,
        export=spec.name,
        describe=described,
        rows_planned=len(steps),
        rows_unchanged=len(writes) - len(touched),
        rows_set_aside=len(kept),
        rows_refused_before=0,
        rows_without_record=0,
        rows_by_operation=dict(sorted(Counter(step.operation for step in steps).items())),
        confirmed_by_lookup=confirmed,
        api_calls=calls.made,
        dry_run=dry_run,
        sample=tuple(sample) if dry_run else (),
    )
    return UndoPlan(undoes, plan, tuple(steps), tuple(kept))


def _writes(warehouse: Warehouse, spec: ExportSpec, run: str) -> tuple[str, list[Written]]:
    """The run, and the records that it has written."""
    try:
        with warehouse.read() as connection:
            run = run or _last_run(connection, spec)
            found = connection.execute(_SQL, {"export": spec.name, "run_id": run}).fetchall()
            if not found and _is_undo(connection, spec, run):
                raise NothingToUndo(
                    f"run {run} was an undo itself, which cannot be undone: what it put back stands until the values "
                    "that the export writes change, and is then written again"
                )
    except WarehouseEmpty:
        raise NothingToUndo(f"export {spec.name!r} has written nothing yet") from None
    if not found:
        raise NothingToUndo(f"run {run!r} of export {spec.name!r} has written nothing: `sf-elt export list` names runs")
    return run, [
        Written(
            subject_id, profile_id, record_id, operation, tuple(fields), orjson.loads(payload), sent_at,
            orjson.loads(before), is_written_again,
        )
        for (
            subject_id, profile_id, record_id, operation, fields, payload, sent_at, before, is_written_again
        ) in found
    ]  # fmt: skip


def _last_run(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> str:
    row = connection.execute(
        """
        SELECT log.run_id
        FROM writeback.sync_log AS log
        JOIN writeback.plans AS plans USING (plan_id)
        WHERE
            log.export = $export AND log.status = 'succeeded' AND coalesce(plans.undoes, '') = ''
            AND coalesce(log.code, '') NOT IN ('ALREADY_HELD', 'CHANGED_BY_OTHERS')
            AND log.run_id NOT IN (
                SELECT undoes FROM writeback.plans WHERE export = $export AND status = 'done' AND undoes <> ''
            )
        ORDER BY log.rowid DESC LIMIT 1
        """,
        {"export": spec.name},
    ).fetchone()
    if row is None:
        raise NothingToUndo(f"export {spec.name!r} has no run that wrote something and was not undone")
    return str(row[0])


def _is_undo(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, run: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM writeback.plans WHERE export = ? AND run_id = ? AND undoes <> ''", [spec.name, run]
    ).fetchone()
    return row is not None


def _steps(
    org: Org, spec: ExportSpec, described: ObjectDescribe, writes: Sequence[Written], *, force: bool
) -> tuple[list[Step], list[Kept], list[FieldChange]]:
    steps, kept, sample = list[Step](), list[Kept](), list[FieldChange]()
    for some in chunks(writes, AT_ONCE):
        fields = sorted(set().union(*(fields_looked_at(described, each) for each in some)))
        held = look_up(org, spec.object, fields, sorted({each.record_id for each in some}))
        for written in some:
            step, stays = take_back(described, written, held.get(written.record_id), force=force)
            kept += stays
            if step is not None:
                steps.append(step)
            if step is not None and len(steps) <= SAMPLE_RECORDS:
                sample += _changes(step, held.get(written.record_id, {}))
    return steps, kept, sample


def _changes(step: Step, held: Values) -> list[FieldChange]:
    written = step.written
    return [
        FieldChange(written.record_id, written.profile_id, field, as_text(held.get(field)), as_text(value))
        for field, value in step.payload.items()
    ]


def _commit(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    described: ObjectDescribe,
    plan_id: str,
    undoes: str,
    steps: Sequence[Step],
    kept: Sequence[Kept],
    force: bool,
    *,
    now: datetime,
    run_id: str,
) -> None:
    """Writes the plan, logs what stays as it is, and keeps what is deleted from being made again."""
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
    if deleted := [step.written for step in steps if step.operation == "delete"]:
        _keep_unmade(connection, spec, described, deleted, now=now)


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


def _keep_unmade(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    described: ObjectDescribe,
    deleted: Sequence[Written],
    *,
    now: datetime,
) -> None:
    """Remembers that the records are not made again, as long as their subjects have the values by which they match."""
    record_of = {written.subject_id: written.record_id for written in deleted}
    prepare(connection, spec, described, now=now, among=list(record_of))
    found = connection.execute("SELECT subject_id, match_md5 FROM subject_values").fetchall()
    message = f"the record was made by a run that was undone on {now:%Y-%m-%d}: it is not made again"
    matches = [
        SubjectMatch(subject_id, match_md5, "undone", [record_of[subject_id]], message)
        for subject_id, match_md5 in found
    ]
    keep_matches(connection, spec.name, matches, now=now)
