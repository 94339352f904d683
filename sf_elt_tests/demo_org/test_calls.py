"""The record of calls, and the levers that change or show the org."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from sf_elt.demo_org.call_paths import pattern_of, without_secrets
from sf_elt.demo_org.levers import LeverRefused
from sf_elt.demo_org.serve import Details
from sf_elt_tests.demo_org.bulk_jobs import NAMESPACE, V1, ask, ingest
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import levers

NOWHERE = f"{V62}/nowhere"


def test_every_call_is_recorded_with_its_status(empty_org: Details) -> None:
    """Method, path, query and status of each request stand in the record until it is emptied."""
    Wire(empty_org)("GET", f"{NOWHERE}?a=b")
    requests.get(f"{empty_org.instance_url}{V62}/limits", timeout=10)
    calls = [(call["method"], call["path"], call["query"], call["status"]) for call in levers(empty_org).calls.all()]
    assert calls == [("GET", NOWHERE, "a=b", 404), ("GET", f"{V62}/limits", "", 401)]
    levers(empty_org).calls.clear()
    assert levers(empty_org).calls.all() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": "not a host"},
        {"Origin": "https://evil.example", "Content-Type": "text/plain"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "http://["},
        {"Origin": "null"},
    ],
)
def test_no_page_of_the_web_pulls_a_lever(shared_org: Details, headers: dict[str, str]) -> None:
    """Neither one that points a name of its own at loopback, nor one that sends a form here from elsewhere."""
    reply = requests.post(f"{shared_org.instance_url}/demo/clock", headers=headers, json={}, timeout=10)
    assert reply.status_code == 403


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://[::1]:8080", "https://127.0.0.1"])
def test_a_page_of_this_machine_may_pull_levers(shared_org: Details, origin: str) -> None:
    """A page that is served on loopback is somebody's own."""
    reply = requests.get(f"{shared_org.instance_url}/demo/clock", headers={"Origin": origin}, timeout=10)
    assert reply.status_code == 200


@pytest.mark.parametrize("lever", ["faults", "limits", "clock"])
def test_a_lever_refuses_what_is_no_text(shared_org: Details, lever: str) -> None:
    """Bytes that are no UTF-8 are a 400, as any body that cannot be read."""
    reply = requests.post(f"{shared_org.instance_url}/demo/{lever}", data=b"\xff\xfe", timeout=10)
    assert reply.status_code == 400
    assert "Invalid JSON" in reply.text


def test_a_call_says_who_asked_and_what_it_came_to(empty_org: Details) -> None:
    """Number, rows, bytes of the body, seconds and the session's user; nobody where no session was good."""
    wire = Wire(empty_org)
    body = wire("GET", f"{V62}/query?q=SELECT+Id+FROM+User").content
    requests.get(f"{empty_org.instance_url}{V62}/limits", timeout=10)
    asked, refused = levers(empty_org).calls.all()
    assert (asked["number"], refused["number"]) == (1, 2)
    assert (asked["rows"], asked["bytes"]) == (1, len(body))
    assert 0 < asked["seconds"] < 10
    (user,) = levers(empty_org).records("User")
    assert (asked["user"], refused["user"]) == (user["Id"], None)


def test_calls_can_be_chosen(empty_org: Details) -> None:
    """By path, method, status or kind of status, and from a number on."""
    wire, calls = Wire(empty_org), levers(empty_org).calls
    wire("GET", NOWHERE)
    wire("POST", f"{V62}/sobjects/Account", json={"Name": "Acme"})
    wire("GET", f"{V62}/limits")
    assert [call["status"] for call in calls.all(path="/(nowhere|limits)$")] == [404, 200]
    assert [call["status"] for call in calls.all(method="post")] == [201]
    assert [call["number"] for call in calls.all(status="2xx")] == [2, 3]
    assert [call["number"] for call in calls.all(status="404")] == [1]
    assert [call["number"] for call in calls.all(since=2)] == [3]


@pytest.mark.parametrize(
    ("filters", "complaint"),
    [
        ({"since": "yesterday"}, "the number of a call"),
        ({"since": "9" * 5_000}, "the number of a call"),
        ({"status": "bad"}, "a number such as 401"),
        ({"path": "("}, "not a regular expression"),
        ({"path": "(" * 5_000}, "not a regular expression"),
        ({"user": "me"}, "no such filter: user"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(shared_org: Details, filters: dict[str, str], complaint: str) -> None:
    """A 400 says what is wrong, for the record and for its summary."""
    for path in ("calls", "calls/summary"):
        reply = requests.get(f"{shared_org.instance_url}/demo/{path}", params=filters, timeout=10)
        assert reply.status_code == 400
        assert complaint in reply.text


def test_calls_are_counted_by_kind(empty_org: Details) -> None:
    """Addresses that differ by record are one kind; rows and statuses add up."""
    wire = Wire(empty_org)
    for _ in range(2):
        account = wire("POST", f"{V62}/sobjects/Account", json={"Name": "Acme"}).json()["id"]
        wire("GET", f"{V62}/sobjects/Account/{account}")
    wire("GET", f"{V62}/sobjects/Account/001000000000000AAA")
    counts = levers(empty_org).calls.summary(path="/Account")
    base = "/services/data/{version}/sobjects/Account"
    assert [(count["method"], count["path"], count["calls"], count["rows"]) for count in counts] == [
        ("GET", base + "/{id}", 3, 2),
        ("POST", base, 2, 2),
    ]
    assert counts[0]["statuses"] == {"200": 2, "404": 1}


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/services/data", "/services/data"),
        ("/services/data/v62.0/query/", "/services/data/{version}/query"),
        ("/services/data/v62.0/query/01gHs000000001AAAQ-2000", "/services/data/{version}/query/{locator}"),
        ("/services/data/v62.0/sobjects/Lead/describe", "/services/data/{version}/sobjects/Lead/describe"),
        ("/services/data/v62.0/sobjects/Lead/Key__c/a", "/services/data/{version}/sobjects/Lead/Key__c/{value}"),
        ("/services/data/v62.0/jobs/ingest/750Hs0000000001IAA", "/services/data/{version}/jobs/ingest/{id}"),
        ("/services/async/62.0/job/750Hs0000000001IAA/batch", "/services/async/{version}/job/{id}/batch"),
        ("/services/data/v62.0/parameterizedSearch", "/services/data/{version}/parameterizedSearch"),
    ],
)
def test_addresses_are_of_kinds(path: str, pattern: str) -> None:
    """Versions, Ids, locators and external ids are left out; names of resources, objects and fields stay."""
    assert pattern_of(path) == pattern


@pytest.mark.parametrize(
    ("path", "query", "kept"),
    [
        (V62, "q=SELECT+Id+FROM+Lead", "q=SELECT+Id+FROM+Lead"),
        (V62, "oauth_token=00D!secret&a=b", "oauth_token=…&a=b"),
        ("/secur/frontdoor.jsp", "otp=secret&startURL=x", "otp=…&startURL=x"),
        ("/services/oauth2/authorize", "client_id=3MVG&state=x&other=1", "client_id=3MVG&state=…&other=…"),
        ("/services/oauth2/singleaccess", "access_token=a%26b", "access_token=…"),
    ],
)
def test_secrets_stay_out_of_the_record(path: str, query: str, kept: str) -> None:
    """Tokens, codes and passwords in a query are hidden; of OAuth requests all that is not known to be harmless."""
    assert without_secrets(path, query) == kept


def test_the_record_holds_no_token_of_a_real_call(empty_org: Details) -> None:
    """A token in an address does not stand in the record that anybody on this machine can read."""
    requests.get(f"{empty_org.instance_url}/services/oauth2/userinfo?access_token={empty_org.access_token}", timeout=10)
    reply = requests.get(f"{empty_org.instance_url}/demo/calls", timeout=10)
    assert "/services/oauth2/userinfo" in reply.text
    assert empty_org.access_token not in reply.text


@pytest.mark.parametrize("ahead", [-3600, 90 * 60])
def test_the_orgs_clock_can_differ(empty_org: Details, ahead: int) -> None:
    """The Date header and the times of what is saved follow the org's clock, forwards and backwards."""
    wire, org = Wire(empty_org), levers(empty_org)
    wire("POST", f"{V62}/sobjects/Account", json={"Name": "Before"})
    org.let_clock_differ(ahead)
    began = datetime.now(UTC) + timedelta(seconds=ahead)
    reply = wire("POST", f"{V62}/sobjects/Account", json={"Name": "Acme"})
    ended = datetime.now(UTC) + timedelta(seconds=ahead)
    saved = datetime.fromisoformat(org.records("Account")[1]["SystemModstamp"]).replace(tzinfo=UTC)
    for said in (parsedate_to_datetime(reply.headers["Date"]), saved):
        assert began.replace(microsecond=0) <= said <= ended
    assert (
        began
        <= datetime.fromisoformat(org.calls.all()[-1]["at"]) + timedelta(milliseconds=1)
        <= ended + timedelta(seconds=1)
    )


def test_a_reply_has_one_date(empty_org: Details) -> None:
    """The server adds no Date of its own, and does not name itself."""
    reply = Wire(empty_org)("GET", f"{V62}/limits")
    assert len(reply.raw.headers.getlist("Date")) == 1
    assert "Server" not in reply.headers


def test_records_can_be_looked_at_without_a_call(empty_org: Details) -> None:
    """All that is stored of every record, deleted ones too, by Id; an unknown object is refused."""
    wire, org = Wire(empty_org), levers(empty_org)
    made = [wire.new("Account", Name=name) for name in ("Acme", "Gone")]
    wire("DELETE", f"{V62}/sobjects/Account/{made[1]}")
    calls = len(org.calls.all())
    found = org.records("Account")
    assert [(each["Id"], each["Name"], each["IsDeleted"]) for each in found] == [
        (made[0], "Acme", False),
        (made[1], "Gone", True),
    ]
    assert len(org.calls.all()) == calls
    with pytest.raises(LeverRefused, match="no such object: Nonsense"):
        org.records("Nonsense")


def test_rules_can_be_set_and_looked_up(empty_org: Details) -> None:
    """Duplicate rules and locks are what was set; unknown objects and Ids are refused."""
    org = levers(empty_org)
    org.set_duplicate_rule("lead", "block")
    org.lock("001000000000001", times=None)
    reply: dict[str, Any] = requests.get(f"{empty_org.instance_url}/demo/rules", timeout=10).json()
    assert reply["duplicates"] == {"Lead": "block"}
    assert reply["locked"] == {"001000000000001AAA": None}
    org.unlock()
    assert requests.get(f"{empty_org.instance_url}/demo/rules", timeout=10).json()["locked"] == {}
    with pytest.raises(LeverRefused, match="no such object"):
        org.set_duplicate_rule("Nonsense", "block")
    with pytest.raises(LeverRefused, match="not a record Id"):
        org.lock("Ada")


def test_bulk_calls_say_their_rows(empty_org: Details) -> None:
    """Uploads and batches say what they bring, results what they give: a quoted line feed or a blank line is no row."""
    data = 'LastName,Company\n"A\n",x\n,x\n\nB,x'
    job = ingest(empty_org, "insert", data)
    for name in ("successfulResults", "failedResults", "unprocessedrecords"):
        ask(empty_org, f"{job}/{name}")
    for content_type, body in (
        ("CSV", data),
        ("JSON", '[{"LastName": "C", "Company": "x"}]'),
        ("XML", f'<sObjects xmlns="{NAMESPACE}"><sObject><LastName>D</LastName></sObject></sObjects>'),
    ):
        wanted = {"operation": "insert", "object": "Lead", "contentType": content_type}
        made = ask(empty_org, V1, "POST", json=wanted, headers={"Content-Type": "application/json"}).json()
        kind = {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}[content_type]
        ask(empty_org, f"{V1}/{made['id']}/batch", "POST", data=body, headers={"Content-Type": kind})
    calls = levers(empty_org).calls.all(path="(batches|batch|esults|records)$")
    said = [(call["path"].rpartition("/")[2], call["rows"]) for call in calls]
    assert said == [
        ("batches", 3), ("successfulResults", 2), ("failedResults", 1), ("unprocessedrecords", 0),
        ("batch", 3), ("batch", 1), ("batch", 1),
    ]  # fmt: skip
