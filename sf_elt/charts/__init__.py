"""Charts: small pictures of plain data, for Dagster's pages and for pages of HTML. Imports nothing of the rest.

    chart = Lines((Line("Loyal", ((date(2026, 11, 1), 1200), (date(2026, 11, 2), 1260))),))
    svg(chart, "Loyal: members over time")             # an <svg> in the colours of the page, text is text
    markdown(chart, "Loyal: members over time")        # ![…](data:image/svg+xml,…), shown in place by Dagster

data       what can be drawn
layout     from data to a drawing: amounts, over_time, axes, scales
drawing    bars, strokes, dots and words in tones
inline     a drawing as SVG in a page
image      a drawing as an image in Markdown
"""

from sf_elt.charts.colours import COLOURS
from sf_elt.charts.data import Chart, Day, Flows, Histogram, Histograms, Line, Lines, Rank, Ranking, Stacks
from sf_elt.charts.image import SHOWN_IN_PLACE, markdown
from sf_elt.charts.inline import svg

__all__ = [
    "COLOURS",
    "SHOWN_IN_PLACE",
    "Chart",
    "Day",
    "Flows",
    "Histogram",
    "Histograms",
    "Line",
    "Lines",
    "Rank",
    "Ranking",
    "Stacks",
    "markdown",
    "svg",
]
