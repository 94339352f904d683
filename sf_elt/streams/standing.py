"""What stands in a stream: how far it has been read, and whether any record is in it twice."""

from datetime import UTC, datetime

from sf_elt.warehouse import Warehouse, WarehouseEmpty, quote_table


def spans_read(warehouse: Warehouse, stream: str) -> list[tuple[datetime, datetime]]:
    """`[start, end)` of every window that has been read, in aware UTC; none before the first read.

    A window whose end still lay ahead counts up to the time of reading.
    """
    try:
        with warehouse.read() as connection:
            rows = connection.execute(
                "SELECT window_start, read_to FROM ops.windows WHERE stream = ?", [stream]
            ).fetchall()
    except WarehouseEmpty:
        return []
    return [(start.replace(tzinfo=UTC), read_to.replace(tzinfo=UTC)) for start, read_to in rows]


def repeated_ids(warehouse: Warehouse, stream: str) -> int:
    """How many rows of the stream have an Id that another row has already: 0, or the merge is broken."""
    with warehouse.read() as connection:
        row = connection.execute(
            f'SELECT count(*) - count(DISTINCT "Id") FROM {quote_table("streams", stream)}'  # noqa: S608  a quoted name
        ).fetchone()
    return int(row[0]) if row else 0
