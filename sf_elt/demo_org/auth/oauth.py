"""OAuth 2.0: /services/oauth2/token, /services/oauth2/revoke, /services/oauth2/userinfo.

Refusals carry the bodies that Salesforce documents for its token endpoint ("OAuth 2.0 errors").
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import unquote

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.auth.credentials import same
from sf_elt.demo_org.auth.jwt_bearer import AssertionRefused, check_assertion
from sf_elt.demo_org.org import Org, org_of

SCOPE = "refresh_token api id full"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class GrantRefused(Exception):
    """No token. `error` and `description` become the body of the 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


def routes() -> list[Route]:
    return [
        Route("/services/oauth2/token", token, methods=["POST"]),
        Route("/services/oauth2/revoke", revoke, methods=["GET", "POST"]),
        Route("/services/oauth2/userinfo", userinfo, methods=["GET", "POST"]),
    ]


async def token(request: Request) -> Response:
    """Exchanges a grant for an access token."""
    org = org_of(request)
    try:
        form = await _form(request)
        grant = GRANTS.get(_text(form, "grant_type"))
        if grant is None:
            raise GrantRefused("unsupported_grant_type", "grant type not supported")
        return JSONResponse(grant(org, request, form), headers={"Cache-Control": "no-store"})
    except GrantRefused as refusal:
        return _oauth_error(refusal)


def _oauth_error(refusal: GrantRefused) -> Response:
    return JSONResponse({"error": refusal.error, "error_description": refusal.description}, status_code=400)


async def _form(request: Request) -> FormData:
    """The form in the body. Raises GrantRefused where it cannot be read."""
    try:
        return await request.form()
    except HTTPException as error:
        raise GrantRefused("invalid_request", error.detail) from error


def _password(org: Org, request: Request, form: FormData) -> dict[str, str]:
    _check_client(org, request, form)
    if not org.credentials.accepts_password(_text(form, "username"), _text(form, "password")):
        raise GrantRefused("invalid_grant", "authentication failure")
    user_id = org.credentials.user_id
    return _token_reply(org, user_id) | {"refresh_token": org.sessions.issue_refresh_token(user_id)}


def _refresh_token(org: Org, request: Request, form: FormData) -> dict[str, str]:
    _check_client(org, request, form)
    given = _text(form, "refresh_token")
    user_id = org.sessions.user_of_refresh_token(given)
    if user_id is None:
        raise GrantRefused("invalid_grant", "expired access/refresh token")
    reply = _token_reply(org, user_id)
    if org.settings.rotate_refresh_tokens:
        org.sessions.revoke(given)
        reply["refresh_token"] = org.sessions.issue_refresh_token(user_id)
    return reply


def _jwt_bearer(org: Org, request: Request, form: FormData) -> dict[str, str]:
    try:
        check_assertion(_text(form, "assertion"), org.credentials, org.instance_url, datetime.now(UTC))
    except AssertionRefused as refusal:
        raise GrantRefused("invalid_grant", refusal.description) from refusal
    return _token_reply(org, org.credentials.user_id)


def _client_credentials(org: Org, request: Request, form: FormData) -> dict[str, str]:
    _check_client(org, request, form)
    return _token_reply(org, org.credentials.user_id)


GRANTS: dict[str, Callable[[Org, Request, FormData], dict[str, str]]] = {
    "password": _password,
    "refresh_token": _refresh_token,
    JWT_BEARER: _jwt_bearer,
    "client_credentials": _client_credentials,
}


async def revoke(request: Request) -> Response:
    """Ends an access or refresh token: 200 without a body, 400 for one that is not live."""
    try:
        given = request.query_params.get("token") or _text(await _form(request), "token")
    except GrantRefused as refusal:
        return _oauth_error(refusal)
    if org_of(request).sessions.revoke(given):
        return Response(status_code=200)
    return JSONResponse({"error": "invalid_token", "error_description": "invalid token: " + given[:5] + "…"}, 400)


async def userinfo(request: Request) -> Response:
    """Who the access token speaks for, in OpenID Connect's words."""
    org = org_of(request)
    session = org.sessions.find(bearer_token(request.headers.get("authorization", "")) or "", org.clock())
    if session is None:
        return PlainTextResponse("Bad_OAuth_Token", status_code=403)
    credentials = org.credentials
    return JSONResponse(
        {
            "sub": _identity_url(org, session.user_id),
            "user_id": session.user_id,
            "organization_id": credentials.organization_id,
            "preferred_username": credentials.username,
            "nickname": credentials.username.partition("@")[0],
            "name": credentials.display_name,
            "email": credentials.email,
            "email_verified": True,
            "zoneinfo": "GMT",
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "active": True,
            "urls": {
                "rest": f"{org.instance_url}/services/data/v{{version}}/",
                "query": f"{org.instance_url}/services/data/v{{version}}/query/",
                "sobjects": f"{org.instance_url}/services/data/v{{version}}/sobjects/",
                "partner": f"{org.instance_url}/services/Soap/u/{{version}}/{credentials.organization_id}",
            },
        }
    )


def bearer_token(header: str) -> str | None:
    """The token of an Authorization header; Salesforce takes the schemes `Bearer` and `OAuth`."""
    scheme, _, given = header.partition(" ")
    return given.strip() or None if scheme.lower() in ("bearer", "oauth") else None


def _token_reply(org: Org, user_id: str) -> dict[str, str]:
    now = org.clock()
    identity = _identity_url(org, user_id)
    issued_at = str(int(now.timestamp() * 1000))
    signature = hmac.new(org.credentials.client_secret.encode(), (identity + issued_at).encode(), hashlib.sha256)
    return {
        "access_token": org.sessions.open(user_id, now).token,
        "signature": base64.b64encode(signature.digest()).decode(),
        "scope": SCOPE,
        "instance_url": org.instance_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }


def _identity_url(org: Org, user_id: str) -> str:
    return f"{org.instance_url}/id/{org.credentials.organization_id}/{user_id}"


def _check_client(org: Org, request: Request, form: FormData) -> None:
    """The connected app's key and secret, from the form or from a Basic header."""
    client_id, client_secret = _basic(request.headers.get("authorization", "")) or (
        _text(form, "client_id"),
        _text(form, "client_secret"),
    )
    if not same(client_id, org.credentials.client_id):
        raise GrantRefused("invalid_client_id", "client identifier invalid")
    if not org.credentials.accepts_client(client_id, client_secret):
        raise GrantRefused("invalid_client", "invalid client credentials")


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise GrantRefused("invalid_request", "the Authorization header is not readable") from error
    return (unquote(client_id), unquote(client_secret)) if colon else None


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
