"""Component SalesforceImport: objects of an org, read by windows of time into streams."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

import dagster as dg
from pydantic import Field

from sf_elt.components.attributes import Attributes, attribute_error
from sf_elt.components.automation import keep_updated, require_cron, resume_when_free
from sf_elt.components.event_import import EventImport
from sf_elt.components.importing import import_asset
from sf_elt.components.keys import stream_key
from sf_elt.components.partitions import KeyRange, Span, partitions_of, unread
from sf_elt.components.resources import open_warehouse
from sf_elt.components.salesforce_connection import require_connection
from sf_elt.components.scaffold import Example
from sf_elt.streams import StreamSpec, spans_read


def _as_date(_context: dg.ResolutionContext, value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


Day = Annotated[date, dg.Resolver(_as_date, model_field_type=str | date)]


class ImportedObject(Attributes):
    """One object of the org and the stream that it becomes."""

    object: str = Field(description="API name of the Salesforce object, standard or custom: Lead, Subscription__c, ….")
    stream: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        description="Name of the stream, which is the table's name and the asset's: salesforce_leads.",
    )
    description: str = Field(default="", description="What a row of this stream is, for people who find it in the UI.")
    fields: list[str] | None = Field(
        default=None,
        description="Exactly these fields (Id and the timestamp field are added). Default: a standard set.",
    )
    additional_fields: list[str] = Field(
        default_factory=list, description="Fields in addition to the standard set; one level up as in RecordType.Name."
    )
    exclude_fields: list[str] = Field(default_factory=list, description="Fields that are never read.")
    timestamp_field: str | None = Field(
        default=None,
        description="The time that says in which window a record is read. Default: SystemModstamp or the next best.",
    )
    since: Day | None = Field(
        default=None, description="Records whose timestamp is older than this day are left out. Default: none are."
    )


@dg.scaffold_with(Example)
class SalesforceImport(dg.Component, Attributes):
    """Objects of a Salesforce org as streams: one asset each, partitioned by time, kept up to date by a schedule."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="Short name; its job, schedule and sensor are named after it."
    )
    label: str = Field(default="", description="What people call this import.")
    description: str = Field(default="", description="What it imports and for whom.")
    connection: str = Field(description="Name of the SalesforceConnection to read from.")
    objects: list[ImportedObject] = Field(min_length=1, description="What to read, and into which stream.")
    partitions: Literal["daily", "hourly"] = Field(
        default="daily",
        description="Length of a partition: daily for most orgs, hourly where a day is too much at once.",
    )
    start: Day = Field(
        description="First day that has a partition. The first partition also takes every record that is older."
    )
    look_back_minutes: int = Field(
        default=10, ge=0, description="How far before its start a window is read, for records that were saved late."
    )
    max_daily_api_calls: int | None = Field(
        default=None, ge=0, description="Most API calls of this import over a rolling 24 hours. Default: no maximum."
    )
    transport: Literal["auto", "rest", "bulk"] = Field(
        default="auto",
        description="How records are read: rest, bulk (Bulk API 2.0), or auto, which decides by their number.",
    )
    keep_updated: bool = Field(default=True, description="Whether a schedule reads new data by itself.")
    frequency: str = Field(default="0 * * * *", description="When the schedule runs, as a cron expression in UTC.")
    group: str = Field(default="streams", description="Group of the assets in the UI.")
    owners: list[str] = Field(default_factory=list, description="Who to ask: email addresses, or team:NAME.")

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """An asset for each object, the job of all of them, its schedule, and the sensor that resumes after a pause."""
        require_connection(context, self.connection)
        self._require_own_streams(context)
        partitions = partitions_of(self.partitions, self.start)
        assets = [
            import_asset(self, each, partitions, self.spec(each, written_fields(context, self.connection, each.object)))
            for each in self.objects
        ]
        job = dg.define_asset_job(
            f"{self.name}_import",
            selection=dg.AssetSelection.assets(*self.keys()),
            partitions_def=partitions,
            description=self.description or None,
        )
        schedules = []
        if self.keep_updated:
            require_cron(context, self.frequency)
            schedules = [keep_updated(f"{self.name}_keep_updated", self.frequency, self.keys(), job, self.requests)]
        sensor = resume_when_free(f"{self.name}_resume", self.keys(), job, self.requests)
        return dg.Definitions(assets=assets, jobs=[job], schedules=schedules, sensors=[sensor])

    def keys(self) -> list[dg.AssetKey]:
        """The assets of this import."""
        return [stream_key(each.stream) for each in self.objects]

    def spec(self, imported: ImportedObject, written: tuple[str, ...]) -> StreamSpec:
        """What `streams` is asked to read for one object, some of whose fields our own exports write."""
        since = imported.since
        return StreamSpec(
            stream=imported.stream,
            object=imported.object,
            fields=None if imported.fields is None else tuple(imported.fields),
            additional_fields=tuple(imported.additional_fields),
            exclude_fields=tuple(imported.exclude_fields),
            timestamp_field=imported.timestamp_field,
            since=None if since is None else datetime(since.year, since.month, since.day, tzinfo=UTC),
            written_fields=written,
            look_back=timedelta(minutes=self.look_back_minutes),
            transport=self.transport,
        )

    def requests(self, keys: Sequence[dg.AssetKey], now: datetime) -> list[dg.RunRequest]:
        """One run for each range of partitions that some of these streams have not read to the end."""
        streams: dict[KeyRange, list[dg.AssetKey]] = {}
        warehouse = open_warehouse()
        for each in (each for each in self.objects if stream_key(each.stream) in keys):
            read = (Span(*span) for span in spans_read(warehouse, each.stream))
            for span in unread(self.partitions, self.start, read, now, each.since):
                streams.setdefault(span, []).append(stream_key(each.stream))
        return [
            dg.RunRequest(
                asset_selection=selected,
                tags={
                    "dagster/asset_partition_range_start": span.first,
                    "dagster/asset_partition_range_end": span.last,
                },
            )
            for span, selected in sorted(streams.items())
        ]

    def _require_own_streams(self, context: dg.ComponentLoadContext) -> None:
        """Each stream has one import."""
        for index, each in enumerate(self.objects):
            writers = [name for name, stream in _streams_of_all(context) if stream == each.stream]
            if len(writers) > 1:
                raise attribute_error(
                    context,
                    ["objects", index, "stream"],
                    f"stream {each.stream!r} is written more than once (by {', '.join(writers)}): give each its own",
                )


def _streams_of_all(context: dg.ComponentLoadContext) -> Iterator[tuple[str, str]]:
    """(import, stream) of every import of the project."""
    for component in context.component_tree.get_all_components(SalesforceImport):
        yield from ((component.name, each.stream) for each in component.objects)
    for events in context.component_tree.get_all_components(EventImport):
        yield ("an EventImport", events.stream)


def known_streams(context: dg.ComponentLoadContext) -> list[str]:
    """The streams that the project's components import."""
    return [stream for _, stream in _streams_of_all(context)]


def written_fields(context: dg.ComponentLoadContext, connection: str, object_name: str) -> tuple[str, ...]:
    """The fields of the object that the project's exports write over this connection, by their API names."""
    from sf_elt.components.salesforce_export import SalesforceExport  # here: exports import this module

    exports = context.component_tree.get_all_components(SalesforceExport)
    return tuple(
        field
        for export in exports
        if (export.connection, export.object.casefold()) == (connection, object_name.casefold())
        for field in export.salesforce_fields()
    )
