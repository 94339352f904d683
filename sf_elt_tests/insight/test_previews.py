"""Previews say what an evaluation would do, write nothing and show nobody's personal data."""

from collections.abc import Mapping
from datetime import timedelta

import duckdb
import pytest

from sf_elt.insight import (
    Audience,
    AudiencePreview,
    AudiencesPreview,
    Moves,
    Overlap,
    ProfilesMissing,
    WarehouseOutdated,
    preview_audiences,
    refresh_audiences,
    standing_audiences,
)
from sf_elt.warehouse import Warehouse, WarehouseEmpty
from sf_elt_tests.insight.test_audiences import OPEN, people, refresh, stays
from sf_elt_tests.profiles.streams import NOW, build, event, lead, put, rule, table

NAME = rule("salesforce_leads", "lead_lead_source", "salesforce_lead_name")
STATUS = rule("salesforce_leads", "lead_status", "status")


def defined(conditions: Mapping[str, str]) -> list[Audience]:
    return [Audience(name=name, description=f"Those {name}.", condition=text) for name, text in conditions.items()]


def preview(warehouse: Warehouse, day: int, *names: str, sample: int = 5, **conditions: str) -> AudiencesPreview:
    now = NOW + timedelta(days=day)
    return preview_audiences(warehouse, defined(conditions), now=now, names=names, sample=sample)


def moves(each: AudiencePreview) -> tuple[str, str, dict[str, int], dict[str, int]]:
    return each.audience, each.definition, dict(each.entering), dict(each.leaving)


def test_it_says_what_an_evaluation_then_does_and_writes_nothing(warehouse: Warehouse) -> None:
    """Sizes, shares and moves with their reasons are those of the evaluation that follows; the file stays as it was."""
    people(warehouse, 0, dict.fromkeys(range(1, 5), "Open"))
    refresh(warehouse, 0, mine=OPEN, same="email <> ''", old="true")
    people(warehouse, 1, {1: "Open", 2: "Closed", 3: "New", 5: "Open"})
    conditions = {"mine": "status IN ('New', 'Open') AND email <> 'p1@x.org'", "same": "email <> ''", "new": "true"}
    before, file = stays(warehouse), warehouse.file.read_bytes()
    found = preview(warehouse, 1, **conditions)
    assert stays(warehouse) == before
    assert warehouse.file.read_bytes() == file
    assert [moves(each) for each in found.audiences] == [
        ("mine", "changed", {"person": 1}, {"definition": 1, "person": 1, "profile gone": 1}),
        ("same", "same", {"person": 1}, {"profile gone": 1}),
        ("new", "new", {"definition": 4}, {}),
    ]
    assert found.no_longer_defined == {"old": 4}
    assert [(each.size, each.share) for each in found.audiences] == [(2, 0.5), (4, 1.0), (4, 1.0)]
    report = refresh(warehouse, 1, **conditions)
    assert [(a.members, a.entered, a.left) for a in report.audiences[:3]] == [
        (each.size, sum(each.entering.values()), sum(each.leaving.values())) for each in found.audiences
    ]


def test_overlaps_are_counted_with_their_shares(warehouse: Warehouse) -> None:
    """Of the audience that is asked about, with every other one, the largest first; itself is none of them."""
    people(warehouse, 0, {1: "Open", 2: "Open", 3: "New", 4: "Open"})
    one = preview(
        warehouse, 0, "opened", opened=OPEN, two="email IN ('p1@x.org', 'p3@x.org')", all="true", none="status = 'x'"
    )
    (each,) = one.audiences
    assert each.overlaps == (Overlap("all", 3, 1.0), Overlap("two", 1, 1 / 3))


def test_a_merge_alone_moves_nobody(warehouse: Warehouse) -> None:
    """The stay of a profile that was merged counts as the surviving one's."""
    people(warehouse, 0, {1: "Open", 2: "Open"})
    refresh(warehouse, 0, mine=OPEN)
    put(warehouse, events=[event(NOW, f"p{n}@x.org", "shared") for n in (1, 2)])
    assert build(warehouse, STATUS, day=1).merged == 1
    (each,) = preview(warehouse, 1, mine=OPEN).audiences
    assert (each.size, each.entering, each.leaving) == (1, {}, {})


def test_a_sample_shows_no_personal_data(warehouse: Warehouse) -> None:
    """Fields of the condition and what tells who it is, masked; no value of an email, name or cookie is in it."""
    rows = [
        lead(1, "ada.lovelace@example.com", lead_lead_source="Ada Lovelace", lead_status="Open"),
        lead(2, "grace.hopper@example.com", lead_lead_source="Grace Hopper", lead_status="Open"),
    ]
    put(warehouse, leads=rows, events=[event(NOW, "ada.lovelace@example.com", "cookie-of-ada")])
    build(warehouse, NAME, STATUS)
    condition = "status = 'Open' AND len(web_cookies) > 0 AND quantity IS NULL"
    (each,) = preview(warehouse, 0, mine=condition).audiences
    assert each.sample.columns == ("profile_id", "email", "salesforce_lead_name", "status", "web_cookies")
    ((profile_id, *masked),) = each.sample.rows
    assert masked == ["a***@e***.com", "A. L.", "Open", "c… (length 13)"]
    assert len(profile_id) == 32
    (nobody,) = preview(warehouse, 0, sample=0, mine=condition).audiences
    assert nobody.sample.rows == ()
    report = refresh_audiences(warehouse, defined({"mine": condition}), now=NOW, run_id="test")
    assert report.samples["mine"] == each.sample


def test_relative_dates_are_in_utc_and_days_of_24_hours(warehouse: Warehouse) -> None:
    """Over the end of summer time in Europe too, 7 days are 168 hours; today() begins at midnight UTC."""
    people(warehouse, -7, {1: "Open"})  # created on 2026-10-25 at 12:00 UTC, the day on which clocks go back
    conditions = {"new": "created_at > now() - INTERVAL 7 DAYS", "days": "created_at >= today() - INTERVAL 7 DAYS"}
    just_before = preview_audiences(warehouse, defined(conditions), now=NOW - timedelta(microseconds=1))
    assert [each.size for each in just_before.audiences] == [1, 1]
    assert [each.size for each in preview(warehouse, 0, **conditions).audiences] == [0, 1]
    midnight = NOW + timedelta(hours=12)
    assert [each.size for each in preview_audiences(warehouse, defined(conditions), now=midnight).audiences] == [0, 0]


def test_what_it_needs(warehouse: Warehouse) -> None:
    """A warehouse, profiles, and the tables of this version; each error says what to do."""
    with pytest.raises(WarehouseEmpty):
        preview(warehouse, 0, mine="true")
    put(warehouse, leads=[lead(1)])
    with pytest.raises(ProfilesMissing):
        preview(warehouse, 0, mine="true")
    people(warehouse, 0, {1: "Open"})
    with duckdb.connect(warehouse.file) as connection:
        connection.execute("ALTER TABLE insight.scores DROP COLUMN momentum")
    with pytest.raises(WarehouseOutdated, match="materialize any asset"):
        preview(warehouse, 0, mine="true")


def test_standing_audiences_tell_who_came_and_went_lately(warehouse: Warehouse) -> None:
    """Moves of people in the last 7 days; those that a definition caused are not counted."""
    people(warehouse, 0, {1: "Open", 2: "Open", 3: None, 4: None})
    refresh(warehouse, 0, mine=OPEN)
    people(warehouse, 9, {1: "Open", 2: "Closed", 3: "Open", 4: "Open"})
    refresh(warehouse, 9, mine=OPEN)
    with warehouse.read() as connection:
        (each,) = standing_audiences(connection, now=NOW + timedelta(days=10))
        (later,) = standing_audiences(connection, now=NOW + timedelta(days=17))
    assert (each.name, each.members, each.share, each.week) == ("mine", 3, 0.75, Moves(2, 1, 0, 0))
    assert (each.month, each.evaluated_at) == (Moves(2, 1, 2, 0), NOW + timedelta(days=9))
    assert (later.members, later.week) == (3, Moves(0, 0, 0, 0))
    assert len(table(warehouse, "insight.audience_members")) == 4
