"""Streams that are not read as often as they should be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sf_elt.alerts.incidents import IncidentBook
from sf_elt.alerts.kinds import Finding
from sf_elt.report.asking import outdated_told
from sf_elt.warehouse import Warehouse, WarehouseBusy, WarehouseEmpty

READ_TO = """
SELECT stream, max(read_to) FROM ops.windows GROUP BY stream
UNION ALL
SELECT stream, max(read_at) FROM ops.event_files GROUP BY stream
"""


ReadLately = Callable[[Sequence[str]], Mapping[str, datetime]]
"""Up to when streams have been read, as somebody knows who does not ask the warehouse."""


@dataclass(frozen=True)
class Expected:
    """A stream, the import that reads it, and up to when it should have been read by now at least."""

    stream: str
    work: str
    by: datetime


def lags(
    warehouse: Warehouse, book: IncidentBook, expected: Sequence[Expected], lately: ReadLately, *, now: datetime
) -> list[Finding]:
    """The streams that have not been read so far. One that was never read counts from when it was first asked about.

    While somebody else holds the file, what it said last counts, and what `lately` says. Raises WarehouseOutdated where
    an earlier version of sf_elt wrote it last.
    """
    try:
        read_to = _read_to(warehouse)
        book.remember(read_to)
    except WarehouseBusy:
        read_to = book.remembered()
        for stream, at in lately([each.stream for each in expected]).items():
            read_to[stream] = max(at, read_to.get(stream, at))
    since = book.watched_since([each.stream for each in expected if each.stream not in read_to], now=now)
    return [
        Finding("lag", each.work, f"streams/{each.stream}", _says(each, read_to, now), reached)
        for each in expected
        if (reached := read_to.get(each.stream) or since[each.stream]) < each.by
    ]


def _says(each: Expected, read_to: dict[str, datetime], now: datetime) -> str:
    if each.stream not in read_to:
        return "it has never been read."
    hours = (now - read_to[each.stream]).total_seconds() / 3600
    return f"it was last read up to {read_to[each.stream]:%Y-%m-%d %H:%M} UTC, {hours:,.1f} hours ago."


def _read_to(warehouse: Warehouse) -> dict[str, datetime]:
    try:
        with warehouse.read() as connection, outdated_told():
            rows = connection.execute(READ_TO).fetchall()
    except WarehouseEmpty:
        return {}
    return {stream: at.replace(tzinfo=UTC) for stream, at in rows}
