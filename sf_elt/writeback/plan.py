"""What an export would send: the wanted values of each record, compared in SQL with what the org last confirmed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import duckdb
import orjson

from sf_elt.salesforce import ObjectDescribe, Org, describe
from sf_elt.warehouse import Warehouse, naive
from sf_elt.writeback.approval import WAITING, why_it_waits
from sf_elt.writeback.counting import counting
from sf_elt.writeback.errors import of_this_version
from sf_elt.writeback.field_sources import Found
from sf_elt.writeback.held import as_text, differing_fields, look_up
from sf_elt.writeback.journal import log_set_aside, supersede
from sf_elt.writeback.looking import (
    SetAside,
    deleted_by_plan,
    require_fields_fit,
    require_matchers_found,
    set_aside_by_code,
)
from sf_elt.writeback.matching import find_subjects
from sf_elt.writeback.missing_references import missing_references, to_be_created
from sf_elt.writeback.references import find_references
from sf_elt.writeback.resolve import resolve_in_doubt
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.verdicts import FoundRecord, SubjectMatch, counts, judge, planned_by_operation

SAMPLE_RECORDS = 10
LOOKED_AT = 500
"""Planned records that are read, in one call, to find those of the sample: many may hold what they are to get."""

CreateReferences = Callable[[Found, Mapping[str, str]], None]
"""Makes a record for each of these values, which have these subjects, and notes it in writeback.found_records."""


@dataclass(frozen=True)
class FieldChange:
    """One field of one record, as the org holds it and as the export would set it."""

    record_id: str | None
    """None for a record that would be created."""
    profile_id: str
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Plan:
    """What an export means to send. Counts are records; `sample` is there in a dry run only."""

    plan_id: str
    export: str
    describe: ObjectDescribe
    rows_planned: int
    rows_unchanged: int
    rows_set_aside: int
    """Records that cannot be written as things are: bad values, deleted, converted, not imported."""
    rows_refused_before: int
    """Records that the org refused for good with this very payload: they wait until it changes."""
    rows_without_record: int
    """Subjects that the org has no record of, and for which none is created."""
    rows_by_operation: Mapping[str, int]
    """Of those planned: how many are created, updated, deleted."""
    confirmed_by_lookup: int
    """Records that an earlier run left in doubt and the org turned out to hold."""
    api_calls: int
    dry_run: bool
    held_because: str = ""
    """Why it waits for approval; empty where it may go."""
    has_more: bool = False
    """There are subjects whose records were not looked up yet: another plan writes them."""
    sample: tuple[FieldChange, ...] = ()
    """In a dry run: what would change in the first records in which anything would."""
    looked_at: int = 0
    """In a dry run: how many of the planned records the org was asked for, to find these."""
    held_already: int = 0
    """Of those looked at: how many hold their values already, so that sending writes nothing there."""
    set_aside: tuple[SetAside, ...] = ()
    """In a dry run: why, with an example each."""
    deletes: tuple[str, ...] = ()
    """In a dry run: the Ids of all records that would be deleted."""


def plan_export(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    *,
    now: datetime,
    run_id: str,
    dry_run: bool = False,
    among: Sequence[str] | None = None,
    create: CreateReferences | None = None,
) -> Plan:
    """Finds out what `spec` would change in the org, and commits it as the export's plan before anything is sent.

    First resolves what an earlier run left in doubt, by looking it up. The new plan takes the place of an older one
    that was not finished. A dry run leaves everything as it is, in the org and in the warehouse, and reads a sample of
    the records from the org to show them field by field, before and after.

    `among`: only these subjects. `create` makes records that others refer to. Raises ExportMisconfigured (with the
    nearest name that exists), ExportNotReady, UnknownObject, AllowanceSpent.
    """
    with counting(org) as calls, of_this_version():
        described = describe(org, spec.object)
        confirmed = 0 if dry_run else resolve_in_doubt(org, warehouse, spec, described, now=now, run_id=run_id)
        found = find_references(org, warehouse, spec, described, now=now, keep=not dry_run, among=among)
        looked_up = find_subjects(org, warehouse, spec, described, now=now, keep=not dry_run, found=found, among=among)
        matches = looked_up.matches
        for source in spec.references():
            found = _with_created(warehouse, spec, described, source, matches, found, now=now, create=create)
        plan_id = uuid4().hex
        opened = warehouse.read() if dry_run else warehouse.write()
        with opened as connection:
            judge(
                connection, spec, described, now=now, matches=matches, found=found, among=among, looked_up_since=now
            )  # fmt: skip
            require_matchers_found(connection, spec)
            require_fields_fit(connection, spec)
            number_of, by_operation = counts(connection), planned_by_operation(connection)
            because = why_it_waits(connection, spec)
            if not dry_run:
                _commit_plan(connection, spec, plan_id, number_of, by_operation, because, now=now, run_id=run_id)
            sampled = _sampled(connection) if dry_run else []
            set_aside = set_aside_by_code(connection) if dry_run else ()
            deletes = deleted_by_plan(connection) if dry_run else ()
        changes = _before_and_after(org, spec, described, sampled)
        return Plan(
            plan_id=plan_id,
            export=spec.name,
            describe=described,
            rows_planned=number_of.get("planned", 0),
            rows_unchanged=number_of.get("unchanged", 0),
            rows_set_aside=number_of.get("set aside", 0),
            rows_refused_before=number_of.get("refused before", 0),
            rows_without_record=number_of.get("without record", 0),
            rows_by_operation=by_operation,
            confirmed_by_lookup=confirmed,
            sample=tuple(change for of_record in changes[:SAMPLE_RECORDS] for change in of_record),
            looked_at=len(sampled),
            held_already=len(sampled) - len(changes),
            set_aside=set_aside,
            deletes=deletes,
            api_calls=calls.made,
            dry_run=dry_run,
            held_because=because,
            has_more=looked_up.has_more,
        )


def _with_created(
    warehouse: Warehouse,
    spec: ExportSpec,
    described: ObjectDescribe,
    source: Found,
    matches: Sequence[SubjectMatch],
    found: Sequence[FoundRecord],
    *,
    now: datetime,
    create: CreateReferences | None,
) -> list[FoundRecord]:
    """What was found, with the records that `create` makes for values that have none; in a dry run as if it had."""
    if not source.create:
        return list(found)
    missing = missing_references(warehouse, spec, described, source, now=now, matches=matches, found=found)
    if not missing:
        return list(found)
    gone = {(source.find, source.by, value) for value in missing}
    others = [each for each in found if (each.object, each.field, each.value) not in gone]
    if create is None:
        return [*others, *to_be_created(source, missing)]
    create(source, missing)
    return others


def _commit_plan(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    plan_id: str,
    number_of: Mapping[str, int],
    by_operation: Mapping[str, int],
    because: str,
    *,
    now: datetime,
    run_id: str,
) -> None:
    """Writes the plan and logs what is newly set aside; an older plan that was not finished ends here.

    `because`: why it waits for approval; empty where it may go.
    """
    planned = number_of.get("planned", 0)
    facts = {"plan_id": plan_id, "export": spec.name, "operation": spec.operation, "run_id": run_id}
    at = naive(now)
    supersede(connection, spec.name, now=now)
    connection.execute(
        """
        INSERT INTO writeback.plans BY NAME SELECT
            $plan_id AS plan_id, $export AS export, $object AS object, $operation AS operation, $run_id AS run_id,
            $planned AS rows_planned, $unchanged AS rows_unchanged, $set_aside AS rows_set_aside,
            $status AS status, $because AS held_because, $at::TIMESTAMP AS planned_at,
            map_from_entries(from_json($by_operation, '[{"k": "VARCHAR", "v": "BIGINT"}]')) AS rows_by_operation,
            (SELECT count(*) FROM writeback.confirmed WHERE export = $export) AS rows_known
        """,
        {
            **facts,
            "object": spec.object,
            "planned": planned,
            "status": WAITING if because else "planned",
            "because": because,
            "unchanged": number_of.get("unchanged", 0),
            "set_aside": number_of.get("set aside", 0) + number_of.get("refused before", 0),
            "at": at,
            "by_operation": orjson.dumps([{"k": each, "v": number} for each, number in by_operation.items()]).decode(),
        },
    )
    connection.execute(
        """
        INSERT INTO writeback.plan_rows BY NAME
        SELECT
            $plan_id AS plan_id, $export AS export, row_number() OVER (ORDER BY record_id, subject_id) AS row_number,
            subject_id, profile_id, record_id, operation, payload::JSON AS payload, payload_md5, trigger_md5,
            changed_at, 'planned' AS status, 0 AS attempt
        FROM verdicts WHERE verdict = 'planned'
        ORDER BY row_number
        """,
        {"plan_id": plan_id, "export": spec.name},
    )
    log_set_aside(connection, spec, plan_id, now=now, run_id=run_id)


def _sampled(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str | None, Mapping[str, object]]]:
    """(profile id, record id, values) of the first records that would be sent, new ones and others by turns."""
    found = connection.execute(
        "SELECT profile_id, record_id, payload, changed_fields FROM verdicts WHERE verdict = 'planned' "
        "ORDER BY row_number() OVER (PARTITION BY operation ORDER BY record_id, subject_id), operation LIMIT ?",
        [LOOKED_AT],
    ).fetchall()
    return [
        (profile_id, record_id, {field: orjson.loads(payload)[field] for field in changed_fields})
        for profile_id, record_id, payload, changed_fields in found
    ]


def _before_and_after(
    org: Org,
    spec: ExportSpec,
    describe: ObjectDescribe,
    sampled: Sequence[tuple[str, str | None, Mapping[str, object]]],
) -> list[list[FieldChange]]:
    """What would change in each record in which anything would."""
    payloads = {record_id: payload for _, record_id, payload in sampled if record_id is not None}
    fields = sorted({field for payload in payloads.values() for field in payload})
    held = look_up(org, spec.object, fields, list(payloads))
    changes = []
    for profile_id, record_id, payload in sampled:
        before = held.get(record_id or "", {})
        differing = payload if record_id is None else differing_fields(describe, payload, before)
        if differing:
            changes.append(
                [
                    FieldChange(record_id, profile_id, field, as_text(before.get(field)), as_text(payload[field]))
                    for field in differing
                ]
            )
    return changes
