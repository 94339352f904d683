"""What a refresh has brought while a read was under way, paused or killed: the read, which began before, leaves it.

A refresh reads some fields of a record and an import all of them, so neither is simply the newer one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from sf_elt.streams.statements import statement
from sf_elt.warehouse import naive, quote


@dataclass(frozen=True)
class Refreshed:
    """The fields that were refreshed since a read began, and the times (UTC) from which those refreshes date."""

    fields: tuple[str, ...] = ()
    dates: tuple[datetime, ...] = ()


def refreshed_since(connection: DuckDBPyConnection, stream: str, began: datetime) -> Refreshed:
    """What refreshes of the stream have brought that began later than that."""
    rows = connection.execute(
        "SELECT fields, refreshed_at FROM ops.refreshes WHERE stream = ? AND refreshed_at > ?",
        [stream, naive(began)],
    ).fetchall()
    fields = dict.fromkeys(name for names, _ in rows for name in names)
    return Refreshed(tuple(fields), tuple(at for _, at in rows))


def keep_refreshed(
    connection: DuckDBPyConnection, refreshed: Refreshed, columns: Iterable[str], stream: str, version: str
) -> None:
    """Gives the rows of `incoming` the values that a later refresh brought for the same versions of their records.

    `stream` and `version` are quoted. A row that was read whole since then stays as it is: the merge drops the older.
    """
    later = {name.lower() for name in refreshed.fields}
    kept = [quote(name) for name in columns if name.lower() in later]
    if not kept:
        return
    assignments = ",\n    ".join(f"{name} = standing.{name}" for name in kept)
    connection.execute(
        statement("keep_refreshed.sql").format(stream=stream, version=version, assignments=assignments),
        {"dates": list(refreshed.dates)},
    )
