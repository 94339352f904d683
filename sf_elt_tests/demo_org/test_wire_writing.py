"""What a client meets when it writes over REST: each record's own error, and what fails the whole request."""

from collections.abc import Iterator
from typing import Any

import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.demo_org.wire import PERSON, V62, Wire
from sf_elt_tests.orgs import levers

LEAD = {"attributes": {"type": "Lead"}}


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.fixture
def wire(org: Details) -> Wire:
    return Wire(org)


def test_every_refusal_that_no_repetition_cures(org: Details, wire: Wire) -> None:
    """Side by side in one call: a code for each reason, no id on a record that failed, and the good ones are saved."""
    taken, gone, converted, locked = (wire.new_lead(External_Id__c=f"x{number}") for number in range(4))
    wire("DELETE", f"{V62}/sobjects/Lead/{gone}")
    soap(org, "convertLead", {"leadConverts": {"leadId": converted, "convertedStatus": "Closed - Converted"}})
    levers(org).lock(locked)
    last = wire.new_lead()
    changes: list[tuple[dict[str, Any], str | None]] = [
        ({"id": taken, "Title": "saved"}, None),
        ({"id": taken[:-3] + "ZZZ", "Title": "x"}, "MALFORMED_ID"),
        ({"id": gone, "Title": "x"}, "ENTITY_IS_DELETED"),
        ({"id": converted, "Title": "x"}, "CANNOT_UPDATE_CONVERTED_LEAD"),
        ({"id": locked, "Title": "x"}, "UNABLE_TO_LOCK_ROW"),
        ({"id": last, "LastName": None}, "REQUIRED_FIELD_MISSING"),
    ]
    for values, code in (
        ({"Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        ({"Title": "x" * 129}, "STRING_TOO_LONG"),
        ({"CleanStatus": "Spotless"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"External_Id__c": "x0"}, "DUPLICATE_VALUE"),
        ({"IsConverted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Title": "saved"}, None),
    ):
        changes.append(({"id": wire.new_lead(), **values}, code))
    reply = wire.collections("PATCH", [{**LEAD, **each} for each, _ in changes])
    assert reply.status_code == 200
    assert [each["errors"][0]["statusCode"] if each["errors"] else None for each in reply.json()] == [
        code for _, code in changes
    ]
    for outcome in reply.json():
        assert outcome["success"] is (outcome["errors"] == [])
        assert ("id" in outcome) is outcome["success"]
        assert all(set(error) == {"statusCode", "message", "fields"} for error in outcome["errors"])


def test_refusals_that_an_administrator_brings_about(org: Details, wire: Wire) -> None:
    """A validation rule, a field and an object that may only be read: each record's own error, the rest is saved."""
    rule = {
        "active": True,
        "errorConditionFormula": "Title = 'soon'",
        "errorMessage": "No title",
        "errorDisplayField": "Title",
    }
    made = wire("POST", f"{V62}/tooling/sobjects/ValidationRule", json={"FullName": "Lead.Titled", "Metadata": rule})
    first, second = wire.new_lead(), wire.new_lead()

    def errors(*values: dict[str, Any]) -> list[tuple[str, list[str]] | None]:
        changes = [{**LEAD, "id": lead, **each} for lead, each in zip((first, second), values, strict=True)]
        replies = wire.collections("PATCH", changes).json()
        found = [each["errors"][0] if each["errors"] else None for each in replies]
        return [each and (each["statusCode"], each["fields"]) for each in found]

    assert errors({"Title": "soon"}, {"Title": "now"}) == [("FIELD_CUSTOM_VALIDATION_EXCEPTION", ["Title"]), None]
    wire("DELETE", f"{V62}/tooling/sobjects/ValidationRule/{made.json()['id']}")
    pull = levers(org)
    pull.set_permission("Lead", "Title", access="read")
    assert errors({"Title": "x"}, {"Phone": "1"}) == [("INVALID_FIELD_FOR_INSERT_UPDATE", ["Title"]), None]
    pull.set_permission("Lead", "Title", access="granted")
    pull.set_permission("Lead", access="read")
    assert errors({"Title": "x"}, {"Phone": "1"}) == [("INSUFFICIENT_ACCESS_OR_READONLY", [])] * 2
    pull.set_permission("Lead", access="granted")
    assert errors({"Title": "x"}, {"Phone": "1"}) == [None, None]


def test_what_an_upsert_cannot_tell_apart_is_its_records_own_error(wire: Wire) -> None:
    """A key twice in a call, and one that several records hold: refused by row, and the good row is saved."""
    for _ in range(2):
        wire.new_lead(Email="several@example.org")
    by_key = [{**LEAD, **PERSON, "External_Id__c": key} for key in ("twice", "TWICE", "once")]
    outcomes = wire.collections("PATCH", by_key, "/Lead/External_Id__c").json()
    assert [each.get("created") for each in outcomes] == [None, None, True]
    assert {each["errors"][0]["statusCode"] for each in outcomes[:2]} == {"DUPLICATE_VALUE"}
    assert outcomes[0]["errors"][0]["message"] == "Duplicate external id specified: twice"
    [several] = wire.collections("PATCH", [{**LEAD, **PERSON, "Email": "several@example.org"}], "/Lead/Email").json()
    assert several["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"


def test_one_malformed_value_fails_the_whole_request_or_its_record(wire: Wire) -> None:
    """A number that is none is the JSON reader's: 400 for all. A text that is no Id is its record's own error."""
    good = {**LEAD, **PERSON, "Company": "Whole"}
    whole = wire.collections("POST", [good, {**good, "NumberOfEmployees": "many"}])
    assert (whole.status_code, whole.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
    one = wire.collections("POST", [good, {**good, "OwnerId": "nobody"}])
    assert [each["success"] for each in one.json()] == [True, False]
    saved = wire("GET", f"{V62}/query", params={"q": "SELECT Id FROM Lead WHERE Company = 'Whole'"}).json()
    assert saved["totalSize"] == 1


def test_each_record_stands_for_itself_unless_told(wire: Wire) -> None:
    """allOrNone is false where a call does not say: the good record of a batch is saved beside the bad one."""
    good, bad = {**LEAD, **PERSON, "Company": "Alone"}, {**LEAD, "LastName": "No company"}
    assert [each["success"] for each in wire.collections("POST", [bad, good]).json()] == [False, True]
    together = wire.collections("POST", [bad, good], allOrNone=True).json()
    assert [each["errors"][0]["statusCode"] for each in together] == [
        "REQUIRED_FIELD_MISSING",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    ]
    saved = wire("GET", f"{V62}/query", params={"q": "SELECT Id FROM Lead WHERE Company = 'Alone'"}).json()
    assert saved["totalSize"] == 1


def test_what_is_not_there_is_told_in_two_sentences(wire: Wire) -> None:
    """GET of a missing and of a deleted record: the same 404, word for word."""
    lead = wire.new_lead()
    wire("DELETE", f"{V62}/sobjects/Lead/{lead}")
    for record_id in (lead, "00Q000000000001AAA"):
        reply = wire("GET", f"{V62}/sobjects/Lead/{record_id}")
        assert (reply.status_code, reply.json()) == (
            404,
            [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}],
        )


def test_one_of_several_records_of_an_external_id_is_for_the_client_to_choose(wire: Wire) -> None:
    """300 with the address of each record, and nothing is changed."""
    leads = [wire.new_lead(Email="twin@example.org") for _ in range(2)]
    reply = wire("PATCH", f"{V62}/sobjects/Lead/Email/twin@example.org", json={"Title": "x"})
    assert (reply.status_code, sorted(reply.json())) == (300, [f"{V62}/sobjects/Lead/{each}" for each in leads])
    assert wire("GET", f"{V62}/sobjects/Lead/{leads[0]}").json()["Title"] is None


def test_a_duplicate_is_refused_unless_the_header_insists(org: Details, wire: Wire) -> None:
    """DUPLICATES_DETECTED in a collection, and saved with Sforce-Duplicate-Rule-Header: allowSave=true."""
    levers(org).set_duplicate_rule("Lead", "alert")
    twin = {**LEAD, "FirstName": "Ada", "LastName": "Twin", "Company": "C", "Email": "ada@example.org"}
    wire.new_lead(FirstName="Ada", LastName="Twin", Company="C", Email="ada@example.org")
    refused = wire.collections("POST", [twin]).json()[0]
    assert refused["errors"][0]["statusCode"] == "DUPLICATES_DETECTED"
    insisting = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    body = {"records": [twin]}
    saved = wire("POST", f"{V62}/composite/sobjects", json=body, headers=insisting).json()[0]
    levers(org).set_duplicate_rule("Lead", "off")
    assert saved["success"] is True
