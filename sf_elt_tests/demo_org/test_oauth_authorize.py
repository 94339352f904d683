"""The authorize page: log in, consent and the way back, driven over HTTP as a browser does."""

import base64
import hashlib
import hmac
from collections.abc import Iterator

import jwt
import pytest
import requests

from sf_elt.demo_org.auth.apps import ConnectedApp
from sf_elt.demo_org.org import Settings
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.oauth_client import (
    CALLBACK,
    CHALLENGE,
    Browser,
    app_of,
    ask_token,
    authorize,
    code_flow,
    code_grant,
    data_status,
    told,
)
from sf_elt_tests.orgs import levers

STRICT = ConnectedApp(
    name="Strict <app>",
    client_id="strict",
    client_secret="hush",
    callback_urls=("https://strict.example/callback?fixed=1", "strict://callback"),
    scopes=("api", "refresh_token"),
    pkce_required=True,
    secret_required=True,
)
CLOSED = ConnectedApp(
    name="Closed", client_id="closed", callback_urls=(CALLBACK,), scopes=("api",), permitted_users="admin-approved"
)


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    """One org for the tests of this module, with two apps more; each test brings a browser of its own."""
    with running_org(seed=7, records=60, settings=Settings(apps=(STRICT, CLOSED))) as details:
        yield details


def test_a_code_buys_tokens_once(org: Details) -> None:
    """Log in, allow, swap the code: the session works, state comes back as sent, a second use is refused."""
    answer = authorize(org, code_challenge=CHALLENGE, scope="api refresh_token")
    assert answer["state"] == "s&1"
    tokens = ask_token(org, **code_grant(org, answer["code"]))
    assert tokens.status_code == 200, tokens.text
    assert data_status(org, tokens.json()["access_token"]) == 404
    assert tokens.json()["scope"] == "api refresh_token"
    assert tokens.json()["refresh_token"]
    again = ask_token(org, **code_grant(org, answer["code"]))
    assert (again.status_code, again.json()) == (
        400,
        {"error": "invalid_grant", "error_description": "expired authorization code"},
    )


def test_the_signature_proves_the_identity_to_who_has_the_secret(org: Details) -> None:
    """`signature` is the base64 HMAC-SHA256 of `id` and `issued_at` by the client secret."""
    reply = code_flow(org)
    expected = hmac.new(org.client_secret.encode(), (reply["id"] + reply["issued_at"]).encode(), hashlib.sha256)
    assert base64.b64decode(reply["signature"]) == expected.digest()


@pytest.mark.parametrize(
    ("changed", "error", "description"),
    [
        ({"code": "nonsense"}, "invalid_grant", "invalid authorization code"),
        ({"code_verifier": "x" * 43}, "invalid_grant", "invalid code verifier"),
        ({"code_verifier": ""}, "invalid_grant", "invalid code verifier"),
        ({"redirect_uri": "http://localhost:1717/other"}, "redirect_uri_mismatch", None),
        ({"client_id": "PlatformCLI"}, "invalid_grant", "invalid authorization code"),
        ({"client_id": "nobody"}, "invalid_client_id", "client identifier invalid"),
        ({"client_secret": "wrong"}, "invalid_client", "invalid client credentials"),
    ],
)
def test_a_code_needs_all_that_it_was_given_for(
    org: Details, changed: dict[str, str], error: str, description: str | None
) -> None:
    """Another verifier, callback, app or secret than the code's own is refused, each in its own words."""
    code = authorize(org, code_challenge=CHALLENGE, scope="api", prompt="consent")["code"]
    reply = ask_token(org, **code_grant(org, code, **changed))
    assert (reply.status_code, reply.json()["error"]) == (400, error)
    assert reply.json()["error_description"] == (description or "redirect_uri must match configuration")


def test_without_pkce_the_secret_is_needed(org: Details) -> None:
    """A code without a challenge is worth nothing without the app's secret, and nothing with a verifier."""
    codes = [authorize(org)["code"] for _ in range(3)]
    no_secret = ask_token(org, **code_grant(org, codes[0], code_verifier=""))
    with_secret = ask_token(org, **code_grant(org, codes[1], code_verifier="", **app_of(org)))
    with_verifier = ask_token(org, **code_grant(org, codes[2], **app_of(org)))
    assert (no_secret.json()["error"], with_secret.status_code) == ("invalid_client", 200)
    assert with_verifier.json()["error_description"] == "invalid code verifier"


def test_codes_are_short_lived(empty_org: Details) -> None:
    """A code that waited for fifteen minutes is an expired one."""
    code = authorize(empty_org, code_challenge=CHALLENGE)["code"]
    levers(empty_org).advance(15 * 60)
    reply = ask_token(empty_org, **code_grant(empty_org, code))
    assert reply.json()["error_description"] == "expired authorization code"


def test_denying_tells_the_app(org: Details) -> None:
    """Deny sends access_denied to the callback, and grants nothing for the next time."""
    browser = Browser(org)
    asked = browser.open(client_id="PlatformCLI", scope="web")
    answer = told(browser.decide(browser.log_in(asked), "deny"))
    assert answer == {"error": "access_denied", "error_description": "end-user denied authorization", "state": "s&1"}
    assert "Allow access?" in browser.open(client_id="PlatformCLI", scope="web").text


def test_consent_is_asked_once(empty_org: Details) -> None:
    """Who is logged in and has allowed before goes straight back; prompt insists; more scopes ask again."""
    browser = Browser(empty_org)
    assert told(browser.decide(browser.log_in(browser.open(scope="api"))))["code"]
    assert told(browser.open(scope="api"))["code"]
    assert "Allow access?" in browser.open(scope="api", prompt="consent").text
    assert "Allow access?" in browser.open(scope="api web").text
    again = browser.open(scope="api", prompt="login")
    assert "<h1>Log in</h1>" in again.text
    assert told(browser.log_in(again))["code"]
    both = browser.log_in(browser.open(scope="api", prompt="login consent"))
    assert "Allow access?" in both.text


def test_revoking_the_last_refresh_token_takes_the_consent_back(empty_org: Details) -> None:
    """An app is asked about again after the last of its refresh tokens was revoked, not before."""
    browser = Browser(empty_org)
    browser.decide(browser.log_in(browser.open(code_challenge=CHALLENGE)))
    codes = [told(browser.open(code_challenge=CHALLENGE))["code"] for _ in "12"]
    tokens = [ask_token(empty_org, **code_grant(empty_org, code)).json()["refresh_token"] for code in codes]
    asked = []
    for token in tokens:
        revoke = f"{empty_org.instance_url}/services/oauth2/revoke"
        requests.post(revoke, data={"token": token}, timeout=10).raise_for_status()
        asked.append("Allow access?" in browser.open().text)
    assert asked == [False, True]


def test_immediate_never_shows_a_page(empty_org: Details) -> None:
    """immediate=true answers with a code or with immediate_unsuccessful."""
    browser = Browser(empty_org)
    assert told(browser.open(immediate="true"))["error"] == "immediate_unsuccessful"
    browser.log_in(browser.open())
    assert told(browser.open(immediate="true"))["error"] == "immediate_unsuccessful"
    browser.decide(browser.open())
    assert told(browser.open(immediate="true"))["code"]
    assert told(browser.open(prompt="none"))["code"]


def test_login_hint_and_a_wrong_password(org: Details) -> None:
    """login_hint fills in the name; a wrong password keeps it, says so, and lets the user try again."""
    browser = Browser(org)
    page = browser.open(login_hint='who"<b>@example')
    assert 'value="who&#34;&lt;b&gt;@example"' in page.text
    refused = browser.log_in(page, org.username, "wrong")
    assert "Please check your username and password." in refused.text
    assert f'value="{org.username}"' in refused.text
    assert told(browser.decide(browser.log_in(refused)))["code"]


@pytest.mark.parametrize(
    ("asked", "error", "description"),
    [
        ({"client_id": "nobody"}, "invalid_client_id", "client identifier invalid"),
        ({"redirect_uri": ""}, "redirect_uri_missing", "redirect_uri not provided"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri_mismatch", "redirect_uri must match configuration"),
        ({"redirect_uri": "http://localhost@evil.example/"}, "redirect_uri_mismatch", None),
        ({"redirect_uri": "http://localhost.evil.example/"}, "redirect_uri_mismatch", None),
        ({"redirect_uri": "http://evil.example\\@localhost/"}, "redirect_uri_mismatch", None),
        ({"redirect_uri": "http://evil.example%5C@localhost/"}, "redirect_uri_mismatch", None),
        ({"redirect_uri": "https://localhost/"}, "redirect_uri_mismatch", None),
        (
            {"client_id": "strict", "redirect_uri": STRICT.callback_urls[0]},
            "invalid_request",
            "missing required code challenge",
        ),
        ({"client_id": "strict"}, "redirect_uri_mismatch", None),
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_the_apps(
    org: Details, asked: dict[str, str], error: str, description: str | None
) -> None:
    """What may be an attacker's request is answered with a page, never with a redirect."""
    reply = Browser(org).open(**asked)
    assert reply.status_code == 400
    assert f"{error} : {description or 'redirect_uri must match configuration'}" in reply.text


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": ""}, "unsupported_response_type"),
        ({"scope": "api everything"}, "invalid_scope"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_the_app_is_told_what_is_wrong_with_its_request(org: Details, asked: dict[str, str], error: str) -> None:
    """Errors of a request whose callback is the app's own go there, with the state."""
    answer = told(Browser(org).open(**asked))
    assert (answer["error"], answer["state"]) == (error, "s&1")


def test_a_strict_app(org: Details) -> None:
    """An app that demands PKCE and its secret gets both, at exactly its callback, whose own query stays."""
    asked = {"client_id": "strict", "redirect_uri": STRICT.callback_urls[0], "code_challenge": CHALLENGE}
    browser = Browser(org)
    page = browser.log_in(browser.open(**asked, prompt="consent"))
    assert "Strict &lt;app&gt;" in page.text
    answer = told(browser.decide(page))
    assert answer["fixed"] == "1"
    form = {"client_id": "strict", "redirect_uri": STRICT.callback_urls[0], "client_secret": "hush"}
    tokens = ask_token(org, **code_grant(org, answer["code"], **form)).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": "strict"}
    assert ask_token(org, **refresh).json()["error"] == "invalid_client"
    assert ask_token(org, **refresh, client_secret="hush").status_code == 200


def test_an_app_for_approved_users_only(org: Details) -> None:
    """A user whom no administrator approved is not asked for consent but refused."""
    browser = Browser(org)
    answer = told(browser.log_in(browser.open(client_id="closed")))
    assert answer["error"] == "OAUTH_APP_ACCESS_DENIED"
    assert answer["error_description"] == "user is not admin approved to access this app"


def test_the_user_agent_flow_answers_in_the_fragment(org: Details) -> None:
    """response_type=token gives the session behind the #; a refresh token only to an app on a device."""
    browser = Browser(org)
    reply = browser.decide(browser.log_in(browser.open(response_type="token", scope="api refresh_token")))
    assert "?" not in reply.headers["Location"]
    answer = told(reply)
    assert answer["state"] == "s&1"
    assert "refresh_token" not in answer
    assert data_status(org, answer["access_token"]) == 404
    device = Browser(org)
    asked = {"client_id": "strict", "redirect_uri": "strict://callback", "code_challenge": CHALLENGE}
    answer = told(device.decide(device.log_in(device.open(response_type="token", **asked))))
    assert data_status(org, answer["access_token"]) == 404
    assert answer["refresh_token"]


def test_an_id_token_is_signed_with_the_published_key(org: Details) -> None:
    """The scope openid brings an ID token with the nonce, which the keys at jwks_uri prove."""
    tokens = code_flow(org, scope="openid api", nonce="n-1")
    known = requests.get(f"{org.instance_url}/.well-known/openid-configuration", timeout=10).json()
    assert known["issuer"] == org.instance_url
    key = jwt.PyJWKClient(known["jwks_uri"]).get_signing_key_from_jwt(tokens["id_token"])
    claims = jwt.decode(tokens["id_token"], key, algorithms=["RS256"], audience=org.client_id, issuer=org.instance_url)
    assert (claims["sub"], claims["nonce"]) == (tokens["id"], "n-1")
    answer = authorize(org, response_type="id_token token", scope="openid", nonce="n-2", prompt="consent")
    assert jwt.decode(answer["id_token"], key, algorithms=["RS256"], audience=org.client_id)["nonce"] == "n-2"


def test_another_site_cannot_answer_for_the_user(org: Details) -> None:
    """A form is good for the browser it was shown to, once; pages cannot be framed and forms carry no cookie abroad."""
    victim, attacker = Browser(org), Browser(org)
    consent = victim.log_in(victim.open(prompt="login consent"))
    cookie = consent.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert consent.headers["X-Frame-Options"] == "DENY"
    attacker.log_in(attacker.open())
    stolen = attacker.decide(consent)
    assert (stolen.status_code, "OAUTH_APPROVAL_ERROR_GENERIC" in stolen.text) == (400, True)
    assert told(victim.decide(consent))["code"]
    assert victim.decide(consent).status_code == 400


def test_not_you_and_logout_end_the_login(org: Details) -> None:
    """'Not you?' shows the login page again; /secur/logout.jsp makes the next visit log in."""
    browser = Browser(org)
    page = browser.log_in(browser.open(prompt="login consent"))
    again = browser.decide(page, "switch")
    assert "<h1>Log in</h1>" in again.text
    browser.log_in(again)
    assert "<h1>Log in</h1>" not in browser.open(prompt="consent").text
    assert browser.session.get(f"{org.instance_url}/secur/logout.jsp", timeout=10).status_code == 200
    assert "<h1>Log in</h1>" in browser.open().text


def test_a_new_login_ends_the_old_one(org: Details) -> None:
    """Each login gives the browser a new cookie; the one before, which somebody may have copied, is good no more."""
    browser, copy = Browser(org), Browser(org)
    browser.log_in(browser.open(prompt="login consent"))
    copy.session.cookies.update(browser.session.cookies)
    assert "<h1>Log in</h1>" not in copy.open(prompt="consent").text
    browser.log_in(browser.open(prompt="login consent"))
    assert "<h1>Log in</h1>" in copy.open(prompt="consent").text


def test_the_doors_of_a_user_interface_say_that_there_is_none(org: Details) -> None:
    """frontdoor.jsp tells whose session it was given, and refuses a dead one; / names the API's address."""
    door = f"{org.instance_url}/secur/frontdoor.jsp"
    assert org.username in requests.get(door, params={"sid": org.access_token}, timeout=10).text
    assert requests.post(door, data={"sid": "dead"}, timeout=10).status_code == 403
    assert "/services/data/v" in requests.get(org.instance_url, timeout=10).text
