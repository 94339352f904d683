"""What keeps streams right beyond their windows: formulas refreshed, vanished records found, each on its own schedule.

Each is an unpartitioned asset below a stream, `upkeep/STREAM_formulas` and `upkeep/STREAM_reconciled`. It changes the
stream's rows in all partitions, and a materialization of a partitioned asset outside its partitions is seen by nobody;
one of its latest partition would hide what the import says of itself there. As an asset of its own, a run plots what it
found and what it cost even where that is nothing, and profiles, which depend on it, are built anew only where its data
version moves: when rows have really changed (`automation.after_new_data`).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypedDict

import dagster as dg
from pydantic import Field

from sf_elt.components.automation import keep_updated, resume_when_free
from sf_elt.components.keys import stream_key, upkeep_key
from sf_elt.components.resources import OrgConnection
from sf_elt.components.running import POOL, Materialized, Number, log_progress, note_pause, numbers
from sf_elt.salesforce import AllowanceSpent, Org
from sf_elt.streams import ReconcileReport, RefreshReport, StreamSpec, reconcile, refresh_formulas
from sf_elt.streams.progress import Progress
from sf_elt.warehouse import JobMeter

if TYPE_CHECKING:
    from sf_elt.components.imports.salesforce_import import SalesforceImport

Kind = Literal["formulas", "reconciled"]
Report = ReconcileReport | RefreshReport

GROUP = "upkeep"

DESCRIPTIONS: dict[Kind, str] = {
    "formulas": "Brings formulas, roll-ups and fields of related records up to date, which change without a timestamp.",
    "reconciled": "Compares Ids with the org's: marks records that are gone for good, reads those that were missed.",
}


class ReconcileConfig(dg.Config):
    """What one reconciliation does beyond the usual."""

    thorough: bool = Field(default=False, description="Compare all Ids, whatever the counts say.")
    accept_many: bool = Field(
        default=False, description="Believe it, also where more records vanished than deletions explain."
    )


def kinds(component: "SalesforceImport") -> dict[Kind, str]:
    """The kinds of upkeep that an import asks for, each with its frequency."""
    asked: dict[Kind, str | None] = {"formulas": component.formula_refresh, "reconciled": component.reconcile}
    return {kind: frequency for kind, frequency in asked.items() if frequency is not None}


def upkeep_keys(component: "SalesforceImport", streams: Sequence[str]) -> list[dg.AssetKey]:
    """The upkeep assets of these streams, as far as the import has them: what else changes their rows."""
    return [
        upkeep_key(each.stream, kind)
        for kind in kinds(component)
        for each in component.imported
        if each.stream in streams
    ]


def upkeep_definitions(component: "SalesforceImport", specs: Sequence[StreamSpec]) -> dg.Definitions:
    """For each kind of upkeep that the import asks for: an asset a stream, a job, a schedule, and a resume sensor."""
    return dg.Definitions.merge(*(_of_kind(component, specs, kind, each) for kind, each in kinds(component).items()))


def _of_kind(component: "SalesforceImport", specs: Sequence[StreamSpec], kind: Kind, frequency: str) -> dg.Definitions:
    keys = [upkeep_key(spec.stream, kind) for spec in specs]
    name = f"{component.name}_{'refresh_formulas' if kind == 'formulas' else 'reconcile'}"
    job = dg.define_asset_job(
        name, selection=dg.AssetSelection.assets(*keys), description=f"{component.title}: {DESCRIPTIONS[kind]}"
    )
    times = component.timetable(frequency)
    return dg.Definitions(
        assets=[_asset(component, spec, kind) for spec in specs],
        jobs=[job],
        schedules=[
            keep_updated(f"{name}_schedule", component.title, times, keys, job, _requests, does=DESCRIPTIONS[kind])
        ],
        sensors=[resume_when_free(f"{name}_resume", keys, job, _requests)],
    )


def _requests(keys: Sequence[dg.AssetKey], now: datetime) -> list[dg.RunRequest]:
    return [dg.RunRequest(asset_selection=list(keys))]


def _asset(component: "SalesforceImport", spec: StreamSpec, kind: Kind) -> dg.AssetsDefinition:
    if kind == "formulas":

        @_declared(component, spec, kind)
        def refresh(context: dg.AssetExecutionContext) -> Iterator[Materialized]:
            def refreshed(org: Org, meter: JobMeter) -> RefreshReport:
                return refresh_formulas(org, meter, context.resources.warehouse, spec, **_of_run(context))

            yield from _run(context, component, spec, kind, refreshed)

        return refresh

    @_declared(component, spec, kind)
    def compare(context: dg.AssetExecutionContext, config: ReconcileConfig) -> Iterator[Materialized]:
        def compared(org: Org, meter: JobMeter) -> ReconcileReport:
            return reconcile(
                org,
                meter,
                context.resources.warehouse,
                spec,
                thorough=config.thorough,
                accept_many=config.accept_many,
                **_of_run(context),
            )

        yield from _run(context, component, spec, kind, compared)

    return compare


class _OfRun(TypedDict):
    """What every piece of work is told of its run."""

    now: datetime
    run_id: str
    progress: Progress


def _of_run(context: dg.AssetExecutionContext) -> _OfRun:
    return _OfRun(now=datetime.now(UTC), run_id=context.run.run_id, progress=log_progress(context))


def _declared(
    component: "SalesforceImport", spec: StreamSpec, kind: Kind
) -> Callable[[Callable[..., Iterator[Materialized]]], dg.AssetsDefinition]:
    key = upkeep_key(spec.stream, kind)
    asset = dg.AssetSpec(
        key,
        deps=[stream_key(spec.stream)],
        description=DESCRIPTIONS[kind],
        group_name=GROUP,
        owners=component.owners,
        kinds={"salesforce", "duckdb"},
        tags={"connection": component.connection, "import": component.name},
        metadata={"stream": spec.stream, "object": spec.object},
        skippable=True,
    )
    return dg.multi_asset(
        name=f"upkeep_{spec.stream}_{kind}",
        specs=[asset],
        required_resource_keys={"warehouse", component.connection},
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=POOL,
    )


def _run(
    context: dg.AssetExecutionContext,
    component: "SalesforceImport",
    spec: StreamSpec,
    kind: Kind,
    work: Callable[[Org, JobMeter], Report],
) -> Iterator[Materialized]:
    """Does the work with the import's own allowance; out of API calls, it says so and goes on after the pause."""
    key = upkeep_key(spec.stream, kind)
    connection: OrgConnection = getattr(context.resources, component.connection)
    meter = component.meter(context.resources.warehouse, connection)
    try:
        with connection.org(meter) as org:
            report = work(org, meter)
    except AllowanceSpent as spent:
        note_pause(context, key, spent.until, str(spent))
        return
    if isinstance(report, RefreshReport) and report.transport == "none" and not report.fields:
        context.log.info(f"{spec.stream}: no field of it changes without a timestamp")
    measured = numbers(_measured(report))
    context.log_event(
        dg.AssetObservation(asset_key=stream_key(spec.stream), description=DESCRIPTIONS[kind], metadata=measured)
    )
    yield dg.MaterializeResult(
        asset_key=key,
        metadata=measured,
        data_version=dg.DataVersion(str(report.last_changed_at)),
    )


def _measured(report: Report) -> dict[str, Number]:
    spent: dict[str, Number] = {
        "api_calls": report.api_calls,
        "api_calls_left": report.api_left,
        "seconds": report.seconds,
    }
    if isinstance(report, RefreshReport):
        return {
            "rows_compared": report.rows_compared,
            "rows_refreshed": report.rows_changed,
            "fields": ", ".join(report.fields) or "none",
            "moved": ", ".join(f"{field}: {rows:,}" for field, rows in report.changed_by_field.items()) or "none",
            **spent,
        }
    return {
        "rows_vanished": report.rows_vanished,
        "rows_missed": report.rows_missed,
        "rows_returned": report.rows_returned,
        "ids_read": report.ids_read,
        "rows_counted_by_the_org": report.org_count,
        "rows_counted_in_the_stream": report.stream_count,
        "how": report.how,
        "judged_to": report.judged_to,
        **spent,
    }
