"""Where users log in: production's at one host, a sandbox's at another, both at their My Domain; over HTTPS."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sf_elt.demo_org.levers import Levers
from sf_elt.demo_org.org import Settings
from sf_elt.demo_org.serve import Details, running_org
from sf_elt.salesforce import AuthenticationFailed, Login, OrgUnavailable, connect, count, query_records
from sf_elt.salesforce.connection.browser_login import log_in_by_browser
from sf_elt.salesforce.connection.callback import Callback
from sf_elt.salesforce.connection.login import org_address
from sf_elt.salesforce.connection.oauth import Granted, username_of
from sf_elt.salesforce.connection.opening import open_session
from sf_elt.salesforce.connection.refused_logins import what_to_do
from sf_elt.salesforce.connection.transport import OrgTransport
from sf_elt_tests.ports import free_port
from sf_elt_tests.salesforce.conftest import QUICK
from sf_elt_tests.salesforce.connect_proxy import connect_proxy


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Details]:
    """A sandbox named qa of the My Domain acme, by HTTPS."""
    with running_org(records=0, settings=Settings(sandbox="qa", my_domain="acme", tls=True)) as details:
        yield details


@pytest.fixture(autouse=True)
def _salesforce_is_here(sandbox: Details, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of salesforce.com is this machine."""
    resolve = socket.getaddrinfo

    def here(host: Any, *others: Any, **named: Any) -> Any:
        return resolve("127.0.0.1" if str(host).endswith(".salesforce.com") else host, *others, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", sandbox.ca_file)


def _at(org: Details, host: str) -> str:
    return f"https://{host}:{urlsplit(org.instance_url).port}"


@pytest.mark.parametrize("host", ["test.salesforce.com", "acme--qa.sandbox.my.salesforce.com"])
def test_a_sandbox_logs_in_at_its_hosts(sandbox: Details, host: str) -> None:
    """By a key and by SOAP, at the sandboxes' host and at its own My Domain."""
    user = {"login_url": _at(sandbox, host), "username": sandbox.username}
    key = {"consumer_key": sandbox.client_id, "private_key_file": Path(sandbox.jwt_private_key_file)}
    password = {"password": sandbox.password, "security_token": sandbox.security_token}
    for login in (Login(**user, **key), Login(**user, **password)):
        with closing(connect(login, patience=QUICK)) as org:
            assert query_records(org, "SELECT IsSandbox FROM Organization")[0]["IsSandbox"] is True


@pytest.mark.parametrize("host", ["login.salesforce.com", "other.my.salesforce.com"])
def test_the_wrong_host_says_that_it_may_be_the_wrong_one(sandbox: Details, host: str) -> None:
    """Salesforce says that nobody has that name: what to do names the addresses, whatever the way."""
    user = {"login_url": _at(sandbox, host), "username": sandbox.username}
    app = {"consumer_key": sandbox.client_id, "consumer_secret": sandbox.client_secret}
    logins = [
        Login(**user, consumer_key=sandbox.client_id, private_key_file=Path(sandbox.jwt_private_key_file)),
        Login(**user, password=sandbox.password, security_token=sandbox.security_token),
        Login(**user, **app, password=sandbox.password),
    ]
    for login in logins:
        with pytest.raises(AuthenticationFailed) as caught:
            connect(login, patience=QUICK)
        said = f"{caught.value} {what_to_do(caught.value)}"
        assert host in said
        assert "https://test.salesforce.com" in said


def test_an_app_itself_logs_in_at_the_my_domain_alone(sandbox: Details) -> None:
    """Client credentials at a host of all orgs: what to do names the My Domain."""
    app = {"consumer_key": sandbox.client_id, "consumer_secret": sandbox.client_secret}
    with pytest.raises(AuthenticationFailed, match="not supported on this domain") as caught:
        connect(Login(login_url=_at(sandbox, "test.salesforce.com"), **app), patience=QUICK)
    assert "My Domain: `org: https://NAME.my.salesforce.com`" in what_to_do(caught.value)
    with closing(connect(Login(login_url=_at(sandbox, "acme--qa.sandbox.my.salesforce.com"), **app))) as org:
        assert query_records(org, "SELECT IsSandbox FROM Organization")


def test_a_host_that_is_none_is_told_before_a_browser_opens(sandbox: Details) -> None:
    """The variable to look at, and nothing of the address that would have been opened."""
    login = Login(login_url="https://127.0.0.1:9", consumer_key="k")
    callback = Callback(f"http://127.0.0.1:{free_port()}/callback")
    with pytest.raises(OrgUnavailable, match="is SALESFORCE_LOGIN_URL right") as caught:
        log_in_by_browser(login, OrgTransport(login), callback, lambda *_: None, patience=1)
    assert "code_challenge" not in str(caught.value)


def test_behind_a_proxy_and_beside_a_netrc_we_log_in_as_ourselves(
    sandbox: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY is gone through, but not to the hosts of NO_PROXY; no password of ~/.netrc takes our place."""
    host = "test.salesforce.com"
    (tmp_path / "netrc").write_text(f"machine {host} login somebody password else\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    user = {"login_url": _at(sandbox, host), "username": sandbox.username}
    key = Login(**user, consumer_key=sandbox.client_id, private_key_file=Path(sandbox.jwt_private_key_file))
    soap = Login(**user, password=sandbox.password, security_token=sandbox.security_token)
    with connect_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        for login in (key, soap):
            session = open_session(login, OrgTransport(login, patience=QUICK))
            named = Granted(_at(sandbox, host), session.access_token)
            assert username_of(named, OrgTransport(login, patience=QUICK)) == sandbox.username
        assert set(proxy.asked) == {host}
        proxy.refuses = 407
        with pytest.raises(OrgUnavailable, match=r"the proxy does not let us through: .*407.*HTTPS_PROXY"):
            open_session(key, OrgTransport(key, patience=QUICK))
        proxy.asked.clear()
        monkeypatch.setenv("NO_PROXY", ".salesforce.com")
        assert open_session(key, OrgTransport(key, patience=QUICK)).access_token
        assert proxy.asked == []


def test_a_post_whose_answer_a_proxy_loses_is_not_repeated(sandbox: Details, monkeypatch: pytest.MonkeyPatch) -> None:
    """It went through the proxy, and may have been carried out; urllib3 tells it as a proxy that cannot be reached."""
    host = "acme--qa.sandbox.my.salesforce.com"
    user = {"username": sandbox.username, "password": sandbox.password, "security_token": sandbox.security_token}
    with connect_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with closing(connect(Login(login_url=_at(sandbox, host), **user), patience=QUICK)) as org:
            before = count(org, "Lead")
            Levers(sandbox.instance_url, ca_file=sandbox.ca_file).faults.plan(
                {"path": "/sobjects/Lead", "method": "POST", "drop": "after"}
            )
            with pytest.raises(OrgUnavailable, match="the connection through the proxy broke off"):
                org.client.Lead.create({"LastName": "Once", "Company": "C"})
            assert count(org, "Lead") - before == 1
    assert host in proxy.asked


@pytest.mark.parametrize("asked", ["https://login.salesforce.com", "https://proxy.example.com", "http://127.0.0.1:80"])
def test_a_session_goes_to_an_org_of_where_one_logged_in(asked: str) -> None:
    """Salesforce's own hosts, and those of the domain that was asked; whoever else is named gets nothing."""
    assert org_address(asked, "https://acme.my.salesforce.com/") == "https://acme.my.salesforce.com"
    for other in ("https://10.0.0.1", "https://mysalesforce.com", "https://salesforce.com.evil.example"):
        with pytest.raises(AuthenticationFailed, match="somebody else's address"):
            org_address(asked, other)
    assert org_address("https://proxy.example.com", "https://org.example.com:8443") == "https://org.example.com:8443"
    with pytest.raises(AuthenticationFailed, match="somebody else's address"):
        org_address("https://10.0.0.1", "https://11.0.0.1")
