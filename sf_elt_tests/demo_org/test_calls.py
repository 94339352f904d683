"""The levers of a demonstration: the record of calls and planned faults."""

from typing import Any

import pytest
import requests

from sf_elt.demo_org.serve import Details
from sf_elt_tests.orgs import levers

NOWHERE = "/services/data/v62.0/nowhere"
JOBS = "/services/data/v62.0/jobs/query"


def ask(details: Details, path: str, method: str = "GET", **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {details.access_token}"}
    return requests.request(method, details.instance_url + path, headers=headers, timeout=10, **options)


def make_job(details: Details) -> requests.Response:
    return ask(details, JOBS, "POST", json={"operation": "query", "query": "SELECT Id FROM User"})


def jobs_made(details: Details) -> int:
    return len(ask(details, JOBS).json()["records"])


def test_every_call_is_recorded_with_its_status(empty_org: Details) -> None:
    """Method, path, query and status of each request stand in the record until it is emptied."""
    ask(empty_org, f"{NOWHERE}?a=b")
    requests.get(f"{empty_org.instance_url}/services/data/v62.0/limits", timeout=10)
    calls = [(call["method"], call["path"], call["query"], call["status"]) for call in levers(empty_org).calls.all()]
    assert calls == [("GET", NOWHERE, "a=b", 404), ("GET", "/services/data/v62.0/limits", "", 401)]
    levers(empty_org).calls.clear()
    assert levers(empty_org).calls.all() == []


def test_levers_are_for_loopback_names_only(empty_org: Details) -> None:
    """A web page that points a name of its own at loopback cannot pull the levers."""
    reply = requests.get(f"{empty_org.instance_url}/demo/calls", headers={"Host": "evil.example"}, timeout=10)
    assert reply.status_code == 403


def test_a_planned_reply_comes_after_as_many_calls_and_as_often_as_planned(empty_org: Details) -> None:
    """`after` calls pass, `times` get the planned status and body, then the org answers again."""
    body = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    fault = {"path": "/nowhere$", "method": "GET", "after": 1, "times": 2, "reply": {"status": 401, "body": body}}
    levers(empty_org).faults.plan(fault)
    replies = [ask(empty_org, NOWHERE) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [404, 401, 401, 404]
    assert replies[1].json() == body


def test_a_planned_reply_can_be_html_with_headers(empty_org: Details) -> None:
    """A gateway's 503 with Retry-After and no JSON can be planned."""
    reply = {"status": 503, "body": "<html>busy</html>", "headers": {"Retry-After": "1"}}
    levers(empty_org).faults.plan({"path": "/nowhere", "reply": reply})
    answered = ask(empty_org, NOWHERE)
    assert (answered.status_code, answered.text, answered.headers["Retry-After"]) == (503, "<html>busy</html>", "1")


def test_a_connection_can_drop_before_the_request_takes_effect(empty_org: Details) -> None:
    """The client sees a dropped connection and nothing was done."""
    levers(empty_org).faults.plan({"path": "/jobs/query$", "method": "POST", "drop": "before"})
    with pytest.raises(requests.ConnectionError):
        make_job(empty_org)
    assert jobs_made(empty_org) == 0


def test_an_answer_can_be_lost_after_the_request_took_effect(empty_org: Details) -> None:
    """The client sees the same dropped connection, but the job was made."""
    levers(empty_org).faults.plan({"path": "/jobs/query$", "method": "POST", "drop": "after"})
    with pytest.raises(requests.ConnectionError):
        make_job(empty_org)
    assert jobs_made(empty_org) == 1


def test_a_connection_can_drop_in_the_middle_of_a_body(empty_org: Details) -> None:
    """The status arrives, then half of the body, then nothing: the client can tell."""
    levers(empty_org).faults.plan({"path": "/jobs/query$", "method": "GET", "drop": "body"})
    make_job(empty_org)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(empty_org, JOBS)
    assert jobs_made(empty_org) == 1


def test_an_answer_can_come_late(empty_org: Details) -> None:
    """A client that waits less than the planned delay gives up, one that waits longer gets the answer."""
    levers(empty_org).faults.plan({"path": "/nowhere", "times": None, "delay": 0.6})
    with pytest.raises(requests.ReadTimeout):
        requests.get(empty_org.instance_url + NOWHERE, timeout=0.2)
    assert ask(empty_org, NOWHERE).status_code == 404


def test_a_held_job_stays_in_progress_until_the_fault_is_lifted(empty_org: Details) -> None:
    """The job that meets the fault does not finish while another one does."""
    levers(empty_org).faults.plan({"path": "/jobs/query$", "method": "POST", "hold_job": True})
    held, free = (f"{JOBS}/{make_job(empty_org).json()['id']}" for _ in range(2))
    while ask(empty_org, free).json()["state"] != "JobComplete":
        pass
    assert ask(empty_org, held).json()["state"] == "InProgress"
    levers(empty_org).faults.clear()
    while ask(empty_org, held).json()["state"] == "InProgress":
        pass
    assert ask(empty_org, held).json()["state"] == "JobComplete"


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"path": "("}, "not a regular expression"),
        ({"path": "/"}, "exactly one of"),
        ({"path": "/", "drop": "before", "delay": 1}, "exactly one of"),
        ({"path": "/", "drop": "sometimes"}, "'before', 'after' or 'body'"),
        ({"path": "/", "hold_job": True, "often": 2}, "Extra inputs"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(shared_org: Details, fault: dict[str, Any], complaint: str) -> None:
    """A fault with a wrong or second action is a 400 that says so, and is not planned."""
    reply = requests.post(f"{shared_org.instance_url}/demo/faults", json=fault, timeout=10)
    assert reply.status_code == 400
    assert complaint in reply.text
    assert requests.get(f"{shared_org.instance_url}/demo/faults", timeout=10).json() == []


@pytest.mark.parametrize("lever", ["faults", "limits", "clock"])
def test_a_lever_refuses_what_is_no_text(shared_org: Details, lever: str) -> None:
    """Bytes that are no UTF-8 are a 400, as any body that cannot be read."""
    reply = requests.post(f"{shared_org.instance_url}/demo/{lever}", data=b"\xff\xfe", timeout=10)
    assert reply.status_code == 400
    assert "Invalid JSON" in reply.text


def test_planned_faults_can_be_looked_up(empty_org: Details) -> None:
    """GET /demo/faults says how often each fault was passed and played."""
    levers(empty_org).faults.plan({"path": "/nowhere", "after": 1, "times": 5, "reply": {"status": 500}})
    for _ in range(3):
        ask(empty_org, NOWHERE)
    (fault,) = requests.get(f"{empty_org.instance_url}/demo/faults", timeout=10).json()
    assert (fault["passed"], fault["played"]) == (1, 2)
