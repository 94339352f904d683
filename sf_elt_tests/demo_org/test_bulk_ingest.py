"""Bulk API 2.0 ingest jobs, with simple-salesforce and with raw requests."""

import csv
import io
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.serve import Details
from sf_elt_tests.examples import some
from sf_elt_tests.orgs import client, levers

JOBS = "/services/data/v62.0/jobs/ingest"
RESULTS = ("successfulResults", "failedResults", "unprocessedrecords")
TRIMMED = " \t\n\v\f\r"
"""What Salesforce trims off the ends of texts."""


def ask(details: Details, path: str, method: str = "GET", **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {details.access_token}"} | options.pop("headers", {})
    return requests.request(method, details.instance_url + path, headers=headers, timeout=30, **options)


def open_job(details: Details, operation: str, object_name: str = "Lead", **body: str) -> str:
    """The address of a job that waits for its CSV."""
    made = ask(details, JOBS, "POST", json={"operation": operation, "object": object_name} | body)
    assert made.status_code == 200, made.text
    assert made.json()["state"] == "Open"
    return f"{JOBS}/{made.json()['id']}"


def close(details: Details, job: str) -> dict[str, Any]:
    """Starts the job and gives what it says when it has ended."""
    assert ask(details, job, "PATCH", json={"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    while (info := ask(details, job).json())["state"] in ("UploadComplete", "InProgress"):
        pass
    ended: dict[str, Any] = info
    return ended


def ingest(
    details: Details, operation: str, text: str, object_name: str = "Lead", **body: str
) -> tuple[str, dict[str, Any]]:
    """Runs a whole job: its address and what it says at the end."""
    job = open_job(details, operation, object_name, **body)
    assert ask(details, f"{job}/batches", "PUT", data=text.encode()).status_code == 201
    return job, close(details, job)


def rows(details: Details, job: str, results: str) -> list[dict[str, str]]:
    text = ask(details, f"{job}/{results}").content.decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def query(details: Details, soql: str) -> list[dict[str, Any]]:
    """A query's records as a bulk query gives them: texts by column."""
    pages = client(details).bulk2.Lead.query(soql, wait=0)
    return [row for page in pages for row in csv.DictReader(io.StringIO(page, newline=""))]


def as_csv(records: list[dict[str, str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def test_simple_salesforce_inserts_updates_upserts_and_deletes(empty_org: Details) -> None:
    """The four operations of bulk2 do what they say, and count what they did."""
    sf = client(empty_org)
    people = [{"LastName": f"N{number}", "Company": "Acme"} for number in range(450)]
    (inserted,) = sf.bulk2.Lead.insert(records=people, wait=0)
    assert (inserted["numberRecordsProcessed"], inserted["numberRecordsFailed"]) == (450, 0)
    ids = [row["Id"] for row in query(empty_org, "SELECT Id FROM Lead")]
    assert len(ids) == 450
    sf.bulk2.Lead.update(records=[{"Id": each, "Company": "Bcme"} for each in ids[:300]], wait=0)
    assert len(query(empty_org, "SELECT Id FROM Lead WHERE Company = 'Bcme'")) == 300
    (upserted,) = sf.bulk2.Lead.upsert(records=[{"Id": ids[0], "Company": "Ccme"}], external_id_field="Id", wait=0)
    assert upserted["numberRecordsFailed"] == 0
    sf.bulk2.Lead.delete(records=[{"Id": each} for each in ids[1:]], wait=0)
    assert [row["Id"] for row in query(empty_org, "SELECT Id FROM Lead WHERE Company = 'Ccme'")] == [ids[0]]
    assert len(query(empty_org, "SELECT Id FROM Lead")) == 1


def test_every_row_stands_in_exactly_one_result_file(empty_org: Details) -> None:
    """Good rows are successful with their new Id, bad rows failed with Salesforce's reason and the cells as sent."""
    records = [{"LastName": "" if number % 7 == 0 else f"N{number}", "Company": f"C{number}"} for number in range(500)]
    job, info = ingest(empty_org, "insert", as_csv(records))
    succeeded, failed, unprocessed = (rows(empty_org, job, each) for each in RESULTS)
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (500, 72)
    assert info["state"] == "JobComplete"
    assert unprocessed == []
    sent = sorted(record["Company"] for record in records)
    assert sorted(row["Company"] for row in [*succeeded, *failed]) == sent
    assert list(succeeded[0]) == ["sf__Id", "sf__Created", "LastName", "Company"]
    assert {row["sf__Created"] for row in succeeded} == {"true"}
    assert len({row["sf__Id"] for row in succeeded}) == len(succeeded)
    assert list(failed[0]) == ["sf__Id", "sf__Error", "LastName", "Company"]
    assert {row["sf__Error"] for row in failed} == {
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    }


def test_results_do_not_come_in_the_order_of_the_upload(empty_org: Details) -> None:
    """A client that pairs results with its rows by position is caught here, not in production."""
    records = [{"LastName": f"N{number:03d}", "Company": "Acme"} for number in range(50)]
    job, _ = ingest(empty_org, "insert", as_csv(records))
    assert [row["LastName"] for row in rows(empty_org, job, "successfulResults")] != [
        each["LastName"] for each in records
    ]


def test_na_clears_and_empty_leaves_alone(empty_org: Details) -> None:
    """`#N/A` sets null, an empty cell and an absent column keep the value, "N/A" is a value."""
    job, _ = ingest(
        empty_org, "insert", as_csv([{"LastName": "A", "Company": "C", "Title": "T", "City": "X", "Phone": "1"}])
    )
    lead = rows(empty_org, job, "successfulResults")[0]["sf__Id"]
    _, info = ingest(empty_org, "update", as_csv([{"Id": lead, "Title": "#N/A", "City": "", "Company": "N/A"}]))
    assert info["numberRecordsFailed"] == 0
    (row,) = query(empty_org, "SELECT Title, City, Company, Phone FROM Lead")
    assert row == {"Title": "", "City": "X", "Company": "N/A", "Phone": "1"}


def test_upsert_by_external_id_says_what_it_created(empty_org: Details) -> None:
    """Rows of known external ids are updated, others created, and sf__Created tells which."""
    header = "External_Id__c,LastName,Company\n"
    field = {"externalIdFieldName": "External_Id__c"}
    first, _ = ingest(empty_org, "upsert", header + "a,Ada,One\n", **field)
    second, _ = ingest(empty_org, "upsert", header + "a,Ada,Two\nb,Bob,Two\n", **field)
    created = {row["External_Id__c"]: row["sf__Created"] for row in rows(empty_org, second, "successfulResults")}
    assert rows(empty_org, first, "successfulResults")[0]["sf__Created"] == "true"
    assert created == {"a": "false", "b": "true"}
    assert {row["Company"] for row in query(empty_org, "SELECT Company FROM Lead")} == {"Two"}


@settings(max_examples=some(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=30)
        .map(lambda text: text.strip(TRIMMED))
        .filter(lambda text: text and text != "#N/A"),
        min_size=1,
        max_size=5,
    )
)
@pytest.mark.parametrize("dialect", [("COMMA", ",", "LF", "\n"), ("CARET", "^", "CRLF", "\r\n")])
def test_any_text_survives_the_round(empty_org: Details, dialect: tuple[str, str, str, str], texts: list[str]) -> None:
    """Text that goes in by ingest comes out of the result file and of a query as it was, NULs and quotes included."""
    delimiter, character, line_ending, newline = dialect
    upload = io.StringIO(newline="")
    writer = csv.writer(upload, delimiter=character, lineterminator=newline)
    writer.writerows([["LastName", "Company", "Description"], *(["N", "C", text] for text in texts)])
    body = {"columnDelimiter": delimiter, "lineEnding": line_ending}
    job, info = ingest(empty_org, "insert", upload.getvalue(), **body)
    assert (info["state"], info["numberRecordsFailed"]) == ("JobComplete", 0), info
    result = ask(empty_org, f"{job}/successfulResults").content.decode()
    echoed = list(csv.reader(io.StringIO(result, newline=""), delimiter=character))[1:]
    assert sorted(row[4] for row in echoed) == sorted(texts)
    kept = ask(empty_org, query_job(empty_org, [row[0] for row in echoed])).content.decode()
    assert sorted(row[0] for row in list(csv.reader(io.StringIO(kept, newline="")))[1:]) == sorted(texts)


def query_job(details: Details, ids: list[str]) -> str:
    """The address of the results of a query for the descriptions of these leads."""
    soql = "SELECT Description FROM Lead WHERE Id IN ({})".format(", ".join(f"'{each}'" for each in ids))
    body = {"operation": "query", "query": soql}
    job = (
        "/services/data/v62.0/jobs/query/"
        + ask(details, "/services/data/v62.0/jobs/query", "POST", json=body).json()["id"]
    )
    while ask(details, job).json()["state"] != "JobComplete":
        pass
    return f"{job}/results"


@pytest.mark.parametrize(
    ("operation", "text", "message"),
    [
        ("insert", "LastName,Nothing\nA,B\n", "InvalidBatch : Field name not found : Nothing"),
        ("insert", "LastName,Company\nA\n", "more or fewer cells than the header"),
        ("insert", 'LastName,Company\n"A,B\n', "Failed to parse CSV"),
        (
            "insert",
            "LastName,Company\r\nA,B\r\n",
            "LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        ("insert", "LastName,LastName\nA,B\n", "Duplicate column"),
        ("delete", "Id,LastName\n1,B\n", "The 'delete' batch must contain only ids"),
    ],
)
def test_a_csv_that_cannot_be_used_fails_the_job(empty_org: Details, operation: str, text: str, message: str) -> None:
    """The job is Failed with a reason, nothing is saved, and the rows that could be read are unprocessed."""
    job, info = ingest(empty_org, operation, text)
    assert info["state"] == "Failed"
    assert message in info["errorMessage"]
    assert info["numberRecordsProcessed"] == 0
    assert query(empty_org, "SELECT Id FROM Lead") == []
    assert rows(empty_org, job, "successfulResults") == []


def test_rows_of_a_failed_job_are_unprocessed(empty_org: Details) -> None:
    """unprocessedrecords gives the rows back as they were sent, in any letter case of its address."""
    job, _ = ingest(empty_org, "insert", "LastName,Nothing\nA,B\nC,D\n")
    for spelling in ("unprocessedrecords", "unprocessedRecords", "UNPROCESSEDRECORDS"):
        assert rows(empty_org, job, spelling) == [
            {"LastName": "A", "Nothing": "B"},
            {"LastName": "C", "Nothing": "D"},
        ]
    assert ask(empty_org, f"{job}/otherResults").status_code == 404


def test_an_aborted_job_saves_nothing(empty_org: Details) -> None:
    """A job that is aborted while it waits leaves the org as it was and its rows unprocessed."""
    levers(empty_org).faults.plan({"path": "/jobs/ingest/", "method": "PATCH", "hold_job": True})
    job = open_job(empty_org, "insert")
    ask(empty_org, f"{job}/batches", "PUT", data=b"LastName,Company\nA,B\n")
    ask(empty_org, job, "PATCH", json={"state": "UploadComplete"})
    assert ask(empty_org, f"{job}/successfulResults").json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert ask(empty_org, job, "PATCH", json={"state": "Aborted"}).json()["state"] == "Aborted"
    while not rows(empty_org, job, "unprocessedrecords"):
        pass
    assert rows(empty_org, job, "unprocessedrecords") == [{"LastName": "A", "Company": "B"}]
    assert query(empty_org, "SELECT Id FROM Lead") == []
    assert ask(empty_org, job, "DELETE").status_code == 204


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"operation": "insert", "object": "Nothing"}, "INVALIDJOB"),
        ({"operation": "upsert", "object": "Lead"}, "INVALIDJOB"),
        ({"operation": "upsert", "object": "Lead", "externalIdFieldName": "LastName"}, "INVALIDJOB"),
        ({"operation": "magic", "object": "Lead"}, "API_ERROR"),
        ({"operation": "undelete", "object": "Lead"}, "API_ERROR"),
        ({"operation": "insert", "object": "Lead", "contentType": "JSON"}, "API_ERROR"),
    ],
)
def test_a_job_must_be_described_rightly(shared_org: Details, body: dict[str, str], code: str) -> None:
    """An unknown object or operation and an upsert by no external id are refused when the job is made."""
    reply = ask(shared_org, JOBS, "POST", json=body)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)


def test_data_of_another_type_is_not_taken(empty_org: Details) -> None:
    """JSON where the CSV belongs is 415, and the job still waits for its CSV."""
    job = open_job(empty_org, "insert")
    assert ask(empty_org, f"{job}/batches", "PUT", json=[]).json()[0]["errorCode"] == "UNSUPPORTED_MEDIA_TYPE"
    assert ask(empty_org, f"{job}/batches", "PUT", data=b"LastName,Company\nA,B\n").status_code == 201


def test_data_is_taken_once_and_before_the_close(empty_org: Details) -> None:
    """A second upload is BULK_API_ERROR, an upload after the close and a second close are INVALIDJOBSTATE."""
    job = open_job(empty_org, "insert")
    text = b"LastName,Company\nA,B\n"
    assert ask(empty_org, f"{job}/batches", "PUT", data=text).status_code == 201
    second = ask(empty_org, f"{job}/batches", "PUT", data=text)
    assert (second.status_code, second.json()[0]["errorCode"]) == (400, "BULK_API_ERROR")
    assert "make sure you only do 'PUT' once on a given Job" in second.json()[0]["message"]
    close(empty_org, job)
    assert ask(empty_org, f"{job}/batches", "PUT", data=text).json()[0]["errorCode"] == "INVALIDJOBSTATE"
    again = ask(empty_org, job, "PATCH", json={"state": "UploadComplete"})
    assert (again.status_code, again.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")


def test_jobs_are_listed_and_kept_apart(empty_org: Details) -> None:
    """The list holds ingest jobs, newest first, and no query jobs; a query job is not found as an ingest job."""
    jobs = [open_job(empty_org, "insert"), open_job(empty_org, "update")]
    body = {"operation": "query", "query": "SELECT Id FROM Lead"}
    other = ask(empty_org, "/services/data/v62.0/jobs/query", "POST", json=body).json()["id"]
    listed = ask(empty_org, JOBS).json()["records"]
    assert [f"{JOBS}/{each['id']}" for each in listed] == jobs[::-1]
    assert ask(empty_org, f"{JOBS}/{other}").status_code == 404


def test_hard_delete_leaves_nothing_behind(empty_org: Details) -> None:
    """A deleted lead can still be seen by queryAll, a hard-deleted one cannot."""
    job, _ = ingest(empty_org, "insert", "LastName,Company\nA,C\nB,C\n")
    first, second = (row["sf__Id"] for row in rows(empty_org, job, "successfulResults"))
    ingest(empty_org, "delete", f"Id\n{first}\n")
    _, info = ingest(empty_org, "hardDelete", f"Id\n{second}\n")
    assert info["numberRecordsFailed"] == 0
    (left,) = client(empty_org).bulk2.Lead.query_all("SELECT Id FROM Lead", wait=0)
    assert [row["Id"] for row in csv.DictReader(io.StringIO(left))] == [first]
