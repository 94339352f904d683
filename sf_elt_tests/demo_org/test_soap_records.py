"""What the SOAP API saves, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sf_elt.demo_org.saving.convert import CONVERTED_STATUSES
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.soap_client import ENVELOPE, PARTNER, Fault, as_list, soap
from sf_elt_tests.orgs import client, levers


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    """One org for the module: each test makes the records that it looks at."""
    with running_org(records=0) as details:
        yield details


def lead(**values: Any) -> dict[str, Any]:
    return {"type": "Lead", "LastName": "Soap", "Company": "Suds"} | values


def create(org: Details, *records: dict[str, Any], **options: Any) -> list[Any]:
    return soap(org, "create", {"sObjects": list(records)}, **options)


def found(org: Details, record_id: str) -> dict[str, Any]:
    record: dict[str, Any] = client(org).Lead.get(record_id)
    return record


def test_records_are_created_in_order_each_with_its_outcome(org: Details) -> None:
    """A bad record fails alone: no Id, and an error with its code, words and fields."""
    first, bad, last = create(org, lead(LastName="<Ä> & \n"), {"type": "Lead"}, {"type": "Account", "Name": "Suds"})
    assert (first["success"], last["success"]) == ("true", "true")
    assert first["id"].startswith("00Q")
    assert last["id"].startswith("001")
    assert found(org, first["id"])["LastName"] == "<Ä> &"
    assert (bad["success"], bad["id"]) == ("false", None)
    assert bad["errors"]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert bad["errors"]["fields"] == ["LastName", "Company"]


def test_all_or_none_keeps_nothing(org: Details) -> None:
    """AllOrNoneHeader makes one bad record stop all."""
    header = {"AllOrNoneHeader": {"allOrNone": "true"}}
    good, _ = create(org, lead(LastName="None of it"), {"type": "Lead"}, headers=header)
    assert (good["success"], good["errors"]["statusCode"]) == ("false", "ALL_OR_NONE_OPERATION_ROLLED_BACK")
    assert client(org).query("SELECT COUNT() FROM Lead WHERE LastName = 'None of it'")["totalSize"] == 0


def test_only_fields_to_null_are_cleared(org: Details) -> None:
    """fieldsToNull clears; a nil element and a field that is not named leave the field alone."""
    [made] = create(org, lead(Title="CTO", Phone="1", Website="w.example"))
    update = {"type": "Lead", "fieldsToNull": ["Title"], "Id": made["id"], "Phone": None, "City": "Bonn"}
    [outcome] = soap(org, "update", {"sObjects": update})
    assert outcome["success"] == "true"
    record = found(org, made["id"])
    assert [record[name] for name in ("Title", "Phone", "Website", "City")] == [None, "1", "w.example", "Bonn"]


def test_values_are_read_as_their_fields_want_them(org: Details) -> None:
    """Booleans, numbers and dates come as text and are saved as what they are; a bad one fails its record."""
    values = {"DoNotCall": "true", "NumberOfEmployees": "12", "AnnualRevenue": "1.5e3"}
    good, bad = create(org, lead(**values), lead(NumberOfEmployees="many"))
    record = found(org, good["id"])
    assert [record[name] for name in values] == [True, 12, 1500.0]
    assert bad["errors"]["statusCode"] == "INVALID_TYPE_ON_FIELD_IN_RECORD"


def test_upsert_says_what_was_created(org: Details) -> None:
    """The same record is new the first time and known the second."""
    key = next(each["name"] for each in client(org).Lead.describe()["fields"] if each["externalId"])
    arguments = {"externalIDFieldName": key, "sObjects": lead(**{key: "soap-1"})}
    [first], [second] = soap(org, "upsert", arguments), soap(org, "upsert", arguments)
    assert (first["created"], second["created"]) == ("true", "false")
    assert first["id"] == second["id"]


def test_a_parent_can_be_named_by_its_external_id(org: Details) -> None:
    """A nested sObject with an external id is a reference to the record that has it."""
    [boss] = create(org, {"type": "Contact", "LastName": "Boss", "External_Id__c": "boss"})
    good, bad = create(
        org,
        {"type": "Contact", "LastName": "Good", "ReportsTo": {"type": "Contact", "External_Id__c": "boss"}},
        {"type": "Contact", "LastName": "Bad", "ReportsTo": {"type": "Contact", "External_Id__c": "nobody"}},
    )
    assert client(org).Contact.get(good["id"])["ReportsToId"] == boss["id"]
    assert bad["errors"]["statusCode"] == "INVALID_FIELD"


def test_a_parent_is_named_by_a_field_and_not_by_its_own_parents(org: Details) -> None:
    """However deep a client nests them, the record is refused like any other."""
    depth = 5_000
    nested = "<Owner><type>User</type>" * depth + "</Owner>" * depth
    session = f"<SessionHeader><sessionId>{org.access_token}</sessionId></SessionHeader>"
    body = f"<create><sObjects><type>Lead</type>{nested}</sObjects></create>"
    envelope = ENVELOPE.format(urn=PARTNER, header=session, body=body)
    reply = requests.post(f"{org.instance_url}/services/Soap/u/62.0", data=envelope.encode(), timeout=20)
    assert (reply.status_code, "<statusCode>INVALID_FIELD</statusCode>" in reply.text) == (200, True)


def test_duplicates_are_told_with_the_records_they_are_of(org: Details) -> None:
    """A duplicate rule refuses with what it found, its records as sObjects, unless DuplicateRuleHeader insists."""
    levers(org).set_duplicate_rule("Lead", "alert")
    try:
        twin = lead(LastName="Twin", Email="twin@demo.example")
        [made], [refused] = create(org, twin), create(org, twin)
        error = refused["errors"]
        assert error["statusCode"] == "DUPLICATES_DETECTED"
        assert error["duplicateResult"]["allowSave"] == "true"
        [found_record] = as_list(error["duplicateResult"]["matchResults"]["matchRecords"])
        assert (found_record["record"]["type"], found_record["record"]["Id"][0]) == ("Lead", made["id"])
        header = {"DuplicateRuleHeader": {"allowSave": "true", "includeRecordDetails": "false"}}
        assert create(org, twin, headers=header)[0]["success"] == "true"
    finally:
        levers(org).set_duplicate_rule("Lead", "off")


def test_deleted_records_come_back(org: Details) -> None:
    """delete and undelete take records of any objects; what is no Id is refused in its place."""
    one, two = create(org, lead(), {"type": "Account", "Name": "Back"})
    outcomes = soap(org, "delete", {"ids": [one["id"], "nix", two["id"]]})
    assert [each["success"] for each in outcomes] == ["true", "false", "true"]
    assert outcomes[1]["errors"]["statusCode"] == "MALFORMED_ID"
    [again] = soap(org, "delete", {"ids": one["id"]})
    assert again["errors"]["statusCode"] == "ENTITY_IS_DELETED"
    assert [each["success"] for each in soap(org, "undelete", {"ids": [one["id"], two["id"]]})] == ["true", "true"]
    assert found(org, one["id"])["IsDeleted"] is False


def test_ids_may_be_written_as_beatbox_does(org: Details) -> None:
    """beatbox and pyforce send the Ids of delete() in elements named `id`."""
    [made] = create(org, lead())
    [gone] = soap(org, "delete", {"id": made["id"]})
    assert (gone["id"], gone["success"]) == (made["id"], "true")


def test_a_record_out_of_the_bin_is_gone(org: Details) -> None:
    """emptyRecycleBin removes what is deleted, and refuses what is not."""
    gone, alive = create(org, lead(), lead())
    soap(org, "delete", {"ids": gone["id"]})
    outcomes = soap(org, "emptyRecycleBin", {"ids": [gone["id"], alive["id"]]})
    assert [each["success"] for each in outcomes] == ["true", "false"]
    assert outcomes[1]["errors"]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert soap(org, "undelete", {"ids": gone["id"]})[0]["success"] == "false"


@pytest.mark.parametrize("argument", ["request", "mergeRequests"])
def test_a_merge_leaves_the_master(org: Details, argument: str) -> None:
    """The loser is deleted and its children are the master's, whether the call is as the WSDL or as jsforce has it."""
    master, loser = create(org, {"type": "Account", "Name": "Master"}, {"type": "Account", "Name": "Loser"})
    [contact] = create(org, {"type": "Contact", "LastName": "Child", "AccountId": loser["id"]})
    record = {"type": "Account", "Id": master["id"], "Site": "merged"}
    [outcome] = soap(org, "merge", {argument: {"masterRecord": record, "recordToMergeIds": [loser["id"]]}})
    assert (outcome["success"], outcome["id"]) == ("true", master["id"])
    assert (outcome["mergedRecordIds"], outcome["updatedRelatedIds"]) == (loser["id"], contact["id"])
    assert client(org).Contact.get(contact["id"])["AccountId"] == master["id"]
    assert client(org).Account.get(master["id"])["Site"] == "merged"


def test_a_lead_is_converted(org: Details) -> None:
    """convertLead tells the records that the lead became; a lead that is converted already is refused."""
    [made] = create(org, lead(Company="Converted"))
    wanted = {"leadId": made["id"], "convertedStatus": CONVERTED_STATUSES[0], "doNotCreateOpportunity": "true"}
    [outcome] = soap(org, "convertLead", {"leadConverts": wanted})
    assert (outcome["success"], outcome["leadId"], outcome["opportunityId"]) == ("true", made["id"], None)
    record = found(org, made["id"])
    assert record["ConvertedAccountId"] == outcome["accountId"]
    assert record["ConvertedContactId"] == outcome["contactId"]
    [again] = soap(org, "convertLead", {"leadConverts": wanted})
    assert again["success"] == "false"
    assert again["errors"]["statusCode"]


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("create", {"sObjects": [lead()] * 201}, "EXCEEDED_ID_LIMIT"),
        ("delete", {"ids": ["00Q"] * 201}, "EXCEEDED_ID_LIMIT"),
        ("convertLead", {"leadConverts": [{"leadId": "00Q"}] * 101}, "EXCEEDED_LEAD_CONVERT_LIMIT"),
        ("merge", {"request": {"recordToMergeIds": "00Q"}}, "MISSING_ARGUMENT"),
        ("merge", {"request": {"masterRecord": {"type": "Task"}}}, "INVALID_TYPE_FOR_OPERATION"),
        ("create", {"sObjects": {"LastName": "typeless"}}, "INVALID_TYPE"),
        ("create", {"sObjects": {"type": "Nix"}}, "INVALID_TYPE"),
        ("upsert", {"externalIDFieldName": "Nix", "sObjects": lead()}, "NOT_FOUND"),
    ],
)
def test_calls_that_cannot_be_are_faults(org: Details, operation: str, arguments: dict[str, Any], code: str) -> None:
    """Too many records, unknown types and keys refuse the whole call."""
    with pytest.raises(Fault) as fault:
        soap(org, operation, arguments)
    assert fault.value.code == code
