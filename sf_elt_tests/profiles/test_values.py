"""What several rows of one person say becomes one value of each user field."""

import random
from datetime import UTC, datetime

import pytest

from sf_elt.profiles import MappingRefused, NothingToUnify
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import (
    IDENTIFIERS,
    Row,
    account,
    build,
    contact,
    contact_id,
    event,
    lead,
    lead_id,
    only,
    profiles,
    put,
    rule,
    table,
)

ADA = "ada@x.org"


def at(day: int) -> datetime:
    return datetime(2026, 2, day)


THREE: list[Row] = [
    lead(2, ADA, lead_status="Open", lead_score=0.25, lead_number_of_employees=7, lead_created_date=at(3)),
    lead(3, ADA, lead_status="Closed", lead_score=0.5, lead_number_of_employees=None, lead_created_date=at(1)),
    lead(1, ADA, lead_status="New", lead_score=0.75, lead_number_of_employees=5, lead_created_date=at(2)),
    lead(4, ADA),
]


MERGED: list[tuple[str, str, str, object]] = [
    ("lead_status", "string", "latest", "Closed"),
    ("lead_status", "string", "oldest", "New"),
    ("lead_status", "string", "min", "Closed"),
    ("lead_status", "string", "max", "Open"),
    ("lead_status", "[]string", "set", ["Closed", "New", "Open"]),
    ("lead_status", "[]string", "latest", ["Closed"]),
    ("lead_status", "int", "count", 3),
    ("lead_number_of_employees", "int", "latest", 7),
    ("lead_number_of_employees", "int", "sum", 12),
    ("lead_number_of_employees", "number", "oldest", 5.0),
    ("lead_score", "number", "sum", 1.5),
    ("lead_score", "string", "latest", "0.5"),
    ("lead_created_date", "date", "min", at(1)),
    ("lead_created_date", "date", "latest", at(1)),
    ("lead_created_date", "date", "max", at(3)),
]


def test_merge_operators(warehouse: Warehouse) -> None:
    """latest and oldest go by modification time and pass over empty values; the others take all values in."""
    put(warehouse, leads=THREE)
    cases = {f"field_{n}": case for n, case in enumerate(MERGED)}
    rules = [
        rule("salesforce_leads", source, name, kind, merge=merge) for name, (source, kind, merge, _) in cases.items()
    ]
    build(warehouse, *rules)
    profile = only(warehouse)
    assert {name: profile[name] for name in cases} == {name: value for name, (*_, value) in cases.items()}


def test_a_single_row_has_the_values_that_many_would_have(warehouse: Warehouse) -> None:
    """One row gives sets of one, counts of one, and sums of itself."""
    put(warehouse, leads=[lead(1, lead_status="Open", lead_score=2.5, lead_topics=["b", "a", "b"])])
    build(
        warehouse,
        rule("salesforce_leads", "lead_status", "statuses", "[]string", merge="set"),
        rule("salesforce_leads", "lead_status", "times", "int", merge="count"),
        rule("salesforce_leads", "lead_source", "sources", "int", merge="count"),
        rule("salesforce_leads", "lead_score", "total", "number", merge="sum"),
        rule("salesforce_leads", "lead_topics", "topics", "[]string", merge="set"),
        rule("salesforce_leads", "lead_topics", "last_topics", "[]string", merge="latest"),
    )
    profile = only(warehouse)
    assert (profile["statuses"], profile["times"], profile["sources"], profile["total"]) == (["Open"], 1, 0, 2.5)
    assert (profile["topics"], profile["last_topics"]) == (["a", "b"], ["b", "a", "b"])


def test_several_streams_fill_one_field(warehouse: Warehouse) -> None:
    """A field that several streams fill is resolved over the rows of all of them."""
    leads = [lead(1, ADA, lead_source="from lead"), lead(2, ADA, lead_source="also lead")]
    put(warehouse, leads=leads, contacts=[contact(3, ADA, contact_lead_source="from contact")])
    expected: dict[str, object] = {
        "latest": "from contact",
        "oldest": "from lead",
        "min": "also lead",
        "max": "from lead",
        "set": ["also lead", "from contact", "from lead"],
        "count": 3,
    }
    kinds = {"set": "[]string", "count": "int"}
    columns = {"salesforce_leads": "lead_source", "salesforce_contacts": "contact_lead_source"}
    build(
        warehouse,
        *(
            rule(stream, column, f"by_{merge}", kinds.get(merge, "string"), merge=merge)
            for merge in expected
            for stream, column in columns.items()
        ),
    )
    profile = only(warehouse)
    assert {merge: profile[f"by_{merge}"] for merge in expected} == expected


@pytest.mark.soak
def test_a_tie_goes_to_the_first_stream_and_the_smallest_record(warehouse: Warehouse) -> None:
    """Rows of one moment are told apart by stream, then record id, whatever their order."""
    moment = {"modified_at": at(1)}
    leads = [lead(n, ADA, lead_source=f"lead {n}", **moment) for n in range(1, 6)]
    for seed in range(3):
        random.Random(seed).shuffle(leads)
        put(warehouse, leads=leads)
        build(warehouse, rule("salesforce_leads", "lead_source", "source"))
        assert only(warehouse)["source"] == "lead 1"
    put(warehouse, contacts=[contact(9, ADA, contact_lead_source="contact", **moment)])
    both = [
        rule("salesforce_leads", "lead_source", "source"),
        rule("salesforce_contacts", "contact_lead_source", "source"),
    ]
    build(warehouse, *both)
    assert only(warehouse)["source"] == "contact"
    build(warehouse, *reversed(both))
    assert only(warehouse)["source"] == "contact"


def test_either_name_of_a_column(warehouse: Warehouse) -> None:
    """A fact under two names is taken from the first that is not empty."""
    put(warehouse, leads=[lead(1, lead_lead_source="Web"), lead(2, lead_source="Fair", lead_lead_source="Web")])
    build(warehouse, rule("salesforce_leads", "lead_source, lead_lead_source", "source"))
    assert [profile["source"] for profile in profiles(warehouse)] == ["Web", "Fair"]


def test_cleaning(warehouse: Warehouse) -> None:
    """Emails are trimmed and lower-cased, domains cut off, and Ids of 15 characters made 18, as Salesforce does."""
    raw = " \u00a0Ada.Lovelace@Example.ORG\t\n"
    put(
        warehouse,
        leads=[
            lead(1, raw, lead_source="001D000000IqhSL", lead_topics=["a@B.c", "nothing", "x@b.C "]),
            lead(2, "no email", lead_source="001D000000IqhSLIAZ"),
        ],
    )
    build(
        warehouse,
        rule("salesforce_leads", "lead_email", "emaildomains", "[]string", merge="set", clean="emaildomain"),
        rule("salesforce_leads", "lead_source", "account", clean="id18"),
        rule("salesforce_leads", "lead_topics", "domains", "[]string", merge="set", clean="emaildomain"),
    )
    first, second = profiles(warehouse)
    assert (first["email"], first["emaildomains"]) == ("ada.lovelace@example.org", ["example.org"])
    assert (second["email"], second["emaildomains"]) == ("no email", None)
    assert first["account"] == second["account"] == "001D000000IqhSLIAZ"
    assert first["domains"] == ["b.c"]


def test_account_fields_reach_every_contact_and_join_none(warehouse: Warehouse) -> None:
    """An account has a row for each contact: each contact's profile has its fields, and they stay two people."""
    put(
        warehouse,
        contacts=[contact(1), contact(2)],
        accounts=[account(7, 1, account_name="Acme"), account(7, 2, account_name="Acme"), account(8, None)],
    )
    build(warehouse, rule("salesforce_accounts", "account_name", "account_name"))
    assert [(p["salesforce_contact_ids"], p["account_name"]) for p in profiles(warehouse)] == [
        ([contact_id(1)], "Acme"),
        ([contact_id(2)], "Acme"),
    ]


def test_deleted_rows_say_nothing(warehouse: Warehouse) -> None:
    """A deleted row gives no value and no identifier; a profile that loses its last row is gone, until it is back."""
    rows = [lead(1, ADA, lead_status="Open"), lead(2, ADA, lead_status="Closed"), lead(3, "bob@x.org")]
    status = rule("salesforce_leads", "lead_status", "status")
    put(warehouse, leads=rows)
    build(warehouse, status)
    before = profiles(warehouse)
    put(warehouse, leads=[rows[0], *({**row, "deleted_at": at(1)} for row in rows[1:])])
    report = build(warehouse, status, day=1)
    profile = only(warehouse)
    assert (profile["status"], profile["salesforce_lead_ids"]) == ("Open", [lead_id(1)])
    assert (report.changed, report.removed) == (1, 1)
    assert {row["value"] for row in table(warehouse, "profiles.identifiers")} == {lead_id(1), ADA}
    put(warehouse, leads=rows)
    build(warehouse, status, day=2)
    assert [p["profile_id"] for p in profiles(warehouse)] == [p["profile_id"] for p in before]


def test_events_give_values_too(warehouse: Warehouse) -> None:
    """Equal events count once where nothing needs each of them; counting makes every event count."""
    events = [event(datetime(2026, 3, day, tzinfo=UTC), cookie="c1", url=f"/{day % 2}") for day in range(1, 6)]
    put(warehouse, events=events)
    grouped = [
        rule("web_events", "occurred_at", "first_seen", "date", merge="min"),
        rule("web_events", "occurred_at", "last_seen", "date", merge="max"),
        rule("web_events", "url", "last_url"),
    ]
    build(warehouse, *grouped)
    profile = only(warehouse)
    assert (profile["first_seen"], profile["last_seen"]) == (datetime(2026, 3, 1), datetime(2026, 3, 5))
    assert profile["last_url"] == "/1"
    assert len(table(warehouse, "profiles.links")) == 2
    build(warehouse, *grouped, rule("web_events", "event_id", "events", "int", merge="count"))
    assert only(warehouse)["events"] == 5
    assert only(warehouse) == profile | {"events": 5}
    assert len(table(warehouse, "profiles.web_events_by_profile")) == 5


def test_a_stream_under_another_name_takes_its_view_along(warehouse: Warehouse) -> None:
    """The events of a renamed stream belong to the same profiles, and no view is left over that leads nowhere."""
    put(warehouse, leads=[lead(1, ADA)], events=[event(datetime(2026, 3, 1, tzinfo=UTC), ADA, "c1")])
    build(warehouse)
    before = profiles(warehouse)
    with warehouse.write() as connection:
        connection.execute("ALTER TABLE streams.web_events RENAME TO site_events")
    renamed = [r.model_copy(update={"stream": r.stream.replace("web", "site")}) for r in IDENTIFIERS]
    build(warehouse, mapping=renamed, day=1)
    assert profiles(warehouse) == before
    assert table(warehouse, "duckdb_views() SELECT view_name WHERE schema_name = 'profiles'") == [
        {"view_name": "site_events_by_profile"}
    ]


def test_the_columns_follow_the_mapping(warehouse: Warehouse) -> None:
    """A new user field becomes a column, one that is dropped goes, one whose type changes is filled anew."""
    put(warehouse, leads=THREE)
    status = rule("salesforce_leads", "lead_status", "status")
    build(warehouse, status)
    build(warehouse, rule("salesforce_leads", "lead_score", "score", "number"), day=1)
    assert "status" not in only(warehouse)
    assert only(warehouse)["score"] == 0.5
    build(warehouse, rule("salesforce_leads", "lead_status", "score", "[]string", merge="set"), status, day=2)
    assert (only(warehouse)["score"], only(warehouse)["status"]) == (["Closed", "New", "Open"], "Closed")


def test_only_changed_profiles_get_a_new_time(warehouse: Warehouse) -> None:
    """updated_at moves with a user field's value; a build that finds nothing new leaves every table as it was."""
    tables = ("profiles", "identifiers", "links", "refused_links", "aliases")
    rows = [lead(1, ADA, lead_status="Open"), lead(2, "info@x.org", lead_status="Open"), lead(3)]
    status = rule("salesforce_leads", "lead_status", "status")
    put(warehouse, leads=rows)
    build(warehouse, status)
    before = {name: table(warehouse, f"profiles.{name}") for name in tables}
    again = build(warehouse, status, day=1)
    assert (again.new, again.changed, again.removed) == (0, 0, 0)
    assert {name: table(warehouse, f"profiles.{name}") for name in tables} == before
    put(warehouse, leads=[rows[0], {**rows[1], "lead_status": None}, rows[2]])
    assert build(warehouse, status, day=2).changed == 1
    assert [profile["updated_at"].day for profile in profiles(warehouse)] == [1, 3, 1]
    assert [profile["created_at"].day for profile in profiles(warehouse)] == [1, 1, 1]


def test_a_mapping_that_does_not_fit_changes_nothing(warehouse: Warehouse) -> None:
    """All faults are said at once, before anything is written."""
    put(warehouse, leads=[lead(1, ADA)])
    build(warehouse)
    before = profiles(warehouse)
    with pytest.raises(MappingRefused) as refused:
        build(
            warehouse,
            rule("salesforce_leads", "lead_emial", "other"),
            rule("salesforce_leads", "lead_status", "when", "bool"),
        )
    assert len(refused.value.problems) == 2
    assert profiles(warehouse) == before


def test_a_stream_that_is_not_there_yet_is_said(warehouse: Warehouse) -> None:
    """Profiles are built from the streams that there are; without any, the error names what is awaited."""
    with pytest.raises(NothingToUnify, match="salesforce_leads"):
        build(warehouse)
    put(warehouse, leads=[lead(1, ADA)])
    report = build(warehouse)
    assert report.missing_streams == ("salesforce_accounts", "salesforce_contacts", "web_events")
    assert only(warehouse)["web_cookies"] is None
    assert {r.user_field for r in IDENTIFIERS} <= only(warehouse).keys()
