"""What people do and what they read: how the scores are spread, and which topics interest most."""

from dataclasses import dataclass
from datetime import datetime

from sf_elt.insight import ReadTopic, ScoreSpread, most_read_topics, spread_of_scores
from sf_elt.report.asking import Asked

TOPICS = 15


@dataclass(frozen=True)
class Scores:
    """All scores, in their own order, of `people` profiles with behaviour."""

    people: int
    spreads: tuple[ScoreSpread, ...]
    computed_at: datetime


@dataclass(frozen=True)
class Topics:
    """The topics of most interest, out of `all` of them."""

    all: int
    top: tuple[ReadTopic, ...]
    computed_at: datetime


def read_scores(asked: Asked) -> Scores | None:
    """None where nobody has a score."""
    ((people, computed_at),) = asked.sql("SELECT count(*), max(computed_at) FROM insight.scores")
    if not people:
        return None
    return Scores(people, spread_of_scores(asked.connection), computed_at)


def read_topics(asked: Asked) -> Topics | None:
    """None where nobody has read about anything."""
    ((topics, computed_at),) = asked.sql("SELECT count(DISTINCT topic), max(computed_at) FROM insight.affinities")
    if not topics:
        return None
    return Topics(topics, tuple(most_read_topics(asked.connection, TOPICS)), computed_at)
