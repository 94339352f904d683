"""The streams of events whose rows belong to profiles, as profiles.<stream>_by_profile shows them."""

from collections.abc import Sequence

import duckdb

from sf_elt.insight.errors import StreamsRefused
from sf_elt.salesforce import did_you_mean
from sf_elt.warehouse import quote_table


def linked_streams(connection: duckdb.DuckDBPyConnection, streams: Sequence[str], purpose: str) -> dict[str, list[str]]:
    """Stream → the columns of its view, for those of `streams` whose events belong to profiles, in their order.

    A stream that is not there yet has no view; one that is misspelt would have none for ever. Raises StreamsRefused for
    one that does not exist while another is called nearly the same; `purpose` says what it was wanted for: "to score".
    """
    _refuse_slips(connection, streams, purpose)
    views = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = 'profiles' AND database_name = current_database()"
    ).fetchall()
    existing = {str(view) for (view,) in views}
    linked = {}
    for stream in dict.fromkeys(streams):
        if f"{stream}_by_profile" in existing:
            described = connection.execute(f"DESCRIBE {linked_view(stream)}").fetchall()
            linked[stream] = [str(name) for name, *_ in described]
    return linked


def linked_view(stream: str) -> str:
    """The quoted name of the view of the stream's events, with the profile that each belongs to."""
    return quote_table("profiles", f"{stream}_by_profile")


def _refuse_slips(connection: duckdb.DuckDBPyConnection, streams: Sequence[str], purpose: str) -> None:
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'streams' AND database_name = current_database()"
    ).fetchall()
    existing = {str(table) for (table,) in tables}
    for stream in streams:
        if stream not in existing and (hint := did_you_mean(stream, existing.difference(streams), cutoff=0.9)):
            raise StreamsRefused(f"there is no stream {stream} {purpose}{hint}")
