"""Component SalesforceImport: objects of an org, read by windows of time into streams."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import dagster as dg
from pydantic import Field, field_validator

from sf_elt.components.attributes import Attributes, Group, Owner, as_written, attribute_error
from sf_elt.components.automation import keep_updated, resume_when_free
from sf_elt.components.events.event_import import EventImport
from sf_elt.components.frequency import (
    NotTogether,
    Timetable,
    checked_frequency,
    checked_optional_frequency,
    require_use,
    timetable,
)
from sf_elt.components.imports.imported_object import ImportedObject
from sf_elt.components.imports.importing import import_asset, own_checks
from sf_elt.components.imports.stream_names import stream_of
from sf_elt.components.imports.upkeep import upkeep_definitions, upkeep_keys
from sf_elt.components.keys import stream_key
from sf_elt.components.partitions import Every, KeyRange, Span, partitions_of, unread
from sf_elt.components.resources import OrgConnection, open_warehouse
from sf_elt.components.running import IMPORT, ONLY_NEW, range_tags
from sf_elt.components.salesforce_connection import require_connection
from sf_elt.components.scaffold import ImportExample
from sf_elt.components.times import Times
from sf_elt.components.writes_to_org import written_fields
from sf_elt.streams import StreamSpec, spans_read
from sf_elt.streams.windows import BEGINNING, Deletes, Transport
from sf_elt.warehouse import JobMeter, Warehouse

FEWEST_CALLS = 3
MOST_MINUTES = 366 * 24 * 60

Day = Annotated[date, dg.Resolver(as_written, model_field_type=str | date)]


@dg.scaffold_with(ImportExample)
class SalesforceImport(dg.Component, Attributes, Times):
    """Objects of a Salesforce org as streams: one asset each, partitioned by time, kept up to date by a schedule."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="Short name; its job, schedule and sensor are named after it."
    )
    label: str = Field(default="", description="What people call this import.")
    description: str = Field(default="", description="What it imports and for whom.")
    connection: str = Field(description="Name of the SalesforceConnection to read from.")
    objects: list[ImportedObject] = Field(min_length=1, description="What to read, and into which stream.")
    import_leads: bool = Field(
        default=True, description="Whether the object Lead of this import is read; false leaves it out, if it is there."
    )
    partitions: Every = Field(
        default="daily",
        description="Length of a partition: daily for most orgs, hourly where a day is too much at once.",
    )
    start: Day = Field(
        description="First day that has a partition. The first partition also takes every record that is older."
    )
    look_back_minutes: int = Field(
        default=10,
        ge=0,
        le=MOST_MINUTES,
        description="How far before its start a window is read, for records that were saved late.",
    )
    deletes: Deletes = Field(
        default="track",
        description="track: records that the org deletes are marked as deleted; ignore: they stay as they were.",
    )
    max_daily_api_calls: int | None = Field(
        default=None,
        description="Most API calls of this import over a rolling 24 hours: 3 at least. Default: no maximum.",
    )
    transport: Transport = Field(
        default="auto",
        description="How records are read: rest, bulk (Bulk API 2.0), or auto, which decides by their number.",
    )
    job_patience_minutes: int = Field(
        default=120,
        ge=1,
        le=MOST_MINUTES,
        description="How long a job of the Bulk API may take in the org before its run fails.",
    )
    keep_updated: bool = Field(
        default=True, description="Whether a schedule reads new data by itself; false is an import that you start."
    )
    frequency: str = Field(
        default="hourly",
        description="How often the schedule runs: '5 minutes' to '12 hours', hourly, daily, weekly, or cron.",
    )
    formula_refresh: str | None = Field(
        default=None,
        description="How often formulas, roll-ups and fields of related records are read anew, which change without a "
        "timestamp: a frequency, such as daily, or cron. Default: never.",
    )
    reconcile: str | None = Field(
        default=None,
        description="How often the org's Ids are compared with the stream's, to find what was deleted for good and "
        "what was missed: a frequency, such as weekly, or cron. Default: never.",
    )
    group: Group = Field(default="streams", description="Group of the assets in the UI.")
    owners: list[Owner] = Field(default_factory=list, description="Who to ask: email addresses, or team:NAME.")

    @field_validator("start", mode="before")
    @classmethod
    def _check_start(cls, value: object) -> date:
        try:
            day = date.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            raise ValueError(f"{value!r} is no day; accepted is, for example, '2024-11-01'") from None
        if not isinstance(day, date) or isinstance(day, datetime):
            raise ValueError(f"{value!r} is no day; accepted is, for example, '2024-11-01'")
        if day > (today := datetime.now(UTC).date()):
            raise ValueError(f"{day} has not come yet (today is {today} UTC): until then there is nothing to read")
        if day < BEGINNING.date():
            raise ValueError(
                f"partitions begin on {BEGINNING:%Y-%m-%d} or later; the first one takes all that is older"
            )
        return day

    @field_validator("max_daily_api_calls")
    @classmethod
    def _check_maximum(cls, value: int | None) -> int | None:
        if value is not None and value < FEWEST_CALLS:
            raise ValueError(
                f"{value} API calls a day would never bring a record: a login, a look at the object and a page of its "
                f"records take {FEWEST_CALLS}; `sf-elt estimate` says how long the import takes with how many"
            )
        return value

    _check_frequency = field_validator("frequency")(checked_frequency)
    _check_upkeep = field_validator("formula_refresh", "reconcile")(checked_optional_frequency)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """An asset for each object, the job of all of them, its schedule, and the sensor that resumes after a pause."""
        require_connection(context, self.connection)
        self._require_own_name(context)
        self._require_own_streams(context)
        self._require_deletes_to_reconcile(context)
        self._require_use_of_times(context)
        partitions = partitions_of(self.partitions, self.start)
        specs = [self.spec(each, written_fields(context, self.connection, each.object)) for each in self.imported]
        assets = [import_asset(self, each, partitions, spec) for each, spec in zip(self.imported, specs, strict=True)]
        job = dg.define_asset_job(
            f"{self.name}_import",
            selection=dg.AssetSelection.assets(*self.keys()).without_checks()
            | dg.AssetSelection.checks(*own_checks(self.keys())),
            description=self.description or None,
            tags={IMPORT: self.name},
        )
        schedules = []
        if self.keep_updated:
            name = f"{self.name}_keep_updated"
            schedules = [keep_updated(name, self.title, self.timetable(), self.keys(), job, self.requests)]
        sensor = resume_when_free(f"{self.name}_resume", self.keys(), job, self.requests)
        imports = dg.Definitions(assets=assets, jobs=[job], schedules=schedules, sensors=[sensor])
        return dg.Definitions.merge(imports, upkeep_definitions(self, specs))

    @property
    def title(self) -> str:
        """What people call this import."""
        return self.label or self.name

    @property
    def imported(self) -> list[ImportedObject]:
        """The objects that are read: all, or all but Lead."""
        return [each for each in self.objects if self.import_leads or not each.is_lead]

    @property
    def spender(self) -> str:
        """Under this name the calls of its runs and of its upkeep are counted."""
        return f"import:{self.name}"

    def meter(self, warehouse: Warehouse, connection: OrgConnection) -> JobMeter:
        """What counts them, up to the import's own maximum."""
        return connection.meter(warehouse, self.spender, self.max_daily_api_calls)

    def keys(self) -> list[dg.AssetKey]:
        """The assets of this import."""
        return [stream_key(each.stream) for each in self.imported]

    def spec(self, imported: ImportedObject, written: tuple[str, ...]) -> StreamSpec:
        """What `streams` is asked to read for one object, some of whose fields our own exports write."""
        return StreamSpec(
            stream=imported.stream,
            object=imported.object,
            fields=tuple(imported.fields) if isinstance(imported.fields, list) else imported.fields,
            additional_fields=tuple(imported.additional_fields),
            exclude_fields=tuple(imported.exclude_fields),
            timestamp_field=imported.timestamp_field,
            since=imported.since,
            written_fields=written,
            look_back=timedelta(minutes=self.look_back_minutes),
            transport=self.transport,
            job_patience=timedelta(minutes=self.job_patience_minutes),
            deletes=self.deletes,
        )

    def requests(self, keys: Sequence[dg.AssetKey], now: datetime) -> list[dg.RunRequest]:
        """One run for each range of partitions that some of these streams have not read to the end."""
        streams: dict[KeyRange, list[dg.AssetKey]] = {}
        warehouse = open_warehouse()
        for each in (each for each in self.imported if stream_key(each.stream) in keys):
            read = (Span(*span) for span in spans_read(warehouse, each.stream, each.timestamp_field))
            for span in unread(self.partitions, self.start, read, now, each.since):
                streams.setdefault(span, []).append(stream_key(each.stream))
        return [
            dg.RunRequest(asset_selection=selected, asset_check_keys=own_checks(selected), tags=self._tags(span))
            for span, selected in sorted(streams.items())
        ]

    def _tags(self, span: KeyRange) -> dict[str, str]:
        return {**range_tags(span), IMPORT: self.name, ONLY_NEW: "true"}

    def timetable(self, frequency: str | None = None) -> Timetable:
        """When the schedule runs, or what else of this import has a frequency: at its time of day, on its weekday."""
        return timetable(
            frequency or self.frequency,
            time_of_day=self.time_of_day,
            day_of_week=self.day_of_week,
            time_zone=self.time_zone,
        )

    def _require_use_of_times(self, context: dg.ComponentLoadContext) -> None:
        frequencies = [each for each in (self.frequency, self.formula_refresh, self.reconcile) if each is not None]
        try:
            require_use(frequencies, time_of_day=self.time_of_day, day_of_week=self.day_of_week)
        except NotTogether as error:
            raise attribute_error(context, [error.attribute], str(error)) from None

    def _require_deletes_to_reconcile(self, context: dg.ComponentLoadContext) -> None:
        """Where deletes are ignored, what is gone from the org is meant to stay."""
        if self.reconcile is not None and self.deletes == "ignore":
            raise attribute_error(
                context, ["reconcile"], "with `deletes: ignore` there is nothing to reconcile; leave out one of the two"
            )

    def _require_own_name(self, context: dg.ComponentLoadContext) -> None:
        """Its job, schedule and allowance of API calls go by its name."""
        names = [each.name for each in context.component_tree.get_all_components(SalesforceImport)]
        if names.count(self.name) > 1:
            raise attribute_error(context, ["name"], f"there is more than one import {self.name!r}: give each its own")

    def _require_own_streams(self, context: dg.ComponentLoadContext) -> None:
        """Each stream has one import, and an import has one at least."""
        if not self.imported:
            raise attribute_error(context, ["import_leads"], "without Lead there is nothing left to import")
        for index, each in reversed(list(enumerate(self.objects))):
            writers = [name for name, stream in _streams_of_all(context) if stream == each.stream]
            if each in self.imported and len(writers) > 1:
                raise attribute_error(
                    context,
                    ["objects", index, "object" if each.stream == stream_of(each.object) else "stream"],
                    f"stream {each.stream!r} is written more than once (by {', '.join(writers)}): give each its own",
                )


def _streams_of_all(context: dg.ComponentLoadContext) -> Iterator[tuple[str, str]]:
    """(import, stream) of every import of the project."""
    for component in context.component_tree.get_all_components(SalesforceImport):
        yield from ((component.name, each.stream) for each in component.imported)
    for events in context.component_tree.get_all_components(EventImport):
        yield ("an EventImport", events.stream)


def what_changes(context: dg.ComponentLoadContext, streams: Sequence[str]) -> list[dg.AssetKey]:
    """The assets that change the rows of these streams: the streams' own, and those of their upkeep."""
    imports = context.component_tree.get_all_components(SalesforceImport)
    return [stream_key(stream) for stream in streams] + [
        key for component in imports for key in upkeep_keys(component, streams)
    ]


def known_streams(context: dg.ComponentLoadContext) -> list[str]:
    """The streams that the project's components import, and those of Lead where that is switched off.

    What is made of leads stays valid without them: the documented views then have no row of theirs.
    """
    imports = context.component_tree.get_all_components(SalesforceImport)
    left_out = [each.stream for component in imports for each in component.objects if each not in component.imported]
    return list(dict.fromkeys([stream for _, stream in _streams_of_all(context)] + left_out))
