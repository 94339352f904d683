"""A stream's history, as its own rows tell it: how many records there were over time, how many events happened."""

from datetime import datetime

from sf_elt.streams.statements import statement
from sf_elt.warehouse import quote_table
from sf_elt.warehouse.over_time import Connection, Span, over_time

MADE_AT = "CreatedDate"
MOST_BARS = 40


def records_over_time(connection: Connection, stream: str, *, now: datetime) -> list[Span]:
    """How many records were made and deleted, and lived; without CreatedDate, how many were read for the first time."""
    table = quote_table("streams", stream)
    if MADE_AT in {name for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()}:
        return over_time(connection, statement("moves_of_records.sql").replace("{stream}", table), now=now)
    return over_time(connection, statement("moves_of_reads.sql"), {"stream": stream}, now=now)


def events_over_time(connection: Connection, stream: str, *, now: datetime) -> list[Span]:
    """How many events happened."""
    moves = statement("moves_of_events.sql").replace("{stream}", quote_table("streams", stream))
    return over_time(connection, moves, now=now, spans=MOST_BARS)
