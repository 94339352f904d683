"""Consistency, maturity and volatility keep what docs/scores.md promises."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.warehouse import Warehouse
from sf_elt_tests.examples import some
from sf_elt_tests.insight.visits import ago, every, scores, session
from sf_elt_tests.profiles.streams import NOW, table

gaps = st.lists(st.integers(1, 40), min_size=2, max_size=12)
depths = st.lists(st.integers(1, 12), min_size=2, max_size=8)
search = settings(max_examples=some(3), deadline=None, suppress_health_check=list(HealthCheck))


def with_gaps(days: Sequence[int], *, last: float = 3.2) -> list[datetime]:
    """Visits with these numbers of days between them, the newest first."""
    return [ago(last + before) for before in accumulate(days, initial=0)]


def with_depths(events: Sequence[int]) -> list[datetime]:
    """A session a week with so many events each."""
    return [at for week, count in enumerate(events, start=1) for at in session(ago(7 * week), count)]


def test_any_steady_cadence_is_fully_consistent(warehouse: Warehouse) -> None:
    """Every 7 days is as regular as every 30, whatever happened since and in each visit; a few hours do not matter."""
    wavering = [ago(7 * week + hours / 24) for week, hours in enumerate((0, 5, -4, 8, -7, 3), start=1)]
    steady = {f"every {days}, {last} ago": every(days, 12, last=last) for days in (1, 7, 30) for last in (0.5, 200)}
    deep = {"deep": [at for start in every(7, 5) for at in session(start, 9)]}
    found = scores(warehouse, {**steady, **deep, "wavering": wavering})
    assert {row["consistency"] for row in found.values()} == {100}


def test_mixing_cadences_lowers_consistency(warehouse: Warehouse) -> None:
    """Weekly and then monthly, or both in turn, is less regular than either; visits in bursts are the least."""
    found = scores(
        warehouse,
        {
            "weekly": with_gaps([7] * 10),
            "nearly weekly": with_gaps([7, 8, 6, 7, 8, 6, 7, 7]),
            "weekly, then monthly": with_gaps([30] * 5 + [7] * 5),
            "in turn": with_gaps([7, 30] * 5),
            "bursts": with_gaps([1, 1, 1, 90, 1, 1, 1, 90]),
        },
    )
    regular = [found[who]["consistency"] for who in ("weekly", "nearly weekly", "in turn", "bursts")]
    assert regular == sorted(regular, reverse=True)
    assert len(set(regular)) == 4
    assert found["weekly, then monthly"]["consistency"] == found["in turn"]["consistency"]


@search
@given(gaps, st.integers(2, 9))
def test_consistency_goes_by_the_own_cadence(warehouse: Warehouse, days: list[int], times: int) -> None:
    """So many times as slow is as consistent, also in another order; only equal gaps are fully consistent."""
    slower, other_order = with_gaps([times * gap for gap in days]), with_gaps(sorted(days))
    found = scores(warehouse, {"own": with_gaps(days), "slower": slower, "other order": other_order})
    assert len({row["consistency"] for row in found.values()}) == 1
    assert (found["own"]["consistency"] == 100) == (len(set(days)) == 1)


def test_too_few_visits_say_nothing_of_regularity(warehouse: Warehouse) -> None:
    """With fewer than three active days there is no consistency, and with one session no volatility: null, not 0."""
    found = scores(warehouse, {"once": session(ago(5), 4), "twice": every(7, 2), "thrice": every(7, 3)})
    known = {who: (row["consistency"], row["volatility"]) for who, row in found.items()}
    assert known == {"once": (None, None), "twice": (None, 0), "thrice": (100, 0)}


def test_maturity_is_the_length_of_registered_behaviour(warehouse: Warehouse) -> None:
    """5 years are more than 3, and 3 years and then 2 of silence are 3, however often one came; one day is none."""
    found = scores(
        warehouse,
        {
            "5": every(30, 62),
            "3": every(30, 37),
            "3, then 2 silent": every(30, 37, last=730),
            "3, often": every(5, 217),
            "one day": session(ago(900), 5),
        },
    )
    assert found["5"]["maturity"] > found["3"]["maturity"] > found["one day"]["maturity"] == 0
    assert found["3"]["maturity"] == found["3, then 2 silent"]["maturity"] == found["3, often"]["maturity"]


def test_volatility_is_the_variation_between_sessions(warehouse: Warehouse) -> None:
    """The same number of events in each session is no variation, be it 1 or 20; the more they differ the higher."""
    found = scores(
        warehouse,
        {
            "shallow": with_depths([1] * 6),
            "deep": with_depths([20] * 6),
            "some": with_depths([4, 5, 6] * 2),
            "more": with_depths([1, 5, 9] * 2),
            "wild": with_depths([1, 1, 1, 1, 1, 25]),
        },
    )
    assert found["shallow"]["volatility"] == found["deep"]["volatility"] == 0
    assert 0 < found["some"]["volatility"] < found["more"]["volatility"] < found["wild"]["volatility"] <= 100


@search
@given(depths, st.integers(2, 5))
def test_volatility_is_relative_to_the_own_depth(warehouse: Warehouse, events: list[int], times: int) -> None:
    """So many times as many events in each session vary as much, and so does the same history twice."""
    deeper = with_depths([times * count for count in events])
    found = scores(warehouse, {"own": with_depths(events), "deeper": deeper, "twice": with_depths(events * 2)})
    assert len({row["volatility"] for row in found.values()}) == 1
    assert (found["own"]["volatility"] == 0) == (len(set(events)) == 1)


def test_scores_of_an_earlier_version_get_the_new_ones(warehouse: Warehouse) -> None:
    """A warehouse whose table has five scores goes on working: the next run adds the other four."""
    with warehouse.write() as connection:
        for column in ("propensity", "consistency", "maturity", "volatility"):
            connection.execute(f"ALTER TABLE insight.scores DROP COLUMN {column}")
        connection.execute("INSERT INTO insight.scores VALUES ('p', 1, 2, 3, 4, 5, ?)", [NOW.replace(tzinfo=None)])
        connection.execute("DELETE FROM ops.installed")
    found = scores(warehouse, {"c": every(7, 5)})
    assert found["c"]["consistency"] == 100
    assert [row["profile_id"] for row in table(warehouse, "insight.scores")] == ["c"]
