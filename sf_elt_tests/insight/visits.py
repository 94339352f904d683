"""Visits of profiles, and the scores that they get."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sf_elt.insight import ScoreSpec, score_behaviour
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import NOW, Row, event, put, table

Visits = Mapping[str, Iterable[datetime]]


def ago(days: float = 0, **more: float) -> datetime:
    return NOW - timedelta(days=days, **more)


def every(days: float, times: int, *, last: float = 0.5) -> list[datetime]:
    """Visits with so many days between them, the last one so many days ago."""
    return [ago(last + days * n) for n in range(times)]


def session(start: datetime, events: int) -> list[datetime]:
    return [start + timedelta(minutes=n) for n in range(events)]


def scores(warehouse: Warehouse, visits: Visits, *, session_gap: timedelta = timedelta(minutes=30)) -> dict[str, Row]:
    """Who → the row of scores."""
    happened(warehouse, visits)
    score_behaviour(warehouse, ScoreSpec(session_gap=session_gap), now=NOW, run_id="test")
    return {row["profile_id"]: row for row in table(warehouse, "insight.scores")}


def happened(warehouse: Warehouse, visits: Visits) -> None:
    """Events that belong to these profiles, without the work of finding whose they are."""
    rows = [event(at, cookie=who, url=str(n)) for who, times in visits.items() for n, at in enumerate(times)]
    put(warehouse, events=[{**row, "event_id": str(n)} for n, row in enumerate(rows)])
    with warehouse.write() as connection:
        connection.execute(
            "CREATE OR REPLACE VIEW profiles.web_events_by_profile AS "
            "SELECT anonymous_id AS profile_id, occurred_at FROM streams.web_events"
        )
