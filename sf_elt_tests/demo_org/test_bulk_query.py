"""Bulk API 2.0 query jobs, with simple-salesforce and with raw requests."""

import csv
import io
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sf_elt.demo_org.numbers import double_text
from sf_elt.demo_org.serve import Details
from sf_elt_tests.orgs import client, levers

JOBS = "/services/data/v62.0/jobs/query"


def ask(details: Details, path: str, method: str = "GET", **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {details.access_token}"} | options.pop("headers", {})
    return requests.request(method, details.instance_url + path, headers=headers, timeout=30, **options)


def make_job(details: Details, query: str, **body: str) -> requests.Response:
    return ask(details, JOBS, "POST", json={"operation": "query", "query": query} | body)


def finished_job(details: Details, query: str, **body: str) -> str:
    """The address of a job that has run."""
    address = f"{JOBS}/{make_job(details, query, **body).json()['id']}"
    while ask(details, address).json()["state"] in ("UploadComplete", "InProgress"):
        pass
    return address


def rows_of(text: str, **dialect: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), **dialect))


def test_pages_hold_every_row_once(shared_org: Details) -> None:
    """The pages that simple-salesforce fetches hold all of a query's rows, the header on each, none twice."""
    sf = client(shared_org)
    pages = [rows_of(page) for page in sf.bulk2.Lead.query("SELECT Id, Email FROM Lead", max_records=1000, wait=0)]
    assert [len(page) for page in pages[:-1]] == [1001] * (len(pages) - 1)
    assert {tuple(page[0]) for page in pages} == {("Id", "Email")}
    ids = [row[0] for page in pages for row in page[1:]]
    assert len(set(ids)) == len(ids) == int(sf.query("SELECT COUNT() FROM Lead")["totalSize"])


def test_query_all_sees_deleted_rows(shared_org: Details) -> None:
    """queryAll returns deleted records too, marked as such; query does not."""
    sf = client(shared_org)
    query = "SELECT Id, IsDeleted FROM Contact"
    alive, everything = (
        [row for page in ask_for(query, wait=0) for row in rows_of(page)[1:]]
        for ask_for in (sf.bulk2.Contact.query, sf.bulk2.Contact.query_all)
    )
    deleted = [row for row in everything if row[1] == "true"]
    assert deleted
    assert len(everything) == len(alive) + len(deleted)


def test_values_are_the_same_as_over_rest(shared_org: Details) -> None:
    """Each text, number, flag, null and parent's field in the CSV means what REST says in JSON."""
    sf = client(shared_org)
    query = (
        "SELECT Id, LastName, Email, Description, CreatedDate, IsConverted, AnnualRevenue, NumberOfEmployees, "
        "Owner.Name FROM Lead"
    )
    (page,) = sf.bulk2.Lead.query(query, wait=0)
    bulk = {row[0]: row for row in rows_of(page)[1:]}
    for record in sf.query_all_iter(query):
        expected = [
            record["Id"],
            record["LastName"],
            record["Email"] or "",
            record["Description"] or "",
            record["CreatedDate"].replace("+0000", "Z"),
            str(record["IsConverted"]).lower(),
            "" if record["AnnualRevenue"] is None else double_text(record["AnnualRevenue"]),
            "" if record["NumberOfEmployees"] is None else str(record["NumberOfEmployees"]),
            record["Owner"]["Name"],
        ]
        assert bulk.pop(record["Id"]) == expected
    assert bulk == {}


def test_difficult_text_survives(empty_org: Details) -> None:
    """NUL, newlines, quotes, delimiters, emoji, U+2028 and "N/A" come out of a bulk query as they went in."""
    text = 'a\x00b\r\nc"d",e;\tf\u2028😀 N/A\n'.strip()
    lead = client(empty_org).Lead.create({"LastName": "N/A", "Company": "=1+1", "Description": text})
    results = ask(
        empty_org, finished_job(empty_org, "SELECT Id, LastName, Company, Description FROM Lead") + "/results"
    )
    assert rows_of(results.content.decode())[1:] == [[lead["id"], "N/A", "=1+1", text]]


@pytest.mark.parametrize(
    ("delimiter", "character", "line_ending", "newline"),
    [
        ("CARET", "^", "CRLF", "\r\n"),
        ("TAB", "\t", "LF", "\n"),
        ("PIPE", "|", "LF", "\n"),
        ("SEMICOLON", ";", "CRLF", "\r\n"),
        ("BACKQUOTE", "`", "LF", "\n"),
    ],
)
def test_the_asked_dialect_is_written(
    shared_org: Details, delimiter: str, character: str, line_ending: str, newline: str
) -> None:
    """Delimiter and line ending are the job's, and every cell is quoted."""
    query = "SELECT Id, ManagerId FROM User LIMIT 1"
    job = finished_job(shared_org, query, columnDelimiter=delimiter, lineEnding=line_ending)
    header, row, rest = ask(shared_org, f"{job}/results").content.decode().split(newline)
    assert header == f'"Id"{character}"ManagerId"'
    assert row.startswith('"005')
    assert rest == ""


def test_an_empty_result_is_a_header(empty_org: Details) -> None:
    """A query that finds nothing gives the header line, zero records and the locator `null`."""
    reply = ask(empty_org, finished_job(empty_org, "SELECT Id, Name FROM Lead") + "/results")
    assert reply.text == '"Id","Name"\n'
    assert (reply.headers["Sforce-NumberOfRecords"], reply.headers["Sforce-Locator"]) == ("0", "null")


def test_locators_lead_through_the_pages_again_and_again(shared_org: Details) -> None:
    """Each page names the next, the last says the text `null`, and a page can be read twice."""
    job = finished_job(shared_org, "SELECT Id FROM User")
    total = ask(shared_org, job).json()["numberRecordsProcessed"]
    locators, rows = [""], []
    while locators[-1] != "null":
        params = {"maxRecords": "5"} | ({"locator": locators[-1]} if locators[-1] else {})
        page = ask(shared_org, f"{job}/results", params=params)
        assert page.content == ask(shared_org, f"{job}/results", params=params).content
        rows += rows_of(page.text)[1:]
        assert page.headers["Sforce-NumberOfRecords"] == str(min(5, total - 5 * (len(locators) - 1)))
        locators.append(page.headers["Sforce-Locator"])
    assert len(rows) == total > 5


def test_result_pages_name_five_addresses_at_a_time(shared_org: Details) -> None:
    """resultPages leads to every page, five addresses a reply, and does not exist before v58."""
    job = finished_job(shared_org, "SELECT Id FROM Lead")
    ids, address = [], f"{job}/resultPages?maxRecords=400"
    shown = []
    while address:
        reply = ask(shared_org, address).json()
        shown.append(len(reply["resultPages"]))
        for page in reply["resultPages"]:
            ids += [row[0] for row in rows_of(ask(shared_org, page["resultUrl"]).text)[1:]]
        assert reply["done"] is ("nextRecordsUrl" not in reply)
        address = reply.get("nextRecordsUrl", "")
    assert shown[0] == 5
    assert len(set(ids)) == len(ids) == ask(shared_org, job).json()["numberRecordsProcessed"]
    assert ask(shared_org, f"{job}/resultPages".replace("v62.0", "v57.0")).status_code == 404


@pytest.mark.parametrize("size", ["0", "-1", "", "x", "1.5", "\u0661", "9" * 5_000])
def test_a_page_has_a_size_that_is_a_number(shared_org: Details, size: str) -> None:
    """maxRecords that no page can have is refused."""
    job = finished_job(shared_org, "SELECT Id FROM User")
    for resource in ("results", "resultPages"):
        reply = ask(shared_org, f"{job}/{resource}", params={"maxRecords": size})
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


def test_locators_belong_to_a_version(shared_org: Details) -> None:
    """A locator read with another API version than the job's is a 409; one of nobody's is refused."""
    job = finished_job(shared_org, "SELECT Id FROM Lead")
    locator = ask(shared_org, f"{job}/results?maxRecords=10").headers["Sforce-Locator"]
    other = f"{job}/results?locator={locator}".replace("v62.0", "v61.0")
    assert ask(shared_org, other).status_code == 409
    assert ask(shared_org, f"{job}/results".replace("v62.0", "v61.0")).status_code == 409
    for wrong in ("nonsense", "LTE", "OTk5OTk5OTk"):
        reply = ask(shared_org, f"{job}/results?locator={wrong}")
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("SELECT Id, Address FROM Lead", "FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk"),
        ("SELECT COUNT() FROM Lead", "FUNCTIONALITY_NOT_ENABLED", "not supported in Bulk Query"),
        ("SELECT Id FROM Lead OFFSET 5", "FUNCTIONALITY_NOT_ENABLED", "not supported in Bulk Query"),
        ("SELECT Nothing FROM Lead", "API_ERROR", "No such column 'Nothing' on entity 'Lead'"),
        ("SELECT Id FROM Nothing", "API_ERROR", "sObject type 'Nothing' is not supported"),
        ("SELECT FROM", "API_ERROR", "unexpected token"),
    ],
)
def test_a_query_that_cannot_run_is_refused_at_once(shared_org: Details, query: str, code: str, message: str) -> None:
    """No job is made for it; the error is Salesforce's."""
    before = len(ask(shared_org, JOBS).json()["records"])
    with pytest.raises(SalesforceMalformedRequest) as refused:
        list(client(shared_org).bulk2.Lead.query(query))
    assert refused.value.content[0]["errorCode"] == code
    assert message in refused.value.content[0]["message"]
    assert len(ask(shared_org, JOBS).json()["records"]) == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"operation": "magic", "query": "SELECT Id FROM Lead"}, "API_ERROR"),
        ({"operation": "query"}, "INVALIDJOB"),
        ({"operation": "query", "query": "SELECT Id FROM Lead", "columnDelimiter": "SPACE"}, "API_ERROR"),
    ],
)
def test_a_job_must_be_described_rightly(shared_org: Details, body: dict[str, str], code: str) -> None:
    """A wrong operation or dialect and a missing query are refused."""
    reply = ask(shared_org, JOBS, "POST", json=body)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)
    assert ask(shared_org, JOBS, "POST", data="{").json()[0]["errorCode"] == "JSON_PARSER_ERROR"


def test_a_running_job_can_be_aborted_and_then_deleted(empty_org: Details) -> None:
    """A job in progress has no results, cannot be deleted, becomes Aborted, stays so, and is gone when deleted."""
    levers(empty_org).faults.plan({"path": "/jobs/query$", "method": "POST", "hold_job": True})
    made = make_job(empty_org, "SELECT Id FROM User").json()
    job = f"{JOBS}/{made['id']}"
    assert made["state"] == "UploadComplete"
    assert (ask(empty_org, f"{job}/results").status_code, ask(empty_org, f"{job}/resultPages").status_code) == (
        204,
        204,
    )
    assert ask(empty_org, job, "DELETE").json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert ask(empty_org, job, "PATCH", json={"state": "Aborted"}).json()["state"] == "Aborted"
    levers(empty_org).faults.clear()
    again = ask(empty_org, job, "PATCH", json={"state": "Aborted"})
    assert (again.status_code, again.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert ask(empty_org, job, "DELETE").status_code == 204
    assert ask(empty_org, job).status_code == 404


def test_simple_salesforce_downloads_to_files(shared_org: Details, tmp_path: Path) -> None:
    """download() writes every page to a file."""
    pages = client(shared_org).bulk2.Lead.download("SELECT Id FROM Lead", str(tmp_path), max_records=2000, wait=0)
    rows = [row for page in pages for row in rows_of(Path(page["file"]).read_text("utf-8"))[1:]]
    assert len(pages) == 2
    assert len(rows) == sum(page["number_of_records"] for page in pages) > 2000


def test_gzip_is_for_clients_that_ask(shared_org: Details) -> None:
    """The same page comes compressed or plain, as Accept-Encoding says."""
    job = finished_job(shared_org, "SELECT Id, Name FROM Lead")
    plain, packed = (
        ask(shared_org, f"{job}/results", headers={"Accept-Encoding": each}) for each in ("identity", "gzip")
    )
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == plain.content


def test_many_clients_can_read_one_page_at_once(shared_org: Details) -> None:
    """Requests for the same page side by side all get the whole page."""
    job = finished_job(shared_org, "SELECT Id, Name, Description FROM Lead")
    bodies: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: bodies.append(ask(shared_org, f"{job}/results?maxRecords=700").content))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bodies) == 6
    assert len(set(bodies)) == 1
    assert len(rows_of(bodies[0].decode())) == 701


def test_rows_are_written_into_the_record_of_calls(sf: Salesforce, org: Details) -> None:
    """The record of calls says how many rows each results page held."""
    job = finished_job(org, "SELECT Id FROM User LIMIT 3")
    ask(org, f"{job}/results")
    assert levers(org).calls.all()[-1]["rows"] == 3
