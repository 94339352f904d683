"""Stable profile ids: a component keeps the oldest id that its identifiers had, and a merged id becomes an alias."""

from datetime import datetime

import duckdb

from sf_elt.profiles.sql import delete, statement


def name_components(connection: duckdb.DuckDBPyConnection, *, now: datetime, affected: str) -> None:
    """Fills the temporary tables found_identifiers (each identifier once, with its component), component_profiles
    (component, profile_id, created_at, of components that live) and known_identifiers: those of the profiles that are
    made anew, as they stand.

    A component lives while a row that is not deleted carries one of its identifiers. Also brings profiles.aliases up
    to date, in which no alias leads to another. `affected` is SQL for whether a profile is made anew.
    """
    connection.execute(statement("found_identifiers"))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE living_components AS SELECT DISTINCT component FROM found_identifiers WHERE alive"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known_identifiers AS FROM profiles.identifiers WHERE {affected}")
    connection.execute(statement("claims"))
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE component_profiles AS
        SELECT component, profile_id, created_at FROM claims WHERE profile_id = kept_id
        """
    )
    connection.execute(statement("newborn"))
    generation = 0
    while _unnamed(connection):
        connection.execute(statement("name_newborn"), {"generation": generation, "now": now})
        generation += 1
    _follow_merges(connection, now, affected)


def _unnamed(connection: duckdb.DuckDBPyConnection) -> int:
    rows = connection.execute(
        "SELECT count(*) FROM newborn WHERE component NOT IN (SELECT component FROM component_profiles)"
    ).fetchall()
    return int(rows[0][0])


def _follow_merges(connection: duckdb.DuckDBPyConnection, now: datetime, affected: str) -> None:
    """Aliases of a merged profile follow it, the merged profile becomes one, and those of a profile that is gone go."""
    connection.execute(
        """
        UPDATE profiles.aliases SET profile_id = claims.kept_id
        FROM claims
        WHERE aliases.profile_id = claims.profile_id AND claims.profile_id <> claims.kept_id
        """
    )
    connection.execute(
        """
        INSERT INTO profiles.aliases (alias_id, profile_id, merged_at)
        SELECT profile_id, kept_id, $now::TIMESTAMP FROM claims WHERE profile_id <> kept_id
        """,
        {"now": now},
    )
    gone = "profile_id NOT IN (SELECT profile_id FROM component_profiles)"
    delete(connection, "profiles.aliases", f"{affected} AND {gone}")
