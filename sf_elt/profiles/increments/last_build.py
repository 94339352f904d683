"""What the last build of profiles was made from: whether the next one can go on from there, or has to read all anew."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import md5
from importlib.metadata import version
from importlib.resources import files

import duckdb

from sf_elt.profiles.identity.guards import Guards
from sf_elt.profiles.increments.affected import Scope
from sf_elt.profiles.increments.changes import remember_contents
from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.reading.rows import note_set_aside
from sf_elt.profiles.reading.sources import Source
from sf_elt.profiles.sql import delete, files_within
from sf_elt.warehouse import naive


def made_from(mapping: Sequence[FieldRule], guards: Guards, sources: Mapping[str, Source]) -> dict[str, str]:
    """What a build depends on beside the rows and the lists of pairs: its name → an md5 of it."""
    texts = {
        "the mapping": "\n".join(rule.model_dump_json() for rule in mapping),
        "the guards": guards.model_dump_json(),
        "the streams' columns": "\n".join(
            f"{name} {column} {sql_type}"
            for name, source in sorted(sources.items())
            for column, sql_type in source.columns.items()
        ),
        "the program": _program(),
    }
    return {name: _digest(text.encode()) for name, text in texts.items()}


_ERASED = "somebody was erased"


def build_anew(connection: duckdb.DuckDBPyConnection) -> None:
    """Lets the next build read everything: somebody has been erased, from what the last one left for it too."""
    connection.execute(
        "UPDATE ops.profile_builds SET made_from = map_concat(made_from, MAP {$erased: ''})", {"erased": _ERASED}
    )


def why_anew(
    connection: duckdb.DuckDBPyConnection, made_of: Mapping[str, str], mapping: Sequence[FieldRule], now: datetime
) -> str | None:
    """Why all has to be read anew; None where the last build left what a build of only the changes needs."""
    last = connection.execute(
        "SELECT made_from, built_at FROM ops.profile_builds ORDER BY number DESC LIMIT 1"
    ).fetchall()
    if not last:
        return "no build before this one"
    before, built_at = last[0]
    if _ERASED in before:
        return _ERASED
    changed = [name for name, digest in made_of.items() if before.get(name) != digest]
    if changed:
        return f"{' and '.join(changed)} changed"
    if naive(now) < built_at and any(rule.keep_days for rule in mapping):
        return "the last build is dated later than this one"
    return None


def leave_for_next(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Keeps what the next build needs of what this one has read."""
    remember_contents(connection, everything=scope.everything)
    delete(connection, "profiles.set_aside", scope.records)
    note_set_aside(connection, scope.streams)


def note_build(
    connection: duckdb.DuckDBPyConnection,
    made_of: Mapping[str, str],
    *,
    why: str | None,
    rows_changed: int,
    profiles_rebuilt: int,
    now: datetime,
    run_id: str,
) -> None:
    """Adds this build to ops.profile_builds."""
    connection.execute(
        """
        INSERT INTO ops.profile_builds
        SELECT coalesce(max(number), 0) + 1, $run_id, $now::TIMESTAMP, $made_from, $why, $rows, $profiles
        FROM ops.profile_builds
        """,
        {
            "run_id": run_id,
            "now": now,
            "made_from": dict(made_of),
            "why": why,
            "rows": rows_changed,
            "profiles": profiles_rebuilt,
        },
    )


@cache
def _program() -> str:
    """The code of this room, and the versions of what it reads values with."""
    code = sorted(
        (each.name, _digest(each.read_bytes()))
        for each in files_within(files("sf_elt.profiles"))
        if each.name.endswith((".py", ".sql"))
    )
    return repr((code, [version(name) for name in ("duckdb", "phonenumbers", "sqlglot")]))


def _digest(content: bytes) -> str:
    return md5(content, usedforsecurity=False).hexdigest()
