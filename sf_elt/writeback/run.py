"""One run of an export: what stands is gone on with, or waited for; else it is planned anew, and sent."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate, ParamSpec

import duckdb

from sf_elt.salesforce import AllowanceSpent, ObjectDescribe, Org, describe
from sf_elt.streams.progress import Progress
from sf_elt.warehouse import Warehouse, taking_turns
from sf_elt.writeback.approval import StandingPlan, approve_plan, standing_plan
from sf_elt.writeback.counting import CountedCalls, counting
from sf_elt.writeback.field_sources import Found
from sf_elt.writeback.journal import end_plan, note_calls
from sf_elt.writeback.matched_since import set_aside_matched
from sf_elt.writeback.missing_references import export_of_references, keep_created
from sf_elt.writeback.plan import Plan, plan_export
from sf_elt.writeback.report import ExportReport, Waiting
from sf_elt.writeback.resolve import resolve_in_doubt
from sf_elt.writeback.send import send_plan
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.undo import UndoPlan, plan_undo, plan_undo_on_the_way

log = logging.getLogger(__name__)

Asked = ParamSpec("Asked")
Run = Callable[Concatenate[Org, Warehouse, ExportSpec, Asked], ExportReport]


def _in_turn(run: Run[Asked]) -> Run[Asked]:
    """Exports of one warehouse to one org take turns: what was looked up still stands when it is written."""

    @wraps(run)
    def in_turn(
        org: Org, warehouse: Warehouse, spec: ExportSpec, /, *args: Asked.args, **asked: Asked.kwargs
    ) -> ExportReport:
        with taking_turns(warehouse, f"exports to {org.host}"):
            return run(org, warehouse, spec, *args, **asked)

    return in_turn


@_in_turn
def run_export(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    *,
    now: datetime,
    run_id: str,
    progress: Progress | None = None,
    approve: str = "",
    replan: bool = False,
    among: Sequence[str] | None = None,
) -> ExportReport:
    """Plans and sends. A spent allowance is no error: the report says until when the export pauses.

    A plan that needs approval is not sent: the report says so, and further runs wait for it for seven days.
    `approve`: the id of such a plan, whose very records are sent. `replan`: the export is planned anew in its place.
    What was approved, or is an undo, and did not come to its end, goes on. `among`: only these subjects. Records that
    new ones refer to, such as the account of a contact, are created first.

    Raises NotApproved where there is no such plan, WarehouseBusy where another export to the org takes too long, and
    what `plan_export` and `send_plan` raise.
    """
    started = time.monotonic()
    if not spec.enabled:
        return ExportReport(spec.name, plan_id=None, switched_off=True)
    if approve:
        with warehouse.write() as connection:
            approve_plan(connection, spec, approve, now=now)
    standing = None if replan and not approve else standing_plan(warehouse, spec.name, now=now)
    if standing is not None and standing.undoes:
        return run_undo(
            org, warehouse, spec, now=now, run_id=run_id, undoes=standing.undoes, force=standing.is_forced,
            progress=progress,
        )  # fmt: skip
    if standing is not None and standing.waits:
        return ExportReport(
            spec.name, standing.plan_id, planned=sum(standing.by_operation.values()), awaits=_waiting(spec, standing)
        )
    with counting(org) as calls:
        try:
            plan = (
                plan_export(
                    org,
                    warehouse,
                    spec,
                    now=now,
                    run_id=run_id,
                    among=among,
                    create=lambda source, subjects: _create_references(
                        org, warehouse, spec, source, subjects, now=now, run_id=run_id
                    ),
                )
                if standing is None
                else _gone_on_with(org, warehouse, spec, standing, calls, now=now, run_id=run_id)
            )
        except AllowanceSpent as spent:
            report = _paused(spec, spent, calls)
        else:
            if plan.held_because and standing is None:
                with warehouse.write() as connection:
                    note_calls(connection, spec.name, plan.api_calls, org.allowance, now=now, run_id=run_id)
                report = _awaiting(spec, plan, now=now)
            else:
                report = send_plan(org, warehouse, spec, plan, now=now, run_id=run_id, progress=progress)
                if plan.has_more and report.paused_until is None:
                    more = run_export(org, warehouse, spec, now=now, run_id=run_id, progress=progress, among=among)
                    report = report.followed_by(more)
    return replace(report, seconds=time.monotonic() - started)


@_in_turn
def run_undo(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    *,
    now: datetime,
    run_id: str,
    undoes: str = "",
    force: bool = False,
    progress: Progress | None = None,
) -> ExportReport:
    """Takes the writes of a run back: see `undo.plan_undo`. It may be done while the export is switched off.

    An undo that did not come to its end goes on with the next run of the export.
    """
    started = time.monotonic()
    with counting(org) as calls:
        try:
            found = plan_undo(org, warehouse, spec, now=now, run_id=run_id, undoes=undoes, force=force)
        except AllowanceSpent as spent:
            return replace(_paused(spec, spent, calls), undoes=undoes, seconds=time.monotonic() - started)
    # What stands in the org is put back only where it is still ours.
    careful = spec.model_copy(update={"policy": "theirs"})
    ends = not found.on_the_way
    report = send_plan(org, warehouse, careful, found.plan, now=now, run_id=run_id, progress=progress, ends=ends)
    if not ends and report.paused_until is None:
        report = _undo_on_the_way(org, warehouse, found, report, force=force, now=now, run_id=run_id, progress=progress)
    return replace(report, undoes=found.undoes, seconds=time.monotonic() - started)


def _undo_on_the_way(
    org: Org,
    warehouse: Warehouse,
    undo: UndoPlan,
    report: ExportReport,
    *,
    force: bool,
    now: datetime,
    run_id: str,
    progress: Progress | None,
) -> ExportReport:
    """Takes back what was made on the way, each by a plan of its own; the undo as a whole is done after the last."""
    for made in undo.on_the_way:
        with counting(org) as calls:
            try:
                found = plan_undo_on_the_way(org, warehouse, made, undo.undoes, force=force, now=now, run_id=run_id)
                part = send_plan(org, warehouse, made.export, found.plan, now=now, run_id=run_id, progress=progress)
            except AllowanceSpent as spent:
                part = _paused(made.export, spent, calls)
        report = report.together_with(part)
        if report.paused_until is not None:
            break
    with warehouse.write() as connection:
        end_plan(connection, undo.plan.plan_id, "done" if report.paused_until is None else "paused", now=now)
    return report


def _paused(spec: ExportSpec, spent: AllowanceSpent, calls: CountedCalls) -> ExportReport:
    return ExportReport(
        spec.name, plan_id=None, api_calls=calls.made, paused_until=spent.until, paused_because=str(spent)
    )


def _create_references(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    source: Found,
    subjects: Mapping[str, str],
    *,
    now: datetime,
    run_id: str,
) -> None:
    """An export of its own: what it makes is matched first, planned, logged and found out about like anything else."""
    export = export_of_references(spec, source)
    # planned anew also where an undo of it was broken off and given up
    report = run_export(org, warehouse, export, now=now, run_id=run_id, among=list(subjects.values()), replan=True)
    log.info("export %s: %d %s records were created first", spec.name, report.succeeded, source.find)
    with warehouse.write() as connection:
        keep_created(connection, export, source, subjects, now=now)
    if report.paused_until is not None:
        raise AllowanceSpent(report.paused_because, until=report.paused_until)


def _gone_on_with(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    standing: StandingPlan,
    calls: CountedCalls,
    *,
    now: datetime,
    run_id: str,
) -> Plan:
    """The plan that stands, with what is left of it: records in doubt are looked up first."""
    described = describe(org, spec.object)
    confirmed = resolve_in_doubt(org, warehouse, spec, described, now=now, run_id=run_id)
    set_aside_matched(org, warehouse, spec, described, standing.plan_id, now=now, run_id=run_id)
    with warehouse.write() as connection:
        connection.execute("UPDATE writeback.plans SET status = 'planned' WHERE plan_id = ?", [standing.plan_id])
        plan = _stored(connection, spec, standing, described)
    return replace(plan, confirmed_by_lookup=confirmed, api_calls=calls.made)


def _stored(
    connection: duckdb.DuckDBPyConnection, spec: ExportSpec, standing: StandingPlan, described: ObjectDescribe
) -> Plan:
    ((planned, unchanged, set_aside),) = connection.execute(
        "SELECT rows_planned, rows_unchanged, rows_set_aside FROM writeback.plans WHERE plan_id = ?",
        [standing.plan_id],
    ).fetchall()
    return Plan(
        plan_id=standing.plan_id,
        export=spec.name,
        describe=described,
        rows_planned=planned,
        rows_unchanged=unchanged,
        rows_set_aside=set_aside,
        rows_refused_before=0,
        rows_without_record=0,
        rows_by_operation=standing.by_operation,
        confirmed_by_lookup=0,
        api_calls=0,
        dry_run=False,
        held_because=standing.because,
    )


def _awaiting(spec: ExportSpec, plan: Plan, *, now: datetime) -> ExportReport:
    return ExportReport(
        spec.name,
        plan.plan_id,
        planned=plan.rows_planned,
        set_aside=plan.rows_set_aside,
        unchanged=plan.rows_unchanged,
        refused_before=plan.rows_refused_before,
        without_record=plan.rows_without_record,
        confirmed_by_lookup=plan.confirmed_by_lookup,
        api_calls=plan.api_calls,
        awaits=Waiting(plan.plan_id, spec.name, plan.rows_by_operation, plan.held_because, now),
    )


def _waiting(spec: ExportSpec, standing: StandingPlan) -> Waiting:
    planned_at = standing.planned_at.replace(tzinfo=UTC)
    return Waiting(standing.plan_id, spec.name, standing.by_operation, standing.because, planned_at)
