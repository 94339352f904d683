"""What bulk jobs may use, how long they are kept, and how they are listed."""

from datetime import timedelta

import pytest

from sf_elt.demo_org.bulk import lifecycle
from sf_elt.demo_org.org import Settings
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bulk_jobs import V1, V2, ask, ingest, open_ingest, query, refusal, rows
from sf_elt_tests.orgs import levers

WEEK = 7 * 24 * 3600
LEADS = "LastName,Company\nA,B\n"


def limit(details: Details, **maxima: int) -> None:
    reply = ask(details, "/demo/limits", "POST", json=maxima)
    assert reply.status_code == 200, reply.text


def remaining(details: Details, name: str) -> int:
    left: int = ask(details, "/services/data/v62.0/limits").json()[name]["Remaining"]
    return left


def test_query_jobs_are_counted(org: Details) -> None:
    """Each takes one off the day's query jobs; without one left it is LIMIT_EXCEEDED, as recorded, until tomorrow."""
    before = remaining(org, "DailyBulkV2QueryJobs")
    query(org, "SELECT Id FROM Lead")
    assert remaining(org, "DailyBulkV2QueryJobs") == before - 1
    limit(org, DailyBulkV2QueryJobs=1)
    body = {"operation": "query", "query": "SELECT Id FROM Lead"}
    reply = ask(org, f"{V2}/query", "POST", json=body)
    assert refusal(reply) == (400, "LIMIT_EXCEEDED", "Max bulk v2 query jobs (1) per 24 hrs has been reached (2)")
    limit(org, used=0)
    assert ask(org, f"{V2}/query", "POST", json=body).status_code == 200


def test_results_are_counted(org: Details) -> None:
    """The bytes of results count; once they are over the day's, no further query job is made."""
    limit(org, DailyBulkV2QueryFileStorageMB=0)
    reply = ask(org, f"{V2}/query", "POST", json={"operation": "query", "query": "SELECT Id FROM Lead"})
    assert refusal(reply)[:2] == (400, "LIMIT_EXCEEDED")
    assert "Max bulk v2 query result size stored (0) kb per 24 hrs has been exceeded" in refusal(reply)[2]


def test_batches_are_shared_by_both_apis(org: Details) -> None:
    """An ingest job and a batch of the older API each take one; without one left a job fails, a batch is refused."""
    before = remaining(org, "DailyBulkApiBatches")
    ingest(org, "insert", LEADS)
    made = ask(org, V1, "POST", json={"operation": "query", "object": "Lead", "contentType": "JSON"}).json()["id"]
    batches = f"{V1}/{made}/batch"
    assert ask(org, batches, "POST", data="SELECT Id FROM Lead").status_code == 201
    assert remaining(org, "DailyBulkApiBatches") == before - 2
    limit(org, DailyBulkApiBatches=2)
    failed = ask(org, ingest(org, "insert", LEADS)).json()
    assert (failed["state"], failed["errorMessage"]) == ("Failed", "ExceededQuota : ApiBatchItems Limit exceeded.")
    reply = ask(org, batches, "POST", data="SELECT Id FROM Lead", headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()) == (
        400, {"exceptionCode": "ExceededQuota", "exceptionMessage": "ApiBatchItems Limit exceeded."},
    )  # fmt: skip


def test_records_are_counted(org: Details) -> None:
    """An ingest job of more records than the day has left fails, and its rows are unprocessed."""
    limit(org, DailyBulkRecords=1)
    job = ingest(org, "insert", LEADS + "C,D\n")
    assert ask(org, job).json()["state"] == "Failed"
    assert len(rows(org, f"{job}/unprocessedrecords")) == 2


def test_jobs_are_gone_after_a_week() -> None:
    """Ended jobs and those never closed are 404 a week after they were made; their results with them."""
    with running_org(records=0, settings=Settings(session_lifetime=timedelta(days=30))) as org:
        done, waiting = query(org, "SELECT Id FROM User"), open_ingest(org)
        levers(org).advance(WEEK - 60)
        assert ask(org, f"{done}/results").status_code == 200
        levers(org).advance(120)
        assert [ask(org, address).status_code for address in (done, f"{done}/results", waiting)] == [404, 404, 404]


def test_jobs_are_listed_in_pages(org: Details, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list holds a thousand jobs (here ten) and leads to the next; every job is on one page only."""
    monkeypatch.setattr(lifecycle, "LIST_PAGE", 10)
    made = [open_ingest(org).rpartition("/")[2] for _ in range(23)]
    listed, lengths, address = [], [], f"{V2}/ingest?jobType=V2Ingest"
    while address:
        page = ask(org, address).json()
        listed += [job["id"] for job in page["records"]]
        lengths.append(len(page["records"]))
        address = page["nextRecordsUrl"]
        assert page["done"] is (address is None)
    assert lengths == [10, 10, 3]
    assert listed == made[::-1]


def test_lists_are_filtered(org: Details) -> None:
    """Jobs of the older API stand in both lists; jobType, concurrencyMode and isPkChunkingEnabled choose among them."""
    open_ingest(org)
    plain, chunked = (
        ask(
            org,
            V1,
            "POST",
            json={"operation": "query", "object": "Lead", "contentType": "CSV", "concurrencyMode": mode},
            headers=headers,
        ).json()["id"]
        for mode, headers in (("Serial", {}), ("Parallel", {"Sforce-Enable-PKChunking": "true"}))
    )

    def listed(collection: str, **filters: str) -> set[tuple[str, str]]:
        jobs = ask(org, f"{V2}/{collection}", params=filters).json()["records"]
        return {(job["id"], job["jobType"]) for job in jobs}

    classic = {(plain, "Classic"), (chunked, "Classic")}
    assert listed("query") == classic
    assert {kind for _, kind in listed("ingest")} == {"V2Ingest", "Classic"}
    assert listed("ingest", jobType="Classic") == classic
    assert {kind for _, kind in listed("ingest", jobType="V2Ingest")} == {"V2Ingest"}
    assert listed("query", concurrencyMode="serial") == {(plain, "Classic")}
    assert listed("query", isPkChunkingEnabled="true") == {(chunked, "Classic")}
