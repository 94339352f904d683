"""Charts whose x is time: sizes as lines, counts of each period as stacks, a group's size with who came and went."""

from collections.abc import Iterator, Sequence

from sf_elt.charts.axes import LABELS, TONES, apart, columns, day_axis, legend, over_time, size_axis, visible
from sf_elt.charts.data import Day, Flows, Line, Lines, Stacks
from sf_elt.charts.drawing import FONT, Bar, Dot, Mark, Stroke, Tone, Words, shortened, width_of
from sf_elt.charts.scales import Scale, between, day, number, round_top, seconds, short_number, thinned

BARE = 64
"""Below this height a chart of lines is the lines alone, without axes."""

MOST_POINTS = 40
"""Of a line, so many points are drawn."""

MOST_DAYS = 30
"""Of a group, so many of the latest days."""


def lines(chart: Lines, width: int, height: int) -> Iterator[Mark]:
    """Each line ends in a dot, and in its name where there are several."""
    drawn = [line for line in chart.lines if line.points]
    tones = [TONES[min(place, len(TONES) - 1)] for place in range(len(drawn))]
    moments = [moment for line in drawn for moment, _ in line.points]
    most = round_top(max(value for line in drawn for _, value in line.points))
    if height < BARE:
        x, y = over_time(moments, 4, width - 4), between(0, most, height - 4, 4)
        for line, tone in zip(drawn, tones, strict=True):
            yield from _line(line, x, y, tone)
        return
    names = [shortened(line.name, width / 4) for line in drawn] if len(drawn) > 1 else []
    right = width - max([width_of(name) + 10 for name in names], default=6)
    top, bottom = FONT, height - LABELS
    left = yield from size_axis(most, right, top, bottom)
    yield from day_axis(min(moments, key=seconds), max(moments, key=seconds), left, right, bottom)
    x, y = over_time(moments, left + 4, right - 4), between(0, most, bottom, top)
    for line, tone in zip(drawn, tones, strict=True):
        yield from _line(line, x, y, tone)
    ends = apart([y(line.points[-1][1]) for line in drawn], FONT + 2)
    for name, end, tone in zip(names, ends, tones, strict=False):
        yield Words(right + 5, end + FONT / 3, name, tone=tone)


def stacks(chart: Stacks, width: int, height: int) -> Iterator[Mark]:
    """One column a period; the kinds are named above where there are several.

    Each kind is drawn from the ground up, above those that stand on it, and next to its sample: bars of one tone on one
    foot are one outline.
    """
    tones = [TONES[min(place, len(TONES) - 1)] for place in range(len(chart.kinds))]
    named = list(legend(chart.kinds, tones)) if len(chart.kinds) > 1 else []
    yield from (name for _, name in named)
    top, bottom, right = FONT + (LABELS if named else 0), height - LABELS, width - 6
    most = round_top(max(sum(counts) for _, counts in chart.periods))
    left = yield from size_axis(most, right, top, bottom)
    yield from day_axis(chart.periods[0][0], chart.periods[-1][0], left, right, bottom)
    y = between(0, most, bottom, top)
    places = columns([moment for moment, _ in chart.periods], left, right)
    for kind, (name, tone) in reversed(list(enumerate(zip(chart.kinds, tones, strict=True)))):
        if named:
            yield named[kind][0]
        for (moment, counts), (start, end) in zip(chart.periods, places, strict=True):
            if count := counts[kind]:
                foot = y(sum(counts[:kind]))
                head = foot - visible(foot - y(sum(counts[: kind + 1])))
                yield Bar(start, head, end, bottom, tone, f"{day(moment)}: {number(count)} {name}")


def flows(chart: Flows, width: int, height: int) -> Iterator[Mark]:
    """The size above; below it a bar up for who entered on a day, and one down for who left."""
    days = chart.days[-MOST_DAYS:]
    moved = max(max(each.entered, each.left) for each in days)
    right, top, bottom = width - 6, FONT, height - LABELS
    floor = top + (bottom - top) * 0.55 if moved else bottom
    most = round_top(max(each.size for each in days))
    came = f"+{short_number(sum(each.entered for each in days))}"
    went = f"−{short_number(sum(each.left for each in days))}"
    left = yield from size_axis(most, right, top, floor, (came, went) if moved else ())
    yield from day_axis(days[0].day, days[-1].day, left, right, bottom)
    places = columns([each.day for each in days], left, right)
    sizes = tuple((each.day, float(each.size)) for each in days)
    first, last = places[0], places[-1]
    x = over_time([each.day for each in days], (first[0] + first[1]) / 2, (last[0] + last[1]) / 2)
    yield from _line(Line("", sizes), x, between(0, most, floor, top), "accent")
    if moved:
        zero, half = (floor + 6 + bottom - 2) / 2, (bottom - floor - 8) / 2
        yield Words(0, zero - 1, came, tone="came")
        yield Words(0, zero + FONT, went, tone="went")
        yield from _moves(days, places, zero, between(0, moved, 0, half))


def _moves(days: Sequence[Day], places: Sequence[tuple[float, float]], zero: float, scale: Scale) -> Iterator[Mark]:
    for each, (start, end) in zip(days, places, strict=True):
        if each.entered:
            says = f"{day(each.day)}: {number(each.entered)} entered"
            yield Bar(start, zero - visible(scale(each.entered)), end, zero, "came", says)
    for each, (start, end) in zip(days, places, strict=True):
        if each.left:
            says = f"{day(each.day)}: {number(each.left)} left"
            yield Bar(start, zero, end, zero + visible(scale(each.left)), "went", says)


def _line(line: Line, x: Scale, y: Scale, tone: Tone) -> Iterator[Mark]:
    """The line with a dot at its end; a single point is a dot with its number."""
    places = tuple((x(seconds(moment)), y(value)) for moment, value in thinned(line.points, MOST_POINTS))
    if len(places) > 1:
        yield Stroke(places, tone)
    moment, value = line.points[-1]
    name = f"{line.name}: " if line.name else ""
    yield Dot(*places[-1], tone, f"{name}{number(value)} on {day(moment)}")
    if len(places) == 1:
        yield Words(places[-1][0] + 7, places[-1][1] + FONT / 3, number(value), tone=tone)
