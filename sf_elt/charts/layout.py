"""From data to a drawing: which kind of chart is drawn how, how high it usually is, and what stands for no data."""

from sf_elt.charts.amounts import LEAST_ROWS, NOTHING_YET, histogram, histograms, ranking
from sf_elt.charts.axes import LABELS
from sf_elt.charts.data import Chart, Flows, Histogram, Histograms, Lines, Ranking, Stacks
from sf_elt.charts.drawing import FONT, Drawing, Words
from sf_elt.charts.over_time import flows, lines, stacks

WIDTH = 400
"""Of a picture in Dagster, about what its page of an asset has room for in a window of 1,500 pixels."""

ROW = 18


def draw(chart: Chart, width: int = WIDTH, height: int | None = None) -> Drawing:
    """The chart's marks; without a height, as high as its kind needs to be. Without data it says "nothing yet"."""
    tall = height or _usual_height(chart)
    if not _holds_anything(chart):
        return Drawing(width, tall, (Words(width / 2, tall / 2 + FONT / 3, NOTHING_YET, "middle"),))
    match chart:
        case Lines():
            marks = lines(chart, width, tall)
        case Histogram():
            marks = histogram(chart, width, tall)
        case Histograms():
            marks = histograms(chart, width, tall)
        case Ranking():
            marks = ranking(chart, width, tall)
        case Stacks():
            marks = stacks(chart, width, tall)
        case Flows():
            marks = flows(chart, width, tall)
    return Drawing(width, tall, tuple(marks))


def _usual_height(chart: Chart) -> int:
    match chart:
        case Ranking():
            return max(LEAST_ROWS, len(chart.ranks)) * ROW + (LABELS if chart.parts else 0)
        case Histograms():
            return 56 * max(1, -(-len(chart.panels) // chart.columns))
        case Flows():
            return 120
        case _:
            return 100


def _holds_anything(chart: Chart) -> bool:
    match chart:
        case Lines():
            return any(line.points for line in chart.lines)
        case Histogram():
            return any(chart.counts)
        case Histograms():
            return any(any(panel.counts) for panel in chart.panels)
        case Ranking():
            return bool(chart.ranks)
        case Stacks():
            return any(any(counts) for _, counts in chart.periods)
        case Flows():
            return bool(chart.days)
