"""How the org spells the names of headers: some clients read only the spelling of Salesforce."""

import socket
from urllib.parse import urlsplit

from sf_elt.demo_org.serve import Details
from sf_elt_tests.demo_org.bulk_jobs import ask, query


def test_names_are_spelled_as_salesforce_does(shared_org: Details) -> None:
    """Replies of REST, of a bulk job's results and refusals have no name in lower case."""
    results = ask(shared_org, f"{query(shared_org, 'SELECT Id FROM Lead LIMIT 2')}/results")
    assert {"Content-Type", "Sforce-Locator", "Sforce-NumberOfRecords", "Sforce-Limit-Info"} <= set(results.headers)
    refused = ask(shared_org, "/services/data/v62.0/limits", headers={"Authorization": "Bearer no"})
    assert {"Content-Type", "WWW-Authenticate"} <= set(refused.headers)
    described = ask(shared_org, "/services/data/v62.0/sobjects/Lead/describe")
    assert not [name for reply in (results, refused, described) for name in reply.headers if name[0].islower()]


def test_every_reply_of_a_connection_is_spelled(shared_org: Details) -> None:
    """Two requests sent at once get two heads, each after a `100 Continue` that may come first."""
    head = "POST /services/data/v62.0/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
    first = f"{head}Expect: 100-continue\r\n\r\n{{}}".encode()
    last = f"{head}Connection: close\r\n\r\n{{}}".encode()
    address = urlsplit(shared_org.instance_url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as connection:
        connection.sendall(first + last)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.count(b"\r\nContent-Length: ") == 2
    assert b"content-length" not in answer
