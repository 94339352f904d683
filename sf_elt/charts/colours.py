"""Colours that can be told from a white ground and from a black one, and from one another with any eyesight."""

from collections.abc import Mapping

from sf_elt.charts.drawing import Tone

COLOURS: Mapping[Tone, str] = {
    "accent": "#3a7fc4",
    "second": "#c8770a",
    "third": "#1a9277",
    "fourth": "#b9609f",
    "fifth": "#857a2f",
    "faint": "#9db4cc",
    "came": "#1a9277",
    "went": "#d0583a",
    "soft": "#777d86",
    "line": "#8885",
}
"""After the palette of Okabe and Ito (2008). Text has a contrast of 4 or more to white and to black, bars of 3; lines
of axes let the ground through."""
