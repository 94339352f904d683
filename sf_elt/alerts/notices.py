"""What each channel is still to be told: queued with the incident, claimed, sent, and only then crossed off.

A process that is killed between sending and crossing off leaves a claim that runs out: the message goes again, with the
same id (at least once). While a claim lasts nobody else sends it, so two daemons send it once.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sf_elt.alerts.kinds import Event
from sf_elt.warehouse.sqlite_file import SqliteFile

CLAIM = timedelta(minutes=5)
"""Far longer than a channel may take for one message."""


@dataclass(frozen=True)
class Notice:
    """One message to one channel; `id` is the same each time that it is sent. `tries` failed before."""

    number: int
    incident: str
    event: Event
    channel: str
    tries: int

    @property
    def id(self) -> str:
        return f"{self.incident}.{self.event}.{self.number}"


def queue(
    book: sqlite3.Connection, channels: Sequence[str], over: Sequence[str], *, at: float, remind_before: float | None
) -> None:
    """Queues what each channel has not been told: open incidents, those that are over now, and reminders."""
    for channel in channels:
        for incident in over:
            _queue_over(book, incident, channel, at)
        book.execute(
            "INSERT INTO notices (incident, event, channel, queued_at, due_at)"
            " SELECT incident, 'opened', :channel, :at, 0 FROM incidents WHERE closed_at IS NULL"
            " AND incident NOT IN (SELECT incident FROM notices WHERE channel = :channel) ORDER BY opened_at",
            {"channel": channel, "at": at},
        )
        if remind_before is not None:
            _queue_reminders(book, channel, at, remind_before)


def claim(file: SqliteFile, channel: str, *, now: datetime) -> Notice | None:
    """The oldest message that the channel is to be told now; nothing while an older one waits, or is being sent."""
    with file.transaction() as book:
        row = book.execute(
            "SELECT * FROM notices WHERE channel = ? AND sent_at IS NULL ORDER BY number LIMIT 1", (channel,)
        ).fetchone()
        if row is None or row["due_at"] > now.timestamp() or (row["claimed_until"] or 0) > now.timestamp():
            return None
        book.execute(
            "UPDATE notices SET claimed_until = ? WHERE number = ?", ((now + CLAIM).timestamp(), row["number"])
        )
        return Notice(row["number"], row["incident"], row["event"], row["channel"], row["tries"])


def cross_off(file: SqliteFile, notice: Notice, *, now: datetime) -> None:
    """It has been sent."""
    with file.transaction() as book:
        book.execute("UPDATE notices SET sent_at = ? WHERE number = ?", (now.timestamp(), notice.number))


def put_off(file: SqliteFile, notice: Notice, *, until: datetime) -> None:
    """It could not be sent; it is tried again then."""
    with file.transaction() as book:
        book.execute(
            "UPDATE notices SET due_at = ?, claimed_until = NULL, tries = tries + 1 WHERE number = ?",
            (until.timestamp(), notice.number),
        )


def _queue_over(book: sqlite3.Connection, incident: str, channel: str, at: float) -> None:
    """Instead of what the channel, which is down, has not been told of it yet."""
    told = book.execute("SELECT 1 FROM notices WHERE incident = ? AND channel = ?", (incident, channel)).fetchone()
    if told is None:
        return
    book.execute(
        "DELETE FROM notices WHERE incident = ? AND channel = ? AND sent_at IS NULL AND coalesce(claimed_until, 0) < ?",
        (incident, channel, at),
    )
    book.execute(
        "INSERT INTO notices (incident, event, channel, queued_at, due_at) VALUES (?, 'over', ?, ?, 0)",
        (incident, channel, at),
    )


def _queue_reminders(book: sqlite3.Connection, channel: str, at: float, before: float) -> None:
    """Of each open incident of which the channel heard last before that."""
    book.execute(
        "INSERT INTO notices (incident, event, channel, queued_at, due_at)"
        " SELECT incident, 'reminder', channel, :at, 0 FROM notices JOIN incidents USING (incident)"
        " WHERE closed_at IS NULL AND channel = :channel GROUP BY incident, channel"
        " HAVING max(queued_at) <= :before AND count(*) = count(sent_at)",
        {"channel": channel, "at": at, "before": before},
    )
