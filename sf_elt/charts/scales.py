"""Numbers and days on axes, and where they stand."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time

from sf_elt.charts.data import Moment

Scale = Callable[[float], float]


def number(value: float) -> str:
    """12,345 and 0.25: whole numbers with separators, others with as many digits as they need, three at most."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def short_number(value: float) -> str:
    """The same where there is little room: 12k and 3.4M from ten thousand on."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size and abs(value) >= 10_000:
            return f"{value / size:.3g}{letter}"
    return number(value)


def day(moment: Moment) -> str:
    """22 Nov 2026."""
    return f"{moment.day} {moment:%b %Y}"


def seconds(moment: Moment) -> float:
    """Since 1970, UTC; a time without a zone is UTC."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def round_top(most: float) -> float:
    """The least of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 or 10 times a power of ten that is not below `most`; 1 for nothing."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= most * (1 - 1e-9))


def between(low: float, high: float, first: float, last: float) -> Scale:
    """Numbers from `low` to `high` as places from `first` to `last`; all in the middle where there is one only."""
    if high <= low:
        return lambda _value: (first + last) / 2
    return lambda value: first + (value - low) / (high - low) * (last - first)


def thinned(points: Sequence[tuple[Moment, float]], most: int) -> list[tuple[Moment, float]]:
    """At most so many of the points, evenly chosen, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]
