"""Parts of the same records, each with some of the columns: which fit together, and those joined."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download
from sf_elt.streams.columns import StreamColumns
from sf_elt.streams.schema import TableShape
from sf_elt.streams.staging import Staging, batches, copy_rows, refuse_shortfall, stage_download
from sf_elt.streams.statements import statement
from sf_elt.warehouse import hold_enough, naive, quote, quote_text
from sf_elt.warehouse.errors import room_for

MEMORY = 512  # MB, and more where a part has many columns
ROW_GROUP_VALUES = 2_000_000  # DuckDB gathers so many values before it writes them
ROW_GROUP_BYTES = "32MB"
JOINED_VALUES = 4_000_000  # that are joined at once
BATCH = 1 << 30  # bytes of text that become one Parquet file


@dataclass(frozen=True)
class Part:
    """What has landed of some columns, Id and version among them."""

    columns: StreamColumns
    download: Download


@dataclass(frozen=True)
class Joined:
    """Parquet files of the records that are whole; and the Ids of the others, `left` for another try."""

    files: tuple[Path, ...]
    rows: int
    left: list[str]


def join_parts(
    stream: str,
    columns: StreamColumns,
    parts: Sequence[Part],
    folder: Path,
    name: str,
    *,
    saved_before: datetime | None = None,
    same_version: bool = True,
    only_deleted: bool = False,
) -> Joined:
    """Joins the parts' records by Id into files in `folder` that begin with `name`, with the columns' types.

    A record is joined where each part has it once and all in the same version, saved before `saved_before` (UTC) where
    that is given. Raises Shortfall where a part has other rows than the org reported, LandingUnreadable.
    """
    scratch = folder / f"{name}.parts"
    shutil.rmtree(scratch, ignore_errors=True)  # of a join that was killed
    scratch.mkdir()
    with room_for(scratch), duckdb.connect() as connection:
        hold_enough(connection, max(len(part.columns.names) for part in parts), least=MEMORY)
        connection.execute("SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
        connection.execute("SET temp_directory = ?", [str(scratch / "spilled")])
        for number, part in enumerate(parts):
            _stage(connection, stream, part, scratch, number, len(parts))
        version = quote(columns.version_field)
        keys = (
            f'SELECT {number} AS part, "Id", {version} AS version, _deleted_at IS NOT NULL AS is_deleted'  # noqa: S608 - quoted
            f" FROM part_{number}"
            for number in range(len(parts))
        )
        connection.execute(
            statement("wide/agreement.sql").format(keys="\n    UNION ALL\n    ".join(keys)),
            {
                "parts": len(parts),
                "same_version": same_version,
                "only_deleted": only_deleted,
                "saved_before": naive(saved_before) if saved_before is not None else None,
            },
        )
        left = connection.execute('SELECT "Id" FROM met WHERE NOT is_whole ORDER BY 1').fetchall()
        written = _write(connection, columns, parts, folder, name)
    shutil.rmtree(scratch)
    files = tuple(file for file, _ in written)
    return Joined(files, sum(rows for _, rows in written), [str(record) for (record,) in left])


def _stage(connection: DuckDBPyConnection, stream: str, part: Part, folder: Path, number: int, of: int) -> None:
    """Makes the view `part_NUMBER` of the part's typed rows: as Parquet, since wide tables take much memory."""
    shape = TableShape({column.name: column.sql_type for column in part.columns.columns}, (), is_new=False)
    staging = Staging(stream, part.columns, shape, datetime.min, f"part {number + 1} of {of} of its columns")
    options = _options(part.columns)
    rows, files = 0, []
    for place, batch in enumerate(batches(part.download.files, most=BATCH)):
        files.append(folder / f"{number:03d}-{place:06d}.parquet")
        rows += copy_rows(connection, files[-1], options, staging, batch)
    refuse_shortfall(staging, rows, part.download.reported)
    if files:
        listed = ", ".join(quote_text(str(file)) for file in files)
        connection.execute(f"CREATE TEMP VIEW part_{number} AS FROM read_parquet([{listed}])")
    else:
        stage_download(connection, stream, part.columns, shape, part.download, loaded_at=datetime.min, window="")
        connection.execute(f"ALTER TABLE incoming RENAME TO part_{number}")


def _write(
    connection: DuckDBPyConnection, columns: StreamColumns, parts: Sequence[Part], folder: Path, name: str
) -> list[tuple[Path, int]]:
    """The whole records, each column from the first part that has it; some thousand in the order of Ids at a time.

    A join takes memory for all columns of its rows. Salesforce gives rows in the order of their Ids, so that Parquet
    knows where those of a range are.
    """
    place: dict[str, int] = {}
    for number, part in enumerate(parts):
        for column in part.columns.names:
            place.setdefault(column, number)
    listed = ", ".join(f"part_{place[column]}.{quote(column)}" for column in columns.names)
    of_range = '(FROM {} WHERE "Id" BETWEEN $first AND $last)'
    joined = "".join(
        f' INNER JOIN {of_range.format(f"part_{number}")} AS part_{number} USING ("Id")' for number in range(len(parts))
    )
    written = []
    for number, (first, last) in enumerate(_ranges(connection, max(1, JOINED_VALUES // len(columns.names)))):
        file = folder / f"{name}-{number:06d}.parquet"
        copied = connection.execute(
            f"COPY (SELECT {listed} FROM {of_range.format('met')} AS met{joined} WHERE is_whole)"  # noqa: S608 - quoted
            f" TO {quote_text(str(file))} ({_options(columns)})",
            {"first": first, "last": last},
        ).fetchone()
        written.append((file, int(copied[0]) if copied is not None else 0))
    return written


def _ranges(connection: DuckDBPyConnection, rows: int) -> list[tuple[str, str]]:
    """First and last Id of so many whole records at a time."""
    return connection.execute(
        'SELECT min("Id"), max("Id")'
        ' FROM (SELECT "Id", (row_number() OVER (ORDER BY "Id") - 1) // $rows AS place FROM met WHERE is_whole)'
        " GROUP BY place ORDER BY place",
        {"rows": rows},
    ).fetchall()


def _options(columns: StreamColumns) -> str:
    row_group = max(2048, ROW_GROUP_VALUES // len(columns.names))
    return f"FORMAT parquet, ROW_GROUP_SIZE {row_group}, ROW_GROUP_SIZE_BYTES '{ROW_GROUP_BYTES}'"
