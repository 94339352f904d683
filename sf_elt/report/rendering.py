"""The page: one HTML file with its style and pictures in it, that needs no network and no script."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from sf_elt.insight import MEANINGS, WEEK
from sf_elt.report import words
from sf_elt.report.attention import needs_attention
from sf_elt.report.drawing import draw
from sf_elt.report.reading import Report

if TYPE_CHECKING:
    from jinja2 import Environment

TITLE = "Profiles and audiences"

PARTS = (
    ("attention", "Attention"),
    ("audiences", "Audiences"),
    ("scores", "Scores"),
    ("topics", "Topics"),
    ("health", "Profile health"),
    ("exports", "Write-backs"),
    ("imports", "Imports"),
)
"""Anchor and name of each part, in their order."""

_FILTERS: Mapping[str, Callable[..., object]] = {
    "ago": words.ago,
    "code": words.code,
    "duration": words.duration,
    "moment": words.moment,
    "number": lambda number: f"{number:,}",
    "percent": words.percent,
    "plain": words.plain,
    "rule": words.rule,
    "status": words.status,
    "whole_percent": lambda share: f"{share:.0%}",
}


def render(report: Report, *, title: str = TITLE) -> str:
    """The report as an HTML page. Whatever names and texts it is made of, they are shown as they are written."""
    environment = _environment()
    page = environment.get_template("page.html")
    return page.render(
        report=report,
        title=title,
        parts=PARTS,
        week=WEEK,
        attention=needs_attention(report),
        pictures=draw(report),
        meaning_of_score=MEANINGS,
        newest_import=max((each.read_at for each in report.imports), default=None),
        most_readers=max((each.people for each in report.topics.top), default=1) if report.topics else 1,
        style=_style(),
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sf_elt.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    return environment


@cache
def _style() -> str:
    loader = _environment().loader
    assert loader is not None  # noqa: S101  set above
    return loader.get_source(_environment(), "page.css")[0]
