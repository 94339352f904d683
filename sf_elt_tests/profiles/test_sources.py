"""What a rule reads: columns and expressions of every type, cleaned; what cannot be read is set aside and counted."""

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from sf_elt.profiles import ProfilesReport
from sf_elt.profiles.mapping.phones import e164
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import build, contact, event, lead, put, rule, table

ADA = "ada@x.org"
AT = datetime(2026, 2, 3, 4, 5, 6)

MEMBERS = pa.schema(
    {
        "Id": pa.string(),
        "Email__c": pa.string(),
        "Phone__c": pa.string(),
        "Joined__c": pa.string(),
        "Seen__c": pa.int64(),
        "Points__c": pa.float64(),
        "Plan__c": pa.string(),
        "Tags__c": pa.list_(pa.string()),
        "Extra__c": pa.string(),
        "Owner.Name": pa.string(),
        "SystemModstamp": pa.timestamp("us"),
        "_deleted_at": pa.timestamp("us"),
    }
)
MEMBER = "salesforce_members"
IDENTIFIER = rule(MEMBER, "Email__c", "email", identifier=True, clean="email")


def put_members(warehouse: Warehouse, *rows: dict[str, Any]) -> None:
    """Replaces the rows of a custom object's stream; each is Ada's and modified on the day that its place says."""
    filled = [
        {"Id": f"a0{n}", "Email__c": ADA, "SystemModstamp": datetime(2026, 1, n + 1), **row}
        for n, row in enumerate(rows)
    ]
    every = [{name: row.get(name) for name in MEMBERS.names} for row in filled]
    with warehouse.write() as connection:
        connection.register("arriving", pa.Table.from_pylist(every, MEMBERS))
        connection.execute("CREATE OR REPLACE TABLE streams.salesforce_members AS FROM arriving")
        connection.unregister("arriving")


def _profiles(warehouse: Warehouse) -> list[dict[str, Any]]:
    return table(warehouse, "profiles.profiles", "email")


def _only(warehouse: Warehouse) -> dict[str, Any]:
    (profile,) = _profiles(warehouse)
    return profile


def build_members(warehouse: Warehouse, **fields: tuple[str, str] | tuple[str, str, dict[str, Any]]) -> ProfilesReport:
    """Builds profiles of the custom object: field → source, type and more."""
    rules = [
        rule(MEMBER, source, to, kind, **(more[0] if more else {})) for to, (source, kind, *more) in fields.items()
    ]
    return build(warehouse, mapping=[IDENTIFIER, *rules])


def test_expressions_over_a_custom_object_fill_user_fields(warehouse: Warehouse) -> None:
    """Any column of any stream, and any expression over them, becomes a user field of the type that it has."""
    put_members(
        warehouse,
        {
            "Plan__c": "gold", "Points__c": 12.5, "Seen__c": 1_770_000_000_000, "Tags__c": ["a", "b"],
            "Owner.Name": "Grace",
        },
    )  # fmt: skip
    report = build_members(
        warehouse,
        plan=("upper(plan__c)", "string"),
        level=("CASE WHEN Points__c > 10 THEN 'many' ELSE 'few' END", "string"),
        points=("round(Points__c * 2)", "number"),
        loyal=("Plan__c IN ('gold', 'silver') AND Points__c > 10", "bool"),
        tags=("array_to_string(Tags__c, ', ')", "string"),
        tag_set=("Tags__c", "[]string", {"merge": "set"}),
        seen_on=("epoch_ms(Seen__c)", "date"),
        seen_year=("year(epoch_ms(Seen__c))", "int"),
        owner=("Owner.Name", "string"),
        owner_initial=("left(Owner.Name, 1)", "string"),
        origin=("'members' || ''", "string"),
    )
    found = _only(warehouse)
    assert (found["plan"], found["level"], found["points"], found["loyal"]) == ("GOLD", "many", 25.0, True)
    assert (found["tags"], found["tag_set"]) == ("a, b", ["a", "b"])
    assert (found["seen_on"], found["seen_year"]) == (datetime(2026, 2, 2, 2, 40), 2026)
    assert (found["owner"], found["owner_initial"], found["origin"]) == ("Grace", "G", "members")
    assert report.set_aside == ()


def test_an_expression_that_fails_for_a_row_is_set_aside_there(warehouse: Warehouse) -> None:
    """One row's text that is no number fails no build; the field comes from the rows where it is one."""
    put_members(warehouse, {"Plan__c": "12"}, {"Plan__c": "twelve"}, {"Plan__c": None})
    report = build_members(
        warehouse, plan=("CAST(Plan__c AS INTEGER)", "int"), twice=("CAST(Plan__c AS INTEGER) * 2", "int")
    )
    assert (_only(warehouse)["plan"], _only(warehouse)["twice"]) == (12, 24)
    assert [(each.user_field, each.rows) for each in report.set_aside] == [("plan", 1), ("twice", 1)]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-02-03", datetime(2026, 2, 3)),
        ("2026-02-03T04:05:06", AT),
        (" 2026-02-03 04:05:06 ", AT),
        ("2026-02-03T04:05:06Z", AT),
        ("2026-02-03T04:05:06.000+0000", AT),
        ("2026-02-03T06:05:06+02:00", AT),
        ("2026-02-02T23:05:06-0500", AT),
        ("1770091506000", AT),
        ("-86400000000", datetime(1967, 4, 7)),
        ("2026-02-30", None),
        ("1770091506", datetime(1970, 1, 21, 11, 41, 31, 506000)),
        ("20260203", None),
        ("3 Feb 2026", None),
        ("2026-02-03 04:05:06 Europe/Berlin", None),
        ("2026-02-03T04:05", datetime(2026, 2, 3, 4, 5)),
        ("infinity", None),
        ("999999999999999", None),
        ("2026-02-03 and more", None),
    ],
)
def test_dates_are_iso_or_epoch_milliseconds(dates: dict[str, datetime | None], text: str, at: datetime | None) -> None:
    """A text is read as ISO 8601, with its offset where it has one, or as milliseconds since 1970; else it is none."""
    assert dates[text] == at


@pytest.fixture(scope="module")
def dates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, datetime | None]:
    """Every text of the test above as the build reads it."""
    (mark,) = test_dates_are_iso_or_epoch_milliseconds.pytestmark  # type: ignore[attr-defined]  # pytest sets it
    texts = [text for text, _ in mark.args[1]]
    warehouse = Warehouse(tmp_path_factory.mktemp("dates"))
    put_members(warehouse, *({"Email__c": f"{n}@x.org", "Joined__c": text} for n, text in enumerate(texts)))
    report = build_members(warehouse, joined=("Joined__c", "date"), seen=("Seen__c", "date"))
    found = {row["email"]: row["joined"] for row in _profiles(warehouse)}
    assert [(each.source, each.rows) for each in report.set_aside] == [("Joined__c", list(found.values()).count(None))]
    return {text: found[f"{n}@x.org"] for n, text in enumerate(texts)}


def test_whole_numbers_are_epoch_milliseconds(warehouse: Warehouse) -> None:
    """A column of whole numbers gives dates; one beyond the year 9999 is set aside, and the other row's counts."""
    put_members(warehouse, {"Seen__c": 1_770_091_506_000}, {"Seen__c": 2**62})
    report = build_members(warehouse, seen=("Seen__c", "date"))
    assert _only(warehouse)["seen"] == AT
    assert [(each.user_field, each.rows) for each in report.set_aside] == [("seen", 1)]


def test_maps_hold_json_objects_and_structs(warehouse: Warehouse) -> None:
    """A map is what a JSON object says, each member as text; what is no object is set aside."""
    put_members(
        warehouse, {"Extra__c": '{"b": 1, "a": "x", "c": null}', "Points__c": 2}, {"Extra__c": "[1]"}, {"Extra__c": ""}
    )
    report = build_members(warehouse, extra=("Extra__c", "map"))
    assert dict(_only(warehouse)["extra"]) == {"b": "1", "a": "x", "c": None}
    assert [(each.user_field, each.rows) for each in report.set_aside] == [("extra", 1)]


def test_valuecount_counts_the_rows_of_each_value_over_all_streams(warehouse: Warehouse) -> None:
    """Each value with the number of rows that have it, sorted; a row that lists one twice counts once."""
    put(
        warehouse,
        leads=[
            lead(1, ADA, lead_status="Open", lead_topics=["b", "a", "b"]),
            lead(2, ADA, lead_status="New", lead_topics=["b"]),
            lead(3, ADA, lead_status="Open"),
            lead(4, "else@x.org", lead_status=""),
        ],
        contacts=[contact(1, ADA, contact_lead_source="Open")],
        events=[event(AT, ADA, url=url, topics=["t"]) for url in ("/", "/", "/x")],
    )
    build(
        warehouse,
        rule("salesforce_leads", "lead_status", "statuses", "map", merge="valuecount"),
        rule("salesforce_contacts", "contact_lead_source", "statuses", "map", merge="valuecount"),
        rule("salesforce_leads", "lead_topics", "topics", "map", merge="valuecount"),
        rule("web_events", "url", "pages", "map", merge="valuecount"),
    )
    ada, other = sorted(_profiles(warehouse), key=lambda row: str(row["email"]))
    assert ada["statuses"] == [("New", 1), ("Open", 3)]
    assert ada["topics"] == [("a", 1), ("b", 2)]
    assert ada["pages"] == [("/", 2), ("/x", 1)]
    assert other["statuses"] is None


def test_first_takes_the_first_rule_that_has_a_value(warehouse: Warehouse) -> None:
    """The mapping's order is the priority of sources, whatever was modified last; in one stream the latest row wins."""
    put(
        warehouse,
        leads=[
            lead(1, ADA, lead_status="Open"),
            lead(9, ADA, lead_status="Closed"),
            lead(2, "b@x.org", lead_status="New"),
        ],
        contacts=[contact(1, ADA, contact_lead_source="Web"), contact(2, ADA), contact(3, "b@x.org")],
    )
    of_contact = {"stream": "salesforce_contacts", "source": "contact_lead_source", "merge": "first"}
    of_lead = {"stream": "salesforce_leads", "source": "lead_status", "merge": "first"}
    build(
        warehouse,
        rule(**of_contact, to="contact_first"), rule(**of_lead, to="contact_first"),
        rule(**of_lead, to="lead_first"), rule(**of_contact, to="lead_first"),
    )  # fmt: skip
    found = {row["email"]: (row["contact_first"], row["lead_first"]) for row in _profiles(warehouse)}
    assert found == {ADA: ("Web", "Closed"), "b@x.org": ("New", "New")}


def test_a_bounded_set_keeps_what_occurred_last(warehouse: Warehouse) -> None:
    """capacity keeps the newest values by their latest occurrence, keep_days drops those not seen for so long."""
    days = {"a": 1, "b": 2, "c": 3, "d": 3}
    rows = [lead(day, ADA, lead_status=value) | {"record_id": f"{value}{day}"} for value, day in days.items()]
    put(warehouse, leads=[*rows, lead(5, ADA, lead_status="a"), lead(6, ADA, lead_topics=["c", "z"])])
    build(
        warehouse,
        rule("salesforce_leads", "lead_status", "newest", "[]string", merge="set", capacity=2),
        rule("salesforce_leads", "lead_status", "recent", "[]string", merge="set", keep_days=302),
        rule("salesforce_leads", "lead_status", "both", "[]string", merge="set", capacity=2, keep_days=300),
        rule("salesforce_leads", "lead_topics", "topics", "[]string", merge="set", capacity=1),
        rule("salesforce_leads", "lead_status", "none_left", "[]string", merge="set", keep_days=1),
    )
    found = _only(warehouse)
    assert found["newest"] == ["a", "c"]
    assert found["recent"] == ["a", "c", "d"]
    assert found["both"] == ["a"]
    assert found["topics"] == ["c"]
    assert found["none_left"] is None


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("(415) 555-2671", "US", "+14155552671"),
        ("+49 (0)30 901820", None, "+4930901820"),
        ("030/901820", "DE", "+4930901820"),
        ("+1 415 555 2671 ext. 12", "DE", "+14155552671"),
        ("415 555 2671", None, None),
        ("111111111", "US", None),
        ("call me", "US", None),
        ("", "US", None),
    ],
)
def test_e164(written: str, region: str | None, number: str | None) -> None:
    """A phone is read as its country writes it; without a country only one with + is."""
    assert e164(written, region) == number


def test_phones_join_in_e164_and_others_are_set_aside(warehouse: Warehouse) -> None:
    """As an identifier a phone joins however it is written, one that is none joins nothing and is shown; as a plain
    field one that is none is null and counted.
    """
    put_members(
        warehouse,
        {"Phone__c": "(415) 555-2671", "Email__c": "a@x.org"},
        {"Phone__c": "+1.415.555.2671", "Email__c": "b@x.org"},
        {"Phone__c": "+1 555", "Email__c": "c@x.org"},
        {"Phone__c": "+1 555", "Email__c": "d@x.org"},
        {"Phone__c": "0221 987 6543 x9", "Email__c": "e@x.org"},
        {"Phone__c": " ", "Email__c": "f@x.org"},
    )
    report = build(
        warehouse,
        mapping=[
            IDENTIFIER,
            rule(MEMBER, "Phone__c", "phones", "[]string", merge="set", identifier=True, clean="phone", region="US"),
            rule(MEMBER, "Phone__c", "german", clean="phone", region="DE"),
        ],
    )
    found = {row["email"]: (row["phones"], row["german"]) for row in _profiles(warehouse)}
    assert found == {
        "b@x.org": (["+14155552671"], "+14155552671"),
        "c@x.org": (["+1 555"], None),
        "d@x.org": (["+1 555"], None),
        "e@x.org": (["0221 987 6543 x9"], "+492219876543"),
        "f@x.org": (None, None),
    }
    refused = {(row["value"], row["rule"]) for row in table(warehouse, "profiles.refused_links")}
    assert refused == {("+1 555", "malformed"), ("0221 987 6543 x9", "malformed"), ("", "blank")}
    assert [(each.user_field, each.rows) for each in report.set_aside] == [("german", 2)]


def test_rules_over_grouped_events_read_them_all(warehouse: Warehouse) -> None:
    """Events that the mapping cannot tell apart are one row; expressions, least dates and counts of what was set aside
    still come from each of them.
    """
    events = [
        event(datetime(2026, 2, day), ADA, title=title, url=url)
        for day, title, url in (
            (1, "2026-01-05", "/a?x"),
            (2, "2026-01-02", "/a?x"),
            (3, "never", "/b?y"),
            (4, "no", "/b?y"),
        )
    ]
    put(warehouse, events=events)
    report = build(
        warehouse,
        rule("web_events", "split_part(url, '?', 1)", "pages", "[]string", merge="set"),
        rule("web_events", "title", "first_title", "date", merge="min"),
        rule("web_events", "upper(url)", "last_page"),
        rule("web_events", "url", "last_pages", "[]string", merge="set", capacity=1),
    )
    found = _only(warehouse)
    assert (found["pages"], found["last_page"], found["last_pages"]) == (["/a", "/b"], "/B?Y", ["/b?y"])
    assert found["first_title"] == datetime(2026, 1, 2)
    assert [(each.user_field, each.rows) for each in report.set_aside] == [("first_title", 2)]
