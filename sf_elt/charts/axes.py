"""What charts have in common: the scale of sizes, the days below, names of kinds, and how thick a column is."""

from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise

from sf_elt.charts.data import Moment
from sf_elt.charts.drawing import FONT, Bar, Mark, Stroke, Tone, Words, width_of
from sf_elt.charts.scales import Scale, between, day, seconds, short_number

LABELS = FONT + 5
"""Height of a line of text below or above a chart."""

TONES: tuple[Tone, ...] = ("accent", "second", "third", "fourth", "fifth")

WIDEST_COLUMN = 44.0


def size_axis(
    most: float, right: float, top: float, bottom: float, others: Sequence[str] = ()
) -> Generator[Mark, None, float]:
    """0 and the most, each with a line; gives where the chart begins, with room for other texts before it."""
    text = short_number(most)
    left = max(width_of(each) for each in (text, *others)) + 5
    yield Words(0, top + FONT / 3, text)
    yield Words(0, bottom + FONT / 3 - 1, "0")
    yield Stroke(((left, top), (right, top)), "line")
    yield Stroke(((left, bottom), (right, bottom)), "line")
    return left


def day_axis(first: Moment, last: Moment, left: float, right: float, bottom: float) -> Iterator[Mark]:
    """The first and the last day; one of them where they are the same."""
    if day(first) == day(last):
        yield Words((left + right) / 2, bottom + FONT + 3, day(first), "middle")
        return
    yield Words(left, bottom + FONT + 3, day(first))
    yield Words(right, bottom + FONT + 3, day(last), "end")


def legend(names: Sequence[str], tones: Sequence[Tone]) -> Iterator[tuple[Bar, Words]]:
    """What each tone stands for, in a line at the top: a sample of it and the name behind that."""
    x = 0.0
    for name, tone in zip(names, tones, strict=True):
        yield Bar(x, 1, x + 9, 10, tone), Words(x + 13, FONT - 1, name)
        x += 13 + width_of(name) + 14


def over_time(moments: Sequence[Moment], left: float, right: float) -> Scale:
    """Seconds since 1970 as places."""
    return between(min(map(seconds, moments)), max(map(seconds, moments)), left, right)


def columns(moments: Sequence[Moment], left: float, right: float) -> list[tuple[float, float]]:
    """Where the column of each moment starts and ends: as wide as the closest two allow, with a gap."""
    times = [seconds(moment) for moment in moments]
    if len(times) == 1:
        middle = (left + right) / 2
        return [(middle - WIDEST_COLUMN / 2, middle + WIDEST_COLUMN / 2)]
    closest = min(later - earlier for earlier, later in pairwise(times))
    wide = closest / (times[-1] - times[0] + closest) * (right - left)
    thick = max(1.0, min(WIDEST_COLUMN, wide - 1))
    x = between(times[0], times[-1], left + wide / 2, right - wide / 2)
    return [(x(at) - thick / 2, x(at) + thick / 2) for at in times]


def visible(length: float) -> float:
    """A bar's length; what is not nothing is one pixel at least."""
    return max(1.0, length) if length > 0 else 0.0


def apart(places: Sequence[float], gap: float) -> list[float]:
    """The places moved as little as it takes that no two are closer than `gap`; in the order given."""
    order = sorted(range(len(places)), key=lambda place: places[place])
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + gap)
    excess = max(moved) - max(places)
    return [place - excess / 2 for place in moved]
