"""Propensity: the BG/NBD model comes out as published, and what it says of the future comes true."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.insight import ScoreSpec, ScoresReport, score_behaviour
from sf_elt.insight.scores.propensity import NotFitted, ReturnModel, fit_returns
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import Warehouse
from sf_elt_tests.examples import some
from sf_elt_tests.insight.visits import every, happened
from sf_elt_tests.profiles.streams import NOW, put, table

CDNOW = Path(__file__).parent / "data" / "cdnow_sample.csv.gz"
CALIBRATED_TO = datetime(1997, 10, 1, tzinfo=UTC)
HELD_OUT = timedelta(weeks=39)
PUBLISHED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}  # Fader, Hardie & Lee 2005, table 2; alpha in weeks
CDNOW_MODEL = ReturnModel(**PUBLISHED, people=2357)


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, ScoresReport]:
    """The customers of CDNOW with their scores at the end of 1997-09-30, each purchase an event at noon."""
    warehouse = Warehouse(tmp_path_factory.mktemp("cdnow"))
    put(warehouse, events=[])
    with warehouse.write() as connection:
        connection.execute(
            "CREATE VIEW profiles.web_events_by_profile AS "
            "SELECT customer::VARCHAR AS profile_id, day + INTERVAL 12 HOUR AS occurred_at "
            f"FROM read_csv('{CDNOW}', types = {{'customer': 'INTEGER', 'day': 'DATE'}})"
        )
    spec = ScoreSpec(horizon=HELD_OUT)
    return warehouse, score_behaviour(warehouse, spec, now=CALIBRATED_TO, run_id="test")


def chances(model: ReturnModel, histories: list[Mapping[str, float]]) -> list[float]:
    """chance_of_return.sql for histories of `x`, `t_x`, `t` and `horizon`."""
    with duckdb.connect() as connection:
        connection.execute(statement("chance_of_return", package="sf_elt.insight.scores"))
        asked = "SELECT chance_of_return($x, $t_x, $t, $horizon, $r, $alpha, $a, $b)"
        fixed = {name: getattr(model, name) for name in PUBLISHED}
        return [connection.execute(asked, {**history, **fixed}).fetchall()[0][0] for history in histories]


def test_the_model_comes_out_as_published(cdnow: tuple[Warehouse, ScoresReport]) -> None:
    """On the CDNOW sample the parameters are those of the paper, within 1 %."""
    _, report = cdnow
    assert report.model is not None
    assert report.model.people == 2357
    weekly = {"r": report.model.r, "alpha": report.model.alpha / 7, "a": report.model.a, "b": report.model.b}
    assert weekly == pytest.approx(PUBLISHED, rel=0.01)


def test_the_unit_of_time_does_not_matter(cdnow: tuple[Warehouse, ScoresReport]) -> None:
    """Days or weeks: only alpha is in another unit."""
    x, t_x, t = np.array([0, 1, 2, 5] * 40), np.array([0, 3, 9, 20] * 40), np.array([20, 21, 22, 23] * 40)
    weeks, days = fit_returns(x, t_x, t, np.ones(160)), fit_returns(x, 7 * t_x, 7 * t, np.ones(160))
    assert (days.r, days.alpha / 7, days.a, days.b) == pytest.approx((weeks.r, weeks.alpha, weeks.a, weeks.b), rel=1e-6)


def test_what_propensity_says_of_the_future_comes_true(cdnow: tuple[Warehouse, ScoresReport]) -> None:
    """Propensities say how many buy in the 39 held-out weeks: to 3 % of all, to 12 % in each fifth of the scale."""
    warehouse, _ = cdnow
    with warehouse.read() as connection:
        groups = connection.execute(
            f"""
            SELECT count(*), avg(propensity) / 100, avg((profile_id IN (
                SELECT customer::VARCHAR FROM read_csv('{CDNOW}') WHERE day > DATE '1997-09-30'))::INT)
            FROM insight.scores GROUP BY propensity // 20 ORDER BY 2
            """
        ).fetchall()
    assert sum(people for people, _, _ in groups) == 2357
    assert all(abs(said - came) < 0.12 for _, said, came in groups), groups  # cautious in the middle: docs/scores.md
    assert [came for _, _, came in groups] == sorted(came for _, _, came in groups)
    said, came = (sum(row[0] * row[n] for row in groups) / 2357 for n in (1, 2))
    assert said == pytest.approx(came, abs=0.03)


@pytest.mark.parametrize(
    ("x", "t_x", "t", "horizon"), [(0, 0, 20, 4), (2, 30, 39, 4), (6, 10, 39, 26), (1, 38, 39, 52)]
)
def test_the_formula_is_the_integral(x: int, t_x: float, t: float, horizon: float) -> None:
    """The chance equals the mean over all rates and dropouts, weighted by how well they explain the past."""
    from scipy import stats  # takes most of a second, which every worker would wait

    shares = (np.arange(3000) + 0.5) / 3000
    rate = stats.gamma.ppf(shares, PUBLISHED["r"], scale=1 / PUBLISHED["alpha"])[:, None]
    dropout = stats.beta.ppf(shares[::3], PUBLISHED["a"], PUBLISHED["b"])[None, :]
    still = (1 - dropout) ** x * rate**x * np.exp(-rate * t)
    left = dropout * (1 - dropout) ** (x - 1) * rate**x * np.exp(-rate * t_x) if x else 0
    expected = (still * -np.expm1(-rate * horizon)).sum() / (still + left).sum()
    history = {"x": x, "t_x": t_x, "t": t, "horizon": horizon}
    assert chances(CDNOW_MODEL, [history]) == pytest.approx([expected], rel=0.01)


@settings(max_examples=some(15), deadline=None)
@given(st.integers(0, 5000), st.floats(0, 4000), st.floats(0, 4000), st.floats(0.1, 400))
def test_a_chance_is_a_probability(x: int, t_x: float, wait: float, horizon: float) -> None:
    """From 0 to 1 for any history; a longer horizon never lowers it, and who came later is likelier to come again."""
    t = t_x + wait
    own = {"x": x, "t_x": t_x, "t": t, "horizon": horizon}
    chance, longer, later = chances(CDNOW_MODEL, [own, own | {"horizon": 2 * horizon}, own | {"t_x": (t_x + t) / 2}])
    assert 0 <= chance <= longer <= 1
    assert later >= chance * (1 - 1e-9)


def test_too_little_behaviour_gives_no_propensity(warehouse: Warehouse, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is invented: propensity is null, the other scores are there, and the log says what is missing."""
    happened(warehouse, {"a": every(7, 5), "b": every(3, 2), "c": every(1, 1)})
    with caplog.at_level(logging.WARNING):
        report = score_behaviour(warehouse, now=NOW, run_id="test")
    assert report.model is None
    assert {(row["propensity"], row["quantity"]) for row in table(warehouse, "insight.scores")} == {
        (None, 100), (None, 50), (None, 0)
    }  # fmt: skip
    assert "3 people with behaviour, of whom 2 came back on another day; 100 and 20 are needed" in caplog.text


def test_people_who_never_came_back_are_no_model() -> None:
    """Hundreds of single visits do not say how likely a second one is."""
    with pytest.raises(NotFitted, match="500 people with behaviour, of whom 3 came back"):
        fit_returns([0, 1], [0, 9], [30, 30], [497, 3])


def test_people_who_hardly_differ_are_a_model_too() -> None:
    """At one rate for everybody the parameters have no maximum, but what follows from them is that rate."""
    visits = np.random.default_rng(7).poisson(0.1 * 300, 400)
    model = fit_returns(visits, np.full(400, 299.0), np.full(400, 300.0), np.ones(400))
    (chance,) = chances(model, [{"x": 30, "t_x": 299, "t": 300, "horizon": 10}])
    assert chance == pytest.approx(1 - np.exp(-1), abs=0.02)
