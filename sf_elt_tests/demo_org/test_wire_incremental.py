"""What a client meets that reads only what changed: timestamps that many rows share, and those that stay."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from sf_elt.demo_org.org import create_org
from sf_elt.demo_org.serve import Details, running_org, serving
from sf_elt_tests.demo_org.bulk_jobs import ask, found
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import levers

MANY = 10_500


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.fixture
def wire(org: Details) -> Wire:
    return Wire(org)


def records(wire: Wire, soql: str, resource: str = "query") -> list[dict[str, Any]]:
    reply = wire("GET", f"{V62}/{resource}", params={"q": soql})
    assert reply.status_code == 200, reply.text
    gathered: list[dict[str, Any]] = reply.json()["records"]
    while "nextRecordsUrl" in reply.json():
        reply = wire("GET", reply.json()["nextRecordsUrl"])
        gathered += reply.json()["records"]
    return gathered


def span(org: Details, begins: int, ends: int) -> dict[str, str]:
    """From so many minutes after the org's now to so many, as getUpdated and getDeleted take it."""
    now = datetime.fromisoformat(ask(org, "/demo/clock").json()["now"])
    start, end = (now + timedelta(minutes=each) for each in (begins, ends))
    return {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{end:%Y-%m-%dT%H:%M:%SZ}"}


def test_more_than_10000_rows_share_one_timestamp() -> None:
    """After a mass update no split of the span parts them; pages of a query and a bulk job give all."""
    with closing(create_org(records=0)) as demo, serving(demo) as org:
        wire, when = Wire(org), datetime(2026, 3, 1, 12)
        ids = demo.store.next_ids("Lead", MANY)
        same = {"LastName": "P", "Company": "Mass", "CreatedDate": when, "LastModifiedDate": when}
        demo.store.load("Lead", pa.Table.from_pylist([{"Id": each, **same, "SystemModstamp": when} for each in ids]))
        within = "SystemModstamp >= 2026-03-01T12:00:00.000Z AND SystemModstamp < 2026-03-01T12:00:00.001Z"
        for soql in (f"SELECT Id FROM Lead WHERE {within}", f"SELECT Id FROM Lead WHERE {within} ORDER BY Id"):
            assert {each["Id"] for each in records(wire, soql)} == set(ids)
        assert {each["Id"] for each in found(org, f"SELECT Id FROM Lead WHERE {within}")} == set(ids)


def test_a_formula_over_a_parent_changes_without_a_timestamp(org: Details, wire: Wire) -> None:
    """The parent's new rating shows on the contact, which neither a query by timestamp nor getUpdated finds."""
    account = wire.new("Account", Name="Rated", Rating="Cold")
    contact = wire.new("Contact", LastName="Follower", AccountId=account)
    address = f"{V62}/sobjects/Contact/{contact}"
    before = wire("GET", address).json()
    levers(org).advance(120)
    wire("PATCH", f"{V62}/sobjects/Account/{account}", json={"Rating": "Hot"})
    after = wire("GET", address).json()
    assert (before["Account_Rating__c"], after["Account_Rating__c"]) == ("Cold", "Hot")
    stamps = ("SystemModstamp", "LastModifiedDate")
    assert [after[each] for each in stamps] == [before[each] for each in stamps]
    since = span(org, -1, 2)
    assert wire("GET", f"{V62}/sobjects/Contact/updated", params=since).json()["ids"] == []
    assert wire("GET", f"{V62}/sobjects/Account/updated", params=since).json()["ids"] == [account]


def test_automation_moves_systemmodstamp_alone(org: Details, wire: Wire) -> None:
    """What the org does by itself, such as emptying a lookup, is no user's change: LastModifiedDate stays."""
    campaign = wire.new("Campaign", Name="Gone soon")
    deal = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2027-01-31", "CampaignId": campaign}
    opportunity = wire.new("Opportunity", **deal)
    before = wire("GET", f"{V62}/sobjects/Opportunity/{opportunity}").json()
    levers(org).advance(60)
    assert wire("DELETE", f"{V62}/sobjects/Campaign/{campaign}").status_code == 204
    after = wire("GET", f"{V62}/sobjects/Opportunity/{opportunity}").json()
    assert (before["CampaignId"], after["CampaignId"]) == (campaign, None)
    assert after["LastModifiedDate"] == before["LastModifiedDate"]
    assert after["SystemModstamp"] > before["SystemModstamp"]


@pytest.mark.parametrize("object_name", ["Account", "Opportunity", "Lead"])
def test_describe_says_what_can_be_filtered(wire: Wire, object_name: str) -> None:
    """A query may filter by just those fields that describe calls filterable; the others are refused by name.

    An address is filterable by its distance alone.
    """
    for field in wire("GET", f"{V62}/sobjects/{object_name}/describe").json()["fields"]:
        if field["type"] == "address":
            continue
        condition = "INCLUDES ('Data')" if field["type"] == "multipicklist" else "!= null"
        soql = f"SELECT COUNT() FROM {object_name} WHERE {field['name']} {condition}"
        reply = wire("GET", f"{V62}/query", params={"q": soql})
        assert (reply.status_code == 200) is field["filterable"], (field["name"], reply.text)
        if not field["filterable"]:
            assert reply.json()[0]["errorCode"] == "INVALID_FIELD"
            assert f"field '{field['name']}' can not be filtered in a query call" in reply.json()[0]["message"]


def test_the_loser_of_a_merge_names_its_master(org: Details, wire: Wire) -> None:
    """A merge deletes the loser; only queryAll still shows it, with MasterRecordId, and getDeleted has its Id."""
    master, loser, deleted = wire.new_lead(), wire.new_lead(), wire.new_lead()
    wire("DELETE", f"{V62}/sobjects/Lead/{deleted}")
    soap(org, "merge", {"request": {"masterRecord": {"type": "Lead", "Id": master}, "recordToMergeIds": loser}})
    soql = f"SELECT Id, IsDeleted, MasterRecordId FROM Lead WHERE Id IN ('{master}', '{loser}', '{deleted}')"
    assert [each["Id"] for each in records(wire, soql)] == [master]
    everything = {each["Id"]: (each["IsDeleted"], each["MasterRecordId"]) for each in records(wire, soql, "queryAll")}
    assert everything == {master: (False, None), loser: (True, master), deleted: (True, None)}
    assert wire("GET", f"{V62}/sobjects/Lead/{loser}").status_code == 404
    gone = wire("GET", f"{V62}/sobjects/Lead/deleted", params=span(org, -1, 2)).json()["deletedRecords"]
    assert {loser, deleted} <= {each["id"] for each in gone}


def test_a_converted_lead_says_what_became_of_it_and_is_closed(org: Details, wire: Wire) -> None:
    """IsConverted, the Ids of account, contact and opportunity; every later update is CANNOT_UPDATE_CONVERTED_LEAD."""
    lead = wire.new_lead(Title="CTO")
    wanted = {"leadId": lead, "convertedStatus": "Closed - Converted", "opportunityName": "Deal"}
    [outcome] = soap(org, "convertLead", {"leadConverts": wanted})
    names = ("IsConverted", "ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId")
    record = wire("GET", f"{V62}/sobjects/Lead/{lead}").json()
    assert [record[each] for each in names] == [
        True,
        outcome["accountId"],
        outcome["contactId"],
        outcome["opportunityId"],
    ]
    refused = wire("PATCH", f"{V62}/sobjects/Lead/{lead}", json={"Title": "CEO"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    assert "Title" not in refused.json()[0]["fields"]
