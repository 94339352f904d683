"""Bulk API 2.0 ingest: how data comes in, what its header may say, and what the job says of it afterwards."""

import gzip
import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bulk_jobs import V1, V2, ask, ended, found, ingest, open_ingest, refusal, rows
from sf_elt_tests.orgs import client, levers

LEADS = "LastName,Company\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


def error_of(details: Details, job: str) -> str:
    info = ask(details, job).json()
    assert info["state"] == "Failed", info
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (0, 0)
    message: str = info["errorMessage"]
    return message


def multipart(details: Details, job: str, content: str) -> requests.Response:
    files = {"job": (None, job, "application/json"), "content": ("content", content, "text/csv")}
    return ask(details, f"{V2}/ingest", "POST", files=files)


def test_one_request_can_make_a_job_with_its_data(shared: Details) -> None:
    """A multipart POST makes the job, uploads the CSV and closes it."""
    made = multipart(shared, '{"object": "Lead", "operation": "insert"}', LEADS + "Multipart,Ä\n")
    assert (made.status_code, made.json()["state"]) == (200, "UploadComplete")
    job = ended(shared, f"{V2}/ingest/{made.json()['id']}")
    assert [row["Company"] for row in rows(shared, f"{job}/successfulResults")] == ["Ä"]


def test_a_multipart_request_is_small_and_whole(shared: Details) -> None:
    """More than 100,000 characters of data, or no job among the parts, is INVALIDJOB."""
    too_long = multipart(shared, '{"object": "Lead", "operation": "insert"}', LEADS + "x" * 100_000)
    without_job = ask(shared, f"{V2}/ingest", "POST", files={"content": ("content", LEADS, "text/csv")})
    assert refusal(too_long)[:2] == refusal(without_job)[:2] == (400, "INVALIDJOB")


def test_compressed_and_piecemeal_uploads_are_read(shared: Details) -> None:
    """A gzip-encoded body and one sent in pieces mean what they say."""
    text = (LEADS + "Packed,C\n").encode()
    for data, headers in ((gzip.compress(text), {"Content-Encoding": "gzip"}), (iter([text[:9], text[9:]]), {})):
        job = open_ingest(shared)
        sent = ask(shared, f"{job}/batches", "PUT", data=data, headers={"Content-Type": "text/csv"} | headers)
        assert sent.status_code == 201
        ask(shared, job, "PATCH", json={"state": "UploadComplete"})
        assert len(rows(shared, ended(shared, job) + "/successfulResults")) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_what_is_not_utf_8_fails_the_job(shared: Details, encoding: str) -> None:
    """Data in another encoding is no CSV, however it came."""
    text = (LEADS + "Ü,B\n").encode(encoding)
    by_put = ingest(shared, "insert", text)
    files = {"job": (None, '{"object": "Lead", "operation": "insert"}'), "content": ("content", text, "text/csv")}
    in_one = ended(shared, f"{V2}/ingest/{ask(shared, f'{V2}/ingest', 'POST', files=files).json()['id']}")
    for job in (by_put, in_one):
        assert error_of(shared, job).startswith("InvalidBatch : Failed to parse CSV.")


class Upload:
    """An upload that is under way: the org has begun to read it, and its last piece is yet to come."""

    def __init__(self, details: Details, job: str, text: str) -> None:
        address = urlsplit(details.instance_url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        self._connection.putrequest("PUT", f"{job}/batches")
        self._connection.putheader("Authorization", f"Bearer {details.access_token}")
        self._connection.putheader("Content-Length", str(len(text)))
        self._connection.putheader("Expect", "100-continue")
        self._connection.endheaders()
        self._connection.sock.recv(len(b"HTTP/1.1 100 Continue\r\n\r\n"))  # the org asks for the body
        self._last = text.encode()

    def end(self) -> tuple[int, str]:
        """Sends the last piece; the status and the body of the reply."""
        self._connection.send(self._last)
        with self._connection.getresponse() as reply:
            return reply.status, reply.read().decode()


def test_of_two_uploads_the_first_that_ends_counts(shared: Details) -> None:
    """Two uploads side by side do not mix: the later one is told that there is data already."""
    job = open_ingest(shared)
    slow, quick = Upload(shared, job, LEADS + "Slow,C\n"), Upload(shared, job, LEADS + "Quick,C\n")
    assert quick.end() == (201, "")
    status, body = slow.end()
    assert (status, "BULK_API_ERROR" in body) == (400, True)
    ask(shared, job, "PATCH", json={"state": "UploadComplete"})
    assert [row["LastName"] for row in rows(shared, ended(shared, job) + "/successfulResults")] == ["Quick"]


@pytest.mark.parametrize("state", ["UploadComplete", "Aborted"])
def test_data_that_comes_too_late_is_refused(shared: Details, state: str) -> None:
    """An upload that is overtaken by the job's end has not been taken."""
    job = open_ingest(shared)
    upload = Upload(shared, job, LEADS + "Late,C\n")
    ask(shared, job, "PATCH", json={"state": state})
    status, body = upload.end()
    assert (status, "INVALIDJOBSTATE" in body) == (400, True)


def test_data_for_a_deleted_job_is_refused(shared: Details) -> None:
    """A job that is deleted while its data comes is gone."""
    job = open_ingest(shared)
    upload = Upload(shared, job, LEADS)
    ask(shared, job, "PATCH", json={"state": "Aborted"})
    ask(shared, job, "DELETE")
    status, body = upload.end()
    assert (status, "NOT_FOUND" in body) == (404, True)


def test_an_upload_has_an_end(shared: Details) -> None:
    """More than 150 MB, as counted in base64, is refused while it comes, and the job still waits."""
    job = open_ingest(shared)
    pieces = (b"x" * (1 << 20) for _ in range(114))
    reply = ask(shared, f"{job}/batches", "PUT", data=pieces, headers={"Content-Type": "text/csv"})
    assert reply.status_code == 413
    assert ask(shared, job).json()["state"] == "Open"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xef\xbb\xbfLastName,Company\nA,B\n", "InvalidBatch : Field name not found : \ufeffLastName"),
        (
            b'\xef\xbb\xbf"LastName","Company"\nA,B\n',
            "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote",
        ),
        (
            b"LastName,Company\rA,B\r",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        (
            b"LastName,Company,Parent:Account:Name\nA,B,C\n",
            "InvalidBatch : Field name not found : Parent:Account:Name",
        ),
        (b"LastName,Company,Nobody.Name\nA,B,C\n", "InvalidBatch : Unable to find relationship: Nobody"),
        (b"LastName,Company,Owner:User.Username\nA,B,C\n", "InvalidBatch : Unable to find relationship: User"),
        (
            b"LastName,Company,Campaign:CreatedBy.Username\nA,B,C\n",
            "InvalidBatch : type is not needed for non polymorphic foreign key references: CreatedBy",
        ),
        (b"LastName,Company,User:Owner.Title\nA,B,C\n", "InvalidBatch : Field name not found : User:Owner.Title"),
    ],
)
def test_what_the_header_gets_wrong_fails_the_job(shared: Details, data: bytes, message: str) -> None:
    """A byte order mark, bare carriage returns and relationships that are none, in the words of real orgs; no row is
    looked at."""
    assert error_of(shared, ingest(shared, "insert", data)) == message


def test_parents_are_named_by_their_external_ids(shared: Details) -> None:
    """Lead.External_Id__c, Lead:Who.External_Id__c and Owner.Username find the record; one that is not there fails."""
    sf = client(shared)
    lead = sf.Lead.create({"LastName": "Parent", "Company": "C", "External_Id__c": "P-1"})["id"]
    campaign = sf.Campaign.create({"Name": "Spring"})["id"]
    user = sf.query("SELECT Id, Username FROM User WHERE IsActive = true LIMIT 1")["records"][0]
    members = f"CampaignId,Lead.External_Id__c\n{campaign},P-1\n{campaign},P-2\n"
    job = ingest(shared, "insert", members, "CampaignMember")
    assert found(shared, "SELECT LeadId FROM CampaignMember") == [{"LeadId": lead}]
    (failed,) = rows(shared, f"{job}/failedResults")
    assert failed["sf__Error"].startswith(
        "INVALID_FIELD:Foreign key external ID: P-2 not found for field External_Id__c in entity Lead"
    )
    task = f"Subject,Lead:Who.External_Id__c,Owner.Username\nCall,P-1,{user['Username']}\n"
    ingest(shared, "insert", task, "Task")
    assert found(shared, "SELECT WhoId, OwnerId FROM Task") == [{"WhoId": lead, "OwnerId": user["Id"]}]


def test_a_job_says_how_far_it_is(shared: Details) -> None:
    """Counts and times stand in the job when one asks for it, before and after it ran; not in the first reply."""
    made = ask(shared, f"{V2}/ingest", "POST", json={"operation": "insert", "object": "Lead"}).json()
    assert "numberRecordsProcessed" not in made
    assert made["contentUrl"] == f"services/data/v62.0/jobs/ingest/{made['id']}/batches"
    waiting = ask(shared, f"{V2}/ingest/{made['id']}").json()
    assert (waiting["jobType"], waiting["numberRecordsProcessed"], waiting["retries"]) == ("V2Ingest", 0, 0)
    done = ask(shared, ingest(shared, "insert", LEADS + "A,B\nC,\n")).json()
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 1)
    assert {"totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime"} <= set(done)


def test_newer_versions_say_that_uploads_are_not_chunked(shared: Details) -> None:
    """isPkChunkingSupported stands in an ingest job's details in v61 (recorded), and did not in v57 (recorded)."""
    body = {"operation": "insert", "object": "Lead"}
    said = []
    for version in ("v57.0", "v61.0"):
        jobs = f"{V2}/ingest".replace("v62.0", version)
        made = ask(shared, jobs, "POST", json=body).json()
        said.append(ask(shared, f"{jobs}/{made['id']}").json().get("isPkChunkingSupported"))
    assert said == [None, False]


def test_states_do_not_go_back(shared: Details) -> None:
    """Ending a job twice is INVALIDJOBSTATE in Salesforce's words, whichever way it ended."""
    job = ingest(shared, "insert", LEADS)
    assert refusal(ask(shared, job, "PATCH", json={"state": "Aborted"})) == (
        400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed",
    )  # fmt: skip
    aborted = open_ingest(shared)
    ask(shared, aborted, "PATCH", json={"state": "Aborted"})
    assert refusal(ask(shared, aborted, "PATCH", json={"state": "UploadComplete"})) == (
        400, "INVALIDJOBSTATE", "Closing already Aborted Job not allowed",
    )  # fmt: skip
    assert ask(shared, f"{aborted}/unprocessedrecords").status_code == 200
    assert ask(shared, aborted, "DELETE").status_code == 204
    assert ask(shared, aborted).status_code == 404


def test_a_job_that_fails_midway_leaves_the_rest_unprocessed(shared: Details) -> None:
    """After a failure in the middle every row is in exactly one result file: saved, failed or never looked at."""
    levers(shared).faults.plan(
        {"path": "/jobs/ingest/", "method": "PATCH", "end_job": {"state": "Failed", "after_rows": 200}}
    )
    text = LEADS + "".join(f"Midway{number},{'C' if number != 7 else ''}\n" for number in range(450))
    job = ingest(shared, "insert", text)
    levers(shared).faults.clear()
    info = ask(shared, job).json()
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == ("Failed", 200, 1)
    names = [
        {row["LastName"] for row in rows(shared, f"{job}/{results}")}
        for results in ("successfulResults", "failedResults", "unprocessedRecords")
    ]
    assert [len(each) for each in names] == [199, 1, 250]
    assert len(set.union(*names)) == 450
    assert len(found(shared, "SELECT Id FROM Lead WHERE LastName LIKE 'Midway%'")) == 199


def test_hard_delete_needs_its_permission(org: Details) -> None:
    """Without "Bulk API Hard Delete" both APIs refuse the job, in the words of real orgs; a delete goes on."""
    sf = client(org)
    sets = sf.query("SELECT Id FROM PermissionSet WHERE PermissionsBulkApiHardDelete = true")["records"]
    for each in sets:
        sf.PermissionSet.update(each["Id"], {"PermissionsBulkApiHardDelete": False})
    message = "hardDelete operation requires special user profile permission, please contact your system administrator"
    body = {"operation": "hardDelete", "object": "Lead"}
    assert refusal(ask(org, f"{V2}/ingest", "POST", json=body)) == (
        400, "FEATURENOTENABLED", f"FeatureNotEnabled : {message}",
    )  # fmt: skip
    older = ask(org, V1, "POST", json=body)
    assert (older.status_code, older.json()) == (
        400, {"exceptionCode": "FeatureNotEnabled", "exceptionMessage": message},
    )  # fmt: skip
    assert ask(org, f"{V2}/ingest", "POST", json=body | {"operation": "delete"}).status_code == 200


def test_there_are_no_assignment_rules(shared: Details) -> None:
    """An assignment rule that is none is refused when the job is made."""
    body = {"operation": "insert", "object": "Lead", "assignmentRuleId": "01QD0000000abcd"}
    assert refusal(ask(shared, f"{V2}/ingest", "POST", json=body))[:2] == (400, "INVALIDJOB")
