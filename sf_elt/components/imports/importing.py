"""The asset of one imported object: what a run of it does, and what it says about itself afterwards."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from sf_elt.components.imports.by_hand import read_by_hand, tell_spent
from sf_elt.components.imports.run_config import Asked, ImportConfig, asked_for
from sf_elt.components.imports.settings import settings
from sf_elt.components.keys import stream_key
from sf_elt.components.markdown import as_list
from sf_elt.components.partitions import Span, span_to_read
from sf_elt.components.pictures import pictures_of_records
from sf_elt.components.resources import OrgConnection
from sf_elt.components.running import (
    ONLY_NEW,
    POOL,
    Materialized,
    asked_at,
    holds_so_far,
    log_progress,
    note_pause,
    numbers,
    table_columns,
)
from sf_elt.counting import count
from sf_elt.salesforce import AllowanceSpent
from sf_elt.streams import StreamSpec, Window, WindowReport, import_window, repeated_ids
from sf_elt.streams.adhoc import require_bounds
from sf_elt.warehouse import Warehouse, column_comments, column_types

if TYPE_CHECKING:
    from sf_elt.components.imports.imported_object import ImportedObject
    from sf_elt.components.imports.salesforce_import import SalesforceImport

ID_UNIQUE = "id_unique"
AS_COUNTED = "as_many_rows_as_the_org_counted"
NO_PARTITION = (
    "the run was started without a partition: choose one in the Launchpad, at the left above the configuration. The "
    "latest does, where `since` and `until` say what is read"
)
LATEST_CHECKS = 20  # of a check's records; those of runs that ended before it was made say nothing
TOLD = 5  # values that could not be read, by name: the others stand in ops.set_aside


def import_asset(
    component: "SalesforceImport",
    imported: "ImportedObject",
    partitions: dg.TimeWindowPartitionsDefinition,
    stream: StreamSpec,
) -> dg.AssetsDefinition:
    """The asset of one object, by partitions of time; a range of partitions is one run and one window."""
    key = stream_key(imported.stream)
    spec = dg.AssetSpec(
        key,
        partitions_def=partitions,
        description=imported.description or f"{imported.object} records of the org, each in its newest version.",
        group_name=component.group,
        owners=component.owners,
        kinds={"salesforce", "duckdb"},
        tags={"connection": component.connection, "import": component.name},
        metadata={**settings(component, imported), "dagster/table_name": f"streams.{imported.stream}"},
        skippable=True,
    )

    @dg.multi_asset(
        name=f"import_{imported.stream}",
        specs=[spec],
        check_specs=[
            dg.AssetCheckSpec(ID_UNIQUE, asset=key, blocking=True, description="No Id stands in the stream twice."),
            dg.AssetCheckSpec(
                AS_COUNTED,
                asset=key,
                blocking=True,
                description="As many rows arrived as the org counted for the window.",
            ),
        ],
        required_resource_keys={"warehouse", component.connection},
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=POOL,
    )
    def run(context: dg.AssetExecutionContext, config: ImportConfig) -> Iterator[Materialized | dg.AssetCheckResult]:
        yield from read_partitions(context, component, imported, stream, config)

    return run


def own_checks(keys: Sequence[dg.AssetKey]) -> list[dg.AssetCheckKey]:
    """The checks that an import makes of these streams itself. A run that names no checks starts all that there are."""
    return [dg.AssetCheckKey(key, check) for key in keys for check in (ID_UNIQUE, AS_COUNTED)]


def read_partitions(
    context: dg.AssetExecutionContext,
    component: "SalesforceImport",
    imported: "ImportedObject",
    stream: StreamSpec,
    config: ImportConfig,
) -> Iterator[Materialized | dg.AssetCheckResult]:
    """Reads the window of the run's partitions; out of API calls, it says so and leaves the partitions as they were.

    A run that a schedule or sensor asked for leaves out what has been read of it; a person's reads it whole, or what it
    is told in the Launchpad, and a run that goes on with a person's leaves out what has been read since the person
    asked.
    """
    key = stream_key(imported.stream)
    if not (context.has_partition_key or context.has_partition_key_range):
        raise dg.Failure(f"{key.to_user_string()}: {NO_PARTITION}", allow_retries=False)
    window = context.partition_time_window
    span = span_to_read(Span(window.start, window.end), component.start, imported.since)
    try:
        asked = asked_for(config, span, imported.since, datetime.now(UTC))
    except ValueError as error:
        raise dg.Failure(f"{key.to_user_string()}: {error}", allow_retries=False) from None
    if asked.span.is_empty:
        reason = f"nothing to read: what lies before `since`, {imported.since}, is left out"
        context.log.info(f"{key.to_user_string()}: {reason}")
        yield dg.MaterializeResult(asset_key=key, check_results=_unmoved(context, key, reason))
    elif asked.is_dry_run or not asked.wanted.is_whole:
        reason = read_by_hand(context, component, stream, key, asked)
        yield from _unmoved(context, key, reason)
    else:
        yield from _read_window(context, component, stream, key, asked)


def _read_window(
    context: dg.AssetExecutionContext, component: "SalesforceImport", stream: StreamSpec, key: dg.AssetKey, asked: Asked
) -> Iterator[Materialized | dg.AssetCheckResult]:
    """Reads all of a window. Where that is less than the partitions, they are not made by it, and it is only noted."""
    warehouse: Warehouse = context.resources.warehouse
    connection: OrgConnection = getattr(context.resources, component.connection)
    meter = component.meter(warehouse, connection)
    try:
        with connection.org(meter) as org:
            if asked.wanted.bounds:
                require_bounds(org, stream, asked.wanted)
            report = import_window(
                org,
                meter,
                warehouse,
                stream,
                Window(asked.span.start, asked.span.end),
                now=datetime.now(UTC),
                run_id=context.run.run_id,
                only_new=context.run.tags.get(ONLY_NEW) == "true",
                asked_at=asked_at(context),
                accept_many=asked.accept_many,
                progress=log_progress(context),
            )
    except AllowanceSpent as spent:
        if asked.makes_partitions:
            note_pause(context, key, spent.until, str(spent))
        else:
            tell_spent(context, key, spent)
        yield from _unmoved(context, key, f"nothing was moved: {spent}")
        return
    if report.rows_kept_out:
        context.log.info(f"kept out: {count(report.rows_kept_out, 'row')} of erased people")
    if report.misread:
        context.log.warning(_says_misread(report))
    checks = _checks(context.instance, key, report, warehouse)
    if not asked.makes_partitions:
        said = f"read by hand, a part of the partitions: {report.rows_new:,} new, {report.rows_changed:,} changed"
        context.log_event(dg.AssetObservation(asset_key=key, description=said, metadata=_metadata(report, warehouse)))
        yield from checks
        return
    # A range run writes one event for each of its partitions: the window's numbers stand on the last one only.
    told = {**_metadata(report, warehouse), **pictures_of_records(context, warehouse, report.stream)}
    context.add_asset_metadata(told, asset_key=key, partition_key=context.partition_keys[-1])
    yield dg.MaterializeResult(asset_key=key, check_results=checks)


def _says_misread(report: WindowReport) -> str:
    """Which values the stream does not have as the org sent them; never the values themselves."""
    told = "; ".join(f"{each.place}: {each.reason}" for each in report.misread[:TOLD])
    more = f"; and {len(report.misread) - TOLD:,} more" if len(report.misread) > TOLD else ""
    return (
        f"{report.stream}: {count(len(report.misread), 'value')} could not be read as sent, and all else was: "
        f"{told}{more}. They wait in ops.set_aside; mend them in the org, and the next import reads their records again"
    )


def _unmoved(context: dg.AssetExecutionContext, key: dg.AssetKey, reason: str) -> list[dg.AssetCheckResult]:
    """The checks of a run that has read no window."""
    warehouse: Warehouse = context.resources.warehouse
    return [_id_unique(context.instance, key, warehouse, untouched=reason), holds_so_far(key, AS_COUNTED, reason)]


def _metadata(report: WindowReport, warehouse: Warehouse) -> dict[str, dg.MetadataValue | dg.TableSchema]:
    measured = numbers(
        {
            "dagster/row_count": report.rows_in_stream,
            "rows_living": report.rows_living,
            "rows_read": report.rows_read,
            "rows_new": report.rows_new,
            "rows_changed": report.rows_changed,
            "rows_unchanged": report.rows_unchanged,
            "rows_deleted": report.rows_deleted,
            "newest": report.newest,
            "api_calls": report.api_calls,
            "api_calls_left": report.api_left,
            "seconds": report.seconds,
            "read_from": report.read_from,
            "read_to": report.read_to,
            "read_by": report.transport if report.rows_read else "nothing to read",
        }
    )
    in_groups = numbers({"column_groups": report.column_groups, "rows_read_again": report.rows_read_again})
    changes = [
        f"{each.field}: {each.change} ({each.type_before} → {each.type_after})" for each in report.schema_changes
    ]
    return {
        **measured,
        **(in_groups if report.column_groups > 1 else {}),
        **(numbers({"rows_kept_out": report.rows_kept_out}) if report.rows_kept_out else {}),
        **(numbers({"values_misread": len(report.misread)}) if report.misread else {}),
        **({"schema_changes": dg.MetadataValue.md(as_list(changes))} if changes else {}),
        "dagster/column_schema": table_columns(
            column_types(warehouse, "streams", report.stream), column_comments(warehouse, "streams", report.stream)
        ),
    }


def _checks(
    instance: dg.DagsterInstance, key: dg.AssetKey, report: WindowReport, warehouse: Warehouse
) -> Sequence[dg.AssetCheckResult]:
    return [
        _id_unique(instance, key, warehouse, untouched=None if report.rows_read else "no row was read"),
        dg.AssetCheckResult(
            asset_key=key,
            check_name=AS_COUNTED,
            passed=report.rows_read == report.org_count,
            metadata={"rows_read": report.rows_read, "rows_counted_by_the_org": report.org_count},
        ),
    ]


def _id_unique(
    instance: dg.DagsterInstance, key: dg.AssetKey, warehouse: Warehouse, *, untouched: str | None = None
) -> dg.AssetCheckResult:
    """Counts the stream's Ids; where it is `untouched`, and why, only if the last count found one of them twice."""
    if untouched is not None and _last_result(instance, dg.AssetCheckKey(key, ID_UNIQUE)) is not False:
        return holds_so_far(key, ID_UNIQUE, untouched)
    repeated = repeated_ids(warehouse, key.path[-1])
    return dg.AssetCheckResult(
        asset_key=key, check_name=ID_UNIQUE, passed=repeated == 0, metadata={"repeated_ids": repeated}
    )


def _last_result(instance: dg.DagsterInstance, check: dg.AssetCheckKey) -> bool | None:
    """Whether the check passed when it was last made; None where it never was."""
    records = instance.event_log_storage.get_asset_check_execution_history(check, limit=LATEST_CHECKS)
    found = (record.evaluation for record in records)
    return next((each.passed for each in found if isinstance(each, dg.AssetCheckEvaluation)), None)
