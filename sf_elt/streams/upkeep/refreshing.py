"""Fields that change without moving their record's timestamp, brought up to date on a schedule.

A formula over another object, a roll-up summary, a field of a related record (`Owner.Name`) and the date of the last
activity change when the other record does; the record itself is not saved, so no window reads it again
(heroku/roadmap#319). `refresh_formulas` reads those fields of all living records, Id and version beside them, and
changes them in the stream where the stream has the very version that was read. A record that was saved in between comes
with its next window.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download, ObjectDescribe, Org, describe
from sf_elt.salesforce.permissions import explaining
from sf_elt.streams.columns import Column, StreamColumns, stream_columns
from sf_elt.streams.landing import Landing, landing_folder
from sf_elt.streams.progress import Progress, say_nothing
from sf_elt.streams.reading import Reading
from sf_elt.streams.schema import TableShape, widened
from sf_elt.streams.spending import Spending
from sf_elt.streams.staging import stage_download
from sf_elt.streams.statements import statement
from sf_elt.streams.table import living_rows, types_of_stream
from sf_elt.streams.upkeep.fetching import Fetched, begin, fetch
from sf_elt.streams.windows import BEGINNING, WHOLE, ReadRange, StreamSpec
from sf_elt.warehouse import JobMeter, Warehouse, naive, quote, quote_table, quote_text

# Standard fields that activities move and no save of the record itself (Object Reference: Account, Opportunity, …);
# describe does not call them calculated. LastViewedDate and LastReferencedDate are each user's own.
MOVED_BY_ACTIVITIES = frozenset({"LastActivityDate", "HasOpenActivity", "HasOverdueTask"})


@dataclass(frozen=True)
class RefreshReport:
    """What one refresh did: the row of ops.refreshes, and what stands beside it. Times are UTC.

    `refreshed_at` is when its reading began, which is how old the values are: before a pause, where there was one.
    `rows_compared` counts the rows whose standing version is the one that was read, `changed_by_field` the rows in
    which each field had moved. `last_changed_at` is when a refresh, this one or an earlier one, last changed anything.
    """

    stream: str
    refreshed_at: datetime
    fields: tuple[str, ...]
    transport: str
    rows_compared: int
    rows_changed: int
    changed_by_field: dict[str, int]
    api_calls: int
    seconds: float
    run_id: str
    api_left: int | None
    last_changed_at: datetime | None


def refresh_formulas(
    org: Org,
    meter: JobMeter,
    warehouse: Warehouse,
    spec: StreamSpec,
    *,
    now: datetime,
    run_id: str,
    progress: Progress | None = None,
) -> RefreshReport:
    """Reads the fields that change without a timestamp, and changes them in the stream; all of it in one transaction.

    Costs a describe and the reading of Id, version and those fields of all living records: by REST a call for each
    2,000 of them, by bulk about five calls and one for each `page_rows`, whichever is fewer. A stream that has none of
    those fields, or no rows, costs the describe alone. Nothing that is newer than what was read is touched.

    Raises what `import_window` raises; after AllowanceSpent run it again after `until`, it goes on with its pages.
    """
    spending = Spending(org, meter, now, run_id)
    work = _Work(org, spending, warehouse, spec, now, run_id, progress or say_nothing)
    with spending.counting(warehouse), explaining(org, spec.object):
        return work.run()


@dataclass(frozen=True)
class _Refreshed:
    """The columns that are read: Id, the version, and those to refresh. `types` are the stream's own."""

    read: StreamColumns
    types: dict[str, str]
    substance: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.read.names[2:])


@dataclass
class _Work:
    """One refresh while it runs."""

    org: Org
    spending: Spending
    warehouse: Warehouse
    spec: StreamSpec
    now: datetime
    run_id: str
    progress: Progress

    def __post_init__(self) -> None:
        self.span = ReadRange(self.spec.since or BEGINNING, self.now.astimezone(UTC), is_open=False)

    def run(self) -> RefreshReport:
        """Reads and keeps; once more where another run was refreshing the stream, which read what is older than now."""
        while True:
            columns = _refreshed(self.org, self.warehouse, self.spec)
            with landing_folder(self.warehouse, f"{self.spec.stream}-refresh", self.span, self.now) as landing:
                if landing is not None:
                    return self.keep(columns, self.read(columns, landing))

    def read(self, columns: _Refreshed, landing: Landing) -> Fetched:
        """Lands Id, version and the columns of all living records; no call where there is nothing to refresh."""
        rows = self._living_rows() if columns.names else 0
        if rows == 0:
            return Fetched(Download("none", (), 0), self.now)
        living = replace(self.spec, deletes="ignore")
        reading = Reading(self.org, living, columns.read, self.progress)
        return fetch(reading, landing, begin(reading, landing, self.span, rows=rows, began=self.now), rows=rows)

    def _living_rows(self) -> int:
        with self.warehouse.read() as connection:
            return living_rows(connection, self.spec.stream)

    def keep(self, columns: _Refreshed, fetched: Fetched) -> RefreshReport:
        """Changes what differs and records the refresh, in one transaction."""
        with self.warehouse.write() as connection:
            compared, changed, by_field = 0, 0, dict[str, int]()
            if fetched.download.files:
                compared, changed, by_field = _apply(connection, self.spec.stream, columns, fetched)
            report = RefreshReport(
                stream=self.spec.stream,
                refreshed_at=fetched.began.astimezone(UTC),
                fields=columns.names,
                transport=fetched.download.transport,
                rows_compared=compared,
                rows_changed=changed,
                changed_by_field=by_field,
                api_calls=self.spending.calls,
                seconds=self.spending.seconds,
                run_id=self.run_id,
                api_left=self.spending.calls_left,
                last_changed_at=None,
            )
            report = _recorded(connection, report)
            self.spending.note(connection)
        self.progress(f"{self.spec.stream}: refreshed", changed, changed)
        return report


def _refreshed(org: Org, warehouse: Warehouse, spec: StreamSpec) -> _Refreshed:
    """The spec's columns that move without a timestamp, as far as the stream has them and holds their type.

    A new field, or one whose type has widened, is for the next import, which also changes the table.
    """
    columns = stream_columns(org, spec)
    described = describe(org, spec.object)
    types = types_of_stream(warehouse, spec.stream)
    moving = [
        column
        for column in columns.columns
        if columns.timestamp_field != WHOLE  # an object that is read whole is up to date as it is
        and _moves_alone(described, column.name)
        and column.name in types
        and widened(types[column.name], column.sql_type) == types[column.name]
    ]
    version = columns.version_field
    read = (Column("Id", "VARCHAR"), Column(version, "TIMESTAMP"), *moving)
    return _Refreshed(
        StreamColumns(read, columns.timestamp_field, version, has_deleted=False, substance=()),
        types,
        columns.substance,
    )


def _moves_alone(described: ObjectDescribe, name: str) -> bool:
    """Whether the field can change while its record is not saved."""
    return "." in name or name in MOVED_BY_ACTIVITIES or described.field(name).calculated


def _apply(
    connection: DuckDBPyConnection, stream: str, columns: _Refreshed, fetched: Fetched
) -> tuple[int, int, dict[str, int]]:
    """(rows compared, rows changed, rows changed by field)."""
    stage_download(
        connection,
        stream,
        columns.read,
        TableShape(columns.types, (), is_new=False),
        fetched.download,
        loaded_at=fetched.began.astimezone(UTC),
        window="refresh",
    )
    names = {
        "stream": quote_table("streams", stream),
        "version": quote(columns.read.version_field),
        "differences": ", ".join(_difference(name) for name in columns.names),
        "assignments": ", ".join(f"{quote(name)} = moved.{quote(name)}" for name in columns.names),
    }
    connection.execute("DROP TABLE IF EXISTS temp.comparable; DROP TABLE IF EXISTS temp.moved")
    connection.execute(statement("upkeep/refresh.sql").format_map(names), {"substance": list(columns.substance)})
    (compared,) = connection.execute("SELECT count(*) FROM comparable").fetchall()[0]
    (changed,) = connection.execute("SELECT count(*) FROM moved").fetchall()[0]
    by_field = connection.execute("SELECT unnest(fields), count(*) FROM moved GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    return compared, changed, dict(by_field)


def _difference(name: str) -> str:
    return f"CASE WHEN incoming.{quote(name)} IS DISTINCT FROM standing.{quote(name)} THEN {quote_text(name)} END"


def _recorded(connection: DuckDBPyConnection, report: RefreshReport) -> RefreshReport:
    """The report as it stands in ops.refreshes, with the time of the last change."""
    connection.execute(
        "INSERT INTO ops.refreshes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            report.stream,
            naive(report.refreshed_at),
            list(report.fields),
            report.transport,
            report.rows_compared,
            report.rows_changed,
            report.changed_by_field,
            report.api_calls,
            report.seconds,
            report.run_id,
        ],
    )
    ((changed_at,),) = connection.execute(
        "SELECT max(refreshed_at) FROM ops.refreshes WHERE stream = ? AND rows_changed > 0", [report.stream]
    ).fetchall()
    return replace(report, last_changed_at=changed_at and changed_at.replace(tzinfo=UTC))
