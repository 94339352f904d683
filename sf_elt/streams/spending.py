"""What a piece of work on a stream has spent, for ops.api_calls."""

from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Org
from sf_elt.warehouse import JobMeter


def note_calls(
    connection: DuckDBPyConnection, org: Org, meter: JobMeter, calls: int, run_id: str, at: datetime
) -> None:
    """Adds `calls` API calls of the meter's job, and what the org last said of its own allowance."""
    used, allowed = org.allowance or (None, None)
    connection.execute(
        "INSERT INTO ops.api_calls VALUES (?, ?, ?, ?, ?, ?)",
        [meter.job, run_id, calls, used, allowed, at.astimezone(UTC).replace(tzinfo=None)],
    )
