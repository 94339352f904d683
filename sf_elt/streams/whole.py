"""Objects that are read whole: what the org does not give any more has vanished."""

from datetime import datetime

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download
from sf_elt.streams.columns import StreamColumns
from sf_elt.streams.schema import TableShape
from sf_elt.streams.staging import stage_download
from sf_elt.streams.table import living_rows
from sf_elt.streams.vanishing import find_vanishing, mark_vanishing, refuse_many

HOW = "read whole"


def mark_absent(
    connection: DuckDBPyConnection,
    stream: str,
    columns: StreamColumns,
    shape: TableShape,
    download: Download,
    *,
    loaded_at: datetime,
    window: str,
    noticed_at: datetime,
    run_id: str,
    accept_many: bool = False,
) -> int:
    """Marks the living rows that are not among what has landed as deleted when that was noticed; gives how many.

    Comes after the merge of the same download, inside the caller's transaction. A row that was read later than
    `loaded_at` has not vanished. Where the record comes back, the merge takes the mark away. Raises ManyVanished where
    more rows would vanish than deletions explain, unless `accept_many` says that they were deleted.
    """
    stage_download(connection, stream, columns, shape, download, loaded_at=loaded_at, window=window)
    vanishing = find_vanishing(connection, stream, loaded_at)
    if not accept_many:
        refuse_many(stream, vanishing, living_rows(connection, stream))
    if vanishing:
        mark_vanishing(connection, stream, noticed_at=noticed_at, began=loaded_at, how=HOW, run_id=run_id)
    return vanishing
