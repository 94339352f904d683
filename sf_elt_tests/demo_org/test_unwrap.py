"""Requests in their wrappings: compressed bodies, methods in the address."""

import gzip
import json
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


def test_the_address_may_say_the_method(wire: Wire) -> None:
    """A POST that says PATCH or DELETE is one; a GET stays what it is."""
    lead = wire.new_lead()
    address = f"{V62}/sobjects/Lead/{lead}"
    assert wire("POST", f"{address}?_HttpMethod=PATCH", json={"Title": "CTO"}).status_code == 204
    assert wire("GET", f"{address}?_HttpMethod=DELETE").json()["Title"] == "CTO"
    assert wire("POST", f"{address}?_HttpMethod=delete").status_code == 204
    assert wire("GET", address).status_code == 404
