"""Objects that are read whole: what the org does not give any more has vanished."""

from datetime import datetime

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download
from sf_elt.streams.columns import StreamColumns
from sf_elt.streams.merge import NOTHING, MergeCounts
from sf_elt.streams.schema import TableShape
from sf_elt.streams.staging import stage_download
from sf_elt.streams.statements import statement
from sf_elt.warehouse import quote_table


def mark_vanished(
    connection: DuckDBPyConnection,
    stream: str,
    columns: StreamColumns,
    shape: TableShape,
    download: Download,
    *,
    loaded_at: datetime,
    window: str,
) -> MergeCounts:
    """Marks the living rows that are not among what has landed as deleted when the read began; counts them.

    Comes after the merge of the same download, inside the caller's transaction. A row that was read later than
    `loaded_at` has not vanished. Where the record comes back, the merge takes the mark away.
    """
    stage_download(connection, stream, columns, shape, download, loaded_at=loaded_at, window=window)
    table = quote_table("streams", stream)
    ((vanished,),) = connection.execute(
        statement("whole_vanished.sql").format(stream=table),
        {"loaded_at": loaded_at.replace(tzinfo=None), "window": window},
    ).fetchall()
    return NOTHING + MergeCounts(0, 0, 0, 0, int(vanished), loaded_at.replace(tzinfo=None) if vanished else None)
