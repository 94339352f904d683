"""Landing files into the stream: typed by DuckDB, counted, merged so that the newest version wins."""

import csv
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download
from sf_elt.salesforce.download import opened
from sf_elt.streams.columns import Column, StreamColumns
from sf_elt.streams.errors import LandingUnreadable, Shortfall
from sf_elt.streams.schema import TableShape
from sf_elt.warehouse import quote, quote_table

MAX_LINE = 64 << 20  # bytes of one CSV row: some long text areas of 131,072 characters each
MIN_JSON = 16 << 20


@dataclass(frozen=True)
class MergeCounts:
    """What one merge did. `rows_unchanged` holds what was read again or is older than what stands."""

    rows_read: int
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    rows_deleted: int
    newest: datetime | None


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
) -> MergeCounts:
    """Merges what has landed, inside the caller's transaction.

    Raises Shortfall where the rows are not as many as the org reported, LandingUnreadable where a value does not fit
    the type that the org describes; either way the caller's transaction must end without a commit.
    """
    names = {
        "stream": quote_table("streams", stream),
        "version": quote(columns.version_field),
        "timestamp_field": quote(columns.timestamp_field),
        "compared": ", ".join([*(quote(name) for name in columns.names), "_deleted_at"]),
        "substance": ", ".join(quote(name) for name in columns.substance),
    }
    rows_read = stage_download(connection, stream, columns, shape, download, loaded_at=loaded_at, window=window)
    for left_over in ("verdicts", "differing", "touched"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{left_over}")
    connection.execute(_sql("merge.sql").format_map(names))
    counted = connection.execute(_sql("merge_counts.sql").format_map(names)).fetchone()
    new, changed, deleted, newest = counted if counted is not None else (0, 0, 0, None)
    return MergeCounts(rows_read, new, changed, rows_read - new - changed, deleted, newest)


def stage_download(
    connection: DuckDBPyConnection,
    stream: str,
    columns: StreamColumns,
    shape: TableShape,
    download: Download,
    *,
    loaded_at: datetime,
    window: str,
) -> int:
    """Makes the temporary table `incoming` of what has landed, typed like the stream; gives its number of rows.

    The columns may be some of the stream's only. Raises Shortfall and LandingUnreadable as `merge_download` does.
    """
    connection.execute("DROP TABLE IF EXISTS temp.incoming")
    parameters = {"loaded_at": loaded_at.replace(tzinfo=None), "window": window}
    try:
        connection.execute(
            _staging(columns, shape, download), parameters | {"files": [str(f) for f in _files(download)]}
        )
    except duckdb.IOException as error:
        if "GZIP" not in str(error):
            raise
        raise LandingUnreadable(
            f"{stream}: a page of {window} breaks off within its compression; nothing was moved, run the window again"
        ) from error
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise LandingUnreadable(
            f"{stream}: what the org sent for {window} does not fit its own describe ({_where(error)}); "
            "nothing was moved"
        ) from None  # DuckDB's own message quotes the whole record, which is somebody's personal data
    rows_read = _number(connection, "SELECT count(*) FROM incoming")
    if rows_read != download.reported:
        raise Shortfall(
            f"{stream}: the org reported {download.reported:,} rows for {window}, {rows_read:,} arrived. "
            "Nothing was moved; run the window again."
        )
    return rows_read


def _staging(columns: StreamColumns, shape: TableShape, download: Download) -> str:
    """The statement that makes the temporary table `incoming` from the landing files."""
    if download.transport == "bulk":
        access = {column.name: quote(column.name) for column in columns.columns}
        header = _header(download, columns)
        types = {column.name: column.sql_type for column in columns.columns}
        template = _sql("incoming_csv.sql")
        how = {"types": _literal({name: types[name] for name in header}), "max_line_size": str(MAX_LINE)}
    else:
        access = {column.name: _path_in_record(column) for column in columns.columns}
        template = _sql("incoming_json.sql")
        longest = max((_size(file) for file in download.files), default=0)
        how = {
            "record_type": "'" + _record_type(columns.columns).replace("'", "''") + "'",
            "max_object_size": str(max(MIN_JSON, longest + 1024)),
        }
    selected = [
        f"{_cast(access[column.name], column.sql_type, shape.types[column.name])} AS {quote(column.name)}"
        for column in columns.columns
    ]
    is_deleted, version = (access.get("IsDeleted"), access[columns.version_field])
    deleted_at = f"CASE WHEN {is_deleted} THEN {version} END" if columns.has_deleted else "NULL::TIMESTAMP"
    selection = {"columns": ",\n    ".join(selected), "deleted_at": deleted_at, "version": version}
    return template.format_map(how | selection)


def _where(error: duckdb.Error) -> str:
    """Which column or file, as far as DuckDB says; never a value."""
    column = re.search(r'converting column "([^"]+)".*? to \'(\w+)\'', str(error), re.DOTALL)
    if column:
        return f"column {column[1]} as {column[2]}"
    return f"{type(error).__name__} of DuckDB"


def _cast(expression: str, read_as: str, kept_as: str) -> str:
    """A column that was widened keeps the wider type."""
    return expression if read_as == kept_as else f"CAST({expression} AS {kept_as})"


def _path_in_record(column: Column) -> str:
    return "record." + ".".join(quote(part) for part in column.name.split("."))


def _record_type(columns: Sequence[Column]) -> str:
    """The type of the list of records; related fields nest: ``STRUCT("Id" VARCHAR, "RecordType" STRUCT(…))[]``."""
    related: defaultdict[str, list[str]] = defaultdict(list)
    parts = []
    for column in columns:
        relationship, dot, name = column.name.partition(".")
        if dot:
            related[relationship].append(f"{quote(name)} {column.sql_type}")
        else:
            parts.append(f"{quote(column.name)} {column.sql_type}")
    parts += [f"{quote(relationship)} STRUCT({', '.join(inner)})" for relationship, inner in related.items()]
    return f"STRUCT({', '.join(parts)})[]"


def _files(download: Download) -> list[Path]:
    """The landing files that hold anything: a job without rows may answer with no byte at all."""
    return [file for file in download.files if file.stat().st_size > 0]


def _header(download: Download, columns: StreamColumns) -> list[str]:
    """The columns as the pages name them, which must be the ones that were asked for. DuckDB reads by position."""
    headers = {tuple(_first_row(file)) for file in _files(download)}
    if len(headers) == 1:
        spelled = {name.lower(): name for name in columns.names}
        header = [spelled.get(name.lower()) for name in headers.pop()]
        if set(header) == set(columns.names) and len(header) == len(columns.names):
            return [name for name in header if name is not None]
    raise LandingUnreadable(f"the pages have other columns than were asked for: {sorted(headers)}; nothing was moved")


def _first_row(file: Path) -> list[str]:
    with opened(file) as body:
        return next(csv.reader([body.readline().decode("utf-8-sig").rstrip("\r\n")]))


def _size(file: Path) -> int:
    """Bytes of the page once decompressed: gzip keeps the number in its last four bytes."""
    if file.suffix != ".gz":
        return file.stat().st_size
    with file.open("rb") as body:
        body.seek(-4, 2)
        return int.from_bytes(body.read(4), "little")


def _literal(types: dict[str, str]) -> str:
    """A DuckDB struct literal of column names and types."""
    quoted = (f"'{name.replace(chr(39), chr(39) * 2)}': '{sql_type}'" for name, sql_type in types.items())
    return "{" + ", ".join(quoted) + "}"


def _number(connection: DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row is not None else 0


@cache
def _sql(name: str) -> str:
    return files("sf_elt.streams").joinpath(name).read_text("utf-8")
