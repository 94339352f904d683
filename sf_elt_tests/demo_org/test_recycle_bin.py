"""The recycle bin: back out of it, out of it for good, and what time does."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from sf_elt.demo_org.saving import (
    Merge,
    empty_recycle_bin,
    merge,
    purge_recycle_bin,
    save_by_id,
    undelete_records,
)
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bench import PERSON, Bench
from sf_elt_tests.demo_org.wire import V62, Wire


def test_records_of_several_objects_come_back_by_their_ids(bench: Bench) -> None:
    """In order; what is no Id, or not deleted, is refused by itself; with allOrNone nothing moves."""
    lead, account = bench.new("Lead", **PERSON), bench.new("Account", Name="Acme")
    given = [account, "nonsense", lead[:15]]
    assert [each.success for each in save_by_id(bench.store, bench.user, "delete", given)] == [True, False, True]
    refused = undelete_records(bench.store, bench.user, given, all_or_none=True)
    assert [each.errors[0].status_code for each in refused] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "MALFORMED_ID", "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    ]  # fmt: skip
    assert bench.values(lead, "IsDeleted") == (True,)
    assert [each.success for each in undelete_records(bench.store, bench.user, [lead, account])] == [True, True]
    [again] = undelete_records(bench.store, bench.user, [lead])
    assert again.errors[0].status_code == "UNDELETE_FAILED"


def test_the_bin_is_emptied_of_what_is_in_it(bench: Bench) -> None:
    """A living record stays, a deleted one is gone for good."""
    living, dead = bench.new("Lead", **PERSON), bench.new("Lead", **PERSON)
    bench.save("delete", "Lead", {"Id": dead})
    outcomes = empty_recycle_bin(bench.store, [living, dead, "x"])
    assert [each.success for each in outcomes] == [False, True, False]
    assert (bench.values(living, "Id"), bench.values(dead, "Id")) == ((living,), None)


def test_the_bin_is_emptied_of_what_was_deleted_with_a_record(bench: Bench) -> None:
    """A contact cannot come back to an account that is gone for good; one deleted before it still can be."""
    account = bench.new("Account", Name="Acme")
    first, second = (bench.new("Contact", LastName=name, AccountId=account) for name in "AB")
    bench.save("delete", "Contact", {"Id": first})
    bench.save("delete", "Account", {"Id": account})
    assert empty_recycle_bin(bench.store, [account])[0].success
    assert [bench.values(each, "Id") for each in (account, first, second)] == [None, (first,), None]


def test_what_lies_in_the_bin_too_long_is_purged(bench: Bench) -> None:
    """After 15 days, and not before; records that live stay whatever their age."""
    early, late, living = (bench.new("Lead", **PERSON) for _ in range(3))
    bench.save("delete", "Lead", {"Id": early})
    bench.now += timedelta(days=10)
    bench.save("delete", "Lead", {"Id": late})
    bench.now += timedelta(days=5)
    assert purge_recycle_bin(bench.store) == 1
    assert [bench.values(each, "Id") for each in (early, late, living)] == [None, (late,), (living,)]


def test_what_was_deleted_before_its_parent_stays_in_the_bin(bench: Bench) -> None:
    """Also where both happened within one second, and where the child was merged; a second return is as the first."""
    account = bench.new("Account", Name="Acme")
    deleted, loser, living = (bench.new("Contact", LastName=name, AccountId=account) for name in "ABC")
    assert bench.save("delete", "Contact", {"Id": deleted})[0].success
    assert merge(bench.store, bench.user, "Contact", [Merge({"Id": living}, (loser,))])[0].success
    for _ in range(2):
        assert bench.save("delete", "Account", {"Id": account})[0].success
        assert bench.save("undelete", "Account", {"Id": account})[0].success
        assert [bench.values(each, "IsDeleted") for each in (deleted, loser, living)] == [(True,), (True,), (False,)]
    assert bench.save("undelete", "Contact", {"Id": deleted})[0].success
    bench.save("delete", "Account", {"Id": account})
    bench.save("undelete", "Account", {"Id": account})
    assert bench.values(deleted, "IsDeleted") == (False,)


def test_a_record_brings_no_value_back_that_another_has_by_now(bench: Bench) -> None:
    """Nor do those that come back with it: its return is refused, and nothing of it happens."""
    account = bench.new("Account", Name="Acme")
    contact = bench.new("Contact", LastName="A", AccountId=account, External_Id__c="k")
    bench.save("delete", "Account", {"Id": account})
    other = bench.new("Contact", LastName="B", External_Id__c="K")
    code, message, fields = bench.error("undelete", "Account", Id=account)
    assert (code, fields) == ("DUPLICATE_VALUE", ("External_Id__c",))
    assert message == f"duplicate value found: External_Id__c duplicates value on record with id: {other[:15]}"
    assert [bench.values(each, "IsDeleted") for each in (account, contact)] == [(True,), (True,)]
    bench.save("delete", "Contact", {"Id": other})
    assert bench.save("undelete", "Account", {"Id": account})[0].success
    assert bench.values(contact, "IsDeleted") == (False,)


def test_a_lookup_is_emptied_and_comes_back_unless_it_was_replaced(bench: Bench) -> None:
    """An opportunity loses its campaign; one that got another keeps the other; a hard delete is for ever."""
    first, second = bench.new("Campaign", Name="1"), bench.new("Campaign", Name="2")
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-08-15", "CampaignId": first}
    kept, replaced = bench.new("Opportunity", **deal), bench.new("Opportunity", **deal)
    bench.save("delete", "Campaign", {"Id": first})
    assert bench.values(kept, "CampaignId") == (None,)
    bench.save("update", "Opportunity", {"Id": replaced, "CampaignId": second})
    bench.save("undelete", "Campaign", {"Id": first})
    assert (bench.values(kept, "CampaignId"), bench.values(replaced, "CampaignId")) == ((first,), (second,))
    bench.save("hardDelete", "Campaign", {"Id": second})
    assert bench.values(replaced, "CampaignId") == (None,)


@pytest.fixture(scope="module")
def details() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


def test_a_lever_lets_the_time_of_the_bin_be_up(details: Details) -> None:
    """DELETE /demo/recycle-bin: queryAll no longer shows what was deleted long ago."""
    wire = Wire(details)
    lead = wire.new_lead()
    wire("DELETE", f"{V62}/sobjects/Lead/{lead}")
    address = f"{details.instance_url}/demo/recycle-bin"
    assert requests.delete(address, timeout=10).json() == {"purged": 0}
    wire.pull("clock", advance_seconds=15 * 86_400)
    assert requests.delete(address, timeout=10).json() == {"purged": 1}
    assert requests.delete(f"{address}?older_than_days=soon", timeout=10).status_code == 400
