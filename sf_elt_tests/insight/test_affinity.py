"""Affinities keep what docs/affinity.md promises."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.insight import (
    AffinitiesReport,
    AffinitySpec,
    Audience,
    StreamsRefused,
    compute_affinities,
    preview_audiences,
    refresh_audiences,
)
from sf_elt.insight.affinity.asked import topic_key
from sf_elt.warehouse import Warehouse
from sf_elt_tests.examples import some
from sf_elt_tests.pages import ROOT
from sf_elt_tests.profiles.streams import NOW, build, event, put, table

TODAY = NOW.replace(hour=0)
"""Ages are counted back from the beginning of the day."""
HALF_LIFE = 90
ROUNDING = 1e-6
SCHEMA = pa.schema({"profile_id": pa.string(), "occurred_at": pa.timestamp("us"), "topics": pa.list_(pa.string())})


class Visit(NamedTuple):
    """Who visited a page about what, so many days ago."""

    who: str
    days_ago: float
    topics: Sequence[str | None]


Affinities = dict[tuple[str, str], float]


def compute(
    warehouse: Warehouse, visits: Iterable[Visit], *, later: float = 0, **options: object
) -> tuple[Affinities, AffinitiesReport]:
    """(Who, topic) → affinity, `later` days after TODAY; and the report."""
    now = TODAY.replace(tzinfo=None)
    rows = [
        {"profile_id": visit.who, "occurred_at": now - timedelta(days=visit.days_ago), "topics": visit.topics}
        for visit in visits
    ]
    with warehouse.write() as connection:
        connection.register("arriving", pa.Table.from_pylist(rows, SCHEMA))
        connection.execute("CREATE OR REPLACE TABLE streams.web_events AS FROM arriving")
        connection.unregister("arriving")
        connection.execute("CREATE OR REPLACE VIEW profiles.web_events_by_profile AS FROM streams.web_events")
    spec = AffinitySpec.model_validate({"half_life_days": HALF_LIFE, **options})
    report = compute_affinities(warehouse, spec, now=TODAY + timedelta(days=later), run_id="test")
    found = table(warehouse, "insight.affinities")
    return {(row["profile_id"], row["topic"]): row["affinity"] for row in found}, report


class Reckoned(NamedTuple):
    """The numbers of the formula for one person and topic."""

    weight: float
    evidence: float
    distinction: float
    share: float
    affinity: float

    @property
    def own(self) -> float:
        """What the visits of the topic say, whatever else the person visits."""
        return self.evidence * self.distinction


def reckon(visits: Iterable[Visit]) -> dict[tuple[str, str], Reckoned]:
    """The formula of docs/affinity.md as it is written there, each number by itself."""
    weights: dict[tuple[str, str], float] = defaultdict(float)
    for who, days_ago, topics in visits:
        for topic in {topic for topic in topics if topic}:
            weights[who, topic] += 2 ** (-days_ago / HALF_LIFE)
    people = {who for who, _ in weights}
    evidence = {each: weight / (weight + 3) for each, weight in weights.items()}
    distinction = {}
    for (who, topic), weight in weights.items():
        met = [min(1, weights.get((other, topic), 0) / weight) for other in people - {who}]
        distinction[who, topic] = 0.1 + 0.9 * (1 - (sum(met) / len(met) if met else 0))
    told: dict[str, float] = defaultdict(float)
    for (who, topic), weight in weights.items():
        told[who] += weight * distinction[who, topic]
    reckoned = {}
    for each, weight in weights.items():
        share = weight * distinction[each] / told[each[0]]
        affinity = evidence[each] * distinction[each] * (1 + share) / 2
        reckoned[each] = Reckoned(weight, evidence[each], distinction[each], share, affinity)
    return reckoned


visits_of_few = st.lists(
    st.builds(
        Visit,
        who=st.sampled_from("abcd"),
        days_ago=st.integers(0, 720 * 8).map(lambda eighths: eighths / 8),
        topics=st.lists(st.sampled_from(["Data", "AI", "Home", "Pricing"]), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=25,
)
"""Few people and topics, so that they meet; some visits at the same moment, some about one topic twice."""

few_examples = settings(max_examples=some(5), deadline=None, suppress_health_check=list(HealthCheck))


@few_examples
@given(visits_of_few)
def test_they_are_what_the_formula_says(warehouse: Warehouse, visits: list[Visit]) -> None:
    """A row for each person and visited topic and for no other, with the reckoned affinity, above 0 and below 1.

    It is never below a twentieth of the evidence of its visits, and never above that evidence.
    """
    found, report = compute(warehouse, visits)
    reckoned = reckon(visits)
    assert found == pytest.approx({each: numbers.affinity for each, numbers in reckoned.items()}, abs=ROUNDING)
    for each, affinity in found.items():
        assert 0 < affinity < 1
        assert reckoned[each].evidence / 20 - ROUNDING <= affinity <= reckoned[each].evidence + ROUNDING
    assert (report.affinities, report.visits, report.malformed) == (len(found), len(visits), 0)
    counts = {(row["profile_id"], row["topic"]): row["visits"] for row in table(warehouse, "insight.affinities")}
    assert counts == {
        (who, topic): sum(visit.who == who and topic in visit.topics for visit in visits) for who, topic in found
    }


@pytest.mark.soak
@few_examples
@given(visits_of_few, st.sampled_from("abcde"), st.sampled_from(["Data", "AI", "New"]), st.integers(0, 400))
def test_another_visit_lowers_no_interest_below_what_its_own_visits_say(
    warehouse: Warehouse, visits: list[Visit], who: str, topic: str, days_ago: int
) -> None:
    """A visit raises the interest in its topic; that in another stays at or above half of what its visits say.

    What these say does not change by it. Of the others' interests only those in the same topic may fall, unless the
    visitor is new.
    """
    before, _ = compute(warehouse, visits)
    after, _ = compute(warehouse, [*visits, Visit(who, days_ago, [topic])])
    own_before, own_after = reckon(visits), reckon([*visits, Visit(who, days_ago, [topic])])
    is_known = any(visit.who == who for visit in visits)
    assert before.get((who, topic), 0) <= after[who, topic] + ROUNDING
    for each, affinity in after.items():
        if each == (who, topic):
            continue
        if each[0] == who or each[1] != topic:
            assert affinity >= own_before[each].own / 2 - ROUNDING
            if is_known:
                assert own_after[each].own == pytest.approx(own_before[each].own)
        if is_known and each[0] != who:
            if each[1] == topic:
                assert own_after[each].own <= own_before[each].own + ROUNDING
            else:
                assert affinity >= before[each] - ROUNDING


@pytest.mark.soak
@few_examples
@given(visits_of_few, st.integers(1, 300))
def test_time_alone_only_lowers(warehouse: Warehouse, visits: list[Visit], later: int) -> None:
    """Without new visits every affinity falls, and by no more than its visits fade; nobody overtakes another one."""
    before, _ = compute(warehouse, visits)
    after, _ = compute(warehouse, visits, later=later)
    faded = 2 ** (-later / HALF_LIFE)
    assert after.keys() == before.keys()
    for each, affinity in after.items():
        assert before[each] * faded - ROUNDING <= affinity <= before[each] + ROUNDING
    numbers = reckon(visits)
    later_numbers = reckon([visit._replace(days_ago=visit.days_ago + later) for visit in visits])
    for each, then in later_numbers.items():
        assert (then.distinction, then.share) == pytest.approx((numbers[each].distinction, numbers[each].share))


def test_a_topic_that_everybody_visits_says_little(warehouse: Warehouse) -> None:
    """Ten people visit the home page as often as a page of their own: that one says ten times as much, nearly."""
    people = [f"p{number}" for number in range(10)]
    visits = [Visit(who, 1, [topic]) for who in people for topic in ("Home", f"Own {who}") for _ in range(5)]
    found, _ = compute(warehouse, visits)
    for who in people:
        assert found[who, "Home"] < 0.05
        assert found[who, f"Own {who}"] > 0.55
    keen = [*visits, *(Visit("p0", 0, ["Home"]) for _ in range(45))]
    found, _ = compute(warehouse, keen)
    assert found["p0", "Home"] > 0.7
    assert found["p1", "Home"] < 0.05


def test_spellings_of_a_topic_are_one(warehouse: Warehouse) -> None:
    """White space and letter case tell no topics apart; the usual spelling stands, and one visit counts once."""
    topics = [["AI & Data"], ["AI & Data"], [" ai &\tdata ", "AI & Data"], ["AI & DATA"], ["Café"], ["CAFE\u0301"]]
    found, report = compute(warehouse, [Visit("a", 0, each) for each in topics])
    assert {topic for _, topic in found} == {"AI & Data", "CAFÉ"}
    rows = {row["topic"]: row["visits"] for row in table(warehouse, "insight.affinities")}
    assert rows == {"AI & Data": 4, "CAFÉ": 2}
    assert report.topics == 2


def test_hours_change_nothing(warehouse: Warehouse) -> None:
    """All runs of a day (UTC) over the same visits give the same affinities; those of that day fade like all others."""
    visits = [Visit("a", 1, ["Data"]), Visit("b", 40, ["AI"]), Visit("b", 3, ["Data"])]
    found = [compute(warehouse, visits, later=later)[0] for later in (0, 1 / 1440, 0.999, 1)]
    assert found[0] == found[1] == found[2] != found[3]
    visits += [Visit("a", -later, ["Data"]) for later in (0.1, 0.5, 0.9)]
    for day in (0, 1):
        reckoned = reckon([each._replace(days_ago=each.days_ago + day) for each in visits])
        found_then, _ = compute(warehouse, visits, later=day + 0.95)
        assert found_then == pytest.approx({each: numbers.affinity for each, numbers in reckoned.items()}, abs=ROUNDING)


def test_what_is_no_topic_is_counted_and_left_out(warehouse: Warehouse) -> None:
    """Blank, missing, JSON, signs alone, too long: none of them is a topic; C++ and a picture are."""
    odd = [None, "", "  \u00a0", "--", '{"name": "Data"}', '["Data"]', "x" * 201]
    found, report = compute(warehouse, [Visit("a", 0, [each]) for each in odd] + [Visit("a", 0, ["C++", "🎥", None])])
    assert {topic for _, topic in found} == {"C++", "🎥"}
    assert (report.malformed, report.topics) == (8, 2)


@settings(max_examples=some(10), deadline=None)
@given(st.text(min_size=1, max_size=12))
def test_a_key_is_its_own_key(topic: str) -> None:
    """What conditions look up is what was stored, whichever spelling of a topic stands in the table."""
    assert topic_key(topic_key(topic)) == topic_key(topic)


def test_too_many_topics_are_reported_and_kept(warehouse: Warehouse) -> None:
    """Above the accepted number the least visited are named, and every topic has its row all the same."""
    visits = [Visit("a", 1, [f"Topic {number}"]) for number in range(4) for _ in range(4 - number)]
    found, report = compute(warehouse, visits, most_topics=3)
    assert len(found) == report.topics == 4
    assert [(each.topic, each.visits) for each in report.least_visited][:2] == [("Topic 3", 1), ("Topic 2", 2)]
    _, report = compute(warehouse, visits, most_topics=4)
    assert report.least_visited == ()


def test_too_few_or_faded_visits_are_no_affinity(warehouse: Warehouse) -> None:
    """Where somebody visited a topic less often than asked for, or for the last time ages ago, there is no row, not 0.

    A visit after now has not happened yet.
    """
    visits = [Visit("a", 1, ["Data"]), Visit("a", 2, ["Data"]), Visit("a", 1, ["AI"]), Visit("b", 90 * 40, ["Data"])]
    found, _ = compute(warehouse, [*visits, Visit("b", -1, ["AI"])], minimum_visits=2)
    assert found.keys() == {("a", "Data")}
    found, _ = compute(warehouse, visits)
    assert found.keys() == {("a", "Data"), ("a", "AI")}


def test_top_topics_are_three_in_the_order_of_interest(warehouse: Warehouse) -> None:
    """The text names the three topics of most interest, that of the most first; fewer where there are fewer."""
    visits = [Visit("a", 0, [f"T{number}"]) for number in range(1, 6) for _ in range(number)]
    compute(warehouse, [*visits, Visit("b", 0, ["T1"])])
    rows = {row["profile_id"]: row for row in table(warehouse, "insight.interests")}
    assert (rows["a"]["top_topics"], rows["b"]["top_topics"]) == ("T5; T4; T3", "T1")
    assert [topic for topic, _ in rows["a"]["affinities"]] == ["t5", "t4", "t3", "t2", "t1"]


def test_conditions_ask_for_them(warehouse: Warehouse) -> None:
    """affinity('…') in any spelling; who never visited the topic is in no audience about it, high or low."""
    rows = [event(NOW, cookie=who, topics=[topic]) for who, topic in (("a", "Pricing"), ("b", "Data"), ("c", "Data"))]
    put(warehouse, events=[{**row, "event_id": str(number)} for number, row in enumerate(rows)])
    build(warehouse)
    computed = compute_affinities(warehouse, now=NOW, run_id="test")
    assert (computed.profiles, computed.streams_without_topics, computed.missing_streams) == (3, (), ())
    conditions = [
        "affinity(' PRICING') > 0.2",
        "affinity('pricing') <= 0.2",
        "affinities['data'] > 0",
        "top_topics = 'Data'",
    ]
    audiences = [Audience(name=f"A{n}", description="", condition=text) for n, text in enumerate(conditions)]
    report = refresh_audiences(warehouse, audiences, now=NOW, run_id="test")
    assert [each.members for each in report.audiences] == [1, 0, 2, 2]
    assert report.notes == {}


def test_a_topic_that_nobody_read_about_is_told(warehouse: Warehouse) -> None:
    """It may be a slip: audiences and their previews name the nearest topic that there is, and go on."""
    put(warehouse, events=[event(TODAY, cookie="a", topics=["Data Quality", "AI"])])
    build(warehouse)
    compute_affinities(warehouse, now=NOW, run_id="test")
    conditions = {
        "slip": "affinity('Data Qualty') > 0.2 OR affinity('Sailing') IS NULL OR affinity('data quality') > 1",
        "same": "affinities['data_quality'] > 0",
        "sound": "affinity('DATA QUALITY') > 0.1",
    }
    audiences = [Audience(name=name, description="", condition=text) for name, text in conditions.items()]
    nobody = "nobody has an affinity to "
    notes = {
        "slip": [f"{nobody}`data qualty` (did you mean Data Quality?)", f"{nobody}`sailing`"],
        "same": [f"{nobody}`data_quality` (did you mean Data Quality?)"],
    }
    found = preview_audiences(warehouse, audiences, now=NOW)
    assert found.audiences[-1].sample.rows[0][-1] == "data quality: 0.1875"  # and no other topic
    assert {each.audience: list(each.notes) for each in found.audiences} == {**notes, "sound": []}
    assert refresh_audiences(warehouse, audiences, now=NOW, run_id="test").notes == notes


def test_without_events_nobody_has_interests(warehouse: Warehouse) -> None:
    """No events are no failure, nor are events without topics; a stream that is nearly another is a slip."""
    compute(warehouse, [Visit("a", 0, ["Data"])])
    with pytest.raises(StreamsRefused, match=r"no stream web_event to read topics from \(did you mean web_events\?\)"):
        compute_affinities(warehouse, AffinitySpec(streams=("web_event",)), now=NOW, run_id="test")
    with warehouse.write() as connection:
        connection.execute("CREATE VIEW profiles.orders_by_profile AS SELECT 'a' AS profile_id, now() AS occurred_at")
    report = compute_affinities(warehouse, AffinitySpec(streams=("orders", "calls")), now=NOW, run_id="test")
    assert (report.streams_without_topics, report.missing_streams) == (("orders",), ("calls",))
    assert table(warehouse, "insight.affinities") == table(warehouse, "insight.interests") == []


def test_the_worked_example_is_right(warehouse: Warehouse) -> None:
    """Every number of the example in docs/affinity.md, from the visits that stand there."""
    page = (ROOT / "docs" / "affinity.md").read_text("utf-8").split("## A worked example")[1]
    lines = re.findall(r"^\| (?:Ada|Ben|Cleo) .*$", page, re.MULTILINE)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    told, numbers = (list(group) for _, group in groupby(rows, key=len))
    visits = [Visit(who, float(day), [topic]) for who, topic, days in told for day in days.split(",")]
    found, _ = compute(warehouse, visits)
    reckoned = reckon(visits)
    assert {(row[0], row[1]) for row in numbers} == found.keys()
    for who, topic, *cells in numbers:
        assert [float(cell) for cell in cells] == [round(number, 3) for number in reckoned[who, topic]]
        assert round(found[who, topic], 3) == float(cells[-1])
