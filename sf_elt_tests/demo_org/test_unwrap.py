"""Requests in their wrappings: compressed bodies, methods in the address."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from sf_elt.demo_org.serve import running_org
from sf_elt_tests.demo_org.wire import PERSON, V62, Wire


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with running_org(records=0) as details:
        yield Wire(details)


def test_a_compressed_body_is_read(wire: Wire) -> None:
    """gzip and deflate, also in several pieces; what is neither is refused."""
    body = json.dumps({**PERSON, "Description": "x" * 20_000}).encode()
    for encoding, packed in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
        headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
        reply = wire("POST", f"{V62}/sobjects/Lead", data=packed, headers=headers)
        assert reply.status_code == 201, reply.text
        lead = wire("GET", f"{V62}/sobjects/Lead/{reply.json()['id']}", params={"fields": "Description"}).json()
        assert lead["Description"] == "x" * 20_000
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    refused = wire("POST", f"{V62}/sobjects/Lead", data=body, headers=headers)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_gzip_in_several_members_is_one_body(wire: Wire) -> None:
    """As pigz and others write it; a body that was cut short is refused."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    members = gzip.compress(b'{"LastName": "Lovelace",') + gzip.compress(b'"Company": "Engines"}')
    assert wire("POST", f"{V62}/sobjects/Lead", data=members, headers=headers).status_code == 201
    whole = gzip.compress(json.dumps(PERSON).encode())
    cut = wire("POST", f"{V62}/sobjects/Lead", data=whole[:-4], headers=headers)
    assert (cut.status_code, cut.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


@pytest.mark.soak
def test_what_a_body_holds_is_limited(wire: Wire) -> None:
    """50 MB, counted as they are when inflated, in each API's own words; what inflates to 500 MB is not kept."""
    told = "Maximum size of request reached. Maximum size of request is 52428800 bytes."
    bomb, plain = _zeros(500), b" " * 52_428_801
    tracemalloc.start()
    for body, encoding in ((bomb, {"Content-Encoding": "gzip"}), (plain, {})):
        headers = {"Content-Type": "application/json", **encoding}
        reply = wire("POST", f"{V62}/sobjects/Lead", data=body, headers=headers)
        assert (reply.status_code, reply.json()[0]) == (400, {"message": told, "errorCode": "JSON_PARSER_ERROR"})
    soap = wire("POST", "/services/Soap/u/62.0", data=bomb, headers={"Content-Encoding": "gzip"})
    assert (soap.status_code, "sf:EXCEEDED_MAX_SIZE_REQUEST" in soap.text) == (500, True)
    bulk = {"X-SFDC-Session": wire.details.access_token, "Content-Encoding": "gzip"}
    assert "ClientInputError" in wire("POST", "/services/async/62.0/job", data=bomb, headers=bulk).text
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 250_000_000


def _zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(megabytes)) + packer.flush()


def test_the_address_may_say_the_method(wire: Wire) -> None:
    """A POST that says PATCH or DELETE is one; a GET stays what it is."""
    lead = wire.new_lead()
    address = f"{V62}/sobjects/Lead/{lead}"
    assert wire("POST", f"{address}?_HttpMethod=PATCH", json={"Title": "CTO"}).status_code == 204
    assert wire("GET", f"{address}?_HttpMethod=DELETE").json()["Title"] == "CTO"
    assert wire("POST", f"{address}?_HttpMethod=delete").status_code == 204
    assert wire("GET", address).status_code == 404
