"""Charts without time: how values are spread, and which amounts are the largest."""

from collections.abc import Iterator
from itertools import chain

from sf_elt.charts.axes import LABELS, legend, size_axis, visible
from sf_elt.charts.data import Histogram, Histograms, Rank, Ranking
from sf_elt.charts.drawing import FONT, Bar, Mark, Tone, Words, shortened, width_of
from sf_elt.charts.scales import between, number

NOTHING_YET = "nothing yet"
LEAST_ROWS = 3
"""A ranking of fewer bars has bars no thicker than one of so many."""


def histogram(chart: Histogram, width: int, height: int) -> Iterator[Mark]:
    """Bars without gaps, with both ends and the middle of the values below, and how many are in the fullest range."""
    top, bottom, right = FONT, height - LABELS, width - 12
    left = yield from size_axis(max(chart.counts), right, top, bottom)
    yield from _ranges(chart, left, top, right, bottom)
    foot = bottom + FONT + 3
    yield Words(left, foot, number(chart.low))
    yield Words((left + right) / 2, foot, number((chart.low + chart.high) / 2), "middle")
    yield Words(right, foot, number(chart.high), "end")


def histograms(chart: Histograms, width: int, height: int) -> Iterator[Mark]:
    """Each with its name below it, and no scale: they show shapes."""
    wide, tall = width / chart.columns, height / -(-len(chart.panels) // chart.columns)
    for place, panel in enumerate(chart.panels):
        left, top = place % chart.columns * wide, place // chart.columns * tall
        bottom = top + tall - LABELS
        if any(panel.counts):
            yield from _ranges(panel, left, top, left + wide - 12, bottom)
        else:
            yield Words(left, bottom - 3, NOTHING_YET)
    for place, panel in enumerate(chart.panels):
        yield Words(place % chart.columns * wide, (place // chart.columns + 1) * tall - 4, panel.name)


def _ranges(chart: Histogram, left: float, top: float, right: float, bottom: float) -> Iterator[Mark]:
    """A bar for each range; one that is empty has no height."""
    ranges, most = len(chart.counts), max(chart.counts)
    step, wide = (chart.high - chart.low) / ranges, (right - left) / ranges
    for place, count in enumerate(chart.counts):
        low = chart.low + place * step
        says = f"{number(low)} to {number(low + step)}: {number(count)}"
        head = bottom - visible(count / most * (bottom - top))
        yield Bar(left + place * wide, head, left + (place + 1) * wide, bottom, "accent", says)


def ranking(chart: Ranking, width: int, height: int) -> Iterator[Mark]:
    """A bar with its label before and its number behind it; a part that stands out is darker than the whole."""
    first = float(LABELS) if chart.parts else 0.0
    if chart.parts:
        yield from chain(*legend((chart.parts,), ("accent",)))
    tall = (height - first) / max(LEAST_ROWS, len(chart.ranks))
    labels = [shortened(rank.label, width * 0.34) for rank in chart.ranks]
    numbers = [number(rank.value) for rank in chart.ranks]
    left, right = max(map(width_of, labels)) + 6, width - max(map(width_of, numbers)) - 8
    x = between(0, max(rank.value for rank in chart.ranks) or 1, 0, right - left)
    bottoms = [first + place * tall + FONT + 2 for place in range(len(chart.ranks))]
    for rank, bottom in zip(chart.ranks, bottoms, strict=True):
        tone: Tone = "accent" if rank.part is None else "faint"
        yield Bar(left, bottom - FONT, left + visible(x(rank.value)), bottom, tone, _says(rank, chart.parts))
    for rank, bottom in zip(chart.ranks, bottoms, strict=True):
        if rank.part:
            yield Bar(left, bottom - FONT, left + visible(x(rank.part)), bottom, "accent", _says(rank, chart.parts))
    for rank, label, text, bottom in zip(chart.ranks, labels, numbers, bottoms, strict=True):
        yield Words(0, bottom - 2, label)
        yield Words(left + visible(x(rank.value)) + 5, bottom - 2, text)


def _says(rank: Rank, parts: str) -> str:
    part = "" if rank.part is None else f" ({parts}: {number(rank.part)})"
    return f"{rank.label}: {number(rank.value)}{part}"
