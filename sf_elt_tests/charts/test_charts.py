"""Charts of plain data: as images that Dagster shows in place, and as SVG in the colours of a page."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from sf_elt.charts import (
    SHOWN_IN_PLACE,
    Chart,
    Day,
    Flows,
    Histogram,
    Histograms,
    Line,
    Lines,
    Rank,
    Ranking,
    Stacks,
    markdown,
    svg,
)

FIRST = date(2026, 1, 1)
SCORES = (
    "quantity", "frequency", "recency", "intensity", "momentum", "propensity", "consistency", "maturity", "volatility"
)  # fmt: skip


def days(count: int, step: int = 1) -> list[date]:
    return [FIRST + timedelta(days=step * place) for place in range(count)]


def jagged(count: int, most: int) -> list[int]:
    """Numbers that look random, and are always the same."""
    return [(place * 7919 + 13) * 104_729 % (most + 1) for place in range(count)]


FULL: dict[str, Chart] = {
    "size": Lines((Line("", tuple(zip(days(400), map(float, jagged(400, 5_000_000)), strict=True))),)),
    "score": Histogram(tuple(jagged(20, 900_000))),
    "scores": Histograms(
        tuple(Histogram(tuple(jagged(10, 900_000 + place)), name=name) for place, name in enumerate(SCORES))
    ),
    "topics": Ranking(
        tuple(Rank(f"Research & Development of {place}", 900_000.0 - place, 400_000.0) for place in range(5)),
        "among their first three",
    ),
    "kinds": Ranking(tuple(Rank(f"salesforce_contact_ids_{place}", 900_000.0 - place) for place in range(8))),
    "events": Stacks(("events",), tuple(zip(days(40), ((count,) for count in jagged(40, 90_000)), strict=True))),
    "outcomes": Stacks(
        ("confirmed", "refused", "set aside"),
        tuple((day, (90_000 - 3_000 * place, 7_919 * place, 13 + place)) for place, day in enumerate(days(15, 9))),
    ),
    "flows": Flows(
        tuple(
            Day(day, size, entered, left)
            for day, size, entered, left in zip(
                days(15, 30), jagged(15, 900_000), jagged(15, 90_000), jagged(15, 80_000), strict=True
            )
        )
    ),
}  # fmt: skip
EMPTY: dict[str, Chart] = {
    "size": Lines((Line("", ()),)),
    "score": Histogram((0, 0)),
    "scores": Histograms(()),
    "topics": Ranking(()),
    "events": Stacks(("events",), ()),
    "flows": Flows(()),
}


def image_of(chart: Chart, title: str = "title") -> ET.Element:
    """The image's SVG, read as a browser reads it out of the link."""
    link = re.fullmatch(r"!\[[^\]\[]*\]\(data:image/svg\+xml,([^ ]+)\)", markdown(chart, title))
    assert link is not None
    assert not set(link[1]) & set("#&()\\")
    return ET.fromstring(unquote(link[1]))


def texts(svg: ET.Element) -> list[str]:
    """What stands in it; words of one line are one element in an image."""
    parts = (part for element in svg.iter() if element.tag.endswith("text") for part in element.itertext())
    return [part.replace("\xa0", " ") for part in parts]


@pytest.mark.parametrize("name", FULL)
def test_an_image_is_small_enough_to_be_shown_in_place(name: str) -> None:
    """The fullest charts that assets show stay below the length from which Dagster hides Markdown behind a link."""
    title = "people by score" if name == "scores" else f"{name} of what is called as long as may be"
    assert len(markdown(FULL[name], title)) < SHOWN_IN_PLACE
    assert list(image_of(FULL[name]))


@pytest.mark.parametrize("name", EMPTY)
def test_no_data_says_nothing_yet(name: str) -> None:
    """In an image and in a page."""
    assert texts(image_of(EMPTY[name])) == ["nothing yet"]
    assert ">nothing yet<" in svg(EMPTY[name], "title")


def test_one_point_is_a_dot_with_its_number() -> None:
    """With separators, and the day below it once."""
    chart = Lines((Line("", ((datetime(2026, 11, 22, 8), 1_234_567),)),))
    assert texts(image_of(chart)) == ["1.5M", "0", "22 Nov 2026", "1,234,567"]
    assert "<polyline points" in svg(chart, "title")  # the axes
    assert svg(chart, "title", height=40).count("<polyline") == 0
    assert texts(image_of(Flows((Day(FIRST, 7, 7),)))) == ["8", "0", "1 Jan 2026", "7", "+7", "−0"]


def test_inline_svg_has_the_colours_of_the_page() -> None:
    """Each colour is a variable of the page; text is text, escaped; bars say what they stand for."""
    chart = Ranking((Rank("<script>&", 12_345, 45),), "first three")
    drawn = svg(chart, 'Topics of "all"')
    element = ET.fromstring(drawn)
    colours = {value for each in element.iter() for name in ("fill", "stroke") if (value := each.get(name))}
    assert colours
    assert all(re.fullmatch(r"var\(--[a-z]+, #[0-9a-f]{4,6}\)|none", colour) for colour in colours)
    assert "<script>" not in drawn
    assert texts(element) == ["first three", "<script>&", "12,345"]
    assert [each.text for each in element.iter("title")] == ["<script>&: 12,345 (first three: 45)"] * 2
    assert element.get("aria-label") == 'Topics of "all"'


def test_what_no_xml_can_hold_is_shown_in_its_place() -> None:
    """A name with a control character, or a line end, breaks neither the picture nor the link that it is in."""
    name = "a\x1b[2J\n![x](y\0\u202e"
    chart = Ranking((Rank(name, 2, 1),), name)
    for element in (image_of(chart, name), ET.fromstring(svg(chart, "title"))):
        assert any(text.startswith(r"a\x1b[2J ⏎") for text in texts(element))


def test_bars_are_as_long_as_their_numbers() -> None:
    """Half the count is half the height; what is not nothing is seen, also beside a million."""
    counts = [0, 500_000, 1, 1_000_000]
    element = ET.fromstring(svg(Histogram(tuple(counts)), "title"))
    heights = [float(each.get("height", "")) for each in element.iter("rect")]
    assert heights[0] == 0
    assert heights[2] == 1
    assert heights[3] == pytest.approx(2 * heights[1], abs=0.1)


def test_kinds_stand_on_one_another() -> None:
    """Each bar says its own number, and what is seen of it is as high as that."""
    element = ET.fromstring(svg(Stacks(("yes", "no"), ((FIRST, (30, 10)), (days(2)[1], (0, 20)))), "title"))
    bars = [(each.findtext("title"), float(each.get("height", ""))) for each in element.iter("rect")]
    (no, both), (other, alone), (yes, lower) = [bar for bar in bars if bar[0]]
    assert (no, other, yes) == ("1 Jan 2026: 10 no", "2 Jan 2026: 20 no", "1 Jan 2026: 30 yes")
    assert (both, lower) == pytest.approx((2 * alone, 1.5 * alone), abs=0.1)


def test_names_beside_lines_do_not_cover_one_another() -> None:
    """Five lines that end in the same place have names that are a line of text apart."""
    chart = Lines(tuple(Line(f"line {place}", tuple(zip(days(3), (1.0, 2.0, 3.0), strict=True))) for place in range(5)))
    element = ET.fromstring(svg(chart, "title"))
    heights = sorted(float(each.get("y", "")) for each in element.iter("text") if "line" in (each.text or ""))
    assert len(heights) == 5
    assert min(after - before for before, after in pairwise(heights)) >= 12.9


def test_the_same_data_is_the_same_picture() -> None:
    """Byte for byte, so that nothing seems to have changed."""
    assert [markdown(chart, "t") for chart in FULL.values()] == [markdown(chart, "t") for chart in FULL.values()]
