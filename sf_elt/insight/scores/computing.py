"""The scores of all profiles, from their events: computed in SQL, a file a step."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from sf_elt.insight.linked import linked_streams, linked_view
from sf_elt.insight.scores.propensity import NotFitted, ReturnModel, fit_returns
from sf_elt.profiles.reading.sources import find_sources
from sf_elt.profiles.sql import statement
from sf_elt.streams.progress import Progress
from sf_elt.warehouse import Warehouse

log = logging.getLogger(__name__)

SCORES = (
    "quantity", "frequency", "recency", "intensity", "momentum", "propensity", "consistency", "maturity", "volatility",
)  # fmt: skip
"""The columns of insight.scores that hold a score."""

USUAL_GAP_DAYS = 28
"""The days between visits that a profile with a single active day is taken to have."""

LATE_AFTER = 1.25
"""The usual gaps that may pass between visits before any recency is lost."""

HALF_MATURE_DAYS = 730
"""The days between the first and the last activity of a profile with a maturity of 50."""

FITTED_PEOPLE = 100_000
"""The model of who returns is fitted to all profiles; of many, to a sample of at least so many."""


class ScoreSpec(BaseModel):
    """Which behaviour is scored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    streams: tuple[str, ...] = Field(
        default=("web_events",), min_length=1, description="Streams of events whose rows are behaviour."
    )
    session_gap: timedelta = Field(
        default=timedelta(minutes=30),
        gt=timedelta(0),
        description="A session ends after this much time without an event.",
    )
    horizon: timedelta = Field(
        default=timedelta(days=30),
        gt=timedelta(0),
        description="Propensity is the probability that a profile is active on another day within this time.",
    )


@dataclass(frozen=True)
class ScoresReport:
    """How many profiles have scores, from how many events; `events_left_out` belong to no profile or lie after now.

    `missing_streams` are in the specification but have no events that belong to profiles. Without a `model` (times in
    days) there was too little behaviour to fit one, and nobody has a propensity.
    """

    profiles: int
    events: int
    events_left_out: int
    missing_streams: tuple[str, ...]
    model: ReturnModel | None
    seconds: float


def score_behaviour(
    warehouse: Warehouse, spec: ScoreSpec | None = None, *, now: datetime, run_id: str, progress: Progress | None = None
) -> ScoresReport:
    """Computes insight.scores anew: one row for each profile with behaviour up to `now` (an aware time).

    Without any behaviour insight.scores is empty. Raises StreamsRefused where a stream does not exist and another one
    is called nearly the same.
    """
    started = time.perf_counter()
    spec = spec or ScoreSpec()
    with warehouse.write() as connection:
        streams = list(linked_streams(connection, spec.streams, "to score"))
        if progress:
            progress("finding sessions", 0, None)
        events = _find_sessions(connection, spec, streams, now)
        if progress:
            progress("scoring events", 0, events)
        model = _compute(connection, spec, now, run_id)
        connection.execute("DELETE FROM insight.scores")
        connection.execute(
            "INSERT INTO insight.scores BY NAME SELECT *, $now::TIMESTAMP AS computed_at FROM computed_scores",
            {"now": now},
        )
        (profiles,) = connection.execute("SELECT count(*) FROM insight.scores").fetchall()[0]
        everything = sum(_rows(connection, source.table) for source in find_sources(connection, streams).values())
        if progress:
            progress("scored events", events, events)
    missing = tuple(stream for stream in spec.streams if stream not in streams)
    report = ScoresReport(profiles, events, everything - events, missing, model, time.perf_counter() - started)
    log.info("run %s scored behaviour: %s", run_id, report)
    return report


def _find_sessions(
    connection: duckdb.DuckDBPyConnection, spec: ScoreSpec, streams: Sequence[str], now: datetime
) -> int:
    """Makes the temporary table sessions and counts the events in it."""
    pause = spec.session_gap // timedelta(microseconds=1)
    none = "SELECT NULL::VARCHAR AS profile_id, NULL::TIMESTAMP AS occurred_at WHERE false"
    views = [f"FROM {linked_view(stream)}" for stream in streams]
    selects = [f"SELECT profile_id, occurred_at {view}" for view in views]
    _run(connection, "slots", {"now": now, "pause": pause}, events="\n    UNION ALL\n    ".join([none, *selects]))
    _run(connection, "people")
    _run(connection, "sessions", {"pause": pause})
    (events,) = connection.execute("SELECT coalesce(sum(events), 0) FROM sessions").fetchall()[0]
    return int(events)


def _compute(connection: duckdb.DuckDBPyConnection, spec: ScoreSpec, now: datetime, run_id: str) -> ReturnModel | None:
    """Makes the temporary table computed_scores from the table sessions."""
    _run(connection, "days", {"now": now})
    _run(connection, "intervals")
    _run(connection, "cadence", {"usual_gap": USUAL_GAP_DAYS})
    model = _fit(connection, run_id)
    for macro in ("share_below", "chance_of_return"):
        _run(connection, macro)
    _run(
        connection,
        "computed",
        {
            "usual_gap": USUAL_GAP_DAYS,
            "late_after": LATE_AFTER,
            "half_mature": HALF_MATURE_DAYS,
            "horizon": spec.horizon / timedelta(days=1),
            **{name: getattr(model, name, None) for name in ("r", "alpha", "a", "b")},
        },
    )
    return model


def _fit(connection: duckdb.DuckDBPyConnection, run_id: str) -> ReturnModel | None:
    """The model of who returns, times in days; None, and said so, where there is too little behaviour."""
    found = connection.execute(
        statement("return_summaries", package=__package__),
        {"one_in": max(1, _rows(connection, "cadence") // FITTED_PEOPLE)},
    ).fetchnumpy()
    try:
        return fit_returns(found["returns"], found["last_return"], found["age"], found["people"])
    except NotFitted as error:
        log.warning("run %s leaves propensity empty, because there is no model of who returns: %s", run_id, error)
        return None


def _run(
    connection: duckdb.DuckDBPyConnection, name: str, values: dict[str, object] | None = None, **parts: str
) -> duckdb.DuckDBPyConnection:
    return connection.execute(statement(name, package=__package__, **parts), values)


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    (count,) = connection.sql(f"FROM {table}").count("*").fetchall()[0]
    return int(count)
