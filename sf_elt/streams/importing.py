"""Reads one window of one stream from the org into the warehouse."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Literal

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import (
    AllowanceSpent,
    Download,
    JobPatience,
    Org,
    QueryTooLarge,
    RequestRefused,
    count,
    download_bulk,
    download_rest,
    fits_rest,
    select,
    within,
)
from sf_elt.salesforce.permissions import explained
from sf_elt.streams.columns import StreamColumns, stream_columns
from sf_elt.streams.errors import Shortfall, SpecRefused
from sf_elt.streams.landing import Begun, Landing, landing_folder
from sf_elt.streams.merge import NOTHING, MergeCounts, merge_download
from sf_elt.streams.schema import SchemaChange, adapt_table
from sf_elt.streams.spending import note_calls
from sf_elt.streams.views import STREAMS_BEHIND_VIEWS, refresh_views
from sf_elt.streams.windows import ReadRange, StreamSpec, Window, read_range
from sf_elt.warehouse import JobMeter, Warehouse, quote_table

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class WindowReport:
    """What one import of one window did: the row of ops.windows, and what stands beside it. Times are UTC."""

    stream: str
    window_start: datetime
    window_end: datetime
    read_from: datetime
    read_to: datetime
    is_open: bool
    timestamp_field: str
    transport: str
    org_count: int
    rows_read: int
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    rows_deleted: int
    newest: datetime | None
    api_calls: int
    seconds: float
    run_id: str
    completed_at: datetime
    rows_in_stream: int
    api_left: int | None
    schema_changes: tuple[SchemaChange, ...]


@dataclass(frozen=True)
class _Read:
    """What came from the org for a window, not merged yet."""

    columns: StreamColumns
    span: ReadRange
    download: Download


def import_window(
    org: Org,
    meter: JobMeter,
    warehouse: Warehouse,
    spec: StreamSpec,
    window: Window,
    *,
    now: datetime,
    run_id: str,
    progress: Progress | None = None,
) -> WindowReport:
    """Reads the window with its look-back and merges it; the rows and the record of completion commit together.

    Windows may be read in any order, any number of times. `now` is when the read begins (UTC); where the org's clock
    runs behind ours, the window is read to the org's now. A read that was paused is gone on with, then the rest of the
    window is read, and the report is of both.

    Raises SalesforceError (AllowanceSpent where the calls ran out: nothing is lost, run the window again after
    `until`), UnknownObject and UnknownField (did you mean …, and what to grant), SpecRefused, Shortfall,
    LandingUnreadable, WarehouseBusy, WarehouseFull. After any of them the stream is as it was.
    """
    work = _Work(org, meter, warehouse, spec, window, now, run_id, progress or _silent)
    with org.counted_by(meter):
        try:
            columns = stream_columns(org, spec)
            span = read_range(spec, window, now - org.behind)  # the org's now: rows saved after it are not there yet
            with landing_folder(warehouse, spec.stream, span, now) as landing:
                read = work.read(columns, span, landing)
                report = work.keep(read)
        except AllowanceSpent:
            with warehouse.write() as connection:
                work.note_calls(connection)
            raise
        except RequestRefused as error:
            told = explained(org, spec.object, error)
            org.described.clear()  # what the org refuses may be gone since it was described
            raise told from error.__cause__
    if read.span.read_to >= span.read_to:
        return report
    # A paused read was gone on with, and ends where it was paused: here comes the rest.
    rest = Window(read.span.read_to, window.end)
    return _together(
        report, import_window(org, meter, warehouse, spec, rest, now=now, run_id=run_id, progress=progress)
    )


@dataclass
class _Work:
    """The import of one window while it runs."""

    org: Org
    meter: JobMeter
    warehouse: Warehouse
    spec: StreamSpec
    window: Window
    now: datetime
    run_id: str
    progress: Progress

    def __post_init__(self) -> None:
        self.started = time.monotonic()
        self.calls_before = self.meter.made
        self.began = self.now

    @property
    def include_deleted(self) -> bool:
        return self.spec.deletes == "track"

    @property
    def calls(self) -> int:
        return self.meter.made - self.calls_before

    def read(self, columns: StreamColumns, span: ReadRange, landing: Landing) -> _Read:
        """Lands the span's rows; one call where the org counts none. A paused read is gone on with as it began."""
        begun = landing.begun
        if begun is not None and self._asks_the_same(begun, columns):
            self.began = begun.began  # the rows are as old as the query that reads them
            return _Read(columns, begun.span, self._download(columns, begun.span, landing.folder, begun.transport))
        if span.is_empty:
            return _Read(columns, span, Download("none", (), 0))
        self.progress(f"{self.spec.stream}: counting", 0, None)
        where = within(columns.timestamp_field, span.read_from, span.read_to)
        counted = self._count(where)
        if counted == 0:
            return _Read(columns, span, Download("none", (), 0))
        soql = self._soql(columns, span)
        transport = self._transport(soql, counted)
        landing.begin(
            Begun(
                began=self.now,
                read_from=span.read_from,
                read_to=span.read_to,
                is_open=span.is_open,
                soql=soql,
                include_deleted=self.include_deleted,
                transport=transport,
            )
        )
        download = self._download(columns, span, landing.folder, transport, counted)
        if counted is not None and download.reported < counted:
            self._confirm(where, download.reported)
        return _Read(columns, span, download)

    def _asks_the_same(self, begun: Begun, columns: StreamColumns) -> bool:
        asked = (self._soql(columns, begun.span), self.include_deleted)
        return (begun.soql, begun.include_deleted) == asked

    def _transport(self, soql: str, counted: int | None) -> Literal["rest", "bulk"]:
        """As the spec says, or by the number of rows; a query that is too long for an address goes by bulk."""
        if self.spec.transport == "bulk" or not fits_rest(soql):
            return "bulk"
        is_large = counted is None or counted > self.spec.rest_rows
        return "bulk" if self.spec.transport == "auto" and is_large else "rest"

    def _soql(self, columns: StreamColumns, span: ReadRange) -> str:
        where = within(columns.timestamp_field, span.read_from, span.read_to)
        try:
            return select(columns.names, self.spec.object, where)
        except ValueError as error:
            raise SpecRefused(f"{self.spec.stream}: {error}; name `fields`, or leave some out") from error

    def keep(self, read: _Read) -> WindowReport:
        """Merges what was read and records the window, in one transaction."""
        self.progress(f"{self.spec.stream}: merging", 0, read.download.reported)
        with self.warehouse.write() as connection:
            shape = adapt_table(connection, self.spec.stream, read.columns.columns, self.now)
            counts = NOTHING
            if read.download.files:
                counts = merge_download(
                    connection,
                    self.spec.stream,
                    read.columns,
                    shape,
                    read.download,
                    loaded_at=self.began.astimezone(UTC),
                    window=str(self.window),
                )
            if self.spec.stream in STREAMS_BEHIND_VIEWS and (shape.is_new or shape.changes):
                refresh_views(connection)
            report = self._report(read, counts, shape.changes, _rows(connection, self.spec.stream))
            _record(connection, report)
            self.note_calls(connection)
        self.progress(f"{self.spec.stream}: done", counts.rows_read, counts.rows_read)
        return report

    def note_calls(self, connection: DuckDBPyConnection) -> None:
        """Adds what this piece of work has spent to ops.api_calls."""
        note_calls(connection, self.org, self.meter, self.calls, self.run_id, self._ended)

    def _count(self, where: str) -> int | None:
        """Rows that the org counts; None where there are too many for it to count in time."""
        try:
            return count(self.org, self.spec.object, where, include_deleted=self.include_deleted)
        except QueryTooLarge:
            return None

    def _download(
        self,
        columns: StreamColumns,
        span: ReadRange,
        folder: Path,
        transport: Literal["rest", "bulk"],
        counted: int | None = None,
    ) -> Download:
        """Lands a range; where the org finds that too much at once, both halves of it."""
        soql = self._soql(columns, span)
        try:
            if transport == "rest":
                return download_rest(
                    self.org, soql, folder, include_deleted=self.include_deleted, on_page=self._on_rest_page(counted)
                )
            return download_bulk(
                self.org,
                soql,
                folder,
                include_deleted=self.include_deleted,
                patience=JobPatience(longest=self.spec.job_patience, page_rows=self.spec.page_rows),
                on_page=lambda rows, total: self.progress(f"{self.spec.stream}: reading", rows, total),
            )
        except QueryTooLarge:
            earlier, later = span.halves()
            (folder / "earlier").mkdir(exist_ok=True)
            (folder / "later").mkdir(exist_ok=True)
            first = self._download(columns, earlier, folder / "earlier", transport, counted)
            second = self._download(columns, later, folder / "later", transport, counted)
            return Download(first.transport, first.files + second.files, first.reported + second.reported)

    def _on_rest_page(self, counted: int | None) -> Callable[[int], None]:
        return lambda pages: self.progress(f"{self.spec.stream}: reading page {pages}", 0, counted)

    def _confirm(self, where: str, reported: int) -> None:
        """Fewer rows than were counted a moment ago: right where rows have moved on since, a shortfall otherwise."""
        recounted = count(self.org, self.spec.object, where, include_deleted=self.include_deleted)
        if reported < recounted:
            raise Shortfall(
                f"{self.spec.stream}: the org counts {recounted:,} rows for {self.window} but its query gave "
                f"{reported:,}. Nothing was moved; run the window again."
            )

    @property
    def _ended(self) -> datetime:
        return self.now.astimezone(UTC) + timedelta(seconds=time.monotonic() - self.started)

    def _report(
        self, read: _Read, counts: MergeCounts, changes: tuple[SchemaChange, ...], rows_in_stream: int
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
            api_calls=self.calls,
            seconds=time.monotonic() - self.started,
            run_id=self.run_id,
            completed_at=self._ended,
            rows_in_stream=rows_in_stream,
            api_left=self.meter.left,
            schema_changes=changes,
        )


def _together(first: WindowReport, rest: WindowReport) -> WindowReport:
    """What a paused read and the rest of its window did."""
    summed = ("org_count", "rows_read", "rows_new", "rows_changed", "rows_unchanged", "rows_deleted", "api_calls")
    return replace(
        rest,
        window_start=first.window_start,
        read_from=first.read_from,
        transport=first.transport if rest.transport == "none" else rest.transport,
        newest=max((at for at in (first.newest, rest.newest) if at is not None), default=None),
        seconds=first.seconds + rest.seconds,
        schema_changes=first.schema_changes + rest.schema_changes,
        **{name: getattr(first, name) + getattr(rest, name) for name in summed},
    )


def _record(connection: DuckDBPyConnection, report: WindowReport) -> None:
    statement = files("sf_elt.streams").joinpath("record_window.sql").read_text("utf-8")
    names = [
        "stream", "window_start", "window_end", "read_from", "read_to", "is_open", "timestamp_field", "transport",
        "org_count", "rows_read", "rows_new", "rows_changed", "rows_unchanged", "rows_deleted", "newest", "api_calls",
        "seconds", "run_id", "completed_at",
    ]  # fmt: skip
    values = {name: getattr(report, name) for name in names}
    connection.execute(
        statement, {name: _naive(value) if isinstance(value, datetime) else value for name, value in values.items()}
    )


def _rows(connection: DuckDBPyConnection, stream: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {quote_table('streams', stream)}").fetchone()  # noqa: S608 - quoted
    return int(row[0]) if row is not None else 0


def _naive(at: datetime) -> datetime:
    """UTC without a time zone, as the warehouse keeps it."""
    return at.astimezone(UTC).replace(tzinfo=None)


def _silent(what: str, done: int, total: int | None) -> None:
    """Nobody watches."""
