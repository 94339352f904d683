"""OAuth 2.0 for programs: /services/oauth2/token, /services/oauth2/introspect, /services/oauth2/revoke."""

import base64
from collections.abc import Mapping
from urllib.parse import unquote, urlencode
from xml.sax.saxutils import escape

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.auth.apps import ConnectedApp
from sf_elt.demo_org.auth.grants import GrantRefused, TokenRequest, grant
from sf_elt.demo_org.auth.hosts import address_of, host_of
from sf_elt.demo_org.auth.replies import identity_url
from sf_elt.demo_org.org import Org, org_of

NO_STORE = {"Cache-Control": "no-cache, no-store"}


def routes() -> list[Route]:
    return [
        Route("/services/oauth2/token", token, methods=["GET", "POST"]),
        Route("/services/oauth2/introspect", introspect, methods=["POST"]),
        Route("/services/oauth2/revoke", revoke, methods=["GET", "POST"]),
    ]


async def token(request: Request) -> Response:
    """Exchanges a grant for an access token; `format` chooses json (the default), urlencoded or xml."""
    wanted = ""
    try:
        if request.method != "POST":
            raise GrantRefused("invalid_request", "must use HTTP POST")
        parameters = await _parameters(request)
        wanted = parameters.get("format", "")
        asked = TokenRequest(org_of(request), host_of(request), address_of(request), parameters)
        return _formatted(await run_in_threadpool(grant, asked), 200, wanted)
    except GrantRefused as refusal:
        return _formatted(_error(refusal), 400, wanted)


async def introspect(request: Request) -> Response:
    """Whether a token is live, and for whom (RFC 7662). Asked by the app that holds it, with its secret."""
    org = org_of(request)
    try:
        parameters = await _parameters(request)
        app = org.apps.get(parameters.get("client_id", ""))
        if app is None:
            raise GrantRefused("invalid_client_id", "client identifier invalid")
        if not app.takes_secret(parameters.get("client_secret", "")):
            raise GrantRefused("invalid_client", "invalid client credentials")
    except GrantRefused as refusal:
        return JSONResponse(_error(refusal), 400, headers=NO_STORE)
    found = await run_in_threadpool(_introspected, org, app, parameters.get("token", ""), address_of(request))
    return JSONResponse(found, headers=NO_STORE)


def _introspected(org: Org, app: ConnectedApp, given: str, address: str) -> dict[str, object]:
    """What the app may know of a token: nothing of another's."""
    session, issued = org.sessions.peek(given, org.clock()), org.sessions.refresh_token(given)
    known = session or issued
    user = org.users.with_id(known.user_id) if known else None
    if known is None or known.client_id != app.client_id or user is None or not user.is_active:
        return {"active": False}
    found: dict[str, object] = {
        "active": True,
        "scope": " ".join(known.scopes),
        "client_id": known.client_id,
        "username": user.username,
        "sub": identity_url(address, org, user.id),
        "token_type": "access_token" if session else "refresh_token",
        "iat": int(known.issued_at.timestamp()),
        "nbf": int(known.issued_at.timestamp()),
    }
    return found | {"exp": int(session.expires_at.timestamp())} if session else found


async def revoke(request: Request) -> Response:
    """Ends an access token, or a refresh token with its sessions: 200 without a body, 400 for one that is not live."""
    org = org_of(request)
    try:
        given = (await _parameters(request)).get("token", "")
    except GrantRefused as refusal:
        return JSONResponse(_error(refusal), 400)
    if org.sessions.revoke(given):
        return Response(status_code=200)
    if given.startswith((f"{org.credentials.organization_id[:15]}!", "5Aep861")):
        dead = GrantRefused("invalid_token", f"invalid token: {given}")
    else:
        dead = GrantRefused("unsupported_token_type", "this token type is not supported")
    return JSONResponse(_error(dead), 400)


def bearer_token(header: str) -> str | None:
    """The token of an Authorization header; Salesforce takes the schemes `Bearer` and `OAuth`."""
    scheme, _, given = header.partition(" ")
    return given.strip() or None if scheme.lower() in ("bearer", "oauth") else None


async def _parameters(request: Request) -> dict[str, str]:
    """The parameters of the address and the form; client_id and client_secret of a Basic header win."""
    try:
        form = await request.form()
    except HTTPException as error:
        raise GrantRefused("invalid_request", error.detail) from error
    given = dict(request.query_params) | {name: value for name, value in form.items() if isinstance(value, str)}
    return given | _basic(request.headers.get("authorization", ""))


def _basic(header: str) -> dict[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client_id, colon, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise GrantRefused("invalid_request", "the Authorization header is not readable") from error
    if not colon:
        raise GrantRefused("invalid_request", "the Authorization header is not readable")
    return {"client_id": unquote(client_id), "client_secret": unquote(client_secret)}


def _error(refusal: GrantRefused) -> dict[str, str]:
    return {"error": refusal.error, "error_description": refusal.description}


def _formatted(body: Mapping[str, str], status: int, wanted: str) -> Response:
    if wanted == "urlencoded":
        return Response(urlencode(body), status, NO_STORE, "application/x-www-form-urlencoded")
    if wanted == "xml":
        inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in body.items())
        return Response(f'<?xml version="1.0" encoding="UTF-8"?><OAuth>{inside}</OAuth>', status, NO_STORE, "text/xml")
    return JSONResponse(dict(body), status, headers=NO_STORE)
