"""Planned faults inside the org: locked rows, late commits, jobs that end otherwise, a schema that changes."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests

from sf_elt.demo_org.levers import Levers
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import levers

INGEST = f"{V62}/jobs/ingest"
QUERY_JOBS = f"{V62}/jobs/query"


@pytest.fixture(scope="module")
def org_of_module() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.fixture
def wire(org_of_module: Details) -> Iterator[Wire]:
    """The module's org; what a test planned is forgotten afterwards."""
    yield Wire(org_of_module)
    levers(org_of_module).faults.clear()


@pytest.fixture
def org(wire: Wire) -> Levers:
    return levers(wire.details)


def account(wire: Wire, record_id: str) -> dict[str, Any]:
    found: dict[str, Any] = wire("GET", f"{V62}/sobjects/Account/{record_id}").json()
    return found


def query(wire: Wire, soql: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = wire("GET", f"{V62}/query?q={quote(soql)}").json()["records"]
    return records


def ended(wire: Wire, address: str) -> dict[str, Any]:
    """The job once it has ended."""
    while (job := wire("GET", address).json())["state"] in ("UploadComplete", "InProgress"):
        pass
    found: dict[str, Any] = job
    return found


def insert_job(wire: Wire, rows: int) -> str:
    """The address of a job that inserts so many accounts, started."""
    job = wire("POST", INGEST, json={"operation": "insert", "object": "Account"}).json()["id"]
    csv = "Name\n" + "".join(f"Account {row}\n" for row in range(rows))
    wire("PUT", f"{INGEST}/{job}/batches", data=csv, headers={"Content-Type": "text/csv"})
    wire("PATCH", f"{INGEST}/{job}", json={"state": "UploadComplete"})
    return f"{INGEST}/{job}"


def test_chosen_rows_can_be_locked(wire: Wire, org: Levers) -> None:
    """Of a batch, the locked record is refused and worth a retry; the others are saved, and so is it afterwards."""
    ids = [wire.new("Account", Name=name) for name in ("Free", "Locked")]
    org.faults.plan({"path": "/composite/sobjects", "lock_rows": [ids[1][:15]]})
    change = [{"attributes": {"type": "Account"}, "Id": record_id, "Phone": "1"} for record_id in ids]
    first, again = (wire.collections("PATCH", change).json() for _ in range(2))
    assert [outcome["success"] for outcome in first] == [True, False]
    assert first[1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert [outcome["success"] for outcome in again] == [True, True]


def test_every_row_of_a_bulk_job_can_be_locked(wire: Wire, org: Levers) -> None:
    """The fault follows the job that the request starts."""
    record_id = wire.new("Account", Name="Locked")
    job = wire("POST", INGEST, json={"operation": "update", "object": "Account"}).json()["id"]
    csv = f"Id,Name\n{record_id},Changed\n"
    wire("PUT", f"{INGEST}/{job}/batches", data=csv, headers={"Content-Type": "text/csv"})
    org.faults.plan({"preset": "locked_rows", "path": f"/{job}$"})
    wire("PATCH", f"{INGEST}/{job}", json={"state": "UploadComplete"})
    assert ended(wire, f"{INGEST}/{job}")["numberRecordsFailed"] == 1
    assert "UNABLE_TO_LOCK_ROW" in wire("GET", f"{INGEST}/{job}/failedResults").text
    assert account(wire, record_id)["Name"] == "Locked"


def test_records_can_be_locked_whoever_saves(wire: Wire, org: Levers) -> None:
    """A lock of the org's refuses so many saves of the record, by any API."""
    record_id = wire.new("Account", Name="Locked")
    org.lock(record_id, times=2)
    address = f"{V62}/sobjects/Account/{record_id}"
    statuses = [wire("PATCH", address, json={"Phone": "1"}).status_code for _ in range(3)]
    assert statuses == [400, 400, 204]


@contextmanager
def late_save(
    wire: Wire, org: Levers, method: str = "POST", address: str = "Account", **fields: str
) -> Iterator[Future[requests.Response]]:
    """A save that is under way and waits, at the latest until the end of the block."""
    with ThreadPoolExecutor(1) as pool:
        try:
            save = pool.submit(wire, method, f"{V62}/sobjects/{address}", json=fields or {"Name": "Late"})
            while not [planned for planned in org.faults.planned() if planned["played"]]:
                pass
            yield save
        finally:
            org.faults.clear()


def test_a_save_can_commit_late(wire: Wire, org: Levers) -> None:
    """It carries the time at which it began, is seen and answered when it commits, and holds up nobody else."""
    org.faults.plan({"preset": "late_commit", "path": "/sobjects/Account$"})
    with late_save(wire, org) as save:
        org.advance(5)
        other = wire.new("Account", Name="Meanwhile")
        assert query(wire, "SELECT Id FROM Account WHERE Name = 'Late'") == []
        assert not save.done()
    late, meanwhile = account(wire, save.result().json()["id"]), account(wire, other)
    for field in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
        assert late[field] < meanwhile[field]


def test_a_late_save_holds_back_what_is_covered(wire: Wire, org: Levers) -> None:
    """However long it takes, latestDateCovered of getUpdated ends where it began; then it goes on."""
    now = requests.get(f"{wire.details.instance_url}/demo/clock", timeout=10).json()["now"]
    founded = datetime.fromisoformat(now).replace(second=0, microsecond=0)
    span = {"start": founded.isoformat(), "end": (founded + timedelta(days=2)).isoformat()}

    def covered() -> str:
        found: str = wire("GET", f"{V62}/sobjects/Account/updated/", params=span).json()["latestDateCovered"]
        return found

    org.faults.plan({"preset": "late_commit", "path": "/sobjects/Account$", "method": "POST"})
    with late_save(wire, org):
        org.advance(600)
        began = covered()
        org.advance(600)
        assert covered() == began
    assert covered() > began


def test_a_save_can_commit_some_seconds_late(wire: Wire, org: Levers) -> None:
    """The seconds are the org's: its clock moves on, and the save takes place."""
    org.faults.plan({"path": "/sobjects/Account$", "late_commit": 600})
    with late_save(wire, org) as save:
        org.advance(601)
        assert save.result(10).status_code == 201


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_late_save_never_takes_a_record_back(wire: Wire, org: Levers, method: str) -> None:
    """A record that somebody else saved meanwhile is locked for it: values and SystemModstamp stay the newer ones."""
    contested, left_alone = wire.new("Account", Name="A"), wire.new("Account", Name="B")
    org.faults.plan({"preset": "late_commit", "path": f"/sobjects/Account/{contested}$"})
    with late_save(wire, org, method, f"Account/{contested}", Phone="late") as save:
        org.advance(5)
        wire("PATCH", f"{V62}/sobjects/Account/{contested}", json={"Phone": "newer"})
        newer = account(wire, contested)
    (error,) = save.result().json()
    assert (save.result().status_code, error["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")
    assert contested in error["message"]
    assert account(wire, contested) == newer
    org.faults.plan({"preset": "late_commit", "path": f"/sobjects/Account/{left_alone}$"})
    with late_save(wire, org, method, f"Account/{left_alone}", Phone="late") as save:
        org.advance(5)
    assert save.result().status_code == 204


@pytest.mark.parametrize("kind", ["query", "ingest"])
@pytest.mark.parametrize(("preset", "state"), [("failed_job", "Failed"), ("aborted_job", "Aborted")])
def test_a_job_can_end_before_its_time(wire: Wire, org: Levers, kind: str, preset: str, state: str) -> None:
    """A query or ingest job ends as Failed, with its message, or Aborted, as if somebody had done it."""
    org.faults.plan(preset)
    if kind == "query":
        made = wire("POST", QUERY_JOBS, json={"operation": "query", "query": "SELECT Id FROM Account"})
        job = ended(wire, f"{QUERY_JOBS}/{made.json()['id']}")
    else:
        job = ended(wire, insert_job(wire, 3))
    assert job["state"] == state
    if state == "Failed":
        assert job["errorMessage"].startswith("InternalServerError")


@pytest.mark.parametrize("after_rows", [0, 1, 200, 333, 450])
def test_an_ingest_job_can_end_in_the_middle(wire: Wire, org: Levers, after_rows: int) -> None:
    """What was reached is saved, the rest is in unprocessedrecords; nothing is in both."""
    org.faults.plan({"preset": "failed_job", "end_job": {"after_rows": after_rows}})
    address = insert_job(wire, 450)
    job = ended(wire, address)
    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", after_rows)
    done, left = (wire("GET", f"{address}/{name}").text for name in ("successfulResults", "unprocessedrecords"))
    assert (len(done.splitlines()) - 1, len(left.splitlines()) - 1) == (after_rows, 450 - after_rows)


def test_a_query_job_can_be_too_large(wire: Wire, org: Levers) -> None:
    """Only a job with more rows than planned fails."""
    wire.new("Account", Name="One")
    end = {"state": "Failed", "message": "QUERY_TIMEOUT: Your query request was running for too long.", "over_rows": 1}
    org.faults.plan({"path": "/jobs/query$", "times": None, "end_job": end})
    states = []
    for limit in ("LIMIT 1", ""):
        body = {"operation": "query", "query": f"SELECT Id FROM Account {limit}"}
        states.append(ended(wire, f"{QUERY_JOBS}/{wire('POST', QUERY_JOBS, json=body).json()['id']}")["state"])
    assert states == ["JobComplete", "Failed"]


def test_a_job_without_rows_can_fail(wire: Wire, org: Levers) -> None:
    """A planned end that says nothing of rows meets a job that finds none."""
    org.faults.plan({"preset": "failed_job", "times": None})
    body = {"operation": "query", "query": "SELECT Id FROM Account WHERE Name = 'Nobody'"}
    jobs = [f"{QUERY_JOBS}/{wire('POST', QUERY_JOBS, json=body).json()['id']}", insert_job(wire, 0)]
    assert [ended(wire, job)["state"] for job in jobs] == ["Failed", "Failed"]


def test_a_held_job_stays_in_progress_until_the_fault_is_lifted(wire: Wire, org: Levers) -> None:
    """The job that meets the fault does not finish while another one does."""
    org.faults.plan({"preset": "stuck_job", "path": "/jobs/query$"})
    body = {"operation": "query", "query": "SELECT Id FROM User"}
    held, free = (f"{QUERY_JOBS}/{wire('POST', QUERY_JOBS, json=body).json()['id']}" for _ in range(2))
    assert ended(wire, free)["state"] == "JobComplete"
    assert wire("GET", held).json()["state"] == "InProgress"
    org.faults.clear()
    assert ended(wire, held)["state"] == "JobComplete"


def test_held_jobs_keep_no_other_job_waiting(wire: Wire, org: Levers) -> None:
    """However many jobs are stuck, the next one runs."""
    org.faults.plan({"preset": "stuck_job", "times": 20})
    body = {"operation": "query", "query": "SELECT Id FROM User"}
    jobs = [f"{QUERY_JOBS}/{wire('POST', QUERY_JOBS, json=body).json()['id']}" for _ in range(21)]
    assert ended(wire, jobs.pop())["state"] == "JobComplete"
    org.faults.clear()
    assert {ended(wire, held)["state"] for held in jobs} == {"JobComplete"}


def test_the_schema_can_change_between_two_calls(wire: Wire, org: Levers) -> None:
    """After so many calls a field is there, and later gone, before the call is answered."""
    field = {"fullName": "Late__c", "type": "Text", "label": "Late", "length": 40}
    path = "/query$"
    org.faults.plan(
        {"path": path, "after": 1, "change_schema": {"object": "Account", "add": [field]}},
        {"path": path, "after": 2, "change_schema": {"object": "Account", "drop": ["Late__c"]}},  # less the first's
    )
    soql = quote("SELECT Late__c FROM Account LIMIT 1")
    statuses = [wire("GET", f"{V62}/query?q={soql}").status_code for _ in range(4)]
    assert statuses == [400, 200, 200, 400]
