"""Component EventImport: files of behavioural events as a stream."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import dagster as dg
from pydantic import Field, field_validator

from sf_elt.components.attributes import Attributes, Group, Owner, attribute_error
from sf_elt.components.events.event_watch import watch_files
from sf_elt.components.frequency import checked_frequency, timetable
from sf_elt.components.keys import stream_key
from sf_elt.components.pictures import pictures_of_events
from sf_elt.components.running import POOL, Materialized, log_progress, numbers, table_columns
from sf_elt.components.scaffold import Example
from sf_elt.counting import count
from sf_elt.streams import DELIMITERS, EventSpec, SpecRefused, import_events
from sf_elt.visible import file_name
from sf_elt.warehouse import Warehouse, column_types


@dg.scaffold_with(Example)
class EventImport(dg.Component, Attributes):
    """Behavioural events (page views, downloads, …) from files; each of their rows is read exactly once."""

    stream: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        max_length=63,
        description="Name of the stream, which is the table's name and the asset's: web_events.",
    )
    paths: list[str] = Field(
        min_length=1,
        description="Files, folders or globs of JSON Lines, CSV (both also gzipped) and Parquet. "
        "A relative one starts where Dagster was started.",
    )
    format: Literal["jsonl", "csv", "parquet"] | None = Field(
        default=None, description="Format of all files: jsonl, csv or parquet. Without it, each file's suffix says."
    )
    delimiter: Literal["comma", "semicolon", "tab", "pipe"] | None = Field(
        default=None, description="What stands between values of CSV. Without it, the header says."
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Column of the stream → where files have it, a key or a path: {email: user.email}.",
    )
    recursive: bool = Field(default=False, description="Whether folders are read with the folders inside them.")
    watch: bool = Field(default=False, description="Whether a sensor reads files as soon as they are there or grow.")
    description: str = Field(default="", description="What a row of this stream is.")
    keep_updated: bool = Field(default=True, description="Whether a schedule reads new files by itself.")
    frequency: str = Field(
        default="15 minutes",
        description="How often the schedule looks for new files: '5 minutes', hourly, daily, or cron in UTC.",
    )
    group: Group = Field(default="streams", description="Group of the asset in the UI.")
    owners: list[Owner] = Field(default_factory=list, description="Who to ask: email addresses, or team:NAME.")

    _check_frequency = field_validator("frequency")(checked_frequency)

    @field_validator("columns")
    @classmethod
    def _check_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        try:
            EventSpec("checked", (), columns=columns)
        except SpecRefused as error:
            raise ValueError(str(error)) from None
        return columns

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The asset of the stream, with the schedule that looks for new files."""
        self._require_own_stream(context)
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
        return dg.Definitions(
            assets=[self._asset(key)],
            jobs=[job],
            schedules=[schedule] if self.keep_updated else [],
            sensors=[watch_files(self.spec, job)] if self.watch else [],
        )

    def _require_own_stream(self, context: dg.ComponentLoadContext) -> None:
        """Two would read their files as if the other's were not there."""
        streams = [each.stream for each in context.component_tree.get_all_components(EventImport)]
        if streams.count(self.stream) > 1:
            message = (
                f"stream {self.stream!r} has more than one EventImport: give each its own, or one of them all paths"
            )
            raise attribute_error(context, ["stream"], message)

    @property
    def spec(self) -> EventSpec:
        """What is to be read, as the streams know it."""
        return EventSpec(
            self.stream,
            tuple(self.paths),
            format=self.format,
            delimiter=DELIMITERS[self.delimiter] if self.delimiter else None,
            columns=self.columns,
            recursive=self.recursive,
        )

    def _asset(self, key: dg.AssetKey) -> dg.AssetsDefinition:
        spec = dg.AssetSpec(
            key,
            description=self.description or "Behavioural events, one row each.",
            group_name=self.group,
            owners=self.owners,
            kinds={self.format or "json", "duckdb"},
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
            self.spec,
            now=datetime.now(UTC),
            run_id=context.run.run_id,
            progress=log_progress(context),
        )
        for file in report.unreadable:
            context.log.warning(f"{file_name(file.file)} could not be read: {file.reason}")
        for waiting in report.waiting:
            context.log.info(
                f"the last line of {file_name(waiting)} waits: it has no line end, and the file has just changed"
            )
        if report.kept_out:
            context.log.info(f"kept out: {count(report.kept_out, 'event')} of erased people")
        if report.first_bad is not None:
            context.log.warning(
                f"{report.set_aside:,} lines were set aside, with their reasons, in ops.set_aside; the first is "
                f"line {report.first_bad.line:,} of {file_name(report.first_bad.file)}"
            )
        measured = numbers(
            {
                "dagster/row_count": report.rows_in_stream,
                "rows_new": report.rows,
                "rows_repeated": report.repeated,
                "rows_set_aside": report.set_aside,
                "rows_kept_out": report.kept_out,
                "files_new": report.files,
                "files_unreadable": len(report.unreadable),
                "files_waiting": len(report.waiting),
                "newest": report.newest,
                "seconds": report.seconds,
            }
        )
        return {
            **measured,
            **pictures_of_events(context, warehouse, self.stream),
            "dagster/column_schema": table_columns(column_types(warehouse, "streams", self.stream)),
        }
