"""Batches of event files as lines with a JSON object each, whatever their format: from here on all are judged alike."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from sf_elt.streams.events.batches import FileRows
from sf_elt.streams.events.files import EventFile, EventSpec
from sf_elt.streams.events.refusals import FileUnreadable

ROWS = pa.schema(
    {
        "line": pa.int64(),
        "row_number": pa.int64(),
        "content": pa.large_string(),
        "problem": pa.large_string(),
        "event": pa.large_string(),
        "file": pa.large_string(),
    }
)


NARROW = 1 << 10
"""Bytes of a row's JSON, up to which thousands of rows together are little."""

PORTION = 8 << 20
"""Bytes of wider rows that are judged together: DuckDB takes twenty times as much, whatever its limit is."""

LONGEST = 16 << 20
"""Bytes of a row, beyond which it is set aside."""

SHOWN = 1_000
"""Characters that are kept of a row that is too long."""


def portions(batch: FileRows) -> Iterator[tuple[FileRows, int]]:
    """The rows of a batch as they are judged together, and how many bytes of them are in wide ones: a few at a time.

    A row that is too long is one with a problem, and its beginning.
    """
    rows = _without_too_long(batch.rows)
    widths = _widths(rows, batch.names)
    first, held = 0, 0
    for place in np.flatnonzero(widths > NARROW).tolist():
        if held and held + widths[place] > PORTION:
            yield replace(batch, rows=rows.slice(first, place - first)), held
            first, held = place, 0
        held += widths[place]
    yield replace(batch, rows=rows.slice(first)), held


def _widths(rows: pa.Table, names: tuple[str, ...]) -> "NDArray[np.int64]":
    """About how many bytes each row has as JSON, with the names of its columns."""
    widths: NDArray[np.int64] = pc.fill_null(pc.binary_length(rows.column("content")), 0).to_numpy().astype(np.int64)
    if rows.num_rows and rows.column("content").null_count == rows.num_rows:  # Parquet has no text
        widths += rows.nbytes // rows.num_rows
    widths += sum(len(name) + 6 for name in names)
    return widths


def _without_too_long(rows: pa.Table) -> pa.Table:
    lengths = pc.fill_null(pc.binary_length(rows.column("content")), 0)
    too_long = pc.greater(lengths, LONGEST)
    if not pc.any(too_long).as_py():
        return rows
    said = f"longer than {LONGEST >> 20} MB"
    beginnings = pc.utf8_slice_codeunits(rows.column("content"), 0, SHOWN)
    changed = {
        "content": pc.if_else(too_long, beginnings, rows.column("content")),
        "problem": pc.if_else(too_long, said, rows.column("problem")),
    }
    for name in rows.column_names:
        if name not in ROWS.names:
            changed[name] = pc.if_else(too_long, None, rows.column(name))
    for name, column in changed.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, column)
    return rows


def staged(connection: DuckDBPyConnection, file: EventFile, spec: EventSpec, batch: FileRows) -> pa.Table:
    """The batch's rows that are not blank: line, row_number, content, problem, event (as a JSON text) and file.

    Of event and content the one that is null is what the other is. Raises FileUnreadable for a type that DuckDB cannot
    take.
    """
    rows = _without_blank(batch.rows)  # the query reads it by this name: see judging.py
    if batch.names:
        event, names = _event(batch, spec)
        try:
            columns = f"line, row_number, content, problem, {event}::VARCHAR AS event"
            query = f"SELECT {columns} FROM rows"  # noqa: S608 - made of columns c0, c1, …
            rows = connection.sql(query, params=names).to_arrow_table()
        except (duckdb.NotImplementedException, duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise FileUnreadable(f"its rows cannot be taken: {str(error).splitlines()[0]}") from error
    else:
        rows = rows.append_column("event", pa.nulls(rows.num_rows, pa.string()))
    return rows.append_column("file", pa.repeat(str(file.path), rows.num_rows)).cast(ROWS)


def mapped(columns: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The SQL of an event with its own names for columns, and its parameters. What is moved is no property as well."""
    if not columns:
        return "event", {}
    paths: dict[str, str] = {}
    moved, removed = [], "event"
    for place, (column, source) in enumerate(columns.items()):
        key, path = f'$."{source}"', "$" + "".join(f'."{part}"' for part in source.split("."))
        paths |= {f"key_{place}": key, f"path_{place}": path, f"own_{place}": f"$.{column}"}
        found = f"json_extract(event, $key_{place}), json_extract(event, $path_{place})"
        moved.append(f"'{column}', coalesce({found}, json_extract(event, $own_{place}))")
        paths |= {f"gone_key_{place}": source, f"gone_path_{place}": _without(source)}
        within = f"CASE WHEN json_exists(event, $path_{place}) THEN $gone_path_{place}::JSON ELSE '{{}}' END"
        removed = f"json_merge_patch({removed}, json_object($gone_key_{place}, NULL), {within})"
    return (
        f"CASE WHEN json_type = 'OBJECT' THEN json_merge_patch({removed}, json_object({', '.join(moved)})) END",
        paths,
    )


def _without(source: str) -> str:
    """A JSON merge patch that takes away what stands at a path."""
    patch = "null"
    for part in reversed(source.split(".")):
        patch = f'{{"{part}": {patch}}}'
    return patch


def _without_blank(rows: pa.Table) -> pa.Table:
    content = pc.ascii_trim(rows.column("content"), " \t\r\n")
    rows = rows.set_column(rows.schema.get_field_index("content"), "content", content)
    says = pc.fill_null(pc.not_equal(content, ""), True)
    return rows if pc.all(says).as_py() else rows.filter(says)


def _event(batch: FileRows, spec: EventSpec) -> tuple[str, dict[str, str]]:
    """The SQL of a row's columns as one JSON object without what is null, and the columns' names as its parameters."""
    if not batch.names:
        return "NULL", {}
    nested = {spec.columns.get(column, column) for column in ("topics", "properties")}
    values = []
    for place, name in enumerate(batch.names):
        column, told = f"c{place}", batch.rows.schema.field(f"c{place}").type
        if pa.types.is_floating(told):
            column = f"CASE WHEN isfinite({column}) THEN {column} END"
        elif name in nested and (pa.types.is_string(told) or pa.types.is_large_string(told)):
            as_json = f"TRY_CAST({column} AS JSON)"
            column = f"CASE WHEN json_type({as_json}) IN ('ARRAY', 'OBJECT') THEN {as_json} ELSE to_json({column}) END"
        values.append(f"$name_{place}, {column}")
    names = {f"name_{place}": name for place, name in enumerate(batch.names)}
    return f"json_merge_patch('{{}}', json_object({', '.join(values)}))", names
