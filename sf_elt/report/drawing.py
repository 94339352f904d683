"""The report's pictures: sizes over time, comings and goings, how scores are spread, identifiers of profiles."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from sf_elt.charts import Chart, Day, Flows, Histogram, Line, Lines, Rank, Ranking, svg
from sf_elt.counting import count
from sf_elt.insight import StandingAudience
from sf_elt.report.reading import Report
from sf_elt.report.words import plain

FLOWS = 6
"""Of so many of the largest audiences comings and goings are drawn, of so many days:"""
FLOW_DAYS = 30

SMALL, USUAL = (176, 44), (320, 130)
"""Width and height in pixels, in a table and by itself; narrow enough for text to be legible on a phone."""


@dataclass(frozen=True)
class Pictures:
    """Each as an `<svg>`. Without a history an audience has none: a single point is no picture."""

    sizes: Mapping[str, Markup]
    flows: Mapping[str, Markup]
    scores: Mapping[str, Markup]
    identifiers: Markup


def draw(report: Report) -> Pictures:
    """The pictures of all that there is."""
    with_history = [each for each in report.audiences if len(each.sizes) > 1]
    spreads = report.scores.spreads if report.scores else ()
    return Pictures(
        sizes={each.name: _size(each) for each in with_history},
        flows={each.name: _flow(each) for each in with_history[:FLOWS]},
        scores={
            each.score: _drawn(Histogram(each.tenths), f"{plain(each.score)}: how many people have which score")
            for each in spreads
        },
        identifiers=_identifiers(report),
    )


def _size(audience: StandingAudience) -> Markup:
    points = tuple((size.at, size.members) for size in audience.sizes)
    title = f"{audience.name}: from {points[0][1]:,} to {points[-1][1]:,} members in {count(len(points) - 1, 'day')}"
    return _drawn(Lines((Line("", points),)), title, SMALL)


def _flow(audience: StandingAudience) -> Markup:
    days = audience.sizes[-FLOW_DAYS:]
    entered, left = sum(each.entered for each in days), sum(each.left for each in days)
    title = f"{audience.name}: members by day, {entered:,} entered and {left:,} left in {count(len(days), 'day')}"
    return _drawn(Flows(tuple(Day(each.at, each.members, each.entered, each.left) for each in days)), title)


def _identifiers(report: Report) -> Markup:
    steps = report.health.by_identifiers if report.health else ()
    ranks = tuple(Rank(name if name != "1" else "1 identifier", profiles) for name, profiles in steps)
    return _drawn(Ranking(ranks), "How many profiles hold how many identifiers")


def _drawn(chart: Chart, title: str, size: tuple[int, int] = USUAL) -> Markup:
    width, height = size
    return Markup(svg(chart, title, width=width, height=height))  # noqa: S704  charts escape what they write
