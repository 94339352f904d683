"""CSV as RFC 4180 has it: a header, values in quotes where they hold delimiters, quotes or line breaks.

Where records begin and end is found here, so that a file can be read while it grows and each row has its line; what
is between is for Arrow. Lines end in \\n or \\r\\n.
"""

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from sf_elt.streams.events.bounds import COLUMNS, HEADER, QUOTED, ROWS
from sf_elt.streams.events.files import DELIMITERS, EventSpec
from sf_elt.streams.events.refusals import FileUnreadable

BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(rb'"[^"]*"')
_EMPTY = re.compile(rb"(?:\r?\n)++")


@dataclass(frozen=True)
class Csv:
    """How a CSV file is read: what its columns are called, what stands between them, and how long its header is."""

    names: tuple[str, ...]
    delimiter: str
    header: int

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """A whole record with its line end, a beginning of one that reaches to the end, or a line that is neither."""
        end = re.escape(self.delimiter.encode())
        opened = rb'"[^"]*+(?:""[^"]*+)*+'
        value = rb"(?:%b\"|(?!\")[^%b\r\n]*+)" % (opened, end)
        return re.compile(
            rb"(?P<record>(?:%(value)b%(end)b)*+%(value)b\r?\n)"
            rb"|(?P<open>(?:%(value)b%(end)b)*+%(opened)b\Z)"
            rb"|(?P<rest>(?:%(value)b%(end)b)*+%(value)b\r?\Z)"
            rb"|(?P<bad>[^\n]*+\n?)" % {b"value": value, b"end": end, b"opened": opened}
        )


def csv_of(beginning: bytes, path: Path, spec: EventSpec, *, settled: bool) -> Csv | None:
    """How the file is read, from its beginning; None while its header is still being written."""
    if not beginning:
        return None
    skipped = len(BOM) if beginning.startswith(BOM) else 0
    line = beginning[skipped:].partition(b"\n")[0]
    delimiter = spec.delimiter or ("\t" if ".tsv" in path.suffixes else _most_frequent(line))
    found = Csv((), delimiter, 0).pattern.match(beginning, skipped)
    if found is None or found.lastgroup == "bad":
        raise FileUnreadable("its header is no CSV: a quote stands where none can")
    if found.end() > HEADER:
        raise FileUnreadable(f"its header is none: it is longer than {HEADER >> 20} MB")
    if found.lastgroup != "record" and not settled:
        return None
    try:
        header = found.group().decode("utf-8")
    except UnicodeDecodeError as error:
        wide = " but UTF-16, it seems" if beginning[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise FileUnreadable(f"its header is not UTF-8{wide}; save it as UTF-8") from error
    try:
        (names,) = csv.reader([header.rstrip("\r\n")], delimiter=delimiter) if header.strip() else ([],)
    except csv.Error as error:
        raise FileUnreadable(f"its header is no CSV: {error}") from error
    if len(names) > COLUMNS:
        raise FileUnreadable(f"its header names {len(names):,} columns; {COLUMNS:,} are the most")
    named = tuple(name.strip() or f"column {place}" for place, name in enumerate(names, start=1))
    return Csv(named, delimiter, found.end())


def csv_rows(form: Csv, body: bytes, line_breaks: int, rows_before: int, *, final: bool) -> tuple[pa.Table, int]:
    """The records that are whole, as rows, and how many bytes they take; with `final` the unfinished last one too.

    There are ROWS at most: then there may be more in the body.
    """
    starts, ends, refused, used = _records(form, body, final=final)
    columns = {
        "line": pa.array(_lines(body, starts) + line_breaks + 1),
        "row_number": pa.array(np.arange(len(starts)) + rows_before + 1),
        "content": _contents(body, starts, ends, refused),
    }
    whole, kept = body[starts[0] : used] if starts else b"", np.arange(len(starts))
    if refused:
        kept = np.delete(kept, list(refused))
        whole = b"".join(body[starts[place] : ends[place]] for place in kept)
    values, ragged = _values(form, whole if whole.endswith(b"\n") else whole + b"\n")
    for place, width in ragged:
        refused[int(kept[place])] = f"{width} values where the header names {len(form.names)} columns"
    good, bad = np.delete(np.arange(len(starts)), list(refused)), sorted(refused)
    read = pa.table({name: column.take(pa.array(good)) for name, column in columns.items()} | values)
    refusals = pa.table(
        {name: column.take(pa.array(bad, pa.int64())) for name, column in columns.items()}
        | {"problem": pa.array([refused[place] for place in bad], pa.string())}
    )
    return pa.concat_tables([read, refusals], promote_options="default"), used


def _lines(body: bytes, starts: list[int]) -> "NDArray[np.int64]":
    """How many lines end before each record."""
    if not starts:
        return np.zeros(0, np.int64)
    is_end = np.frombuffer(body, np.uint8, starts[-1]) == ord("\n")
    places = np.array([0, *starts[:-1]], np.int64)  # the last one's own lines come after it
    return np.cumsum(np.add.reduceat(is_end, places, dtype=np.int64)) if len(is_end) else np.zeros(1, np.int64)


def _contents(body: bytes, starts: list[int], ends: list[int], refused: dict[int, str]) -> pa.Array:
    """The records as they stand, without empty lines behind them; one that is not UTF-8 is refused."""
    contents = pa.Array.from_buffers(pa.large_binary(), 2 * len(starts), [None, *_buffers(body, starts, ends)])
    contents = contents.take(pa.array(np.arange(len(starts)) * 2))
    try:
        texts = contents.view(pa.large_string())
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return _decoded(contents, refused)
    return texts


def _buffers(body: bytes, starts: list[int], ends: list[int]) -> tuple[pa.Buffer, pa.Buffer]:
    """Those of an array that has each record and, behind it, what is between it and the next."""
    offsets = np.empty(2 * len(starts) + 1, np.int64)
    offsets[0:-1:2], offsets[1::2], offsets[-1] = starts, ends, ends[-1] if ends else 0
    return pa.py_buffer(offsets), pa.py_buffer(body)


def _decoded(contents: pa.Array, refused: dict[int, str]) -> pa.Array:
    texts = []
    for place, content in enumerate(contents.to_pylist()):
        text, problem = decoded(content)
        texts.append(text)
        if problem:
            refused[place] = problem
    return pa.array(texts, pa.large_string())


def decoded(content: bytes) -> tuple[str, str | None]:
    """The text of bytes, and why it is no event where they are not UTF-8."""
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError:
        return content.decode("utf-8", "backslashreplace"), "not UTF-8"


def _records(form: Csv, body: bytes, *, final: bool) -> tuple[list[int], list[int], dict[int, str], int]:
    """Where records begin and end (empty lines are none), why one is refused, and how far this goes."""
    starts: list[int] = []
    ends: list[int] = []
    refused: dict[int, str] = {}
    used = 0
    match = form.pattern.match
    while used < len(body) and len(starts) < ROWS:
        found = match(body, used)
        if found is None:
            break
        kind, end = found.lastgroup, found.end()
        if kind != "record":
            is_cut = kind != "bad" or not found.group().endswith(b"\n")
            if is_cut and not final and (end - used <= QUOTED or body.find(b"\n", used) < 0):
                break
            if kind == "open" or (is_cut and not final):
                end = body.find(b"\n", used) + 1 or len(body)
                where = "" if final else f" within {QUOTED >> 20} MB"
                refused[len(starts)] = f"a quote is opened that nothing closes{where}"
            elif kind == "bad":
                refused[len(starts)] = "a quote or carriage return stands where none can"
        if end - used > 2 or body[used:end].strip(b"\r\n"):
            starts.append(used)
            ends.append(end)
            used = end
        else:
            empty = _EMPTY.match(body, used)
            used = empty.end() if empty else end
    return starts, ends, refused, used


def _values(form: Csv, body: bytes) -> tuple[dict[str, pa.Array], list[tuple[int, int]]]:
    """The columns as text, empty values as null; and of records with more or fewer values: which, and how many."""
    ragged: list[tuple[int, int]] = []
    names = [f"c{place}" for place in range(len(form.names))]
    if not body.strip(b"\r\n"):
        return {name: pa.array([], pa.string()) for name in names}, ragged

    def skip(row: arrow_csv.InvalidRow) -> str:
        ragged.append((row.number - 1, row.actual_columns))
        return "skip"

    table = arrow_csv.read_csv(
        pa.BufferReader(body),
        arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(body) + 1),
        arrow_csv.ParseOptions(delimiter=form.delimiter, newlines_in_values=True, invalid_row_handler=skip),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    )
    return {name: table.column(name) for name in names}, ragged


def _most_frequent(line: bytes) -> str:
    """The delimiter that stands most often outside quotes; a comma where none does."""
    bare = _QUOTED.sub(b"", line)
    return max(DELIMITERS.values(), key=lambda each: bare.count(each.encode()))
