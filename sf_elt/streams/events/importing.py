"""Behavioural events from JSON Lines, CSV and Parquet files, each row exactly once; bad lines set aside, counted.

A row has `occurred_at` (ISO 8601, UTC where it names no offset; or seconds or milliseconds since 1970) and any of
`event_id`, `type`, `email`, `anonymous_id`, `url`, `title`, `topics` (a list of texts) and `properties` (an object).
Other keys and columns are kept among the properties.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from sf_elt.streams.errors import EventsUnreadable
from sf_elt.streams.events.batches import FileRows, Place, batches
from sf_elt.streams.events.bounds import BATCH, SET_ASIDE
from sf_elt.streams.events.files import EventFile, EventSpec, event_files
from sf_elt.streams.events.judging import Judged, judge, keep, verdicts
from sf_elt.streams.events.refusals import FileUnreadable
from sf_elt.streams.events.reports import BadLine, EventsReport, Tally, UnreadableFile
from sf_elt.streams.events.staging import PORTION, portions, staged
from sf_elt.streams.events.standing import FileRead, Look, Standing
from sf_elt.streams.progress import Progress
from sf_elt.streams.statements import statement
from sf_elt.streams.table import rows_in_stream
from sf_elt.visible import file_name
from sf_elt.warehouse import OutOfMemory, Warehouse, hold_memory, naive, quote_table
from sf_elt.warehouse.erased import Erased, who_is_erased

MEMORY = "512MB"  # DuckDB's own
TOLD = 10  # files of which is said why they cannot be read, where none can


def import_events(
    warehouse: Warehouse, spec: EventSpec, *, now: datetime, run_id: str, progress: Progress | None = None
) -> EventsReport:
    """Reads what has not been read of every file: of one that grew the new rows, of one that was replaced all of it.

    An event_id is one event of the stream: with the same content it is kept once, with other content the line is set
    aside. A file's rows, its set-aside lines and the record of how far it was read commit in one transaction. A file
    that cannot be read does not stop the others; it is in the report. Raises EventsUnreadable where there is no such
    folder or file at all, or where no file could be read.
    """
    started = time.monotonic()
    found = event_files(spec)
    total = Tally()
    done = 0
    for group in _groups(found) or [[]]:
        if progress is not None and group:
            progress(f"{spec.stream}: reading {file_name(Path(group[0].shown).name)}", done, len(found))
        total.add(_read_group(warehouse, spec, group, found, now, run_id))
        done += len(group)
    if found and len(total.unreadable) == len(found):
        reasons = "; ".join(f"{file_name(one.file)}: {one.reason}" for one in total.unreadable[:TOLD])
        more = f"; and {len(found) - TOLD:,} more" if len(found) > TOLD else ""
        raise EventsUnreadable(f"{spec.stream}: none of {len(found):,} event files could be read: {reasons}{more}")
    return EventsReport(
        stream=spec.stream,
        rows=total.rows,
        repeated=total.repeated,
        set_aside=total.set_aside,
        kept_out=total.kept_out,
        files=total.files,
        files_known=total.known,
        unreadable=tuple(total.unreadable),
        waiting=tuple(total.waiting),
        first_bad=total.first_bad,
        newest=total.newest.replace(tzinfo=UTC) if total.newest is not None else None,
        rows_in_stream=total.rows_in_stream,
        seconds=time.monotonic() - started,
    )


class _Spoiled(Exception):
    """A file turned out to be unreadable after some of its rows were taken: the transaction must not commit."""

    def __init__(self, file: EventFile, reason: str) -> None:
        super().__init__(reason)
        self.file = file
        self.unreadable = UnreadableFile(file.shown, reason)


def _groups(found: list[EventFile]) -> list[list[EventFile]]:
    """The files in groups of about BATCH bytes: opening the warehouse for each small file would take longest."""
    groups: list[list[EventFile]] = []
    room = 0
    for file in found:
        size = _size(file)
        if not groups or size > room:
            groups.append([])
            room = BATCH
        groups[-1].append(file)
        room -= size
    return groups


def _size(file: EventFile) -> int:
    """Bytes of the file; nothing where it is gone by now, which reading it says."""
    try:
        return file.path.stat().st_size
    except OSError:
        return 0


def _read_group(
    warehouse: Warehouse,
    spec: EventSpec,
    group: Sequence[EventFile],
    found: Sequence[EventFile],
    now: datetime,
    run_id: str,
) -> Tally:
    """Reads these files in one transaction; without those that turn out to be unreadable on the way.

    Where memory runs out they are read one by one, and the one that takes it is unreadable.
    """
    spoiled: dict[EventFile, UnreadableFile] = {}
    while True:
        try:
            with warehouse.write() as connection:
                reader = _Reader(
                    connection,
                    spec,
                    now,
                    run_id,
                    Standing.of(connection, spec.stream, found),
                    who_is_erased(connection),
                )
                tally = reader.read([file for file in group if file not in spoiled])
        except _Spoiled as error:
            spoiled[error.file] = error.unreadable
        except OutOfMemory:
            tally = Tally(unreadable=list(spoiled.values()))
            for file in (alone := [file for file in group if file not in spoiled]):
                if len(alone) == 1:
                    tally.unreadable.append(UnreadableFile(file.shown, f"a row of it takes more memory than {MEMORY}"))
                else:
                    tally.add(_read_group(warehouse, spec, [file], found, now, run_id))
            return tally
        else:
            tally.unreadable += spoiled.values()
            return tally


@dataclass
class _Reader:
    """Reads files inside the caller's transaction. `staged` are the rows that wait to be judged."""

    connection: DuckDBPyConnection
    spec: EventSpec
    now: datetime
    run_id: str
    standing: Standing
    erased: Erased
    tally: Tally = field(default_factory=Tally)
    staged: list[pa.Table] = field(default_factory=list)
    staged_bytes: int = 0
    staged_wide: int = 0

    def read(self, files: Sequence[EventFile]) -> Tally:
        """Reads what is new in them. Raises _Spoiled."""
        table = quote_table("streams", self.spec.stream)
        self.connection.execute(statement("events/table.sql").format(stream=table))
        hold_memory(self.connection, MEMORY)
        ends: list[FileRead] = []
        for file in files:
            try:
                if (end := self._read(file)) is not None:
                    ends.append(end)
            except (OSError, FileUnreadable) as error:
                reason = error.strerror if isinstance(error, OSError) else None
                self.tally.unreadable.append(UnreadableFile(file.shown, reason or str(error)))
        self._judge()
        for end in ends:
            self._record(end)
        self.tally.rows_in_stream = rows_in_stream(self.connection, self.spec.stream)
        return self.tally

    def _read(self, file: EventFile) -> FileRead | None:
        if file.shown != str(file.path):
            raise FileUnreadable("its name is not UTF-8: rename it")
        if self.standing.is_unchanged(file, self.now):
            self.tally.known += 1
            return None
        look = self.standing.look(file, self.now)
        place = look.start
        if look.is_known:
            self.tally.known += 1
        else:
            place = self._read_rows(look)
            self.tally.files += 1
        if place.bytes < look.size:
            self.tally.waiting.append(str(file.path))
        reading = FileRead(str(file.path), look.digest.hexdigest(), place, look.size, look.changed_ns, self._now)
        self.standing.add(reading)
        return reading

    def _read_rows(self, look: Look) -> Place:
        """Reads the rows that are new, and gives the place up to which the file has been read then."""
        taken, place = False, look.start
        try:
            for batch in batches(look.file, self.spec, look.start, look.size, settled=look.settled):
                taken = True
                for portion, wide in portions(batch):
                    self._stage(look.file, portion, wide)
                    self._require_events(str(look.file.path))
                if look.file.grows:
                    look.digest.update(batch.body)
                place = batch.end
        except FileUnreadable as error:
            if taken:
                raise _Spoiled(look.file, str(error)) from error
            raise
        return place if look.file.grows else Place(look.size, place.line_breaks, place.rows)

    def _require_events(self, file: str) -> None:
        """Raises FileUnreadable where most of a million rows are none: each of them would be kept."""
        aside = self.tally.set_aside_of[file]
        if aside > SET_ASIDE and aside > self.tally.rows_of[file]:
            first = self.tally.first_bad
            where = f": line {first.line}: {first.reason}" if first is not None and first.file == file else ""
            raise FileUnreadable(f"more than {SET_ASIDE:,} of its rows cannot be events{where}")

    def _stage(self, file: EventFile, portion: FileRows, wide: int) -> None:
        """Adds the rows to those that wait. Of wide rows, which hold so many bytes, few are judged together."""
        if self.staged_wide + wide > PORTION:
            self._judge()
        self.staged.append(staged(self.connection, file, self.spec, portion))
        self.staged_bytes += self.staged[-1].nbytes
        self.staged_wide += wide
        if self.staged_bytes >= BATCH // 2:
            self._judge()

    def _judge(self) -> None:
        """Moves what is staged to the stream or aside."""
        if not self.staged:
            return
        rows, self.staged, self.staged_bytes, self.staged_wide = pa.concat_tables(self.staged), [], 0, 0
        judged = judge(self.connection, self.spec, rows, self.now, self.erased)
        keep(self.connection, self.spec, judged)
        self._count(judged)

    def _count(self, judged: Judged) -> None:
        tally = self.tally
        tally.kept_out += judged.kept_out
        for file, verdict, count, newest in verdicts(self.connection, judged):
            if verdict == "new":
                tally.rows_of[file] += count
                tally.newest = max(filter(None, (tally.newest, newest)), default=None)
            elif verdict == "repeated":
                tally.repeated += count
        aside = judged.set_aside.select(["file", "line", "reason"]).sort_by(
            [("file", "ascending"), ("line", "ascending")]
        )
        tally.set_aside_of.update(aside.column("file").to_pylist())
        if tally.first_bad is None and aside.num_rows:
            tally.first_bad = BadLine(**aside.slice(0, 1).to_pylist()[0])

    def _record(self, end: FileRead) -> None:
        """Keeps how far the file has been read; a file that only looks new replaces what is said of it."""
        place = end.place or Place()
        values = {
            "stream": self.spec.stream,
            "file": end.file,
            "md5": end.md5,
            "rows_read": self.tally.rows_of[end.file],
            "rows_set_aside": self.tally.set_aside_of[end.file],
            "read_at": end.read_at,
            "run_id": self.run_id,
            "bytes_read": place.bytes,
            "line_breaks": place.line_breaks,
            "row_numbers": place.rows,
            "size": end.size,
            "changed_ns": end.changed_ns,
        }
        self.connection.execute(statement("events/record.sql"), values)

    @property
    def _now(self) -> datetime:
        return naive(self.now)
