"""Landing files into the stream: typed by DuckDB, counted, merged so that the newest version wins.

A stream without rows takes them straight from the files. Into one that has rows they are merged some files at a time,
so that memory does not grow with the download; each merge looks once through the stream's Ids, and through its other
columns only where it has the same records.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download
from sf_elt.streams.apart import keep_apart
from sf_elt.streams.columns import StreamColumns
from sf_elt.streams.overtaken import Refreshed, keep_refreshed
from sf_elt.streams.schema import TableShape
from sf_elt.streams.staging import Batch, Staging, batches, keep_out, read_rows, refuse_shortfall
from sf_elt.streams.statements import statement
from sf_elt.warehouse import hold_enough, quote, quote_table
from sf_elt.warehouse.erased import who_is_erased

PART = 256 << 20  # bytes of text that are merged at once
MEMORY = 512  # MB, DuckDB's own: at least for what is compared with rows that stand, and for JSON, read a page at once


@dataclass(frozen=True)
class MergeCounts:
    """What one merge did. `rows_unchanged` holds what was read again or is older than what stands.

    `rows_kept_out` are those of erased people.
    """

    rows_read: int
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    rows_deleted: int
    newest: datetime | None
    rows_kept_out: int = 0

    def __add__(self, later: "MergeCounts") -> "MergeCounts":
        return MergeCounts(
            self.rows_read + later.rows_read,
            self.rows_new + later.rows_new,
            self.rows_changed + later.rows_changed,
            self.rows_unchanged + later.rows_unchanged,
            self.rows_deleted + later.rows_deleted,
            max((at for at in (self.newest, later.newest) if at is not None), default=None),
            self.rows_kept_out + later.rows_kept_out,
        )


NOTHING = MergeCounts(0, 0, 0, 0, 0, None)


def merge_download(
    connection: DuckDBPyConnection,
    stream: str,
    columns: StreamColumns,
    shape: TableShape,
    download: Download,
    *,
    loaded_at: datetime,
    window: str,
    refreshed: Refreshed | None = None,
) -> MergeCounts:
    """Merges what has landed, inside the caller's transaction. `refreshed` is newer than what has landed, and stays.

    Raises Shortfall where the rows are not as many as the org reported, LandingUnreadable where a value does not fit
    the type that the org describes; either way the caller's transaction must end without a commit.
    """
    staging = Staging(stream, columns, shape, loaded_at, window, who_is_erased(connection))
    names = _names(stream, columns)
    if _is_empty(connection, names["stream"]):
        if download.transport == "bulk":
            hold_enough(connection, len(shape.types))
        else:
            hold_enough(connection, len(shape.types), least=MEMORY)
        counts = _load(connection, staging, batches(download.files), names)
    else:
        hold_enough(connection, len(shape.types), least=MEMORY)
        parts = batches(download.files, most=PART)
        newer = refreshed or Refreshed()
        counts = sum((_merge(connection, staging, batch, names, newer) for batch in parts), NOTHING)
    refuse_shortfall(staging, counts.rows_read, download.reported)
    return counts


def _names(stream: str, columns: StreamColumns) -> dict[str, str]:
    gone = "standing._deleted_at IS NOT NULL"
    saved = {*columns.names, "_deleted_at"}.difference(columns.substance)
    return {
        "stream": quote_table("streams", stream),
        "version": quote(columns.version_field),
        "timestamp_field": quote(columns.timestamp_field) if columns.timestamp_field else "_changed_at",
        "has_vanished": f'{gone} AND standing."IsDeleted" IS NOT TRUE' if columns.has_deleted else gone,
        "same_substance": _same(columns.substance),
        "same_saved": _same(sorted(saved)),
    }


def _same(names: tuple[str, ...] | list[str]) -> str:
    compared = (f"incoming.{quote(name)} IS NOT DISTINCT FROM standing.{quote(name)}" for name in names)
    return "\n        AND ".join(compared) or "true"


def _is_empty(connection: DuckDBPyConnection, table: str) -> bool:
    return connection.execute(f"FROM {table} LIMIT 1").fetchone() is None


def _load(
    connection: DuckDBPyConnection, staging: Staging, found: Iterable[Batch], names: dict[str, str]
) -> MergeCounts:
    """The rows straight into the stream's table, which has none."""
    rows_read = sum(read_rows(connection, f"INSERT INTO {names['stream']} BY NAME", staging, batch) for batch in found)
    kept_out = keep_out(connection, names["stream"], staging)
    if _repeats_ids(connection, names["stream"]):
        _keep_newest(connection, names["stream"], names["version"])
    ((new, deleted, newest),) = connection.execute(statement("load_counts.sql").format_map(names)).fetchall()
    return MergeCounts(rows_read, new, 0, rows_read - new - kept_out, deleted, newest, kept_out)


def _merge(
    connection: DuckDBPyConnection, staging: Staging, batch: Batch, names: dict[str, str], refreshed: Refreshed
) -> MergeCounts:
    """The batch's rows into the stream's table, newest wins."""
    for left_over in ("incoming", "met", "compared", "moving"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{left_over}")
    rows_read = read_rows(connection, "CREATE TEMP TABLE incoming AS", staging, batch)
    kept_out = keep_out(connection, "incoming", staging)
    if _repeats_ids(connection, "incoming"):
        _keep_newest(connection, "incoming", names["version"])
    keep_apart(connection, staging.stream, staging.columns)
    keep_refreshed(connection, refreshed, staging.columns.names, names["stream"], names["version"])
    connection.execute(statement("merge.sql").format_map(names))
    counted = connection.execute(statement("merge_counts.sql").format_map(names)).fetchall()
    ((new, changed, deleted, newest),) = counted
    return MergeCounts(rows_read, new, changed, rows_read - new - changed - kept_out, deleted, newest, kept_out)


def _repeats_ids(connection: DuckDBPyConnection, table: str) -> bool:
    """Whether an Id may be there twice. Equal hashes of different Ids only cost a closer look."""
    count = f'SELECT count(*), count(DISTINCT hash("Id")) FROM {table}'  # noqa: S608 - quoted
    ((rows, hashes),) = connection.execute(count).fetchall()
    return bool(hashes < rows)


def _keep_newest(connection: DuckDBPyConnection, table: str, version: str) -> None:
    """One read may bring a record twice, where it was saved between two pages: its newest version stays."""
    connection.execute(statement("keep_newest.sql").format(table=table, version=version))
