"""The token endpoint for several users and apps: who gets what, and how each refusal reads."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sf_elt.demo_org.auth.apps import AppsFileError, ConnectedApp, read_apps
from sf_elt.demo_org.org import Settings
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.oauth_client import CALLBACK, app_of, ask_token, authorize, code_flow, data_status
from sf_elt_tests.orgs import client

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
INTEGRATION = "integration@demo-org.example"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_KEY = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
CERTIFICATE = (
    x509.CertificateBuilder()
    .subject_name(SOMEBODY := x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")]))
    .issuer_name(SOMEBODY)
    .public_key(KEY.public_key())
    .serial_number(1)
    .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
    .sign(KEY, hashes.SHA256())
    .public_bytes(serialization.Encoding.PEM)
    .decode()
)
SERVER = ConnectedApp(
    name="Server", client_id="server", client_secret="s3cret", scopes=("api",), certificate=CERTIFICATE,
    callback_urls=(CALLBACK,), session_minutes=5,
)  # fmt: skip
CLOSED = ConnectedApp(
    name="Closed", client_id="closed", client_secret="s3cret", permitted_users="admin-approved",
    certificate=PUBLIC_KEY, run_as=INTEGRATION,
)  # fmt: skip
LOOKER = ConnectedApp(
    name="Looker", client_id="looker", scopes=("id", "openid", "refresh_token"), callback_urls=(CALLBACK,)
)
BRIEF = ConnectedApp(
    name="Brief", client_id="brief", scopes=("api", "refresh_token"), callback_urls=(CALLBACK,), refresh_tokens="never"
)


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    """One org for the tests of this module, with four apps more."""
    with running_org(seed=7, records=60, settings=Settings(apps=(SERVER, CLOSED, LOOKER, BRIEF))) as details:
        yield details


@pytest.fixture(scope="module")
def other_users(org: Details) -> list[dict[str, str | bool]]:
    """The users who are not the one of the credentials, the active ones first."""
    query = f"SELECT Id, Username, IsActive FROM User WHERE Username != '{INTEGRATION}' ORDER BY IsActive DESC, Id"
    return [dict(each) for each in client(org).query(query)["records"]]


def refusal(reply: requests.Response) -> tuple[int, str, str]:
    return reply.status_code, reply.json()["error"], reply.json()["error_description"]


def assertion(app: str, username: str, audience: str) -> str:
    claims = {"iss": app, "sub": username, "aud": audience, "exp": datetime.now(UTC) + timedelta(minutes=2)}
    return jwt.encode(claims, KEY, algorithm="RS256")


def password_grant(org: Details, username: str, **changed: str) -> requests.Response:
    user = {"grant_type": "password", "username": username, "password": org.password}
    return ask_token(org, **(app_of(org) | user | changed))


def test_every_active_user_logs_in(org: Details, other_users: list[dict[str, str | bool]]) -> None:
    """The org's password opens every active user, in any letter case of the name; each session is that user's own."""
    somebody = other_users[0]
    reply = password_grant(org, str(somebody["Username"]).upper())
    assert reply.json()["id"].endswith(f"/{somebody['Id']}")
    soap = client(org, how="password", username=somebody["Username"])
    made = soap.Lead.create({"LastName": "Own", "Company": "Own"})["id"]
    assert soap.Lead.get(made)["CreatedById"] == somebody["Id"]


def test_an_inactive_user_does_not(org: Details) -> None:
    """Deactivating a user ends the sessions; the password and a refresh token from better days are refused by name."""
    admin = client(org)
    user = admin.query("SELECT Id, Username FROM User WHERE IsActive = true ORDER BY Id DESC LIMIT 1")["records"][0]
    tokens = code_flow(org, user["Username"])
    assert data_status(org, tokens["access_token"]) == 404
    admin.User.update(user["Id"], {"IsActive": False})
    inactive = (400, "invalid_grant", "inactive user")
    assert refusal(password_grant(org, user["Username"])) == inactive
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert refusal(ask_token(org, **app_of(org), **form)) == inactive
    assert data_status(org, tokens["access_token"]) == 401
    known = requests.get(tokens["id"], headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10)
    assert (known.status_code, known.text) == (403, "Inactive_User")
    door = f"{org.instance_url}/secur/frontdoor.jsp"
    assert requests.get(door, params={"sid": tokens["access_token"]}, timeout=10).status_code == 403


def test_ten_wrong_passwords_lock_a_user_out(empty_org: Details) -> None:
    """After ten in a row the right password does not help for fifteen minutes; nine are forgotten by a login."""
    name = empty_org.username
    wrong, right = {"password": "wrong"}, {"password": empty_org.password}
    tries = [wrong] * 9 + [right] + [wrong] * 10 + [right]
    statuses = [password_grant(empty_org, name, **each).status_code for each in tries]
    assert statuses == [400] * 9 + [200] + [400] * 11
    requests.post(f"{empty_org.instance_url}/demo/clock", json={"advance_seconds": 900}, timeout=10)
    assert password_grant(empty_org, name).status_code == 200


def test_jwt_needs_the_users_consent_first(org: Details) -> None:
    """A self-authorize app's assertion is refused until its user has let it in; unknown apps and users are refused."""
    form = {"grant_type": JWT_BEARER, "assertion": assertion("server", INTEGRATION, "https://login.salesforce.com")}
    assert refusal(ask_token(org, **form)) == (400, "invalid_grant", "user hasn't approved this consumer")
    authorize(org, client_id="server")
    reply = ask_token(org, **form).json()
    assert sorted(reply) == ["access_token", "id", "instance_url", "scope", "token_type"]
    assert reply["scope"] == "api"
    nobody = assertion("nobody", INTEGRATION, org.instance_url)
    assert refusal(ask_token(org, grant_type=JWT_BEARER, assertion=nobody))[1] == "invalid_client_id"
    unproven = assertion("looker", INTEGRATION, org.instance_url)
    assert refusal(ask_token(org, grant_type=JWT_BEARER, assertion=unproven))[2] == "invalid assertion"


def test_an_apps_certificate_is_checked_when_it_is_told() -> None:
    """What is neither a certificate nor a public key is refused at once, not at the first login."""
    with pytest.raises(ValueError, match="neither a certificate nor a public key in PEM"):
        ConnectedApp(name="Bad", client_id="bad", certificate=CERTIFICATE.replace("MII", "NOT"))


def test_jwt_may_end_in_milliseconds(org: Details) -> None:
    """`exp` as the Salesforce CLI sends it, 300 milliseconds ahead in milliseconds, is good; an hour ahead is not."""
    key = Path(org.jwt_private_key_file).read_bytes()
    claims = {"iss": org.client_id, "sub": INTEGRATION, "aud": "https://login.salesforce.com"}
    now = int(datetime.now(UTC).timestamp() * 1000)
    assertions = [jwt.encode(claims | {"exp": now + ahead}, key, algorithm="RS256") for ahead in (300, 3_600_000)]
    replies = [ask_token(org, grant_type=JWT_BEARER, assertion=each) for each in assertions]
    assert [reply.status_code for reply in replies] == [200, 400]


def test_an_app_for_approved_users_refuses_the_others(org: Details) -> None:
    """Where administrators approve users, JWT, password and client credentials all say invalid_app_access."""
    app = {"client_id": "closed", "client_secret": "s3cret"}
    forms = [
        {"grant_type": JWT_BEARER, "assertion": assertion("closed", INTEGRATION, org.instance_url)},
        {"grant_type": "password", "username": INTEGRATION, "password": org.password},
        {"grant_type": "client_credentials"},
    ]
    expected = (400, "invalid_app_access", "user is not admin approved to access this app")
    assert [refusal(ask_token(org, **app, **form)) for form in forms] == [expected] * 3


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({}, "unsupported_grant_type", "grant type not supported"),
        (
            {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"},
            "unsupported_grant_type",
            "grant type not supported",
        ),
        ({"grant_type": "client_credentials"}, "invalid_client_id", "client identifier invalid"),
        ({"grant_type": "client_credentials", "client_id": "server"}, "invalid_client", "invalid client credentials"),
        (
            {"grant_type": "client_credentials", "client_id": "server", "client_secret": "s3cret"},
            "invalid_grant",
            "no client credentials user enabled",
        ),
        ({"grant_type": "refresh_token", "client_id": "looker"}, "invalid_grant", "expired access/refresh token"),
        (
            {"grant_type": "authorization_code", "client_id": "looker"},
            "invalid_grant",
            "invalid authorization code",
        ),
    ],
)
def test_what_is_missing_is_named(org: Details, form: dict[str, str], error: str, description: str) -> None:
    """A request without what its grant needs is refused in Salesforce's words."""
    assert refusal(ask_token(org, **form)) == (400, error, description)


def test_the_token_endpoint_takes_its_parameters_by_post_alone(org: Details) -> None:
    """In the address of a POST or with a Basic header it works, by GET it does not; format chooses the reply's form."""
    address, form = f"{org.instance_url}/services/oauth2/token", {"grant_type": "client_credentials"}
    basic = requests.post(address, data=form, auth=(org.client_id, org.client_secret), timeout=10)
    in_address = requests.post(address, params=form | app_of(org), timeout=10)
    assert [basic.status_code, in_address.status_code] == [200, 200]
    assert refusal(requests.get(address, params=form | app_of(org), timeout=10))[2] == "must use HTTP POST"
    encoded = ask_token(org, **form, **app_of(org), format="urlencoded")
    assert "access_token=" in encoded.text
    assert "<error>invalid_client</error>" in ask_token(org, **form, client_id="server", format="xml").text
    unreadable = requests.post(address, data=form, headers={"Authorization": "Basic ?"}, timeout=10)
    assert refusal(unreadable)[1] == "invalid_request"


def test_client_credentials_get_what_a_server_needs(org: Details) -> None:
    """No refresh token, and neither full, web nor refresh_token among the scopes."""
    reply = ask_token(org, grant_type="client_credentials", **app_of(org)).json()
    assert "refresh_token" not in reply
    assert {"full", "web", "refresh_token"}.isdisjoint(reply["scope"].split())
    assert data_status(org, reply["access_token"]) == 404


def test_scopes_say_what_a_session_is_good_for(org: Details) -> None:
    """Without `api` a session reads who its user is and nothing else; an unknown scope is refused."""
    tokens = code_flow(org, client_id="looker")
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert requests.get(tokens["id"], headers=headers, timeout=10).status_code == 200
    refused = requests.get(f"{org.instance_url}/services/data/v62.0/limits", headers=headers, timeout=10)
    expected = {"errorCode": "INVALID_SESSION_ID", "message": "This session is not valid for use with the REST API"}
    assert (refused.status_code, refused.json()) == (401, [expected])
    assert refusal(password_grant(org, INTEGRATION, scope="everything"))[1] == "invalid_scope"
    assert password_grant(org, INTEGRATION, scope="api").json()["scope"] == "api"


def test_an_app_decides_about_refresh_tokens(org: Details) -> None:
    """An app may have none, a token buys no more scopes than it has, and is worth nothing to another app."""
    assert "refresh_token" not in code_flow(org, client_id="brief")
    foreign = code_flow(org, client_id="looker")["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": foreign, "client_id": "looker"}
    narrower, wider = (ask_token(org, **form, scope=scope) for scope in ("id", "id api"))
    assert (narrower.json()["scope"], refusal(wider)[1]) == ("id", "invalid_scope")
    reply = ask_token(org, grant_type="refresh_token", refresh_token=foreign, **app_of(org))
    assert refusal(reply)[2] == "expired access/refresh token"


def test_an_app_decides_how_long_its_sessions_live() -> None:
    """A session of an app with five minutes is over after five, the org's own is not."""
    with running_org(records=0, settings=Settings(apps=(SERVER,))) as details:
        form = {"grant_type": "password", "username": details.username, "password": details.password}
        short = ask_token(details, client_id="server", client_secret="s3cret", **form).json()["access_token"]
        requests.post(f"{details.instance_url}/demo/clock", json={"advance_seconds": 300}, timeout=10)
        assert [data_status(details, each) for each in (short, details.access_token)] == [401, 404]


def test_levers_change_passwords_and_apps(empty_org: Details) -> None:
    """A password of one's own, an expired one, ended sessions, and an app more, while the org runs."""
    users, apps = f"{empty_org.instance_url}/demo/users", f"{empty_org.instance_url}/demo/apps"
    assert [user["username"] for user in requests.get(users, timeout=10).json()] == [empty_org.username]
    me = {"username": empty_org.username}
    requests.post(users, json=me | {"password": "mine"}, timeout=10).raise_for_status()
    assert refusal(password_grant(empty_org, empty_org.username))[2] == "authentication failure"
    assert password_grant(empty_org, empty_org.username, password="mine").status_code == 200
    requests.post(users, json=me | {"password_expired": True}, timeout=10).raise_for_status()
    token = password_grant(empty_org, empty_org.username, password="mine").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    expired = requests.get(f"{empty_org.instance_url}/services/data/v62.0/limits", headers=headers, timeout=10)
    assert (expired.status_code, expired.json()[0]["errorCode"]) == (401, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD")
    requests.post(users, json=me | {"password": "new", "end_sessions": True}, timeout=10).raise_for_status()
    assert data_status(empty_org, empty_org.access_token) == 401
    assert requests.post(users, json={"username": "nobody"}, timeout=10).status_code == 400
    new_app = {"name": "Late", "client_id": "late", "client_secret": "x", "run_as": empty_org.username}
    requests.post(apps, json=new_app, timeout=10).raise_for_status()
    assert ask_token(empty_org, grant_type="client_credentials", client_id="late", client_secret="x").status_code == 200
    assert "client_secret" not in requests.get(apps, timeout=10).text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {name: A, client_id: a, scopes: [everything]}", "0.scopes.0"),
        ("- {name: A}", "0.client_id"),
        ("- {name: A, client_id: a}\n- {name: B, client_id: a}", "same client_id"),
        ("- {name: A, client_id: a, colour: red}", "0.colour"),
        ("[", "cannot be read"),
    ],
)
def test_a_file_of_apps_says_where_it_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    """The message names the file, the place and what is wrong."""
    file = tmp_path / "apps.yaml"
    file.write_text(text)
    with pytest.raises(AppsFileError, match=message) as refused:
        read_apps(file)
    assert str(file) in str(refused.value)


def test_a_file_of_apps_is_read(tmp_path: Path) -> None:
    """YAML gives the apps it describes, with defaults for the rest."""
    file = tmp_path / "apps.yaml"
    file.write_text("- {name: A, client_id: a, refresh_tokens: rotate, callback_urls: ['http://localhost:*']}")
    (app,) = read_apps(file)
    assert (app.refresh_tokens, app.scopes, app.takes_callback("http://127.0.0.1:81/x")) == (
        "rotate",
        ("api", "id", "refresh_token"),
        True,
    )
