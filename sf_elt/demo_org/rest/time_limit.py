"""How long a query may run: one that takes all of a client's patience is ended, and does not hold up the others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from sf_elt.demo_org.errors import SoqlError

LONGEST_SECONDS = 120.0
"""Salesforce's own limit: "SOQL and SOSL Query Limits" of its limits reference."""


@contextmanager
def time_limit(connection: duckdb.DuckDBPyConnection, seconds: float = LONGEST_SECONDS) -> Iterator[None]:
    """What the connection does inside is interrupted after so many seconds. Raises SoqlError QUERY_TIMEOUT then."""
    over = threading.Event()

    def end() -> None:
        over.set()
        connection.interrupt()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException:
        if over.is_set():
            raise SoqlError("QUERY_TIMEOUT", "Your query request was running for too long.") from None
        raise
    finally:
        timer.cancel()
