"""What holds of saving whatever is saved: all or nothing, order, time, and a way back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.saving import save_mixed
from sf_elt.demo_org.store import table
from sf_elt_tests.demo_org.bench import Bench
from sf_elt_tests.examples import some

IN_A_BENCH = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=some(8), deadline=None)
LEAD = st.fixed_dictionaries(
    {"LastName": st.sampled_from(["A", "B", "x" * 81])},
    optional={
        "Company": st.sampled_from(["C", None]),
        "Email": st.sampled_from(["a@x.org", "nobody"]),
        "External_Id__c": st.sampled_from(["1", "2", "3"]),
        "Title": st.text("ab", max_size=3),
    },
)


def contents(bench: Bench, *objects: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every record of the objects, but for who saved it and when."""
    shown = '* EXCLUDE ("SystemModstamp", "LastModifiedDate", "LastModifiedById")'
    with bench.store.reading() as connection:
        return {
            name: connection.execute(f'SELECT {shown} FROM {table(name)} ORDER BY "Id"').fetchall() for name in objects
        }


@IN_A_BENCH
@given(st.lists(LEAD, min_size=1, max_size=6), st.booleans(), st.booleans())
def test_a_save_is_what_its_outcomes_say(
    bench: Bench, records: list[dict[str, Any]], all_or_none: bool, upsert: bool
) -> None:
    """As many outcomes as records, in their order; with allOrNone every record is saved or nothing has changed."""
    operation, key = ("upsert", "External_Id__c") if upsert else ("insert", None)
    before = contents(bench, "Lead")
    outcomes = bench.save(operation, "Lead", *records, external_id_field=key, all_or_none=all_or_none)  # type: ignore[arg-type]  # a literal chosen by a flag
    assert len(outcomes) == len(records)
    saved = [(outcome.id, record) for outcome, record in zip(outcomes, records, strict=True) if outcome.success]
    for record_id, record in saved:
        assert record_id is not None
        assert bench.values(record_id, "LastName") == (record["LastName"],)
    if not saved:
        assert contents(bench, "Lead") == before
    if all_or_none:
        assert len(saved) in (0, len(records))
    made = sum(outcome.created for outcome in outcomes)
    assert len(contents(bench, "Lead")["Lead"]) == len(before["Lead"]) + made


@IN_A_BENCH
@given(st.lists(st.integers(-90, 90), min_size=1, max_size=6))
def test_time_never_runs_backwards_in_records(bench: Bench, moves: list[int]) -> None:
    """However the clock jumps, a later save carries no earlier SystemModstamp."""
    lead = bench.new("Lead", LastName="A", Company="C")
    stamps: list[datetime] = []
    for seconds in moves:
        bench.now += timedelta(seconds=seconds)
        [outcome] = bench.save("update", "Lead", {"Id": lead, "Title": str(seconds)})
        assert outcome.success
        stamps += bench.values(lead, "SystemModstamp") or ()
    assert stamps == sorted(stamps)


TREE = ("Account", "Contact", "Opportunity", "OpportunityContactRole", "Task", "Campaign", "CampaignMember")


@pytest.mark.soak
@settings(IN_A_BENCH, max_examples=some(4))
@given(st.integers(0, 2), st.integers(0, 2), st.booleans(), st.sampled_from(["Account", "Contact", "Campaign"]))
def test_undelete_restores_what_delete_took(
    bench: Bench, contacts: int, deals: int, deleted_before: bool, which: str
) -> None:
    """A record and all that went with it come back as they were, and nothing that had gone before."""
    account = bench.new("Account", Name="Acme", ParentId=bench.new("Account", Name="Parent"))
    campaign = bench.new("Campaign", Name="C")
    people = [bench.new("Contact", LastName="A", AccountId=account) for _ in range(contacts + 1)]
    bench.new("Contact", LastName="B", ReportsToId=people[0])
    for _ in range(deals):
        deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-08-15", "CampaignId": campaign}
        opportunity = bench.new("Opportunity", AccountId=account, ContactId=people[0], **deal)
        bench.new("Task", WhatId=opportunity, WhoId=people[0])
    bench.new("CampaignMember", CampaignId=campaign, ContactId=people[0])
    if deleted_before:
        bench.save("delete", "Contact", {"Id": people[-1]})
    target = {"Account": account, "Contact": people[0], "Campaign": campaign}[which]
    if which == "Contact" and deleted_before and contacts == 0:
        return
    bench.now += timedelta(minutes=1)
    before = contents(bench, *TREE)
    assert bench.save("delete", which, {"Id": target})[0].success
    assert contents(bench, *TREE) != before
    bench.now += timedelta(minutes=1)
    assert bench.save("undelete", which, {"Id": target})[0].success
    assert contents(bench, *TREE) == before


def test_all_or_none_holds_for_records_of_several_objects(bench: Bench) -> None:
    """One that fails at the end takes back what was saved before it."""
    before = contents(bench, *TREE)
    records = [("Account", {"Name": "A"}), ("Contact", {"LastName": "B"}), ("Campaign", {})]
    outcomes = save_mixed(bench.store, bench.user, "insert", records, all_or_none=True)
    assert [outcome.success for outcome in outcomes] == [False] * 3
    assert contents(bench, *TREE) == before
