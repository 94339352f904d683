"""A drawing: marks at places in pixels, x to the right and y down, in tones that have their colours elsewhere."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Tone = Literal["accent", "second", "third", "fourth", "fifth", "faint", "came", "went", "soft", "line"]
"""Data is accent to fifth, faint what stands behind it; came and went are gains and losses, soft text, line axes."""

Anchor = Literal["start", "middle", "end"]

FONT = 11
"""Size of all text, in pixels."""


@dataclass(frozen=True)
class Bar:
    """A filled rectangle by its left, top, right and bottom; `says` is what it stands for, in words."""

    left: float
    top: float
    right: float
    bottom: float
    tone: Tone
    says: str = ""


@dataclass(frozen=True)
class Stroke:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    tone: Tone


@dataclass(frozen=True)
class Dot:
    """A point of its own."""

    x: float
    y: float
    tone: Tone
    says: str = ""


@dataclass(frozen=True)
class Words:
    """Text on its base line."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    tone: Tone = "soft"


Mark: TypeAlias = Bar | Stroke | Dot | Words


@dataclass(frozen=True)
class Drawing:
    """Marks, the later ones above the earlier, on nothing: the ground is the page's."""

    width: int
    height: int
    marks: tuple[Mark, ...]


def width_of(text: str) -> float:
    """About how wide a text is, in pixels; rather too wide than too narrow."""
    return 0.58 * FONT * len(text) + 2


def shortened(text: str, width: float) -> str:
    """The text, or what of its beginning fits into the width, with an ellipsis."""
    fit = max(1, int(width / (0.58 * FONT)))
    return text if len(text) <= fit else f"{text[: fit - 1].rstrip()}…"
