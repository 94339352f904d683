"""Writing over REST: duplicates, locks, conditions, and what fails a request rather than a record."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.wire import PERSON, V62, Wire
from sf_elt_tests.orgs import client


@pytest.fixture(scope="module")
def details() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.fixture
def wire(details: Details) -> Iterator[Wire]:
    wire = Wire(details)
    yield wire
    wire.pull("rules", duplicates={"Lead": "off", "Contact": "off"}, unlock=True, audit_fields_settable=False)


def lead(**fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Lead"}, **fields}


INSIST = {"Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=false; runAsCurrentUser=true"}


def test_a_duplicate_is_refused_with_what_it_resembles(wire: Wire) -> None:
    """400 DUPLICATES_DETECTED with the rule and the records; who insists may save it."""
    first = wire.new_lead(Email="twin@dup.org")
    wire.pull("rules", duplicates={"Lead": "alert"})
    address, body = f"{V62}/sobjects/Lead", {**PERSON, "Email": "TWIN@dup.org"}
    refused = wire("POST", address, json=body)
    assert refused.status_code == 400
    [error] = refused.json()
    assert (error["errorCode"], error["message"]) == (
        "DUPLICATES_DETECTED",
        "You're creating a duplicate record. We recommend you use an existing record instead.",
    )
    result = error["duplicateResult"]
    assert (result["allowSave"], result["duplicateRule"], result["duplicateRuleEntityType"]) == (
        True, "Standard_Lead_Duplicate_Rule", "Lead",
    )  # fmt: skip
    [match] = result["matchResults"]
    assert match["matchRecords"][0]["record"] == {
        "attributes": {"type": "Lead", "url": f"{V62}/sobjects/Lead/{first}"},
        "Id": first,
    }
    assert "duplicateResut" in wire("POST", address.replace("62", "56"), json=body).json()[0]
    assert wire("POST", address, json=body, headers=INSIST).status_code == 201


def test_a_blocking_rule_lets_nobody_through(wire: Wire) -> None:
    """allowSave is false and insisting does not help; details come when asked for; a collection says the same."""
    wire.new("Contact", FirstName="Ada", LastName="Byron", Email="ada@dup.org")
    wire.pull("rules", duplicates={"Contact": "block"})
    record = {"attributes": {"type": "Contact"}, "LastName": "X", "Email": "ada@dup.org"}
    headers = {"Sforce-Duplicate-Rule-Header": "allowSave=true, includeRecordDetails=true"}
    [outcome] = wire(
        "POST", f"{V62}/composite/sobjects", json={"records": [record]}, headers=headers
    ).json()  # fmt: skip
    [error] = outcome["errors"]
    assert (error["statusCode"], error["duplicateResult"]["allowSave"]) == ("DUPLICATES_DETECTED", False)
    assert error["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]["Name"] == "Ada Byron"


def test_an_update_meets_the_rule_only_where_it_changes_what_counts(wire: Wire) -> None:
    """Two that are alike already may be changed otherwise; a converted or deleted twin is none."""
    ids = [wire.new_lead(Email="alike@dup.org") for _ in range(2)]
    wire.pull("rules", duplicates={"Lead": "block"})
    assert wire("PATCH", f"{V62}/sobjects/Lead/{ids[0]}", json={"Title": "CEO"}).status_code == 204
    assert wire("PATCH", f"{V62}/sobjects/Lead/{ids[0]}", json={"Email": "alike@dup.org"}).status_code == 400
    wire("DELETE", f"{V62}/sobjects/Lead/{ids[1]}")
    reply = wire("PATCH", f"{V62}/sobjects/Lead/{ids[0]}", json={"Email": "alike@dup.org"})
    assert reply.status_code == 204


def test_a_locked_record_refuses_so_many_saves(wire: Wire) -> None:
    """UNABLE_TO_LOCK_ROW with the record's Id, for the record and for what hangs on it; others are saved."""
    account, free = wire.new("Account", Name="Acme"), wire.new("Account", Name="Free")
    wire.pull("rules", lock={"ids": [account], "times": 2})
    records = [{"attributes": {"type": "Account"}, "Id": each, "Site": "x"} for each in (account, free)]
    locked, saved = wire.collections("PATCH", records).json()
    message = f"unable to obtain exclusive access to this record or 1 records: {account}"
    assert locked["errors"] == [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": message, "fields": []}]
    assert saved["success"]
    contact = {"LastName": "A", "AccountId": account}
    refused = wire("POST", f"{V62}/sobjects/Contact", json=contact)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")
    assert wire("POST", f"{V62}/sobjects/Contact", json=contact).status_code == 201


def test_a_record_is_not_changed_unseen(wire: Wire) -> None:
    """If-Match by an account's ETag, If-Unmodified-Since by any record's date: 412 where it has changed."""
    account = wire.new("Account", Name="Acme")
    address = f"{V62}/sobjects/Account/{account}"
    read = wire("GET", address)
    tag, modified = read.headers["ETag"], read.headers["Last-Modified"]
    assert wire("GET", address, headers={"If-None-Match": tag}).status_code == 304
    assert wire("GET", address, headers={"If-Modified-Since": modified}).status_code == 304
    assert wire("PATCH", address, json={"Site": "x"}, headers={"If-Match": tag}).status_code == 204
    wire.pull("clock", advance_seconds=5)
    assert wire("PATCH", address, json={"Site": "y"}).status_code == 204
    for headers in ({"If-Match": tag}, {"If-Unmodified-Since": modified}):
        for method in ("PATCH", "DELETE"):
            refused = wire(method, address, json={"Site": "z"}, headers=headers)
            assert (refused.status_code, refused.json()[0]["errorCode"]) == (412, "PRECONDITION_FAILED")
    assert wire("GET", address, headers={"If-None-Match": tag}).json()["Site"] == "y"


def test_a_condition_without_meaning_is_none(wire: Wire) -> None:
    """A date outside of the calendar is passed over, and a deleted record is not "not modified" but gone."""
    address = f"{V62}/sobjects/Account/{wire.new('Account', Name='Acme')}"
    assert wire("GET", address, headers={"If-Modified-Since": "Fri, 31 Dec 9999 23:59:59 -0100"}).status_code == 200
    assert wire("DELETE", address).status_code == 204
    assert wire("GET", address, headers={"If-Modified-Since": "Thu, 03 Sep 2099 21:35:07 GMT"}).status_code == 404


def test_an_upsert_may_be_for_records_that_are_there_only(wire: Wire) -> None:
    """updateOnly=true gives 404 instead of a new record; Id is a key too; old versions answer without a body."""
    address = f"{V62}/sobjects/Lead/External_Id__c/only"
    assert wire("PATCH", f"{address}?updateOnly=true", json=PERSON).status_code == 404
    made = wire("PATCH", address, json=PERSON)
    assert made.headers["Location"] == f"{V62}/sobjects/Lead/{made.json()['id']}"
    assert wire("PATCH", f"{address}?updateOnly=true", json={"Title": "x"}).status_code == 200
    assert wire("PATCH", address.replace("62.0", "45.0"), json={"Title": "y"}).status_code == 204
    by_id = wire("POST", f"{V62}/sobjects/Lead/Id", json=PERSON)
    assert (by_id.status_code, by_id.json()["created"]) == (201, True)
    assert wire("POST", f"{V62}/sobjects/Lead/{made.json()['id']}", json=PERSON).status_code == 405


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"Nix": 1}, "INVALID_FIELD", "No such column 'Nix' on sobject of type Lead"),
        ({"Title": 5}, "JSON_PARSER_ERROR", "Cannot deserialize instance of string from VALUE_NUMBER_INT value 5 "),
        ({"Phone": {}}, "JSON_PARSER_ERROR", "Cannot deserialize instance of phone from START_OBJECT value { "),
        (
            {"NumberOfEmployees": "many"},
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of int from VALUE_STRING value many ",
        ),
        (
            {"DoNotCall": "yes"},
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of boolean from VALUE_STRING value yes ",
        ),
        ({"Email": True}, "JSON_PARSER_ERROR", "Cannot deserialize instance of email from VALUE_TRUE value true "),
    ],
)
def test_one_value_of_the_wrong_kind_fails_the_whole_request(
    wire: Wire, fields: dict[str, Any], code: str, message: str
) -> None:
    """In a collection too, and nothing of it is saved."""
    for reply in (
        wire("POST", f"{V62}/sobjects/Lead", json={**PERSON, **fields}),
        wire.collections("POST", [lead(Company="A", LastName="Whole"), lead(**PERSON, **fields)]),
    ):
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)
        assert reply.json()[0]["message"].startswith(message)
    query = wire("GET", f"{V62}/query", params={"q": "SELECT COUNT() FROM Lead WHERE LastName = 'Whole'"})
    assert query.json()["totalSize"] == 0


def test_a_collection_changes_its_object_ten_times_at_most(wire: Wire) -> None:
    """Records of two objects in turns are refused whole; the same ones in order are not."""
    leads = [lead(**PERSON) for _ in range(6)]
    accounts = [{"attributes": {"type": "Account"}, "Name": "A"} for _ in range(6)]
    mixed = [record for pair in zip(leads, accounts, strict=True) for record in pair]
    refused = wire.collections("POST", mixed)
    assert refused.status_code == 400
    assert refused.json()[0]["message"].startswith("Cannot have more than 10 chunks in a single operation.")
    assert all(outcome["success"] for outcome in wire.collections("POST", [*leads, *accounts]).json())


def test_audit_fields_are_settable_where_an_administrator_allows_it(wire: Wire) -> None:
    """On new records alone: CreatedDate and its like."""
    body = {**PERSON, "CreatedDate": "2020-01-02T03:04:05Z"}
    assert wire("POST", f"{V62}/sobjects/Lead", json=body).json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    wire.pull("rules", audit_fields_settable=True)
    made = wire.new_lead(CreatedDate="2020-01-02T03:04:05Z")
    assert wire("GET", f"{V62}/sobjects/Lead/{made}").json()["CreatedDate"] == "2020-01-02T03:04:05.000+0000"
    refused = wire("PATCH", f"{V62}/sobjects/Lead/{made}", json={"CreatedDate": "2021-01-02T03:04:05Z"})
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_client_upserts_and_names_parents_by_external_id(wire: Wire, details: Details) -> None:
    """simple-salesforce, unchanged: upsert says 201 and then 200, a contact reports to who holds the external id."""
    sf: Any = client(details)  # its types know objects as attributes and no methods of theirs
    assert sf.Contact.upsert("External_Id__c/boss", {"LastName": "Boss"}) == 201
    assert sf.Contact.upsert("External_Id__c/boss", {"Title": "CEO"}) == 200
    made = sf.Contact.create({"LastName": "A", "ReportsTo": {"External_Id__c": "boss"}})
    [record] = sf.query(f"SELECT ReportsTo.Title FROM Contact WHERE Id = '{made['id']}'")["records"]
    assert record["ReportsTo"]["Title"] == "CEO"


def test_a_number_may_be_an_external_id(wire: Wire) -> None:
    """A custom number field that is an external id finds its record, however the number is written."""
    field = {"type": "Number", "precision": 10, "scale": 0, "label": "Member", "externalId": True}
    made = wire(
        "POST",
        f"{V62}/tooling/sobjects/CustomField",
        json={"FullName": "Lead.Member_Number__c", "Metadata": field},
    )
    assert made.status_code == 201, made.text
    soql = "SELECT Id FROM PermissionSet WHERE Profile.Name = 'System Administrator'"
    [profile] = wire("GET", f"{V62}/query", params={"q": soql}).json()["records"]
    seen = {"SobjectType": "Lead", "Field": "Lead.Member_Number__c", "PermissionsRead": True, "PermissionsEdit": True}
    wire.new("FieldPermissions", ParentId=profile["Id"], **seen)
    address = f"{V62}/sobjects/Lead/Member_Number__c"
    assert wire("PATCH", f"{address}/7", json=PERSON).status_code == 201
    assert wire("PATCH", f"{address}/7.0", json={"Title": "x"}).status_code == 200
    assert wire("GET", f"{address}/07").json()["Title"] == "x"
    assert wire("GET", f"{address}/many").status_code == 404
    [outcome] = wire.collections("PATCH", [lead(Member_Number__c=7, Title="y")], "/Lead/Member_Number__c").json()
    assert (outcome["success"], outcome["created"]) == (True, False)


def test_a_file_comes_beside_its_record(wire: Wire) -> None:
    """A form of JSON and content, as Salesforce takes files too large for base64; replacing it works alike."""

    def form(record: dict[str, Any], content: bytes) -> dict[str, Any]:
        return {
            "entity_attachment": (None, json.dumps(record), "application/json"),
            "Body": ("a.bin", content, "application/octet-stream"),
        }

    account, content = wire.new("Account", Name="Acme"), bytes(range(256))
    record = {"ParentId": account, "Name": "a.bin"}
    made = wire("POST", f"{V62}/sobjects/Attachment", files=form(record, content))
    assert made.status_code == 201, made.text
    address = made.headers["Location"]
    assert wire("GET", f"{address}/Body").content == content
    changed = wire("PATCH", address, files=form({"Name": "b.bin"}, content[::-1]))
    assert changed.status_code == 204, changed.text
    assert wire("GET", f"{address}/Body").content == content[::-1]


def test_a_form_of_a_text_file_is_read(wire: Wire) -> None:
    """Lines that end in LF alone, as curl sends the documentation's examples and SalesforcePy its bodies, will do."""
    record = json.dumps({"ParentId": wire.new("Account", Name="Acme"), "Name": "a.txt"})
    body = (
        '--boundary_string\nContent-Disposition: form-data; name="entity_attachment";\n'
        f"Content-Type: application/json\n\n{record}\n\n"
        '--boundary_string\nContent-Type: text/plain\nContent-Disposition: form-data; name="Body"; filename="a.txt"\n\n'
        "one\r\n--boundary_strings\n\n--boundary_string--"
    )
    headers = {"Content-Type": 'multipart/form-data;boundary="boundary_string"'}
    made = wire("POST", f"{V62}/sobjects/Attachment", data=body, headers=headers)
    assert made.status_code == 201, made.text
    assert wire("GET", f"{made.headers['Location']}/Body").content == b"one\r\n--boundary_strings\n"
    cut = wire("POST", f"{V62}/sobjects/Attachment", data=body[:-2], headers=headers)
    assert (cut.status_code, cut.json()[0]["errorCode"]) == (400, "INVALID_MULTIPART_REQUEST")
    untyped = wire(
        "POST", f"{V62}/sobjects/Attachment", data=body.replace("application/json", "text/x"), headers=headers
    )
    assert untyped.json()[0]["message"] == "Multipart message must include a non-binary part"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "The HTTP entity body is required, but this request has no entity body."),
        ('{"LastName": "A"', "Unexpected end-of-input at [line:1, column:17]"),
        ('{\n"LastName" "A"}', "Unexpected character ('\"' (code 34)) at [line:2, column:12]"),
        ('{"LastName": ' * 2_000, "Unexpected character ("),
    ],
)
def test_a_body_that_is_no_json_is_refused_at_its_place(wire: Wire, body: str, message: str) -> None:
    """In the words of Salesforce's reader, with line and column."""
    headers = {"Content-Type": "application/json"}
    reply = wire("POST", f"{V62}/sobjects/Lead", data=body, headers=headers)
    [error] = reply.json()
    assert (reply.status_code, error["errorCode"]) == (400, "JSON_PARSER_ERROR")
    assert error["message"].startswith(message)
