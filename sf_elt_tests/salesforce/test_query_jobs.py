"""Query jobs: how often they are looked at, and what their refusals are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import (
    AllowanceSpent,
    JobFailed,
    JobPatience,
    NotInBulk,
    Org,
    QueryTooLarge,
    QueryTooLong,
    RequestRefused,
    download_bulk,
    download_rest,
)
from sf_elt.salesforce.bulk_jobs import LEAST_WAIT, SOON, first_wait, next_wait
from sf_elt_tests.orgs import levers
from sf_elt_tests.salesforce.conftest import Meter

PATIENCE = JobPatience(first_wait=0.05)


def _looks(length: float, expected: int, *, says: bool = False) -> list[float]:
    """When a job of `length` seconds is looked at, with the patience of every job; `says` how far it has come."""
    patience = JobPatience()
    looks = [first_wait(patience, expected)]
    while looks[-1] < length:
        done = int(expected * looks[-1] / length) if says else 0
        looks.append(looks[-1] + next_wait(looks[-1], done, expected, patience.growth))
    return looks


@given(st.floats(SOON, 7200), st.integers(0, 1_000_000), st.booleans())
def test_a_job_is_not_left_waiting_long(length: float, expected: int, says: bool) -> None:
    """At worst it waits for a third of the time that it took, or as long as it took where that was a few seconds."""
    looks = _looks(length, expected, says=says)
    assert looks[-1] - length <= max(SOON, 0.36 * length)


def test_a_long_job_is_looked_at_few_times() -> None:
    """An hour of ten million rows costs 16 calls, six where the job says how far it is; of unknown rows 30."""
    hour = 3600.0
    assert len(_looks(hour, 10_000_000)) <= 16
    assert len(_looks(hour, 10_000_000, says=True)) <= 8
    assert len(_looks(hour, 0)) <= 30
    assert len(_looks(3.0, 0)) <= 4


@given(st.floats(1, 15), st.integers(200_000, 3_000_000))
def test_a_job_of_many_rows_is_looked_at_soon(length: float, expected: int) -> None:
    """Within a fifth of the time that it took, from when so many rows can be there, in 14 calls at most."""
    looks = _looks(length, expected)
    assert looks[-1] - max(length, looks[0]) <= max(LEAST_WAIT, 0.2 * length)
    assert len(looks) <= 14


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("INVALIDENTITY", "sObject type 'AcceptedEventRelation' is not supported in Bulk Query"),
        ("API_ERROR", "Entity 'CaseStatus' is not supported by the Bulk API."),
        ("API_ERROR", "API does not support query"),
    ],
)
def test_what_only_rest_gives_is_told_apart(
    org: Details, connected: Org, tmp_path: Path, code: str, message: str
) -> None:
    """The words of real orgs for objects without bulk queries."""
    body = [{"errorCode": code, "message": message}]
    levers(org).faults.plan({"path": "/jobs/query$", "reply": {"status": 400, "body": body}})
    with pytest.raises(NotInBulk, match=message) as caught:
        download_bulk(connected, "SELECT Id FROM Lead", tmp_path, include_deleted=True)
    assert caught.value.code == code


def test_compound_fields_are_for_rest(connected: Org, tmp_path: Path) -> None:
    """As the demo org refuses them, in recorded words; what is wrong with a query stays what it is."""
    with pytest.raises(NotInBulk, match="compound data not supported"):
        download_bulk(connected, "SELECT Address FROM Lead", tmp_path, include_deleted=True)
    with pytest.raises(RequestRefused, match="Gone__c") as caught:
        download_bulk(connected, "SELECT Gone__c FROM Lead", tmp_path, include_deleted=True)
    assert not isinstance(caught.value, NotInBulk)


@pytest.fixture
def no_jobs_left(org: Details) -> Iterator[None]:
    address = f"{org.instance_url}/demo/limits"
    requests.post(address, json={"DailyBulkV2QueryJobs": 0}, timeout=10).raise_for_status()
    yield
    requests.post(address, json={"DailyBulkV2QueryJobs": 10_000}, timeout=10).raise_for_status()


@pytest.mark.usefixtures("no_jobs_left")
def test_a_spent_allowance_of_bulk_queries_is_a_pause(connected: Org, tmp_path: Path) -> None:
    """The day's jobs are used up while API calls are left: go on later."""
    with pytest.raises(AllowanceSpent, match=r"bulk queries is spent, paused until .* Max bulk v2 query jobs"):
        download_bulk(connected, "SELECT Id FROM Lead", tmp_path, include_deleted=True)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("QUERY_TIMEOUT: Your query request was running for too long.", QueryTooLarge),
        ("InvalidBatch : Failed to process query: OPERATION_TOO_LARGE: exceeded 100000 distinct ids", QueryTooLarge),
        ("InternalServerError : Retried more than fifteen times", QueryTooLarge),
        ("InternalServerError : An unexpected error occurred. Retry the job", JobFailed),
    ],
)
def test_a_failed_job_says_whether_it_asked_for_too_much(
    org: Details, connected: Org, tmp_path: Path, message: str, error: type[RequestRefused]
) -> None:
    """Codes within longer messages, as real jobs give them; a job that asked for too much is not made again."""
    levers(org).faults.plan({"path": "/jobs/query$", "end_job": {"message": message}, "times": None})
    for _ in range(2):
        with pytest.raises(error, match="ended as Failed") as caught:
            download_bulk(connected, "SELECT Id FROM Lead", tmp_path, include_deleted=True, patience=PATIENCE)
        assert type(caught.value) is error
        assert ("Run it again: that makes a new job." in str(caught.value)) is (error is JobFailed)
    made = [call for call in levers(org).calls.all() if call["method"] == "POST"]
    assert len(made) == (1 if error is QueryTooLarge else 2)


def test_a_query_too_long_for_an_address_is_refused_before_it_leaves(
    org: Details, connected: Org, meter: Meter, tmp_path: Path
) -> None:
    """Whoever reads can take a bulk job instead; where something in between takes less, it is the same error."""
    soql = f"SELECT Id FROM Lead WHERE LastName = '{'x' * 13_000}'"
    with pytest.raises(QueryTooLong, match="does not fit into an address"):
        download_rest(connected, soql, tmp_path, include_deleted=True)
    assert meter.calls == []
    levers(org).faults.plan({"path": "/queryAll", "reply": {"status": 431, "body": "<h1>Too large</h1>"}})
    with pytest.raises(QueryTooLong, match="431 Too large"):
        download_rest(connected, "SELECT Id FROM Lead", tmp_path, include_deleted=True)
