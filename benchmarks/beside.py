"""Pandas (with networkx) beside ours: the rows a second of each at its own size, and both at the size of pandas."""

from dataclasses import dataclass

from benchmarks.environments import NOT_INSTALLED
from benchmarks.report import Goal, Table

TIMES_PANDAS = 20.0


class NotTheSame(Exception):
    """Two ways to the same thing came to different ones; the message says where."""


@dataclass(frozen=True)
class Beside:
    """What pandas took for so many rows, and ours for the very same."""

    rows: int
    seconds: float
    our_seconds: float


def goal(what: str, rows: int, seconds: float, pandas: Beside | None) -> Goal:
    """How many times the rows a second of pandas ours are; not measured where it is not installed."""
    times = (rows / seconds) / (pandas.rows / pandas.seconds) if pandas else None
    return Goal(f"{what}: rows/s of pandas", TIMES_PANDAS, times, at_most=False)


def compared(by: str, rows: int, seconds: float, pandas: Beside | None) -> Table:
    """One line for ours and one for pandas."""
    rate = rows / seconds
    lines = [["sf_elt", f"{rows:,}", f"{seconds:.1f}", f"{rate:,.0f}", "1", "1"]]
    if pandas is None:
        lines.append([by, NOT_INSTALLED, *"––––"])
    else:
        theirs = pandas.rows / pandas.seconds
        each = f"{pandas.seconds / pandas.our_seconds:.1f}"
        lines.append([by, f"{pandas.rows:,}", f"{pandas.seconds:.1f}", f"{theirs:,.0f}", f"{rate / theirs:.1f}", each])
    columns = ["How", "Rows", "s", "Rows/s", "Ours / it", "Ours of as many rows / it"]
    return Table("The same by other means:", columns, lines)
