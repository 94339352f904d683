"""Planned faults that change an answer on its way out: cut, short, slow, altered, paged otherwise."""

import csv
import gzip
import io
from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Any

import pytest
import requests
from urllib3.exceptions import ProtocolError

from sf_elt.demo_org.levers import Levers
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import levers

LEADS = f"{V62}/query?q=SELECT+Id+FROM+Lead+ORDER+BY+Id"
JOBS = f"{V62}/jobs/query"


@pytest.fixture(scope="module")
def org_of_module() -> Iterator[Details]:
    with running_org(seed=7, records=200) as details:
        yield details


@pytest.fixture(scope="module")
def results(org_of_module: Details) -> str:
    """The address of the rows of a finished query job."""
    wire = Wire(org_of_module)
    job = wire("POST", JOBS, json={"operation": "query", "query": "SELECT Id, LastName FROM Lead"}).json()["id"]
    while wire("GET", f"{JOBS}/{job}").json()["state"] != "JobComplete":
        pass
    return f"{JOBS}/{job}/results"


@pytest.fixture
def wire(org_of_module: Details) -> Iterator[Wire]:
    """The module's org; what a test planned is forgotten afterwards."""
    yield Wire(org_of_module)
    levers(org_of_module).faults.clear()


@pytest.fixture
def org(wire: Wire) -> Levers:
    return levers(wire.details)


def rows_of(reply: requests.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(reply.text)))


def ids(reply: requests.Response) -> list[str]:
    return [record["Id"] for record in reply.json()["records"]]


def pages(wire: Wire) -> list[list[str]]:
    """The Ids of each page of all leads."""
    reply = wire("GET", LEADS)
    found = [ids(reply)]
    while not reply.json()["done"]:
        reply = wire("GET", reply.json()["nextRecordsUrl"])
        found.append(ids(reply))
    return found


@pytest.mark.parametrize("after", [None, 0, 700], ids=["half", "nothing", "so many bytes"])
def test_a_connection_can_drop_in_the_middle_of_a_body(
    wire: Wire, org: Levers, results: str, after: int | None
) -> None:
    """The status arrives, then a part of the body, then nothing: the client can tell."""
    whole = wire("GET", results, headers={"Accept-Encoding": "identity"}).content
    fault: dict[str, Any] = {"path": "/results$", "drop": "body"}
    org.faults.plan(fault if after is None else fault | {"drop_after_bytes": after})
    with pytest.raises(requests.RequestException):
        wire("GET", results, headers={"Accept-Encoding": "identity"})
    org.faults.plan(fault | {"drop_after_bytes": after or 0} if after is not None else fault)
    reply = wire("GET", results, headers={"Accept-Encoding": "identity"}, stream=True)
    assert reply.status_code == 200
    arrived = b""
    with pytest.raises(requests.RequestException):
        for piece in reply.iter_content(64):
            arrived += piece
    assert whole.startswith(arrived)
    assert len(arrived) <= (len(whole) // 2 if after is None else after)


def test_a_csv_can_end_too_early_as_if_it_were_whole(wire: Wire, org: Levers, results: str) -> None:
    """Only so many lines arrive, in a reply that is whole as HTTP goes: only the header that counts them tells."""
    whole = rows_of(wire("GET", results))
    org.faults.plan({"path": "/results$", "shorten": {"to_lines": 11}})
    reply = wire("GET", results)
    assert rows_of(reply) == whole[:11]
    assert int(reply.headers["Content-Length"]) == len(reply.content)
    assert int(reply.headers["Sforce-NumberOfRecords"]) == len(whole) - 1


def test_a_csv_can_end_in_the_middle_of_a_row(wire: Wire, org: Levers, results: str) -> None:
    """Half of the bytes, and the length that fits them; whatever compression the client takes."""
    whole = wire("GET", results).content
    org.faults.plan("truncated_csv")
    reply = wire("GET", results, headers={"Accept-Encoding": "gzip"})
    assert reply.content == whole[: len(whole) // 2]
    assert int(reply.headers["Content-Length"]) == len(reply.content)


def test_json_can_be_malformed(wire: Wire, org: Levers) -> None:
    """A reply that says 200 and is no JSON."""
    org.faults.plan("malformed_json")
    reply = wire("GET", LEADS)
    assert reply.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        reply.json()


def test_an_answer_can_come_late(wire: Wire, org: Levers) -> None:
    """A client that waits less than the planned delay gives up, one that waits longer gets the answer."""
    org.faults.plan({"path": "/limits", "times": None, "delay": 0.6})
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{wire.details.instance_url}{V62}/limits", timeout=0.2)
    assert wire("GET", f"{V62}/limits").status_code == 200


def test_an_answer_can_trickle(wire: Wire, org: Levers) -> None:
    """The whole body comes in the end, in many small pieces."""
    whole = wire("GET", f"{V62}/sobjects", headers={"Accept-Encoding": "identity"}).content
    org.faults.plan({"path": "/sobjects$", "trickle": len(whole) * 4})
    reply = wire("GET", f"{V62}/sobjects", headers={"Accept-Encoding": "identity"}, stream=True)
    pieces = list(iter(lambda: reply.raw.read1(1_000_000), b""))
    assert b"".join(pieces) == whole
    assert len(pieces) > 2


def test_an_answer_that_trickles_can_begin_late(wire: Wire, org: Levers) -> None:
    """As from far away: a client that waits less for the first byte gives up; another gets all, at any speed."""
    whole = wire("GET", f"{V62}/sobjects", headers={"Accept-Encoding": "identity"}).content
    org.faults.plan({"path": "/sobjects$", "times": None, "trickle": 8_000_000, "trickle_after": 0.6})
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{wire.details.instance_url}{V62}/sobjects", timeout=0.2)
    assert wire("GET", f"{V62}/sobjects", headers={"Accept-Encoding": "identity"}).content == whole


def test_a_count_can_lie(wire: Wire, org: Levers, results: str) -> None:
    """totalSize, numberRecordsProcessed and Sforce-NumberOfRecords say one more than there is."""
    job = results.removesuffix("/results")
    honest = wire("GET", LEADS).json(), wire("GET", job).json(), wire("GET", results).headers["Sforce-NumberOfRecords"]
    org.faults.plan({"preset": "lying_count", "times": None})
    assert wire("GET", LEADS).json() == honest[0] | {"totalSize": honest[0]["totalSize"] + 1}
    assert wire("GET", job).json()["numberRecordsProcessed"] == honest[1]["numberRecordsProcessed"] + 1
    assert int(wire("GET", results).headers["Sforce-NumberOfRecords"]) == int(honest[2]) + 1


def test_an_answer_can_be_altered(wire: Wire, org: Levers) -> None:
    """Status, headers and members of the real answer are set, or removed where null."""
    alter = {"status": 203, "headers": {"Content-Type": "text/html"}, "members": {"done": False, "totalSize": None}}
    honest = wire("GET", LEADS).json()
    org.faults.plan({"path": "/query", "alter": alter})
    reply = wire("GET", LEADS)
    assert (reply.status_code, reply.headers["Content-Type"]) == (203, "text/html")
    del honest["totalSize"]
    assert reply.json() == honest | {"done": False}


def test_a_content_type_can_be_wrong(wire: Wire, org: Levers) -> None:
    """The right JSON under text/html."""
    honest = wire("GET", LEADS).json()
    org.faults.plan("wrong_content_type")
    reply = wire("GET", LEADS)
    assert (reply.headers["Content-Type"], reply.json()) == ("text/html", honest)


def test_pages_can_be_smaller_than_wished(wire: Wire, org: Levers, results: str) -> None:
    """Every page of a query, and of a job's rows, is of the planned size; together they are everything."""
    everything = pages(wire)
    assert len(everything) == 1
    org.faults.plan({"preset": "small_pages", "page_size": 40})
    small = pages(wire)
    assert [len(page) for page in small[:-1]] == [40] * (len(small) - 1)
    assert list(chain(*small)) == everything[0]
    first = wire("GET", f"{results}?maxRecords=60")
    assert first.headers["Sforce-NumberOfRecords"] == "40"
    second = wire("GET", f"{results}?maxRecords=60&locator={first.headers['Sforce-Locator']}")
    assert second.headers["Sforce-NumberOfRecords"] == "40"
    assert rows_of(first)[1:] != rows_of(second)[1:]


def test_rows_can_come_twice_at_the_border_of_pages(wire: Wire, org: Levers) -> None:
    """A page begins with the last rows of the one before; nothing is missing."""
    everything = pages(wire)[0]
    org.faults.plan({"preset": "small_pages", "page_size": 40, "path": "/query$"})
    org.faults.plan({"preset": "repeated_rows", "repeat_rows": 2, "times": None})
    found = pages(wire)
    assert len(found) > 2
    assert all(after[:2] == before[-2:] for before, after in pairwise(found))
    assert sorted(set(chain(*found))) == sorted(everything)


def test_a_locator_can_die(wire: Wire, org: Levers) -> None:
    """The next page is a 400 INVALID_QUERY_LOCATOR."""
    org.faults.plan({"preset": "small_pages", "path": "/query$"}, "dead_locator")
    reply = wire("GET", wire("GET", LEADS).json()["nextRecordsUrl"])
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.parametrize("preset", ["query_timeout", "operation_too_large"])
def test_a_query_can_be_too_large(wire: Wire, org: Levers, preset: str) -> None:
    """A query that finds more rows than planned is refused, a smaller one is answered as ever."""
    leads = wire("GET", LEADS).json()
    org.faults.plan({"preset": preset, "refuse": {"over_rows": leads["totalSize"] - 1}})
    reply = wire("GET", LEADS)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, preset.upper())
    assert wire("GET", LEADS + "+LIMIT+3").json()["totalSize"] == 3
    org.faults.clear()
    org.faults.plan({"preset": preset, "refuse": {"over_rows": leads["totalSize"]}})
    assert wire("GET", LEADS).json() == leads


def test_half_of_a_compressed_body_cannot_be_read(wire: Wire, org: Levers, results: str) -> None:
    """What is dropped is what was on the wire: half of a gzip stream."""
    org.faults.plan("dropped_in_body")
    reply = wire("GET", results, headers={"Accept-Encoding": "gzip"}, stream=True)
    assert reply.headers["Content-Encoding"] == "gzip"
    arrived = bytearray()
    with pytest.raises(ProtocolError):
        for piece in reply.raw.stream(64, decode_content=False):
            arrived += piece
    with pytest.raises(EOFError):
        gzip.decompress(bytes(arrived))
