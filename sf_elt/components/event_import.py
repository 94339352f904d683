"""Component EventImport: files of behavioural events as a stream."""

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field, field_validator

from sf_elt.components.attributes import Attributes
from sf_elt.components.frequency import checked_frequency, timetable
from sf_elt.components.keys import stream_key
from sf_elt.components.running import POOL, Materialized, log_progress, numbers, table_columns
from sf_elt.components.scaffold import Example
from sf_elt.streams import EventSpec, import_events
from sf_elt.warehouse import Warehouse, column_types


@dg.scaffold_with(Example)
class EventImport(dg.Component, Attributes):
    """Behavioural events (page views, downloads, …) from files of JSON Lines; each file is read exactly once."""

    stream: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        description="Name of the stream, which is the table's name and the asset's: web_events.",
    )
    paths: list[str] = Field(
        min_length=1,
        description="Files, folders or globs of JSON Lines. A relative one starts where Dagster was started.",
    )
    description: str = Field(default="", description="What a row of this stream is.")
    keep_updated: bool = Field(default=True, description="Whether a schedule reads new files by itself.")
    frequency: str = Field(
        default="15 minutes",
        description="How often the schedule looks for new files: '5 minutes', hourly, daily, or cron in UTC.",
    )
    group: str = Field(default="streams", description="Group of the asset in the UI.")
    owners: list[str] = Field(default_factory=list, description="Who to ask: email addresses, or team:NAME.")

    _check_frequency = field_validator("frequency")(checked_frequency)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The asset of the stream, with the schedule that looks for new files."""
        key, times = stream_key(self.stream), timetable(self.frequency)
        job = dg.define_asset_job(f"{self.stream}_import", selection=dg.AssetSelection.assets(key))
        schedule = dg.ScheduleDefinition(
            name=f"{self.stream}_keep_updated",
            job=job,
            cron_schedule=times.cron,
            execution_timezone=times.time_zone,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=f"Reads event files that have not been read yet, {times.words}.",
        )
        return dg.Definitions(assets=[self._asset(key)], jobs=[job], schedules=[schedule] if self.keep_updated else [])

    def _asset(self, key: dg.AssetKey) -> dg.AssetsDefinition:
        spec = dg.AssetSpec(
            key,
            description=self.description or "Behavioural events, one row each.",
            group_name=self.group,
            owners=self.owners,
            kinds={"json", "duckdb"},
            metadata={"dagster/table_name": f"streams.{self.stream}"},
        )

        @dg.multi_asset(
            name=f"import_{self.stream}",
            specs=[spec],
            required_resource_keys={"warehouse"},
            backfill_policy=dg.BackfillPolicy.single_run(),
            pool=POOL,
        )
        def run(context: dg.AssetExecutionContext) -> Materialized:
            return dg.MaterializeResult(asset_key=key, metadata=self._read_files(context))

        return run

    def _read_files(self, context: dg.AssetExecutionContext) -> Mapping[str, dg.MetadataValue | dg.TableSchema]:
        warehouse: Warehouse = context.resources.warehouse
        report = import_events(
            warehouse,
            EventSpec(self.stream, tuple(self.paths)),
            now=datetime.now(UTC),
            run_id=context.run.run_id,
            progress=log_progress(context),
        )
        for file in report.unreadable:
            context.log.warning(f"{file.file} could not be opened: {file.reason}")
        if report.set_aside:
            context.log.warning(f"{report.set_aside:,} lines were set aside, with their reasons, in ops.set_aside")
        measured = numbers(
            {
                "dagster/row_count": report.rows_in_stream,
                "rows_new": report.rows,
                "rows_repeated": report.repeated,
                "rows_set_aside": report.set_aside,
                "files_new": report.files,
                "files_unreadable": len(report.unreadable),
                "newest": report.newest,
                "seconds": report.seconds,
            }
        )
        return {**measured, "dagster/column_schema": table_columns(column_types(warehouse, "streams", self.stream))}
