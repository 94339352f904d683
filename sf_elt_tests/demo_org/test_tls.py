"""The org by HTTPS: clients that insist on it work unmodified, and faults cut connections all the same."""

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import requests
from cryptography import x509

from sf_elt.demo_org.levers import SalesforceOrg
from sf_elt.demo_org.org import Settings, create_org
from sf_elt.demo_org.serve import Details, running_org, start_demo_org

SCRIPT = """
import json, sys
from simple_salesforce import Salesforce
org = json.loads(sys.argv[1])
sf = Salesforce(instance_url=org["instance_url"], session_id=org["access_token"])
print(sf.query("SELECT Name FROM Organization")["records"][0]["Name"])
"""


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    """One org by HTTPS for the tests of this module."""
    with running_org(seed=7, records=60, settings=Settings(tls=True)) as details:
        yield details


def get(org: Details, path: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {org.access_token}"}
    return requests.get(f"{org.instance_url}{path}", headers=headers, verify=org.ca_file, timeout=10)


def test_levers_and_sessions_trust_it(org: Details) -> None:
    """Who starts an org by HTTPS in a test pulls its levers as ever, and need not say what to trust."""
    levers = SalesforceOrg(**asdict(org))
    assert levers.records("Organization")
    assert levers.session().get("https://login.salesforce.com/services/data", timeout=10).json()
    assert levers.calls.all(path="^/services/data$")
    assert levers.faults.planned() == []


def test_simple_salesforce_works_unmodified(org: Details) -> None:
    """The real client, told nothing but to trust the org's authority, queries by HTTPS."""
    environment = os.environ | {"REQUESTS_CA_BUNDLE": org.ca_file}
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(vars(org))],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ended.stdout, ended.stderr) == ("Demo Org\n", "")


def test_who_does_not_trust_it_is_not_connected(org: Details) -> None:
    """Without the authority the certificate proves nothing; plain HTTP is not answered."""
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(org.instance_url, timeout=10)
    with pytest.raises(requests.ConnectionError):
        requests.get(org.instance_url.replace("https", "http"), timeout=10)


def test_the_certificate_holds_to_the_letter(org: Details) -> None:
    """OpenSSL's strict checks accept it, for the names that clients redirect to this machine."""
    context = ssl.create_default_context(cafile=org.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("login.salesforce.com", "acme.my.salesforce.com", "localhost", "127.0.0.1"):
        assert shaken_hands(context, org, name) == "CN=Demo org"


def shaken_hands(context: ssl.SSLContext, org: Details, name: str) -> str:
    port = int(org.instance_url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        certificate = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
    return certificate.subject.rfc4514_string()


@pytest.mark.parametrize("drop", ["before", "after", "body"])
def test_faults_cut_the_connection_under_tls(org: Details, drop: str) -> None:
    """A dropped connection is an error for the client, not a shorter answer, and the next call works."""
    plan = f"{org.instance_url}/demo/faults"
    fault = {"path": "/sobjects$", "drop": drop}
    requests.post(plan, json=fault, verify=org.ca_file, timeout=10).raise_for_status()
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        get(org, "/services/data/v62.0/sobjects")
    assert get(org, "/services/data/v62.0/sobjects").status_code == 200


def test_a_kept_org_keeps_its_certificate(tmp_path: Path) -> None:
    """Clients that trust a kept org's authority need not be told again; no key of the authority is ever kept."""
    file = tmp_path / "org.duckdb"
    seen = []
    for _ in range(2):
        org = create_org(records=0, file=file, settings=Settings(tls=True))
        org.close()
        seen.append((tmp_path / "org.duckdb.ca.pem").read_text())
    assert seen[0] == seen[1]
    assert "PRIVATE" not in seen[0]
    assert (tmp_path / "org.duckdb.server.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "org.duckdb.server.pem").read_text().count("PRIVATE KEY") == 2
    (tmp_path / "org.duckdb.ca.pem").write_text("damaged")
    create_org(records=0, file=file, settings=Settings(tls=True)).close()
    assert (tmp_path / "org.duckdb.ca.pem").read_text().startswith("-----BEGIN CERTIFICATE")


def test_the_command_serves_https(tmp_path: Path) -> None:
    """`sf-elt demo-org --tls --sandbox --apps`: all of it in a process of its own, reached with the printed file."""
    apps = tmp_path / "apps.json"
    apps.write_text(json.dumps([{"name": "A", "client_id": "a", "client_secret": "b", "run_as": "x"}]))
    with start_demo_org(records=0, tls=True, sandbox="qa", my_domain="acme", apps=apps) as org:
        assert org.details.username == "admin@demo-org.example.qa"
        form = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
        address = f"{org.details.instance_url}/services/oauth2/token"
        reply = requests.post(address, data=form, verify=org.details.ca_file, timeout=10)
        assert reply.json()["error_description"] == "authentication failure"
