"""The rows of a Parquet file, some at a time: a file of a few KB may say the same megabytes again and again."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from sf_elt.streams.events.bounds import BATCH, COLUMNS, LONGEST
from sf_elt.streams.events.files import EventSpec
from sf_elt.streams.events.refusals import FileUnreadable, require_time

ROWS = 50_000
AT_ONCE = 250  # rows that are unpacked together: each may repeat a value of the dictionary, which of 1 MB in most files
MUCH = 256 << 20  # bytes of a column in a row group
NUMBER = 8  # bytes of a value that is no text, about
_OF_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
TIGHTLY = 200  # times smaller than unpacked: a page of 1 MB at most, as writers make them, would not matter


def parquet_rows(path: Path, spec: EventSpec) -> Iterator[tuple[tuple[str, ...], pa.Table]]:
    """The names of the columns and the rows, as batches.py has them.

    Raises FileUnreadable, and ArrowException where the file is damaged.
    """
    with parquet.ParquetFile(path, buffer_size=1 << 20) as file:
        names = tuple(file.schema_arrow.names)
        if file.metadata.num_columns > COLUMNS:
            raise FileUnreadable(f"it has {file.metadata.num_columns:,} columns; {COLUMNS:,} are the most")
        require_time(names, spec)
        _require_measure(file.metadata)
        before = 0
        for rows in _some_rows(file):
            yield names, _numbered(rows, before)
            before += rows.num_rows


def _require_measure(metadata: parquet.FileMetaData) -> None:
    """Raises FileUnreadable for what could be one page of gigabytes, which cannot be unpacked in part."""
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            size, rows = column.total_uncompressed_size, max(column.num_values, 1)
            is_packed_tightly = size > TIGHTLY * column.total_compressed_size or size > rows * LONGEST
            if size > MUCH and is_packed_tightly:
                raise FileUnreadable(
                    f"its column {column.path_in_schema!r} has {size:,} bytes unpacked in row group {group + 1}, in "
                    f"{rows:,} values and {column.total_compressed_size:,} bytes packed: write it in smaller row groups"
                )


def _some_rows(file: parquet.ParquetFile) -> Iterator[pa.Table]:
    """About BATCH bytes of rows, or ROWS."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for few in file.iter_batches(batch_size=AT_ONCE):
        if few.num_rows == 0:
            continue
        held.append(few)
        rows, size = rows + few.num_rows, size + few.nbytes
        if rows >= ROWS or size >= BATCH:
            yield pa.Table.from_batches(held)
            held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held)


def _numbered(rows: pa.Table, before: int) -> pa.Table:
    numbers = np.arange(rows.num_rows) + before + 1
    fixed = {
        "line": pa.array(numbers),
        "row_number": pa.array(numbers),
        "content": pa.nulls(len(numbers), pa.large_string()),
        "problem": pa.nulls(len(numbers), pa.string()),
    }
    values = {f"c{place}": column for place, column in enumerate(rows.columns)}
    return pa.table(fixed | values)


def widths(rows: pa.Table) -> "NDArray[np.int64]":
    """About how many bytes each row has as text, in all columns."""
    total = np.zeros(rows.num_rows, np.int64)
    for column in rows.columns:
        total += np.concatenate([_widths(chunk) for chunk in column.chunks] or [total])
    return total


def _widths(column: pa.Array) -> "NDArray[np.int64]":
    kind = column.type
    found = np.full(len(column), NUMBER, np.int64)
    if pa.types.is_dictionary(kind):
        values = np.append(_widths(column.dictionary), 0)
        found = values[pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False)]
    elif pa.types.is_struct(kind):
        found = sum(map(_widths, column.flatten()), np.zeros(len(column), np.int64))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        found = _between(column.offsets, _widths(column.values))
    elif pa.types.is_map(kind):
        found = _between(column.offsets, _widths(column.keys) + _widths(column.items))
    elif any(is_kind(kind) for is_kind in _OF_TEXTS):
        found = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _between(offsets: pa.Array, widths: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """The widths of lists, from those of all their values."""
    before = np.concatenate([[0], np.cumsum(widths)]).take(offsets.to_numpy())
    return np.asarray(before[1:] - before[:-1], np.int64)
