"""Queries over HTTP: pages of children, aggregates without pages, query plans, columns, records looked at."""

from collections.abc import Iterator

import pytest
from simple_salesforce import Salesforce

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import client

CONTACTS = 450
PAGES_OF_200 = {"Sforce-Query-Options": "batchSize=200"}


@pytest.fixture(scope="module")
def org_with_children() -> Iterator[Details]:
    """An account with 450 contacts, and one without."""
    with running_org(records=0) as details:
        wire, sf = Wire(details), client(details)
        account = sf.Account.create({"Name": "Many", "Industry": "Banking"})["id"]
        sf.Account.create({"Name": "None"})
        contacts = [
            {"attributes": {"type": "Contact"}, "LastName": f"Child {number:03}", "AccountId": account}
            for number in range(CONTACTS)
        ]
        for start in range(0, CONTACTS, 200):
            assert all(each["success"] for each in wire.collections("POST", contacts[start : start + 200]).json())
        yield details


@pytest.fixture
def wire(org_with_children: Details) -> Wire:
    return Wire(org_with_children)


@pytest.fixture
def sf(org_with_children: Details) -> Salesforce:
    return client(org_with_children)


def test_children_beyond_a_page_have_a_next_page(wire: Wire) -> None:
    """A parent shows as many children as a page holds, and where the rest is; all come, in their order, once."""
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account ORDER BY Name"
    reply = wire("GET", f"{V62}/query", params={"q": soql}, headers=PAGES_OF_200).json()
    many, none = reply["records"]
    assert none["Contacts"] is None
    children = many["Contacts"]
    assert (children["totalSize"], children["done"], len(children["records"])) == (CONTACTS, False, 200)
    names = [each["LastName"] for each in children["records"]]
    while not children["done"]:
        children = wire("GET", children["nextRecordsUrl"]).json()
        assert children["totalSize"] == CONTACTS
        names += [each["LastName"] for each in children["records"]]
    assert names == [f"Child {number:03}" for number in range(CONTACTS)]


def test_groups_beyond_a_page_are_refused(wire: Wire, sf: Salesforce) -> None:
    """An aggregate query has no next page; a LIMIT makes it fit."""
    soql = "SELECT LastName, COUNT(Id) n FROM Contact GROUP BY LastName"
    reply = wire("GET", f"{V62}/query", params={"q": soql}, headers=PAGES_OF_200)
    assert (reply.status_code, reply.json()) == (
        400,
        [
            {
                "message": "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a "
                "single batch",
                "errorCode": "EXCEEDED_ID_LIMIT",
            }
        ],
    )
    reply = wire("GET", f"{V62}/query", params={"q": f"{soql} LIMIT 200"}, headers=PAGES_OF_200).json()
    assert (reply["totalSize"], reply["done"]) == (200, True)
    assert {record["n"] for record in sf.query_all(soql)["records"]} == {1}


def test_count_is_in_the_total_size(wire: Wire) -> None:
    """COUNT() gives no records; COUNT(Id) gives one."""
    reply = wire("GET", f"{V62}/query", params={"q": "SELECT COUNT() FROM Contact"}).json()
    assert reply == {"totalSize": CONTACTS, "done": True, "records": []}
    reply = wire("GET", f"{V62}/query", params={"q": "SELECT COUNT(Id) FROM Contact"}).json()
    result = {"attributes": {"type": "AggregateResult"}, "expr0": CONTACTS}
    assert reply == {"totalSize": 1, "done": True, "records": [result]}


def test_addresses_of_records_are_of_the_version_asked_for(wire: Wire) -> None:
    """Parents' and children's too."""
    soql = "SELECT Owner.Name, (SELECT Id FROM Contacts LIMIT 1) FROM Account WHERE Name = 'Many'"
    [record] = wire("GET", "/services/data/v58.0/query", params={"q": soql}).json()["records"]
    for each in (record, record["Owner"], record["Contacts"]["records"][0]):
        assert each["attributes"]["url"].startswith("/services/data/v58.0/sobjects/")


def test_explain_gives_plans_with_the_counts_of_this_org(wire: Wire) -> None:
    """An indexed field leads where it leaves little; the plan's counts are real; a wrong query is refused."""
    soql = "SELECT Id FROM Contact WHERE LastName = 'Child 007'"
    [scan] = wire("GET", f"{V62}/query", params={"explain": soql}).json()["plans"]
    assert (scan["leadingOperationType"], scan["fields"]) == ("TableScan", [])
    assert (scan["cardinality"], scan["sobjectCardinality"], scan["sobjectType"]) == (1, CONTACTS, "Contact")
    index, scan = wire("GET", f"{V62}/query", params={"explain": soql + " AND AccountId = null"}).json()["plans"]
    assert (index["leadingOperationType"], index["fields"], index["cardinality"]) == ("Index", ["AccountId"], 0)
    assert index["relativeCost"] < scan["relativeCost"]
    refused = wire("GET", f"{V62}/query", params={"explain": "SELECT Nix FROM Contact"})
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD"


def test_columns_of_groups_and_children_are_described(wire: Wire) -> None:
    """The Salesforce CLI reads what an aggregate is from displayName, and children from joinColumns."""
    soql = "SELECT Industry, COUNT(Id), MAX(CreatedDate) latest FROM Account GROUP BY Industry"
    reply = wire("GET", f"{V62}/query", params={"q": soql, "columns": "true"}).json()
    assert (reply["groupBy"], reply["entityName"]) == (True, "Account")
    described = [
        (each["columnName"], each["displayName"], each["aggregate"], each["apexType"], each["numberType"])
        for each in reply["columnMetadata"]
    ]
    assert described == [
        ("Industry", "Industry", False, "String", False),
        ("expr0", "count(Id)", True, None, True),
        ("latest", "max(CreatedDate)", True, None, False),
    ]
    soql = "SELECT Id, (SELECT LastName FROM Contacts) FROM Account"
    reply = wire("GET", f"{V62}/query", params={"q": soql, "columns": "true"}).json()
    children = reply["columnMetadata"][1]
    assert (children["columnName"], children["aggregate"]) == ("Contacts", True)
    assert [each["columnName"] for each in children["joinColumns"]] == ["LastName"]


def test_for_view_remembers_that_records_were_looked_at(wire: Wire) -> None:
    """LastViewedDate and LastReferencedDate move, SystemModstamp does not; FOR REFERENCE moves the latter alone."""
    fields = "SELECT Name, LastViewedDate, LastReferencedDate, SystemModstamp FROM Account ORDER BY Name"
    before = wire("GET", f"{V62}/query", params={"q": fields}).json()["records"]
    assert [each["LastViewedDate"] for each in before] == [None, None]
    for soql in (
        "SELECT Id FROM Account WHERE Name = 'Many' FOR VIEW",
        "SELECT Id FROM Account WHERE Name = 'None' FOR REFERENCE",
        "SELECT Name FROM Account WHERE Name = 'None' GROUP BY Name FOR VIEW",
    ):
        assert wire("GET", f"{V62}/query", params={"q": soql}).json()["totalSize"] == 1
    many, none = wire("GET", f"{V62}/query", params={"q": fields}).json()["records"]
    assert many["LastViewedDate"] == many["LastReferencedDate"] is not None
    assert (none["LastViewedDate"], none["LastReferencedDate"] is None) == (None, False)
    assert [each["SystemModstamp"] for each in (many, none)] == [each["SystemModstamp"] for each in before]
    refused = wire("GET", f"{V62}/query", params={"q": "SELECT Id FROM Account FOR UPDATE"})
    assert refused.json()[0]["errorCode"] == "MALFORMED_QUERY"


def test_what_the_org_is_made_of_is_queried_like_records(wire: Wire, sf: Salesforce) -> None:
    """EntityDefinition and FieldDefinition are for /query too, not for /tooling/query alone."""
    [account] = sf.query("SELECT QualifiedApiName, KeyPrefix FROM EntityDefinition WHERE QualifiedApiName = 'Account'")[
        "records"
    ]
    assert account == {
        "attributes": {"type": "EntityDefinition", "url": f"{V62}/sobjects/EntityDefinition/Account"},
        "QualifiedApiName": "Account",
        "KeyPrefix": "001",
    }
    soql = (
        "SELECT QualifiedApiName, ReferenceTo, EntityDefinition.Label FROM FieldDefinition "
        "WHERE EntityDefinition.QualifiedApiName = 'Contact' AND QualifiedApiName = 'AccountId'"
    )
    [field] = sf.query(soql)["records"]
    assert field["ReferenceTo"] == {"referenceTo": ["Account"]}
    assert field["EntityDefinition"]["Label"] == "Contact"
    reply = wire("GET", f"{V62}/query", params={"q": "SELECT Id FROM CustomField"})
    assert reply.json()[0]["errorCode"] == "INVALID_TYPE", "custom fields are for the Tooling API alone"
