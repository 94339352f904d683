"""Event files as batches of rows, in bounded memory: what is read at once is about BATCH bytes of a file."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from sf_elt.streams.events.csv_rows import BOM, Csv, csv_of, csv_rows
from sf_elt.streams.events.files import EventFile, EventSpec
from sf_elt.streams.events.refusals import FileUnreadable, require_time

BATCH = 32 << 20
"""Bytes of a file that are looked at together."""

LONGEST = 256 << 20
"""Bytes of a line, beyond which it is thought to be none."""

PARQUET_ROWS = 50_000


@dataclass(frozen=True)
class Place:
    """How far a file has been read: bytes, line breaks in them, and rows."""

    bytes: int = 0
    line_breaks: int = 0
    rows: int = 0


@dataclass(frozen=True)
class FileRows:
    """Some rows of one file, and the bytes that they were made from.

    `rows` has line, row_number, content (as it stands in the file), problem (why it can be no event, or null), and
    for a file with columns the columns c0, c1, … that are called `names`. Content that is null is the event itself.
    """

    rows: pa.Table
    names: tuple[str, ...]
    body: bytes
    end: Place


def batches(file: EventFile, spec: EventSpec, start: Place, size: int, *, settled: bool) -> Iterator[FileRows]:
    """The rows from `start` on, of the first `size` bytes of the file.

    A last line without a line end comes only if it is a whole JSON object or the file has `settled`. Raises
    FileUnreadable where the file as a whole cannot be read.
    """
    if file.format is None:
        raise FileUnreadable(f"the suffix {file.path.suffix or '(none)'} tells no format; name it, as in format: csv")
    with _unreadable_errors():
        if file.format == "parquet":
            yield from _parquet_batches(file.path, spec)
            return
        with cast(BinaryIO, gzip.open(file.path)) if file.gzipped else file.path.open("rb") as body:
            end = None if file.gzipped else size
            if file.format == "csv":
                yield from _csv_batches(body, file, spec, start, end, settled=settled or file.gzipped)
            else:
                yield from _json_batches(body, start, end, settled=settled or file.gzipped)


@contextmanager
def _unreadable_errors() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, EOFError, zlib.error) as error:
        raise FileUnreadable(f"it is cut or damaged: {str(error).splitlines()[0]}") from error
    except OSError as error:
        raise FileUnreadable(error.strerror or f"it is cut or damaged: {error}") from error


def _json_batches(body: BinaryIO, start: Place, end: int | None, *, settled: bool) -> Iterator[FileRows]:
    place = start
    body.seek(place.bytes)
    waiting = b""
    while True:
        chunk, is_last = _chunk(body, place.bytes + len(waiting), end)
        waiting += chunk
        cut = waiting.rfind(b"\n") + 1
        if is_last and (settled or _is_object(waiting[cut:])):
            cut = len(waiting)
        if cut:
            lines, waiting = waiting[:cut], waiting[cut:]
            breaks = lines.count(b"\n")
            rows = _lines(lines, place)
            place = Place(place.bytes + cut, place.line_breaks + breaks, place.line_breaks + breaks)
            yield FileRows(rows, (), lines, place)
        if is_last:
            return
        if len(waiting) > LONGEST:
            raise FileUnreadable(f"line {place.line_breaks + 1} is longer than {LONGEST >> 20} MB")


def _chunk(body: BinaryIO, at: int, end: int | None) -> tuple[bytes, bool]:
    """The next bytes, and whether they are the last."""
    wanted = BATCH if end is None else min(BATCH, end - at)
    chunk = body.read(wanted)
    return chunk, len(chunk) < BATCH or at + len(chunk) == end


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):  # nested deeper than Python reads
        return False


def _lines(body: bytes, before: Place) -> pa.Table:
    """The lines with their numbers; of a body that is not all UTF-8, those that are not come as readable text."""
    skipped = len(BOM) if before.bytes == 0 and body.startswith(BOM) else 0
    breaks = np.flatnonzero(np.frombuffer(body, np.uint8) == ord("\n")) + 1
    ends = breaks if body.endswith(b"\n") else np.append(breaks, len(body))
    offsets = np.concatenate([[skipped], ends]).astype(np.int64)
    numbers = np.arange(len(ends)) + before.line_breaks + 1
    raw = pa.Array.from_buffers(pa.large_binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(body)])
    texts, problems = _texts(raw)
    return pa.table({"line": numbers, "row_number": numbers, "content": texts, "problem": problems})


def _texts(raw: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Bytes as text, and the problem of those that are no UTF-8."""
    texts = raw.view(pa.large_string())
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        decoded = [_decoded(each) for each in raw.to_pylist()]
        texts = pa.array([text for text, _ in decoded], pa.large_string())
        return texts, pa.array([problem for _, problem in decoded], pa.string())
    return texts, pa.nulls(len(raw), pa.string())


def _decoded(content: bytes) -> tuple[str, str | None]:
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError:
        return content.decode("utf-8", "backslashreplace"), "not UTF-8"


def _csv_batches(
    body: BinaryIO, file: EventFile, spec: EventSpec, start: Place, end: int | None, *, settled: bool
) -> Iterator[FileRows]:
    beginning = body.read(BATCH if end is None else min(BATCH, end))
    csv = csv_of(beginning, file.path, spec, settled=settled)
    if csv is None:
        return
    require_time(csv.names, spec)
    if start.bytes == 0:
        header = beginning[: csv.header]
        yield FileRows(_nothing(csv), csv.names, header, Place(len(header), header.count(b"\n"), 0))
        start = Place(len(header), header.count(b"\n"), 0)
    place, waiting = start, b""
    body.seek(place.bytes)
    while True:
        chunk, is_last = _chunk(body, place.bytes + len(waiting), end)
        waiting += chunk
        final = (is_last and settled) or len(waiting) > LONGEST
        rows, used = csv_rows(csv, waiting, place.line_breaks, place.rows, final=final)
        if used:
            read, waiting = waiting[:used], waiting[used:]
            numbered = rows.num_rows
            place = Place(place.bytes + used, place.line_breaks + read.count(b"\n"), place.rows + numbered)
            yield FileRows(rows, csv.names, read, place)
        if is_last:
            return


def _nothing(csv: Csv) -> pa.Table:
    return csv_rows(csv, b"", 0, 0, final=False)[0]


def _parquet_batches(path: Path, spec: EventSpec) -> Iterator[FileRows]:
    with parquet.ParquetFile(path) as file:
        names = tuple(file.schema_arrow.names)
        require_time(names, spec)
        before = 0
        for rows in file.iter_batches(batch_size=_rows_at_once(file.metadata)):
            numbers = np.arange(rows.num_rows) + before + 1
            fixed = {
                "line": pa.array(numbers),
                "row_number": pa.array(numbers),
                "content": pa.nulls(len(numbers), pa.large_string()),
                "problem": pa.nulls(len(numbers), pa.string()),
            }
            values = {f"c{place}": column for place, column in enumerate(rows.columns)}
            before += rows.num_rows
            yield FileRows(pa.table(fixed | values), names, b"", Place(0, 0, before))


def _rows_at_once(metadata: parquet.FileMetaData) -> int:
    """As many as are about BATCH bytes, by what the file says of its size."""
    size: int = sum(metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups))
    rows: int = metadata.num_rows
    return max(1, min(PARQUET_ROWS, BATCH * rows // max(size, 1)))
