"""Rows whose record is gone from the org: found by its absence, refused where they are too many, marked and noted."""

from datetime import datetime

from duckdb import DuckDBPyConnection

from sf_elt.streams.errors import ManyVanished
from sf_elt.streams.statements import statement
from sf_elt.warehouse import naive, quote_table

MOST_VANISHED = 0.2  # share of the living rows; more than that looks like a permission and not like deletions
FEW_VANISHED = 100  # rows that may vanish whatever their share


def find_vanishing(
    connection: DuckDBPyConnection, stream: str, began: datetime, judged: str = "true", **bounds: datetime
) -> int:
    """Makes the temporary table `vanishing`: living rows that are not in `incoming`; gives how many they are.

    `incoming` holds all Ids that the org has of the `judged` rows, a condition on `standing` with `bounds` for its
    parameters. What was read later than `began`, when they were asked for, is not judged.
    """
    connection.execute("DROP TABLE IF EXISTS temp.vanishing")
    connection.execute(
        statement("vanishing.sql").format(stream=quote_table("streams", stream), judged=judged),
        {name: naive(at) for name, at in (bounds | {"began": began}).items()},
    )
    ((found,),) = connection.execute("SELECT count(*) FROM vanishing").fetchall()
    return int(found)


def refuse_many(stream: str, vanishing: int, living: int) -> None:
    """Raises ManyVanished where more of the `living` rows vanish than deletions explain."""
    if vanishing > max(FEW_VANISHED, MOST_VANISHED * living):
        raise ManyVanished(
            f"{stream}: {vanishing:,} of {living:,} records are no longer in the org, or this user may no longer see "
            "them. That looks like a permission or sharing rule that was taken away: nothing was moved or marked. Give "
            "it back; or, if they were deleted, run it once with accept_many."
        )


def mark_vanishing(
    connection: DuckDBPyConnection, stream: str, *, noticed_at: datetime, began: datetime, how: str, run_id: str
) -> None:
    """Marks the rows of `vanishing` as deleted, and notes each in ops.vanished, in the caller's transaction."""
    connection.execute(
        statement("mark_vanishing.sql").format(stream=quote_table("streams", stream)),
        {"noticed_at": naive(noticed_at), "began": naive(began)},
    )
    connection.execute(
        'INSERT INTO ops.vanished SELECT ?, "Id", ?, ?, ? FROM vanishing', [stream, naive(noticed_at), how, run_id]
    )
