"""What can be drawn: plain data, and nothing of how it looks. All moments and days are UTC."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

Moment: TypeAlias = datetime | date


@dataclass(frozen=True)
class Line:
    """Something counted at moments, oldest first; between two of them it is taken to change evenly."""

    name: str
    points: tuple[tuple[Moment, float], ...]


@dataclass(frozen=True)
class Lines:
    """Sizes over time, from 0 up. Several lines carry their names; as many as five keep colours of their own."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Histogram:
    """How many have a value in each of so many equally wide ranges between `low` and `high`."""

    counts: tuple[int, ...]
    low: float = 0
    high: float = 100
    name: str = ""
    """Stands above the histogram where several are one picture."""


@dataclass(frozen=True)
class Histograms:
    """Small histograms side by side, each as high as its own largest range."""

    panels: tuple[Histogram, ...]
    columns: int = 5


@dataclass(frozen=True)
class Rank:
    """One bar of a ranking: its length, and where it matters the part of it that stands out."""

    label: str
    value: float
    part: float | None = None


@dataclass(frozen=True)
class Ranking:
    """Bars that lie below one another in the order given; `parts` says what the part that stands out is."""

    ranks: tuple[Rank, ...]
    parts: str = ""


@dataclass(frozen=True)
class Stacks:
    """Counts of several kinds in each period, standing on one another: ((first day, (so many of each kind)), …)."""

    kinds: tuple[str, ...]
    periods: tuple[tuple[Moment, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Day:
    """How many were in a group at the end of a day, and how many entered and left on it."""

    day: Moment
    size: int
    entered: int = 0
    left: int = 0


@dataclass(frozen=True)
class Flows:
    """The size of a group over time, above who entered and who left. Days in their order; any may be missing."""

    days: tuple[Day, ...]


Chart: TypeAlias = Lines | Histogram | Histograms | Ranking | Stacks | Flows
