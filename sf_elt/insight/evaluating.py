"""Who is in which audience now, who would be by the former definitions, and who moves because of what.

Nothing is written but temporary tables, so that a read-only connection will do:

    defined           audience, position, change (new | same | changed), former_known
    current_members   audience, profile_id
    former_members    audience, profile_id: by the former definitions of those that changed and of what they refer to
    open_stays        audience, profile_id: who is recorded as a member; merged profiles are the surviving one
    moves             audience, profile_id, enters, because
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb

from sf_elt.insight.audiences import Audience
from sf_elt.insight.conditions import Condition
from sf_elt.insight.definitions import Definition, define, define_what_still_applies
from sf_elt.insight.errors import AudiencesRefused
from sf_elt.insight.subjects import make_subjects
from sf_elt.profiles.sql import statement
from sf_elt.streams.progress import Progress

log = logging.getLogger(__name__)


_UNFIT = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)


def evaluate(
    connection: duckdb.DuckDBPyConnection,
    audiences: Sequence[Audience],
    *,
    now: datetime,
    progress: Progress | None = None,
) -> dict[str, Definition]:
    """Fills the temporary tables; gives the definitions by name.

    Raises AudiencesRefused where an audience is not well defined or fails on somebody's value, ProfilesMissing where
    profiles were never built.
    """
    types = make_subjects(connection)
    definitions, faults = define(audiences, types)
    if faults:
        raise AudiencesRefused([f"audience {audiences[fault.index].name}: {fault.says}" for fault in faults])
    by_name = {each.name: each for each in definitions}
    _note_changes(connection, [by_name[audience.name] for audience in audiences])
    for done, each in enumerate(definitions):
        if progress:
            progress(f"evaluating audience {each.name}", done, len(definitions))
        try:
            _add_members(connection, "current_members", each.name, each.condition, each.condition.sql(now))
        except _UNFIT as error:
            fault = f"a profile has a value that the condition cannot take: {str(error).splitlines()[0]}"
            raise AudiencesRefused([f"audience {each.name}: {fault}"]) from error
    _evaluate_former(connection, types, now)
    run_sql(connection, "open_stays")
    run_sql(connection, "moves")
    return by_name


def run_sql(
    connection: duckdb.DuckDBPyConnection, name: str, values: Mapping[str, object] | None = None, **parts: str
) -> duckdb.DuckDBPyConnection:
    """Runs one of this room's `.sql` files."""
    return connection.execute(statement(name, package=__package__, **parts), values)


def _note_changes(connection: duckdb.DuckDBPyConnection, definitions: Sequence[Definition]) -> None:
    """Makes the tables, and notes for each audience whether its definition is the one that stands."""
    former = dict(connection.execute("SELECT audience, definition_md5 FROM insight.audiences").fetchall())
    run_sql(connection, "evaluation_tables")
    for position, each in enumerate(definitions):
        standing = former.get(each.name)
        change = "new" if standing is None else "same" if standing == each.fingerprint else "changed"
        connection.execute("INSERT INTO defined VALUES (?, ?, ?, false)", [each.name, position, change])


def _add_members(
    connection: duckdb.DuckDBPyConnection, table: str, name: str, condition: Condition, condition_sql: str
) -> None:
    values = {"audience": name, "referred": list(condition.audiences)}
    run_sql(connection, "members", values, table=table, condition=condition_sql)


def _evaluate_former(connection: duckdb.DuckDBPyConnection, types: Mapping[str, str], now: datetime) -> None:
    """Who would be in the audiences whose definition changed, had it not; where the former one can still be told."""
    changed = {
        name for (name,) in connection.execute("SELECT audience FROM defined WHERE change = 'changed'").fetchall()
    }
    if not changed:
        return
    former = dict(connection.execute("SELECT audience, condition FROM insight.audiences").fetchall())
    definitions, faults = define_what_still_applies(former, types)
    for name in sorted(changed & faults.keys()):
        log.info("audience %s: its former condition no longer applies: %s", name, faults[name])
    for each in _needed(definitions, changed):
        attempt = f"TRY({each.condition.sql(now)})"
        _add_members(connection, "former_members", each.name, each.condition, attempt)
        connection.execute("UPDATE defined SET former_known = true WHERE audience = ?", [each.name])


def _needed(definitions: Sequence[Definition], names: set[str]) -> list[Definition]:
    """Of definitions in their order, those of these names and what they refer to."""
    needed = set(names)
    for each in reversed(definitions):
        if each.name in needed:
            needed |= set(each.condition.audiences)
    return [each for each in definitions if each.name in needed]
