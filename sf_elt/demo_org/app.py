"""The org as an ASGI application: its addresses, and what happens to every request on its way in and out."""

import re

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sf_elt.demo_org import admin, rest, streaming, tooling
from sf_elt.demo_org.auth import authorize, doors, identity, oauth
from sf_elt.demo_org.auth.api_session import api_session
from sf_elt.demo_org.bulk import ingest, query
from sf_elt.demo_org.bulk.v1 import answers
from sf_elt.demo_org.bulk.v1 import handlers as v1
from sf_elt.demo_org.bulk.v1.guard import ASYNC, GuardBulkV1
from sf_elt.demo_org.calls import RecordCalls
from sf_elt.demo_org.errors import OrgError, gone, not_found
from sf_elt.demo_org.faults import PlayFaults
from sf_elt.demo_org.metadata import soap as metadata_api
from sf_elt.demo_org.org import Org
from sf_elt.demo_org.soap import endpoint
from sf_elt.demo_org.soap.envelope import METADATA, PARTNER, fault_of, fault_reply
from sf_elt.demo_org.unwrap import UnwrapRequests
from sf_elt.demo_org.versions import api_version, is_retired

DATA = "/services/data/"
SLASHES = re.compile(rb"/+(?:services/data/v[0-9.]+/+)?")
"""Where several of them are one: in values of external ids they are not."""
LONGEST_HEAD = 16_384  # bytes of request line and headers together
LIMIT_INFO = b"sforce-limit-info"


def build_app(org: Org) -> Starlette:
    """The application of one org. Handlers reach the org through `request.app.state.org`."""
    app = Starlette(
        routes=[
            *oauth.routes(),
            *authorize.routes(),
            *identity.routes(),
            *doors.routes(),
            *endpoint.routes(),
            *metadata_api.routes(),
            *query.routes(),
            *ingest.routes(),
            *v1.routes(),
            *tooling.routes(),
            *rest.routes(),
            *streaming.routes(),
            *admin.routes(),
        ],
        middleware=[
            Middleware(OneSlash),
            Middleware(RecordCalls),
            Middleware(PlayFaults),
            Middleware(RefuseLongHeads),
            Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=1),
            Middleware(GuardData),
            Middleware(GuardBulkV1),
            Middleware(UnwrapRequests),
        ],
        exception_handlers={OrgError: _refused, HTTPException: _no_such_route, Exception: _unexpected},
    )
    app.state.org = org
    return app


class OneSlash:
    """ASGI middleware: `//services` is `/services`, as the CLI has it after an instance URL that ends in a slash.

    Behind the version too: restforce asks for `/services/data/v59.0//sobjects/Lead/updated/`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and b"//" in scope["raw_path"]:
            found = SLASHES.match(scope["raw_path"])
            end = found.end() if found else 0
            start = re.sub(b"/+", b"/", scope["raw_path"][:end])
            raw_path = start + scope["raw_path"][end:]
            scope = {**scope, "path": start.decode() + scope["path"][end:], "raw_path": raw_path}
        await self.app(scope, receive, send)


class RefuseLongHeads:
    """ASGI middleware: a request line and headers over 16,384 bytes get Salesforce's 414 or 431, an HTML page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        line = len(scope["method"]) + len(scope["raw_path"]) + len(scope["query_string"]) + len(" ? HTTP/1.1\r\n")
        head = line + sum(len(name) + len(value) + len(": \r\n") for name, value in scope["headers"])
        if head <= LONGEST_HEAD:
            await self.app(scope, receive, send)
            return
        status, reason = (414, "URI Too Long") if line > LONGEST_HEAD else (431, "Request Header Fields Too Large")
        page = f"<html><head><title>{status} {reason}</title></head><body><h1>{status} {reason}</h1></body></html>"
        await HTMLResponse(page, status_code=status)(scope, receive, send)


class GuardData:
    """ASGI middleware for /services/data/vNN.0: a live session, a call left in the allowance, a version that is spoken.

    Every reply says what is used of the allowance. The session is left in `request.state.session` for the handlers;
    a slash at the end of the address is dropped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(DATA) or scope["path"] == DATA:
            await self.app(scope, receive, send)
            return
        org: Org = scope["app"].state.org
        now = org.clock()
        header = Request(scope).headers.get("authorization", "")
        token = oauth.bearer_token(header)
        if header and token is None:
            await _refuse(OrgError(401, "INVALID_AUTH_HEADER", "INVALID_AUTH_HEADER"))(scope, receive, send)
            return
        try:
            session = api_session(org, token or "")
        except OrgError as error:
            await _refuse(error)(scope, receive, send)
            return
        scope.setdefault("state", {})["session"] = session
        send = _with_limit_info(org, send)
        if not org.allowance.spend(now):
            await _refuse(OrgError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))(
                scope, receive, send
            )
        elif api_version(version := scope["path"].removeprefix(DATA).partition("/")[0]) is None:
            await _refuse(gone() if is_retired(version) else not_found())(scope, receive, send)
        elif scope["raw_path"].endswith(b"/"):  # `/query/?q=` is `/query?q=`; an encoded slash belongs to a value
            await self.app({**scope, "path": scope["path"].removesuffix("/")}, receive, send)
        else:
            await self.app(scope, receive, send)


def _with_limit_info(org: Org, send: Send) -> Send:
    """A `send` that adds `Sforce-Limit-Info: api-usage=18/5000` to the reply."""

    async def send_with_info(message: Message) -> None:
        if message["type"] == "http.response.start":
            usage = f"api-usage={org.allowance.used(org.clock())}/{org.allowance.most}"
            message = {**message, "headers": [*message.get("headers", []), (LIMIT_INFO, usage.encode())]}
        await send(message)

    return send_with_info


def _refuse(error: OrgError) -> Response:
    headers = {"WWW-Authenticate": "Token"} if error.status == 401 else None
    return JSONResponse(error.body(), status_code=error.status, headers=headers)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, OrgError)  # noqa: S101 - Starlette types every handler for Exception
    return _refuse(error)


async def _no_such_route(request: Request, error: Exception) -> Response:
    """Addresses and methods that nobody serves."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette types every handler for Exception
    if error.status_code == 404:
        return _refuse(not_found())
    if error.status_code == 405:
        allowed = ",".join(sorted(_methods_at(request)))
        message = f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
        return JSONResponse(OrgError(405, "METHOD_NOT_ALLOWED", message).body(), 405, headers={"Allow": allowed})
    return _refuse(OrgError(error.status_code, "UNKNOWN_EXCEPTION", error.detail))


def _methods_at(request: Request) -> set[str]:
    """Every method that the address takes: several routes share it."""
    routes = (each for each in request.app.routes if isinstance(each, Route))
    here = [each for each in routes if each.matches(request.scope)[0] is not Match.NONE]
    return {method for route in here for method in route.methods or ()}


async def _unexpected(request: Request, error: Exception) -> Response:
    """A defect of the demo org itself: the client gets its API's 500; the server logs the traceback."""
    unknown = OrgError(500, "UNKNOWN_EXCEPTION", f"An unexpected error occurred. ({type(error).__name__})")
    path = request.url.path
    if path.startswith("/services/Soap/"):
        return fault_reply(METADATA if path.startswith("/services/Soap/m/") else PARTNER, fault_of(unknown))
    if path.startswith(ASYNC):
        internal = OrgError(500, "InternalServerError", unknown.message)
        return answers.refusal(internal, as_json=answers.speaks_json(request))
    return _refuse(unknown)
