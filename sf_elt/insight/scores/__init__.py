"""Behavioural scores, 0 to 100. Formulas: docs/scores.md."""

from sf_elt.insight.scores.computing import SCORES, ScoreSpec, ScoresReport, score_behaviour
from sf_elt.insight.scores.meanings import MEANINGS
from sf_elt.insight.scores.propensity import ReturnModel

__all__ = ["MEANINGS", "SCORES", "ReturnModel", "ScoreSpec", "ScoresReport", "score_behaviour"]
