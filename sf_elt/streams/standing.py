"""What stands in a stream: how far it has been read, and whether any record is in it twice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from duckdb import CatalogException, DuckDBPyConnection

from sf_elt.streams.windows import NO_TIMESTAMP, WHOLE
from sf_elt.warehouse import Warehouse, WarehouseEmpty, quote_table


@dataclass(frozen=True)
class PastRead:
    """A read that has been recorded: it covers `[start, read_to)` of that timestamp field, in aware UTC.

    `asked_md5` stands for what was asked for; None for reads of a time when that was not recorded.
    """

    start: datetime
    read_to: datetime
    timestamp_field: str
    asked_md5: str | None
    run_id: str
    completed_at: datetime

    def asks(self, timestamp_field: str, asked_md5: str | None) -> bool:
        """Whether it asked for just that, by that field."""
        return self.asked_md5 == asked_md5 and self.timestamp_field.lower() == timestamp_field.lower()

    def asks_the_same_as(self, other: "PastRead") -> bool:
        return self.asks(other.timestamp_field, other.asked_md5)


def past_reads(warehouse: Warehouse, stream: str) -> list[PastRead]:
    """Every recorded read of the stream, in the order in which they were completed."""
    try:
        with warehouse.read() as connection:
            asked = _column_of_what_was_asked(connection)
            if asked is None:
                return []
            rows = connection.execute(
                f"SELECT greatest(window_start, read_from), read_to, timestamp_field, {asked}, run_id, completed_at"  # noqa: S608  one of two names
                " FROM ops.windows WHERE stream = ? ORDER BY completed_at",
                [stream],
            ).fetchall()
    except WarehouseEmpty:
        return []
    return [
        PastRead(start.replace(tzinfo=UTC), read_to.replace(tzinfo=UTC), field, md5, run_id, at.replace(tzinfo=UTC))
        for start, read_to, field, md5, run_id, at in rows
    ]


def spans_read(
    warehouse: Warehouse, stream: str, timestamp_field: str | None = None
) -> list[tuple[datetime, datetime]]:
    """`[start, end)` of every window that has been read, in aware UTC; none before the first read.

    Windows of another timestamp field do not count: than the configured one, or than that of the latest read. A window
    whose end still lay ahead counts up to the time of reading.
    """
    reads = past_reads(warehouse, stream)
    if not reads:
        return []
    field = reads[-1].timestamp_field if timestamp_field is None else timestamp_field
    if field.lower() == NO_TIMESTAMP:
        field = WHOLE
    return [(read.start, read.read_to) for read in reads if read.timestamp_field.lower() == field.lower()]


def read_up_to(reads: Iterable[PastRead], start: datetime) -> datetime:
    """How far the reads reach from `start` on without a gap; `start` where nothing has been read there."""
    reached = start
    for read in sorted(reads, key=lambda read: read.start):
        if read.start > reached:
            break
        reached = max(reached, read.read_to)
    return reached


def _column_of_what_was_asked(connection: DuckDBPyConnection) -> str | None:
    """None before the first commit; null in a warehouse of an older version, until the next write adds the column."""
    try:
        found = connection.execute("DESCRIBE ops.windows").fetchall()
    except CatalogException:
        return None
    return "asked_md5" if "asked_md5" in [name for name, *_ in found] else "NULL"


def repeated_ids(warehouse: Warehouse, stream: str) -> int:
    """How many rows of the stream have an Id that another row has already: 0, or the merge is broken."""
    with warehouse.read() as connection:
        row = connection.execute(
            f'SELECT count(*) - count(DISTINCT "Id") FROM {quote_table("streams", stream)}'  # noqa: S608  a quoted name
        ).fetchone()
    return int(row[0]) if row else 0
