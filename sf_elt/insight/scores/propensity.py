"""Who comes back: the BG/NBD model of Fader, Hardie & Lee, fitted to how often and how recently people came.

    model = fit_returns(returns, last_return, age, people)
    model.r, model.alpha, model.a, model.b

"Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model. Marketing Science 24 (2005), 275–284.
People come by a Poisson process whose rate has a gamma distribution (r, alpha); after every return they stay away for
ever with a probability that has a beta distribution (a, b). What follows from a fitted model for each person is
computed in SQL (chance_of_return.sql).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MIN_PEOPLE = 100
"""Fewer people tell nothing about how people differ."""

MIN_RETURNED = 20
"""So many of them must have come back at least once."""

_BOUND = 9.0
"""The logarithm of a parameter is at most this far from 0. Where people hardly differ, r and alpha (or a and b) grow
together without end and without making any difference."""


class NotFitted(Exception):
    """There is too little behaviour to fit a model to; the message says what is there and what is needed."""


@dataclass(frozen=True)
class ReturnModel:
    """The parameters of the BG/NBD model; alpha is in the unit of time of the data. `people` were fitted to."""

    r: float
    alpha: float
    a: float
    b: float
    people: int


def fit_returns(returns: ArrayLike, last_return: ArrayLike, age: ArrayLike, people: ArrayLike) -> ReturnModel:
    """The model under which these histories are the most likely.

    One entry each for `people` who came back so often (x), for the last time so long after they first came (t_x), and
    first came so long ago (T). Raises NotFitted for too little behaviour, and where no maximum is found.
    """
    x, t_x, t, weights = (np.asarray(column, dtype=np.float64) for column in (returns, last_return, age, people))
    everybody, returned = int(weights.sum()), int(weights[x > 0].sum())
    if everybody < MIN_PEOPLE or returned < MIN_RETURNED:
        raise NotFitted(
            f"{everybody} people with behaviour, of whom {returned} came back on another day; "
            f"{MIN_PEOPLE} and {MIN_RETURNED} are needed"
        )
    from scipy.optimize import minimize  # half a second that only a fit needs

    unit = float(np.average(t, weights=weights))
    found = minimize(
        _cost,
        np.zeros(4),
        args=(x, t_x / unit, t / unit, weights / everybody),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_BOUND, _BOUND)] * 4,
        options={"ftol": 1e-11, "gtol": 1e-7, "maxiter": 500},
    )
    if not found.success or not np.isfinite(found.fun):
        raise NotFitted(f"no maximum of the likelihood was found for {everybody} people: {found.message}")
    r, alpha, a, b = (float(parameter) for parameter in np.exp(found.x))
    return ReturnModel(r, alpha * unit, a, b, everybody)


def _cost(logarithms: Floats, x: Floats, t_x: Floats, t: Floats, weights: Floats) -> tuple[float, Floats]:
    """The negative log-likelihood of a person on average, and its gradient by the logarithms of the parameters.

    Equation (6) of the paper, as the sum of logarithms of section 7 in brucehardie.com/notes/004: the person either
    still comes (`stays`) or went after the last return (`went`).
    """
    from scipy.special import digamma, expit, gammaln  # as late as above

    r, alpha, a, b = np.exp(logarithms)
    came_back = x > 0
    after = b + np.maximum(x, 1) - 1
    stays = -(r + x) * np.log(alpha + t)
    went = np.where(came_back, np.log(a) - np.log(after) - (r + x) * np.log(alpha + t_x), -np.inf)
    of_rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    of_stay = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    alive = np.where(came_back, expit(stays - np.where(came_back, went, 0)), 1.0)
    gone = 1 - alive
    slopes = (
        digamma(r + x) - digamma(r) + np.log(alpha) - alive * np.log(alpha + t) - gone * np.log(alpha + t_x),
        r / alpha - (r + x) * (alive / (alpha + t) + gone / (alpha + t_x)),
        digamma(a + b) - digamma(a + b + x) + gone / a,
        digamma(a + b) - digamma(a + b + x) + digamma(b + x) - digamma(b) - gone / after,
    )
    likelihood = float(weights @ (of_rate + of_stay + np.logaddexp(stays, went)))
    gradient = np.array([weights @ slope for slope in slopes]) * (r, alpha, a, b)
    return -likelihood, -gradient
