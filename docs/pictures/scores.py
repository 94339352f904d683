"""Draws the pictures of docs/scores.md: what each score makes of a few histories, computed by the scores themselves.

    python docs/pictures/scores.py

Needs the dev extra (matplotlib). The colours read on a light and on a dark page; the background stays clear.
"""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from sf_elt.insight import SCORES, ScoreSpec, score_behaviour
from sf_elt.warehouse import Warehouse

PICTURES = Path(__file__).parent.parent / "images" / "scores"
CDNOW = Path(__file__).parents[2] / "sf_elt_tests" / "insight" / "data" / "cdnow_sample.csv.gz"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
GREY, BLUE, ORANGE = "#808890", "#3b82c4", "#d97706"
History = Sequence[tuple[float, int]]
"""Sessions: how many days ago, and how many events."""


def every(days: float, times: int, *, last: float = 1, events: int = 1) -> History:
    return [(last + days * n, events) for n in range(times)]


HISTORIES: Mapping[str, Mapping[str, History]] = {
    "quantity": {f"events: {n}": every(9, n) for n in (1, 3, 10, 30)},
    "frequency": {"once": every(1, 1), "monthly": every(30, 8), "weekly": every(7, 34), "every 2 days": every(2, 120)},
    "recency": {
        "weekly, to this day": every(7, 20),
        "weekly, away for 3 weeks": every(7, 17, last=22),
        "away for half a year": every(7, 9, last=180),
        "… with a stray visit": [(1, 1), *every(7, 9, last=180)],
        "once": [(180, 1)],
        "… with a stray visit ": [(1, 1), (180, 1)],
    },
    "intensity": {f"{n} a session": every(20, 12, events=n) for n in (1, 3, 8, 20)},
    "momentum": {
        "more and more often": [*every(4, 12), *every(14, 14, last=50)],
        "weekly, as always": every(7, 34),
        "monthly, as always": every(30, 8),
        "more and more rarely": [*every(21, 4), *every(6, 28, last=78)],
        "gone": every(7, 14, last=140),
    },
    "consistency": {
        "every 7 days": every(7, 34),
        "every 30 days": every(30, 8),
        "7 and 30 in turn": [(1 + 37 * n + more, 1) for n in range(6) for more in (0, 7)],
        "bursts": [(1 + 60 * n + more, 1) for n in range(4) for more in (0, 1, 2)],
    },
    "maturity": {
        "5 years": every(60, 31),
        "3 years": every(60, 19),
        "3 years, then 2 silent": every(60, 19, last=730),
        "a month": every(7, 5),
    },
    "volatility": {
        "always 4": every(20, 12, events=4),
        "always 12": every(20, 12, events=12),
        "2 and 8 in turn": [(1 + 20 * n, 2 + n % 2 * 6) for n in range(12)],
        "1, and once 25": [(1 + 20 * n, 25 if n == 5 else 1) for n in range(12)],
    },
}


def scores_of(histories: Mapping[str, History]) -> dict[str, dict[str, int | None]]:
    """The scores of these people, and of nobody else."""
    rows = [
        (who, NOW.replace(tzinfo=None) - timedelta(days=days) + timedelta(minutes=n))
        for who, sessions in histories.items()
        for days, events in sessions
        for n in range(events)
    ]
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        with warehouse.write() as connection:
            connection.execute("CREATE TABLE streams.web_events (profile_id VARCHAR, occurred_at TIMESTAMP)")
            connection.executemany("INSERT INTO streams.web_events VALUES (?, ?)", rows)
            connection.execute("CREATE VIEW profiles.web_events_by_profile AS FROM streams.web_events")
        score_behaviour(warehouse, now=NOW, run_id="pictures")
        with warehouse.read() as connection:
            found = connection.sql("FROM insight.scores").select("profile_id", *SCORES).fetchall()
    return {who: dict(zip(SCORES, values, strict=True)) for who, *values in found}


def draw_score(score: str, histories: Mapping[str, History]) -> None:
    """A line a person, with a bar a session, as high as it has events, and the score beside it."""
    found = scores_of(histories)
    most = max(events for sessions in histories.values() for _, events in sessions)
    figure, axes = plt.subplots(figsize=(7.2, 0.5 + 0.42 * len(histories)))
    for line, (who, sessions) in enumerate(histories.items()):
        days = [-ago for ago, _ in sessions]
        axes.vlines(days, -line, [-line + 0.2 + 0.5 * events / most for _, events in sessions], color=BLUE, lw=1.4)
        axes.text(
            1.02,
            -line + 0.25,
            f"{found[who][score]}",
            transform=_beside(axes),
            color=ORANGE,
            weight="bold",
            va="center",
        )
    axes.set_yticks([0.2 - line for line in range(len(histories))], list(histories))
    axes.set_xlabel("days from now")
    axes.set_title(score, color=ORANGE, loc="right", fontsize=10)
    _save(figure, axes, score)


def draw_calibration() -> None:
    """What propensity said of the CDNOW customers at the end of 1997-09-30, and what they did in the next 39 weeks."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        with warehouse.write() as connection:
            connection.execute(
                "CREATE TABLE streams.web_events AS SELECT customer::VARCHAR AS profile_id, day + "
                "INTERVAL 12 HOUR AS occurred_at FROM read_csv(?)",
                [str(CDNOW)],
            )
            connection.execute("CREATE VIEW profiles.web_events_by_profile AS FROM streams.web_events")
        spec = ScoreSpec(horizon=timedelta(weeks=39))
        score_behaviour(warehouse, spec, now=datetime(1997, 10, 1, tzinfo=UTC), run_id="pictures")
        with warehouse.read() as connection:
            groups = connection.execute(
                "SELECT avg(propensity), 100 * avg((profile_id IN (SELECT profile_id FROM streams.web_events "
                "WHERE occurred_at > TIMESTAMP '1997-10-01'))::INT), count(*) "
                "FROM insight.scores GROUP BY least(propensity // 10, 8) ORDER BY 1"
            ).fetchall()
    figure, axes = plt.subplots(figsize=(4.6, 3.6))
    axes.plot([0, 100], [0, 100], color=GREY, lw=1, ls="--")
    axes.scatter(
        [row[0] for row in groups], [row[1] for row in groups], s=[12 + row[2] / 5 for row in groups], color=BLUE
    )
    for said, came, people in groups:
        axes.annotate(f"{people}", (said, came), (5, -11), textcoords="offset points", color=GREY, fontsize=7)
    axes.set_xlabel("propensity (39 weeks ahead)")
    axes.set_ylabel("came back, % of the customers")
    _save(figure, axes, "propensity")


def _beside(axes: Axes) -> mpl.transforms.Transform:
    return mpl.transforms.blended_transform_factory(axes.transAxes, axes.transData)


def _save(figure: mpl.figure.Figure, axes: Axes, name: str) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(PICTURES / f"{name}.svg", transparent=True, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    logging.disable(logging.WARNING)  # so few people have no propensity
    PICTURES.mkdir(parents=True, exist_ok=True)
    coloured = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    mpl.rcParams.update(
        dict.fromkeys(coloured, GREY) | {"font.size": 9, "svg.hashsalt": "scores", "svg.fonttype": "none"}
    )
    for score, histories in HISTORIES.items():
        draw_score(score, histories)
    draw_calibration()


if __name__ == "__main__":
    main()
