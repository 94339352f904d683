"""Incidents: opened once, counted up while they last, closed when they are over. They outlive restarts.

    book = IncidentBook.of(warehouse)
    book.observe("lag", findings, now=now)      # all that lags now: what is not named any more is over
    book.add(findings, now=now)                 # what has just failed
    book.settle(policy, channels, now=now)      # closes what has been over for a while, queues what is to be told

A subject belongs to one open incident of a kind at most, which a unique index sees to, also with two daemons. What
begins together within the same work is one incident: four streams that one run fails to read are one message.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import groupby
from typing import Self
from uuid import uuid4

from sf_elt.alerts.kinds import Finding, Incident, Kind, Occurrence, Policy, Subject
from sf_elt.alerts.notices import Backlog, backlogs, queue
from sf_elt.warehouse import Warehouse
from sf_elt.warehouse.errors import room_for
from sf_elt.warehouse.sqlite_file import SqliteFile

FILE = "alerts.sqlite"
TABLES = files("sf_elt.alerts").joinpath("tables.sql").read_text("utf-8")
END_SUBJECTS = files("sf_elt.alerts").joinpath("end_subjects.sql").read_text("utf-8")
SET_BACK = (
    "UPDATE subjects SET over_since = :now WHERE over_since > :now AND ended_at IS NULL",
    "UPDATE watched SET since = :now WHERE since > :now",
    "UPDATE notices SET queued_at = :now WHERE queued_at > :now",
    "UPDATE notices SET due_at = 0 WHERE sent_at IS NULL AND due_at > :now + 86400",
    "UPDATE notices SET claimed_until = NULL WHERE sent_at IS NULL AND claimed_until > :now + 600",
)
"""Where the clock was ahead and is set back, what was noted meanwhile counts from now on: no wait is as long."""

KEPT = timedelta(days=90)
"""Closed incidents are forgotten after that."""


@dataclass(frozen=True)
class IncidentBook:
    """The incidents, in a SQLite file beside the warehouse: it can be written while runs hold the warehouse."""

    file: SqliteFile

    @classmethod
    def of(cls, warehouse: Warehouse) -> Self:
        """That of a warehouse."""
        return cls(SqliteFile.beside(warehouse, FILE, TABLES))

    @classmethod
    def begun(cls, warehouse: Warehouse) -> Self | None:
        """The same for whoever only looks: none is made where there is none yet. Raises WarehouseClosed."""
        file = warehouse.root / FILE
        with room_for(file, "read"):
            return cls.of(warehouse) if file.exists() else None

    def observe(self, kind: Kind, findings: Sequence[Finding], *, now: datetime) -> None:
        """Takes all that is wrong of this kind now: new ones open incidents, those not named any more are over."""
        with self.file.transaction() as book:
            _note(book, findings, now)
            _end(book, kind, {row["subject"] for row in _open(book, kind)} - {each.subject for each in findings}, now)
            book.execute(
                "INSERT INTO looks (kind, looked_at) VALUES (?, ?)"
                " ON CONFLICT DO UPDATE SET before = looked_at, looked_at = excluded.looked_at",
                (kind, _at(now)),
            )

    def drop(self, kind: Kind, *, now: datetime) -> None:
        """Nobody is to be told of this kind: whatever is open is over, and the next look is like the first one."""
        with self.file.transaction() as book:
            _end(book, kind, [row["subject"] for row in _open(book, kind)], now)
            book.execute("DELETE FROM looks WHERE kind = ?", (kind,))

    def add(self, findings: Iterable[Finding], *, now: datetime) -> None:
        """Takes what has just gone wrong. An occurrence that was taken before changes nothing."""
        with self.file.transaction() as book:
            _note(book, [each for each in findings if not _is_known(book, each)], now)

    def end(self, kind: Kind, subjects: Iterable[str], *, now: datetime) -> None:
        """These are not wrong any more."""
        with self.file.transaction() as book:
            _end(book, kind, subjects, now)

    def open_subjects(self, kind: Kind) -> list[Subject]:
        """What is still wrong of this kind, or has been over for less than it takes to settle."""
        with self.file.transaction() as book:
            return [_subject(book, kind, row) for row in _open(book, kind)]

    def opened_at(self, kind: Kind) -> dict[str, datetime]:
        """Since when each subject with an open incident of this kind has it."""
        with self.file.transaction() as book:
            rows = book.execute(
                "SELECT subject, opened_at FROM subjects JOIN incidents USING (incident)"
                " WHERE subjects.kind = ? AND ended_at IS NULL",
                (kind,),
            )
            return {row["subject"]: _moment(row["opened_at"]) for row in rows}

    def watched_since(self, subjects: Sequence[str], *, now: datetime) -> dict[str, datetime]:
        """Since when each has been watched; from now on, where it was not."""
        with self.file.transaction() as book:
            book.executemany("INSERT OR IGNORE INTO watched VALUES (?, ?)", [(each, _at(now)) for each in subjects])
            since = dict(book.execute("SELECT subject, since FROM watched").fetchall())
        return {each: _moment(since[each]) for each in subjects}

    def unwatch(self, subjects: Sequence[str]) -> None:
        """These are as they should be: the next time counts from its own beginning."""
        with self.file.transaction() as book:
            book.executemany("DELETE FROM watched WHERE subject = ?", [(each,) for each in subjects])

    def remember(self, read_to: Mapping[str, datetime]) -> None:
        """Keeps up to when each stream has been read, for when the warehouse cannot be asked."""
        with self.file.transaction() as book:
            book.executemany(
                "INSERT OR REPLACE INTO reached VALUES (?, ?)", [(name, _at(at)) for name, at in read_to.items()]
            )

    def remembered(self) -> dict[str, datetime]:
        """What was kept of that last."""
        with self.file.transaction() as book:
            return {row["stream"]: _moment(row["read_to"]) for row in book.execute("SELECT * FROM reached")}

    def settle(self, policy: Policy, channels: Sequence[str], *, now: datetime) -> None:
        """Ends what has been over for long enough, closes incidents, and queues what each channel is to be told."""
        at = _at(now)
        with self.file.transaction() as book:
            for statement in SET_BACK:
                book.execute(statement, {"now": at})
            book.execute(END_SUBJECTS, {"now": at, "settle": int(policy.settle.total_seconds())})
            closed = book.execute(
                "UPDATE incidents SET closed_at = ? WHERE closed_at IS NULL AND incident NOT IN"
                " (SELECT incident FROM subjects WHERE ended_at IS NULL) RETURNING incident",
                (at,),
            ).fetchall()
            over = [row["incident"] for row in closed] if policy.tell_when_over else []
            remind_before = None if policy.remind is None else _at(now - policy.remind)
            queue(book, channels, over, at=at, remind_before=remind_before)
            _forget(book, _at(now - KEPT))

    def backlogs(self, *, now: datetime) -> list[Backlog]:
        """What each channel has not been told yet, where there is anything; without what has been given up."""
        return backlogs(self.file, now=now)

    def incidents(self, *, only_open: bool = True) -> list[Incident]:
        """The incidents, the latest first."""
        with self.file.transaction() as book:
            rows = book.execute(
                "SELECT * FROM incidents WHERE closed_at IS NULL OR NOT ? ORDER BY opened_at DESC", (only_open,)
            ).fetchall()
            return [_incident(book, row) for row in rows]

    def incident(self, id_: str) -> Incident:
        """The incident of that id. Raises KeyError where there is none."""
        with self.file.transaction() as book:
            row = book.execute("SELECT * FROM incidents WHERE incident = ?", (id_,)).fetchone()
            if row is None:
                raise KeyError(id_)
            return _incident(book, row)


def _note(book: sqlite3.Connection, findings: Sequence[Finding], now: datetime) -> None:
    """Adds to the open incidents of these subjects; what has none begins one for each kind and work."""
    opened: list[Finding] = []
    for each in findings:
        row = book.execute(
            "UPDATE subjects SET says = ?, run_id = coalesce(?, run_id), over_since = NULL"
            " WHERE kind = ? AND subject = ? AND ended_at IS NULL RETURNING incident",
            (each.says, each.run_id, each.kind, each.subject),
        ).fetchone()
        if row is None:
            opened.append(each)
        else:
            _note_occurrence(book, row["incident"], each)
    opened.sort(key=lambda each: (each.kind, each.work, each.subject))
    for (kind, work), begun in groupby(opened, key=lambda each: (each.kind, each.work)):
        _open_incident(book, kind, work, list(begun), now)


def _open_incident(book: sqlite3.Connection, kind: Kind, work: str, begun: Sequence[Finding], now: datetime) -> None:
    incident = uuid4().hex
    began = min(each.since for each in begun)
    book.execute(
        "INSERT INTO incidents (incident, kind, work, began_at, opened_at) VALUES (?, ?, ?, ?, ?)",
        (incident, kind, work, _at(began), _at(now)),
    )
    for each in begun:
        book.execute(
            "INSERT INTO subjects (incident, kind, subject, says, run_id) VALUES (?, ?, ?, ?, ?)",
            (incident, kind, each.subject, each.says, each.run_id),
        )
        _note_occurrence(book, incident, each)


def _note_occurrence(book: sqlite3.Connection, incident: str, finding: Finding) -> None:
    first, last = finding.partitions or (None, None)
    if finding.occurrence:
        book.execute(
            "INSERT OR IGNORE INTO occurrences VALUES (?, ?, ?, ?, ?, ?, ?)",
            (finding.kind, finding.subject, finding.occurrence, incident, _at(finding.since), first, last),
        )


def _is_known(book: sqlite3.Connection, finding: Finding) -> bool:
    found = book.execute(
        "SELECT 1 FROM occurrences WHERE kind = ? AND subject = ? AND occurrence = ?",
        (finding.kind, finding.subject, finding.occurrence),
    )
    return found.fetchone() is not None


def _end(book: sqlite3.Connection, kind: Kind, subjects: Iterable[str], now: datetime) -> None:
    book.executemany(
        "UPDATE subjects SET over_since = ? WHERE kind = ? AND subject = ? AND ended_at IS NULL AND over_since IS NULL",
        [(_at(now), kind, each) for each in subjects],
    )


def _open(book: sqlite3.Connection, kind: Kind) -> list[sqlite3.Row]:
    return book.execute("SELECT * FROM subjects WHERE kind = ? AND ended_at IS NULL", (kind,)).fetchall()


def _forget(book: sqlite3.Connection, before: float) -> None:
    old = "SELECT incident FROM incidents WHERE closed_at < ?"
    for table in ("notices", "occurrences", "subjects", "incidents"):
        book.execute(f"DELETE FROM {table} WHERE incident IN ({old})", (before,))  # noqa: S608  one of four names
    book.execute("DELETE FROM notices WHERE event = 'summary' AND sent_at < ?", (before,))


def _incident(book: sqlite3.Connection, row: sqlite3.Row) -> Incident:
    subjects = book.execute("SELECT * FROM subjects WHERE incident = ? ORDER BY subject", (row["incident"],)).fetchall()
    return Incident(
        id=row["incident"],
        kind=row["kind"],
        work=row["work"],
        began_at=_moment(row["began_at"]),
        closed_at=None if row["closed_at"] is None else _moment(row["closed_at"]),
        subjects=tuple(_subject(book, row["kind"], each) for each in subjects),
    )


def _subject(book: sqlite3.Connection, kind: Kind, row: sqlite3.Row) -> Subject:
    return Subject(
        row["subject"], row["says"], row["run_id"], row["over_since"] is not None,
        tuple(_occurrences(book, kind, row["incident"], row["subject"])),
    )  # fmt: skip


def _occurrences(book: sqlite3.Connection, kind: Kind, incident: str, subject: str) -> Iterator[Occurrence]:
    rows = book.execute(
        "SELECT * FROM occurrences WHERE kind = ? AND incident = ? AND subject = ? ORDER BY happened_at",
        (kind, incident, subject),
    )
    for each in rows:
        first, last = each["first_partition"], each["last_partition"]
        yield Occurrence(each["occurrence"], _moment(each["happened_at"]), (first, last) if first and last else None)


def _at(moment: datetime) -> float:
    return moment.timestamp()


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
