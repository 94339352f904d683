"""What the largest audiences have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from sf_elt.insight import StandingAudience
from sf_elt.report.asking import Asked

LARGEST = 8
"""Of so many of the largest audiences the overlap is shown."""


@dataclass(frozen=True)
class Overlaps:
    """`both[i][j]` members of audience i are in audience j too; with itself it has all of its members in common."""

    audiences: tuple[str, ...]
    both: tuple[tuple[int, ...], ...]

    def share(self, one: int, other: int) -> float:
        """Of the members of `one`, 0 to 1."""
        return self.both[one][other] / self.both[one][one]


def read_overlaps(asked: Asked, audiences: Sequence[StandingAudience]) -> Overlaps | None:
    """None where fewer than two audiences have members."""
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
