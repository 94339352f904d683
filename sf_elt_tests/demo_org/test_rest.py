"""The REST API over HTTP: addresses, bodies and errors as Salesforce sends them."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.wire import PERSON, V62, Wire
from sf_elt_tests.orgs import client


@pytest.fixture(scope="module")
def small_org() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.fixture
def wire(small_org: Details) -> Wire:
    return Wire(small_org)


@pytest.fixture
def sf(small_org: Details) -> Salesforce:
    return client(small_org)


def test_versions_are_for_everybody_and_resources_for_users(wire: Wire, small_org: Details) -> None:
    """/services/data needs no login and leads to each version's resources."""
    versions = requests.get(small_org.instance_url + "/services/data/", timeout=30).json()
    assert {"label": "Winter '25", "url": V62, "version": "62.0"} in versions
    resources = wire("GET", f"{V62}/").json()
    assert resources["query"] == f"{V62}/query"
    assert wire("GET", "/services/data/vNext/").status_code == 404


def test_a_result_is_read_in_pages_of_one_moment(wire: Wire, sf: Salesforce) -> None:
    """Pages as wished for (200 at least), with locators; what changes while paging does not move between pages."""
    records = [{"attributes": {"type": "Account"}, "Name": f"Paged {number:03}"} for number in range(450)]
    for start in range(0, 450, 200):
        assert all(each["success"] for each in wire.collections("POST", records[start : start + 200]).json())
    soql = "SELECT Id, Name FROM Account WHERE Name LIKE 'Paged%' ORDER BY Name"
    first = wire("GET", f"{V62}/query", params={"q": soql}, headers={"Sforce-Query-Options": "batchSize=1"}).json()
    assert (first["totalSize"], first["done"], len(first["records"])) == (450, False, 200)
    locator = first["nextRecordsUrl"]
    assert locator.startswith(f"{V62}/query/01g")
    assert locator.endswith("-200")

    sf.Account.update(first["records"][0]["Id"], {"Name": "Paged zzz"})
    sf.Account.create({"Name": "Paged 000a"})
    second = wire("GET", locator).json()
    third = wire("GET", second["nextRecordsUrl"]).json()
    names = [each["Name"] for page in (first, second, third) for each in page["records"]]
    assert names == [f"Paged {number:03}" for number in range(450)]
    assert (third["done"], third.get("nextRecordsUrl")) == (True, None)
    assert wire("GET", locator).json() == second


@pytest.mark.parametrize("locator", ["01g000000000001-2000", "01gHs0000000001MAA", "nonsense", "-5"])
def test_a_dead_locator_is_refused(wire: Wire, locator: str) -> None:
    """A cursor that is not there is INVALID_QUERY_LOCATOR."""
    reply = wire("GET", f"{V62}/query/{locator}")
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_deleted_records_are_in_query_all_alone(sf: Salesforce) -> None:
    """queryAll shows IsDeleted records, query does not."""
    made = sf.Lead.create({**PERSON, "LastName": "Gone"})
    sf.Lead.delete(made["id"])
    soql = "SELECT Id, IsDeleted FROM Lead WHERE LastName = 'Gone'"
    assert sf.query(soql)["totalSize"] == 0
    [record] = sf.query(soql, include_deleted=True)["records"]
    assert (record["Id"], record["IsDeleted"]) == (made["id"], True)


def test_a_query_refused_is_a_400_with_salesforces_body(wire: Wire) -> None:
    """Message and errorCode, in a list; a missing query too."""
    reply = wire("GET", f"{V62}/query/", params={"q": "SELECT Nix FROM Lead"})
    assert reply.status_code == 400
    [error] = reply.json()
    assert error["errorCode"] == "INVALID_FIELD"
    assert "No such column 'Nix' on entity 'Lead'" in error["message"]
    assert wire("GET", f"{V62}/query").json()[0]["errorCode"] == "MALFORMED_QUERY"


def test_any_text_survives_the_way_in_and_out(wire: Wire, sf: Salesforce) -> None:
    """Quotes, newlines, NUL, emoji, U+2028, N/A: what goes in by JSON comes out by JSON."""
    text = 'O\'Neil "x" \\ \n\r\n\t\x00 😀 \u2028 N/A #N/A ,;'
    lead = wire.new_lead(Description=text, Title="null")
    [record] = sf.query(f"SELECT Description, Title FROM Lead WHERE Id = '{lead}'")["records"]
    assert (record["Description"], record["Title"]) == (text, "null")
    assert sf.Lead.get(lead)["Description"] == text


def test_a_record_is_read_whole_or_by_fields(wire: Wire) -> None:
    """GET by Id (15 characters do) gives every field, or those asked for and the Id."""
    lead = wire.new_lead(City="Paris", CountryCode="FR")
    whole = wire("GET", f"{V62}/sobjects/lead/{lead[:15]}").json()
    described = wire("GET", f"{V62}/sobjects/Lead/describe").json()["fields"]
    assert set(whole) == {field["name"] for field in described} | {"attributes"}
    assert whole["Address"]["city"] == "Paris"
    assert whole["attributes"] == {"type": "Lead", "url": f"{V62}/sobjects/Lead/{lead}"}
    some = wire("GET", f"{V62}/sobjects/Lead/{lead}", params={"fields": "name, CITY"}).json()
    assert {name: some[name] for name in some if name != "attributes"} == {
        "Id": lead,
        "Name": "Lovelace",
        "City": "Paris",
    }
    refused = wire("GET", f"{V62}/sobjects/Lead/{lead}", params={"fields": "Nix"})
    assert refused.json()[0] == {
        "errorCode": "INVALID_FIELD",
        "message": "No such column 'Nix' on sobject of type Lead",
    }


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "Lead/00Q000000000001AAA", "NOT_FOUND"),
        ("PATCH", "Lead/00Q000000000001AAA", "NOT_FOUND"),
        ("DELETE", "Lead/00Q000000000001AAA", "NOT_FOUND"),
        ("GET", "Lead/nonsense", "NOT_FOUND"),
        ("GET", "Nothing__c/describe", "NOT_FOUND"),
        ("GET", "Lead/External_Id__c/nobody", "NOT_FOUND"),
        ("GET", "Lead/Title/x", "NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_a_404(wire: Wire, method: str, path: str, code: str) -> None:
    """Records, objects and keys that do not exist."""
    reply = wire(method, f"{V62}/sobjects/{path}", **({"json": {}} if method == "PATCH" else {}))
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (404, code)


def test_a_deleted_record_says_so_when_it_is_changed(wire: Wire) -> None:
    """GET finds nothing; PATCH and DELETE say ENTITY_IS_DELETED."""
    lead = wire.new_lead()
    assert wire("DELETE", f"{V62}/sobjects/Lead/{lead}").status_code == 204
    assert wire("GET", f"{V62}/sobjects/Lead/{lead}").json()[0]["errorCode"] == "NOT_FOUND"
    for method in ("PATCH", "DELETE"):
        reply = wire(method, f"{V62}/sobjects/Lead/{lead}", json={})
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")


def test_an_update_does_not_say_its_id_twice(wire: Wire) -> None:
    """The Id stands in the address; in the body it is refused, also in another letter case."""
    lead = wire.new_lead()
    reply = wire("PATCH", f"{V62}/sobjects/Lead/{lead}", json={"id": lead, "Title": "x"})
    assert reply.json()[0]["message"] == "The Id field should not be specified in the sobject data."


def test_columns_of_a_query_are_described(wire: Wire) -> None:
    """columns=true, as the Salesforce CLI asks, gives every column and the columns that a parent joins."""
    soql = "SELECT Id, Owner.Name, AnnualRevenue, Owner.IsActive, IsConverted FROM Lead"
    reply = wire("GET", f"{V62}/query", params={"q": soql, "columns": "true"}).json()
    columns = {column["columnName"]: column for column in reply["columnMetadata"]}
    assert list(columns) == ["Id", "Owner", "AnnualRevenue", "IsConverted"]
    assert {name: column["apexType"] for name, column in columns.items()} == {
        "Id": "Id",
        "Owner": None,
        "AnnualRevenue": "Double",
        "IsConverted": "Boolean",
    }
    assert columns["Owner"]["foreignKeyName"] == "OwnerId"
    assert [column["columnName"] for column in columns["Owner"]["joinColumns"]] == ["Name", "IsActive"]
    assert (reply["entityName"], reply["keyPrefix"], reply["idSelected"]) == ("Lead", "00Q", True)


def test_a_record_refused_names_its_fields(wire: Wire) -> None:
    """A single record's error is the request's error."""
    reply = wire("POST", f"{V62}/sobjects/Lead", json={"Company": "X"})
    assert reply.status_code == 400
    assert reply.json() == [
        {
            "message": "Required fields are missing: [LastName]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["LastName"],
        }
    ]


@pytest.mark.parametrize(
    "body", ['{"LastName": ', "[]", '{"LastName": "x", "NumberOfEmployees": "many"}', '{"Title": {}}']
)
def test_a_body_that_cannot_be_read_fails_the_request(wire: Wire, body: str) -> None:
    """Broken JSON and values of the wrong type are JSON_PARSER_ERROR, also for a whole collection."""
    reply = wire("POST", f"{V62}/sobjects/Lead", data=body, headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
    records = [lead(**PERSON), lead(LastName="B", AnnualRevenue="much")]
    reply = wire.collections("POST", records)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_upsert_by_external_id(wire: Wire) -> None:
    """201 for a new record, 200 for one that was there, 300 for several; the key is not for the body."""
    address = f"{V62}/sobjects/Lead/External_Id__c/a%2Fb%20ü"
    made = wire("PATCH", address, json=PERSON)
    assert (made.status_code, made.json()["created"]) == (201, True)
    again = wire("PATCH", address, json={"Title": "x"})
    assert (again.status_code, again.json()) == (200, {**made.json(), "created": False})
    assert wire("GET", address).json()["External_Id__c"] == "a/b ü"
    refused = wire("PATCH", address, json={"External_Id__c": "c"})
    assert refused.json()[0]["message"] == "The External_Id__c field should not be specified in the sobject data."
    assert wire("DELETE", address).status_code == 204
    assert wire("GET", address).status_code == 404

    assert [wire(each, f"{V62}/sobjects/Lead/External_Id__c/").status_code for each in ("GET", "DELETE")] == [404, 404]
    assert wire("GET", f"{V62}/sobjects/Lead/External_Id__c//").status_code == 404

    twins = [wire.new_lead(Email="twin@x.org") for _ in range(2)]
    several = wire("PATCH", f"{V62}/sobjects/Lead/Email/TWIN@x.org", json={"Title": "x"})
    assert (several.status_code, several.json()) == (300, [f"{V62}/sobjects/Lead/{each}" for each in twins])


def lead(**fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Lead"}, **fields}


def test_a_collection_answers_in_the_order_of_the_request(wire: Wire) -> None:
    """Good and bad records side by side; a failed record has no id; several objects in one call."""
    known = wire.new_lead()
    account = {"attributes": {"type": "Account"}, "Name": "Acme"}
    outcomes = wire.collections("POST", [lead(Company="X"), account, lead(**PERSON)]).json()
    assert outcomes[0] == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }
    assert [outcome["id"][:3] for outcome in outcomes[1:]] == ["001", "00Q"]
    updated = wire.collections("PATCH", [lead(Id="00Q000000000001"), lead(id=known, Title="x")]).json()
    assert updated[0]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert updated[1] == {"id": known, "success": True, "errors": []}


def test_all_or_none_rolls_a_collection_back(wire: Wire, sf: Salesforce) -> None:
    """One bad record, and none is there afterwards."""
    records = [lead(LastName="Nobody", Company="X"), lead(LastName="Nobody")]
    outcomes = wire.collections("POST", records, allOrNone=True).json()
    assert [outcome["errors"][0]["statusCode"] for outcome in outcomes] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert sf.query("SELECT COUNT() FROM Lead WHERE LastName = 'Nobody'")["totalSize"] == 0


def test_a_collection_upserts_reads_and_deletes(wire: Wire) -> None:
    """The upsert says what was created; reading gives null for what is missing, in order; deleting by Ids."""
    records = [lead(External_Id__c="c1", **PERSON), lead(External_Id__c="c2", **PERSON)]
    assert [each["created"] for each in wire.collections("PATCH", records, "/Lead/External_Id__c").json()] == [True] * 2
    outcomes = wire.collections("PATCH", records, "/Lead/External_Id__c").json()
    assert [each["created"] for each in outcomes] == [False, False]
    first, second = (each["id"] for each in outcomes)
    deleted = wire("DELETE", f"{V62}/composite/sobjects?ids={first},bad&allOrNone=false").json()
    assert deleted[0] == {"id": first, "success": True, "errors": []}
    assert deleted[1]["errors"][0]["statusCode"] == "MALFORMED_ID"
    rolled_back = wire("DELETE", f"{V62}/composite/sobjects?ids={second},bad&allOrNone=true").json()
    assert [each["success"] for each in rolled_back] == [False, False]
    read = wire("GET", f"{V62}/composite/sobjects/Lead?ids={second},{first}&fields=External_Id__c").json()
    assert [each and each["External_Id__c"] for each in read] == ["c2", None]
    body = {"ids": [second], "fields": ["Name"]}
    assert wire("POST", f"{V62}/composite/sobjects/Lead", json=body).json()[0]["Name"] == "Lovelace"


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([lead(**PERSON)] * 201, "EXCEEDED_ID_LIMIT"),
        ([PERSON], "INVALID_TYPE"),
        ([{"attributes": {"type": "Nothing__c"}}], "INVALID_TYPE"),
        ("none", "JSON_PARSER_ERROR"),
    ],
)
def test_a_collection_that_cannot_be_taken_is_refused_whole(wire: Wire, records: Any, code: str) -> None:
    """More than 200 records, records of no object, no list."""
    reply = wire.collections("POST", records)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)


def test_an_object_describes_its_record_types(shared_org: Details) -> None:
    """The org's own record types, then the master record type that every object has."""
    infos = Wire(shared_org)("GET", f"{V62}/sobjects/Lead/describe").json()["recordTypeInfos"]
    assert [info["master"] for info in infos].count(True) == 1
    assert infos[-1]["name"] == "Master"
    assert len(infos) > 1
