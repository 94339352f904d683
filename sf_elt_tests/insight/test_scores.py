"""Scores keep what docs/scores.md promises."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.insight import SCORES, ScoreSpec, StreamsRefused, score_behaviour
from sf_elt.warehouse import Warehouse
from sf_elt_tests.examples import some
from sf_elt_tests.insight.visits import ago, every, happened, scores, session
from sf_elt_tests.profiles.streams import NOW, build, event, lead, put, table


def test_who_does_more_has_no_less_quantity(warehouse: Warehouse) -> None:
    """Quantity ranks lifetime activity against all users: 0 for the least, 100 for the most, equal for equals."""
    found = scores(warehouse, {f"c{n}": every(3, n) for n in (1, 2, 2, 5, 9)} | {"d": every(7, 5)})
    assert {who: row["quantity"] for who, row in found.items()} == {"c1": 0, "c2": 25, "c5": 50, "d": 50, "c9": 100}


def test_one_user_alone_stands_in_the_middle(warehouse: Warehouse) -> None:
    """Where there is nobody to compare with, the scores against all users are 50."""
    (row,) = scores(warehouse, {"c": every(7, 5)}).values()
    assert (row["quantity"], row["frequency"], row["intensity"]) == (50, 50, 50)


def test_frequency_counts_visits_by_time_and_not_clicks(warehouse: Warehouse) -> None:
    """Who comes weekly for a year is more frequent than who comes monthly, however much is done in each visit."""
    found = scores(
        warehouse,
        {
            "weekly": every(7, 50),
            "monthly": [at for start in every(30, 12) for at in session(start, 20)],
            "long ago": every(7, 12, last=300),
        },
    )
    assert found["weekly"]["frequency"] > found["monthly"]["frequency"]
    assert found["weekly"]["frequency"] > found["long ago"]["frequency"]
    assert found["monthly"]["quantity"] > found["weekly"]["quantity"]


def test_a_newcomer_is_not_yet_frequent(warehouse: Warehouse) -> None:
    """One visit today is not seven a week."""
    found = scores(warehouse, {"new": [ago(0.1)], "weekly": every(7, 30), "daily": every(1, 60)})
    assert found["new"]["frequency"] < found["weekly"]["frequency"] < found["daily"]["frequency"]


def test_recency_goes_by_the_own_past(warehouse: Warehouse) -> None:
    """Within the own usual gap a user is fully recent, whether that is a day or a month; ten gaps later hardly."""
    late = {"usual": 0.5, "late": 3.5, "dormant": 12}
    found = scores(
        warehouse,
        {f"{who} {days}": every(days, 20, last=last * days) for who, last in late.items() for days in (1, 7, 30)},
    )
    for days in (1, 7, 30):
        assert found[f"usual {days}"]["recency"] == 100
        assert 20 < found[f"late {days}"]["recency"] < 80
        assert found[f"dormant {days}"]["recency"] < 10


def test_one_stray_event_does_not_wake_a_dormant_user(warehouse: Warehouse) -> None:
    """A weekly user who came once after a year away is between dormant and back; a burst counts once."""
    past = every(7, 40, last=365)
    found = scores(
        warehouse,
        {
            "dormant": past,
            "stray": [ago(0.2), *past],
            "burst": [*session(ago(0.2), 30), *past],
            "back": [*every(7, 6), *past],
        },
    )
    assert found["dormant"]["recency"] == 0
    assert 0 < found["stray"]["recency"] == found["burst"]["recency"] < 40
    assert found["back"]["recency"] > 80


def test_one_stray_event_wakes_nobody_who_came_seldom_either(warehouse: Warehouse) -> None:
    """The absence that it ends is no habit: who came on a few days and stays away is not as recent as ever by it."""
    pasts = {
        f"{times} times every {days} days, {silent} ago": every(days, times, last=silent)
        for days, times in ((1, 2), (7, 2), (1, 3), (7, 3), (7, 5))
        for silent in (60, 120, 365)
    }
    strays = {f"{who}, and a stray": [ago(0.2), *past] for who, past in pasts.items()}
    found = scores(warehouse, {**pasts, **strays})
    for who in pasts:
        assert found[who]["recency"] < 10
        assert found[f"{who}, and a stray"]["recency"] <= 55


def test_one_stray_event_brings_back_as_little_of_a_short_past_as_of_a_long_one(warehouse: Warehouse) -> None:
    """Who came once, or for years, and stayed away: a stray event brings back 28 % of what was lost, and no more."""
    pasts = {f"{times} times, {silent} ago": (times, silent) for times in (1, 2, 30) for silent in (60, 120, 365)}
    dormant = {who: every(28, times, last=silent) for who, (times, silent) in pasts.items()}
    stray = {f"{who}, and a stray": [ago(0.2), *past] for who, past in dormant.items()}
    found = scores(warehouse, {**dormant, **stray})
    for who in pasts:
        before, after = found[who]["recency"], found[f"{who}, and a stray"]["recency"]
        assert before < 80
        assert after == pytest.approx(before + 0.28 * (100 - before), abs=2)


def test_a_few_days_late_are_no_absence(warehouse: Warehouse) -> None:
    """Who wavers about the own cadence by a tenth of it is as recent as ever."""
    wavering = {
        f"every {days}": [ago(days * (n + share)) for n, share in enumerate((0.1, 0, 0.1, 0, 0.1, 0, 0, 0.1))]
        for days in (7, 30)
    }
    assert {row["recency"] for row in scores(warehouse, wavering).values()} == {100}


def test_intensity_is_the_depth_of_a_typical_session(warehouse: Warehouse) -> None:
    """Deep sessions are intense, also when few; one long session among many short ones changes little."""
    found = scores(
        warehouse,
        {
            "deep": [at for start in every(30, 3) for at in session(start, 20)],
            "middle": [at for start in every(7, 10) for at in session(start, 5)],
            "shallow": every(1, 60),
            "shallow but once": [*every(1, 60, last=1.5), *session(ago(0.2), 29)],
        },
    )
    order = ["shallow", "shallow but once", "middle", "deep"]
    assert [found[who]["intensity"] for who in order] == [0, 33, 67, 100]


def test_a_session_ends_after_half_an_hour_of_silence(warehouse: Warehouse) -> None:
    """Events up to 30 minutes apart are one session, about 1970 as well; the gap can be configured."""
    start = datetime(1970, 1, 1, tzinfo=UTC)
    visits = {"one": [ago(2), ago(2, minutes=-30)], "two": [ago(2), ago(2, minutes=-31)]}
    visits["about 1970"] = [start - timedelta(minutes=16), start + timedelta(minutes=16)]
    found = scores(warehouse, visits)
    assert found["one"]["intensity"] > found["two"]["intensity"] == found["about 1970"]["intensity"]
    found = scores(warehouse, visits, session_gap=timedelta(hours=1))
    assert found["one"]["intensity"] == found["two"]["intensity"]


def test_a_constant_rate_has_no_momentum(warehouse: Warehouse) -> None:
    """Momentum is 50 while the rate is what it always was, whatever the cadence, its age and the moment within it.

    That of several visits a day too, and one that is no whole number of days.
    """
    constant = {
        f"every {days} days, {times} times, {phase / 10} into the next": every(days, times, last=days * phase / 10)
        for days in (1 / 24, 0.5, 0.75, 1, 1.5, 2, 7, 30)
        for times in (2, 3, 9, 24)
        for phase in (1, 3, 5, 7, 9)
    }
    found = scores(warehouse, constant)
    assert {who: row["momentum"] for who, row in found.items()} == dict.fromkeys(constant, 50)


def test_a_day_without_events_changes_nothing(warehouse: Warehouse) -> None:
    """All runs of a day (UTC) over the same events give the same scores, from its first second to its last.

    Nor does the turn of a day within 24 hours of somebody's last event change what is theirs alone.
    """
    happened(warehouse, {"now": every(1, 20, last=0), "weekly": every(7, 9, last=3), "once": [ago(30)]})
    day = NOW.replace(hour=0) + timedelta(days=1)

    def at(now: datetime) -> dict[str, tuple[object, ...]]:
        score_behaviour(warehouse, now=now, run_id="test")
        return {row["profile_id"]: tuple(row[score] for score in SCORES) for row in table(warehouse, "insight.scores")}

    same_day = [at(NOW), at(NOW + timedelta(minutes=1)), at(day - timedelta(seconds=1))]
    assert same_day[0] == same_day[1] == same_day[2]
    next_day = at(day)
    assert next_day["now"] == same_day[0]["now"]
    assert next_day["once"] != same_day[0]["once"]


def test_momentum_rises_and_falls(warehouse: Warehouse) -> None:
    """Coming more often or doing more is above 50, coming more rarely or staying away is below."""
    weekly = every(7, 20, last=20)
    found = scores(
        warehouse,
        {
            "more often": [*every(2, 9), *weekly],
            "does more": [*(at for start in every(7, 3) for at in session(start, 5)), *weekly],
            "more rarely": [*every(21, 5), *every(7, 20, last=105)],
            "stays away": every(7, 20, last=90),
            "gone for ever": every(7, 20, last=700),
            "came once": [ago(300)],
        },
    )
    assert found["more often"]["momentum"] > 60
    assert found["does more"]["momentum"] > 60
    assert found["more rarely"]["momentum"] < 40
    assert found["came once"]["momentum"] < 20
    assert found["gone for ever"]["momentum"] < found["stays away"]["momentum"] < 40


def test_who_is_long_gone_has_no_momentum(warehouse: Warehouse) -> None:
    """A weekly user who has missed three visits is on the way down; one who came once a year ago is at 0."""
    found = scores(
        warehouse, {"missed some": every(7, 20, last=27.5), "came once": [ago(365)], "gone": every(7, 20, last=200)}
    )
    assert 10 <= found["missed some"]["momentum"] <= 30
    assert found["came once"]["momentum"] == found["gone"]["momentum"] == 0


def test_without_behaviour_there_is_no_score(warehouse: Warehouse) -> None:
    """A profile without events has no row, not a row of zeros; events after now are not behaviour yet."""
    put(warehouse, leads=[lead(1, "a@x.org"), lead(2)], events=[event(ago(1), "a@x.org"), event(ago(-1), "a@x.org")])
    build(warehouse)
    report = score_behaviour(warehouse, now=NOW, run_id="test")
    assert (report.profiles, report.events, report.events_left_out) == (1, 1, 1)
    assert len(table(warehouse, "profiles.profiles")) == 2


def test_without_any_events_nobody_has_scores(warehouse: Warehouse) -> None:
    """An org without events is no failure: the scores are empty, and the report names the stream that is missing."""
    put(warehouse, leads=[lead(1)])
    build(warehouse)
    report = score_behaviour(warehouse, now=NOW, run_id="test")
    assert (report.profiles, report.events, report.missing_streams) == (0, 0, ("web_events",))
    assert table(warehouse, "insight.scores") == []


def test_scores_end_with_the_events_they_came_from(warehouse: Warehouse) -> None:
    """What an earlier run computed does not outlive its behaviour."""
    scores(warehouse, {"c": every(7, 5)})
    put(warehouse, events=[])
    build(warehouse)
    assert score_behaviour(warehouse, now=NOW, run_id="test").profiles == 0
    assert table(warehouse, "insight.scores") == []


def test_a_stream_that_is_nearly_another_is_a_slip(warehouse: Warehouse) -> None:
    """It would be missing for ever; a stream that merely has not been imported is not refused."""
    visits = {"c": every(7, 5)}
    scores(warehouse, visits)
    with pytest.raises(StreamsRefused, match=r"no stream web_event to score \(did you mean web_events\?\)"):
        score_behaviour(warehouse, ScoreSpec(streams=("web_event",)), now=NOW, run_id="test")
    for later in ("shop_orders", "web_events_2"):
        report = score_behaviour(warehouse, ScoreSpec(streams=("web_events", later)), now=NOW, run_id="test")
        assert (report.profiles, report.missing_streams) == (1, (later,))


moments = st.lists(st.integers(-3, 900 * 24 * 60).map(lambda minutes: ago(minutes=minutes)), min_size=1, max_size=40)


@settings(max_examples=some(3), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from("abcdef"), moments, min_size=1))
def test_scores_are_whole_numbers_from_0_to_100(warehouse: Warehouse, visits: dict[str, list[datetime]]) -> None:
    """Whatever happened, every user with behaviour has scores between 0 and 100, and quantity is monotone."""
    found = scores(warehouse, visits)
    counts = {who: sum(at <= NOW for at in times) for who, times in visits.items()}
    assert found.keys() == {who for who, count in counts.items() if count}
    for row in found.values():
        assert {score for score in SCORES if row[score] is None} <= {"propensity", "consistency", "volatility"}
        assert all(0 <= row[score] <= 100 for score in SCORES if row[score] is not None)
    by_count = sorted((counts[who], row["quantity"]) for who, row in found.items())
    assert [quantity for _, quantity in by_count] == sorted(quantity for _, quantity in by_count)
