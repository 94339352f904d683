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
from sf_elt.streams.events.bounds import LONGEST, SHOWN, VALUES, too_long
from sf_elt.streams.events.files import EventFile, EventSpec
from sf_elt.streams.events.parquet_rows import widths
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

VALUE = 16
"""Bytes that each value of JSON counts for beside its text."""


def portions(batch: FileRows) -> Iterator[tuple[FileRows, int]]:
    """The rows of a batch as they are judged together, and how many bytes of them are in wide ones: a few at a time.

    A row that is too long is one with a problem, and its beginning.
    """
    lengths = _lengths(batch.rows)
    values = _values(batch.rows, lengths)
    is_too_much = (lengths > LONGEST) | (values > VALUES)
    rows = _without_too_much(batch.rows, is_too_much, lengths, values) if is_too_much.any() else batch.rows
    sizes = np.where(is_too_much, SHOWN, lengths + VALUE * values) + sum(len(name) + 6 for name in batch.names)
    first, held = 0, 0
    for place in np.flatnonzero(sizes > NARROW).tolist():
        if held and held + sizes[place] > PORTION:
            yield replace(batch, rows=rows.slice(first, place - first)), held
            first, held = place, 0
        held += sizes[place]
    yield replace(batch, rows=rows.slice(first)), held


def _lengths(rows: pa.Table) -> "NDArray[np.int64]":
    """How many bytes each row has: of its text, or in Parquet, which has none, about those of its values."""
    lengths: NDArray[np.int64] = pc.fill_null(pc.binary_length(rows.column("content")), 0).to_numpy().astype(np.int64)
    return lengths if lengths.any() else widths(rows.drop_columns(["line", "row_number", "content", "problem"]))


def _values(rows: pa.Table, lengths: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """About how many values there are in each of the wide rows that are JSON."""
    values = np.zeros(rows.num_rows, np.int64)
    wide = np.flatnonzero(lengths > NARROW)
    texts = rows.column("content").take(pa.array(wide))
    for sign in (",", "[", "{"):
        values[wide] += pc.fill_null(pc.count_substring(texts, sign), 0).to_numpy()
    return values


def _without_too_much(
    rows: pa.Table, is_too_much: "NDArray[np.bool_]", lengths: "NDArray[np.int64]", values: "NDArray[np.int64]"
) -> pa.Table:
    """Of a row that is too much the beginning of its text, and its short values."""
    said: list[str | None] = [None] * rows.num_rows
    for place in np.flatnonzero(is_too_much).tolist():
        is_long = lengths[place] > LONGEST
        said[place] = too_long(lengths[place]) if is_long else f"more than {VALUES:,} values: about {values[place]:,}"
    beginnings = pc.utf8_slice_codeunits(rows.column("content"), 0, SHOWN)
    changed = {
        "content": pc.if_else(is_too_much, beginnings, rows.column("content")),
        "problem": pc.coalesce(rows.column("problem"), pa.array(said, pa.string())),
    }
    for name in rows.column_names:
        if name not in ROWS.names:
            column = rows.column(name)
            is_left_out = is_too_much & (widths(rows.select([name])) > SHOWN)
            changed[name] = pc.if_else(is_left_out, pa.scalar(None, column.type), column)
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
