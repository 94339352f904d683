"""What each channel is still to be told: queued with the incident, claimed, sent, and only then crossed off.

A process that is killed between sending and crossing off leaves a claim that runs out: the message goes again, with the
same id (at least once). While a claim lasts nobody else sends it, so two daemons send it once.

A message that a channel refuses for good is set aside: it is tried again for a week, and holds up none of the others.

Nobody is flooded: a channel gets a few messages in ten minutes, and where more wait, one sums them up. One also sums up
what was found wrong when something was looked at for the first time, or after a while.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from uuid import uuid4

from sf_elt.alerts.kinds import Event
from sf_elt.counting import count
from sf_elt.warehouse.sqlite_file import SqliteFile

CLAIM = timedelta(minutes=5)
"""Far longer than a channel may take for one message."""

MANY, SPAN = 5, timedelta(minutes=10)
"""Where more messages than that wait, they are sent as one; and no more of them go in so long."""

UNSEEN = timedelta(hours=1)
"""Whoever has not looked for so long, or never, finds what has been wrong for a while, and not what has just begun."""

TRIED = timedelta(days=7)
"""For so long a message is tried that its channel refuses."""

FOUND_LATE = files("sf_elt.alerts").joinpath("found_late.sql").read_text("utf-8")
_WAITING = "SELECT * FROM notices WHERE channel = :channel AND sent_at IS NULL"
_NOT_SUMMED = "number NOT IN (SELECT number FROM summed)"
_SENT_LATELY = (
    "SELECT count(*) FROM notices WHERE channel = :channel AND sent_at BETWEEN :since AND :now"
    " AND number NOT IN (SELECT number FROM summed)"
)
_NOT_REFUSED = "number NOT IN (SELECT number FROM refusals)"
_NOT_GIVEN_UP = f"({_NOT_REFUSED} OR queued_at > :tried)"


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


@dataclass(frozen=True)
class Backlog:
    """What one channel has not been told yet: how many messages, and since when.

    Of those it has refused `refused` for good; `because` is why it refused the last one.
    """

    channel: str
    waiting: int
    since: datetime
    refused: int
    because: str | None

    def __str__(self) -> str:
        of_these = f", {self.refused:,} of them refused ({self.because})" if self.refused else ""
        messages = count(self.waiting, "message waits", "messages wait")
        return f"{messages} since {self.since:%Y-%m-%d %H:%M} UTC{of_these}"


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
        _sum_up_found_late(book, channel, at)


def claim(file: SqliteFile, channel: str, *, now: datetime) -> Notice | None:
    """The oldest message that the channel is to be told now; nothing while an older one waits, or is being sent.

    One that it has refused waits beside the others. Nothing either where it was told much of late.
    """
    with file.transaction() as book:
        (lately,) = book.execute(
            _SENT_LATELY, {"channel": channel, "since": (now - SPAN).timestamp(), "now": now.timestamp()}
        ).fetchone()
        if lately >= MANY:
            return None
        row = book.execute(
            f"{_WAITING} AND {_NOT_SUMMED} AND {_NOT_GIVEN_UP} AND ({_NOT_REFUSED} OR due_at <= :now)"
            " ORDER BY number LIMIT 1",
            {"channel": channel, "now": now.timestamp(), "tried": (now - TRIED).timestamp()},
        ).fetchone()
        if row is None or row["due_at"] > now.timestamp() or (row["claimed_until"] or 0) > now.timestamp():
            return None
        book.execute(
            "UPDATE notices SET claimed_until = ? WHERE number = ?", ((now + CLAIM).timestamp(), row["number"])
        )
        return Notice(row["number"], row["incident"], row["event"], row["channel"], row["tries"])


def cross_off(file: SqliteFile, notice: Notice, *, now: datetime) -> None:
    """It has been sent, and with a summary all that it sums up."""
    with file.transaction() as book:
        book.execute(
            "UPDATE notices SET sent_at = :at WHERE number = :number OR number IN"
            " (SELECT number FROM summed WHERE summary = :number)",
            {"at": now.timestamp(), "number": notice.number},
        )


def put_off(
    file: SqliteFile, notice: Notice, *, until: datetime, now: datetime, refused_because: str | None = None
) -> None:
    """It could not be sent, and is tried again then; `refused_because`: set aside, so that the others go on."""
    with file.transaction() as book:
        book.execute(
            "UPDATE notices SET due_at = ?, claimed_until = NULL, tries = tries + 1 WHERE number = ?",
            (until.timestamp(), notice.number),
        )
        if refused_because is not None:
            book.execute(
                "INSERT INTO refusals VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET because = excluded.because",
                (notice.number, now.timestamp(), refused_because),
            )


def sum_up(file: SqliteFile, channel: str, *, now: datetime) -> None:
    """Puts one message in the place of many that wait; what comes while it waits itself joins it.

    What has been given up, a summary too, is left as it is: nothing that joined it would be told. One that the channel
    refuses is joined by many, and not by a few: those may go well by themselves. What somebody has claimed may have
    been sent: it goes again as it was, or not at all.
    """
    at = now.timestamp()
    with file.transaction() as book:
        book.execute(
            "DELETE FROM notices WHERE event = 'summary' AND sent_at IS NULL"
            " AND number NOT IN (SELECT summary FROM summed)"
        )
        waiting = book.execute(
            f"{_WAITING} AND {_NOT_SUMMED} AND {_NOT_GIVEN_UP} AND claimed_until IS NULL ORDER BY number",
            {"channel": channel, "tried": (now - TRIED).timestamp()},
        ).fetchall()
        refused = {row["number"] for row in book.execute("SELECT number FROM refusals")}
        single = [row["number"] for row in waiting if row["event"] != "summary"]
        sums = [row["number"] for row in waiting if row["event"] == "summary"]
        many = len(single) > MANY
        summary = next((each for each in sums if many or each not in refused), None)
        if single and (many or summary is not None):
            _put_into(book, summary or _new_summary(book, channel, at), single, at)


def summed_up(file: SqliteFile, notice: Notice) -> list[tuple[str, Event]]:
    """The incidents that a summary tells of, and what of each."""
    with file.transaction() as book:
        rows = book.execute(
            "SELECT incident, event FROM notices JOIN summed USING (number) WHERE summary = ? ORDER BY number",
            (notice.number,),
        ).fetchall()
    return [(row["incident"], row["event"]) for row in rows]


def backlogs(file: SqliteFile, *, now: datetime) -> list[Backlog]:
    """What each channel has not been told yet, where there is anything; without what has been given up."""
    with file.transaction() as book:
        rows = book.execute(
            "SELECT notices.channel, count(*) AS waiting, min(notices.queued_at) AS since,"
            " count(refusals.number) AS refused, max(because) AS because FROM notices LEFT JOIN summed USING (number)"
            " JOIN notices AS told ON told.number = coalesce(summary, notices.number)"
            " LEFT JOIN refusals ON refusals.number = told.number"
            " WHERE notices.sent_at IS NULL AND notices.event <> 'summary'"
            " AND (refused_at IS NULL OR told.queued_at > ?) GROUP BY notices.channel ORDER BY notices.channel",
            ((now - TRIED).timestamp(),),
        ).fetchall()
    return [
        Backlog(
            row["channel"], row["waiting"], datetime.fromtimestamp(row["since"], UTC), row["refused"], row["because"]
        )
        for row in rows
    ]


def _sum_up_found_late(book: sqlite3.Connection, channel: str, at: float) -> None:
    """One message for all that was found by looks that were the first ones, or the first in a while."""
    rows = book.execute(FOUND_LATE, {"channel": channel, "unseen": UNSEEN.total_seconds()}).fetchall()
    if len(rows) > 1:
        _put_into(book, _new_summary(book, channel, at), [row["number"] for row in rows], at)


def _new_summary(book: sqlite3.Connection, channel: str, at: float) -> int:
    added = book.execute(
        "INSERT INTO notices (incident, event, channel, queued_at, due_at) VALUES (?, 'summary', ?, ?, 0)"
        " RETURNING number",
        (uuid4().hex, channel, at),
    )
    return int(added.fetchone()["number"])


def _put_into(book: sqlite3.Connection, summary: int, numbers: Sequence[int], at: float) -> None:
    """They are told by it; so it is tried for as long as the latest of them would be."""
    book.executemany("INSERT INTO summed VALUES (?, ?)", [(number, summary) for number in numbers])
    book.execute("UPDATE notices SET queued_at = ? WHERE number = ?", (at, summary))


def _queue_over(book: sqlite3.Connection, incident: str, channel: str, at: float) -> None:
    """Instead of what the channel, which is down, has not been told of it yet."""
    told = book.execute("SELECT 1 FROM notices WHERE incident = ? AND channel = ?", (incident, channel)).fetchone()
    if told is None:
        return
    untold = book.execute(
        "DELETE FROM notices WHERE incident = ? AND channel = ? AND sent_at IS NULL AND coalesce(claimed_until, 0) < ?"
        " RETURNING queued_at",
        (incident, channel, at),
    ).fetchall()
    book.execute(
        "INSERT INTO notices (incident, event, channel, queued_at, due_at) VALUES (?, 'over', ?, ?, 0)",
        (incident, channel, min([at, *(row["queued_at"] for row in untold)])),
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
