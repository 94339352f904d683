"""The older Bulk API, with simple-salesforce's `sf.bulk` (JSON) and with raw requests as other clients send them."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import requests
from defusedxml.ElementTree import fromstring
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bulk_jobs import NAMESPACE, V1, XML_TYPE, ask, found
from sf_elt_tests.orgs import client, levers

CSV_TYPE = {"Content-Type": "text/csv; charset=UTF-8"}
ENDED = ("Completed", "Failed", "NotProcessed")


@pytest.fixture(scope="module")
def shared() -> Iterator[Details]:
    with running_org(records=60) as details:
        yield details


def job_xml(**members: str) -> str:
    """A job as jsforce and salesforce-bulk write it."""
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<jobInfo xmlns="{NAMESPACE}">{inside}</jobInfo>'


def parsed(reply: requests.Response) -> Element:
    assert reply.headers["content-type"] == "application/xml"
    root: Element = fromstring(reply.content)
    assert root.tag.startswith(f"{{{NAMESPACE}}}")
    return root


def members(element: Element) -> dict[str, str]:
    return {each.tag.rpartition("}")[2]: each.text or "" for each in element}


def open_job(details: Details, headers: dict[str, str] | None = None, **body: str) -> str:
    """The address of a new job."""
    made = ask(details, V1, "POST", data=job_xml(**body), headers=XML_TYPE | (headers or {}))
    assert made.status_code == 201, made.text
    return f"{V1}/{members(parsed(made))['id']}"


def run_batch(details: Details, job: str, data: str | bytes, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The address of a batch that has ended, and what it says."""
    added = ask(details, f"{job}/batch", "POST", data=data, headers=headers)
    assert added.status_code == 201, added.text
    batch = f"{job}/batch/{members(parsed(added))['id']}"
    while (info := members(parsed(ask(details, batch))))["state"] not in ENDED:
        pass
    return batch, info


def batches(details: Details, job: str) -> list[dict[str, str]]:
    return [members(each) for each in parsed(ask(details, f"{job}/batch"))]


def ended_batches(details: Details, job: str) -> list[dict[str, str]]:
    """The batches of a job, once all have ended."""
    while True:
        listed = batches(details, job)
        if all(each["state"] in ENDED for each in listed):
            return listed


def csv_rows(reply: requests.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(reply.content.decode(), newline="")))


def results(details: Details, batch: str) -> requests.Response:
    """The rows of a query's only result."""
    (result,) = parsed(ask(details, f"{batch}/result"))
    return ask(details, f"{batch}/result/{result.text}")


def test_simple_salesforce_writes_and_reads_json(shared: Details, monkeypatch: pytest.MonkeyPatch) -> None:
    """insert, update, upsert, delete and query of sf.bulk do what they say, record by record, in the order sent."""
    monkeypatch.setattr("simple_salesforce.bulk.sleep", lambda _: None)  # it waits five seconds between two looks
    bulk = client(shared).bulk.Lead
    people: list[dict[str, Any]] = [{"LastName": f"Json{each}", "Company": "J"} for each in range(250)]
    inserted = bulk.insert([*people, {"LastName": "Nobody"}], batch_size=100)
    assert [each["success"] for each in inserted] == [True] * 250 + [False]
    assert inserted[-1] == {
        "success": False,
        "created": False,
        "id": None,
        "errors": [
            {
                "message": "Required fields are missing: [Company]",
                "fields": ["Company"],
                "statusCode": "REQUIRED_FIELD_MISSING",
                "extendedErrorDetails": None,
            }
        ],
    }
    updated = bulk.update([{"Id": each["id"], "Title": "T"} for each in inserted[:3]], use_serial=True)
    assert [each["created"] for each in updated] == [False] * 3
    kept = bulk.query("SELECT LastName FROM Lead WHERE Company = 'J' AND Title = 'T' ORDER BY Id", wait=0)
    assert [each["LastName"] for each in kept] == ["Json0", "Json1", "Json2"]
    assert kept[0]["attributes"]["type"] == "Lead"
    upsert = [{"External_Id__c": f"j{each}", "LastName": "U", "Company": "K"} for each in (1, 2)]
    assert [each["created"] for each in bulk.upsert(upsert, "External_Id__c")] == [True, True]
    assert [each["created"] for each in bulk.upsert(upsert[:1], "External_Id__c")] == [False]
    bulk.delete([{"Id": inserted[0]["id"]}])
    bulk.hard_delete([{"Id": inserted[1]["id"]}])
    assert len(bulk.query("SELECT Id FROM Lead WHERE LastName IN ('Json0', 'Json1')", wait=0)) == 0
    assert len(bulk.query_all("SELECT Id FROM Lead WHERE LastName IN ('Json0', 'Json1')", wait=0)) == 1
    detailed = bulk.update([{"Id": inserted[5]["id"], "Title": "D"}], include_detailed_results=True)
    assert detailed[0]["Title"] == "D"


def test_datetimes_in_json_are_epoch_milliseconds(shared: Details) -> None:
    """JSON gives milliseconds since 1970 where REST gives text, for parents' fields too; null stays null."""
    soql = "SELECT Id, CreatedDate, ConvertedDate, Owner.Name, CreatedBy.CreatedDate FROM Lead ORDER BY Id LIMIT 3"
    sf = client(shared)
    for old, new in zip(sf.bulk.Lead.query(soql, wait=0), sf.query(soql)["records"], strict=True):
        created = datetime.fromisoformat(new["CreatedDate"])
        assert old["CreatedDate"] == created.timestamp() * 1000
        assert old["CreatedBy"]["CreatedDate"] == (
            datetime.fromisoformat(new["CreatedBy"]["CreatedDate"]).timestamp() * 1000
        )
        assert (old["Owner"]["Name"], old["ConvertedDate"]) == (new["Owner"]["Name"], new["ConvertedDate"])


def test_csv_jobs_answer_in_xml_and_csv(shared: Details) -> None:
    """A job in XML with CSV batches, as jsforce and salesforce-bulk send it: verdicts in the order of the rows."""
    job = open_job(shared, operation="insert", object="Lead", contentType="CSV")
    upload = "LastName,Company,Title\r\nCsv1,C,\r\nCsv2,,T\r\nCsv3,C,#N/A\r\n"
    batch, info = run_batch(shared, job, upload, CSV_TYPE)
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == ("Completed", "3", "1")
    reply = ask(shared, f"{batch}/result")
    assert reply.headers["content-type"] == "text/csv"  # salesforce-bulk compares it whole
    verdicts = csv_rows(reply)
    assert [(each["Success"], each["Created"], each["Error"]) for each in verdicts] == [
        ("true", "true", ""),
        ("false", "false", "REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --"),
        ("true", "true", ""),
    ]
    assert ask(shared, f"{batch}/request").text == upload
    closed = ask(shared, job, "POST", data=job_xml(state="Closed"), headers=XML_TYPE)
    counted = members(parsed(closed))
    assert (counted["state"], counted["numberBatchesTotal"], counted["numberRecordsFailed"]) == ("Closed", "1", "1")
    assert counted["createdDate"].endswith("Z")


SPEC = "Salesforce Field,Csv Header,Value,Hint\n"


def test_a_spec_maps_columns_to_fields(shared: Details) -> None:
    """What salesforce-bulk posts as a mapping file: columns have names of their own, fields may have values."""
    job = open_job(shared, operation="insert", object="Lead", contentType="CSV")
    spec = f"{SPEC}LastName,Full Name,,\nCompany,Firm,Unknown,\nTitle,,Of the spec,\n"
    assert ask(shared, f"{job}/spec", "POST", data=spec, headers=CSV_TYPE).status_code == 201
    upload = "Firm,Other,Full Name\nAcme,x,Mapped1\n,,Mapped2\n"
    _, info = run_batch(shared, job, upload, CSV_TYPE)
    assert (info["state"], info["numberRecordsFailed"]) == ("Completed", "0")
    made = client(shared).query("SELECT LastName, Company, Title FROM Lead WHERE LastName LIKE 'Mapped%' ORDER BY Name")
    assert [(each["LastName"], each["Company"], each["Title"]) for each in made["records"]] == [
        ("Mapped1", "Acme", "Of the spec"),
        ("Mapped2", "Unknown", "Of the spec"),
    ]


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (f"{SPEC}Birthdate,Born,,dd MMM yy\n", "FeatureNotEnabled"),
        (f"{SPEC}LastName,Full Name\n", "ClientInputError"),
        ("LastName,Full Name\n", "ClientInputError"),
        ("", "ClientInputError"),
    ],
)
def test_a_spec_that_cannot_be_followed_is_refused(shared: Details, spec: str, code: str) -> None:
    """Hints, lines that are none and another header are refused; so is any spec once the job has batches."""
    job = open_job(shared, operation="insert", object="Lead", contentType="CSV")
    refused = ask(shared, f"{job}/spec", "POST", data=spec, headers=CSV_TYPE)
    assert (refused.status_code, members(parsed(refused))["exceptionCode"]) == (400, code)
    run_batch(shared, job, "LastName,Company\nSpecless,C\n", CSV_TYPE)
    late = ask(shared, f"{job}/spec", "POST", data=f"{SPEC}LastName,Full Name,,\n", headers=CSV_TYPE)
    assert members(parsed(late))["exceptionCode"] == "InvalidJobState"


def test_a_query_in_csv(shared: Details) -> None:
    """A CSV query gives a list of one result and its rows; where nothing is found, a sentence instead of a header."""
    job = open_job(shared, operation="query", object="User", contentType="CSV")
    batch, info = run_batch(shared, job, "SELECT Id, Username FROM User", CSV_TYPE)
    assert int(info["numberRecordsProcessed"]) == len(csv_rows(results(shared, batch))) > 0
    empty, _ = run_batch(shared, job, "SELECT Id FROM User WHERE Username = 'nobody'", CSV_TYPE)
    assert results(shared, empty).text == "Records not found for this query"


def test_xml_batches(shared: Details) -> None:
    """Records in XML are saved, xsi:nil clears a field; a query's records come as XML, the Id twice, dates in Z."""
    job = open_job(shared, operation="upsert", object="Lead", externalIdFieldName="External_Id__c", contentType="XML")
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    for fields in ("<Title>Ä&amp;B</Title><City>X</City>", '<Title xsi:nil="true"/><City></City>'):
        record = f"<External_Id__c>xml-1</External_Id__c><LastName>Xml</LastName><Company>C</Company>{fields}"
        records = f'<sObjects xmlns="{NAMESPACE}" {xsi}><sObject>{record}</sObject></sObjects>'
        batch, info = run_batch(shared, job, records.encode(), XML_TYPE)
        assert info["numberRecordsFailed"] == "0"
    (verdict,) = parsed(ask(shared, f"{batch}/result"))
    assert (members(verdict)["success"], members(verdict)["created"]) == ("true", "false")
    soql = "SELECT Title, City, CreatedDate, Owner.Name FROM Lead WHERE External_Id__c = 'xml-1'"
    queried, _ = run_batch(
        shared, open_job(shared, operation="query", object="Lead", contentType="XML"), soql, XML_TYPE
    )
    (found_record,) = parsed(results(shared, queried))
    names = [each.tag.rpartition("}")[2] for each in found_record]
    assert names == ["type", "Id", "Title", "City", "CreatedDate", "Owner"]
    shown = members(found_record)
    assert (shown["type"], shown["Title"], shown["City"]) == ("Lead", "", "X")
    assert shown["CreatedDate"].endswith(".000Z")


def test_pk_chunking_splits_a_query(shared: Details) -> None:
    """The batch as sent is NotProcessed, one batch a range of Ids follows it, together they give every row once."""
    soql = "SELECT Id FROM Lead WHERE LastName != 'x' OR LastName = 'y'"
    whole = {row["Id"] for row in found(shared, soql)}
    job = open_job(
        shared, {"Sforce-Enable-PKChunking": "chunkSize=7; "}, operation="query", object="Lead", contentType="CSV"
    )
    _, original = run_batch(shared, job, soql, CSV_TYPE)
    assert (original["state"], original["numberRecordsProcessed"]) == ("NotProcessed", "0")
    chunks = ended_batches(shared, job)
    ids = []
    for chunk in chunks[1:]:
        reply = results(shared, f"{job}/batch/{chunk['id']}")
        assert int(chunk["numberRecordsProcessed"]) <= 7
        ids += [row["Id"] for row in csv_rows(reply) if "Id" in row]
    assert len(chunks) > 2
    assert len(ids) == len(set(ids))
    assert set(ids) == whole


@pytest.mark.parametrize("header", ["chunkSize=0", "chunkSize=250001", "chunkSize=many", "startRow=no", "size=5"])
def test_a_wrong_chunking_header_is_refused(shared: Details, header: str) -> None:
    """A size out of bounds, a row that is no Id and an unknown word are InvalidJob."""
    body = job_xml(operation="query", object="Lead", contentType="CSV")
    reply = ask(shared, V1, "POST", data=body, headers=XML_TYPE | {"Sforce-Enable-PKChunking": header})
    assert (reply.status_code, members(parsed(reply))["exceptionCode"]) == (400, "InvalidJob")


def test_a_batch_that_cannot_be_worked_on_fails(shared: Details) -> None:
    """A wrong query, a column that is none and a batch without records are Failed with a message; the job is not."""
    queries = open_job(shared, operation="query", object="Lead", contentType="CSV")
    _, wrong = run_batch(shared, queries, "SELECT Nothing FROM Lead", CSV_TYPE)
    assert wrong["state"] == "Failed"
    assert wrong["stateMessage"].startswith("InvalidBatch : Failed to process query: INVALID_FIELD: ")
    _, compound = run_batch(shared, queries, "SELECT Address FROM Lead", CSV_TYPE)
    assert compound["stateMessage"] == (
        "InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: Selecting compound data not supported in "
        "Bulk Query"
    )
    inserts = open_job(shared, operation="insert", object="Lead", contentType="CSV")
    _, column = run_batch(shared, inserts, "Nothing\nA\n", CSV_TYPE)
    assert column["stateMessage"] == "InvalidBatch : Field name not found : Nothing"
    _, empty = run_batch(shared, inserts, "LastName\n", CSV_TYPE)
    assert empty["stateMessage"] == "InvalidBatch : Records not found"
    assert members(parsed(ask(shared, inserts)))["state"] == "Open"


def test_batches_need_an_open_job(shared: Details) -> None:
    """A closed job takes no batch, an aborted one neither, and neither changes again."""
    job = open_job(shared, operation="insert", object="Lead", contentType="CSV")
    ask(shared, job, "POST", data=job_xml(state="Closed"), headers=XML_TYPE)
    late = members(parsed(ask(shared, f"{job}/batch", "POST", data="Id\n", headers=CSV_TYPE)))
    assert late == {
        "exceptionCode": "InvalidJobState",
        "exceptionMessage": "Failed to create batch, since the Job is not Open. Current job state is 'Closed'",
    }
    again = members(parsed(ask(shared, job, "POST", data=job_xml(state="Aborted"), headers=XML_TYPE)))
    assert again["exceptionCode"] == "InvalidJobState"


def test_batches_of_an_aborted_job_are_not_processed(shared: Details) -> None:
    """What waits when the job is aborted saves nothing; in a serial job only one batch is at work at a time."""
    job = open_job(shared, operation="insert", object="Lead", contentType="CSV", concurrencyMode="Serial")
    levers(shared).faults.plan({"path": "/batch$", "method": "POST", "hold_job": True, "times": 3})
    for number in range(3):
        ask(shared, f"{job}/batch", "POST", data=f"LastName,Company\nHeld{number},C\n", headers=CSV_TYPE)
    while [each["state"] for each in batches(shared, job)].count("InProgress") != 1:
        pass
    ask(shared, job, "POST", data=job_xml(state="Aborted"), headers=XML_TYPE)
    levers(shared).faults.clear()
    assert [each["state"] for each in ended_batches(shared, job)] == ["NotProcessed"] * 3
    assert found(shared, "SELECT Id FROM Lead WHERE LastName LIKE 'Held%'") == []


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"operation": "harddelete", "object": "Lead"}, "InvalidJob", "Unable to parse Job"),
        ({"object": "Lead"}, "InvalidJob", "Unable to parse Job"),
        ({"operation": "query", "object": "Lead", "contentType": "ZIP_CSV"}, "InvalidJob", "Unable to parse Job"),
        ({"operation": "query", "object": "Nothing"}, "InvalidJob", "Unable to find object: Nothing"),
        (
            {"operation": "upsert", "object": "Lead", "externalIdFieldName": "Title"},
            "InvalidJob",
            "Field name provided, Title does not match an External ID for Lead",
        ),
    ],
)
def test_a_job_must_be_described_rightly(shared: Details, body: dict[str, str], code: str, message: str) -> None:
    """What is wrong with a job is said in XML to who writes XML, in JSON to who writes JSON, always with 400."""
    in_xml = ask(shared, V1, "POST", data=job_xml(**body), headers=XML_TYPE)
    in_json = ask(shared, V1, "POST", json=body)
    expected = {"exceptionCode": code, "exceptionMessage": message}
    assert (in_xml.status_code, members(parsed(in_xml))) == (400, expected)
    assert (in_json.status_code, in_json.json()) == (400, expected)


def test_a_dead_session_is_a_400(shared: Details) -> None:
    """A wrong X-SFDC-Session is InvalidSessionId with 400, not 401, in both formats; a missing one says so."""
    address = shared.instance_url + V1
    dead = requests.post(address, data=job_xml(), headers=XML_TYPE | {"X-SFDC-Session": "x"}, timeout=10)
    assert (dead.status_code, members(parsed(dead))) == (
        400, {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"},
    )  # fmt: skip
    assert members(parsed(requests.get(address, timeout=10)))["exceptionMessage"] == "Unable to find session id"
    with pytest.raises(SalesforceMalformedRequest) as refused:
        client(shared, session_id="x").bulk.Lead.query("SELECT Id FROM Lead")
    assert refused.value.content == {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"}


def test_wrong_addresses(shared: Details) -> None:
    """Unknown jobs, batches, versions and paths each have their own code."""
    job = open_job(shared, operation="query", object="Lead", contentType="CSV")
    codes = {
        f"{V1}/750000000000001": "InvalidJob",
        f"{job}/batch/751000000000001": "InvalidBatch",
        V1.replace("62.0", "99.0"): "InvalidUrl",
        V1.replace("/job", "/jobs"): "InvalidUrl",
    }
    for address, code in codes.items():
        reply = ask(shared, address)
        assert (reply.status_code, members(parsed(reply))["exceptionCode"]) == (400, code), address


def test_calls_are_spent_and_recorded(org: Details) -> None:
    """Every call takes one off DailyApiRequests; without one left it is ExceededQuota; the record of calls has them."""
    open_job(org, operation="query", object="Lead", contentType="CSV")
    assert levers(org).calls.all(path="/services/async")[-1]["status"] == 201
    levers(org).limit(1)
    reply = ask(org, V1, "POST", data=job_xml(operation="query", object="Lead"), headers=XML_TYPE)
    assert (reply.status_code, members(parsed(reply))["exceptionCode"]) == (400, "ExceededQuota")
