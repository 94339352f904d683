"""Event files as batches of rows, in bounded memory: about BATCH bytes or ROWS rows of a file are read at once."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa

from sf_elt.streams.events.bounds import BATCH, LONGEST, QUOTED, ROWS, row_too_long
from sf_elt.streams.events.csv_rows import BOM, Csv, csv_of, csv_rows, decoded
from sf_elt.streams.events.files import EventFile, EventSpec
from sf_elt.streams.events.parquet_rows import parquet_rows
from sf_elt.streams.events.refusals import FileUnreadable, require_time

_OBJECT = 1 << 20  # bytes of a last line that may be a whole object: longer ones wait until the file is left alone
_STEP = 1 << 18  # bytes whose line ends are counted together


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
            for names, rows in parquet_rows(file.path, spec):
                yield FileRows(rows, names, b"", Place(0, 0, int(rows.column("line")[-1].as_py())))
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
        if is_last and (settled or _is_object(waiting[cut : cut + _OBJECT + 1])):
            cut = len(waiting)
        lines, waiting = waiting[:cut], waiting[cut:]
        for some in _some_lines(lines):
            breaks = some.count(b"\n")
            rows = _lines(some, place)
            place = Place(place.bytes + len(some), place.line_breaks + breaks, place.line_breaks + breaks)
            yield FileRows(rows, (), some, place)
        if is_last:
            return
        if len(waiting) > LONGEST:
            if not settled and not _line_ends(body, place.bytes + len(waiting), end):
                return
            for part in _line_too_long(body, waiting, place, end):
                yield part
                place = part.end
            waiting = b""


def _some_lines(body: bytes) -> Iterator[bytes]:
    """The body in parts of whole lines, of ROWS lines or some more."""
    first = at = breaks = 0
    while at < len(body):
        breaks += body.count(b"\n", at, at + _STEP)
        at += _STEP
        if breaks >= ROWS:
            end = body.rfind(b"\n", first, at) + 1
            yield body[first:end]
            first, breaks = end, 0
    if first < len(body):
        yield body[first:]


def _line_too_long(body: BinaryIO, begun: bytes, place: Place, end: int | None) -> Iterator[FileRows]:
    """What has begun and goes on to the end of its line, in parts without rows; with the last one row for all of it."""
    line, number, length, part = place.line_breaks + 1, place.rows + 1, 0, begun
    while part:
        length += len(part)
        place = Place(place.bytes + len(part), place.line_breaks, place.rows)
        following = b"" if part.endswith(b"\n") else body.readline(_most(place.bytes, end))
        if not following:
            length -= part.endswith(b"\n")
            place = Place(place.bytes, place.line_breaks + part.endswith(b"\n"), number)
            yield FileRows(row_too_long(line, number, begun, length), (), part, place)
        else:
            yield FileRows(row_too_long(line, number, b"", 0).slice(1), (), part, place)
        part = following


def _line_ends(body: BinaryIO, at: int, end: int | None) -> bool:
    """Whether the line that has begun has an end in the file, from where the file is read on afterwards."""
    here = body.tell()
    part = b"-"
    while part and not part.endswith(b"\n"):
        part = body.readline(_most(at, end))
        at += len(part)
    body.seek(here)
    return part.endswith(b"\n")


def _most(at: int, end: int | None) -> int:
    return BATCH if end is None else min(BATCH, end - at)


def _chunk(body: BinaryIO, at: int, end: int | None) -> tuple[bytes, bool]:
    """The next bytes, and whether they are the last."""
    chunk = body.read(_most(at, end))
    return chunk, len(chunk) < BATCH or at + len(chunk) == end


def _is_object(line: bytes) -> bool:
    try:
        return len(line) <= _OBJECT and isinstance(json.loads(line), dict)
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
        read = [decoded(each) for each in raw.to_pylist()]
        texts = pa.array([text for text, _ in read], pa.large_string())
        return texts, pa.array([problem for _, problem in read], pa.string())
    return texts, pa.nulls(len(raw), pa.string())


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
        is_full = True
        while is_full:
            rows, used = csv_rows(csv, waiting, place.line_breaks, place.rows, final=is_last and settled)
            is_full = rows.num_rows >= ROWS
            if used:
                read, waiting = waiting[:used], waiting[used:]
                breaks = place.line_breaks + read.count(b"\n")
                place = Place(place.bytes + used, breaks, place.rows + rows.num_rows)
                yield FileRows(rows, csv.names, read, place)
        if is_last:
            return
        if len(waiting) > QUOTED:  # without a line end: csv_rows would have refused a line of it
            if not settled and not _line_ends(body, place.bytes + len(waiting), end):
                return
            for part in _line_too_long(body, waiting, place, end):
                rows = pa.concat_tables([_nothing(csv), part.rows], promote_options="permissive")
                yield FileRows(rows, csv.names, part.body, part.end)
                place = part.end
            waiting = b""


def _nothing(csv: Csv) -> pa.Table:
    return csv_rows(csv, b"", 0, 0, final=False)[0]
