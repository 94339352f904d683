"""Faults as they look on the wire, byte by byte: what a client library would smooth over."""

import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from sf_elt.demo_org.levers import LeverRefused, Levers
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import levers

NOWHERE = f"{V62}/nowhere"
VERSIONS = "/services/data/"


@pytest.fixture(scope="module")
def shared() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.fixture
def org(shared: Details) -> Iterator[Levers]:
    yield levers(shared)
    levers(shared).faults.clear()


def on_one_connection(details: Details, *requests_sent: str) -> list[bytes]:
    """Sends `GET /address` and the like at once, the last with `Connection: close`; the replies, each in one piece."""
    address = urlsplit(details.instance_url)
    head = f" HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {details.access_token}\r\n"
    sent = [f"{each}{head}\r\n" for each in requests_sent[:-1]]
    sent.append(f"{requests_sent[-1]}{head}Connection: close\r\n\r\n")
    received = b""
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as connection:
        connection.sendall("".join(sent).encode())
        try:
            while piece := connection.recv(65_536):
                received += piece
        except ConnectionResetError:
            pass  # cut while there was more to say to us
    return [b"HTTP/1.1 " + each for each in received.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    "fault",
    [
        {"reply": {"status": 204, "body": "no body belongs here"}},
        {"reply": {"status": 204}},
        {"reply": {"status": 304, "body": {"a": 1}}},
        {"alter": {"status": 204}},
        {"alter": {"status": 304}},
        {"reply": {"status": 205}},
        {"shorten": {"to_bytes": 0}},
    ],
)
def test_the_next_reply_is_where_a_client_looks_for_it(shared: Details, org: Levers, fault: dict[str, Any]) -> None:
    """A status that has no body gets none, and every body is as long as it says: the connection goes on."""
    org.faults.plan({"path": "/nowhere", **fault})
    faulty, next_one = on_one_connection(shared, f"GET {NOWHERE}", f"GET {VERSIONS}")
    head, _, body = faulty.partition(b"\r\n\r\n")
    length = [line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    assert length == ([] if b" 204 " in head or b" 304 " in head else [str(len(body)).encode()])
    assert body == b"" or length
    assert next_one.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("drop", ["before", "upload", "after", "body"])
def test_a_cut_connection_is_done_with(shared: Details, org: Levers, drop: str) -> None:
    """What came before on it was answered, nothing after is, and no request of it stays behind in the org."""
    org.calls.clear()
    org.faults.plan({"path": "/nowhere", "drop": drop})
    replies = on_one_connection(shared, f"GET {VERSIONS}", f"GET {NOWHERE}", f"GET {VERSIONS}")
    assert replies[0].startswith(b"HTTP/1.1 200 OK")
    assert len(replies) == (2 if drop == "body" else 1)
    while org.calls.all()[-1]["path"] != NOWHERE:
        pass
    assert [call["path"] for call in org.calls.all()] == [VERSIONS, NOWHERE]


@pytest.mark.parametrize("fault", [{"drop": "body"}, {"trickle": 20}, {"shorten": {}}, {"reply": {"status": 503}}])
def test_a_reply_to_head_has_no_body(shared: Details, org: Levers, fault: dict[str, Any]) -> None:
    """Whatever becomes of the body of a GET, a HEAD has none."""
    org.faults.plan({"path": "^/services/data/$", **fault})
    (reply,) = on_one_connection(shared, f"HEAD {VERSIONS}")
    assert reply.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("fault", [{"delay": 600}, {"trickle": 1}])
def test_a_forgotten_fault_lets_go_what_waits(shared: Details, org: Levers, fault: dict[str, Any]) -> None:
    """An answer that was to come late, or slowly, comes at once when faults are forgotten."""
    org.faults.plan({"path": "/nowhere", **fault})
    replies: list[requests.Response] = []
    asking = threading.Thread(target=lambda: replies.append(Wire(shared)("GET", NOWHERE)))
    asking.start()
    while not org.faults.planned()[0]["played"]:
        pass
    org.faults.clear()
    asking.join(30)
    assert [reply.status_code for reply in replies] == [404]


@pytest.mark.parametrize(
    "headers",
    [{"X": "a\r\nSet-Cookie: b"}, {"X": "漢"}, {"X Y": "b"}, {"": "b"}, {"X": "\x00"}, {"content-Length": "99"}],
)
@pytest.mark.parametrize("action", ["reply", "refuse", "alter"])
def test_only_headers_that_can_be_sent_are_planned(org: Levers, action: str, headers: dict[str, str]) -> None:
    """A header that would break the answer is refused when it is planned."""
    does = {"status": 503, "code": "X", "message": "x"} if action == "refuse" else {"status": 503}
    with pytest.raises(LeverRefused, match="400"):
        org.faults.plan({"path": "/", action: does | {"headers": headers}})
    assert org.faults.planned() == []


def test_a_change_of_schema_that_cannot_be_is_told(shared: Details, org: Levers) -> None:
    """The answer says why the planned change was refused."""
    org.faults.plan({"path": "/nowhere", "change_schema": {"object": "Lead", "drop": ["Nope__c"]}})
    reply = Wire(shared)("GET", NOWHERE)
    assert reply.status_code == 500
    assert "the planned change of the schema was refused" in reply.json()[0]["message"]
