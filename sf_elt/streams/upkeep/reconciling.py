"""Records that are gone from the org without ever having been read as deleted, and records that were missed.

A record that leaves the recycle bin before a window reads it as deleted, is hard-deleted, or is hidden from the user,
leaves no trace that a window could read: only its absence. `reconcile` finds it by comparing Ids, with as few API calls
as it can (`judging` says how), marks its row as deleted, and reads what the stream lacks.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from duckdb import DuckDBPyConnection
from pydantic import ValidationError

from sf_elt.salesforce import AllowanceSpent, Download, Org
from sf_elt.salesforce.soql import among
from sf_elt.streams.columns import Column, StreamColumns, stream_columns
from sf_elt.streams.errors import ManyVanished, SpecRefused
from sf_elt.streams.landing import Landing, landing_folder
from sf_elt.streams.merge import merge_download
from sf_elt.streams.overtaken import refreshed_since
from sf_elt.streams.reading import Progress, Reading
from sf_elt.streams.schema import TableShape, adapt_table
from sf_elt.streams.spending import note_calls
from sf_elt.streams.staging import stage_download
from sf_elt.streams.standing import past_reads
from sf_elt.streams.statements import statement
from sf_elt.streams.table import types_of_stream
from sf_elt.streams.upkeep.fetching import Fetched, begin, fetch
from sf_elt.streams.upkeep.judging import Differences, How, Judged, differences, judged, sql_in
from sf_elt.streams.views import STREAMS_BEHIND_VIEWS, refresh_views
from sf_elt.streams.windows import TIMESTAMP_FIELDS, WHOLE, ReadRange, StreamSpec
from sf_elt.warehouse import JobMeter, Warehouse, quote, quote_table

FULL_EVERY = 10  # reconciliations, of which one compares all Ids whatever the counts say
MOST_VANISHED = 0.2  # share of the living rows; more than that looks like a permission and not like deletions
FEW_VANISHED = 100  # rows that may vanish whatever their share

AHEAD = timedelta(days=30)  # what is saved while the Ids are read belongs to them, also where that is paused for days
IDS_AT_ONCE = 300  # in one condition: with the fields of a wide object that still fits an address
FEW_MISSED = 2000  # rows that are read by their Ids; more of them with the days that they were made on

_PLAN = "plan.json"


@dataclass(frozen=True)
class ReconcileReport:
    """What one reconciliation found: the row of ops.reconciliations, and what stands beside it. Times are UTC.

    `org_count` is None where all Ids were compared without counting first. `rows_returned` of the `rows_missed` had
    vanished before and live again. `judged_from` and `judged_to` are None where the stream has not been read yet.
    `last_changed_at` is when a reconciliation, this one or an earlier one, last changed the stream.
    """

    stream: str
    reconciled_at: datetime
    judged_from: datetime | None
    judged_to: datetime | None
    how: How
    org_count: int | None
    stream_count: int
    ids_read: int
    rows_vanished: int
    rows_missed: int
    rows_returned: int
    api_calls: int
    seconds: float
    run_id: str
    api_left: int | None
    last_changed_at: datetime | None


def reconcile(
    org: Org,
    meter: JobMeter,
    warehouse: Warehouse,
    spec: StreamSpec,
    *,
    now: datetime,
    run_id: str,
    thorough: bool = False,
    full_every: int = FULL_EVERY,
    accept_many: bool = False,
    progress: Progress | None = None,
) -> ReconcileReport:
    """Compares the stream with the org's Ids: marks rows whose record is gone, reads records that were missed.

    One API call where the counts agree; `thorough` compares all Ids, as every `full_every`-th reconciliation does.
    Rows that vanished get `_deleted_at`, the time of this reconciliation, and a row in ops.vanished; where a later read
    finds the record again, it lives again. All of it commits together.

    An object that is read whole is left alone: each import of it compares all there is.

    Raises SpecRefused where deletes are ignored, ManyVanished where more rows would
    vanish than deletions explain (`accept_many` marks them all the same), and what `import_window` raises. After
    AllowanceSpent run it again after `until`: it goes on with what it has read.
    """
    _require_reconcilable(spec)
    work = _Work(org, meter, warehouse, spec, now.astimezone(UTC), run_id, accept_many, progress or _silent)
    with org.counted_by(meter):
        try:
            return work.run(thorough or _is_full_one_due(warehouse, spec.stream, full_every))
        except AllowanceSpent:
            with warehouse.write() as connection:
                work.note_calls(connection)
            raise


@dataclass(frozen=True)
class _Found:
    """What has landed: the Ids, and the records that the stream lacks."""

    ids: Fetched
    columns: StreamColumns | None  # of the records; None where none was missed
    missed: tuple[Download, ...]


@dataclass
class _Work:
    """One reconciliation while it runs."""

    org: Org
    meter: JobMeter
    warehouse: Warehouse
    spec: StreamSpec
    now: datetime
    run_id: str
    accept_many: bool
    progress: Progress

    def __post_init__(self) -> None:
        self.started = time.monotonic()
        self.calls_before = self.meter.made

    @property
    def calls(self) -> int:
        return self.meter.made - self.calls_before

    def note_calls(self, connection: DuckDBPyConnection) -> None:
        ended = self.now + timedelta(seconds=time.monotonic() - self.started)
        note_calls(connection, self.org, self.meter, self.calls, self.run_id, ended)

    def run(self, thorough: bool) -> ReconcileReport:
        types = types_of_stream(self.warehouse, self.spec.stream)
        bounds = judged(self.spec, past_reads(self.warehouse, self.spec.stream), types)
        if bounds is None or not types:
            return self._report(None, "counts agree", 0, 0)
        if bounds.timestamp_field == WHOLE:  # each import finds by itself what has vanished
            return self._report(None, "read whole", 0, 0)
        span = ReadRange(bounds.judged_from, self.now + AHEAD, is_open=False)
        with landing_folder(self.warehouse, f"{self.spec.stream}-ids", span, self.now) as landing:
            if landing is not None:
                plan = _plan_of(landing) or self._ask(bounds, thorough)
                if plan.days == ():
                    return self._agreed(plan)
                found = self._read(plan, types, span, landing)
                return self._keep(plan, types, found)
        return self.run(thorough)  # another run has just reconciled this stream

    def _ask(self, bounds: Judged, thorough: bool) -> Differences:
        self.progress(f"{self.spec.stream}: counting by day", 0, None)
        return differences(self.org, self.warehouse, self.spec, bounds, thorough=thorough)

    def _agreed(self, plan: Differences) -> ReconcileReport:
        report = self._report(plan.judged, plan.how, plan.stream_count, 0, org_count=plan.org_count)
        with self.warehouse.write() as connection:
            report = _recorded(connection, report, plan.judged)
            self.note_calls(connection)
        return report

    def _read(self, plan: Differences, types: dict[str, str], span: ReadRange, landing: Landing) -> _Found:
        """Lands the Ids, and then what they say the stream lacks."""
        ids = _id_columns(plan.judged)
        if plan.judged.timestamp_field not in TIMESTAMP_FIELDS:  # somebody may have set it back, or emptied it
            ids = replace(ids, timestamp_field=WHOLE)
        # Deleted records are asked for too: what lies in the recycle bin has not vanished.
        reading = Reading(self.org, self.spec, ids, self.progress, only=plan.where)
        begun = begin(reading, landing, span, rows=plan.rows, began=self.now)
        (landing.folder / _PLAN).write_text(plan.model_dump_json(), "utf-8")
        fetched = fetch(reading, landing, begun, rows=plan.rows)
        with self.warehouse.read() as connection:
            self._compare(connection, plan, types, fetched)
            missed = [str(record) for (record,) in connection.execute('SELECT "Id" FROM missed ORDER BY 1').fetchall()]
        if not missed:
            return _Found(fetched, None, ())
        columns = stream_columns(self.org, self.spec)
        folder = landing.folder / "missed"
        return _Found(fetched, columns, tuple(self._missed(plan, columns, missed, begun.span, folder)))

    def _missed(
        self, plan: Differences, columns: StreamColumns, missed: Sequence[str], span: ReadRange, folder: Path
    ) -> Iterator[Download]:
        """The missed records with all their fields: by their Ids, or where they are many with all of their days."""
        conditions = [plan.where]
        rows = plan.rows
        if len(missed) <= FEW_MISSED:
            conditions = [among("Id", chunk) for chunk in _chunks(missed, IDS_AT_ONCE)]
            rows = IDS_AT_ONCE
        for number, condition in enumerate(conditions):
            part = folder / str(number)
            part.mkdir(parents=True, exist_ok=True)
            reading = Reading(self.org, self.spec, columns, self.progress, only=condition)
            yield reading.download(span, part, reading.transport(span, rows), rows)

    def _compare(self, connection: DuckDBPyConnection, plan: Differences, types: dict[str, str], ids: Fetched) -> int:
        """Makes the temporary tables `incoming`, `vanishing` and `missed`; gives the number of Ids."""
        read = stage_download(
            connection,
            self.spec.stream,
            _id_columns(plan.judged),
            TableShape(types, (), is_new=False),
            ids.download,
            loaded_at=ids.began.astimezone(UTC),
            window="reconciliation",
        )
        for left_over in ("vanishing", "missed"):
            connection.execute(f"DROP TABLE IF EXISTS temp.{left_over}")
        bounds = plan.judged
        names = {
            "stream": quote_table("streams", self.spec.stream),
            "timestamp_field": quote(bounds.timestamp_field),
            "in_days": sql_in(plan.days),
        }
        connection.execute(
            statement("upkeep/vanishing.sql").format_map(names),
            {"judged_from": _naive(bounds.judged_from), "began": _naive(ids.began)},
        )
        connection.execute(
            statement("upkeep/missed.sql").format_map(names),
            {
                "judged_from": _naive(bounds.judged_from),
                "judged_to": _naive(bounds.judged_to),
                "stream": self.spec.stream,
            },
        )
        return read

    def _keep(self, plan: Differences, types: dict[str, str], found: _Found) -> ReconcileReport:
        """Marks what vanished, merges what was missed and records the reconciliation, in one transaction."""
        with self.warehouse.write() as connection:
            ids_read = self._compare(connection, plan, types, found.ids)
            vanished = _number(connection, "SELECT count(*) FROM vanishing")
            self._require_few(vanished, plan.stream_count)
            missed = _number(connection, "SELECT count(*) FROM missed")
            returned = _number(connection, "SELECT count(*) FROM missed WHERE has_returned")
            if vanished:
                self._mark(connection, plan, found.ids.began)
            if found.columns is not None:
                self._merge(connection, found.columns, found)
            report = self._report(
                plan.judged,
                plan.how,
                plan.stream_count,
                ids_read,
                org_count=plan.org_count,
                vanished=vanished,
                missed=missed,
                returned=returned,
            )
            report = _recorded(connection, report, plan.judged)
            self.note_calls(connection)
        self.progress(f"{self.spec.stream}: reconciled", ids_read, ids_read)
        return report

    def _mark(self, connection: DuckDBPyConnection, plan: Differences, began: datetime) -> None:
        connection.execute(
            statement("upkeep/mark_vanished.sql").format(stream=quote_table("streams", self.spec.stream)),
            {"noticed_at": _naive(self.now), "began": _naive(began)},
        )
        connection.execute(
            'INSERT INTO ops.vanished SELECT ?, "Id", ?, ?, ? FROM vanishing',
            [self.spec.stream, _naive(self.now), plan.how, self.run_id],
        )

    def _merge(self, connection: DuckDBPyConnection, columns: StreamColumns, found: _Found) -> None:
        shape = adapt_table(connection, self.spec.stream, columns.columns, self.now)
        began = found.ids.began.astimezone(UTC)
        refreshed = refreshed_since(connection, self.spec.stream, began)
        for download in found.missed:
            merge_download(
                connection,
                self.spec.stream,
                columns,
                shape,
                download,
                loaded_at=began,
                window="reconciliation",
                refreshed=refreshed,
            )
        if self.spec.stream in STREAMS_BEHIND_VIEWS and shape.changes:
            refresh_views(connection)

    def _require_few(self, vanished: int, living: int) -> None:
        if self.accept_many or vanished <= max(FEW_VANISHED, MOST_VANISHED * living):
            return
        raise ManyVanished(
            f"{self.spec.stream}: {vanished:,} of {living:,} records are no longer in the org, or this user may no "
            f"longer see them. That looks like a permission or sharing rule that was taken away: nothing was marked. "
            "Give it back; or, if they were deleted, reconcile once with accept_many."
        )

    def _report(
        self,
        bounds: Judged | None,
        how: How,
        stream_count: int,
        ids_read: int,
        *,
        org_count: int | None = None,
        vanished: int = 0,
        missed: int = 0,
        returned: int = 0,
    ) -> ReconcileReport:
        return ReconcileReport(
            stream=self.spec.stream,
            reconciled_at=self.now,
            judged_from=None if bounds is None else bounds.judged_from,
            judged_to=None if bounds is None else bounds.judged_to,
            how=how,
            org_count=org_count,
            stream_count=stream_count,
            ids_read=ids_read,
            rows_vanished=vanished,
            rows_missed=missed,
            rows_returned=returned,
            api_calls=self.calls,
            seconds=time.monotonic() - self.started,
            run_id=self.run_id,
            api_left=self.meter.left,
            last_changed_at=None,
        )


def _require_reconcilable(spec: StreamSpec) -> None:
    if spec.deletes == "ignore":
        raise SpecRefused(
            f"{spec.stream}: deletes are ignored, so there is nothing to reconcile; set `deletes: track`, or do without"
        )


def _is_full_one_due(warehouse: Warehouse, stream: str, full_every: int) -> bool:
    """Whether as many reconciliations as that, this one included, have gone by without a comparison of all Ids."""
    with warehouse.write() as connection:  # a warehouse of an older version gets the table now
        rows = connection.execute(
            "SELECT how FROM ops.reconciliations WHERE stream = ? ORDER BY reconciled_at DESC LIMIT ?",
            [stream, max(full_every - 1, 0)],
        ).fetchall()
    return len(rows) >= full_every - 1 and ("all Ids compared",) not in rows


def _id_columns(bounds: Judged) -> StreamColumns:
    field = bounds.timestamp_field
    columns = [Column("Id", "VARCHAR"), Column(field, "TIMESTAMP")]
    if bounds.has_deleted:
        columns.append(Column("IsDeleted", "BOOLEAN"))
    return StreamColumns(tuple(columns), field, field, bounds.has_deleted, substance=())


def _plan_of(landing: Landing) -> Differences | None:
    file = landing.folder / _PLAN
    if landing.begun is None or not file.exists():
        return None
    try:
        return Differences.model_validate_json(file.read_bytes())
    except ValidationError:  # killed while it was written: it is asked for again
        return None


def _chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[first : first + size] for first in range(0, len(ids), size))


def _recorded(connection: DuckDBPyConnection, report: ReconcileReport, bounds: Judged) -> ReconcileReport:
    """The report as it stands in ops.reconciliations, with the time of the last change."""
    connection.execute(
        "INSERT INTO ops.reconciliations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            report.stream,
            _naive(report.reconciled_at),
            _naive(bounds.judged_from),
            _naive(bounds.judged_to),
            report.how,
            report.org_count,
            report.stream_count,
            report.ids_read,
            report.rows_vanished,
            report.rows_missed,
            report.rows_returned,
            report.api_calls,
            report.seconds,
            report.run_id,
        ],
    )
    ((changed_at,),) = connection.execute(
        "SELECT max(reconciled_at) FROM ops.reconciliations WHERE stream = ? AND rows_vanished + rows_missed > 0",
        [report.stream],
    ).fetchall()
    return replace(report, last_changed_at=changed_at and changed_at.replace(tzinfo=UTC))


def _number(connection: DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row is not None else 0


def _naive(at: datetime) -> datetime:
    """UTC without a time zone, as the warehouse keeps it."""
    return at.astimezone(UTC).replace(tzinfo=None)


def _silent(what: str, done: int, total: int | None) -> None:
    """Nobody watches."""
