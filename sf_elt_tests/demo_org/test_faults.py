"""Planned faults: which requests they meet, how often, and what is done to a request as a whole."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sf_elt.demo_org.levers import LeverRefused, Levers
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import levers

NOWHERE = f"{V62}/nowhere"
JOBS = f"{V62}/jobs/query"
SOAP = "/services/Soap/u/62.0"
USERS = f"{V62}/query?q=SELECT+Id+FROM+User"


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


def make_job(wire: Wire) -> requests.Response:
    return wire("POST", JOBS, json={"operation": "query", "query": "SELECT Id FROM User"})


def jobs_made(wire: Wire) -> int:
    return len(wire("GET", JOBS).json()["records"])


def statuses(wire: Wire, count: int, path: str = NOWHERE) -> list[int]:
    return [wire("GET", path).status_code for _ in range(count)]


def test_a_fault_comes_after_as_many_calls_and_as_often_as_planned(wire: Wire, org: Levers) -> None:
    """`after` calls pass, `times` get the planned status and body, then the org answers again; the plan counts."""
    body = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    org.faults.plan(
        {"path": "/nowhere$", "method": "GET", "after": 1, "times": 2, "reply": {"status": 401, "body": body}}
    )
    replies = [wire("GET", NOWHERE) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [404, 401, 401, 404]
    assert replies[1].json() == body
    (planned,) = org.faults.planned()
    assert (planned["passed"], planned["played"]) == (1, 2)


@pytest.mark.parametrize(
    ("where", "options"),
    [
        ({"method": "POST"}, {"method": "POST"}),
        ({"query": "^q=SELECT Id FROM Lead$"}, {"path": f"{V62}/query?q=SELECT+Id%20FROM+Lead"}),
        ({"headers": {"Sforce-Call-Options": "client=other"}}, {"headers": {"sforce-call-options": "client=other"}}),
        ({"body": '"LastName": ?"Lovelace"'}, {"method": "POST", "json": {"LastName": "Lovelace"}}),
    ],
    ids=["method", "query", "header", "body"],
)
def test_a_fault_can_be_for_requests_of_a_kind(
    wire: Wire, org: Levers, where: dict[str, Any], options: dict[str, Any]
) -> None:
    """Method, query, headers and body choose the requests; others are answered as always, with their bodies whole."""
    org.faults.plan({"path": "^/services/data", "reply": {"status": 503}} | where)
    assert wire("POST" if "body" in where else "GET", f"{V62}/sobjects/Lead", json={"Other": 1}).status_code < 500
    assert wire(options.pop("method", "GET"), options.pop("path", NOWHERE), **options).status_code == 503


def test_a_body_that_a_fault_looked_at_is_still_there(wire: Wire, org: Levers) -> None:
    """A fault that looks at the body and then passes leaves it for the org to read."""
    org.faults.plan({"path": "/sobjects", "body": "Lovelace", "after": 1, "reply": {"status": 503}})
    assert wire("POST", f"{V62}/sobjects/Account", json={"Name": "Lovelace"}).status_code == 201


def test_a_preset_fills_in_what_is_not_given(wire: Wire, org: Levers) -> None:
    """A fault by name does what its sentence says; members that are given go before the preset's."""
    org.faults.plan({"preset": "unavailable", "path": "/nowhere", "refuse": {"message": "Later"}, "times": 2})
    reply = wire("GET", NOWHERE)
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
    assert reply.json() == [{"errorCode": "SERVER_UNAVAILABLE", "message": "Later"}]
    assert statuses(wire, 2) == [503, 404]


def test_every_preset_can_be_planned_by_its_name(org: Levers) -> None:
    """The list of presets says a sentence about each, and each name alone is a fault."""
    presets = org.faults.presets()
    assert all(sentence.endswith(".") for sentence in presets.values())
    org.faults.plan(*presets)
    assert [planned["preset"] for planned in org.faults.planned()] == list(presets)


@pytest.mark.parametrize(
    ("preset", "status", "code"),
    [
        ("unauthorized", 401, "INVALID_SESSION_ID"),
        ("expired_password", 401, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD"),
        ("allowance_spent", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("too_many_long_requests", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("too_many_requests", 429, "REQUEST_LIMIT_EXCEEDED"),
        ("server_error", 500, "UNKNOWN_EXCEPTION"),
        ("bad_gateway", 502, "502 Bad Gateway"),
        ("unavailable", 503, "SERVER_UNAVAILABLE"),
        ("maintenance_page", 503, "Down for Maintenance"),
        ("html_instead", 200, "Down for Maintenance"),
    ],
)
def test_answers_that_are_not_the_orgs_own(wire: Wire, org: Levers, preset: str, status: int, code: str) -> None:
    """Refusals come as JSON, those of a gateway as HTML."""
    org.faults.plan(preset)
    reply = wire("GET", NOWHERE)
    assert reply.status_code == status
    if reply.headers["Content-Type"].startswith("application/json"):
        assert [error["errorCode"] for error in reply.json()] == [code]
    else:
        assert reply.headers["Content-Type"] == "text/html; charset=UTF-8"
        assert f"<h1>{code}</h1>" in reply.text


def test_a_refusal_is_worded_for_the_api_that_was_called(wire: Wire, org: Levers) -> None:
    """SOAP gets a fault, Bulk v1 its XML or JSON with codes in camel case, OAuth an OAuth error."""
    org.faults.plan({"preset": "unauthorized", "times": None})
    soap = wire("POST", SOAP, data="<x/>")
    assert (soap.status_code, soap.headers["Content-Type"]) == (500, "text/xml;charset=UTF-8")
    assert "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in soap.text
    bulk = wire("GET", "/services/async/62.0/job/750000000000001")
    assert bulk.status_code == 400
    assert "<exceptionCode>InvalidSessionId</exceptionCode>" in bulk.text
    bulk = wire("POST", "/services/async/62.0/job", json={})
    assert bulk.json() == {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Session expired or invalid"}
    oauth = wire("POST", "/services/oauth2/token")
    assert oauth.json()["error"] == "invalid_session_id"


def test_a_session_can_end_after_some_calls(wire: Wire, org: Levers) -> None:
    """The calls before pass, then every call with that token is a 401, until the client has another."""
    details = wire.details
    login = {"grant_type": "client_credentials", "client_id": details.client_id, "client_secret": details.client_secret}

    def new_token() -> str:
        token = requests.post(f"{details.instance_url}/services/oauth2/token", data=login, timeout=10)
        return f"Bearer {token.json()['access_token']}"

    token = new_token()
    org.faults.plan({"preset": "expired_session", "path": "/nowhere", "after": 2})
    replies = [wire("GET", NOWHERE, headers={"Authorization": token}) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [404, 404, 401, 401]
    assert replies[2].json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert wire("GET", NOWHERE, headers={"Authorization": new_token()}).status_code == 404


def test_a_session_that_soap_names_can_end(wire: Wire, org: Levers) -> None:
    """The session in a SOAP header ends too, and the org itself refuses the call."""
    login = f"<login><username>{wire.details.username}</username><password>{wire.details.password}</password></login>"
    session = re.findall("<sessionId>([^<]+)<", wire("POST", SOAP, data=envelope(login)).text)[0]
    call = envelope("<getUserInfo/>", f"<SessionHeader><sessionId>{session}</sessionId></SessionHeader>")
    assert wire("POST", SOAP, data=call).status_code == 200
    org.faults.plan({"preset": "expired_session", "path": "/Soap/"})
    assert "INVALID_SESSION_ID" in wire("POST", SOAP, data=call).text
    assert "INVALID_SESSION_ID" in wire("POST", SOAP, data=call).text


def envelope(body: str, header: str = "") -> str:
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">'
        f"<e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
    )


def test_a_connection_can_drop_before_the_request_takes_effect(wire: Wire, org: Levers) -> None:
    """The client sees a dropped connection and nothing was done."""
    before = jobs_made(wire)
    org.faults.plan({"path": "/jobs/query$", "method": "POST", "drop": "before"})
    with pytest.raises(requests.ConnectionError):
        make_job(wire)
    assert jobs_made(wire) == before


def test_a_connection_can_drop_during_the_upload(wire: Wire, org: Levers) -> None:
    """A part of the request has arrived, the rest never does, and the job still waits for its data."""
    job = wire("POST", f"{V62}/jobs/ingest", json={"operation": "insert", "object": "Account"}).json()["id"]
    batches, csv = f"{V62}/jobs/ingest/{job}/batches", {"Content-Type": "text/csv"}
    org.faults.plan({"preset": "dropped_upload", "path": "/batches$"})
    with pytest.raises(requests.ConnectionError):
        wire("PUT", batches, data="Name\n" + "Acme\n" * 1_000_000, headers=csv)
    assert wire("GET", f"{V62}/jobs/ingest/{job}").json()["state"] == "Open"
    assert wire("PUT", batches, data="Name\nAcme\n", headers=csv).status_code == 201


def test_the_record_of_calls_names_the_faults_that_were_met(wire: Wire, org: Levers) -> None:
    """By preset, or by what they do; calls that met none say so."""
    org.calls.clear()
    org.faults.plan({"preset": "unavailable", "path": "/nowhere"}, {"path": "/nowhere", "reply": {"status": 500}})
    statuses(wire, 3)
    assert [(call["status"], call["fault"]) for call in org.calls.all()] == [
        (503, "unavailable"),
        (500, "reply"),
        (404, None),
    ]


def test_an_answer_can_be_lost_after_the_request_took_effect(wire: Wire, org: Levers) -> None:
    """The client sees the same dropped connection, but the job was made."""
    before = jobs_made(wire)
    org.faults.plan({"preset": "lost_answer", "path": "/jobs/query$", "method": "POST"})
    with pytest.raises(requests.ConnectionError):
        make_job(wire)
    assert jobs_made(wire) == before + 1


def test_random_faults_come_again_with_their_seed(wire: Wire, org: Levers) -> None:
    """The same seed gives the same faults at the same calls, another seed others; `times` ends them."""

    def sweep(seed: int) -> list[int]:
        org.faults.clear()
        org.faults.plan_random(
            seed=seed, probability=0.5, among=["unavailable", {"preset": "unauthorized"}], path="/nowhere", times=5
        )
        return statuses(wire, 20)

    first, again, other = sweep(1), sweep(1), sweep(2)
    assert first == again != other
    assert {503, 401, 404} == set(first)
    assert len([status for status in first if status != 404]) == 5
    (plan,) = org.faults.planned()
    assert plan["played"] == 5


def test_random_faults_are_ones_that_a_client_can_survive_unless_told(wire: Wire, org: Levers) -> None:
    """Without `among`, a client that asks again gets its answer in the end."""
    org.faults.plan_random(seed=3, probability=0.7)
    for _ in range(200):
        try:
            reply = wire("GET", USERS)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            continue
        if reply.status_code == 200:
            return
    pytest.fail("no answer in 200 calls")


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"path": "("}, "not a regular expression"),
        ({"path": "(" * 5_000}, "not a regular expression"),
        ({"path": "/", "headers": {"Accept": "("}, "drop": "before"}, "not a regular expression"),
        ({"path": "/"}, "exactly one of"),
        ({"path": "/", "drop": "before", "delay": 1}, "exactly one of"),
        ({"path": "/", "drop": "sometimes"}, "'before', 'upload', 'after' or 'body'"),
        ({"path": "/", "hold_job": True, "often": 2}, "Extra inputs"),
        ({"preset": "gremlins"}, "no such preset: gremlins; there are expired_session"),
        ({"path": "/", "lock_rows": ["Ada"]}, "lock_rows takes record Ids"),
        ({"path": "/", "drop": "after", "drop_after_bytes": 5}, 'goes with "drop": "body"'),
        ({"path": "/", "delay": 1, "trickle_after": 5}, "goes with trickle"),
        ({"path": "/", "late_commit": 1e300}, "less than or equal to 31536000"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(org: Levers, fault: dict[str, Any], complaint: str) -> None:
    """A fault with a wrong or second action is a 400 that says so, and is not planned."""
    with pytest.raises(LeverRefused, match="400") as refused:
        org.faults.plan(fault)
    assert complaint in str(refused.value).replace("\\", "")
    assert org.faults.planned() == []


def test_what_is_wrong_with_a_fault_is_said_once_and_by_its_place(org: Levers) -> None:
    """One complaint, with the place in the list and the member, whether a fault or a list of them was sent."""
    fault = {"path": "/", "drop": "sometimes"}
    expected = [
        {"type": "literal_error", "loc": [0, "drop"], "msg": "Input should be 'before', 'upload', 'after' or 'body'"}
    ]
    for body in (fault, [fault]):
        refused = requests.post(f"{org.instance_url}/demo/faults", json=body, timeout=10)
        assert (refused.status_code, refused.json()) == (400, expected)


@pytest.mark.parametrize(
    "plan",
    [
        {"seed": 1, "probability": 0},
        {"seed": 1, "probability": 0.5, "among": ["gremlins"]},
        {"seed": 1, "probability": 0.5, "path": "("},
    ],
    ids=["never", "unknown preset", "no pattern"],
)
def test_a_random_plan_that_makes_no_sense_is_refused(org: Levers, plan: dict[str, Any]) -> None:
    """Odds of nothing, presets that there are not, and patterns that do not compile are a 400."""
    with pytest.raises(LeverRefused, match="400"):
        org.faults.plan_random(**plan)
