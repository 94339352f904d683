"""One login for all connections of a process, and one renewal for all its threads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Barrier

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import (
    AllowanceSpent,
    AuthenticationFailed,
    Login,
    Org,
    OrgUnavailable,
    RequestRefused,
    connect,
    count,
)
from sf_elt.salesforce.connection.opening import open_session
from sf_elt.salesforce.connection.refused_logins import what_to_do
from sf_elt.salesforce.connection.sessions import Session
from sf_elt.salesforce.connection.transport import OrgTransport
from sf_elt_tests.orgs import levers
from sf_elt_tests.salesforce.conftest import QUICK, Meter, renewable

AT_ONCE = 8


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield threads


def _soap(org: Details) -> Login:
    credentials = {"username": org.username, "password": org.password, "security_token": org.security_token}
    return Login(login_url=org.instance_url, **credentials)


def _logins(org: Details) -> int:
    return sum(call["path"].startswith("/services/Soap") for call in levers(org).calls.all())


def _read_at_once(threads: ThreadPoolExecutor, connected: Org) -> list[BaseException | int]:
    """What as many reads gave that all had left before any was answered."""
    ready = Barrier(AT_ONCE)

    def read() -> BaseException | int:
        ready.wait()
        try:
            return connected.session.get(connected.url("limits")).status_code
        except AuthenticationFailed as error:
            return error

    return [reading.result() for reading in [threads.submit(read) for _ in range(AT_ONCE)]]


def test_connections_of_one_process_share_a_login(own_org: Details, threads: ThreadPoolExecutor) -> None:
    """As many connections at once, and one after them: one SOAP login, counted by whoever made it."""
    meters = [Meter() for _ in range(AT_ONCE)]
    with ExitStack() as open_ones:
        for connected in threads.map(lambda meter: connect(_soap(own_org), meter, patience=QUICK), meters):
            open_ones.enter_context(closing(connected))
        assert sum(len(meter.calls) for meter in meters) == 1
    with closing(connect(_soap(own_org), patience=QUICK)) as later:
        assert count(later, "Lead") > 0
    assert _logins(own_org) == 1


def test_a_shared_session_that_has_ended_is_renewed_by_the_next_who_calls(own_org: Details) -> None:
    """A connection that starts with a dead session, and another that still has it open, need one login together."""
    with (
        closing(connect(_soap(own_org), patience=QUICK)) as first,
        closing(connect(_soap(own_org), patience=QUICK)) as second,
    ):
        levers(own_org).end_sessions()
        assert count(first, "Lead") == count(second, "Lead") > 0
    assert _logins(own_org) == 2


def test_many_ended_sessions_at_once_are_one_login(own_org: Details, threads: ThreadPoolExecutor) -> None:
    """Every thread is refused, one of them logs in, all read on."""
    with closing(connect(renewable(own_org), patience=QUICK)) as connected:
        levers(own_org).end_sessions()
        assert _read_at_once(threads, connected) == [200] * AT_ONCE
    assert _logins(own_org) == 1


def test_a_login_that_is_refused_is_tried_once(own_org: Details, threads: ThreadPoolExecutor) -> None:
    """A wrong password in every thread would lock the user out."""
    given = {"instance_url": own_org.instance_url, "access_token": own_org.access_token}
    login = Login(**given, login_url=own_org.instance_url, username=own_org.username, password="wrong")
    with closing(connect(login, patience=QUICK)) as connected:
        levers(own_org).end_sessions()
        told = _read_at_once(threads, connected)
    assert {str(each) for each in told} == {str(told[0])}
    assert "does not accept the login" in str(told[0])
    assert _logins(own_org) == 1


def test_a_refused_renewal_is_not_remembered_by_later_connections(own_org: Details) -> None:
    """The org refuses everything for a while, and no password is blamed: afterwards a new connection logs in again."""
    pull = levers(own_org)
    with closing(connect(renewable(own_org), patience=QUICK)) as connected:
        pull.end_sessions()
        pull.faults.plan({"preset": "unauthorized", "times": None})
        with pytest.raises(AuthenticationFailed, match="says nothing of the password") as caught:
            count(connected, "Lead")
        assert "Check the user name" not in str(caught.value)
        assert what_to_do(caught.value).startswith("Try again in some minutes")
        pull.faults.clear()
    with closing(connect(renewable(own_org), patience=QUICK)) as later:
        assert count(later, "Lead") > 0


def test_a_login_that_the_org_has_no_time_for_is_tried_again(own_org: Details) -> None:
    """By SOAP and by OAuth; in the end it is the org that is not there, and nobody is sent to look at the password."""
    user = {"login_url": own_org.instance_url, "username": own_org.username, "password": own_org.password}
    soap = _soap(own_org)
    oauth = Login(**user, consumer_key=own_org.client_id, consumer_secret=own_org.client_secret)
    busy = {"path": "/Soap/u/", "refuse": {"status": 500, "code": "SERVER_UNAVAILABLE", "message": "Later."}}
    retry = {"error": "unknown_error", "error_description": f"retry your request {own_org.password}"}
    later = {"path": "/oauth2/token", "reply": {"status": 400, "body": retry}}
    for login, fault in ((soap, busy), (oauth, later)):
        levers(own_org).faults.plan({**fault, "times": 1})
        open_session(login, OrgTransport(login, patience=QUICK))
        levers(own_org).faults.plan({**fault, "times": None})
        with pytest.raises(OrgUnavailable, match=r"tried 4 times") as caught:
            open_session(login, OrgTransport(login, patience=QUICK))
        assert own_org.password not in str(caught.value)
        levers(own_org).faults.clear()
    page = {"status": 403, "body": "<html><h1>Blocked</h1></html>", "headers": {"Content-Type": "text/html"}}
    for login, fault in ((soap, {"path": "/Soap/u/", "reply": page}), (oauth, {"path": "/oauth2/", "reply": page})):
        levers(own_org).faults.plan(fault)
        with pytest.raises(RequestRefused, match=r"403 Blocked \(in a web page, and so not by the org"):
            open_session(login, OrgTransport(login, patience=QUICK))
    spent = {"status": 500, "code": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}
    levers(own_org).faults.plan({"path": "/Soap/u/", "refuse": spent})
    with pytest.raises(AllowanceSpent, match="the org's allowance of API calls is spent"):
        open_session(soap, OrgTransport(soap, patience=QUICK))


def test_a_session_is_not_shown(own_org: Details) -> None:
    """Neither by what is connected nor by what is kept."""
    with closing(connect(_soap(own_org), patience=QUICK)) as connected:
        token = str(connected.transport.token)
        assert token not in repr(connected) + repr(connected.transport) + repr(Session("host", token))
