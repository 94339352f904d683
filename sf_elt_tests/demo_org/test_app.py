"""What happens to every request to the demo org, whatever it asks for."""

import gzip
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sf_elt.demo_org.org import Settings, create_org
from sf_elt.demo_org.serve import Details, running_org, serving
from sf_elt_tests.demo_org.soap_client import Fault, soap
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import client, levers

DATA = "/services/data/v62.0"


def ask(details: Details, path: str, method: str = "GET", **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {details.access_token}"} | options.pop("headers", {})
    return requests.request(method, details.instance_url + path, headers=headers, timeout=10, **options)


@pytest.fixture
def thrifty_org() -> Iterator[Details]:
    """An org that takes three calls in 24 hours."""
    with running_org(records=0, settings=Settings(daily_api_requests=3)) as details:
        yield details


def test_unknown_addresses_and_methods_have_salesforces_bodies(shared_org: Details) -> None:
    """404 and 405 are JSON lists with NOT_FOUND and METHOD_NOT_ALLOWED."""
    missing = ask(shared_org, f"{DATA}/nowhere")
    assert (missing.status_code, missing.json()) == (
        404,
        [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}],
    )
    refused = ask(shared_org, f"{DATA}/composite/sobjects", "PUT")
    assert refused.status_code == 405
    assert refused.headers["Allow"] == "DELETE,PATCH,POST"
    assert refused.json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("version", ["v6.0", "v69.0", "v62.1", "v62", "62.0", "v٦٢.0", "vNext"])
def test_a_version_that_is_not_spoken_is_not_there(shared_org: Details, version: str) -> None:
    """Whatever is below it, an unknown version is a 404."""
    assert ask(shared_org, f"/services/data/{version}/limits").json()[0]["errorCode"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/", "/limits/", "/sobjects/Lead/describe/", "/jobs/query/", "/jobs/ingest/"])
def test_a_slash_at_the_end_changes_nothing(shared_org: Details, path: str) -> None:
    """No redirect, the same reply."""
    plain, slashed = (ask(shared_org, DATA + each, allow_redirects=False) for each in (path.rstrip("/"), path))
    assert (slashed.status_code, slashed.json().keys()) == (200, plain.json().keys())


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/sobjects/Lead"), ("PATCH", "/composite/sobjects"), ("POST", "/jobs/query")]
)
def test_a_body_of_another_type_is_refused(shared_org: Details, method: str, path: str) -> None:
    """A form or XML where JSON belongs is 415 UNSUPPORTED_MEDIA_TYPE."""
    reply = ask(shared_org, DATA + path, method, data=b"<x/>", headers={"Content-Type": "application/xml"})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_client_that_leaves_in_the_middle_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    """Half a request and a closed connection: recorded as a call without a reply, no traceback."""
    with running_org(records=0) as details:
        for address in ("/demo/clock", f"{DATA}/sobjects/Lead"):
            head = (
                f"POST {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n"
                f"Authorization: Bearer {details.access_token}\r\n\r\n{{"
            )
            with socket.create_connection(("127.0.0.1", int(details.instance_url.rpartition(":")[2]))) as leaving:
                leaving.sendall(head.encode())
        while not (calls := levers(details).calls.all()):
            pass
    assert [(call["method"], call["status"]) for call in calls] == [("POST", 0)]
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/query?q=" + "x" * 16_400, {}, 414),
        ("/query?q=" + "x" * 90_000, {}, 414),
        ("/limits", {"X-Long": "x" * 16_400}, 431),
    ],
)
def test_long_heads_get_an_html_page(shared_org: Details, path: str, headers: dict[str, str], status: int) -> None:
    """A request line and headers over 16,384 bytes are answered with HTML, not JSON."""
    reply = ask(shared_org, DATA + path, headers=headers)
    assert reply.status_code == status
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.text.startswith("<html>")


def test_every_data_reply_says_what_is_used(thrifty_org: Details) -> None:
    """Sforce-Limit-Info counts each call, failed ones too."""
    used = [ask(thrifty_org, f"{DATA}/nowhere").headers["Sforce-Limit-Info"] for _ in range(2)]
    assert used == ["api-usage=1/3", "api-usage=2/3"]


def test_a_spent_allowance_refuses_until_a_day_has_passed(thrifty_org: Details) -> None:
    """The call beyond the maximum is 403 REQUEST_LIMIT_EXCEEDED; 24 hours later the calls are back."""
    statuses = [ask(thrifty_org, f"{DATA}/nowhere").status_code for _ in range(4)]
    assert statuses == [404, 404, 404, 403]
    spent = ask(thrifty_org, f"{DATA}/nowhere")
    assert spent.json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    assert spent.headers["Sforce-Limit-Info"] == "api-usage=3/3"
    levers(thrifty_org).advance(24 * 3600 + 60)
    assert ask(thrifty_org, f"{DATA}/nowhere").status_code == 401  # the session aged too
    token = client(thrifty_org, how="password").session_id
    assert ask(thrifty_org, f"{DATA}/nowhere", headers={"Authorization": f"Bearer {token}"}).status_code == 404


def test_the_maximum_can_be_changed_while_it_runs(thrifty_org: Details) -> None:
    """POST /demo/limits raises the maximum and gives spent calls back."""
    for _ in range(3):
        ask(thrifty_org, f"{DATA}/nowhere")
    levers(thrifty_org).limit(5)
    assert ask(thrifty_org, f"{DATA}/nowhere").headers["Sforce-Limit-Info"] == "api-usage=4/5"
    levers(thrifty_org).limit(give_back=True)
    assert ask(thrifty_org, f"{DATA}/nowhere").headers["Sforce-Limit-Info"] == "api-usage=1/5"


def test_a_defect_is_a_500_with_a_body(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An exception that nobody expected is told in the words of the API that was asked; the log has the traceback."""
    org = create_org(records=0)

    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(org.bulk, "new_id", broken)
    monkeypatch.setattr("sf_elt.demo_org.soap.endpoint.session_of", broken)
    with serving(org) as details:
        body = {"operation": "query", "query": "SELECT Id FROM Lead", "object": "Lead"}
        reply = ask(details, f"{DATA}/jobs/query", "POST", json=body)
        session = {"X-SFDC-Session": details.access_token}
        of_bulk = ask(details, "/services/async/62.0/job", "POST", json=body | {"contentType": "CSV"}, headers=session)
        with pytest.raises(Fault) as of_soap:
            soap(details, "getUserInfo")
    org.close()
    assert reply.status_code == 500
    assert reply.json()[0]["errorCode"] == "UNKNOWN_EXCEPTION"
    assert (of_bulk.status_code, of_bulk.json()["exceptionCode"]) == (500, "InternalServerError")
    assert (of_soap.value.code, of_soap.value.kind) == ("UNKNOWN_EXCEPTION", "UnexpectedErrorFault")
    assert "RuntimeError: a defect" in caplog.text


def test_replies_are_compressed_for_clients_that_ask(shared_org: Details) -> None:
    """A long reply comes gzipped with Accept-Encoding: gzip and plain without."""
    plain, packed = (
        requests.get(
            f"{shared_org.instance_url}{DATA}/sobjects",
            headers={"Authorization": f"Bearer {shared_org.access_token}", "Accept-Encoding": encoding},
            stream=True,
            timeout=10,
        )
        for encoding in ("identity", "gzip")
    )
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.raw.read()) == plain.raw.read()


@pytest.mark.parametrize("address", ["//services/data/v62.0/limits", "/services/data/v62.0//limits"])
def test_an_address_may_begin_with_two_slashes(shared_org: Details, address: str) -> None:
    """The Salesforce CLI's instance URL ends in a slash, and its addresses begin with one; restforce's resources do."""
    headers = {"Authorization": f"Bearer {shared_org.access_token}"}
    request = requests.Request("GET", shared_org.instance_url, headers=headers).prepare()
    request.url = shared_org.instance_url + address
    with requests.Session() as session:
        assert session.send(request, timeout=10).status_code == 200


def test_slashes_in_a_value_stay(empty_org: Details) -> None:
    """An external id may be an address."""
    wire = Wire(empty_org)
    lead = f"{V62}/sobjects/Lead/External_Id__c/https://example.com//a"
    assert wire("PATCH", lead, json={"LastName": "A", "Company": "A"}).status_code == 201
    assert wire("GET", lead).json()["External_Id__c"] == "https://example.com//a"
