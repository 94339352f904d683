"""Production and sandbox: which hosts let whose users in, what a sandbox's records say, what clients are told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
import requests

from sf_elt.demo_org.org import OrgFileError, Settings, create_org
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.oauth_client import app_of, ask_token
from sf_elt_tests.orgs import client

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Details]:
    """A sandbox named qa with a My Domain, for the tests of this module."""
    with running_org(seed=7, records=60, settings=Settings(sandbox="qa", my_domain="acme")) as details:
        yield details


def login(org: Details, host: str) -> requests.Response:
    form = {"grant_type": "password", "username": org.username, "password": org.password}
    return ask_token(org, {"Host": host}, **app_of(org), **form)


@pytest.mark.parametrize(
    ("host", "production", "sandboxed"),
    [
        ("login.salesforce.com", 200, 400),
        ("test.salesforce.com", 400, 200),
        ("acme--qa.sandbox.my.salesforce.com", 200, 200),
        ("other.my.salesforce.com", 200, 400),
        ("localhost:8080", 200, 200),
    ],
)
def test_users_log_in_at_their_own_hosts(
    shared_org: Details, sandbox: Details, host: str, production: int, sandboxed: int
) -> None:
    """Production's users at login, a sandbox's at test, both at their My Domain and at loopback."""
    replies = [login(shared_org, host), login(sandbox, host)]
    assert [reply.status_code for reply in replies] == [production, sandboxed]
    refused = [reply.json() for reply in replies if reply.status_code == 400]
    assert refused == [{"error": "invalid_grant", "error_description": "authentication failure"}] * len(refused)


def test_a_sandbox_says_so(sandbox: Details) -> None:
    """Every username ends in the sandbox's name, and Organization.IsSandbox is true."""
    sf = client(sandbox)
    names = [user["Username"] for user in sf.query("SELECT Username FROM User")["records"]]
    assert sandbox.username.endswith(".qa")
    assert [name for name in names if not name.endswith(".qa")] == []
    assert sf.query("SELECT IsSandbox FROM Organization")["records"][0]["IsSandbox"] is True


@pytest.mark.parametrize(
    ("audience", "good"),
    [
        ("https://test.salesforce.com", True),
        ("https://acme--qa.sandbox.my.salesforce.com", True),
        ("https://test.salesforce.com/services/oauth2/token", True),
        ("https://login.salesforce.com", False),
        ("https://other.my.salesforce.com", False),
    ],
)
def test_the_audience_of_an_assertion_is_the_orgs_own_host(sandbox: Details, audience: str, good: bool) -> None:
    """A sandbox's assertion is for the test host or its My Domain."""
    exp = int((datetime.now(UTC) + timedelta(minutes=2)).timestamp())
    claims = {"iss": sandbox.client_id, "sub": sandbox.username, "aud": audience, "exp": exp}
    assertion = jwt.encode(claims, Path(sandbox.jwt_private_key_file).read_bytes(), algorithm="RS256")
    reply = ask_token(sandbox, grant_type=JWT_BEARER, assertion=assertion)
    assert (reply.status_code == 200) is good
    if not good:
        assert reply.json() == {"error": "invalid_grant", "error_description": "audience is invalid"}


def test_client_credentials_are_for_my_domain_only(shared_org: Details) -> None:
    """At the hosts that all orgs share, an app without a user is refused."""
    reply = ask_token(
        shared_org, {"Host": "login.salesforce.com"}, grant_type="client_credentials", **app_of(shared_org)
    )
    assert reply.json() == {"error": "invalid_grant", "error_description": "request not supported on this domain"}


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Host": "localhost:8080"}, "http://localhost:8080"),
        ({"Host": "[::1]:8080"}, "http://[::1]:8080"),
        ({"Host": "login.salesforce.com"}, None),
        ({"Host": "demo.my.salesforce.com:8443"}, "http://demo.my.salesforce.com:8443"),
        (
            {"X-Forwarded-Host": "demo.example", "X-Forwarded-Proto": "https", "Host": "127.0.0.1"},
            "https://demo.example",
        ),
        (
            {"X-Forwarded-Host": "demo.example, inner.example", "X-Forwarded-Proto": "https, http"},
            "https://demo.example",
        ),
        ({"X-Forwarded-Host": "demo.example", "X-Forwarded-Proto": "javascript"}, "http://demo.example"),
    ],
)
def test_clients_are_told_the_address_they_came_by(
    shared_org: Details, headers: dict[str, str], told: str | None
) -> None:
    """instance_url and id are the address on loopback, the My Domain, or that of the proxy in front of the org."""
    form = {"grant_type": "password", "username": shared_org.username, "password": shared_org.password}
    reply = ask_token(shared_org, headers, **app_of(shared_org), **form).json()
    address = told or shared_org.instance_url
    assert reply["instance_url"] == address
    assert reply["id"].startswith(f"{address}/id/00D")


def test_a_kept_org_stays_what_it_is(tmp_path: Path) -> None:
    """A sandbox started again is the same sandbox, and cannot become another org."""
    file = tmp_path / "org.duckdb"
    create_org(records=0, file=file, settings=Settings(sandbox="qa")).close()
    again = create_org(records=0, file=file)
    again.close()
    assert (again.credentials.sandbox, again.credentials.username) == ("qa", "admin@demo-org.example.qa")
    with pytest.raises(OrgFileError, match="is the sandbox qa, not the sandbox dev"):
        create_org(records=0, file=file, settings=Settings(sandbox="dev"))


@pytest.mark.parametrize("bad", [{"sandbox": "a.b"}, {"sandbox": "elevenchars"}, {"my_domain": "Acme"}])
def test_names_that_no_org_has_are_refused(bad: dict[str, str]) -> None:
    """A sandbox's name and a My Domain keep Salesforce's rules."""
    with pytest.raises(ValueError, match="letters"):
        Settings(**bad)
