"""A chart as SVG inside an HTML page: its colours are the page's, its text is text, its bars tell what they stand for.

Colours are CSS variables of the names of the tones (`--accent`, `--came`, …) where the page defines them, so that a
chart follows light and dark as the page does.
"""

from html import escape

from sf_elt.charts.colours import COLOURS
from sf_elt.charts.data import Chart
from sf_elt.charts.drawing import FONT, Bar, Dot, Mark, Stroke, Tone, Words
from sf_elt.charts.layout import WIDTH, draw
from sf_elt.visible import one_line


def svg(chart: Chart, title: str, *, width: int = WIDTH, height: int | None = None) -> str:
    """An `<svg>` element of this size in pixels, which scales down with the room it has; `title` is read out."""
    drawing = draw(chart, width, height)
    marks = "".join(map(_written, drawing.marks))
    return (
        f'<svg viewBox="0 0 {drawing.width} {drawing.height}" width="{drawing.width}" height="{drawing.height}"'
        f' font-size="{FONT}" role="img" aria-label="{escape(title)}">{marks}</svg>'
    )


def _written(mark: Mark) -> str:
    colour = _colour(mark.tone)
    match mark:
        case Bar():
            place = f'x="{mark.left:.1f}" y="{mark.top:.1f}"'
            size = f'width="{mark.right - mark.left:.1f}" height="{mark.bottom - mark.top:.1f}"'
            return f'<rect {place} {size} fill="{colour}"{_closed(mark.says, "rect")}'
        case Dot():
            return f'<circle cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="3.5" fill="{colour}"{_closed(mark.says, "circle")}'
        case Stroke():
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in mark.points)
            wide = 1 if mark.tone == "line" else 2
            return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{wide}"/>'
        case Words():
            anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
            return (
                f'<text x="{mark.x:.1f}" y="{mark.y:.1f}" fill="{colour}"{anchor}>{escape(one_line(mark.text))}</text>'
            )


def _closed(says: str, element: str) -> str:
    """The end of an element; what it says shows when somebody points at it."""
    return f"><title>{escape(one_line(says))}</title></{element}>" if says else "/>"


def _colour(tone: Tone) -> str:
    return f"var(--{tone}, {COLOURS[tone]})"
