"""OAuth 2.0 at an org's endpoints: Authlib speaks it, over a transport of ours that bounds and repeats each call.

Salesforce Help, "OAuth Authorization Flows"; RFC 6749 (grants), 7009 (revoke), 7523 (JWT bearer), 7636 (PKCE).
"""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import requests
from pydantic import BaseModel, Field, ValidationError

from sf_elt.plain_file import read_file
from sf_elt.salesforce.connection.login import Login, org_address, require_token
from sf_elt.salesforce.connection.refused_logins import refusal
from sf_elt.salesforce.connection.transport import OrgTransport, carried_by
from sf_elt.salesforce.errors import AuthenticationFailed, OrgUnavailable, RequestRefused, SalesforceError

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

log = logging.getLogger(__name__)

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIVES = 120  # seconds; Salesforce takes three minutes at most, and clocks differ
SCOPES = "api refresh_token"


@dataclass(frozen=True)
class Granted:
    """What the token endpoint answered: a session at `instance_url`, and perhaps a refresh token."""

    instance_url: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)


class _Reply(BaseModel):
    """The token endpoint's answer, as far as it is used."""

    instance_url: str
    access_token: str = Field(repr=False)
    refresh_token: str | None = Field(default=None, repr=False)


class _User(BaseModel):
    preferred_username: str = ""


def authorization(login: Login, *, callback: str, verifier: str) -> tuple[str, str]:
    """The address where a user logs in and lets the app in, and the `state` that it comes back with."""
    from authlib.integrations.requests_client import OAuth2Session

    client = OAuth2Session(
        client_id=login.consumer_key, redirect_uri=callback, scope=SCOPES, code_challenge_method="S256"
    )
    with client:
        address, state = client.create_authorization_url(_endpoint(login, "authorize"), code_verifier=verifier)
    return str(address), str(state)


def new_verifier() -> str:
    """A secret for PKCE: 43 random characters of base64url (RFC 7636, section 4.1)."""
    return secrets.token_urlsafe(32)


def by_code(
    login: Login, transport: OrgTransport, answered: str, *, callback: str, state: str, verifier: str
) -> Granted:
    """Spends the code of the address that a browser was sent back to, which has the `state` that it went with."""
    with _client(login, transport, redirect_uri=callback, state=state) as client:
        return _granted(
            login,
            transport,
            lambda url: client.fetch_token(url, authorization_response=answered, code_verifier=verifier),
            *parse_qs(urlsplit(answered).query).get("code", []),
        )


def by_refresh_token(login: Login, transport: OrgTransport, refresh_token: str) -> Granted:
    """A new session. The org may replace the refresh token: then the answer has the one that counts from now on."""
    with _client(login, transport) as client:
        return _granted(
            login, transport, lambda url: client.refresh_token(url, refresh_token=refresh_token), refresh_token
        )


def by_key(login: Login, transport: OrgTransport) -> Granted:
    """A session for the user that the private key speaks for. No refresh token: the key opens the next one."""
    assertion = _assertion(login)
    with _client(login, transport) as client:
        return _granted(
            login, transport, lambda url: client.fetch_token(url, grant_type=JWT_BEARER, assertion=assertion), assertion
        )


def by_app(login: Login, transport: OrgTransport) -> Granted:
    """A session of the app itself, as the user that it is set up to run as."""
    with _client(login, transport) as client:
        return _granted(login, transport, lambda url: client.fetch_token(url, grant_type="client_credentials"))


def by_password(login: Login, transport: OrgTransport) -> Granted:
    """A session for a user name and a password with the security token at its end."""
    user = {"username": login.username, "password": login.password}
    with _client(login, transport) as client:
        return _granted(login, transport, lambda url: client.fetch_token(url, grant_type="password", **user))


def revoke(login: Login, transport: OrgTransport, token: str) -> bool:
    """Ends a refresh token with its sessions, or a session; False where it had ended before."""
    with _client(login, transport) as client:
        try:
            client.revoke_token(_endpoint(login, "revoke"), token=token)
        except RequestRefused as error:
            if error.code in ("invalid_token", "unsupported_token_type"):
                return False
            # what the org says may repeat the token
            raise RequestRefused(f"{login.login_url} does not revoke the login", code=error.code) from None
    return True


def username_of(granted: Granted, transport: OrgTransport) -> str:
    """Who the session speaks for; empty where the org does not say: the login is good without."""
    with carried_by(transport, requests.Session()) as http:
        address = f"{granted.instance_url}/services/oauth2/userinfo"
        try:
            reply = http.get(address, headers={"Authorization": f"Bearer {granted.access_token}"})
            return _User.model_validate_json(reply.content).preferred_username
        except (SalesforceError, ValidationError) as error:
            log.debug("the org does not say who has logged in: %s", type(error).__name__)
            return ""


def _client(login: Login, transport: OrgTransport, **settings: str) -> "OAuth2Session":
    from authlib.integrations.requests_client import OAuth2Session

    client = OAuth2Session(
        client_id=login.consumer_key,
        client_secret=login.consumer_secret,
        token_endpoint_auth_method="client_secret_post" if login.consumer_secret else "none",
        revocation_endpoint_auth_method="none",
        **settings,
    )
    return carried_by(transport, client)


def _endpoint(login: Login, name: str) -> str:
    return f"{login.login_url.rstrip('/')}/services/oauth2/{name}"


def _granted(login: Login, transport: OrgTransport, ask: Callable[[str], Mapping[str, object]], *sent: str) -> Granted:
    """What was granted. Raises AuthenticationFailed in the org's words, OrgUnavailable for what is no answer.

    `sent` are the secrets of this one call, which those words may repeat, like those of the login.
    """
    from authlib.common.errors import AuthlibBaseError

    try:
        reply = _Reply.model_validate(ask(_endpoint(login, "token")))
    except AuthlibBaseError as error:
        said = str(error.description or error.error)
        raise refusal(login, said, error.error, transport.clock_differs, *sent) from None
    except requests.HTTPError as error:
        status = error.response.status_code
        raise OrgUnavailable(f"{login.login_url} answers a login with {status}; run it again", status=status) from None
    except ValueError:  # what is no JSON, or not what a grant is; the message would repeat it
        raise OrgUnavailable(f"{login.login_url} answers a login with what breaks off; run it again") from None
    instance_url = org_address(login.login_url, reply.instance_url)
    require_token("access_token", reply.access_token)
    return Granted(instance_url, reply.access_token, reply.refresh_token or None)


def _assertion(login: Login) -> str:
    """What proves that the private key is ours (RFC 7523): without `iat`, as what lives for minutes needs none."""
    import jwt

    claims = {
        "iss": login.consumer_key,
        "sub": login.username,
        "aud": _audience(login),
        "exp": int(time.time()) + ASSERTION_LIVES,
    }
    key = login.private_key or key_in(Path(login.private_key_file or ""))
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except (jwt.PyJWTError, TypeError, ValueError) as error:  # what it holds; the message does not repeat it
        raise AuthenticationFailed(f"the private key is no RSA key in PEM form: {error}") from error


def key_in(file: Path) -> str:
    """The text of a private key's file. Raises AuthenticationFailed where it cannot be read, or is no text."""
    try:
        return read_file(file).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise AuthenticationFailed(f"the private key cannot be read: {error}") from error


def _audience(login: Login) -> str:
    """The host that the login is for; of Salesforce's own, without the port of a proxy."""
    parts = urlsplit(login.login_url)
    host = parts.hostname or ""
    return f"https://{host}" if host.endswith(".salesforce.com") else f"{parts.scheme}://{parts.netloc}"
