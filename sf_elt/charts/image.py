"""A chart as an image in Markdown, small enough for Dagster to show in place.

Dagster's page of an asset shows Markdown of fewer than 1,000 characters where it stands, and the rest behind a link. So
pixels are whole, bars of one tone are one path, and no more is escaped than a link in Markdown needs. An SVG of this
kind is a tenth of the PNG, and sharp on any screen. Its colours cannot follow the theme: they read on both.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby, pairwise

from sf_elt.charts.colours import COLOURS
from sf_elt.charts.data import Chart
from sf_elt.charts.drawing import FONT, Bar, Dot, Mark, Stroke, Words
from sf_elt.charts.layout import WIDTH, draw
from sf_elt.visible import one_line

SHOWN_IN_PLACE = 1000
"""Markdown of fewer characters than this is shown in place (webserver 1.13)."""

TITLE = 40
"""So much of a title stands for the image where it is not shown."""

_UNFIT = re.compile(r"[%&# ()\\]")
"""What a link in Markdown or a data URI cannot hold as it is."""

_NOT_PLAIN = re.compile(r"[^\w,.:-]+")


def markdown(chart: Chart, title: str, *, width: int = WIDTH, height: int | None = None) -> str:
    """`![title](data:image/svg+xml,…)`."""
    drawing = draw(chart, width, height)
    marks = "".join(_written(drawing.marks))
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{drawing.width}' height='{drawing.height}'"
        f" style='font:{FONT}px sans-serif' fill='{COLOURS['soft']}'>{marks}</svg>"
    )
    link = _UNFIT.sub(lambda found: f"%{ord(found[0]):02X}", svg)
    return f"![{_NOT_PLAIN.sub(' ', title)[:TITLE]}](data:image/svg+xml,{link})"


def _written(marks: Iterable[Mark]) -> Iterator[str]:
    for (kind, tone), group in groupby(marks, key=lambda mark: (type(mark), mark.tone)):
        of_one = list(group)
        if kind is Words:
            for _, line in groupby((mark for mark in of_one if isinstance(mark, Words)), key=lambda mark: mark.y):
                yield _words(list(line))
        elif kind is Stroke:
            path = "".join(_polyline(mark) for mark in of_one if isinstance(mark, Stroke))
            wide = "" if tone == "line" else " stroke-width='2'"
            yield f"<path fill='none' stroke='{COLOURS[tone]}'{wide} d='{path}'/>"
        else:
            bars = _outlines([mark for mark in of_one if isinstance(mark, Bar)])
            path = "".join([*bars, *(_disc(mark) for mark in of_one if isinstance(mark, Dot))])
            yield f"<path fill='{COLOURS[tone]}' d='{path}'/>"


def _words(line: Sequence[Words]) -> str:
    """Words of one line and one tone: the first is the element's own text."""
    first, *others = line
    colour = "" if first.tone == "soft" else f" fill='{COLOURS[first.tone]}'"
    spans = "".join(f"<tspan{_place(each)}>{_text(each)}</tspan>" for each in others)
    return f"<text y='{_whole(first.y)}'{colour}{_place(first)}>{_text(first)}{spans}</text>"


def _text(mark: Words) -> str:
    """A space that does not break is one character in a link, and another space three."""
    return escape(one_line(mark.text), quote=False).replace(" ", "\xa0")


def _place(mark: Words) -> str:
    x = f" x='{_whole(mark.x)}'" if _whole(mark.x) else ""
    return x if mark.anchor == "start" else f"{x} text-anchor='{mark.anchor}'"


def _polyline(mark: Stroke) -> str:
    """Steps from point to point, which are shorter than places."""
    places = [(_whole(x), _whole(y)) for x, y in mark.points]
    steps = [(x - before, y - above) for (before, above), (x, y) in pairwise(places)]
    return f"M{_pair(*places[0])}" + "".join(_step(*step) for step in steps)


def _step(right: int, down: int) -> str:
    if down == 0:
        return f"h{right}" if right else ""
    return f"l{_pair(right, down)}" if right else f"v{down}"


def _disc(mark: Dot) -> str:
    return f"M{_pair(_whole(mark.x) - 3, _whole(mark.y))}a3,3,0,1,0,6,0a3,3,0,1,0-6,0"


def _outlines(bars: Sequence[Bar]) -> Iterator[str]:
    """One outline for bars that stand side by side on one foot, or all hang from it; gaps of a pixel are closed."""
    hang = len({_whole(bar.top) for bar in bars}) == 1
    x = foot = above = None
    for bar in bars:
        left, right, head, stands = (_whole(each) for each in (bar.left, bar.right, bar.top, bar.bottom))
        if hang:
            head, stands = stands, head
        if x is not None and left - x == 1:
            left = x
        if x is None or stands != foot or left < x:
            yield f"{'' if x is None else f'V{foot}z'}M{_pair(left, stands)}V{head}"
        elif left > x:
            yield f"V{foot}h{left - x}V{head}"
        elif head != above:
            yield f"V{head}"
        yield f"h{right - left}"
        x, foot, above = right, stands, head
    if x is not None:
        yield f"V{foot}z"


def _whole(value: float) -> int:
    return math.floor(value + 0.5)


def _pair(x: int, y: int) -> str:
    """Two numbers; a minus parts them as well as a comma."""
    return f"{x}{y}" if y < 0 else f"{x},{y}"
