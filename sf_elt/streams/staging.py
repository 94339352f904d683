"""Landing files as typed rows. The bytes never become Python objects: DuckDB reads CSV, JSON and Parquet by itself."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download
from sf_elt.salesforce.downloads.pages import opened
from sf_elt.streams.columns import Column, StreamColumns
from sf_elt.streams.errors import LandingUnreadable, Shortfall
from sf_elt.streams.keeping_out import screened
from sf_elt.streams.large_pages import cut
from sf_elt.streams.schema import OWN_COLUMNS, TableShape
from sf_elt.streams.statements import statement
from sf_elt.streams.unreadable import FRACTIONAL, misfit
from sf_elt.warehouse import quote, quote_text
from sf_elt.warehouse.erased import NOBODY, Erased, who_is_erased

MAX_LINE = (16 << 20) - (64 << 10)  # bytes of one CSV row: at most 1.6 million characters of long text, quotes doubled
BUFFER = MAX_LINE  # of a page's text; for one byte more, with its own besides, DuckDB's allocator takes 20 MB
MOST_HEADER = 1 << 20  # bytes: 800 fields of an object have 32 KB of names
TOLD = 5  # columns that are missing, by name
MIN_JSON = 16 << 20
MOST_JSON = 16 << 20  # bytes of JSON read at once: to DuckDB a page is one value, and takes ten times its size
MOST_JSON_FILES = 4  # read at once: DuckDB holds up to 60 MB for each of them, however small it is


@dataclass(frozen=True)
class Batch:
    """Landing files of one kind that are read by one query."""

    kind: str  # csv | json | parquet
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Staging:
    """What has landed for a stream, and as what it is to be read. `window` is for messages, and for `_window`.

    Rows of those who are `erased` come as nulls: `keep_out` takes them away once they have been counted.
    """

    stream: str
    columns: StreamColumns
    shape: TableShape
    loaded_at: datetime
    window: str
    erased: Erased = NOBODY

    @property
    def own(self) -> dict[str, object]:
        return {"loaded_at": self.loaded_at.replace(tzinfo=None), "window": self.window}


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
    """Makes the temporary table `incoming` of what has landed, typed like the stream; gives how many rows arrived.

    The columns may be some of the stream's only; rows of erased people are left out. Raises Shortfall where the rows
    are not as many as the org reported, LandingUnreadable where a value does not fit the type that the org describes.
    """
    staging = Staging(stream, columns, shape, loaded_at, window, who_is_erased(connection))
    found = list(batches(download.files))
    connection.execute("DROP TABLE IF EXISTS temp.incoming")
    if not found:
        listed = ", ".join(f"NULL::{shape.types[name]} AS {quote(name)}" for name in columns.names)
        connection.execute(f"CREATE TEMP TABLE incoming AS {_of_own(listed)} LIMIT 0", staging.own)
    for number, batch in enumerate(found):
        into = "INSERT INTO incoming" if number else "CREATE TEMP TABLE incoming AS"
        read_rows(connection, into, staging, batch)
    (rows,) = connection.table("incoming").count("*").fetchall()[0]
    refuse_shortfall(staging, rows, download.reported)
    keep_out(connection, "incoming", staging)
    return int(rows)


def read_rows(connection: DuckDBPyConnection, into: str, staging: Staging, batch: Batch) -> int:
    """Runs `into` (CREATE TEMP TABLE … AS, INSERT INTO …) with the batch's typed rows; gives how many they are.

    Raises LandingUnreadable where a value does not fit the type that the org describes.
    """
    with readable(staging, batch):
        sql = f"{into}\n{_rows(staging, batch)}"
        read = connection.execute(sql, staging.own | {"files": [str(file) for file in batch.files]}).fetchone()
    return int(read[0]) if read is not None else 0


def keep_out(connection: DuckDBPyConnection, table: str, staging: Staging) -> int:
    """Takes away what is left of the erased people's rows that were read into the table; gives how many they are."""
    if not staging.erased:
        return 0
    gone = connection.execute(f'DELETE FROM {table} WHERE "Id" IS NULL').fetchone()  # noqa: S608 - quoted
    return int(gone[0]) if gone is not None else 0


def copy_rows(connection: DuckDBPyConnection, file: Path, options: str, staging: Staging, batch: Batch) -> int:
    """Writes the batch's typed rows into one Parquet file, of any size in little memory; gives how many they are.

    Raises LandingUnreadable where a value does not fit the type that the org describes.
    """
    with readable(staging, batch):
        sql = f"COPY (\n{_rows(staging, batch)}\n) TO {quote_text(str(file))} ({options})"
        written = connection.execute(sql, staging.own | {"files": [str(each) for each in batch.files]}).fetchone()
    return int(written[0]) if written is not None else 0


def refuse_shortfall(staging: Staging, rows: int, reported: int) -> None:
    """Raises Shortfall where the rows are not as many as the org reported."""
    if rows != reported:
        raise Shortfall(
            f"{staging.stream}: the org reported {reported:,} rows for {staging.window}, {rows:,} arrived. "
            "Nothing was moved; run the window again."
        )


def batches(landed: Iterable[Path], most: float = inf) -> Iterator[Batch]:
    """The landing files in order, those of one kind together, up to `most` bytes of text, of JSON fewer and few files.

    A file that holds nothing is left out: a job without rows may answer with no byte at all. JSON that is larger is cut
    when its turn comes. Raises LandingUnreadable for a page that breaks off.
    """
    gathered: list[Path] = []
    size = 0
    kind = ""
    for file in _readable_pages(landed):
        kind_of_file, size_of_file = _kind(file), _size(file)
        is_json = kind_of_file == "json"
        is_full = size + size_of_file > (min(most, MOST_JSON) if is_json else most)
        if gathered and (kind_of_file != kind or is_full or (is_json and len(gathered) == MOST_JSON_FILES)):
            yield Batch(kind, tuple(gathered))
            gathered, size = [], 0
        kind = kind_of_file
        gathered.append(file)
        size += size_of_file
    if gathered:
        yield Batch(kind, tuple(gathered))


def _readable_pages(landed: Iterable[Path]) -> Iterator[Path]:
    for file in landed:
        if file.stat().st_size == 0:
            continue
        if _kind(file) == "json" and _size(file) > MOST_JSON:
            yield from cut(file, MOST_JSON)
        else:
            yield file


@contextmanager
def readable(staging: Staging, batch: Batch) -> Iterator[None]:
    """Turns what DuckDB says of a landing file into LandingUnreadable."""
    try:
        yield
    except duckdb.IOException as error:
        if "GZIP" not in str(error):
            raise
        raise LandingUnreadable(
            f"{staging.stream}: a page of {staging.window} breaks off within its compression; nothing was moved, "
            "run the window again"
        ) from error
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
        where = misfit(batch.files, lambda file: as_text(staging, batch.kind, file), staging.columns.columns, error)
        raise unreadable(staging, where) from None  # DuckDB's own message quotes the record: somebody's personal data


def unreadable(staging: Staging, where: str) -> LandingUnreadable:
    """The error for what does not fit the org's describe."""
    return LandingUnreadable(
        f"{staging.stream}: what the org sent for {staging.window} does not fit its own describe: {where}. "
        "Nothing was moved; run the window again, and look at the field in the org where it stays"
    )


def _rows(staging: Staging, batch: Batch) -> str:
    """The query for the batch's rows, typed as the stream's table has them, with the columns of our own."""
    types = staging.shape.types
    columns = staging.columns
    read = {column.name: _read_as(column, types[column.name], batch.kind) for column in columns.columns}
    access = {column.name: _access(column, batch.kind) for column in columns.columns}
    selected = [
        f"{_kept(access[column.name], column, types[column.name], batch.kind)} AS {quote(column.name)}"
        for column in columns.columns
    ]
    version = access[columns.version_field] if columns.has_versions else "$loaded_at::TIMESTAMP"
    deleted_at = f"CASE WHEN {access['IsDeleted']} THEN {version} END" if columns.has_deleted else "NULL::TIMESTAMP"
    listed = _of_own(",\n    ".join(selected), version, deleted_at)
    rows = f"{listed}\nFROM {_landed(staging, batch, read)}"
    if not staging.erased:
        return rows
    arriving = {name: types[name] for name in columns.names} | OWN_COLUMNS
    return screened(rows, staging.stream, arriving, staging.erased)


def _of_own(columns: str, version: str = "NULL::TIMESTAMP", deleted_at: str = "NULL::TIMESTAMP") -> str:
    return (
        f"SELECT\n    {columns},\n    $loaded_at::TIMESTAMP AS _loaded_at,\n    $window::VARCHAR AS _window,\n"
        f"    {deleted_at} AS _deleted_at,\n    {version} AS _changed_at"
    )


def as_text(staging: Staging, kind: str, file: Path) -> str:
    """The query for one file's rows as text, to find out what does not fit."""
    columns = staging.columns.columns
    listed = ", ".join(f"{_access(column, kind)}::VARCHAR AS {quote(column.name)}" for column in columns)
    batch = Batch(kind, (file,))
    read = {column.name: "VARCHAR" for column in columns}
    return f"SELECT {listed} FROM {_landed(staging, batch, read)}"  # noqa: S608 - quoted


def _landed(staging: Staging, batch: Batch, read: dict[str, str]) -> str:
    """The table function over the batch's files; `read` has the type in which each column is read."""
    if batch.kind == "parquet":
        return "read_parquet($files) AS landed"
    if batch.kind == "csv":
        header = _header(staging, batch.files)
        return statement("landed_csv.sql").format(
            types=_literal({name: read[name] for name in header}), max_line_size=MAX_LINE, buffer_size=BUFFER
        )
    longest = max(_size(file) for file in batch.files)
    record = quote_text(_record_type(read))
    return statement("landed_json.sql").format(record_type=record, max_object_size=max(MIN_JSON, longest + 1024))


def _read_as(column: Column, kept_as: str, kind: str) -> str:
    """The type in which a page's text is read: a list, and what the stream keeps as text and is no number, as text.

    A whole number is read with its fraction, which it must not have.
    """
    if column.sql_type == "BIGINT" and kind != "parquet":
        return FRACTIONAL  # read as BIGINT, a fraction would be rounded without a word
    is_text = column.sql_type.endswith("[]") or (column.sql_type == "TIME" and kept_as == "VARCHAR")
    return "VARCHAR" if is_text and kind != "parquet" else column.sql_type


def _kept(expression: str, column: Column, kept_as: str, kind: str) -> str:
    """The expression in the type of the stream's column, which may be wider than the field's.

    DuckDB reads 1e400 as infinity without a word, and a JSON page of another shape as records that are null.
    """
    if column.sql_type == "DOUBLE":
        expression = f"CASE WHEN isinf({expression}) THEN error('too large') ELSE {expression} END"
    elif column.sql_type == "BIGINT" and kind != "parquet":
        is_whole = f"{expression} = trunc({expression})"
        expression = f"CASE WHEN NOT {is_whole} THEN error('a fraction') ELSE CAST({expression} AS BIGINT) END"
    elif column.name == "Id":
        expression = f"CASE WHEN {expression} IS NULL THEN error('no Id') ELSE {expression} END"
    is_list = column.sql_type.endswith("[]")
    if is_list and kind == "parquet":
        return expression if kept_as == column.sql_type else f"array_to_string({expression}, ';')"
    if is_list:
        return f"string_split({expression}, ';')" if kept_as == column.sql_type else expression
    if kept_as == column.sql_type and kind != "parquet":
        return expression
    return f"CAST({expression} AS {kept_as})"


def _access(column: Column, kind: str) -> str:
    if kind == "json":
        return "record." + ".".join(quote(part) for part in column.name.split("."))
    return quote(column.name)


def _record_type(read: dict[str, str]) -> str:
    """The type of the list of records; related fields nest: ``STRUCT("Id" VARCHAR, "RecordType" STRUCT(…))[]``."""
    related: defaultdict[str, list[str]] = defaultdict(list)
    parts = []
    for name, sql_type in read.items():
        relationship, dot, field = name.partition(".")
        if dot:
            related[relationship].append(f"{quote(field)} {sql_type}")
        else:
            parts.append(f"{quote(name)} {sql_type}")
    parts += [f"{quote(relationship)} STRUCT({', '.join(inner)})" for relationship, inner in related.items()]
    return f"STRUCT({', '.join(parts)})[]"


def _header(staging: Staging, landed: Iterable[Path]) -> list[str]:
    """The columns as the pages name them, which must be the ones that were asked for. DuckDB reads by position."""
    headers, columns = {_first_row(file) for file in landed}, staging.columns
    if len(headers) == 1:
        spelled = {name.lower(): name for name in columns.names}
        header = [spelled.get(name.lower()) for name in headers.pop()]
        if set(header) == set(columns.names) and len(header) == len(columns.names):
            return [name for name in header if name is not None]
    found = {name.lower() for each in headers for name in each}
    asked = {name.lower(): name for name in columns.names}
    missing = [name for lower, name in asked.items() if lower not in found]
    says = f"{len(headers) + 1} headers" if len(headers) > 1 else f"{len(found - asked.keys()):,} others"
    raise LandingUnreadable(
        f"{staging.stream}: the pages have other columns than were asked for: {says}, and not "
        f"{', '.join(missing[:TOLD]) or 'each once'}{' …' if len(missing) > TOLD else ''}; nothing was moved, run the "
        "window again"
    )


def _first_row(file: Path) -> tuple[str, ...]:
    """The names in the first line; none where it is no line of CSV, or longer than any header is."""
    with opened(file) as body:
        line = body.readline(MOST_HEADER)
    try:
        return tuple(next(csv.reader([line.decode("utf-8-sig").rstrip("\r\n")]), ()))
    except (UnicodeDecodeError, csv.Error):
        return ()


def _kind(file: Path) -> str:
    """csv, json or parquet, by the file's name. Raises LandingUnreadable for another."""
    kind = file.name.removesuffix(".gz").rpartition(".")[2]
    if kind not in ("csv", "json", "parquet"):
        raise LandingUnreadable(f"{file.name} is no page that can be read; nothing was moved")
    return kind


def _size(file: Path) -> int:
    """Bytes of the page once decompressed: gzip keeps the number in its last four bytes."""
    if file.suffix != ".gz":
        return file.stat().st_size
    with file.open("rb") as body:
        body.seek(-4, 2)
        return int.from_bytes(body.read(4), "little")


def _literal(types: dict[str, str]) -> str:
    """A DuckDB struct literal of column names and types."""
    quoted = (f"{quote_text(name)}: {quote_text(sql_type)}" for name, sql_type in types.items())
    return "{" + ", ".join(quoted) + "}"
