"""Behavioural scores, 0 to 100: quantity, frequency, recency, intensity, momentum. Formulas: docs/scores.md."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from sf_elt.insight.errors import StreamsRefused
from sf_elt.profiles.sources import find_sources
from sf_elt.profiles.sql import statement
from sf_elt.salesforce import did_you_mean
from sf_elt.warehouse import Warehouse, quote_table

log = logging.getLogger(__name__)

SCORES = ("quantity", "frequency", "recency", "intensity", "momentum")
"""The columns of insight.scores that hold a score."""

USUAL_GAP_DAYS = 28
"""The days between visits that a profile with a single active day is taken to have."""

Progress = Callable[[str, int, int | None], None]


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


@dataclass(frozen=True)
class ScoresReport:
    """How many profiles have scores, from how many events; `events_left_out` belong to no profile or lie after now.

    `missing_streams` are in the specification but have no events that belong to profiles.
    """

    profiles: int
    events: int
    events_left_out: int
    missing_streams: tuple[str, ...]
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
        _refuse_slips(connection, spec.streams)
        streams = [stream for stream in spec.streams if _is_linked(connection, stream)]
        events = _gather(connection, streams, now)
        if progress:
            progress("scoring events", 0, events)
        connection.execute(statement("share_below", package=__package__))
        connection.execute(
            statement("scores", package=__package__),
            {"now": now, "session_gap": spec.session_gap, "usual_gap": USUAL_GAP_DAYS},
        )
        connection.execute("DELETE FROM insight.scores")
        connection.execute(
            """
            INSERT INTO insight.scores
            SELECT profile_id, quantity, frequency, recency, intensity, momentum, $now::TIMESTAMP FROM computed_scores
            """,
            {"now": now},
        )
        (profiles,) = connection.execute("SELECT count(*) FROM insight.scores").fetchall()[0]
        everything = sum(_rows(connection, source.table) for source in find_sources(connection, streams).values())
        if progress:
            progress("scored events", events, events)
    missing = tuple(stream for stream in spec.streams if stream not in streams)
    report = ScoresReport(profiles, events, everything - events, missing, time.perf_counter() - started)
    log.info("run %s scored behaviour: %s", run_id, report)
    return report


def _refuse_slips(connection: duckdb.DuckDBPyConnection, streams: Sequence[str]) -> None:
    """A stream that is not there yet has no behaviour; one that is misspelt would have none for ever."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'streams' AND database_name = current_database()"
    ).fetchall()
    existing = {str(table) for (table,) in tables}
    for stream in streams:
        if stream not in existing and (hint := did_you_mean(stream, existing.difference(streams), cutoff=0.9)):
            raise StreamsRefused(f"there is no stream {stream} to score{hint}")


def _is_linked(connection: duckdb.DuckDBPyConnection, stream: str) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM duckdb_views() WHERE schema_name = 'profiles' AND view_name = ?", [f"{stream}_by_profile"]
    ).fetchall()
    return found == [(1,)]


def _gather(connection: duckdb.DuckDBPyConnection, streams: Sequence[str], now: datetime) -> int:
    """Makes the temporary table behaviour and counts its rows."""
    none = "SELECT NULL::VARCHAR AS profile_id, NULL::TIMESTAMP AS occurred_at WHERE false"
    views = [f"FROM {quote_table('profiles', f'{stream}_by_profile')}" for stream in streams]
    selects = [f"SELECT profile_id, occurred_at {view}" for view in views]
    connection.execute(
        statement("behaviour", package=__package__, events="\n    UNION ALL\n    ".join([none, *selects])), {"now": now}
    )
    return _rows(connection, "behaviour")


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    (count,) = connection.sql(f"FROM {table}").count("*").fetchall()[0]
    return int(count)
