"""What an org, or what pretends to be it, sends without measure ends in a clear error and in little memory."""

import gzip
import itertools
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from sf_elt.salesforce import (
    Org,
    OrgUnavailable,
    RequestRefused,
    SalesforceError,
    connect,
    describe,
    download_bulk,
    download_rest,
    query_records,
)
from sf_elt.salesforce.connection.bounds import Bounds
from sf_elt.salesforce.connection.login import Login
from sf_elt.salesforce.downloads.pages import fetch_page
from sf_elt.salesforce.errors import ReplyOutOfBounds, ReplyTruncated
from sf_elt.salesforce.setup.custom_fields import find_fields
from sf_elt.salesforce.setup.wanted import WantedField
from sf_elt.salesforce.undelete import undelete_records
from sf_elt_tests.safety.hostile import SHORT, SMALL, Answer, hostile, org_at, reply
from sf_elt_tests.salesforce.conftest import QUICK

JSON, GZIP, CHUNKED = "Content-Type: application/json", "Content-Encoding: gzip", "Transfer-Encoding: chunked"
MEMORY = 40 << 20  # bytes that Python may hold more of meanwhile
ZEROS = 300 << 20  # bytes of the bombs


@cache
def bomb() -> bytes:
    """300 KB of gzip, 300 MB unpacked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(ZEROS >> 20)) + packer.flush()


def endless(head: str, part: bytes, pause: float = 0) -> Answer:
    """A reply that goes on as long as somebody reads; slowly where it pauses."""

    def sent() -> Iterator[bytes]:
        yield head.encode()
        for _ in itertools.count():
            time.sleep(pause)
            yield part

    return sent


def head(*lines: str) -> str:
    return "\r\n".join(["HTTP/1.1 200 OK", JSON, *lines, "", ""])


LARGE, SLOW = "has more than 1 MB", "had not come whole"
REPLIES: dict[str, tuple[Answer, str]] = {
    "gzip bomb": (lambda: reply(bomb(), JSON, GZIP)(), LARGE),
    "bomb in a bomb": (lambda: reply(gzip.compress(bomb()), JSON, "Content-Encoding: gzip, gzip")(), LARGE),
    "deflate bomb": (reply(zlib.compress(bytes(8 << 20)), JSON, "Content-Encoding: deflate"), LARGE),
    "endless body": (endless(head(), b"[" * 65_536), LARGE),
    "endless chunks": (endless(head(CHUNKED), b"10000\r\n" + b" " * 65_536 + b"\r\n"), LARGE),
    "dripping body": (endless(head("Content-Length: 1000000"), b" ", 0.05), SLOW),
    "dripping chunks": (endless(head(CHUNKED), b"1\r\n \r\n", 0.05), SLOW),
    "endless trailers": (endless(head(CHUNKED) + "0\r\n", b"X-More: 1\r\n" * 1000), SLOW),
    "dripping head": (endless("HTTP/1.1 200 OK\r\nX-Long: ", b"a", 0.05), SLOW),
    "endless 100 Continue": (endless("", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), SLOW),
    "endless heads": (endless("HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 100), "the connection broke off"),
    "endless line": (endless("HTTP/1.1 200 OK\r\nX-Long: ", b"a" * 65_536), "the connection broke off"),
    "nesting": (reply(b"[" * 500_000, JSON), "JSON that breaks off"),
    "nesting of another type": (reply(b"[" * 500_000, "Content-Type: text/plain"), "no JSON"),
}


@pytest.mark.parametrize("kind", REPLIES)
def test_a_reply_without_measure_is_a_clear_error(kind: str) -> None:
    """It names the call and what to set, and is not asked for again; memory stays small."""
    answer, said = REPLIES[kind]
    with hostile(answer) as server, org_at(server, SHORT if said == SLOW else SMALL) as org:
        bomb()
        tracemalloc.start()
        try:
            with pytest.raises(SalesforceError, match=said) as error:
                query_records(org, "SELECT Id FROM Lead")
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < MEMORY
    assert "query" in str(error.value) or "127.0.0.1" in str(error.value)
    assert "marker.token" not in str(error.value)
    if said in (LARGE, SLOW):
        assert isinstance(error.value, ReplyOutOfBounds)
        assert "SF_ELT_REPLY_" in str(error.value)
        assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["gzip bomb", "endless body", "dripping body", "endless trailers"])
def test_a_page_without_measure_leaves_nothing(kind: str, tmp_path: Path) -> None:
    """Pages that land are bounded in bytes, unpacked, and in time; nothing of such a one stays."""
    answer, said = REPLIES[kind]
    with (
        hostile(answer) as server,
        org_at(server, SHORT if said == SLOW else SMALL) as org,
        pytest.raises(ReplyOutOfBounds, match=said) as error,
    ):
        download_rest(org, "SELECT Id FROM Lead", tmp_path, include_deleted=False)
    assert ("SF_ELT_REST_PAGE_MB" if said == LARGE else "SF_ELT_PAGE_SECONDS") in str(error.value)
    assert list(tmp_path.iterdir()) == []


def _described(org: Org, _: Path) -> object:
    return describe(org, "Lead")


def _queried_in_bulk(org: Org, folder: Path) -> object:
    return download_bulk(org, "SELECT Id FROM Lead", folder, include_deleted=False)


def _undeleted(org: Org, _: Path) -> object:
    return undelete_records(org, ["00Q000000000001AAA"])


def _asked_for_fields(org: Org, _: Path) -> object:
    return find_fields(org, [WantedField("Lead", "Audiences__c", "audiences")], ["Lead"])


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9)
)
_FIELD = b'{"records": [{"Id": "%s", "DeveloperName": "Audiences", "NamespacePrefix": null}]}'
MANY_FIELDS = b'{"name": "Lead", "fields": [' + b'{"name": "a", "type": "string"},' * 1_000_000


@pytest.mark.parametrize(
    ("asks", "body"),
    [
        (_described, MANY_FIELDS),
        (_described, b'{"name": "Lead", "fields": 7}'),
        (_described, b"[]"),
        (_described, b'{"name": "Lead", "fields": [{"name": "ada@secret.example"}]}'),
        (_queried_in_bulk, b'{"id": "../../outside", "state": "JobComplete", "numberRecordsProcessed": 1}'),
        (_queried_in_bulk, b'{"id": 7}'),
        (_queried_in_bulk, b"null"),
        (_undeleted, ENTITIES + b"]><x>&i;</x>"),
        (_asked_for_fields, b'{"totalSize": 1}'),
        (_asked_for_fields, _FIELD % b"../../../query"),
        (_asked_for_fields, _FIELD % b"00N000000000001AAA"),
    ],
    ids=[
        "a million fields",
        "fields",
        "describe",
        "field",
        "job outside",
        "job",
        "null",
        "entities",
        "no custom fields",
        "custom field outside",
        "custom field without definition",
    ],
)
def test_a_reply_of_another_kind_is_a_clear_error(
    asks: Callable[[Org, Path], object], body: bytes, tmp_path: Path
) -> None:
    """One of ours, which repeats nothing of what the reply holds; no file is written where a reply says."""
    kind = "Content-Type: text/xml" if body.startswith(b"<") else JSON
    with hostile(reply(body, kind)) as server, org_at(server) as org, pytest.raises(SalesforceError) as error:
        asks(org, tmp_path / "landing")
    assert "secret.example" not in str(error.value)
    assert len(str(error.value)) < 1000


def test_a_soap_login_full_of_entities_is_a_clear_error() -> None:
    """The reply to a login is read by another library: it must not unfold them."""
    with hostile(reply(ENTITIES + b"]><sessionId>&i;</sessionId>", "Content-Type: text/xml")) as server:
        login = Login(login_url=server.address, username="ada@secret.example", password="marker-password")
        with pytest.raises(SalesforceError) as error:
            connect(login, patience=QUICK)
    assert "marker-password" not in str(error.value)


def test_a_huge_refusal_is_read_in_part() -> None:
    """Of the body of an error a megabyte is read, of its message 4,000 characters are repeated."""
    body = b'[{"errorCode": "MALFORMED_QUERY", "message": "' + b"<script" * 100_000 + b'"}]'
    for text in (body, b"<script" * 1_000_000):
        with (
            hostile(reply(text, JSON, status="400 Bad Request")) as server,
            org_at(server) as org,
            pytest.raises(SalesforceError) as error,
        ):
            query_records(org, "SELECT Id FROM Lead")
        assert len(str(error.value)) < 5000


def test_a_refusal_drives_no_terminal() -> None:
    """Whatever an org says, errors and the log records that repeat them have no control characters."""
    said = rb"""[{"errorCode": "X\u001b[2J", "message": "\u001b]0;owned\u0007 \u202egnp.exe \r gone"}]"""
    with (
        hostile(reply(said, JSON, status="400 Bad Request")) as server,
        org_at(server) as org,
        pytest.raises(RequestRefused) as told,
    ):
        query_records(org, "SELECT Id FROM Lead")
    assert str(told.value).endswith(r"400 X\x1b[2J \x1b]0;owned\x07 \u202egnp.exe \x0d gone")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_sent_elsewhere(status: int) -> None:
    """A redirect, to another host or in a circle, is not followed: neither session nor password leaves."""
    with hostile(reply(b"{}", JSON)) as elsewhere:
        moved = reply(b"", f"Location: {elsewhere.address}/services/x", status=f"{status} Moved")
        with hostile(moved) as server, org_at(server) as org:
            with pytest.raises(OrgUnavailable, match=f"{status} sends us to 127.0.0.1:{elsewhere.port}, and we do not"):
                query_records(org, "SELECT Id FROM Lead")
            with pytest.raises(OrgUnavailable, match="and we do not"):
                undelete_records(org, ["00Q000000000001AAA"])
            login = Login(login_url=server.address, username="ada", password="marker-password")
            with pytest.raises(SalesforceError):
                connect(login, patience=QUICK)
        assert elsewhere.requests == []


@pytest.mark.parametrize("cut", [0, 1, 5, 14])
def test_a_page_that_breaks_off_without_a_length_is_noticed(cut: int, tmp_path: Path) -> None:
    """By HTTP/1.0 a body ends where the connection does: cut after a comma, its last row would have a null."""
    page = b'"Id","Name"\n"00Q000000000001AAA","Ada"\n"00Q000000000002AAA","Bartholomew"\n'
    sent = b"HTTP/1.0 200 OK\r\nContent-Type: text/csv\r\n\r\n" + page[: len(page) - cut]
    with hostile(lambda: [sent]) as server, org_at(server) as org:
        if cut:
            with pytest.raises(ReplyTruncated, match="jobs/query/7/results: the reply broke off"):
                fetch_page(org, "jobs/query/7/results", tmp_path / "page.csv")
        else:
            assert fetch_page(org, "jobs/query/7/results", tmp_path / "page.csv").file.read_bytes() == page


@pytest.mark.parametrize(
    ("body", "heads"),
    [(b"", []), (zlib.compress(b'{"totalSize":0,"done":true,"records":[]}'), ["Content-Encoding: deflate"])],
    ids=["empty", "deflate"],
)
def test_a_page_that_is_nothing_or_comes_otherwise_than_asked_is_asked_for_again(
    body: bytes, heads: list[str], tmp_path: Path
) -> None:
    """No bytes, or bytes that nobody unpacks, are no page of a query."""
    with hostile(reply(body, JSON, *heads)) as server, org_at(server) as org:
        with pytest.raises(ReplyTruncated, match=r"query/: the reply (is empty|broke off: it comes as deflate)"):
            download_rest(org, "SELECT Id FROM Lead", tmp_path, include_deleted=False)
        assert len(server.requests) == QUICK.attempts


def test_a_refusal_by_a_page_is_told_as_that_of_another() -> None:
    """What a proxy or a firewall says is not the org's word."""
    with (
        hostile(reply(PAGE, "Content-Type: text/html", status="403 Forbidden")) as server,
        org_at(server) as org,
        pytest.raises(RequestRefused, match=r"403 Log in to this network \(in a web page, and so not by the org"),
    ):
        query_records(org, "SELECT Id FROM Lead")


def test_a_page_that_a_proxy_repeats_is_asked_for_once(tmp_path: Path) -> None:
    """Its answer leads to the page itself: asking on would spend the day's calls."""
    page = b'{"totalSize":9,"done":false,"nextRecordsUrl":"/services/data/v62.0/query/01g-2","records":[{"Id":"1"}]}'
    with hostile(reply(page, JSON)) as server, org_at(server) as org:
        with pytest.raises(RequestRefused, match="lead in a circle"):
            download_rest(org, "SELECT Id FROM Lead", tmp_path, include_deleted=False)
        assert len(server.requests) == 2


PAGE = b"<h1>Log in to this network</h1>"


@pytest.mark.parametrize(
    ("status", "heads"),
    [
        ("103 Early Hints", []),
        ("200 OK", []),
        ("408 Request Timeout", []),
        ("511 Network Authentication Required", []),
        ("525 SSL Handshake Failed", []),
        ("206 Partial Content", []),
        ("302 Found", []),
        ("304 Not Modified", []),
        ("302 Found", ["Location: http://[::1"]),
        ("503 Busy", ["Retry-After: ²", "Date: Mon, 01 Jan 99999999999999999999 00:00:00 GMT"]),
        ("503 Busy", ["Sforce-Limit-Info: api-usage=" + "9" * 5000 + "/5"]),
        ("503 Busy", ["Content-Type: text/html; charset=undefined"]),
    ],
)
def test_whatever_stands_before_an_org_is_no_answer_of_the_org(status: str, heads: list[str]) -> None:
    """It is asked again, and then told in its words; a header that nobody can read is none."""
    body = b"" if status[:3] in ("304", "200") else PAGE
    said = "the connection broke off" if status.startswith("103") else status[:3]
    with hostile(reply(body, *heads, status=status)) as server, org_at(server) as org:
        with pytest.raises(OrgUnavailable, match=rf"query/: {said}.*\(tried 4 times"):
            query_records(org, "SELECT Id FROM Lead")
        assert org.allowance is None
    assert len(server.requests) == QUICK.attempts


@pytest.mark.parametrize(
    ("sent", "said", "calls"),
    [
        (b"", r"the TLS connection broke off \(tried 4 times", 4),
        (bytes([21, 3, 3, 0, 2, 2, 80]), r"the TLS connection broke off \(tried 4 times", 4),  # alert: internal error
        (bytes([21, 3, 3, 0, 2, 2, 70]), "no trusted connection", 1),  # alert: protocol version
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no trusted connection", 1),
    ],
    ids=["cut", "error", "version", "no TLS"],
)
def test_a_tls_connection_that_is_cut_is_no_question_of_trust(sent: bytes, said: str, calls: int) -> None:
    """The network did it: it is tried again. A certificate or a version that does not fit is told at once."""
    with hostile(lambda: [sent]) as server:
        login = Login(instance_url=server.address.replace("http:", "https:"), access_token="00D!marker.token")
        org = connect(login, patience=QUICK)
        with closing(org), pytest.raises(SalesforceError, match=said):
            query_records(org, "SELECT Id FROM Lead")
        assert len(server.requests) == calls


def test_bounds_come_from_the_environment() -> None:
    """Each has a variable; without it the documented default; what is no number is refused by name."""
    assert Bounds.from_env({}) == Bounds()
    told = {"SF_ELT_REPLY_MB": "7", "SF_ELT_PAGE_MB": "2", "SF_ELT_REPLY_SECONDS": "8", "SF_ELT_PAGE_SECONDS": "9"}
    assert Bounds.from_env(told | {"SF_ELT_REST_PAGE_MB": "3"}) == Bounds(7 << 20, 8, 2 << 20, 9, 3 << 20)
    for wrong in ("0", "-1", "many", "1e3", "²"):
        with pytest.raises(SalesforceError, match=r"SF_ELT_PAGE_MB: .* is no whole number above zero"):
            Bounds.from_env({"SF_ELT_PAGE_MB": wrong})
