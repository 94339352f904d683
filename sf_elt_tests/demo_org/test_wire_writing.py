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
