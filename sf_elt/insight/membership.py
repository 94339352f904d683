"""Who is in which audience since when, and why they entered or left."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from sf_elt.insight.audiences import Audience
from sf_elt.insight.definitions import Definition
from sf_elt.insight.evaluating import evaluate, run_sql
from sf_elt.insight.samples import sample_members
from sf_elt.insight.unread import unread_topics
from sf_elt.profiles.samples import Sample
from sf_elt.streams.progress import Progress
from sf_elt.warehouse import Warehouse

log = logging.getLogger(__name__)


SAMPLE = 3
"""How many members of each audience a report shows."""


@dataclass(frozen=True)
class AudienceChange:
    """One audience after an evaluation: its members now, and how many entered and left this time.

    Of those, `by_definition` moved because the definition is new or changed, or that of an audience referred to.
    """

    audience: str
    members: int
    entered: int
    left: int
    by_definition: int


@dataclass(frozen=True)
class AudiencesReport:
    """Every audience that is defined, in their order, then those that are no longer defined and lost their members.

    `samples` has a few members of each that is defined, without personal data. `notes` has by audience sentences about
    topics in its condition to which nobody has an affinity.
    """

    audiences: tuple[AudienceChange, ...]
    profiles: int
    samples: Mapping[str, Sample]
    notes: Mapping[str, Sequence[str]]
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
        definitions = evaluate(connection, audiences, now=now, progress=progress)
        _record_moves(connection, now)
        _record_audiences(connection, audiences, definitions, now)
        changes = tuple(AudienceChange(*row) for row in run_sql(connection, "audience_report").fetchall())
        (profiles,) = connection.execute("SELECT count(*) FROM profiles.profiles").fetchall()[0]
        samples = {
            each.name: sample_members(connection, definitions[each.name].condition, each.name, SAMPLE)
            for each in audiences
        }
        notes = unread_topics(connection, definitions.values())
    report = AudiencesReport(changes, profiles, samples, notes, time.perf_counter() - started)
    log.info("run %s evaluated audiences in %.1f s: %s", run_id, report.seconds, changes)
    return report


def _record_moves(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    run_sql(connection, "follow_merges")
    for change in ("move_stays", "leave", "enter"):
        run_sql(connection, change, {"now": now})


def _record_audiences(
    connection: duckdb.DuckDBPyConnection,
    audiences: Sequence[Audience],
    definitions: Mapping[str, Definition],
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
                "md5": definitions[audience.name].fingerprint,
                "members": members.get(audience.name, 0),
                "now": now,
            },
        )
