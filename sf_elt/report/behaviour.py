"""What people do and what they read: how the scores are spread, and which topics interest most."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sf_elt.insight import SCORES
from sf_elt.profiles.sql import statement
from sf_elt.report.asking import Asked
from sf_elt.warehouse import quote

TOPICS = 15
TENTHS = 10


@dataclass(frozen=True)
class ScoreSpread:
    """How one score is spread over the profiles that have it. `tenths` counts them by 0–9, 10–19, … 90–100."""

    score: str
    people: int
    tenths: tuple[int, ...]
    median: int | None


@dataclass(frozen=True)
class Scores:
    """All scores, in their own order, of `people` profiles with behaviour."""

    people: int
    spreads: tuple[ScoreSpread, ...]
    computed_at: datetime


@dataclass(frozen=True)
class Topic:
    """A topic: how many people have read about it, for how many it is among the three of most interest, all visits."""

    topic: str
    people: int
    most_interested: int
    visits: int


@dataclass(frozen=True)
class Topics:
    """The topics of most interest, out of `all` of them."""

    all: int
    top: tuple[Topic, ...]
    computed_at: datetime


def read_scores(asked: Asked) -> Scores | None:
    """None where nobody has a score."""
    ((people, computed_at),) = asked.sql("SELECT count(*), max(computed_at) FROM insight.scores")
    if not people:
        return None
    values: dict[str, Counter[int]] = {score: Counter() for score in SCORES}
    for score, value, profiles in asked.rows("scores", parts={"scores": ", ".join(map(quote, SCORES))}):
        values[score][value] = profiles
    return Scores(people, tuple(_spread(*each) for each in values.items()), computed_at)


def read_topics(asked: Asked) -> Topics | None:
    """None where nobody has read about anything."""
    ((topics, computed_at),) = asked.sql("SELECT count(DISTINCT topic), max(computed_at) FROM insight.affinities")
    if not topics:
        return None
    asked.connection.execute(statement("topic_key", package="sf_elt.insight.affinity"))
    top = tuple(Topic(*row) for row in asked.rows("topics", most=TOPICS))
    return Topics(topics, top, computed_at)


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
