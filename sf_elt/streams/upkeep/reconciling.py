"""Records that are gone from the org without ever having been read as deleted, and records that were missed.

A record that leaves the recycle bin before a window reads it as deleted, is hard-deleted, or is hidden from the user,
leaves no trace that a window could read: only its absence. `reconcile` finds it by comparing Ids, with as few API calls
as it can (`judging` says how), marks its row as deleted, and reads what the stream lacks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from duckdb import DuckDBPyConnection
from pydantic import BaseModel, ConfigDict

from sf_elt.salesforce import Download, Org
from sf_elt.salesforce.downloads.resuming import keep, kept
from sf_elt.salesforce.ids import in_groups
from sf_elt.salesforce.permissions import explaining
from sf_elt.salesforce.soql import among
from sf_elt.streams.columns import StreamColumns, stream_columns
from sf_elt.streams.errors import SpecRefused
from sf_elt.streams.landing import Landing, landing_folder
from sf_elt.streams.merge import merge_download
from sf_elt.streams.overtaken import refreshed_since
from sf_elt.streams.progress import Progress, say_nothing
from sf_elt.streams.reading import Reading
from sf_elt.streams.schema import adapt_table
from sf_elt.streams.spending import Spending
from sf_elt.streams.standing import past_reads
from sf_elt.streams.table import types_of_stream
from sf_elt.streams.upkeep.comparing import NOTHING_COMPARED, Compared, compare, id_columns
from sf_elt.streams.upkeep.fetching import Fetched, begin, fetch
from sf_elt.streams.upkeep.judging import Bounds, Differences, How, differences, judged
from sf_elt.streams.upkeep.reconciliations import ReconcileReport, is_full_one_due, record_reconciliation
from sf_elt.streams.vanishing import mark_vanishing, refuse_many
from sf_elt.streams.views import STREAMS_BEHIND_VIEWS, refresh_views
from sf_elt.streams.windows import TIMESTAMP_FIELDS, WHOLE, ReadRange, StreamSpec
from sf_elt.warehouse import JobMeter, Warehouse

FULL_EVERY = 10  # reconciliations, of which one compares all Ids whatever the counts say
AHEAD = timedelta(days=30)  # what is saved while the Ids are read belongs to them, also where that is paused for days
IDS_AT_ONCE = 300  # in one condition: with the fields of a wide object that still fits an address
FEW_MISSED = 2000  # rows that are read by their Ids; more of them with the days that they were made on

_PLAN = "plan.json"


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

    Raises SpecRefused where deletes are ignored, ManyVanished where more rows would vanish than deletions explain
    (`accept_many` marks them all the same), and what `import_window` raises. After AllowanceSpent run it again after
    `until`: it goes on with what it has read, and accepts what the paused run was told to accept.
    """
    _require_reconcilable(spec)
    spending = Spending(org, meter, now, run_id)
    work = _Work(org, spending, warehouse, spec, now.astimezone(UTC), run_id, accept_many, progress or say_nothing)
    with spending.counting(warehouse), explaining(org, spec.object):
        return work.run(thorough or is_full_one_due(warehouse, spec.stream, full_every))


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
    spending: Spending
    warehouse: Warehouse
    spec: StreamSpec
    now: datetime
    run_id: str
    accept_many: bool
    progress: Progress

    def run(self, thorough: bool) -> ReconcileReport:
        types = types_of_stream(self.warehouse, self.spec.stream)
        bounds = judged(self.spec, past_reads(self.warehouse, self.spec.stream), types)
        if bounds is None or not types:
            return self._report("counts agree")
        if bounds.timestamp_field == WHOLE:  # each import finds by itself what has vanished
            return self._report("read whole")
        span = ReadRange(bounds.judged_from, self.now + AHEAD, is_open=False)
        with landing_folder(self.warehouse, f"{self.spec.stream}-ids", span, self.now) as landing:
            if landing is not None:
                plan = self._plan(landing, bounds, thorough)
                if plan.days == ():
                    return self._agreed(plan)
                found = self._read(plan, types, span, landing)
                return self._keep(plan, types, found)
        return self.run(thorough)  # another run has just reconciled this stream

    def _plan(self, landing: Landing, bounds: Bounds, thorough: bool) -> Differences:
        """That of the unfinished reconciliation, with what it was told, or a new one."""
        begun = kept(landing.folder / _PLAN, _Plan) if landing.begun is not None else None
        if begun is not None:
            self.accept_many = self.accept_many or begun.accept_many
            return begun.differences
        self.progress(f"{self.spec.stream}: counting by day", 0, None)
        return differences(self.org, self.warehouse, self.spec, bounds, thorough=thorough)

    def _agreed(self, plan: Differences) -> ReconcileReport:
        with self.warehouse.write() as connection:
            report = record_reconciliation(connection, self._report(plan.how, plan))
            self.spending.note(connection)
        return report

    def _read(self, plan: Differences, types: dict[str, str], span: ReadRange, landing: Landing) -> _Found:
        """Lands the Ids, and then what they say the stream lacks."""
        ids = id_columns(plan.judged)
        if plan.judged.timestamp_field not in TIMESTAMP_FIELDS:  # somebody may have set it back, or emptied it
            ids = replace(ids, timestamp_field=WHOLE)
        # Deleted records are asked for too: what lies in the recycle bin has not vanished.
        reading = Reading(self.org, self.spec, ids, self.progress, only=plan.where)
        begun = begin(reading, landing, span, rows=plan.rows, began=self.now)
        keep(landing.folder / _PLAN, _Plan(differences=plan, accept_many=self.accept_many))
        fetched = fetch(reading, landing, begun, rows=plan.rows)
        with self.warehouse.read() as connection:
            compare(connection, self.spec.stream, plan, types, fetched)
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
            conditions = [among("Id", chunk) for chunk in in_groups(missed, IDS_AT_ONCE)]
            rows = IDS_AT_ONCE
        for number, condition in enumerate(conditions):
            part = folder / str(number)
            part.mkdir(parents=True, exist_ok=True)
            reading = Reading(self.org, self.spec, columns, self.progress, only=condition)
            yield reading.download(span, part, reading.transport(span, rows), rows)

    def _keep(self, plan: Differences, types: dict[str, str], found: _Found) -> ReconcileReport:
        """Marks what vanished, merges what was missed and records the reconciliation, in one transaction."""
        stream = self.spec.stream
        with self.warehouse.write() as connection:
            compared = compare(connection, stream, plan, types, found.ids)
            if not self.accept_many:
                refuse_many(stream, compared.vanishing, plan.stream_count)
            if compared.vanishing:
                began = found.ids.began
                mark_vanishing(connection, stream, noticed_at=self.now, began=began, how=plan.how, run_id=self.run_id)
            if found.columns is not None:
                self._merge(connection, found.columns, found)
            report = record_reconciliation(connection, self._report(plan.how, plan, compared))
            self.spending.note(connection)
        self.progress(f"{stream}: reconciled", compared.ids_read, compared.ids_read)
        return report

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

    def _report(
        self, how: How, plan: Differences | None = None, compared: Compared = NOTHING_COMPARED
    ) -> ReconcileReport:
        return ReconcileReport(
            stream=self.spec.stream,
            reconciled_at=self.now,
            judged_from=None if plan is None else plan.judged.judged_from,
            judged_to=None if plan is None else plan.judged.judged_to,
            how=how,
            org_count=None if plan is None else plan.org_count,
            stream_count=0 if plan is None else plan.stream_count,
            ids_read=compared.ids_read,
            rows_vanished=compared.vanishing,
            rows_missed=compared.missed,
            rows_returned=compared.returned,
            api_calls=self.spending.calls,
            seconds=self.spending.seconds,
            run_id=self.run_id,
            api_left=self.spending.calls_left,
            last_changed_at=None,
        )


def _require_reconcilable(spec: StreamSpec) -> None:
    if spec.deletes == "ignore":
        raise SpecRefused(
            f"{spec.stream}: deletes are ignored, so there is nothing to reconcile; set `deletes: track`, or do without"
        )


class _Plan(BaseModel):
    """What a reconciliation found to do and was told, kept in its landing folder: it is gone on with by another run."""

    model_config = ConfigDict(frozen=True)

    differences: Differences
    accept_many: bool
