"""Field history: rows that saving makes, read by every API, written by nobody."""

from collections.abc import Iterator
from typing import Any

import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bulk_jobs import ask, found, query
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import levers

HISTORIES = {
    "Account": "AccountHistory",
    "Case": "CaseHistory",
    "Contact": "ContactHistory",
    "Lead": "LeadHistory",
    "Opportunity": "OpportunityFieldHistory",
    "Subscription__c": "Subscription__History",
}


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
    return gathered


def changes(wire: Wire, lead: str, resource: str = "query") -> list[tuple[object, ...]]:
    """What is kept of a lead, its creation aside."""
    soql = f"SELECT Field, DataType, OldValue, NewValue FROM LeadHistory WHERE LeadId = '{lead}' ORDER BY Id"
    rows = [
        tuple(each[name] for name in ("Field", "DataType", "OldValue", "NewValue"))
        for each in records(wire, soql, resource)
    ]
    assert rows[0] == ("created", "Text", None, None)
    return rows[1:]


def test_a_change_is_kept_with_the_values_before_and_after(wire: Wire) -> None:
    """One row a tracked field that changed, each value as its own type; what is not tracked or stays leaves none."""
    lead = wire.new_lead(Title="CTO")
    address = f"{V62}/sobjects/Lead/{lead}"
    for values in ({"Title": "CEO", "City": "Paris"}, {"Title": "CEO"}, {"Score__c": 4.5, "Title": None}):
        assert wire("PATCH", address, json=values).status_code == 204
    assert changes(wire, lead) == [
        ("Title", "Text", "CTO", "CEO"),
        ("Title", "Text", "CEO", None),
        ("Score__c", "Double", None, 4.5),
    ]


def test_long_texts_and_several_values_are_kept_without_values(wire: Wire) -> None:
    """Of a long text area and a multi-select picklist history says only that they changed."""
    lead = wire.new_lead(Description="before", Interests__c="Data")
    wire("PATCH", f"{V62}/sobjects/Lead/{lead}", json={"Description": "after", "Interests__c": "Data;Email"})
    assert changes(wire, lead) == [
        ("Description", "MultiLineText", None, None),
        ("Interests__c", "MultiEnum", None, None),
    ]


def test_a_reference_is_kept_by_name_and_by_id(wire: Wire) -> None:
    """Two rows: the names of the records that were meant, and their Ids."""
    first, second = (wire.new("Account", Name=name) for name in ("First", "Second"))
    contact = wire.new("Contact", LastName="Mover", AccountId=first)
    wire("PATCH", f"{V62}/sobjects/Contact/{contact}", json={"AccountId": second})
    soql = f"SELECT Field, DataType, OldValue, NewValue FROM ContactHistory WHERE ContactId = '{contact}' ORDER BY Id"
    assert [tuple(each.values())[1:] for each in records(wire, soql)[1:]] == [
        ("Account", "Text", "First", "Second"),
        ("Account", "EntityId", first, second),
    ]


def test_a_failed_save_leaves_no_history(wire: Wire) -> None:
    """Neither a refused record nor one that was rolled back with others has a row more."""
    lead = wire.new_lead()
    good = {"attributes": {"type": "Lead"}, "id": lead, "Title": "never"}
    bad = {"attributes": {"type": "Lead"}, "id": wire.new_lead(), "LastName": None}
    wire.collections("PATCH", [good, bad], allOrNone=True)
    assert changes(wire, lead) == []


def test_history_goes_and_comes_back_with_its_record(org: Details, wire: Wire) -> None:
    """Deleted and restored with the lead, removed with it for good; getDeleted tells when."""
    lead = wire.new_lead()
    wire("PATCH", f"{V62}/sobjects/Lead/{lead}", json={"Title": "CEO"})
    wire("DELETE", f"{V62}/sobjects/Lead/{lead}")
    soql = f"SELECT Id, IsDeleted FROM LeadHistory WHERE LeadId = '{lead}'"
    assert records(wire, soql) == []
    assert [each["IsDeleted"] for each in records(wire, soql, "queryAll")] == [True, True]
    assert soap(org, "undelete", {"ids": lead})[0]["success"] == "true"
    assert changes(wire, lead) == [("Title", "Text", None, "CEO")]
    wire("DELETE", f"{V62}/sobjects/Lead/{lead}")
    soap(org, "emptyRecycleBin", {"ids": lead})
    assert records(wire, soql, "queryAll") == []


def test_merges_and_conversions_are_kept(org: Details, wire: Wire) -> None:
    """leadMerged stands in the master's history, leadConverted in that of the lead, beside its new status and owner."""
    master, loser = wire.new_lead(), wire.new_lead()
    soap(org, "merge", {"request": {"masterRecord": {"type": "Lead", "Id": master}, "recordToMergeIds": loser}})
    assert ("leadMerged", "Text", None, None) in changes(wire, master)
    soap(org, "convertLead", {"leadConverts": {"leadId": master, "convertedStatus": "Closed - Converted"}})
    former = ("Status", "DynamicEnum", "Open - Not Contacted", "Closed - Converted")
    assert changes(wire, master)[-2:] == [former, ("leadConverted", "Text", None, None)]


@pytest.mark.parametrize("name", HISTORIES.values())
def test_history_is_read_only_and_has_one_timestamp(wire: Wire, name: str) -> None:
    """Describe: CreatedDate and no SystemModstamp, values of any type that cannot be filtered, no key prefix."""
    described = wire("GET", f"{V62}/sobjects/{name}/describe").json()
    fields = {each["name"]: each for each in described["fields"]}
    assert {"Id", "IsDeleted", "CreatedById", "CreatedDate", "Field", "DataType", "OldValue", "NewValue"} < set(fields)
    assert not {"SystemModstamp", "LastModifiedDate", "CurrencyIsoCode"} & set(fields)
    for value in ("OldValue", "NewValue"):
        facts = fields[value]
        assert (facts["type"], facts["soapType"], facts["filterable"]) == ("anyType", "xsd:anyType", False)
    can = ("createable", "updateable", "deletable", "undeletable", "triggerable", "searchable", "layoutable")
    assert not any(described[each] for each in can)
    assert not any(each["createable"] or each["updateable"] for each in fields.values())
    assert (described["keyPrefix"], described["queryable"], described["replicateable"]) == (None, True, True)
    refused = wire("POST", f"{V62}/sobjects/{name}", json={"Field": "created"})
    assert refused.status_code in (400, 405)


@pytest.mark.parametrize(("parent", "name"), HISTORIES.items())
def test_a_parent_calls_its_history_histories(wire: Wire, parent: str, name: str) -> None:
    """childRelationships have it, going with the record, and a subquery reads it."""
    described = wire("GET", f"{V62}/sobjects/{parent}/describe").json()
    (found_one,) = [each for each in described["childRelationships"] if each["relationshipName"] == "Histories"]
    assert (found_one["childSObject"], found_one["cascadeDelete"]) == (name, True)
    records(wire, f"SELECT Id, (SELECT Field, OldValue FROM Histories) FROM {parent}")


def test_every_api_reads_history(org: Details, wire: Wire) -> None:
    """REST gives values of their types, a bulk query and SOAP their text; a row is found by its Id."""
    lead = wire.new_lead(Score__c=1, Company="History")
    wire("PATCH", f"{V62}/sobjects/Lead/{lead}", json={"Score__c": 2.5})
    soql = (
        f"SELECT Id, Lead.Company, OldValue, NewValue FROM LeadHistory WHERE LeadId = '{lead}' AND Field = 'Score__c'"
    )
    (row,) = records(wire, soql)
    assert (row["Lead"]["Company"], row["OldValue"], row["NewValue"]) == ("History", 1.0, 2.5)
    (cells,) = found(org, soql)
    assert cells == {"Id": row["Id"], "Lead.Company": "History", "OldValue": "1.0", "NewValue": "2.5"}
    assert soap(org, "query", {"queryString": soql})[0]["records"]["NewValue"] == "2.5"
    assert wire("GET", f"{V62}/sobjects/LeadHistory/{row['Id']}").json()["NewValue"] == 2.5
    assert "numberRecordsProcessed" in ask(org, query(org, soql)).json()
    refused = wire("GET", f"{V62}/query", params={"q": "SELECT Id FROM LeadHistory WHERE NewValue = 'x'"})
    assert "field 'NewValue' can not be filtered in a query call" in refused.json()[0]["message"]


def test_history_of_what_a_user_cannot_see_is_not_seen(org: Details, wire: Wire) -> None:
    """Changes of a hidden field leave no row; without the object there is no history."""
    lead = wire.new_lead(Title="CTO")
    wire("PATCH", f"{V62}/sobjects/Lead/{lead}", json={"Title": "CEO", "Rating": "Hot"})
    levers(org).set_permission("Lead", "Title", access="none")
    assert changes(wire, lead) == [("Rating", "DynamicEnum", None, "Hot")]
    levers(org).set_permission("Lead", "Title", access="granted")
    levers(org).set_permission("Lead", access="none")
    refused = wire("GET", f"{V62}/query", params={"q": "SELECT Id FROM LeadHistory"})
    levers(org).set_permission("Lead", access="granted")
    assert refused.json()[0]["errorCode"] == "INVALID_TYPE"
    assert len(changes(wire, lead)) == 2
