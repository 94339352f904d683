"""Who a token speaks for: the identity URL, userinfo, introspection; with several users."""

import re

import pytest
import requests

from sf_elt.demo_org.serve import Details
from sf_elt_tests.demo_org.oauth_client import app_of, ask_token, code_flow
from sf_elt_tests.orgs import client, levers


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_the_identity_url_tells_about_the_user(shared_org: Details) -> None:
    """The `id` of a token reply answers with the user, and addresses that have a place for the version."""
    reply = ask_token(shared_org, grant_type="client_credentials", **app_of(shared_org)).json()
    known = requests.get(reply["id"], headers=bearer(reply["access_token"]), timeout=10).json()
    assert known["id"] == reply["id"]
    assert known["username"] == shared_org.username
    assert known["urls"]["rest"] == f"{shared_org.instance_url}/services/data/v{{version}}/"
    assert re.fullmatch(rf"{shared_org.instance_url}/services/Soap/u/{{version}}/\w{{15}}", known["urls"]["partner"])
    assert isinstance(known["utcOffset"], int)


def test_the_identity_url_fills_in_the_version(shared_org: Details) -> None:
    """?version=latest and a version of one's own stand in the addresses; a token may come in the address too."""
    identity = userinfo(shared_org, shared_org.access_token).json()["sub"]
    latest = requests.get(identity, params={"version": "latest", "oauth_token": shared_org.access_token}, timeout=10)
    assert latest.json()["urls"]["query"].endswith("/services/data/v68.0/query/")
    own = requests.get(f"{identity}?version=50.0", headers=bearer(shared_org.access_token), timeout=10)
    assert own.json()["urls"]["rest"].endswith("/services/data/v50.0/")


@pytest.mark.parametrize(
    ("path", "token", "status", "text"),
    [
        ("{org}/{user}", "", 403, "Missing_OAuth_Token"),
        ("{org}/{user}", "dead", 403, "Bad_OAuth_Token"),
        ("00D000000000000/{user}", None, 403, "Wrong_Org"),
        ("{org}/005000000000000", None, 404, "Bad_Id"),
    ],
)
def test_the_identity_url_refuses_in_one_word(
    shared_org: Details, path: str, token: str | None, status: int, text: str
) -> None:
    """No token, a bad one, another org and another user each have their own word."""
    known = userinfo(shared_org, shared_org.access_token).json()
    address = f"{shared_org.instance_url}/id/" + path.format(org=known["organization_id"], user=known["user_id"])
    token = shared_org.access_token if token is None else token
    reply = requests.get(address, headers=bearer(token) if token else {}, timeout=10)
    assert (reply.status_code, reply.text) == (status, text)


def userinfo(org: Details, token: str) -> requests.Response:
    return requests.get(f"{org.instance_url}/services/oauth2/userinfo", headers=bearer(token), timeout=10)


def test_the_command_line_tools_login(shared_org: Details) -> None:
    """PlatformCLI, a public app with PKCE, logs in, asks userinfo and reads its User record by that Id."""
    tokens = code_flow(shared_org, client_id="PlatformCLI", scope="refresh_token api web")
    known = userinfo(shared_org, tokens["access_token"]).json()
    address = f"{shared_org.instance_url}/services/data/v62.0/sobjects/User/{known['user_id']}"
    user = requests.get(address, headers=bearer(tokens["access_token"]), timeout=10).json()
    assert user["Username"] == known["preferred_username"] == shared_org.username
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": "PlatformCLI"}
    assert ask_token(shared_org, **form, client_secret="").status_code == 200


def test_introspection_knows_live_tokens_and_their_ends(empty_org: Details) -> None:
    """A live token is active, with user, app and scopes; a revoked one is not; the app's secret is needed."""
    tokens = code_flow(empty_org, scope="api refresh_token")
    address = f"{empty_org.instance_url}/services/oauth2/introspect"

    def introspect(token: str, **app: str) -> requests.Response:
        return requests.post(address, data={"token": token, **(app_of(empty_org) | app)}, timeout=10)

    found = introspect(tokens["access_token"]).json()
    assert (found["active"], found["scope"], found["token_type"]) == (True, "api refresh_token", "access_token")
    assert (found["username"], found["client_id"], found["sub"]) == (
        empty_org.username,
        empty_org.client_id,
        tokens["id"],
    )
    assert found["exp"] - found["iat"] == 7_200
    assert introspect(tokens["refresh_token"]).json()["token_type"] == "refresh_token"
    other = introspect(tokens["refresh_token"], client_id="PlatformCLI", client_secret="")
    assert other.json() == {"active": False}
    requests.post(
        f"{empty_org.instance_url}/services/oauth2/revoke", data={"token": tokens["refresh_token"]}, timeout=10
    )
    assert introspect(tokens["access_token"]).json() == {"active": False}
    assert introspect("x", client_secret="wrong").json()["error"] == "invalid_client"


def test_looking_at_a_token_does_not_prolong_it(empty_org: Details) -> None:
    """A session that is introspected and not used ends two hours after its last use all the same."""
    levers(empty_org).advance(3_700)
    form = {"token": empty_org.access_token, **app_of(empty_org)}
    address = f"{empty_org.instance_url}/services/oauth2/introspect"
    assert requests.post(address, data=form, timeout=10).json()["active"]
    levers(empty_org).advance(3_600)
    assert not requests.post(address, data=form, timeout=10).json()["active"]


def test_secrets_are_not_in_the_record_of_calls(empty_org: Details) -> None:
    """Tokens, codes and passwords that went through addresses are hidden in /demo/calls."""
    tokens = code_flow(empty_org)
    identity = tokens["id"].removeprefix(empty_org.instance_url)
    for path in ("/services/oauth2/userinfo", "/services/oauth2/revoke", identity):
        parameters = {"oauth_token": tokens["access_token"], "token": tokens["access_token"]}
        requests.get(empty_org.instance_url + path, params=parameters, timeout=10)
    password = {"grant_type": "password", "username": empty_org.username, "password": empty_org.password}
    address = f"{empty_org.instance_url}/services/oauth2/token"
    requests.post(address, params=password | app_of(empty_org), timeout=10).raise_for_status()
    recorded = requests.get(f"{empty_org.instance_url}/demo/calls", timeout=10).text
    secrets = [tokens["access_token"], tokens["refresh_token"], empty_org.password, empty_org.client_secret]
    assert [secret for secret in secrets if secret in recorded] == []
    assert client(empty_org).query("SELECT Id FROM User")["totalSize"] == 1
