"""ASGI middleware for /services/async: the session in the X-SFDC-Session header, and the day's allowance of calls."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from sf_elt.demo_org.auth.api_session import api_session
from sf_elt.demo_org.bulk.v1.answers import refusal, speaks_json
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.org import Org
from sf_elt.demo_org.versions import api_version, is_retired

ASYNC = "/services/async/"


class GuardBulkV1:
    """Leaves the session in `request.state.session`; refuses in this API's own words, always with 400 (recorded)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(ASYNC):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            scope.setdefault("state", {})["session"] = _session(request)
            _check(request)
        except OrgError as error:
            await refusal(error, as_json=speaks_json(request))(scope, receive, send)
            return
        await self.app({**scope, "path": scope["path"].removesuffix("/")}, receive, send)


def _session(request: Request) -> object:
    token = request.headers.get("x-sfdc-session")
    if token is None:
        raise OrgError(400, "InvalidSessionId", "Unable to find session id")
    org: Org = request.app.state.org
    try:
        return api_session(org, token)
    except OrgError as error:
        raise OrgError(400, "InvalidSessionId", "Invalid session id") from error


def _check(request: Request) -> None:
    org: Org = request.app.state.org
    if not org.allowance.spend(org.clock()):
        raise OrgError(400, "ExceededQuota", "TotalRequests Limit exceeded.")
    version = request.url.path.removeprefix(ASYNC).partition("/")[0]
    if is_retired(f"v{version}"):
        raise OrgError(400, "InvalidVersion", f"version {version} is retired")
    if api_version(f"v{version}") is None:
        raise OrgError(400, "InvalidUrl", f"unknown version: {version}")
