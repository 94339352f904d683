"""Parts of the same records, each with some of the columns: which fit together, and those joined into one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download
from sf_elt.streams.columns import StreamColumns
from sf_elt.streams.schema import TableShape
from sf_elt.streams.staging import stage_download
from sf_elt.streams.statements import statement
from sf_elt.warehouse import hold_memory, quote
from sf_elt.warehouse.errors import room_for

MEMORY = "512MB"
ROW_GROUP_VALUES = 2_000_000  # DuckDB gathers so many values before it writes them
ROW_GROUP_BYTES = "32MB"


@dataclass(frozen=True)
class Part:
    """What has landed of some columns, Id and version among them."""

    columns: StreamColumns
    download: Download


@dataclass(frozen=True)
class Joined:
    """One Parquet file of the records that are whole, or none; and the Ids of the others, `left` for another try."""

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
    """Joins the parts' records by Id into `folder`/NAME.parquet, with the types that the columns have.

    A record is joined where each part has it once and all in the same version, saved before `saved_before` (UTC) where
    that is given. Raises Shortfall where a part has other rows than the org reported, LandingUnreadable.
    """
    with room_for(folder / name), duckdb.connect() as connection:
        hold_memory(connection, MEMORY)
        connection.execute("SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
        connection.execute("SET temp_directory = ?", [str(folder / f"{name}.spilled")])
        for number, part in enumerate(parts):
            _stage(connection, stream, part, number, f"part {number + 1} of {len(parts)} of its columns")
        version = quote(columns.version_field)
        keys = (
            f'SELECT {number} AS part, "Id", {version} AS version, _deleted_at IS NOT NULL AS is_deleted'  # noqa: S608
            f" FROM part_{number}"
            for number in range(len(parts))
        )
        connection.execute(
            statement("wide_agreement.sql").format(keys="\n    UNION ALL\n    ".join(keys)),
            {
                "parts": len(parts),
                "same_version": same_version,
                "only_deleted": only_deleted,
                "saved_before": saved_before.replace(tzinfo=None) if saved_before is not None else None,
            },
        )
        left = connection.execute('SELECT "Id" FROM met WHERE NOT is_whole ORDER BY 1').fetchall()
        rows = _write(connection, columns, parts, folder / f"{name}.parquet")
        return Joined((folder / f"{name}.parquet",) if rows else (), rows, [str(record) for (record,) in left])


def _stage(connection: DuckDBPyConnection, stream: str, part: Part, number: int, what: str) -> None:
    shape = TableShape({column.name: column.sql_type for column in part.columns.columns}, (), is_new=False)
    stage_download(connection, stream, part.columns, shape, part.download, loaded_at=datetime.min, window=what)
    connection.execute(f"ALTER TABLE incoming RENAME TO part_{number}")


def _write(connection: DuckDBPyConnection, columns: StreamColumns, parts: Sequence[Part], file: Path) -> int:
    """The whole records, each column from the first part that has it."""
    place: dict[str, int] = {}
    for number, part in enumerate(parts):
        for name in part.columns.names:
            place.setdefault(name, number)
    listed = ", ".join(f"part_{place[name]}.{quote(name)}" for name in columns.names)
    joined = "".join(f' INNER JOIN part_{number} USING ("Id")' for number in range(len(parts)))
    row_group = max(2048, ROW_GROUP_VALUES // len(columns.names))
    path = str(file).replace("'", "''")
    written = connection.execute(
        f"COPY (SELECT {listed} FROM (FROM met WHERE is_whole) AS met{joined})"  # noqa: S608 - quoted
        f" TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {row_group}, ROW_GROUP_SIZE_BYTES '{ROW_GROUP_BYTES}')"
    ).fetchone()
    return int(written[0]) if written is not None else 0
