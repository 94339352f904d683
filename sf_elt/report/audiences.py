"""The audiences: how large they are, how large they were, who came and went, and what they have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sf_elt.report.asking import Asked

DAYS = 90
"""How far back sizes go."""

LARGEST = 8
"""Of so many of the largest audiences the overlap is shown."""


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
class AudienceStanding:
    """One audience as last evaluated. `share` is of all profiles, 0 to 1; `sizes` are a day apart, the last of now."""

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


@dataclass(frozen=True)
class Overlaps:
    """`both[i][j]` members of audience i are in audience j too; with itself it has all of its members in common."""

    audiences: tuple[str, ...]
    both: tuple[tuple[int, ...], ...]

    def share(self, one: int, other: int) -> float:
        """Of the members of `one`, 0 to 1."""
        return self.both[one][other] / self.both[one][one]


def read_audiences(asked: Asked, profiles: int) -> tuple[AudienceStanding, ...]:
    """The audiences of the last evaluation, the largest first."""
    sizes = _sizes(asked)
    return tuple(
        AudienceStanding(
            name=name,
            description=description,
            condition=condition,
            members=members,
            share=members / profiles if profiles else 0.0,
            week=Moves(*(moved or 0 for moved in moves[:4])),
            month=Moves(*(moved or 0 for moved in moves[4:])),
            sizes=sizes.get(name, ()),
            evaluated_at=evaluated_at,
        )
        for name, description, condition, members, evaluated_at, *moves in asked.rows("audiences")
    )


def read_overlaps(asked: Asked, audiences: Sequence[AudienceStanding]) -> Overlaps | None:
    """What the largest audiences have in common; None where fewer than two have members."""
    names = tuple(each.name for each in audiences if each.members)[:LARGEST]
    if len(names) < 2:
        return None
    both = [[0] * len(names) for _ in names]
    for held, profiles in asked.rows("shared_members", most=LARGEST):
        places = [place for place in range(len(names)) if held >> place & 1]
        for one in places:
            for other in places:
                both[one][other] += profiles
    return Overlaps(names, tuple(map(tuple, both)))


def _sizes(asked: Asked) -> dict[str, tuple[Size, ...]]:
    rows = asked.rows("audience_sizes", days=DAYS)
    return {
        audience: tuple(Size(asked.now - timedelta(days=days_ago), *counts) for _, days_ago, *counts in days)
        for audience, days in groupby(rows, key=lambda row: row[0])
    }
