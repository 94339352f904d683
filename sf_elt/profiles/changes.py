"""Which rows of the streams changed since the last build: held against what that build read, never against a clock.

A row may be loaded before a build and committed after it, a view may join other streams, a field may be refreshed in
place. So each row is reduced to one number made of all that the mapping reads of it, and these are compared.
"""

from collections.abc import Iterator, Sequence

import duckdb

from sf_elt.profiles.rows import MappedStream, groups_of_events, merged_away, tried
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote, quote_text

_FIXED_SIZE = frozenset(
    {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
     "UHUGEINT", "FLOAT", "DOUBLE", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS",
     "TIMESTAMP WITH TIME ZONE", "UUID"}
)  # fmt: skip


def read_contents(connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream]) -> int:
    """Makes the temporary table rows_now: stream, record_id, contents of each row that counts; gives how many."""
    with tried(connection):
        connection.execute(statement("rows_now", rows="\nUNION ALL\n".join(map(_contents, streams))))
    (count,) = connection.table("rows_now").count("*").fetchall()[0]
    return int(count)


def find_changed_rows(connection: duckdb.DuckDBPyConnection) -> int:
    """Makes the temporary table changed_rows (stream, record_id) by what the last build read; gives their number."""
    connection.execute(statement("changed_rows"))
    (count,) = connection.table("changed_rows").count("*").fetchall()[0]
    return int(count)


def remember_contents(connection: duckdb.DuckDBPyConnection, *, everything: bool) -> None:
    """Brings profiles.rows_read to what this build read: everything, or the changed rows."""
    if everything:
        connection.execute("DELETE FROM profiles.rows_read; INSERT INTO profiles.rows_read FROM rows_now")
    else:
        connection.execute(statement("remember_contents"))


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
