"""Merging records: who stays, what moves, what is refused."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.saving import Merge, MergeOutcome, merge
from sf_elt_tests.demo_org.bench import PERSON, Bench

NOON, LATER = datetime(2026, 5, 1, 12), datetime(2026, 5, 1, 12, 5)


def merge_contacts(bench: Bench, master: str, *losers: str, **fields: object) -> MergeOutcome:
    [outcome] = merge(bench.store, bench.user, "Contact", [Merge({"Id": master, **fields}, losers)])
    return outcome


def test_the_master_takes_over_what_the_losers_had(bench: Bench) -> None:
    """Children move by SystemModstamp alone; the losers are deleted and say who their master is."""
    master, first, second = (bench.new("Contact", LastName=name, Title=name) for name in ("A", "B", "C"))
    report = bench.new("Contact", LastName="D", ReportsToId=first)
    task = bench.new("Task", Subject="Call", WhoId=second)
    bench.now += timedelta(minutes=5)
    outcome = merge_contacts(bench, master[:15], first, second, Phone="1")
    assert (outcome.id, outcome.merged_record_ids) == (master, (first, second))
    assert set(outcome.updated_related_ids) == {report, task}
    assert bench.values(master, "Title", "Phone", "LastModifiedDate", "SystemModstamp") == ("A", "1", LATER, LATER)
    for loser in (first, second):
        assert bench.values(loser, "IsDeleted", "MasterRecordId", "SystemModstamp") == (True, master, LATER)
    assert bench.values(report, "ReportsToId", "LastModifiedDate", "SystemModstamp") == (master, NOON, LATER)
    assert bench.values(task, "WhoId", "LastModifiedDate", "SystemModstamp") == (master, NOON, LATER)
    bench.save("undelete", "Contact", {"Id": first})
    assert bench.values(first, "IsDeleted", "MasterRecordId") == (False, None)


def test_what_the_master_has_already_it_does_not_get_twice(bench: Bench) -> None:
    """Two members of one campaign become one, two campaigns stay two."""
    master, loser = (bench.new("Contact", LastName=name) for name in "AB")
    both, other = (bench.new("Campaign", Name=name) for name in "XY")
    kept = bench.new("CampaignMember", CampaignId=both, ContactId=master)
    gone = bench.new("CampaignMember", CampaignId=both, ContactId=loser)
    moved = bench.new("CampaignMember", CampaignId=other, ContactId=loser)
    assert merge_contacts(bench, master, loser).success
    assert bench.values(kept, "IsDeleted") == bench.values(moved, "IsDeleted") == (False,)
    assert bench.values(gone, "IsDeleted") == (True,)
    assert bench.values(both, "NumberOfContacts") == bench.values(other, "NumberOfContacts") == (1,)


def test_a_merge_that_makes_no_sense_changes_nothing(bench: Bench) -> None:
    """Itself, none, too many, of another object, deleted, not there; and a master that cannot be saved."""
    master, loser, gone = (bench.new("Contact", LastName=name) for name in "ABC")
    bench.save("delete", "Contact", {"Id": gone})
    lead = bench.new("Lead", **PERSON)
    cases: list[tuple[tuple[str, ...], dict[str, object], str]] = [
        ((master,), {}, "INVALID_OPERATION"),
        ((), {}, "INVALID_OPERATION"),
        ((loser, gone, lead), {}, "INVALID_OPERATION"),
        ((lead,), {}, "INVALID_ID_FIELD"),
        ((gone,), {}, "ENTITY_IS_DELETED"),
        (("003000000000001AAA",), {}, "INVALID_CROSS_REFERENCE_KEY"),
        (("nonsense",), {}, "MALFORMED_ID"),
        ((loser,), {"Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
    ]
    for losers, fields, code in cases:
        outcome = merge_contacts(bench, master, *losers, **fields)
        assert (outcome.success, outcome.errors[0].status_code) == (False, code)
    assert bench.values(loser, "IsDeleted", "MasterRecordId") == (False, None)
    with pytest.raises(OrgError, match="does not support merge"):
        merge(bench.store, bench.user, "Opportunity", [])


@pytest.mark.soak
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=8))
def test_a_merge_loses_no_child(bench: Bench, children: list[tuple[int, bool]]) -> None:
    """Every living child of any of the three is the master's afterwards; deleted ones stay where they were."""
    accounts = [bench.new("Account", Name=f"A{number}") for number in range(3)]
    made = []
    for number, deleted in children:
        contact = bench.new("Contact", LastName="X", AccountId=accounts[number])
        if deleted:
            bench.save("delete", "Contact", {"Id": contact})
        made.append((contact, accounts[number] if deleted else accounts[0], deleted))
    [outcome] = merge(bench.store, bench.user, "Account", [Merge({"Id": accounts[0]}, tuple(accounts[1:]))])
    assert outcome.success
    assert [bench.values(contact, "AccountId", "IsDeleted") for contact, _, _ in made] == [
        (account, deleted) for _, account, deleted in made
    ]
