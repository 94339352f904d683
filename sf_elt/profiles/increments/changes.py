"""Which rows of the streams changed since the last build: held against what that build read, never against a clock.

A row may be loaded before a build and committed after it, a view may join other streams, a field may be refreshed in
place. So each row is reduced to one number made of all that the mapping reads of it, and these are compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import duckdb

from sf_elt.profiles.reading.rows import MappedStream, event_columns, groups_of_events, merged_away, tried
from sf_elt.profiles.sql import delete, statement
from sf_elt.warehouse import quote, quote_text

_FIXED_SIZE = frozenset(
    {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
     "UHUGEINT", "FLOAT", "DOUBLE", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS",
     "TIMESTAMP WITH TIME ZONE", "UUID"}
)  # fmt: skip


def read_contents(connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream], *, anew: bool) -> int:
    """Makes the temporary table rows_now: stream, record_id, contents of each row that counts; gives how many.

    Events come in batches, and stay as they came: of a stream whose known batches stand as they were only the rows are
    read that are grouped with a new one. Where `anew` says so, everything is read, straight into profiles.rows_read.
    """
    connection.execute("DELETE FROM profiles.rows_read" if anew else statement("rows_now"))
    table = "profiles.rows_read" if anew else "rows_now"
    connection.execute(statement("batches_now", batches="\nUNION ALL\n".join(_batches(streams)) or _NO_BATCHES))
    grown = set() if anew else {row[0] for row in connection.execute("FROM grown_streams").fetchall()}
    fresh = {row[0] for row in connection.execute("SELECT DISTINCT stream FROM new_batches").fetchall()}
    with tried(connection):
        for stream in streams:
            name = stream.source.stream
            if name not in grown:
                connection.execute(f"INSERT INTO {table} {_contents(stream)}")
            elif name in fresh:
                connection.execute(f"INSERT INTO rows_now {_contents(_with_new_events(stream))}")
    (count,) = connection.table(table).count("*").fetchall()[0]
    return int(count)


def find_changed_rows(connection: duckdb.DuckDBPyConnection) -> int:
    """Makes the temporary table changed_rows (stream, record_id) by what the last build read; gives their number."""
    connection.execute(statement("rows_before"))
    connection.execute(statement("changed_contents"))
    if _rows_are_equal(connection):
        connection.execute(statement("changed_equals"))
    connection.execute(statement("changed_rows"))
    (count,) = connection.table("changed_rows").count("*").fetchall()[0]
    return int(count)


def remember_contents(connection: duckdb.DuckDBPyConnection, *, everything: bool) -> None:
    """Brings profiles.rows_read and batches_read to what this build read: the changed rows, where not everything."""
    if not everything:
        changed = "(stream, record_id) IN (SELECT (stream, record_id) FROM changed_rows)"
        delete(connection, "profiles.rows_read", changed)
        connection.execute(f"INSERT INTO profiles.rows_read FROM rows_now WHERE {changed}; DROP TABLE temp.rows_now")
    connection.execute("DELETE FROM profiles.batches_read; INSERT INTO profiles.batches_read FROM batches_now")


def _rows_are_equal(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether several rows of now or before have the same contents: then more pairs met than there are rows."""
    met, new, gone = connection.execute(
        """
        SELECT
            coalesce(sum(rows) FILTER (contents IS NULL), 0),
            coalesce(sum(rows) FILTER (contents IS NOT NULL AND is_now), 0),
            coalesce(sum(rows) FILTER (contents IS NOT NULL AND NOT is_now), 0)
        FROM changed_contents
        """
    ).fetchall()[0]
    now, before = (connection.table(name).count("*").fetchall()[0][0] for name in ("rows_now", "rows_before"))
    return bool(now - new != met or before - gone != met)


_NO_BATCHES = (
    "SELECT NULL::VARCHAR AS stream, NULL::TIMESTAMP AS loaded_at, 0 AS rows, NULL::UHUGEINT AS checksum LIMIT 0"
)


def _batches(streams: Sequence[MappedStream]) -> Iterator[str]:
    """SQL for the batches of each stream of events that has them."""
    for stream in streams:
        source = stream.source
        if source.holds_events and "_loaded_at" in source.columns:
            columns = [source.record_id, source.modified_at, *(quote(column) for column, _ in _columns_read(stream))]
            yield statement(
                "batches_of_stream",
                stream=quote_text(source.stream),
                columns=", ".join(columns),
                source=source.table,
            )


def _with_new_events(stream: MappedStream) -> MappedStream:
    """The stream with no other rows than those of new batches and those that are grouped with one."""
    source = stream.source
    rows = statement("new_events", rows=source.table, stream=quote_text(source.stream))
    if stream.grouped:
        keys = [quote(column) for column in event_columns(stream)]
        same = " AND ".join(f"event.{key} IS NOT DISTINCT FROM fresh.{key}" for key in keys)
        rows = statement("like_new_events", rows=source.table, keys=", ".join(keys), new_events=rows, same=same)
    return replace(stream, source=replace(source, table=rows))


def _contents(stream: MappedStream) -> str:
    if stream.grouped:
        return statement("contents_of_events", stream=quote_text(stream.source.stream), groups=groups_of_events(stream))
    source = stream.source
    numbers, texts = [source.modified_at, f"{source.deleted_at} IS NULL"], [source.record_id]
    for column, sql_type in _columns_read(stream):
        if sql_type in _FIXED_SIZE:
            numbers.append(quote(column))
        else:
            texts.append(quote(column) if sql_type == "VARCHAR" else f"CAST(to_json({quote(column)}) AS VARCHAR)")
    return statement(
        "contents_of_records",
        stream=quote_text(source.stream),
        record_id=source.record_id,
        numbers=", ".join([*numbers, *(f"strlen({text})" for text in texts)]),
        texts=", ".join(texts),
        source=source.table,
        counts=f"{source.deleted_at} IS NULL OR {merged_away(stream)}",
    )


def _columns_read(stream: MappedStream) -> Iterator[tuple[str, str]]:
    """The columns that the mapping reads of the stream, each once, with their DuckDB types."""
    used = {column for terms in stream.terms for term in terms for column in term.columns}
    used.update(link.column for link, _ in stream.links)
    yield from ((column, sql_type) for column, sql_type in stream.source.columns.items() if column in used)
