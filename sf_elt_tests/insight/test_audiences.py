"""Members enter and leave, and it is known why."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from sf_elt.insight import (
    Audience,
    AudiencesRefused,
    AudiencesReport,
    ProfilesMissing,
    refresh_audiences,
    score_behaviour,
)
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import NOW, Row, build, event, lead, put, rule, table

STATUS = rule("salesforce_leads", "lead_status", "status")
SCORE = rule("salesforce_leads", "lead_score", "score", "number")
OPEN = "status = 'Open'"


def refresh(warehouse: Warehouse, day: int, **conditions: str) -> AudiencesReport:
    audiences = [Audience(name=name, description=f"Those {name}.", condition=text) for name, text in conditions.items()]
    return refresh_audiences(warehouse, audiences, now=NOW + timedelta(days=day), run_id="test")


def people(warehouse: Warehouse, day: int, statuses: Mapping[int, str | None], **columns: object) -> None:
    """Leads with these statuses, and profiles built from them that day."""
    put(warehouse, leads=[lead(n, f"p{n}@x.org", lead_status=status, **columns) for n, status in statuses.items()])
    build(warehouse, STATUS, SCORE, day=day)


def stays(warehouse: Warehouse) -> list[tuple[str, str | None, int, str, int | None, str | None]]:
    """Audience, email (None: no such profile), day entered and why, day left and why."""
    emails = {row["profile_id"]: row["email"] for row in table(warehouse, "profiles.profiles")}
    rows = table(warehouse, "insight.audience_members", "audience, entered_at, profile_id")
    return sorted(
        (
            (
                row["audience"],
                emails.get(row["profile_id"]),
                _day(row, "entered_at"),
                row["entered_because"],
                _day(row, "left_at") if row["left_at"] else None,
                row["left_because"],
            )
            for row in rows
        ),
        key=repr,
    )


def _day(row: Row, column: str) -> int:
    return int((row[column] - NOW.replace(tzinfo=None)).days)


def test_people_enter_and_leave(warehouse: Warehouse) -> None:
    """Stays have their times and reasons: the first members come by definition, later moves are people's own."""
    people(warehouse, 0, {1: "Open", 2: "Open", 3: None})
    report = refresh(warehouse, 0, open=OPEN)
    assert [(a.audience, a.members, a.entered, a.left) for a in report.audiences] == [("open", 2, 2, 0)]
    people(warehouse, 1, {1: "Open", 2: "Closed", 3: "Open"})
    report = refresh(warehouse, 1, open=OPEN)
    assert [(a.members, a.entered, a.left) for a in report.audiences] == [(2, 1, 1)]
    people(warehouse, 2, {1: "Open", 2: "Open", 3: "Open"})
    refresh(warehouse, 2, open=OPEN)
    assert stays(warehouse) == [
        ("open", "p1@x.org", 0, "definition", None, None),
        ("open", "p2@x.org", 0, "definition", 1, "person"),
        ("open", "p2@x.org", 2, "person", None, None),
        ("open", "p3@x.org", 1, "person", None, None),
    ]
    (audience,) = table(warehouse, "insight.audiences")
    assert (audience["audience"], audience["members"], audience["condition"]) == ("open", 3, OPEN)


def test_evaluating_again_moves_nobody(warehouse: Warehouse) -> None:
    """Nothing new means no new rows, also after the definition was only written differently."""
    people(warehouse, 0, {1: "Open", 2: None})
    refresh(warehouse, 0, open=OPEN)
    before = table(warehouse, "insight.audience_members")
    refresh(warehouse, 1, open="STATUS='Open'  -- still")
    assert table(warehouse, "insight.audience_members") == before


def test_a_changed_definition_is_told_apart_from_changed_people(warehouse: Warehouse) -> None:
    """Under a new definition only those whom the old one would not have moved as well were moved by it."""
    people(warehouse, 0, {1: "Open", 2: "Open", 3: "New", 4: "Closed"})
    refresh(warehouse, 0, mine=OPEN)
    people(warehouse, 1, {1: "Open", 2: "Closed", 3: "New", 4: "Open"})
    refresh(warehouse, 1, mine="status IN ('New', 'Open') AND email <> 'p1@x.org'")
    assert stays(warehouse) == [
        ("mine", "p1@x.org", 0, "definition", 1, "definition"),
        ("mine", "p2@x.org", 0, "definition", 1, "person"),
        ("mine", "p3@x.org", 1, "definition", None, None),
        ("mine", "p4@x.org", 1, "person", None, None),
    ]


@pytest.mark.soak
def test_a_former_definition_that_no_longer_applies(warehouse: Warehouse) -> None:
    """Where the former condition's field is gone, all moves are the definition's."""
    people(warehouse, 0, {1: "Open", 2: "New"})
    refresh(warehouse, 0, mine=OPEN)
    build(warehouse, SCORE, day=1)
    refresh(warehouse, 1, mine="email = 'p2@x.org'")
    assert stays(warehouse) == [
        ("mine", "p1@x.org", 0, "definition", 1, "definition"),
        ("mine", "p2@x.org", 1, "definition", None, None),
    ]


def test_an_audience_that_is_no_longer_defined_loses_its_members(warehouse: Warehouse) -> None:
    """They leave by definition, and the audience is no longer listed; it can come back."""
    people(warehouse, 0, {1: "Open"})
    refresh(warehouse, 0, mine=OPEN, all="true")
    report = refresh(warehouse, 1, all="true")
    assert [(a.audience, a.members, a.entered, a.left) for a in report.audiences] == [
        ("all", 1, 0, 0),
        ("mine", 0, 0, 1),
    ]
    assert [row["audience"] for row in table(warehouse, "insight.audiences")] == ["all"]
    refresh(warehouse, 2, mine=OPEN, all="true")
    assert [stay for stay in stays(warehouse) if stay[0] == "mine"] == [
        ("mine", "p1@x.org", 0, "definition", 1, "definition"),
        ("mine", "p1@x.org", 2, "definition", None, None),
    ]


def test_a_stay_never_ends_before_it_began(warehouse: Warehouse) -> None:
    """Where the clock was set back, who leaves has been there for no time at all."""
    people(warehouse, 3, {1: "Open"})
    refresh(warehouse, 3, mine=OPEN)
    people(warehouse, 1, {1: "Closed"})
    refresh(warehouse, 1, mine=OPEN)
    assert stays(warehouse) == [("mine", "p1@x.org", 3, "definition", 3, "person")]


def test_a_profile_that_is_gone_leaves(warehouse: Warehouse) -> None:
    """The stay of a profile without rows ends, and says so."""
    people(warehouse, 0, {1: "Open", 2: "Open"})
    refresh(warehouse, 0, mine=OPEN)
    people(warehouse, 1, {2: "Open"})
    refresh(warehouse, 1, mine=OPEN)
    assert stays(warehouse)[-1] == ("mine", None, 0, "definition", 1, "profile gone")


@pytest.mark.soak
def test_a_merge_makes_nobody_leave_and_enter(warehouse: Warehouse) -> None:
    """A merged profile's stay goes on as the surviving one's, with its old time; where both were in, one stay ends."""
    for day in range(3):
        people(warehouse, day, {n: "Open" if n else "New" for n in range(day + 1)})
    refresh(warehouse, 3, opened=OPEN, all="true")
    put(warehouse, events=[event(NOW, f"p{n}@x.org", "shared") for n in range(3)])
    put(warehouse, leads=[lead(n, f"p{n}@x.org", lead_status="Open") for n in range(3)])
    assert build(warehouse, STATUS, SCORE, day=4).merged == 2
    report = refresh(warehouse, 4, opened=OPEN, all="true")
    assert [(a.audience, a.members, a.entered, a.left) for a in report.audiences] == [
        ("opened", 1, 0, 0),
        ("all", 1, 0, 0),
    ]
    (survivor,) = table(warehouse, "profiles.profiles")
    assert [stay for stay in stays(warehouse) if stay[4] is None] == [
        ("all", survivor["email"], 3, "definition", None, None),
        ("opened", survivor["email"], 3, "definition", None, None),
    ]
    assert [stay[-1] for stay in stays(warehouse) if stay[4] is not None] == ["profile merged"] * 3


def test_scores_and_relative_times(warehouse: Warehouse) -> None:
    """Conditions may use scores, which are null without behaviour, add and subtract them, and use the time."""
    events = [event(NOW - timedelta(days=n), "p1@x.org", "c1") for n in range(5)]
    put(warehouse, events=[*events, event(NOW - timedelta(days=9), "p2@x.org", "c2")])
    people(warehouse, 0, {1: "Open", 2: "Open", 3: "Open"})
    score_behaviour(warehouse, now=NOW, run_id="test")
    conditions = {
        "active": "quantity >= 50",
        "silent": "quantity IS NULL",
        "fresh": "created_at > now() - INTERVAL 7 DAYS",
        "slowing": "quantity - 3 * frequency < 0 AND quantity + frequency + recency + momentum > 255",
    }
    report = refresh(warehouse, 1, **conditions)
    assert [a.members for a in report.audiences] == [1, 1, 3, 1]
    report = refresh(warehouse, 8, **conditions)
    assert [(a.members, a.left) for a in report.audiences] == [(1, 0), (1, 0), (0, 3), (1, 0)]


def test_faults_are_said_with_the_audience_before_anything_is_written(warehouse: Warehouse) -> None:
    """All audiences' faults come at once: unknown fields, other types, names that are there twice."""
    people(warehouse, 0, {1: "Open"})
    refresh(warehouse, 0, mine=OPEN)
    before = table(warehouse, "insight.audience_members")
    with pytest.raises(AudiencesRefused) as refused:
        refresh(
            warehouse,
            1,
            mine="email <> ''",
            a="statos = 'Open'",
            b="status",
            c="status > DATE '2020-01-01' - 1.5",
            A="true",
        )
    problems = refused.value.problems
    assert any("audience a: there is no field `statos` (did you mean status?)" in problem for problem in problems)
    assert any("audience b: the condition gives a *string*, not true or false" in problem for problem in problems)
    assert any(problem.startswith("audience c: `") and "cannot take *date*" in problem for problem in problems)
    assert sum("there is another one of this name" in problem for problem in problems) == 2
    assert table(warehouse, "insight.audience_members") == before


def test_a_value_that_a_condition_cannot_take(warehouse: Warehouse) -> None:
    """A cast that fails on somebody's value names the audience and changes nothing; TRY_CAST passes it over."""
    people(warehouse, 0, {1: "7", 2: "many"})
    with pytest.raises(AudiencesRefused, match=r"audience mine: .*many"):
        refresh(warehouse, 0, mine="status::INTEGER > 5")
    assert table(warehouse, "insight.audience_members") == []
    assert refresh(warehouse, 0, mine="TRY_CAST(status AS INTEGER) > 5").audiences[0].members == 1


def test_audiences_need_profiles(warehouse: Warehouse) -> None:
    """Before the first build the error says what to do; a user field may not take a score's name."""
    put(warehouse, leads=[lead(1)])
    with pytest.raises(ProfilesMissing):
        refresh(warehouse, 0, mine="true")
    build(warehouse, rule("salesforce_leads", "lead_score", "momentum", "number"))
    with pytest.raises(AudiencesRefused, match="`momentum` is a score or an interest and also a user field"):
        refresh(warehouse, 0, mine="true")
