"""Why a profile is what it is: rows, links, refusals, former ids, and whose value won each field."""

from datetime import UTC, datetime, timedelta

import pytest

from sf_elt.profiles import FieldRule, Guards, MappingRefused, NoSuchProfile, SeveralProfiles, explain_profile
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import (
    IDENTIFIERS,
    account,
    build,
    contact,
    contact_id,
    event,
    lead,
    lead_id,
    put,
    rule,
)

DAY = datetime(2026, 3, 1, tzinfo=UTC)
ADA = "ada@x.org"
FIELDS = (
    rule("salesforce_leads", "lead_status", "status"),
    rule("salesforce_contacts", "contact_lead_source", "status"),
    rule("salesforce_leads", "lead_status", "first_status", merge="oldest"),
    rule("salesforce_leads", "lead_score", "best", "number", merge="max"),
    rule("salesforce_leads", "lead_number_of_employees", "employees", "int", merge="sum"),
    rule("salesforce_leads", "lead_topics", "topics", "[]string", merge="set"),
    rule("salesforce_accounts", "account_name", "company"),
)
MAPPING: list[FieldRule] = [*IDENTIFIERS, *FIELDS]


def put_ada(warehouse: Warehouse) -> None:
    first = {"lead_status": "Open", "lead_score": 7.0, "lead_number_of_employees": 3, "lead_topics": ["a", "b"]}
    second = {"lead_status": "Closed", "lead_score": 2.0, "lead_number_of_employees": 4, "lead_topics": ["c"]}
    put(
        warehouse,
        leads=[lead(1, ADA, **first), lead(2, ADA, **second), lead(9, "info@x.org", lead_status="Other")],
        contacts=[contact(3, ADA, contact_lead_source="Web"), contact(4, "eve@x.org", contact_lead_source="Shop")],
        accounts=[account(1, 3, account_name="Ada & Co"), account(1, 4, account_name="Eve & Co")],
        events=[event(DAY, ADA, "c1"), event(DAY, "eve@x.org", "c2")],
    )
    build(warehouse, *FIELDS)


def won(warehouse: Warehouse, asked: str = ADA) -> dict[str, list[str]]:
    """User field → the values that won it."""
    found = explain_profile(warehouse, MAPPING, asked)
    return {name: [said.value for said in field.said if said.won] for name, field in found.fields.items()}


def test_every_value_has_the_rows_that_said_it(warehouse: Warehouse) -> None:
    """One row wins by time or size, all where values are put together; losing ones are shown, other people's not."""
    put_ada(warehouse)
    assert {name: values for name, values in won(warehouse).items() if name not in {"email", "web_cookies"}} == {
        "salesforce_lead_ids": [lead_id(2), lead_id(1)],
        "salesforce_contact_ids": [contact_id(3), contact_id(3)],
        "status": ["Web"],
        "first_status": ["Open"],
        "best": ["7.0"],
        "employees": ["4", "3"],
        "topics": ["[c]", "[a, b]"],
        "company": ["Ada & Co"],
    }
    status = explain_profile(warehouse, MAPPING, ADA).fields["status"]
    assert [(said.stream, said.record_id, said.value) for said in status.said] == [
        ("salesforce_contacts", contact_id(3), "Web"),
        ("salesforce_leads", lead_id(2), "Closed"),
        ("salesforce_leads", lead_id(1), "Open"),
    ]
    assert (status.value, status.merge) == ("Web", "latest")
    assert won(warehouse, "eve@x.org")["company"] == ["Eve & Co"]


def test_of_many_rows_the_newest_and_those_that_won_are_told(warehouse: Warehouse) -> None:
    """A limit leaves out rows, not the counts, and no value that an operator chose, however old it is."""
    fields = [
        rule("web_events", "url", f"{merge}_page", "[]string" if merge == "set" else "string", merge=merge)
        for merge in ("latest", "oldest", "min", "max", "set")
    ]
    pages = [f"/{number * 7 % 30:02}" for number in range(30)]
    put(warehouse, events=[event(DAY + timedelta(days=n), ADA, "c1", url=page) for n, page in enumerate(pages)])
    build(warehouse, *fields)
    mapping = [*IDENTIFIERS, *fields]
    everything, found = (explain_profile(warehouse, mapping, ADA, most=most) for most in (None, 3))
    assert (len(everything.links), everything.rows, len(found.links), found.rows) == (60, 30, 6, 30)
    assert found.links == everything.links[:6]
    for name, field in found.fields.items():
        whole = everything.fields[name]
        assert (field.value, field.count) == (whole.value, len(whole.said))
        assert field.said[: min(3, field.count)] == whole.said[:3]
        assert len(field.said) <= 4
    for merge in ("latest", "oldest", "min", "max"):
        whole = everything.fields[f"{merge}_page"]
        assert [each for each in found.fields[f"{merge}_page"].said if each.won] == [
            each for each in whole.said if each.won
        ]


def test_a_profile_is_found_by_anything_that_names_it(warehouse: Warehouse) -> None:
    """An email in any letter case, an Id, a cookie, its own id and one that it had before its people were joined."""
    put(warehouse, leads=[lead(1, ADA)], contacts=[contact(1, "ada@home.org")])
    build(warehouse)
    former = {explain_profile(warehouse, MAPPING, each).profile_id for each in (ADA, contact_id(1))}
    put(warehouse, events=[event(DAY, ADA, "c1"), event(DAY, "ada@home.org", "c1")])
    build(warehouse, day=1)
    asked = [" ADA@x.org", lead_id(1), contact_id(1), "c1", *former]
    found = [explain_profile(warehouse, IDENTIFIERS, each) for each in asked]
    assert all(each == found[0] for each in found)
    assert {found[0].profile_id, *found[0].aliases} == former
    with pytest.raises(NoSuchProfile):
        explain_profile(warehouse, IDENTIFIERS, "nobody@x.org")


def test_links_and_refusals_are_told(warehouse: Warehouse) -> None:
    """The links that made it with their kind, and those that were refused with their rule."""
    put(warehouse, leads=[lead(n, ADA) for n in (1, 2)], contacts=[contact(1, "info@x.org")])
    build(warehouse, guards=Guards(max_per_kind={"salesforce_lead_ids": 1}))
    found = explain_profile(warehouse, IDENTIFIERS, ADA)
    assert {(link.record_id, link.value, link.via) for link in found.links} == {
        (lead_id(1), lead_id(1), "identifier"),
        (lead_id(1), ADA, "identifier"),
    }
    assert [(link.record_id, link.rule) for link in found.refused] == [(lead_id(2), "max_per_kind")]


@pytest.mark.soak
def test_a_value_of_two_people_is_no_answer(warehouse: Warehouse) -> None:
    """A text that is one person's cookie and another's email names both ids instead of guessing."""
    put(warehouse, leads=[lead(1, ADA)], events=[event(DAY, None, ADA)])
    build(warehouse)
    with pytest.raises(SeveralProfiles, match=r"ask for one of [0-9a-f]{32}, [0-9a-f]{32}"):
        explain_profile(warehouse, IDENTIFIERS, ADA)


def test_a_mapping_that_does_not_fit_is_refused(warehouse: Warehouse) -> None:
    """One that was changed since the last build says which column the stream has not."""
    put(warehouse, leads=[lead(1, ADA)])
    build(warehouse)
    with pytest.raises(MappingRefused, match="the stream has no column lead_statuss"):
        explain_profile(warehouse, [*IDENTIFIERS, rule("salesforce_leads", "lead_statuss", "status")], ADA)
