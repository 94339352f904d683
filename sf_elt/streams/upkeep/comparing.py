"""The Ids of the org beside the rows of the stream: what vanished, and what was missed."""

from dataclasses import dataclass
from datetime import UTC

from duckdb import DuckDBPyConnection

from sf_elt.streams.columns import Column, StreamColumns
from sf_elt.streams.schema import TableShape
from sf_elt.streams.staging import stage_download
from sf_elt.streams.statements import statement
from sf_elt.streams.upkeep.fetching import Fetched
from sf_elt.streams.upkeep.judging import Bounds, Differences, sql_in
from sf_elt.streams.vanishing import find_vanishing
from sf_elt.warehouse import naive, quote, quote_table


@dataclass(frozen=True)
class Compared:
    """How many Ids were read, and what they say. `returned` of the `missed` had vanished before."""

    ids_read: int
    vanishing: int
    missed: int
    returned: int


NOTHING_COMPARED = Compared(0, 0, 0, 0)


def compare(
    connection: DuckDBPyConnection, stream: str, plan: Differences, types: dict[str, str], ids: Fetched
) -> Compared:
    """Makes the temporary tables `incoming`, `vanishing` and `missed` of the Ids that have landed."""
    judged = plan.judged
    ids_read = stage_download(
        connection,
        stream,
        id_columns(judged),
        TableShape(types, (), is_new=False),
        ids.download,
        loaded_at=ids.began.astimezone(UTC),
        window="reconciliation",
    )
    field = quote(judged.timestamp_field)
    vanishing = find_vanishing(
        connection,
        stream,
        ids.began,
        f"standing.{field} >= $judged_from AND {sql_in(plan.days)}",
        judged_from=judged.judged_from,
    )
    connection.execute("DROP TABLE IF EXISTS temp.missed")
    connection.execute(
        statement("upkeep/missed.sql").format(stream=quote_table("streams", stream), timestamp_field=field),
        {"judged_from": naive(judged.judged_from), "judged_to": naive(judged.judged_to), "stream": stream},
    )
    ((missed, returned),) = connection.execute("SELECT count(*), count(*) FILTER (has_returned) FROM missed").fetchall()
    return Compared(ids_read, vanishing, missed, returned)


def id_columns(bounds: Bounds) -> StreamColumns:
    """What is read of each record: its Id, the time by which it is judged, and whether it is deleted."""
    field = bounds.timestamp_field
    columns = [Column("Id", "VARCHAR"), Column(field, "TIMESTAMP")]
    if bounds.has_deleted:
        columns.append(Column("IsDeleted", "BOOLEAN"))
    return StreamColumns(tuple(columns), field, field, bounds.has_deleted, substance=())
