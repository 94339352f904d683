"""The tables of this room: their columns follow the mapping, their rows follow the build."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import duckdb

from sf_elt.profiles.fuzzy.links import FUZZY_LINKS
from sf_elt.profiles.increments.affected import Scope
from sf_elt.profiles.manual.pairs import MANUAL_LINKS
from sf_elt.profiles.mapping.rules import RESERVED
from sf_elt.profiles.merging.by_value import note_expiring
from sf_elt.profiles.sql import delete, statement
from sf_elt.warehouse import comment_on_columns, quote

OF_EVERY_PROFILE = {
    "profile_id": "The profile's id, which stays",
    "created_at": "When it was first built (UTC)",
    "updated_at": "When one of its user fields last changed (UTC)",
}


def align_columns(
    connection: duckdb.DuckDBPyConnection, fields: Mapping[str, str], holds: Mapping[str, str] | None = None
) -> None:
    """Gives profiles.profiles one column for each user field (name → DuckDB type) and takes the others away.

    A column whose type changes loses its values, which the build fills in again. What each `holds` is its comment.
    """
    connection.execute(statement("profiles_table"))
    described = connection.execute("DESCRIBE profiles.profiles").fetchall()
    standing = {name: sql_type for name, sql_type, *_ in described if name not in RESERVED}
    for name, sql_type in standing.items():
        if fields.get(name) != sql_type:
            connection.execute(f"ALTER TABLE profiles.profiles DROP COLUMN {quote(name)}")
    for name, sql_type in fields.items():
        if standing.get(name) != sql_type:
            connection.execute(f"ALTER TABLE profiles.profiles ADD COLUMN {quote(name)} {sql_type}")
    comment_on_columns(connection, "profiles", "profiles", OF_EVERY_PROFILE | dict(holds or {}))


def replace_changed(
    connection: duckdb.DuckDBPyConnection, fields: Sequence[str], scope: Scope, *, now: datetime, first: bool
) -> tuple[int, int, int]:
    """Brings the rows of profiles.profiles to what was built; gives how many are new, changed and no longer there.

    A row whose user fields are the same stays as it is, updated_at too. In the `first` build there is none.
    """
    columns = [quote(field) for field in fields]
    insert = partial(statement, "insert_profiles", fields=", ".join(columns))
    if first:
        (new,) = one_row(connection, insert(built="built_profiles"), {"now": now})
        return new, 0, 0
    differs = " OR ".join(f"built.{column} IS DISTINCT FROM standing.{column}" for column in columns)
    connection.execute(statement("changed_profiles", differs=differs, affected=scope.profiles))
    new, changed = one_row(
        connection, "SELECT count(*) FILTER (is_new), count(*) FILTER (NOT is_new) FROM changed_profiles"
    )
    no_more = "profile_id NOT IN (SELECT profile_id FROM built_profiles)"
    gone = delete(connection, "profiles.profiles", f"{scope.profiles} AND {no_more}")
    connection.execute("DELETE FROM profiles.profiles WHERE profile_id IN (SELECT profile_id FROM changed_profiles)")
    connection.execute(insert(built="built_profiles SEMI JOIN changed_profiles USING (profile_id)"), {"now": now})
    return new, changed, gone


def replace_links(connection: duckdb.DuckDBPyConnection, scope: Scope, *, now: datetime) -> None:
    """Brings profiles.identifiers, links, refused, manual and fuzzy links to what was built; first_seen stays."""
    streams = scope.streams
    connection.execute("CREATE OR REPLACE TEMP TABLE stream_names (stream_number INTEGER, stream VARCHAR)")
    connection.executemany(
        "INSERT INTO stream_names VALUES (?, ?)",
        [
            *((stream.number, stream.source.stream) for stream in streams),
            (len(streams), MANUAL_LINKS),
            (len(streams) + 1, FUZZY_LINKS),
        ],
    )
    delete(connection, "profiles.identifiers", scope.profiles)
    delete(connection, "profiles.links", scope.profiles)
    if scope.everything:
        connection.execute("DELETE FROM profiles.dormant_links; DELETE FROM profiles.refused_links")
    else:
        connection.execute(statement("delete_affected_links"))
    connection.execute(statement("insert_identifiers"), {"now": now})
    connection.execute(statement("insert_links"))
    connection.execute(statement("insert_dormant_links"))
    connection.execute(statement("insert_refused_links"))
    delete(connection, "profiles.manual_links", scope.pairs)
    connection.execute(statement("insert_manual_links"))
    delete(connection, "profiles.fuzzy_links", scope.pairs)
    connection.execute(statement("insert_fuzzy_links"))


def replace_expiring(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Brings profiles.expiring to what was built: when time alone will change a profile."""
    delete(connection, "profiles.expiring", scope.profiles)
    note_expiring(connection, scope.streams)


def has_profiles(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether any profile stands."""
    return connection.execute("FROM profiles.profiles LIMIT 1").fetchone() is not None


def one_row(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object] | None = None
) -> tuple[int, ...]:
    """The one row of counts that the query gives."""
    return tuple(int(count) for count in connection.execute(sql, parameters).fetchall()[0])
