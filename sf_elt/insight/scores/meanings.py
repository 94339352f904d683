"""What each score says, for people who read it."""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "quantity": "How much somebody has ever done. High: more than most people.",
    "frequency": "How often somebody comes. High: more often than most people.",
    "recency": "Whether somebody is still around, by their own habit. High: as lately as ever. Low: has stayed away.",
    "intensity": "How much somebody does in one visit. High: visits that go deeper than those of most people.",
    "momentum": "More than usual, or less. 50 is as always, above is on the way up, below is slowing down.",
    "propensity": "How likely somebody is to come back soon, in percent.",
    "consistency": "How regular somebody's visits are. High: like clockwork. About 50: at random.",
    "maturity": "For how long somebody has been active. 50 is two years, 75 four.",
    "volatility": "How much somebody's visits differ from each other. Low: always the same, be it little or much.",
}
"""Score → a sentence or two; the formulas are in docs/scores.md."""
