"""What conditions are about: each profile with its scores, and the names by which conditions know all of that."""

from collections.abc import Mapping

import duckdb

from sf_elt.insight.affinity import INTERESTS
from sf_elt.insight.errors import AudiencesRefused, ProfilesMissing, WarehouseOutdated
from sf_elt.insight.scores import SCORES
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote

BESIDE_FIELDS: Mapping[str, str] = {**dict.fromkeys(SCORES, "BIGINT"), **INTERESTS}
"""What a subject has besides its profile's columns: name → DuckDB type. A user field cannot be called so."""

OF_EVERY_PROFILE: Mapping[str, str] = {"created_at": "TIMESTAMP", "updated_at": "TIMESTAMP"}
"""Columns of every profile, besides its user fields, that conditions may use."""


def subject_types(user_fields: Mapping[str, str]) -> dict[str, str]:
    """The DuckDB type of everything that conditions may use, from those of the user fields."""
    return {**OF_EVERY_PROFILE, **user_fields, **BESIDE_FIELDS}


def make_subjects(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Makes the temporary view subjects, and gives the DuckDB type of everything in it that conditions may use.

    Raises ProfilesMissing before the first build, AudiencesRefused where a user field has the name of a score, and
    WarehouseOutdated where an earlier version wrote the warehouse last and the connection is read-only.
    """
    require_profiles(connection)
    described = connection.execute("DESCRIBE profiles.profiles").fetchall()
    fields = {str(name): str(sql_type) for name, sql_type, *_ in described if name != "profile_id"}
    if both := sorted(fields.keys() & BESIDE_FIELDS.keys()):
        raise AudiencesRefused(
            [f"`{name}` is a score or an interest and also a user field: rename the user field" for name in both]
        )
    scores = ", ".join(f"scores.{quote(score)}::BIGINT AS {quote(score)}" for score in SCORES)
    try:
        connection.execute(statement("subjects", package=__package__, scores=scores))
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise WarehouseOutdated(
            "an earlier version of sf_elt wrote this warehouse last, and it lacks what this one reads: materialize "
            f"any asset first, which brings it up to date. DuckDB says: {str(error).splitlines()[0]}"
        ) from error
    return subject_types(fields)


def require_profiles(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises ProfilesMissing before the first build."""
    standing = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'profiles' AND table_name = 'profiles'"
    ).fetchall()
    if standing != [(1,)]:
        raise ProfilesMissing("there are no profiles yet: build them before the audiences")
