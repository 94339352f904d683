"""Landed pages that cannot be read as they are, made readable: for a value that is broken, no other record waits.

Only what is broken changes. Text that is no Unicode (an emoji that was cut in two) has U+FFFD in its place; a value
that its field's type cannot take is null. Each is told, and waits in ops.set_aside as the org sent it. None of this is
looked at before a page has failed.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Download
from sf_elt.salesforce.downloads.pages import opened
from sf_elt.salesforce.errors import LandedBroken
from sf_elt.streams.columns import Column, StreamColumns
from sf_elt.streams.keeping_out import mentions_erased
from sf_elt.streams.schema import TableShape
from sf_elt.streams.staging import Staging, as_text, batches, unreadable
from sf_elt.streams.statements import statement
from sf_elt.streams.unreadable import does_not_fit
from sf_elt.warehouse import naive, quote, quote_table, quote_text
from sf_elt.warehouse.erased import who_is_erased
from sf_elt.warehouse.errors import room_for

FEW = 10  # misfits of a field in a page; above, and in half of its rows, it is the describe that is wrong
MOST = 10_000  # values of a download: each becomes a row
CHUNK = 1 << 20  # characters
REPLACED = "text that is no Unicode: U+FFFD stands in its place"
_BROKEN = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


@dataclass(frozen=True)
class Misread:
    """A value that the stream does not have as the org sent it. `value` is somebody's personal data."""

    record: str
    name: str
    reason: str
    value: str = field(repr=False)

    @property
    def place(self) -> str:
        return f"{self.record}.{self.name}"


def mend(stream: str, columns: StreamColumns, download: Download, window: str) -> tuple[Download, tuple[Misread, ...]]:
    """The download with readable pages in place of those that are not, which stay beside them; and what was changed.

    Nothing is changed where it is not single values: where a page breaks off or is of another shape, where records
    cannot be told apart or dated, and where so many values of a field do not fit that the describe is wrong. Raises
    LandingUnreadable for the last, WarehouseFull.
    """
    staging = Staging(stream, columns, TableShape({}, (), is_new=False), datetime.min, window)
    files: list[Path] = []
    misread: list[Misread] = []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for batch in batches(download.files):
            for file in batch.files:
                readable, found = (
                    (file, []) if batch.kind == "parquet" else _page(connection, staging, batch.kind, file)
                )
                files.append(readable)
                misread += found
                if len(misread) > MOST:
                    raise unreadable(staging, f"more than {MOST:,} values")
    return replace(download, files=tuple(files)), tuple(misread)


def set_aside(connection: DuckDBPyConnection, stream: str, misread: Sequence[Misread], now: datetime) -> None:
    """Keeps the values, but what names erased people or is of a row that was kept out; in the caller's transaction."""
    if not misread:
        return
    erased = who_is_erased(connection)
    names_erased = mentions_erased(stream, "$content", erased) if erased else "false"
    insert = statement("set_aside_value.sql").format(stream=quote_table("streams", stream), names_erased=names_erased)
    for each in misread:
        said = json.dumps({"Id": each.record, "field": each.name, "value": each.value}, ensure_ascii=False)
        connection.execute(
            insert,
            {
                "stream": stream,
                "record": each.record,
                "file": each.place,
                "reason": each.reason,
                "content": _BROKEN.sub(lambda code: f"\\u{ord(code[0]):04x}", said),
                "now": naive(now),
            },
        )


def _page(connection: DuckDBPyConnection, staging: Staging, kind: str, file: Path) -> tuple[Path, list[Misread]]:
    """The page in which every value can be read: itself, or another beside it."""
    misfits = _misfits(connection, staging, kind, file)
    if misfits is not None:
        return (_without(connection, staging, kind, file), misfits) if misfits else (file, [])
    try:
        replaced = list(_broken_texts(kind, file))
    except (LandedBroken, csv.Error, RecursionError):
        return file, []  # it is no page: reading it says what is wrong
    if not replaced:
        return file, []
    readable = _replaced(kind, file)
    misfits = _misfits(connection, staging, kind, readable)
    if misfits is None:
        return file, []
    return (_without(connection, staging, kind, readable) if misfits else readable), [*replaced, *misfits]


def _misfits(connection: DuckDBPyConnection, staging: Staging, kind: str, file: Path) -> list[Misread] | None:
    """The values that do not fit; None where the page cannot be read even as text.

    Raises LandingUnreadable where it is the describe that is wrong, or a record without an Id or a time.
    """
    rows, told = as_text(staging, kind, file), {"files": [str(file)]}
    values = ", ".join(
        f"CASE WHEN {does_not_fit(column)} THEN {{'field': {quote_text(column.name)},"
        f" 'type': {quote_text(column.sql_type)}, 'value': {quote(column.name)}}} END"
        for column in staging.columns.columns
    )
    counted = f"SELECT count(*), count(COLUMNS(*)) FROM ({rows})"  # noqa: S608 - quoted
    listed = (
        'SELECT "Id", each.field, each.type, each.value FROM'  # noqa: S608 - quoted
        f' (SELECT "Id", unnest(list_filter([{values}], LAMBDA each: each IS NOT NULL)) AS each FROM ({rows}))'
        f" LIMIT {MOST + 1}"
    )
    try:
        of_all, *_ = connection.execute(counted, told).fetchall()[0]  # of each column: what is not taken is not checked
        found = connection.execute(listed, told).fetchall()
    except duckdb.Error:
        return None
    columns = staging.columns
    needed = {"Id", columns.version_field, columns.timestamp_field, "IsDeleted"}
    counts = Counter(name for _, name, _, _ in found)
    for name, count in counts.items():
        if name in needed or (count > FEW and count * 2 > of_all):
            types = {column.name: column.sql_type for column in columns.columns}
            raise unreadable(staging, f"{file.name}: {name} as {types[name]} in {count:,} of its rows")
    return [
        Misread(record, name, f"a value that is no {sql_type}: null stands for it", value)
        for record, name, sql_type, value in found
    ]


def _without(connection: DuckDBPyConnection, staging: Staging, kind: str, file: Path) -> Path:
    """The page as CSV, every value as it was, and those that do not fit as null."""
    fitting = ", ".join(_fitting(column) for column in staging.columns.columns)
    mended = _beside(file, "fitting.csv")
    with room_for(mended):
        connection.execute(
            f"COPY (SELECT {fitting} FROM ({as_text(staging, kind, file)}))"  # noqa: S608 - quoted
            f" TO {quote_text(str(mended))} (FORMAT csv, HEADER, FORCE_QUOTE *, QUOTE '\"', ESCAPE '\"')",
            {"files": [str(file)]},
        )
    return mended


def _fitting(column: Column) -> str:
    name = quote(column.name)
    return f"CASE WHEN {does_not_fit(column)} THEN NULL ELSE {name} END AS {name}"


def _broken_texts(kind: str, file: Path) -> Iterator[Misread]:
    """The texts that hold half a pair of UTF-16, or bytes that are no UTF-8: both come as lone surrogates."""
    for record, values in _records_of_csv(file) if kind == "csv" else _records_of_json(file):
        for name, value in values.items():
            if isinstance(value, str) and _BROKEN.search(value):
                yield Misread(record, name, REPLACED, value)


def _records_of_csv(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    with opened(file) as body, TextIOWrapper(body, "utf-8-sig", "surrogateescape", newline="") as text:
        rows = csv.reader(text)
        header = next(rows, [])
        for row in rows:
            if _BROKEN.search("".join(row)):
                values = dict(zip(header, row, strict=False))
                yield next((value for name, value in values.items() if name.lower() == "id"), ""), values


def _records_of_json(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with opened(file) as body:
        text = body.read().decode("utf-8", "surrogateescape")
    try:
        page = json.loads(text)
        records = list(page["records"])
    except (ValueError, KeyError, TypeError):
        return
    for record in records:
        if isinstance(record, dict):
            related = {
                f"{relationship}.{name}": value
                for relationship, fields in record.items()
                if isinstance(fields, dict)
                for name, value in fields.items()
            }
            yield str(record.get("Id")), record | related


def _replaced(kind: str, file: Path) -> Path:
    """The page with U+FFFD for what is no Unicode, and all else byte for byte."""
    mended = _beside(file, f"unicode.{kind}")
    with room_for(mended), opened(file) as body, mended.open("w", encoding="utf-8", newline="") as written:
        if kind == "json":
            whole = _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], body.read())
            written.write(whole.decode("utf-8", "replace"))
        else:
            with TextIOWrapper(body, "utf-8", "replace", newline="") as text:
                while piece := text.read(CHUNK):
                    written.write(piece)
    return mended


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(f"{file.name.partition('.')[0]}.{suffix}")
