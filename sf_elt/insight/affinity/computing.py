"""Affinities from the topics of the pages that profiles visited, in one transaction."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from sf_elt.insight.linked import linked_streams, linked_view
from sf_elt.profiles.sql import statement
from sf_elt.streams.progress import Progress
from sf_elt.warehouse import Warehouse

log = logging.getLogger(__name__)

INTERESTS = {"top_topics": "VARCHAR", "affinities": "MAP(VARCHAR, DOUBLE)"}
"""The columns of insight.interests and their DuckDB types: topics of most interest; topic in lower case → affinity."""

TOP = 3
"""How many topics a profile's top_topics names."""

LONGEST_TOPIC = 200
"""Characters of a topic; what is longer is a text and no topic."""

LISTED = 20
"""How many of the least visited topics a report names where there are too many."""

_FORMULA = {"half_sure_at": 3, "least_distinct": 0.1, "least_share": 0.5, "faded_below": 0.00001}
"""The numbers of the formula, which docs/affinity.md gives reasons for."""


class AffinitySpec(BaseModel):
    """Which visits say what somebody is interested in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    streams: tuple[str, ...] = Field(
        default=("web_events",), min_length=1, description="Streams of events whose rows are visits of pages."
    )
    half_life_days: float = Field(default=90, ge=1, le=3650, description="Days after which a visit counts half.")
    minimum_visits: int = Field(default=1, ge=1, description="Fewer visits of a topic than this are no affinity.")
    most_topics: int = Field(default=500, ge=1, description="More topics than this are reported, and none left out.")


@dataclass(frozen=True)
class TopicVisits:
    """A topic and how many visits of pages about it there are."""

    topic: str
    visits: int


@dataclass(frozen=True)
class AffinitiesReport:
    """What insight.affinities holds now. `visits` have at least one topic, belong to a profile and lie before now.

    `malformed` are topics of visits that are none: blank, JSON, too long. `least_visited` is there only where there are
    more topics than the specification accepts, the least visited first. Of `missing_streams` no events belong to
    profiles, and the events of `streams_without_topics` have no list of topics.
    """

    affinities: int
    profiles: int
    topics: int
    visits: int
    malformed: int
    least_visited: tuple[TopicVisits, ...]
    missing_streams: tuple[str, ...]
    streams_without_topics: tuple[str, ...]
    seconds: float


def compute_affinities(
    warehouse: Warehouse,
    spec: AffinitySpec | None = None,
    *,
    now: datetime,
    run_id: str,
    progress: Progress | None = None,
) -> AffinitiesReport:
    """Computes insight.affinities and insight.interests anew from all visits up to `now` (an aware time).

    A profile has a row for each topic that it visited, and none for any other. Raises StreamsRefused where a stream
    does not exist and another one is called nearly the same.
    """
    started = time.perf_counter()
    spec = spec or AffinitySpec()
    with warehouse.write() as connection:
        linked = linked_streams(connection, spec.streams, "to read topics from")
        with_topics = [stream for stream, columns in linked.items() if "topics" in columns]
        visits = _gather(connection, with_topics, spec, now)
        if progress:
            progress("weighing visits", 0, visits)
        _execute(connection, "affinities", {**_FORMULA, "minimum_visits": spec.minimum_visits})
        _replace(connection, now)
        if progress:
            progress("weighed visits", visits, visits)
        affinities, profiles = connection.execute(
            "SELECT count(*), count(DISTINCT profile_id) FROM insight.affinities"
        ).fetchall()[0]
        (malformed,) = connection.execute("SELECT sum(visits) FROM list_topics WHERE is_malformed").fetchall()[0]
        (topics,) = connection.table("found_topics").count("*").fetchall()[0]
        report = AffinitiesReport(
            affinities=affinities,
            profiles=profiles,
            topics=topics,
            visits=visits,
            malformed=int(malformed or 0),
            least_visited=_least_visited(connection) if topics > spec.most_topics else (),
            missing_streams=tuple(stream for stream in spec.streams if stream not in linked),
            streams_without_topics=tuple(stream for stream in linked if stream not in with_topics),
            seconds=time.perf_counter() - started,
        )
    log.info("run %s computed affinities: %s", run_id, report)
    if report.least_visited:
        log.warning("run %s: there are %s topics, more than %s", run_id, f"{topics:,}", f"{spec.most_topics:,}")
    return report


def _gather(connection: duckdb.DuckDBPyConnection, streams: list[str], spec: AffinitySpec, now: datetime) -> int:
    """Makes the temporary tables list_visits, list_topics and found_topics, and counts the visits."""
    none = "SELECT NULL::VARCHAR AS profile_id, NULL::TIMESTAMP AS occurred_at, NULL::VARCHAR[] AS topics WHERE false"
    views = [f"FROM {linked_view(stream)}" for stream in streams]
    selects = [f"SELECT profile_id, occurred_at, topics {view}" for view in views]
    _execute(connection, "topic_key")
    _execute(
        connection,
        "visits",
        {"now": now, "half_life_days": spec.half_life_days},
        events="\n    UNION ALL\n    ".join([none, *selects]),
    )
    _execute(connection, "list_topics", {"longest": LONGEST_TOPIC})
    _execute(connection, "found_topics")
    (visits,) = connection.execute("SELECT coalesce(sum(visits), 0) FROM list_visits").fetchall()[0]
    return int(visits)


def _replace(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    connection.execute("DELETE FROM insight.affinities")
    connection.execute("DELETE FROM insight.interests")
    connection.execute(
        """
        INSERT INTO insight.affinities BY NAME
        SELECT profile_id, topic, affinity, visits, last_visit_at, $now::TIMESTAMP AS computed_at
        FROM computed_affinities
        """,
        {"now": now},
    )
    _execute(connection, "interests", {"now": now, "top": TOP})


def _least_visited(connection: duckdb.DuckDBPyConnection) -> tuple[TopicVisits, ...]:
    found = connection.execute(
        "SELECT topic, visits FROM found_topics ORDER BY visits, topic LIMIT ?", [LISTED]
    ).fetchall()
    return tuple(TopicVisits(topic, visits) for topic, visits in found)


def _execute(
    connection: duckdb.DuckDBPyConnection, name: str, values: Mapping[str, object] | None = None, **parts: str
) -> None:
    connection.execute(statement(name, package=__package__, **parts), values)
