"""What the children of the scores' benchmark do: make behaviour, score it, compare."""

import time
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import scipy.optimize
import scipy.special  # noqa: F401 - no module is imported by the clock

from benchmarks.profile_work import NOW
from sf_elt.insight import SCORES, score_behaviour
from sf_elt.profiles import FieldRule
from sf_elt.profiles.reading.rows import event_key, mapped_streams, publish_events
from sf_elt.profiles.reading.sources import find_sources
from sf_elt.warehouse import Warehouse

STREAM = "web_events"
MAPPING = [
    FieldRule(stream=STREAM, source="email", to="email", type="string", identifier=True, clean="email"),
    FieldRule(stream=STREAM, source="anonymous_id", to="web_cookies", type="[]string", merge="set", identifier=True),
]


def make_behaviour(folder: str, events: int, people: int) -> int:
    """Fills a new warehouse with web events and the links that a build would make of them; gives the links' number."""
    text = files("benchmarks").joinpath("behaviour.sql").read_text("utf-8")
    warehouse = Warehouse(Path(folder))
    with warehouse.write() as connection:
        connection.execute(text.format(events=events, people=people))
        streams = mapped_streams(MAPPING, find_sources(connection, [STREAM]))
        links = f"""
            INSERT INTO profiles.links
            SELECT DISTINCT '{STREAM}', {event_key(streams[0])}, 'web_cookies', anonymous_id, md5(anonymous_id),
                'identifier'
            FROM streams.{STREAM}
        """
        (count,) = connection.execute(links).fetchall()[0]
        publish_events(connection, streams)
    return int(count)


def score(folder: str) -> dict[str, object]:
    """Scores everybody; with the model of who returns, and the seconds."""
    began = time.perf_counter()
    report = score_behaviour(Warehouse(Path(folder)), now=NOW, run_id="bench")
    model = report.model
    return {
        "seconds": time.perf_counter() - began,
        "profiles": report.profiles,
        "events": report.events,
        "model": {name: getattr(model, name) for name in ("r", "alpha", "a", "b")} if model else None,
        "horizon_days": 30,
        "pause_us": timedelta(minutes=30) // timedelta(microseconds=1),
        "now_us": int(NOW.timestamp()) * 1_000_000,
    }


def land_events(folder: str, result: str) -> None:
    """Writes when which cookie did something, and whose cookie that is, as Parquet files."""
    Path(result).mkdir()
    with Warehouse(Path(folder)).read() as connection:
        connection.execute(
            f"COPY (SELECT occurred_at, anonymous_id FROM streams.{STREAM}) TO '{result}/events.parquet'"
        )
        cookies = "SELECT DISTINCT value AS anonymous_id, profile_id FROM profiles.links WHERE kind = 'web_cookies'"
        connection.execute(f"COPY ({cookies}) TO '{result}/cookies.parquet'")


def differences(folder: str, theirs: str) -> dict[str, int]:
    """Score → for how many profiles it is another one in a Parquet file. `profiles` is how many only one of them has.

    Where a value lies at a half, it is rounded as the last bit of a sum has it: a difference of 1 is none.
    """
    differs = ", ".join(
        f"count(*) FILTER ((ours.{name} IS NULL) <> (theirs.{name} IS NULL)"
        f" OR abs(ours.{name}::INTEGER - theirs.{name}::INTEGER) > 1) AS {name}"
        for name in SCORES
    )
    with Warehouse(Path(folder)).read() as connection:
        found = connection.execute(
            f"""
            SELECT count(*) FILTER (ours.profile_id IS NULL OR theirs.profile_id IS NULL), {differs}
            FROM insight.scores AS ours
            FULL JOIN read_parquet($theirs) AS theirs USING (profile_id)
            """,
            {"theirs": theirs},
        ).fetchall()[0]
    return {name: int(count) for name, count in zip(["profiles", *SCORES], found, strict=True) if count}
