"""What stands in insight, in few numbers: sizes of audiences over time, how scores are spread, topics that are read."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sf_elt.insight.evaluating import run_sql
from sf_elt.insight.scores import SCORES
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote
from sf_elt.warehouse.over_time import Connection, Span, over_time

TENTHS = 10


@dataclass(frozen=True)
class ScoreSpread:
    """How one score is spread over the profiles that have it. `tenths` counts them by 0–9, 10–19, … 90–100."""

    score: str
    people: int
    tenths: tuple[int, ...]
    median: int | None


@dataclass(frozen=True)
class ReadTopic:
    """A topic: how many people have read about it, for how many it is among the three of most interest, all visits."""

    topic: str
    people: int
    most_interested: int
    visits: int


def audiences_over_time(connection: Connection, *, now: datetime) -> list[Span]:
    """Who entered and left each audience since its first member entered, and its sizes. One without stays has none."""
    return over_time(connection, statement("moves_of_audiences", package=__package__ or ""), now=now)


def spread_of_scores(connection: Connection) -> tuple[ScoreSpread, ...]:
    """All nine scores, in their own order."""
    values: dict[str, Counter[int]] = {score: Counter() for score in SCORES}
    found = run_sql(connection, "spread_of_scores", scores=", ".join(map(quote, SCORES))).fetchall()
    for score, value, profiles in found:
        values[score][value] = profiles
    return tuple(_spread(*each) for each in values.items())


def most_read_topics(connection: Connection, most: int) -> list[ReadTopic]:
    """At most so many, that first which interests most people most."""
    connection.execute(statement("topic_key", package="sf_elt.insight.affinity"))
    return [ReadTopic(*row) for row in run_sql(connection, "most_read_topics", {"most": most}).fetchall()]


def _spread(score: str, values: Counter[int]) -> ScoreSpread:
    tenths = [0] * TENTHS
    for value, profiles in values.items():
        tenths[min(value // TENTHS, TENTHS - 1)] += profiles
    return ScoreSpread(score, values.total(), tuple(tenths), _median(values))


def _median(values: Counter[int]) -> int | None:
    """The lower of the two in the middle where there is an even number."""
    half, below = values.total() / 2, 0
    for value in sorted(values):
        below += values[value]
        if below >= half:
            return value
    return None
