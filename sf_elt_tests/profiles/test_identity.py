"""Which rows become one person, and which guards keep people apart."""

from datetime import UTC, datetime

import pytest

from sf_elt.profiles import Guards, MappingRefused
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import (
    account,
    build,
    contact,
    contact_id,
    event,
    lead,
    lead_id,
    only,
    people,
    profiles,
    put,
    rule,
    table,
)

ADA = "ada@x.org"
DAY = datetime(2026, 3, 1, tzinfo=UTC)
GONE = {"deleted_at": datetime(2026, 6, 1)}


def test_rows_that_share_an_identifier_are_one_person(warehouse: Warehouse) -> None:
    """Leads, a contact, its account and a cookie are joined along a chain of shared identifiers."""
    put(
        warehouse,
        leads=[lead(1, " ADA@x.org"), lead(2, "bob@x.org")],
        contacts=[contact(1, "ada@X.org")],
        accounts=[account(1, 1)],
        events=[event(DAY, ADA, "c1"), event(DAY, None, "c1"), event(DAY, "eve@x.org", "c1"), event(DAY, None, "c2")],
    )
    build(warehouse)
    assert people(warehouse) == {
        frozenset({lead_id(1), contact_id(1), ADA, "c1", "eve@x.org"}),
        frozenset({lead_id(2), "bob@x.org"}),
        frozenset({"c2"}),
    }


def test_a_converted_lead_is_its_contact(warehouse: Warehouse) -> None:
    """A converted lead and its contact are one person without a common email, and the link says why."""
    put(
        warehouse,
        leads=[lead(1, "old@x.org", lead_converted_contact_id=contact_id(1)), lead(2)],
        contacts=[contact(1, "new@x.org")],
    )
    build(warehouse)
    assert frozenset({lead_id(1), contact_id(1), "old@x.org", "new@x.org"}) in people(warehouse)
    (link,) = [row for row in table(warehouse, "profiles.links") if row["via"] == "converted lead"]
    assert (link["record_id"], link["value"]) == (lead_id(1), contact_id(1))


def test_a_merged_record_leads_to_the_one_that_stayed(warehouse: Warehouse) -> None:
    """The record merged away links its identifiers to the one that stayed, gives no value, and is no Id to write to."""
    put(
        warehouse,
        leads=[],
        contacts=[contact(1, ADA), contact(2, "ada@home.org", master_record_id=contact_id(1), **GONE)],
        events=[event(DAY, "ada@home.org", "c1")],
    )
    build(warehouse)
    profile = only(warehouse)
    assert (profile["salesforce_contact_ids"], profile["web_cookies"]) == ([contact_id(1)], ["c1"])
    vias = {row["value"]: row["via"] for row in table(warehouse, "profiles.links") if row["record_id"] == contact_id(2)}
    assert vias == dict.fromkeys((contact_id(1), contact_id(2), "ada@home.org"), "merged record")


def test_a_merged_record_without_the_one_that_stayed_is_nobody(warehouse: Warehouse) -> None:
    """Deleted rows alone make no profile, whatever they link."""
    put(warehouse, contacts=[contact(2, ADA, master_record_id=contact_id(1), **GONE), contact(3, "b@x.org", **GONE)])
    build(warehouse)
    assert profiles(warehouse) == []


NEVER = {
    "Info@x.org": ("role mailbox", "info@x.org"),
    "sales+eu@x.org": ("role mailbox", "sales+eu@x.org"),
    "not an email": ("malformed", "not an email"),
    "a@b": ("malformed", "a@b"),
    "a@b@c.org": ("malformed", "a@b@c.org"),
    " \t": ("blank", None),
    "Nobody@x.org": ("never joins", "nobody@x.org"),
}


def test_values_that_never_join(warehouse: Warehouse) -> None:
    """Two people with such a value stay two; the value still shows, and the refusal is kept with its rule."""
    leads = [lead(n, email) for n, email in enumerate([*NEVER, *NEVER], start=1)]
    put(warehouse, leads=leads, events=[event(DAY, email) for email in NEVER])
    report = build(warehouse, guards=Guards(never_join={"email": ("NOBODY@x.org",)}))
    assert people(warehouse) == {frozenset({row["lead_id"]}) for row in leads}
    shown = [value for _, value in NEVER.values()]
    assert [profile["email"] for profile in profiles(warehouse)] == [*shown, *shown]
    refused = table(warehouse, "profiles.refused_links")
    assert report.refused_links == len(refused) == 3 * len(NEVER)
    assert {row["value"]: row["rule"] for row in refused} == {value or "": reason for reason, value in NEVER.values()}
    assert all(row["detail"] for row in refused)


def test_no_profile_holds_more_than_the_maximum(warehouse: Warehouse) -> None:
    """A mailbox that twenty people share joins as many as may be joined; the other links are refused and shown."""
    shared = [lead(n, "family@x.org") for n in range(1, 21)]
    put(warehouse, leads=[*shared, lead(30, ADA)], contacts=[contact(30, ADA)], events=[event(DAY, ADA, "c1")])
    report = build(warehouse, guards=Guards(max_per_kind={"salesforce_lead_ids": 3}))
    groups = people(warehouse)
    assert frozenset({"family@x.org", lead_id(1), lead_id(2), lead_id(3)}) in groups
    assert {frozenset({lead_id(n)}) for n in range(4, 21)} < groups
    assert frozenset({lead_id(30), contact_id(30), ADA, "c1"}) in groups
    refused = table(warehouse, "profiles.refused_links")
    assert report.refused_links == len(refused) == 17
    assert {(row["rule"], row["value"]) for row in refused} == {("max_per_kind", "family@x.org")}
    assert refused[0]["detail"] == "the profile would hold 4 salesforce_lead_ids, more than the maximum"
    assert [profile["email"] for profile in profiles(warehouse)].count("family@x.org") == 18


def test_the_surest_links_come_first_where_not_all_fit(warehouse: Warehouse) -> None:
    """Conversions and identifiers that few rows carry are joined before those that many carry."""
    put(
        warehouse,
        leads=[
            lead(1, "shared@x.org"),
            lead(2, "shared@x.org"),
            lead(3, "shared@x.org", lead_converted_contact_id=contact_id(3)),
        ],
        contacts=[contact(1, "shared@x.org"), contact(3, "rare@x.org")],
    )
    build(warehouse, guards=Guards(max_per_kind={"email": 1}))
    assert people(warehouse) == {
        frozenset({lead_id(3), contact_id(3), "rare@x.org"}),
        frozenset({lead_id(1), lead_id(2), contact_id(1), "shared@x.org"}),
    }


def test_no_record_loses_its_own_email(warehouse: Warehouse) -> None:
    """A conversion is refused where both records have an email of their own and a profile may hold one."""
    put(warehouse, leads=[lead(1, "p1@x.org", lead_converted_contact_id=contact_id(4))], contacts=[contact(4, ADA)])
    build(warehouse, guards=Guards(max_per_kind={"email": 1}))
    assert people(warehouse) == {frozenset({lead_id(1), "p1@x.org"}), frozenset({contact_id(4), ADA})}
    refused = table(warehouse, "profiles.refused_links")
    assert [(row["record_id"], row["value"], row["detail"]) for row in refused] == [
        (lead_id(1), contact_id(4), "the profile would hold 2 email, more than the maximum")
    ]


def test_a_shared_email_stays_with_who_belongs_to_nobody_else(warehouse: Warehouse) -> None:
    """Of those that share an email, a converted lead gives it up for its contact."""
    put(
        warehouse,
        leads=[lead(1, "p1@x.org", lead_converted_contact_id=contact_id(4)), lead(2, "p1@x.org")],
        contacts=[contact(4, ADA)],
    )
    build(warehouse, guards=Guards(max_per_kind={"email": 1}))
    assert people(warehouse) == {frozenset({lead_id(1), contact_id(4), ADA}), frozenset({lead_id(2), "p1@x.org"})}


def test_a_guard_on_something_else_is_refused(warehouse: Warehouse) -> None:
    """A guard that guards nothing is an error, not a silence."""
    put(warehouse, leads=[lead(1)])
    with pytest.raises(MappingRefused, match="did you mean salesforce_lead_ids"):
        build(warehouse, guards=Guards(max_per_kind={"salesforce_leads_ids": 2}))


def test_a_conversion_is_surer_than_an_email(warehouse: Warehouse) -> None:
    """Salesforce's own word that a lead became a contact counts before a shared email, however rare that is."""
    put(
        warehouse,
        leads=[lead(1, "a@x.org", lead_converted_contact_id=contact_id(1))],
        contacts=[contact(1), contact(2, "a@x.org")],
        accounts=[account(n, 1) for n in range(3)],
    )
    build(warehouse, guards=Guards(max_per_kind={"salesforce_contact_ids": 1}))
    assert people(warehouse) == {frozenset({lead_id(1), contact_id(1)}), frozenset({contact_id(2), "a@x.org"})}


def test_a_row_that_says_a_thing_twice_is_linked_once(warehouse: Warehouse) -> None:
    """Two columns with one email, and a list with one value twice, are one link each."""
    put(
        warehouse,
        leads=[lead(1, ADA, lead_source="Ada@X.org", lead_topics=["t", "t"]), lead(2, None, lead_topics=["t"])],
    )
    build(
        warehouse,
        rule("salesforce_leads", "lead_source", "email", identifier=True, clean="email"),
        rule("salesforce_leads", "lead_topics", "topics", "[]string", merge="set", identifier=True),
    )
    assert people(warehouse) == {frozenset({lead_id(1), lead_id(2), ADA, "t"})}
    links = [(row["record_id"], row["value"]) for row in table(warehouse, "profiles.links")]
    assert sorted(links) == sorted(
        [(lead_id(1), lead_id(1)), (lead_id(1), ADA), (lead_id(1), "t"), (lead_id(2), lead_id(2)), (lead_id(2), "t")]
    )


def test_rows_of_one_record_are_judged_in_any_order(warehouse: Warehouse) -> None:
    """Which of an account's contacts holds what the account carries does not depend on the order of its rows."""
    rows = [account(1, 1, account_name="x"), account(1, 2, account_name="x")]
    found = []
    for arriving in (rows, rows[::-1]):
        put(warehouse, accounts=arriving)
        build(
            warehouse,
            rule("salesforce_accounts", "account_name", "companies", identifier=True),
            guards=Guards(max_per_kind={"salesforce_contact_ids": 1}),
            anew=True,
        )
        found.append(people(warehouse))
    assert found[0] == found[1]
    assert frozenset({contact_id(1)}) in found[0] or frozenset({contact_id(2)}) in found[0]
