"""Pandas (with networkx) beside ours, on the very same rows; and the rows a second of each at its own size.

It is written twice: plainly, as one does first, which the goal is about; and vectorised by hand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.environments import NOT_INSTALLED
from benchmarks.report import Goal, Table

TIMES_PANDAS = 20.0
PLAIN, BY_HAND = "plain", "vectorised by hand"
NEARLY_TWO_MINUTES = 105.0


class NotTheSame(Exception):
    """Two ways to the same thing came to different ones; the message says where."""


@dataclass(frozen=True)
class Beside:
    """What pandas took for so many rows, and ours for the very same."""

    rows: int
    seconds: float
    our_seconds: float

    @property
    def times(self) -> float:
        return self.seconds / self.our_seconds


def in_two_minutes(run: Callable[[int], Beside], *, tried: int, most: int) -> Beside:
    """What is run with as many rows as it does in two minutes, at most so many; it is tried with a few before."""
    first = run(min(tried, most))
    rows = min(most, int(first.rows / first.seconds * NEARLY_TWO_MINUTES) // tried * tried)
    return run(rows) if rows > first.rows else first


def goal(what: str, pandas: Mapping[str, Beside]) -> Goal:
    """How many times faster than plain pandas ours is on the same rows; not measured where it is not installed."""
    plain = pandas.get(PLAIN)
    same = f" of the same {plain.rows:,} rows" if plain else ""
    return Goal(f"{what}{same}: plain pandas / ours", TIMES_PANDAS, plain and plain.times, at_most=False)


def compared(by: str, rows: int, seconds: float, pandas: Mapping[str, Beside]) -> Table:
    """One line for ours and one for each way of writing it in pandas."""
    rate = rows / seconds
    lines = [["sf_elt", f"{rows:,}", f"{seconds:.1f}", f"{rate:,.0f}", "–", "1", "1"]]
    for how in (PLAIN, BY_HAND):
        if how not in pandas:
            lines.append([f"{by}, {how}", NOT_INSTALLED, *"–––––"])
            continue
        it = pandas[how]
        theirs = it.rows / it.seconds
        figures = [f"{it.rows:,}", f"{it.seconds:.1f}", f"{theirs:,.0f}", f"{it.our_seconds:.1f}"]
        lines.append([f"{by}, {how}", *figures, f"{it.times:.1f}", f"{rate / theirs:.1f}"])
    columns = ["How", "Rows", "s", "Rows/s", "Ours of the same rows, s", "It / ours", "Rows/s of ours / it"]
    return Table("The same by other means:", columns, lines)
