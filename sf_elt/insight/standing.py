"""The audiences as last evaluated: how large they are and were, and who came and went."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

import duckdb

from sf_elt.insight.evaluating import run_sql
from sf_elt.insight.subjects import require_profiles
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import naive

WEEK, MONTH = timedelta(days=7), timedelta(days=30)

DAYS = 90
"""How far back sizes go."""


@dataclass(frozen=True)
class Moves:
    """Who came and went: people by themselves, and those whom a new or changed definition let in or put out."""

    entered: int
    left: int
    let_in: int
    put_out: int

    @property
    def by_definition(self) -> int:
        return self.let_in + self.put_out


@dataclass(frozen=True)
class Size:
    """How many members an audience had at a moment, and how many came and went by themselves in the 24 hours before."""

    at: datetime
    members: int
    entered: int = 0
    left: int = 0


@dataclass(frozen=True)
class StandingAudience:
    """One audience as last evaluated. `share` is of all profiles, 0 to 1; `week` and `month` are 7 and 30 days.

    `sizes` are a day apart, from its first member on or for 90 days, the last of now.
    """

    name: str
    description: str
    condition: str
    members: int
    share: float
    week: Moves
    month: Moves
    sizes: tuple[Size, ...]
    evaluated_at: datetime

    def size(self, days_ago: int) -> int | None:
        """How many members it had so many days ago; None where that is before its first member."""
        return self.sizes[-1 - days_ago].members if days_ago < len(self.sizes) else None


def standing_audiences(connection: duckdb.DuckDBPyConnection, *, now: datetime) -> tuple[StandingAudience, ...]:
    """The audiences of the last evaluation, the largest first; times in the zone of `now`, an aware time.

    Raises ProfilesMissing before the first build.
    """
    require_profiles(connection)
    sizes = _sizes(connection, now)
    since = {"week_ago": naive(now - WEEK), "month_ago": naive(now - MONTH)}
    rows = run_sql(connection, "standing_audiences", since).fetchall()
    return tuple(
        StandingAudience(
            name=name,
            description=description,
            condition=condition,
            members=members,
            share=share,
            week=Moves(*moves[:4]),
            month=Moves(*moves[4:]),
            sizes=sizes.get(name, ()),
            evaluated_at=evaluated_at.replace(tzinfo=UTC).astimezone(now.tzinfo),
        )
        for name, description, condition, members, share, evaluated_at, *moves in rows
    )


def _sizes(connection: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, tuple[Size, ...]]:
    moves = statement("moves_of_audiences", package=__package__ or "")
    rows = run_sql(connection, "sizes_by_day", {"now": naive(now), "days": DAYS}, moves=moves).fetchall()
    return {
        audience: tuple(Size(now - timedelta(days=days_ago), *counts) for _, days_ago, *counts in days)
        for audience, days in groupby(rows, key=lambda row: row[0])
    }
