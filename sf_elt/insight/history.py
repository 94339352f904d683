"""What stands in insight, in few numbers: sizes of audiences over time, how scores are spread, topics that are read."""

from dataclasses import dataclass
from datetime import datetime

from sf_elt.insight.evaluating import run_sql
from sf_elt.insight.scores import SCORES
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote
from sf_elt.warehouse.over_time import Connection, Span, over_time

RANGES = 10


@dataclass(frozen=True)
class ScoreSpread:
    """How many people have a score of 0 to 9, 10 to 19, … 90 to 100."""

    score: str
    people: tuple[int, ...]


@dataclass(frozen=True)
class ReadTopic:
    """How many people have read about a topic, and in how many of them the interest is above one half."""

    topic: str
    people: int
    interested: int


def audiences_over_time(connection: Connection, *, now: datetime) -> list[Span]:
    """Who entered and left each audience since its first member entered, and its sizes. One without stays has none."""
    return over_time(connection, statement("moves_of_audiences", package=__package__ or ""), now=now)


def spread_of_scores(connection: Connection) -> list[ScoreSpread]:
    """All nine scores."""
    found = run_sql(connection, "spread_of_scores", scores=", ".join(map(quote, SCORES))).fetchall()
    people = {(score, place): count for score, place, count in found}
    return [ScoreSpread(score, tuple(people.get((score, place), 0) for place in range(RANGES))) for score in SCORES]


def most_read_topics(connection: Connection, most: int) -> list[ReadTopic]:
    """At most so many, that of the most readers first."""
    return [ReadTopic(*row) for row in run_sql(connection, "most_read_topics", {"most": most}).fetchall()]
