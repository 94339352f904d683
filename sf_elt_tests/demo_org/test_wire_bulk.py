"""What a client meets in Bulk API 2.0 beyond the plain way through a job."""

from collections.abc import Iterator

import pytest

from sf_elt.demo_org.bulk.v1 import work
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bulk_jobs import V1, V2, ask, ended, found, ingest, open_ingest, query, refusal, rows
from sf_elt_tests.demo_org.oauth_client import app_of, ask_token
from sf_elt_tests.orgs import levers

DAY = 24 * 3600


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    with running_org(seed=7, records=60) as details:
        yield details


def refused(org: Details, soql: str) -> tuple[int, str, str]:
    return refusal(ask(org, f"{V2}/query", "POST", json={"operation": "query", "query": soql}))


@pytest.mark.parametrize(
    ("soql", "message"),
    [
        ("SELECT Status, COUNT(Id) FROM Lead GROUP BY Status", "Aggregate queries are not supported in Bulk Query"),
        ("SELECT MAX(CreatedDate) FROM Lead", "Aggregate queries are not supported in Bulk Query"),
        ("SELECT Id FROM Lead LIMIT 5 OFFSET 5", "OFFSET is not supported in Bulk Query"),
        ("SELECT TYPEOF Who WHEN Lead THEN Email END FROM Task", "TYPEOF is not supported in Bulk Query"),
        ("SELECT Id, Address FROM Lead", "Selecting compound data not supported in Bulk Query"),
        ("SELECT Id, Office__c FROM Subscription__c", "Selecting compound data not supported in Bulk Query"),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
        ),
    ],
)
def test_what_a_bulk_query_cannot_do_is_refused_when_the_job_is_made(org: Details, soql: str, message: str) -> None:
    """GROUP BY, aggregates, OFFSET, TYPEOF, compound fields and children: FUNCTIONALITY_NOT_ENABLED, and no job."""
    assert refused(org, soql) == (400, "FUNCTIONALITY_NOT_ENABLED", message)


def test_an_address_comes_by_its_parts(org: Details) -> None:
    """What a compound field repeats can be had in bulk, part by part, and a parent's fields under dotted names."""
    record = found(org, "SELECT Street, City, PostalCode, CountryCode, Owner.Name FROM Lead WHERE City != null LIMIT 1")
    assert list(record[0]) == ["Street", "City", "PostalCode", "CountryCode", "Owner.Name"]
    assert record[0]["City"]


def test_order_and_limit_hold_over_all_pages(org: Details) -> None:
    """ORDER BY and LIMIT mean the whole result: its pages, one after the other, are in order and end at the limit."""
    job = query(org, "SELECT Id, LastName FROM Contact ORDER BY Id DESC LIMIT 15")
    ids: list[str] = []
    locator = ""
    while locator != "null":
        reply = ask(org, f"{job}/results", params={"maxRecords": 7} | ({"locator": locator} if locator else {}))
        ids += [line.split(",")[0].strip('"') for line in reply.text.splitlines()[1:]]
        locator = reply.headers["Sforce-Locator"]
    assert len(ids) == int(ask(org, job).json()["numberRecordsProcessed"]) == 15
    assert ids == sorted(ids, reverse=True)


def test_locators_can_be_read_again_for_seven_days() -> None:
    """The same page is the same after six days, though the records have changed; after eight the job is gone."""
    with running_org(seed=7, records=60) as org:
        job = query(org, "SELECT Id, Title FROM Lead")
        first = ask(org, f"{job}/results?maxRecords=10")
        second = f"{job}/results?maxRecords=10&locator={first.headers['Sforce-Locator']}"
        before = ask(org, second).content
        ids = [line.split(",")[0].strip('"') for line in before.decode().splitlines()[1:]]
        ingest(org, "update", "Id,Title\n" + "".join(f"{each},Changed\n" for each in ids))

        def later(days: int) -> tuple[int, bytes]:
            levers(org).advance(days * DAY)
            token = ask_token(org, grant_type="client_credentials", **app_of(org)).json()["access_token"]
            reply = ask(org, second, headers={"Authorization": f"Bearer {token}"})
            return reply.status_code, reply.content

        assert later(6) == (200, before)
        assert later(2)[0] == 404


def test_one_malformed_value_fails_its_row_alone(org: Details) -> None:
    """Where REST's JSON fails the whole request, a CSV fails one row, which comes back as it was sent."""
    job = ingest(org, "insert", "LastName,Company,NumberOfEmployees\nA,B,1\nC,D,many\nE,F,3\n")
    assert {each["LastName"] for each in rows(org, f"{job}/successfulResults")} == {"A", "E"}
    (failed,) = rows(org, f"{job}/failedResults")
    assert failed["sf__Id"] == ""
    assert failed["sf__Error"].startswith("INVALID_TYPE_ON_FIELD_IN_RECORD:")
    assert (failed["LastName"], failed["NumberOfEmployees"]) == ("C", "many")
    assert rows(org, f"{job}/unprocessedrecords") == []


def test_what_is_lost_while_an_upload_waits_is_refused_row_by_row(org: Details) -> None:
    """A field or object that may only be read by now, or is hidden: the job completes, every row has its reason."""
    made = ingest(org, "insert", "LastName,Company\nA,B\n")
    lead = rows(org, f"{made}/successfulResults")[0]["sf__Id"]
    pull = levers(org)
    for field, access, reason in (
        ("Title", "read", "INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: Title."),
        ("Title", "none", "INVALID_FIELD:No such column 'Title' on sobject of type Lead: --"),
        (None, "read", "INSUFFICIENT_ACCESS_OR_READONLY:insufficient access rights on object id: --"),
    ):
        pull.faults.plan({"path": "/jobs/ingest/", "method": "PATCH", "hold_job": True})
        job = open_ingest(org, "update")
        ask(org, f"{job}/batches", "PUT", data=f"Id,Title\n{lead},x\n")
        ask(org, job, "PATCH", json={"state": "UploadComplete"})
        pull.set_permission("Lead", field, access=access)
        pull.faults.clear()
        assert ask(org, ended(org, job)).json()["state"] == "JobComplete"
        pull.set_permission("Lead", field, access="granted")
        [failed] = rows(org, f"{job}/failedResults")
        assert failed["sf__Error"].startswith(reason)


def test_no_header_saves_a_duplicate_in_bulk(org: Details) -> None:
    """The duplicate rule header is REST's and SOAP's: an upload's row that a rule warns of is refused."""
    levers(org).set_duplicate_rule("Lead", "alert")
    upload = "LastName,Company,Email\nA,B,twin@bulk.example\n"
    reasons = []
    for _ in range(2):
        made = ask(
            org, f"{V2}/ingest", "POST", json={"operation": "insert", "object": "Lead"},
            headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"},
        )  # fmt: skip
        job = f"{V2}/ingest/{made.json()['id']}"
        ask(org, f"{job}/batches", "PUT", data=upload)
        ask(org, job, "PATCH", json={"state": "UploadComplete"})
        reasons += [each["sf__Error"].partition(":")[0] for each in rows(org, f"{ended(org, job)}/failedResults")]
    levers(org).set_duplicate_rule("Lead", "off")
    assert reasons == ["DUPLICATES_DETECTED"]


def test_a_column_that_a_row_lacks_is_no_na(org: Details) -> None:
    """Only the text #N/A clears: an empty cell and a column that the upload does not have leave values alone."""
    made = ingest(org, "insert", "LastName,Company,Title,Phone\nKept,C,T,1\n")
    lead = rows(org, f"{made}/successfulResults")[0]["sf__Id"]
    ingest(org, "update", f"Id,Title\n{lead},\n")
    kept = f"SELECT Title, Phone FROM Lead WHERE Id = '{lead}'"
    assert found(org, kept) == [{"Title": "T", "Phone": "1"}]
    ingest(org, "update", f"Id,Title\n{lead},#N/A\n")
    assert found(org, kept) == [{"Title": "", "Phone": "1"}]


def test_a_day_has_its_bulk_limits(org: Details) -> None:
    """As /limits says them: 10,000 query jobs, 1 TB of their results, 15,000 batches of both APIs together."""
    limits = ask(org, "/services/data/v62.0/limits").json()
    assert {name: limits[name]["Max"] for name in limits if "Bulk" in name} == {
        "DailyBulkApiBatches": 15_000,
        "DailyBulkV2QueryFileStorageMB": 976_562,
        "DailyBulkV2QueryJobs": 10_000,
    }


def test_an_older_batch_takes_so_many_records(org: Details, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 10,000 (here 250) fail the batch, in the words of real orgs, once the first of them are saved."""
    monkeypatch.setattr(work, "BATCH_RECORDS", 250)
    job = ask(org, V1, "POST", json={"operation": "insert", "object": "Lead", "contentType": "CSV"}).json()["id"]
    people = "LastName,Company\n" + "Over,Full\n" * 251
    added = ask(org, f"{V1}/{job}/batch", "POST", data=people, headers={"Content-Type": "text/csv"})
    assert added.status_code == 201, added.text
    while ">Failed<" not in (info := ask(org, f"{V1}/{job}/batch").text):
        assert "Completed" not in info
    words = "InvalidBatch : Exceeded number of records : 252. Number of records should be less than or equal to 251"
    assert words in info
    assert "<numberRecordsProcessed>250<" in info
    assert len(found(org, "SELECT Id FROM Lead WHERE Company = 'Full'")) == 250


def test_states_lead_one_way(org: Details) -> None:
    """A query job is UploadComplete, InProgress, then JobComplete, Failed or Aborted, and stays what it became."""
    levers(org).faults.plan("stuck_job", "failed_job")
    body = {"operation": "query", "query": "SELECT Id FROM Lead"}
    stuck, failed = (ask(org, f"{V2}/query", "POST", json=body).json() for _ in range(2))
    assert (stuck["state"], failed["state"]) == ("UploadComplete", "UploadComplete")
    while (state := ask(org, f"{V2}/query/{stuck['id']}").json()["state"]) != "InProgress":
        assert state == "UploadComplete"
    assert ask(org, ended(org, f"{V2}/query/{failed['id']}")).json()["state"] == "Failed"
    levers(org).faults.clear()
    assert ask(org, ended(org, f"{V2}/query/{stuck['id']}")).json()["state"] == "JobComplete"
