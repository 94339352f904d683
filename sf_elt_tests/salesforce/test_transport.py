"""Each HTTP call: counted before it leaves, repeated where that is safe, and clear where it is not."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import (
    AllowanceSpent,
    Login,
    Org,
    OrgUnavailable,
    QueryRefused,
    QueryTooLarge,
    RequestRefused,
    UnknownObject,
    connect,
    count,
    describe,
    download_rest,
    literal,
    query_records,
)
from sf_elt.warehouse import Pause
from sf_elt_tests.orgs import levers
from sf_elt_tests.salesforce.conftest import QUICK, Meter

ALL = {"times": None}


@pytest.mark.parametrize(
    "fault",
    [
        {"reply": {"status": 503}},
        {"reply": {"status": 429, "headers": {"Retry-After": "0"}}},
        {
            "preset": "too_many_requests",
            "refuse": {"status": 429, "code": "REQUEST_LIMIT_EXCEEDED", "message": "Busy."},
        },
        {"reply": {"status": 500, "body": "<html><h1>oops</h1></html>"}},
        {"reply": {"status": 200, "body": "<h1>Back soon</h1>", "headers": {"Content-Type": "text/html"}}},
        {"reply": {"status": 200, "body": '{"totalSize": 6', "headers": {"Content-Type": "application/json"}}},
        {"refuse": {"status": 403, "code": "API_CURRENTLY_DISABLED", "message": "A system issue."}},
        {"drop": "before"},
        {"drop": "after"},
        {"drop": "body"},
    ],
    ids=[
        "503",
        "429",
        "429 with a code",
        "500 html",
        "200 html",
        "200 half",
        "API off for now",
        "dropped before",
        "dropped after",
        "dropped in the body",
    ],
)
def test_a_read_is_repeated(org: Details, connected: Org, meter: Meter, fault: dict[str, object]) -> None:
    """Two failures and then an answer: three calls, all counted by us and by the org."""
    levers(org).calls.clear()
    levers(org).faults.plan({"path": "/query", "times": 2} | fault)
    assert count(connected, "Lead") > 0
    assert len(meter.calls) == 3
    assert len(levers(org).calls.all()) == 3


def test_an_answer_under_a_wrong_type_is_not_quoted(org: Details, connected: Org) -> None:
    """It may be somebody's record."""
    levers(org).faults.plan({"preset": "wrong_content_type", "path": "/query", "times": None})
    with pytest.raises(OrgUnavailable, match="a web page in place") as caught:
        query_records(connected, "SELECT Email FROM Lead WHERE Email != null LIMIT 1")
    assert "@" not in str(caught.value)


def test_a_connection_that_breaks_is_told_in_words(org: Details, connected: Org) -> None:
    """And not in those of the library underneath."""
    levers(org).faults.plan({"drop": "body", "path": "/query", "times": None})
    with pytest.raises(
        OrgUnavailable, match=r"query.*: the connection broke off \(tried \d times: run it again later\)$"
    ):
        count(connected, "Lead")


def test_a_query_that_takes_too_long_is_not_repeated(org: Details, connected: Org, meter: Meter) -> None:
    """Whatever the status: the code says that the same query would take as long again."""
    body = [{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}]
    levers(org).faults.plan({"path": "/query", "reply": {"status": 500, "body": body}} | ALL)
    with pytest.raises(QueryTooLarge):
        count(connected, "Lead")
    assert len(meter.calls) == 1


def test_patience_ends(org: Details, connected: Org, meter: Meter) -> None:
    """After the last attempt the error says what the org said, in its first words where it is a web page."""
    page = "<html><head><style>x</style></head><body><h1>Down for maintenance</h1>" + "word " * 200 + "</body></html>"
    levers(org).faults.plan({"path": "/query", "reply": {"status": 503, "body": page}} | ALL)
    said = r"GET .*/query/: 503 Down for maintenance word .* … \(tried \d times: run it again later\)$"
    with pytest.raises(OrgUnavailable, match=said) as caught:
        count(connected, "Lead")
    assert (len(meter.calls), caught.value.status) == (QUICK.attempts, 503)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("transport", ["client", "download"])
def test_a_web_page_is_no_answer(org: Details, connected: Org, tmp_path: Path, transport: str) -> None:
    """A maintenance page with status 200 is an org that is not there: no unknown object, no page of rows."""
    page = {"status": 200, "body": "<h1>Back soon</h1>", "headers": {"Content-Type": "text/html"}}
    levers(org).faults.plan({"path": "/services/data", "reply": page} | ALL)
    levers(org).calls.clear()
    with pytest.raises(OrgUnavailable, match="200 with a web page in place of the org's answer: Back soon"):
        if transport == "client":
            describe(connected, "Lead")
        else:
            download_rest(connected, "SELECT Id FROM Lead", tmp_path, include_deleted=True)
    assert len(levers(org).calls.all()) == QUICK.attempts


def test_an_address_that_is_not_there_is_no_unknown_object(org: Details, connected: Org) -> None:
    """Only the org itself can say that it has no such object; a 404 of something in between is told as it is."""
    levers(org).faults.plan({"path": "/describe", "reply": {"status": 404, "body": "<h1>Not here</h1>"}})
    with pytest.raises(RequestRefused, match="404 Not here"):
        describe(connected, "Lead")


@pytest.mark.parametrize(
    ("ours", "behind"), [(1800, 1800), (0, 0), (-1800, 0)], ids=["ours is ahead", "the same", "ours is behind"]
)
def test_the_orgs_clock_is_heard(connected: Org, ours: int, behind: int) -> None:
    """Each reply says how far the org's clock runs behind ours; that it is ahead does no harm."""
    connected.transport.clock = lambda: datetime.now(UTC) + timedelta(seconds=ours)
    count(connected, "Lead")
    assert abs(connected.behind - timedelta(seconds=behind)) < timedelta(seconds=behind / 100 or 1)


def test_a_page_of_a_proxy_is_an_error_with_its_words(org: Details, connected: Org) -> None:
    """414 comes as HTML, not JSON."""
    page = "<html><body><h1>414 Request-URI Too Large</h1></body></html>"
    levers(org).faults.plan({"path": "/query", "reply": {"status": 414, "body": page}})
    with pytest.raises(RequestRefused, match="414 Request-URI Too Large") as caught:
        count(connected, "Lead")
    assert caught.value.status == 414


@pytest.mark.parametrize("fault", [{"reply": {"status": 503}}, {"drop": "after"}], ids=["503", "answer lost"])
def test_a_post_that_creates_is_not_repeated(org: Details, connected: Org, fault: dict[str, object]) -> None:
    """It may have been carried out: one request leaves, and the caller is told."""
    levers(org).faults.plan({"path": "/sobjects/Lead", "method": "POST"} | fault)
    before = count(connected, "Lead")
    levers(org).calls.clear()
    with pytest.raises(OrgUnavailable):
        connected.client.Lead.create({"LastName": "Once", "Company": "C"})
    assert len(levers(org).calls.all()) == 1
    assert count(connected, "Lead") - before == (1 if "drop" in fault else 0)


def test_a_post_that_certainly_did_nothing_is_repeated(org: Details, connected: Org) -> None:
    """429 says that nothing was done."""
    levers(org).faults.plan({"path": "/sobjects/Lead", "method": "POST", "reply": {"status": 429}})
    before = count(connected, "Lead")
    connected.client.Lead.create({"LastName": "Once", "Company": "C"})
    assert count(connected, "Lead") - before == 1


def test_a_call_without_allowance_does_not_leave(org: Details, connected: Org, meter: Meter) -> None:
    """The meter says no: the error says until when, and the org hears nothing."""
    levers(org).calls.clear()
    meter.most = 1
    count(connected, "Lead")
    with pytest.raises(AllowanceSpent, match="the test has had enough, paused until 2026-01-02 03:04 UTC") as caught:
        count(connected, "Lead")
    assert caught.value.until.hour == 3
    assert len(levers(org).calls.all()) == 1


def test_repeated_calls_count_against_the_allowance(org: Details, connected: Org, meter: Meter) -> None:
    """A retry is a call: where none is left the pause begins instead."""
    meter.most = 2
    levers(org).faults.plan({"path": "/query", "reply": {"status": 503}} | ALL)
    with pytest.raises(AllowanceSpent):
        count(connected, "Lead")


def test_the_orgs_own_allowance_is_heard(org: Details, connected: Org, meter: Meter) -> None:
    """Sforce-Limit-Info goes to the meter; once the org refuses, that is a pause and no failure."""
    count(connected, "Lead")
    assert meter.allowance is not None
    assert meter.allowance[1] == 100_000
    levers(org).limit(0)
    with pytest.raises(AllowanceSpent, match="org's allowance"):
        count(connected, "Lead")


def test_the_usage_that_the_org_tells_may_go_down(org: Details, connected: Org, meter: Meter) -> None:
    """A server that has not heard of the latest calls tells fewer: the meter keeps what was said last, and goes on."""
    said = []
    for faults in ([], [], ["late_usage"], []):
        levers(org).faults.plan(*faults)
        count(connected, "Lead")
        assert meter.allowance is not None
        said.append(meter.allowance[0])
    first = said[0]
    assert said == [first, first + 1, first, first + 3]


@pytest.mark.parametrize(
    "message", ["ConcurrentRequests (Concurrent API Requests) Limit exceeded.", "Max concurrent requests exceeded"]
)
def test_too_many_at_once_is_waited_for(org: Details, connected: Org, message: str) -> None:
    """REQUEST_LIMIT_EXCEEDED also means too many long requests at once: that passes."""
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}]
    levers(org).faults.plan({"path": "/query", "reply": {"status": 403, "body": body}})
    assert count(connected, "Lead") > 0


def test_logging_in_by_soap_counts_and_oauth_does_not(org: Details) -> None:
    """As Salesforce counts them."""
    user = {"login_url": org.instance_url, "username": org.username, "password": org.password}
    soap, oauth = Meter(), Meter()
    app = {"consumer_key": org.client_id, "consumer_secret": org.client_secret}
    connect(Login(**user, security_token=org.security_token), soap, patience=QUICK).close()
    connect(Login(**user, **app), oauth, patience=QUICK).close()
    assert (len(soap.calls), len(oauth.calls)) == (1, 0)


def test_another_meter_for_a_while(connected: Org, meter: Meter) -> None:
    """One session can serve several imports, each with its own count."""
    other = Meter()
    with connected.counted_by(other):
        count(connected, "Lead")
    assert (len(meter.calls), len(other.calls)) == (0, 1)


def test_a_request_stays_with_the_meter_it_began_with(org: Details, connected: Org, meter: Meter) -> None:
    """A call that is repeated after its run has ended, as threads do, is not counted for the run that comes next."""
    following = Meter()

    class Ending(Meter):
        def reserve_call(self, method: str, path: str) -> Pause | None:
            connected.transport.meter = following
            return super().reserve_call(method, path)

    ending = Ending()
    levers(org).faults.plan({"path": "/query", "reply": {"status": 503}})
    with connected.counted_by(ending):
        count(connected, "Lead")
    assert (len(ending.calls), following.calls, meter.calls) == (2, [], [])


def test_describe_is_asked_once(connected: Org, meter: Meter) -> None:
    """The second look at an object costs nothing; an unknown one is named with what is near."""
    lead = describe(connected, "Lead")
    assert describe(connected, "Lead") is lead
    assert len(meter.calls) == 1
    assert lead.field("email").name == "Email"
    assert lead.field("Email").length == 80
    with pytest.raises(UnknownObject, match=r"'Contcat'.*did you mean Contact"):
        describe(connected, "Contcat")
    with pytest.raises(UnknownObject, match="no object 'Lead; DROP'"):
        describe(connected, "Lead; DROP")


def test_refused_queries_carry_the_orgs_code(connected: Org) -> None:
    """MALFORMED_QUERY and INVALID_TYPE come as their own errors."""
    with pytest.raises(QueryRefused) as caught:
        query_records(connected, "SELECT FROM Lead")
    assert caught.value.code == "MALFORMED_QUERY"
    with pytest.raises(UnknownObject):
        query_records(connected, "SELECT Id FROM Leeds")


def test_small_queries_come_as_plain_records(connected: Org) -> None:
    """Without Salesforce's `attributes`, a related record as a dict in its place."""
    (record,) = query_records(connected, "SELECT Id, Account.Name FROM Contact WHERE AccountId != null LIMIT 1")
    assert set(record) == {"Id", "Account"}
    assert set(record["Account"]) == {"Name"}


def test_quoted_text_finds_its_record_and_no_other(connected: Org) -> None:
    """Over HTTP, with quotes and backslashes in the value, and with one that would widen the query if it could."""
    awkward = "O'Neil \\ \"Ng\" \\' 100% \n_"
    connected.client.Lead.create({"LastName": awkward, "Company": "C"})
    (found,) = query_records(connected, f"SELECT LastName FROM Lead WHERE LastName = {literal(awkward)}")
    assert found == {"LastName": awkward}
    for widening in ("' OR LastName != '", "\\' OR LastName != '"):
        assert query_records(connected, f"SELECT Id FROM Lead WHERE LastName = {literal(widening)}") == []


def test_a_connection_closes(org: Details) -> None:
    """Closing leaves no socket behind that the interpreter would warn of."""
    with closing(connect(Login(instance_url=org.instance_url, access_token=org.access_token))) as connected:
        assert count(connected, "Lead", include_deleted=True) >= count(connected, "Lead")
