"""Who is in which audience since when, and why they entered or left."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from sf_elt.insight.affinity import INTERESTS
from sf_elt.insight.audiences import Audience
from sf_elt.insight.conditions import Condition, ConditionRefused, parse_condition
from sf_elt.insight.errors import AudiencesRefused, ProfilesMissing
from sf_elt.insight.scores import SCORES
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import Warehouse

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class AudienceChange:
    """One audience after an evaluation: its members now, and how many entered and left this time."""

    audience: str
    members: int
    entered: int
    left: int


@dataclass(frozen=True)
class AudiencesReport:
    """Every audience that is defined, in their order, then those that are no longer defined and lost their members."""

    audiences: tuple[AudienceChange, ...]
    seconds: float


def refresh_audiences(
    warehouse: Warehouse,
    audiences: Sequence[Audience],
    *,
    now: datetime,
    run_id: str,
    progress: Progress | None = None,
) -> AudiencesReport:
    """Evaluates the audiences at `now` (an aware time) and records who entered and who left.

    A merged profile's stay goes on as the surviving profile's. An audience that is not among `audiences` any more loses
    its members. Raises AudiencesRefused, before anything is written, where a condition is not well defined, and
    ProfilesMissing where profiles were never built.
    """
    started = time.perf_counter()
    with warehouse.write() as connection:
        conditions = _checked(connection, audiences, now)
        _define(connection, audiences, conditions)
        for done, audience in enumerate(audiences):
            if progress:
                progress(f"evaluating audience {audience.name}", done, len(audiences))
            _evaluate(connection, audience.name, conditions[audience.name], now)
        _evaluate_former(connection, now)
        _record_moves(connection, now)
        _record_audiences(connection, audiences, conditions, now)
        changes = [AudienceChange(*row) for row in _statement(connection, "audience_report").fetchall()]
    report = AudiencesReport(tuple(changes), time.perf_counter() - started)
    log.info("run %s evaluated audiences: %s", run_id, report)
    return report


def check_audiences(audiences: Sequence[Audience], columns: Sequence[str]) -> list[str]:
    """One sentence for each fault of the audiences, as far as it shows without a warehouse.

    `columns` are the names that conditions may use: user fields, scores, interests, created_at, updated_at.
    """
    _, problems = _parsed(audiences, columns)
    return problems


def _parsed(audiences: Sequence[Audience], columns: Sequence[str]) -> tuple[dict[str, Condition], list[str]]:
    names = Counter(audience.name.casefold() for audience in audiences)
    problems = [
        f"audience {a.name}: there is another one of this name" for a in audiences if names[a.name.casefold()] > 1
    ]
    conditions = {}
    for audience in audiences:
        try:
            conditions[audience.name] = parse_condition(audience.condition, columns)
        except ConditionRefused as refused:
            problems += [f"audience {audience.name}: {problem}" for problem in refused.problems]
    return conditions, problems


def _checked(
    connection: duckdb.DuckDBPyConnection, audiences: Sequence[Audience], now: datetime
) -> dict[str, Condition]:
    """The conditions, each known to give true or false over what there is. Makes the view subjects."""
    columns = _columns(connection)
    conditions, problems = _parsed(audiences, columns)
    for name, condition in conditions.items():
        if fault := _type_fault(connection, condition, now):
            problems.append(f"audience {name}: {fault}")
    if problems:
        raise AudiencesRefused(problems)
    return conditions


def _columns(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Makes the view subjects, and gives the columns of it that conditions may use."""
    standing = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'profiles' AND table_name = 'profiles'"
    ).fetchall()
    if standing != [(1,)]:
        raise ProfilesMissing("there are no profiles yet: build them before the audiences")
    described = connection.execute("DESCRIBE profiles.profiles").fetchall()
    fields = [name for name, *_ in described if name != "profile_id"]
    if both := sorted(set(fields) & {*SCORES, *INTERESTS}):
        raise AudiencesRefused(
            [f"`{name}` is a score or an interest and also a user field: rename the user field" for name in both]
        )
    _statement(connection, "subjects", scores=", ".join(f"scores.{score}::BIGINT AS {score}" for score in SCORES))
    return [*fields, *SCORES, *INTERESTS]


def _type_fault(connection: duckdb.DuckDBPyConnection, condition: Condition, now: datetime) -> str | None:
    """What keeps DuckDB from evaluating the condition, in its own words; or that it gives no true or false."""
    try:
        described = _statement(connection, "condition_type", condition=condition.sql(now)).fetchall()
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return None if described[0][1] == "BOOLEAN" else f"the condition gives a {described[0][1]}, not true or false"


def _define(
    connection: duckdb.DuckDBPyConnection, audiences: Sequence[Audience], conditions: Mapping[str, Condition]
) -> None:
    """Makes the temporary table defined: each audience, and whether its definition is the one that stands."""
    former = dict(connection.execute("SELECT audience, definition_md5 FROM insight.audiences").fetchall())
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE defined (audience VARCHAR, position INTEGER, change VARCHAR, former_known BOOLEAN);
        CREATE OR REPLACE TEMP TABLE current_members (audience VARCHAR, profile_id VARCHAR);
        CREATE OR REPLACE TEMP TABLE former_members (audience VARCHAR, profile_id VARCHAR)
        """
    )
    for position, audience in enumerate(audiences):
        standing = former.get(audience.name)
        same = standing == conditions[audience.name].fingerprint
        change = "new" if standing is None else "same" if same else "changed"
        connection.execute("INSERT INTO defined VALUES (?, ?, ?, false)", [audience.name, position, change])


def _evaluate(connection: duckdb.DuckDBPyConnection, name: str, condition: Condition, now: datetime) -> None:
    try:
        _statement(connection, "members", {"audience": name}, table="current_members", condition=condition.sql(now))
    except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException) as error:
        raise AudiencesRefused(
            [f"audience {name}: a profile has a value that the condition cannot take: {str(error).splitlines()[0]}"]
        ) from error


def _evaluate_former(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Who would be in the audiences whose definition changed, had it not; where the former one can still be told."""
    changed = connection.execute(
        """
        SELECT audience, audiences.condition
        FROM defined
        JOIN insight.audiences AS audiences USING (audience)
        WHERE change = 'changed'
        """
    ).fetchall()
    columns = _columns(connection)
    for name, text in changed:
        try:
            condition = parse_condition(text, columns)
        except ConditionRefused as refused:
            log.info("audience %s: its former condition no longer applies: %s", name, refused)
            continue
        if _type_fault(connection, condition, now) is None:
            attempt = f"TRY({condition.sql(now)})"
            _statement(connection, "members", {"audience": name}, table="former_members", condition=attempt)
            connection.execute("UPDATE defined SET former_known = true WHERE audience = ?", [name])


def _record_moves(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    _statement(connection, "follow_merges")
    _statement(connection, "move_stays", {"now": now})
    _statement(connection, "moves")
    _statement(connection, "leave", {"now": now})
    _statement(connection, "enter", {"now": now})


def _record_audiences(
    connection: duckdb.DuckDBPyConnection,
    audiences: Sequence[Audience],
    conditions: Mapping[str, Condition],
    now: datetime,
) -> None:
    members = dict(connection.execute("SELECT audience, count(*) FROM current_members GROUP BY audience").fetchall())
    connection.execute("DELETE FROM insight.audiences")
    for audience in audiences:
        connection.execute(
            "INSERT INTO insight.audiences VALUES ($name, $description, $condition, $md5, $members, $now::TIMESTAMP)",
            {
                "name": audience.name,
                "description": audience.description,
                "condition": audience.condition,
                "md5": conditions[audience.name].fingerprint,
                "members": members.get(audience.name, 0),
                "now": now,
            },
        )


def _statement(
    connection: duckdb.DuckDBPyConnection, name: str, values: Mapping[str, object] | None = None, **parts: str
) -> duckdb.DuckDBPyConnection:
    return connection.execute(statement(name, package=__package__, **parts), values)
