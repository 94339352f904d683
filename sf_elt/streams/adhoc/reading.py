"""Some rows or some fields of a window, into a stream that otherwise stays as it stands."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download, Org
from sf_elt.salesforce.permissions import explaining
from sf_elt.streams.adhoc.looking import at_most, reading_of, span_of
from sf_elt.streams.adhoc.wanted import Wanted
from sf_elt.streams.columns import stream_columns
from sf_elt.streams.landing import Landing, landing_folder
from sf_elt.streams.merge import NOTHING, MergeCounts, merge_download
from sf_elt.streams.overtaken import refreshed_since
from sf_elt.streams.progress import Progress, say_nothing
from sf_elt.streams.reading import Reading
from sf_elt.streams.schema import TableShape, adapt_table
from sf_elt.streams.spending import Spending
from sf_elt.streams.staging import stage_download
from sf_elt.streams.statements import statement
from sf_elt.streams.table import rows_in_stream
from sf_elt.streams.views import STREAMS_BEHIND_VIEWS, refresh_views
from sf_elt.streams.windows import ReadRange, StreamSpec, Window
from sf_elt.warehouse import JobMeter, Warehouse, naive, quote, quote_table, quote_text


@dataclass(frozen=True)
class SomeReport:
    """What an ad-hoc read did. Times are UTC.

    `rows_counted` is what the org has in the window, `rows_left` those of the rows read that the stream has not, or has
    deleted, or has newer: a read of some fields leaves them to their windows. `rows_ahead` now have fields that are
    newer than the rest of the row.
    """

    stream: str
    read_from: datetime
    read_to: datetime
    transport: str
    rows_counted: int | None
    rows_read: int
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    rows_left: int
    rows_ahead: int
    fields: tuple[str, ...]
    rows_in_stream: int
    api_calls: int
    api_left: int | None
    seconds: float


def read_some(
    org: Org,
    meter: JobMeter,
    warehouse: Warehouse,
    spec: StreamSpec,
    window: Window,
    wanted: Wanted,
    *,
    now: datetime,
    run_id: str,
    progress: Progress | None = None,
) -> SomeReport:
    """Reads some rows or some fields of the window, and merges them, in one transaction.

    Rows are whole versions of their records and are merged as any read's. Fields are set in the rows that the stream
    has, where they are not older than what stands; all other fields stay, and so does the version, so that the whole
    record still counts as newer when its window brings it. The window itself counts as unread as it did before.

    Raises what `import_window` raises, UnknownField and SpecRefused for fields that cannot be read so. After
    AllowanceSpent it is to be asked for again: nothing goes on by itself.
    """
    spending = Spending(org, meter, now, run_id)
    work = _Work(org, spending, warehouse, spec, wanted, now, progress or say_nothing)
    with spending.counting(warehouse), explaining(org, spec.object):
        return work.run(span_of(spec, window, wanted, now - org.behind), window)


@dataclass
class _Work:
    """One ad-hoc read while it runs."""

    org: Org
    spending: Spending
    warehouse: Warehouse
    spec: StreamSpec
    wanted: Wanted
    now: datetime
    progress: Progress

    def run(self, span: ReadRange, window: Window) -> SomeReport:
        """Reads and keeps; once more where another ad-hoc read of that range was awaited."""
        reading = reading_of(self.org, self.spec, self.wanted, self.progress)
        self.progress(f"{self.spec.stream}: counting", 0, None)
        counted = 0 if span.is_empty else replace(reading, newest=None).count(span)
        while True:
            with landing_folder(self.warehouse, f"{self.spec.stream}-adhoc", span, self.now) as landing:
                if landing is not None:
                    download = self.download(reading, span, landing, at_most(counted, self.wanted.limit))
                    return self.keep(reading, span, download, counted, window)

    def download(self, reading: Reading, span: ReadRange, landing: Landing, rows: int | None) -> Download:
        """Lands the rows. What an earlier one has left is not gone on with: this one is to be of now."""
        if rows == 0:
            return Download("none", (), 0)
        begun = reading.beginning(span, rows, self.now)
        landing.begin(begun)
        return reading.download(span, landing.folder, begun.transport, rows)

    def keep(
        self, reading: Reading, span: ReadRange, download: Download, counted: int | None, window: Window
    ) -> SomeReport:
        """Merges rows or sets fields, and notes the calls, in one transaction."""
        self.progress(f"{self.spec.stream}: merging", 0, download.reported)
        counts, left, ahead = NOTHING, 0, 0
        with self.warehouse.write() as connection:
            whole = stream_columns(self.org, self.spec)
            shape = adapt_table(connection, self.spec.stream, whole.columns, self.now, label=whole.label)
            if self.wanted.fields:
                counts, left, ahead = _set_fields(connection, self.spec.stream, reading, shape, download, self.now)
            elif download.files:
                counts = self._merge(connection, reading, shape, download, window)
            if self.spec.stream in STREAMS_BEHIND_VIEWS and (shape.is_new or shape.changes):
                refresh_views(connection)
            rows = rows_in_stream(connection, self.spec.stream)
            self.spending.note(connection)
        self.progress(f"{self.spec.stream}: done", counts.rows_read, counts.rows_read)
        return SomeReport(
            stream=self.spec.stream,
            read_from=span.read_from,
            read_to=max(span.read_to, span.read_from),
            transport=download.transport,
            rows_counted=counted,
            rows_read=counts.rows_read,
            rows_new=counts.rows_new,
            rows_changed=counts.rows_changed,
            rows_unchanged=counts.rows_unchanged,
            rows_left=left,
            rows_ahead=ahead,
            fields=tuple(reading.columns.names),
            rows_in_stream=rows,
            api_calls=self.spending.calls,
            api_left=self.spending.calls_left,
            seconds=self.spending.seconds,
        )

    def _merge(
        self, connection: DuckDBPyConnection, reading: Reading, shape: TableShape, download: Download, window: Window
    ) -> MergeCounts:
        began = self.now.astimezone(UTC)
        return merge_download(
            connection,
            self.spec.stream,
            reading.columns,
            shape,
            download,
            loaded_at=began,
            window=f"{window}, the newest {self.wanted.limit}",
            refreshed=refreshed_since(connection, self.spec.stream, began),
        )


def _set_fields(
    connection: DuckDBPyConnection,
    stream: str,
    reading: Reading,
    shape: TableShape,
    download: Download,
    now: datetime,
) -> tuple[MergeCounts, int, int]:
    """(counts, rows left to their windows, rows whose fields are ahead of the rest)."""
    columns = reading.columns
    read = stage_download(connection, stream, columns, shape, download, loaded_at=now.astimezone(UTC), window="adhoc")
    fields = columns.names[2:]
    names = {
        "stream": quote_table("streams", stream),
        "version": quote(columns.version_field),
        "differences": ", ".join(
            f"CASE WHEN incoming.{quote(name)} IS DISTINCT FROM standing.{quote(name)} THEN {quote_text(name)} END"
            for name in fields
        ),
        "assignments": ", ".join(f"{quote(name)} = settable.{quote(name)}" for name in fields),
    }
    told = {"stream": stream, "fields": fields}
    connection.execute("DROP TABLE IF EXISTS temp.settable")
    connection.execute(statement("adhoc/settable.sql").format_map(names), told)
    connection.execute(statement("adhoc/set_fields.sql").format_map(names), {"substance": list(columns.substance)})
    connection.execute(
        "DELETE FROM ops.read_apart AS apart USING settable"
        ' WHERE apart.stream = $stream AND apart.record_id = settable."Id" AND list_contains($fields, apart.field)',
        told,
    )
    connection.execute(
        statement("adhoc/note_apart.sql").format_map(names), told | {"read_at": naive(now.astimezone(UTC))}
    )
    counted = connection.execute(
        "SELECT count(*), count(*) FILTER (len(differing) > 0), count(*) FILTER (is_ahead) FROM settable"
    ).fetchall()
    ((settable, changed, ahead),) = counted
    return (
        replace(NOTHING, rows_read=read, rows_changed=changed, rows_unchanged=settable - changed),
        read - settable,
        ahead,
    )
