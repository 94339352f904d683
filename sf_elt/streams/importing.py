"""Reads one window of one stream from the org into the warehouse."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download, Org, QueryRefused, UnknownField, survey
from sf_elt.salesforce.permissions import explaining
from sf_elt.streams.asking import asked_md5, own_columns
from sf_elt.streams.columns import StreamColumns, stream_columns
from sf_elt.streams.errors import LandingUnreadable, Shortfall
from sf_elt.streams.landing import Begun, Landing, landing_folder, sweep
from sf_elt.streams.mending import Misread, mend, set_aside
from sf_elt.streams.merge import NOTHING, MergeCounts, merge_download
from sf_elt.streams.overtaken import refreshed_since
from sf_elt.streams.progress import Progress, say_nothing
from sf_elt.streams.reading import Reading, condition, includes_deleted
from sf_elt.streams.recording import WindowReport, record_window, together
from sf_elt.streams.schema import SchemaChange, adapt_table
from sf_elt.streams.spending import Spending
from sf_elt.streams.standing import PastRead, past_reads, read_up_to
from sf_elt.streams.table import living_rows, rows_in_stream
from sf_elt.streams.views import STREAMS_BEHIND_VIEWS, refresh_views
from sf_elt.streams.whole import mark_absent
from sf_elt.streams.windows import (
    NO_TIMESTAMP,
    TIMESTAMP_FIELDS,
    WHOLE,
    ReadRange,
    StreamSpec,
    Window,
    first_to_read,
    read_range,
)
from sf_elt.warehouse import JobMeter, Warehouse


@dataclass(frozen=True)
class _Read:
    """What came from the org for a window, not merged yet.

    `began`: the rows are as old as the query that read them. `leaves_more` where an unfinished read was gone on with
    that ended before the window does. `is_idle` where nothing was there to read, and the table is as the last read made
    it.
    """

    columns: StreamColumns
    asked_md5: str
    span: ReadRange
    download: Download
    began: datetime
    leaves_more: bool = False
    is_idle: bool = False


def import_window(
    org: Org,
    meter: JobMeter,
    warehouse: Warehouse,
    spec: StreamSpec,
    window: Window,
    *,
    now: datetime,
    run_id: str,
    only_new: bool = False,
    asked_at: datetime | None = None,
    accept_many: bool = False,
    progress: Progress | None = None,
) -> WindowReport:
    """Reads the window with its look-back and merges it; the rows and the record of completion commit together.

    Windows may be read in any order, any number of times. `now` is when the read begins (UTC); where the org's clock
    runs behind ours, the window is read to the org's now. With `only_new` what earlier reads have covered of the window
    is left out, but for the look-back before it; where they asked for other fields, or by another timestamp field, it
    is read whole. What was read since `asked_at` is left out as well: work that was asked for then, and was paused,
    ends, however few calls each of its runs has. A read that was paused or killed is gone on with, then the rest of the
    window is read, and the report is of both. Where another run reads from the same time on, its end is awaited, and
    what it has read is not read again. Of an object that is read whole, what the org does not give any more is marked
    as deleted; `accept_many` is for where that is more than deletions usually explain.

    Raises SalesforceError (AllowanceSpent where the calls ran out: nothing is lost, run the window again after
    `until`), UnknownObject and UnknownField (did you mean …, and what to grant), SpecRefused, Shortfall,
    LandingUnreadable, ManyVanished, WarehouseBusy, WarehouseFull. After any of them the stream is as it was.
    """
    spending = Spending(org, meter, now, run_id)
    work = _Work(
        org, spending, warehouse, spec, window, now, run_id, only_new, asked_at, accept_many, progress or say_nothing
    )
    with spending.counting(warehouse), explaining(org, spec.object):
        return work.run()


@dataclass
class _Work:
    """The import of one window while it runs. `covering` are the reads whose part of the window is not read again.

    `surveyed` is what an unfinished read leaves, looked at before that was gone on with.
    """

    org: Org
    spending: Spending
    warehouse: Warehouse
    spec: StreamSpec
    window: Window
    now: datetime
    run_id: str
    only_new: bool
    asked_at: datetime | None
    accept_many: bool
    progress: Progress

    def __post_init__(self) -> None:
        self.surveyed: _Surveyed | None = None
        self.reads = past_reads(self.warehouse, self.spec.stream)
        before = () if self.only_new else self.reads
        self.before = frozenset(read for read in before if self.asked_at is None or read.completed_at < self.asked_at)

    @property
    def covering(self) -> list[PastRead]:
        return [read for read in self.reads if read not in self.before]

    def run(self) -> WindowReport:
        """One read; a second where the first was an unfinished one, or another run's that had to be awaited."""
        reports: list[WindowReport] = []
        while True:
            kept = self._read_and_kept(self._expected_range())
            if kept is not None:
                read, report = kept
                reports.append(report)
                sweep(self.warehouse, self.spec.stream, read.span)
                if not read.leaves_more:
                    return together(reports)
                self.spending.count_anew()
            self.reads = past_reads(self.warehouse, self.spec.stream)

    def _read_and_kept(self, expected: ReadRange) -> tuple[_Read, WindowReport] | None:
        """None where another run's read was awaited, or where an unfinished one was no good: it is to be tried anew."""
        with landing_folder(self.warehouse, self.spec.stream, expected, self.now) as landing:
            if landing is not None:
                read = self._read(expected, landing)
                return read, self._keep(read)
        return None

    def _expected_range(self) -> ReadRange:
        """What is to be read as far as is known before the org is asked: its fields may have changed."""
        field = self._expected_field().lower()
        last = next((read for read in reversed(self.reads) if read.timestamp_field.lower() == field), None)
        return self._range([read for read in self.covering if last is not None and read.asks_the_same_as(last)])

    def _expected_field(self) -> str:
        """The timestamp field as configured, or of the latest read, or the one that nearly every object has."""
        if self.spec.timestamp_field is not None:
            return WHOLE if self.spec.timestamp_field.lower() == NO_TIMESTAMP else self.spec.timestamp_field
        return self.reads[-1].timestamp_field if self.reads else TIMESTAMP_FIELDS[0]

    def _range(self, covering: list[PastRead]) -> ReadRange:
        now = self.now - self.org.behind  # the org's now: rows saved after it are not there yet
        return read_range(self.spec, self.window, now, read_up_to(covering, first_to_read(self.spec, self.window)))

    def _left(self, timestamp_field: str, asked: str) -> ReadRange:
        """What is left to read of the window by reads that ask for the same."""
        return self._range([read for read in self.covering if read.asks(timestamp_field, asked)])

    def _is_idle(self, timestamp_field: str, asked: str) -> bool:
        """Whether a read without rows has nothing to do: the stream's table is made for what is asked for."""
        return timestamp_field != WHOLE and bool(self.reads) and self.reads[-1].asks(timestamp_field, asked)

    def _read(self, expected: ReadRange, landing: Landing) -> _Read:
        """Lands what is to be read: one call where the org counts no rows. An unfinished read is gone on with."""
        self.progress(f"{self.spec.stream}: counting", 0, None)
        survey_of = self._survey(expected, landing.begun)
        if survey_of.counted == 0 and landing.begun is None:
            own, asked = own_columns(self.org, self.spec)
            span = self._left(own.timestamp_field, asked)
            if survey_of.holds(own.timestamp_field, span) and self._is_idle(own.timestamp_field, asked):
                return _Read(own, asked, span, Download("none", (), 0), self.now, is_idle=True)
        columns = stream_columns(self.org, self.spec)
        asked = asked_md5(self.spec, columns.names)
        span = self._left(columns.timestamp_field, asked)
        reading = Reading(self.org, self.spec, columns, self.progress)
        begun = landing.begun
        if begun is not None and self._is_to_go_on_with(begun, reading):
            download = reading.download(begun.span, landing.folder, begun.transport, None)
            leaves_more = begun.read_to < span.read_to and columns.timestamp_field != WHOLE
            self.surveyed = survey_of
            return _Read(columns, asked, begun.span, download, begun.began, leaves_more)
        counted = survey_of.counted if survey_of.holds(columns.timestamp_field, span) else reading.count(span)
        if span.is_empty or counted == 0:
            return _Read(columns, asked, span, Download("none", (), 0), self.now)
        begun = reading.beginning(span, counted, self.now)
        landing.begin(begun)
        download = reading.download(span, landing.folder, begun.transport, counted)
        if counted is not None and download.reported < counted:
            self._confirm(reading, span, download.reported)
        return _Read(columns, asked, span, download, self.now)

    def _survey(self, expected: ReadRange, begun: Begun | None) -> "_Surveyed":
        """What is to be read, counted. Where an unfinished read is gone on with: what it leaves, which comes next.

        A second look for that would be a call more. Where each run has only three, and rows are saved all the time, the
        third would be that look, and none would ever be left to read what it finds.
        """
        field = self._expected_field()
        if begun is not None and field != WHOLE and begun.read_to < expected.read_to:
            left = read_range(self.spec, self.window, self.now - self.org.behind, begun.read_to)
            return _Surveyed.of(self.org, self.spec, field, left)
        if self.surveyed is not None and self.surveyed.holds(field, expected):
            return self.surveyed
        return _Surveyed.of(self.org, self.spec, field, expected)

    def _is_to_go_on_with(self, begun: Begun, reading: Reading) -> bool:
        """Whether it asks for the same; and of an object that is read whole, that nothing newer has been read."""
        is_whole = reading.columns.timestamp_field == WHOLE
        is_overtaken = is_whole and any(read.completed_at > begun.began for read in self.reads)
        return reading.asks_as(begun) and not is_overtaken

    def _confirm(self, reading: Reading, span: ReadRange, reported: int) -> None:
        """Fewer rows than were counted a moment ago: right where rows have moved on since, a shortfall otherwise."""
        recounted = reading.count(span)
        if recounted is not None and reported < recounted:
            raise Shortfall(
                f"{self.spec.stream}: the org counts {recounted:,} rows for {self.window} but its query gave "
                f"{reported:,}. Nothing was moved; run the window again."
            )

    def _keep(self, read: _Read) -> WindowReport:
        """Merges what was read and records the window. Single values that cannot be read are mended first."""
        self.progress(f"{self.spec.stream}: merging", 0, read.download.reported)
        try:
            report = self._commit(read)
        except LandingUnreadable:
            download, misread = mend(self.spec.stream, read.columns, read.download, str(self.window))
            if not misread:
                raise
            report = self._commit(replace(read, download=download), misread)
        self.progress(f"{self.spec.stream}: done", report.rows_read, report.rows_read)
        return report

    def _commit(self, read: _Read, misread: tuple[Misread, ...] = ()) -> WindowReport:
        """All of it in one transaction."""
        with self.warehouse.write() as connection:
            counts, changes = (NOTHING, ()) if read.is_idle else self._move(connection, read)
            standing = rows_in_stream(connection, self.spec.stream), living_rows(connection, self.spec.stream)
            report = self._report(read, counts, changes, *standing)
            set_aside(connection, self.spec.stream, misread, self.now)
            record_window(connection, report)
            self.spending.note(connection)
        return replace(report, misread=misread)

    def _move(self, connection: DuckDBPyConnection, read: _Read) -> tuple[MergeCounts, tuple[SchemaChange, ...]]:
        """What was read into the stream's table, which is made to hold it."""
        shape = adapt_table(connection, self.spec.stream, read.columns.columns, self.now, label=read.columns.label)
        landed = (connection, self.spec.stream, read.columns, shape, read.download)
        began, window = read.began.astimezone(UTC), str(self.window)
        counts = NOTHING
        if read.download.files:
            refreshed = refreshed_since(connection, self.spec.stream, began)
            counts = merge_download(*landed, loaded_at=began, window=window, refreshed=refreshed)
        if read.columns.timestamp_field == WHOLE and includes_deleted(self.spec) and not read.span.is_empty:
            gone = mark_absent(
                *landed,
                loaded_at=began,
                window=window,
                noticed_at=self.now,
                run_id=self.run_id,
                accept_many=self.accept_many,
            )
            counts = replace(counts, rows_deleted=counts.rows_deleted + gone)
        if self.spec.stream in STREAMS_BEHIND_VIEWS and (shape.is_new or shape.changes):
            refresh_views(connection)
        return counts, shape.changes

    def _report(
        self,
        read: _Read,
        counts: MergeCounts,
        changes: tuple[SchemaChange, ...],
        rows_in_stream: int,
        rows_living: int,
    ) -> WindowReport:
        return WindowReport(
            stream=self.spec.stream,
            window_start=self.window.start.astimezone(UTC),
            window_end=self.window.end.astimezone(UTC),
            read_from=read.span.read_from,
            read_to=max(read.span.read_to, read.span.read_from),
            is_open=read.span.is_open,
            timestamp_field=read.columns.timestamp_field,
            transport=read.download.transport,
            org_count=read.download.reported,
            rows_read=counts.rows_read,
            rows_new=counts.rows_new,
            rows_changed=counts.rows_changed,
            rows_unchanged=counts.rows_unchanged,
            rows_deleted=counts.rows_deleted,
            newest=counts.newest.replace(tzinfo=UTC) if counts.newest is not None else None,
            api_calls=self.spending.calls,
            seconds=self.spending.seconds,
            run_id=self.run_id,
            completed_at=self.spending.ended,
            asked_md5=read.asked_md5,
            rows_in_stream=rows_in_stream,
            rows_living=rows_living,
            api_left=self.spending.calls_left,
            schema_changes=changes,
            rows_kept_out=counts.rows_kept_out,
            column_groups=read.download.column_groups,
            rows_read_again=read.download.rows_read_again,
        )


@dataclass(frozen=True)
class _Surveyed:
    """The rows that were counted in the call that described the object; of which field and range, if of any."""

    field: str
    span: ReadRange
    counted: int | None
    was_counted: bool

    @classmethod
    def of(cls, org: Org, spec: StreamSpec, field: str, span: ReadRange) -> Self:
        """Asks the org; nothing where the range is empty. The object is described even where it cannot be counted."""
        if span.is_empty:
            return cls(field, span, 0, was_counted=True)
        try:
            found = survey(org, spec.object, condition(spec, field, span), include_deleted=includes_deleted(spec))
        except (UnknownField, QueryRefused):  # no such field, or not any more: its describe says what it has
            return cls(field, span, None, was_counted=False)
        return cls(field, span, found.counted, was_counted=True)

    def holds(self, field: str, span: ReadRange) -> bool:
        """Whether no row of the range was left out of the count."""
        is_inside = self.span.read_from <= span.read_from and span.read_to <= self.span.read_to
        return self.was_counted and is_inside and field.lower() == self.field.lower()
