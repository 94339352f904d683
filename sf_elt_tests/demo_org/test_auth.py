"""Who gets into the demo org, with the real client and with raw requests."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession

from sf_elt.demo_org.org import OrgFileError, Settings, create_org
from sf_elt.demo_org.serve import Details, running_org, serving
from sf_elt_tests.demo_org.oauth_client import app_of, ask_token, code_flow, data_status
from sf_elt_tests.orgs import How, client, levers

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def password_grant(details: Details, **changed: str) -> requests.Response:
    user = {"username": details.username, "password": details.password}
    return ask_token(details, **({"grant_type": "password"} | app_of(details) | user | changed))


def refresh(details: Details, refresh_token: str) -> requests.Response:
    return ask_token(details, grant_type="refresh_token", refresh_token=refresh_token, **app_of(details))


@pytest.mark.parametrize("how", get_args(How))
def test_simple_salesforce_logs_in_every_way(shared_org: Details, how: How) -> None:
    """Session id, SOAP password, connected app, JWT and client credentials all give a session that works."""
    sf = client(shared_org, how=how)
    assert f"http://{sf.sf_instance}" == shared_org.instance_url
    assert data_status(shared_org, sf.session_id) == 404


@pytest.mark.parametrize(
    ("how", "changed"),
    [
        ("password", {"password": "wrong"}),
        ("password", {"security_token": "wrong"}),
        ("password", {"username": "someone@else.example"}),
    ],
)
def test_soap_login_refuses_as_salesforce_words_it(shared_org: Details, how: How, changed: dict[str, str]) -> None:
    """A wrong name, password or security token is INVALID_LOGIN, whichever of them it was."""
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        client(shared_org, how=how, **changed)
    assert refused.value.code == "INVALID_LOGIN"
    assert "Invalid username, password, security token; or user locked out." in str(refused.value)


def test_password_grant_answers_with_all_that_salesforce_sends(shared_org: Details) -> None:
    """The token reply of the password grant is whole, and the password may end in the security token."""
    reply = password_grant(shared_org, password=shared_org.password + shared_org.security_token)
    assert reply.status_code == 200
    body = reply.json()
    members = ["access_token", "instance_url", "id", "issued_at", "signature", "token_type", "scope"]
    assert sorted(body) == sorted(members)
    assert body["instance_url"] == shared_org.instance_url
    assert data_status(shared_org, body["access_token"]) == 404


@pytest.mark.parametrize(
    ("changed", "error", "description"),
    [
        ({"password": "wrong"}, "invalid_grant", "authentication failure"),
        ({"username": "wrong"}, "invalid_grant", "authentication failure"),
        ({"client_id": "wrong"}, "invalid_client_id", "client identifier invalid"),
        ({"client_secret": "wrong"}, "invalid_client", "invalid client credentials"),
        ({"grant_type": "magic"}, "unsupported_grant_type", "grant type not supported"),
        ({"grant_type": "refresh_token"}, "invalid_grant", "expired access/refresh token"),
        ({"grant_type": JWT_BEARER}, "invalid_grant", "invalid assertion"),
    ],
)
def test_token_refusals_have_their_own_bodies(
    shared_org: Details, changed: dict[str, str], error: str, description: str
) -> None:
    """Each thing that can be wrong with a grant is answered with its own error, status 400."""
    reply = password_grant(shared_org, **changed)
    assert reply.status_code == 400
    assert reply.json() == {"error": error, "error_description": description}


def test_a_token_request_that_is_no_form_is_refused(shared_org: Details) -> None:
    """A multipart body without a boundary is an OAuth error, not the data API's."""
    for endpoint in ("token", "revoke"):
        address = f"{shared_org.instance_url}/services/oauth2/{endpoint}"
        reply = requests.post(address, data=b"x", headers={"Content-Type": "multipart/form-data"}, timeout=10)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


def test_refresh_token_buys_new_sessions_until_it_is_revoked(empty_org: Details) -> None:
    """A refresh token works again and again; a revoke ends it and all it bought, and knows dead tokens."""
    refresh_token = code_flow(empty_org)["refresh_token"]
    first, second = (refresh(empty_org, refresh_token).json()["access_token"] for _ in "12")
    assert first != second
    assert data_status(empty_org, second) == 404
    revoke = f"{empty_org.instance_url}/services/oauth2/revoke"
    assert requests.post(revoke, data={"token": refresh_token}, timeout=10).status_code == 200
    again = requests.get(revoke, params={"token": refresh_token}, timeout=10)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")
    nonsense = requests.post(revoke, data={"token": "nonsense"}, timeout=10)
    assert (nonsense.status_code, nonsense.json()["error"]) == (400, "unsupported_token_type")
    assert refresh(empty_org, refresh_token).json()["error_description"] == "expired access/refresh token"
    assert [data_status(empty_org, each) for each in (first, second)] == [401, 401]
    assert data_status(empty_org, empty_org.access_token) == 404


def test_an_access_token_is_revoked_alone(empty_org: Details) -> None:
    """Revoking an access token leaves its refresh token, which buys the next one."""
    tokens = code_flow(empty_org)
    revoke = f"{empty_org.instance_url}/services/oauth2/revoke"
    assert requests.get(revoke, params={"token": tokens["access_token"]}, timeout=10).status_code == 200
    assert data_status(empty_org, tokens["access_token"]) == 401
    assert refresh(empty_org, tokens["refresh_token"]).status_code == 200


def test_the_sixth_refresh_token_ends_the_first(org: Details) -> None:
    """Five refresh tokens live side by side for an app and a user; a sixth ends the oldest, another user's do not."""
    tokens = [code_flow(org)["refresh_token"] for _ in range(5)]
    code_flow(org, other_user(org))
    assert refresh(org, tokens[0]).status_code == 200
    tokens.append(code_flow(org)["refresh_token"])
    assert [refresh(org, each).status_code for each in tokens] == [400, 200, 200, 200, 200, 200]


def test_rotation_replaces_the_refresh_token() -> None:
    """Where refresh tokens rotate, the reply carries a new one, and sessions end with the new."""
    with running_org(records=0, settings=Settings(rotate_refresh_tokens=True)) as details:
        tokens = code_flow(details)
        new = refresh(details, tokens["refresh_token"]).json()["refresh_token"]
        newest = refresh(details, new).json()["refresh_token"]
        assert data_status(details, tokens["access_token"]) == 404
        requests.post(f"{details.instance_url}/services/oauth2/revoke", data={"token": newest}, timeout=10)
        assert data_status(details, tokens["access_token"]) == 401
        first = code_flow(details)
        latest = refresh(details, refresh(details, first["refresh_token"]).json()["refresh_token"]).json()
        assert refresh(details, first["refresh_token"]).status_code == 400  # shown twice: all of them end
        assert refresh(details, latest["refresh_token"]).status_code == 400
        assert data_status(details, latest["access_token"]) == 401


def other_user(details: Details) -> str:
    """The name of an active user who is not the one of the credentials."""
    found = client(details).query(
        f"SELECT Username FROM User WHERE IsActive = true AND Username != '{details.username}'"
    )
    username: str = found["records"][0]["Username"]
    return username


Claims = dict[str, Any]


@pytest.mark.parametrize(
    ("change", "description"),
    [
        (lambda claims: claims | {"sub": "some@body.example"}, "user hasn't approved this consumer"),
        (lambda claims: claims | {"aud": "https://test.salesforce.com"}, "audience is invalid"),
        (lambda claims: claims | {"aud": "https://example.org"}, "audience is invalid"),
        (lambda claims: claims | {"exp": claims["exp"] + 60}, "expired authorization code"),
        (lambda claims: claims | {"exp": claims["exp"] - 240}, "expired authorization code"),
        (lambda claims: claims | {"exp": "soon"}, "invalid assertion"),
        (lambda claims: claims | {"nbf": claims["exp"]}, "invalid assertion"),
        (lambda claims: claims | {"sub": "\ud800"}, "user hasn't approved this consumer"),
        (lambda claims: {name: value for name, value in claims.items() if name != "exp"}, "invalid assertion"),
    ],
)
def test_jwt_claims_are_checked(shared_org: Details, change: Callable[[Claims], Claims], description: str) -> None:
    """Issuer, subject, audience and life of an assertion must all be right; the same claims unchanged log in."""
    claims: Claims = {
        "iss": shared_org.client_id,
        "sub": shared_org.username,
        "aud": shared_org.instance_url,
        "exp": int((datetime.now(UTC) + timedelta(minutes=3)).timestamp()),
    }
    key = Path(shared_org.jwt_private_key_file).read_bytes()
    good, bad = (jwt.encode(each, key, algorithm="RS256") for each in (claims, change(claims)))
    assert ask_token(shared_org, grant_type=JWT_BEARER, assertion=good).status_code == 200
    reply = ask_token(shared_org, grant_type=JWT_BEARER, assertion=bad)
    assert reply.status_code == 400
    assert reply.json() == {"error": "invalid_grant", "error_description": description}


def test_jwt_clocks_may_differ_by_a_moment(shared_org: Details) -> None:
    """`iat` and `nbf` that a client rounded up to its next second are good."""
    soon = int(datetime.now(UTC).timestamp()) + 2
    claims = {"iss": shared_org.client_id, "sub": shared_org.username, "aud": shared_org.instance_url}
    key = Path(shared_org.jwt_private_key_file).read_bytes()
    assertion = jwt.encode(claims | {"iat": soon, "nbf": soon, "exp": soon + 120}, key, algorithm="RS256")
    assert ask_token(shared_org, grant_type=JWT_BEARER, assertion=assertion).status_code == 200


def test_jwt_must_be_signed_with_the_registered_key(shared_org: Details) -> None:
    """Another RSA key, a shared secret and no signature at all are refused."""
    claims = {
        "iss": shared_org.client_id,
        "sub": shared_org.username,
        "aud": "https://login.salesforce.com",
        "exp": int((datetime.now(UTC) + timedelta(minutes=1)).timestamp()),
    }
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    forged = [
        jwt.encode(claims, stranger, algorithm="RS256"),
        jwt.encode(claims, shared_org.client_secret, algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
    ]
    replies = [ask_token(shared_org, grant_type=JWT_BEARER, assertion=each).json() for each in forged]
    assert [reply["error_description"] for reply in replies] == ["invalid assertion"] * 3


def test_jwt_for_one_org_opens_no_other(shared_org: Details, empty_org: Details) -> None:
    """Orgs of one process have one key pair: the connected app that an assertion names is of one org only."""
    claims = {
        "iss": shared_org.client_id,
        "sub": empty_org.username,
        "aud": empty_org.instance_url,
        "exp": int((datetime.now(UTC) + timedelta(minutes=1)).timestamp()),
    }
    key = Path(shared_org.jwt_private_key_file).read_bytes()
    own, stranger = (
        jwt.encode(each, key, algorithm="RS256") for each in (claims | {"iss": empty_org.client_id}, claims)
    )
    assert ask_token(empty_org, grant_type=JWT_BEARER, assertion=own).status_code == 200
    assert ask_token(empty_org, grant_type=JWT_BEARER, assertion=stranger).status_code == 400


def test_sessions_end_when_they_are_not_used(empty_org: Details) -> None:
    """A session lives two hours from its last use; then the client sees INVALID_SESSION_ID."""
    levers(empty_org).advance(3600)
    assert data_status(empty_org, empty_org.access_token) == 404
    levers(empty_org).advance(2 * 3600 - 60)
    assert data_status(empty_org, empty_org.access_token) == 404
    levers(empty_org).advance(2 * 3600 + 1)
    with pytest.raises(SalesforceExpiredSession) as expired:
        client(empty_org).query("SELECT Id FROM Lead")
    assert expired.value.content == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_an_administrator_can_end_all_sessions(empty_org: Details) -> None:
    """After DELETE /demo/sessions the old token is refused and a new login works."""
    levers(empty_org).end_sessions()
    assert data_status(empty_org, empty_org.access_token) == 401
    assert data_status(empty_org, client(empty_org, how="password").session_id) == 404


@pytest.mark.parametrize(
    ("header", "code"),
    [(None, "INVALID_SESSION_ID"), ("Bearer nonsense", "INVALID_SESSION_ID"), ("Basic abc", "INVALID_AUTH_HEADER")],
)
def test_data_needs_a_live_session(shared_org: Details, header: str | None, code: str) -> None:
    """No header, an unknown token and another scheme are 401."""
    headers = {"Authorization": header} if header else {}
    reply = requests.get(f"{shared_org.instance_url}/services/data/v62.0/limits", headers=headers, timeout=10)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (401, code)


@pytest.mark.parametrize(
    "path", ["v62.0/limits", "62.0/query?q=SELECT+Id+FROM+Lead", "%7662.0/limits", "V62.0/limits", "/v62.0/limits", "x"]
)
def test_no_spelling_of_the_address_does_without_a_session(shared_org: Details, path: str) -> None:
    """All that is below /services/data is for users, however the version is written."""
    reply = requests.get(f"{shared_org.instance_url}/services/data/{path}", timeout=10)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_userinfo_says_who_the_token_speaks_for(shared_org: Details) -> None:
    """userinfo names the user and the organization; a bad token is 403 Bad_OAuth_Token."""
    address = f"{shared_org.instance_url}/services/oauth2/userinfo"
    known = requests.get(address, headers={"Authorization": f"Bearer {shared_org.access_token}"}, timeout=10).json()
    assert known["preferred_username"] == shared_org.username
    assert known["user_id"].startswith("005")
    assert known["organization_id"].startswith("00D")
    unknown = requests.get(address, headers={"Authorization": "Bearer x"}, timeout=10)
    assert (unknown.status_code, unknown.text) == (403, "Bad_OAuth_Token")


def test_a_kept_org_knows_its_clients_after_a_restart(tmp_path: Path) -> None:
    """Data, credentials and key of an org with a file are the same after a restart, and private to its owner."""
    file = tmp_path / "org.duckdb"
    seen = []
    for seed in (1, 2):
        org = create_org(seed=seed, records=60, file=file)
        with serving(org) as details:
            how: How
            for how in ("session", "password", "jwt"):
                assert data_status(details, client(details, how=how).session_id) == 404
            seen.append((org.credentials, org.store.count("Lead")))
        org.close()
    assert seen[0] == seen[1]
    for each in ("org.duckdb.credentials.json", "org.duckdb.key.pem"):
        assert (tmp_path / each).stat().st_mode & 0o777 == 0o600


def test_tokens_outlive_a_restart_of_a_kept_org(tmp_path: Path) -> None:
    """Sessions, refresh tokens and a changed password are there again after a restart; what was revoked is not."""
    file = tmp_path / "org.duckdb"
    with running_org(records=0, file=file) as details:
        kept, revoked = code_flow(details), code_flow(details)
        requests.post(
            f"{details.instance_url}/services/oauth2/revoke", data={"token": revoked["refresh_token"]}, timeout=10
        )
        change = {"username": details.username, "password": "mine-alone"}
        requests.post(f"{details.instance_url}/demo/users", json=change, timeout=10).raise_for_status()
    with running_org(records=0, file=file) as details:
        statuses = [data_status(details, tokens["access_token"]) for tokens in (kept, revoked)]
        refreshed = [refresh(details, tokens["refresh_token"]).status_code for tokens in (kept, revoked)]
        logged_in = [password_grant(details, password=each).status_code for each in ("mine-alone", details.password)]
    assert (statuses, refreshed, logged_in) == ([404, 401], [200, 400], [200, 400])
    for name in ("sessions", "passwords"):
        kept = tmp_path / f"org.duckdb.{name}.json"
        assert kept.stat().st_mode & 0o777 == 0o600
        kept.write_text("damaged")
        with pytest.raises(OrgFileError, match=rf"{name}\.json is damaged"):
            create_org(records=0, file=file)
        kept.unlink()
    create_org(records=0, file=file).close()


def test_secrets_stay_out_of_reprs(shared_org: Details) -> None:
    """Printing the connection details or the org's credentials shows no password, token, secret or key."""
    org = create_org(records=0)
    shown = repr(shared_org) + repr(org) + repr(org.credentials) + repr(org.sessions)
    org.close()
    credentials = org.credentials
    secrets = [credentials.password, credentials.security_token, credentials.client_secret, credentials.access_token]
    secrets += [shared_org.password, shared_org.security_token, shared_org.client_secret, shared_org.access_token]
    assert [secret for secret in secrets if secret in shown] == []
    assert "PRIVATE" not in shown
