"""What the children of the profile benchmarks do: build profiles, join records, score behaviour."""

import time
from datetime import UTC, datetime
from pathlib import Path

import phonenumbers  # noqa: F401 - no module is imported by the clock
import pyarrow  # noqa: F401

from benchmarks.company import default_mapping
from sf_elt.profiles import build_profiles, user_fields
from sf_elt.warehouse import Warehouse

TABLES = ("profiles", "identifiers", "links", "refused_links", "manual_links", "aliases")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def build(folder: str, anew: bool = False) -> dict[str, object]:
    """Builds the profiles of a warehouse with the default mapping; `moments` are when each step was first told of."""
    began = time.perf_counter()
    moments: dict[str, float] = {}

    def progress(what: str, done: int, total: int | None) -> None:
        moments.setdefault(what, time.perf_counter() - began)

    mapping, guards = default_mapping()
    report = build_profiles(
        Warehouse(Path(folder)), mapping, guards, now=NOW, run_id="bench", progress=progress, anew=anew
    )
    return {
        "profiles": report.profiles,
        "identifiers": report.identifiers,
        "rows_changed": report.rows_changed,
        "rebuilt": report.profiles_rebuilt,
        "moments": moments,
    }


def differences(folder: str, theirs: str) -> dict[str, int]:
    """User field → in how many profiles it is another one in a Parquet file with a row for each profile.

    There `profile` is the smallest identifier, of which a profile's first id is made. `profiles` is how many only one
    of the two has.
    """
    with Warehouse(Path(folder)).read() as connection:
        fields = list(user_fields(default_mapping()[0]))
        types = {name: sql_type for name, sql_type, *_ in connection.execute("DESCRIBE profiles.profiles").fetchall()}
        differs = ", ".join(
            f"count(*) FILTER (ours.{field} IS DISTINCT FROM theirs.{field}::{types[field]})" for field in fields
        )
        found = connection.execute(
            f"""
            SELECT count(*) FILTER (ours.profile_id IS NULL OR theirs.profile IS NULL), {differs}
            FROM profiles.profiles AS ours
            FULL JOIN read_parquet($theirs) AS theirs ON ours.profile_id = md5(theirs.profile)
            """,
            {"theirs": theirs},
        ).fetchall()[0]
    return {name: int(count) for name, count in zip(["profiles", *fields], found, strict=True) if count}


def fingerprints(folder: str) -> dict[str, str]:
    """Table → a sum over its rows that no other rows have, for what a build leaves."""
    with Warehouse(Path(folder)).read() as connection:
        return {
            table: str(
                connection.execute(
                    f"SELECT count(*), sum(md5_number_lower(each::VARCHAR)) FROM profiles.{table} AS each"
                ).fetchall()[0]
            )
            for table in TABLES
        }
