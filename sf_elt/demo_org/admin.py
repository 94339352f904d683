"""The levers of a demonstration, under /demo/: not part of Salesforce, no session needed, loopback callers only.

GET    /demo/calls    {"total": n, "calls": [{at, method, path, query, status, rows}, …]}
DELETE /demo/calls    empties the record
POST   /demo/limits   {"DailyApiRequests": n, "used": 0}: a new maximum; "used": 0 gives back what was spent
POST   /demo/clock    {"advance_seconds": n}: moves the org's clock forward
DELETE /demo/sessions ends every access token, as an administrator or an expiry would
GET    /demo/faults   the planned faults and how often each was played
POST   /demo/faults   plans one fault or a list of them (see faults.py)
DELETE /demo/faults   forgets them all
"""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sf_elt.demo_org.faults import Fault
from sf_elt.demo_org.loopback import is_loopback
from sf_elt.demo_org.org import org_of


class Limits(BaseModel):
    """A new maximum, or spent calls given back."""

    model_config = ConfigDict(extra="forbid")

    DailyApiRequests: int | None = Field(default=None, ge=0)
    used: Literal[0] | None = None


class ClockMove(BaseModel):
    """How far the org's clock jumps ahead."""

    model_config = ConfigDict(extra="forbid")

    advance_seconds: float = Field(ge=0)


_limits = TypeAdapter(Limits)
_clock_move = TypeAdapter(ClockMove)
_faults: TypeAdapter[Fault | list[Fault]] = TypeAdapter(Fault | list[Fault])


def routes() -> list[Mount]:
    inside: list[Route] = [
        Route("/calls", show_calls, methods=["GET"]),
        Route("/calls", forget_calls, methods=["DELETE"]),
        Route("/limits", change_limits, methods=["POST"]),
        Route("/clock", move_clock, methods=["POST"]),
        Route("/sessions", end_sessions, methods=["DELETE"]),
        Route("/faults", show_faults, methods=["GET"]),
        Route("/faults", plan_faults, methods=["POST"]),
        Route("/faults", forget_faults, methods=["DELETE"]),
    ]
    return [Mount("/demo", app=_LoopbackOnly(Mount("", routes=inside)))]


class _LoopbackOnly:
    """Refuses callers from elsewhere, and web pages that reach loopback under a name of their own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        caller = request.client.host if request.client else ""
        if is_loopback(caller) and is_loopback(request.url.hostname or ""):
            await self.app(scope, receive, send)
        else:
            await JSONResponse({"error": "/demo is for loopback callers only"}, 403)(scope, receive, send)


async def show_calls(request: Request) -> Response:
    record = org_of(request).calls
    return JSONResponse({"total": record.total, "calls": [call.as_dict() for call in record.kept()]})


async def forget_calls(request: Request) -> Response:
    org_of(request).calls.clear()
    return Response(status_code=204)


async def change_limits(request: Request) -> Response:
    org = org_of(request)
    try:
        wanted = _limits.validate_json(await request.body())
    except ValidationError as error:
        return _not_understood(error)
    if wanted.used == 0:
        org.allowance.forget()
    if wanted.DailyApiRequests is not None:
        org.allowance.most = wanted.DailyApiRequests
    return JSONResponse({"DailyApiRequests": org.allowance.most, "used": org.allowance.used(org.clock())})


async def move_clock(request: Request) -> Response:
    org = org_of(request)
    try:
        move = _clock_move.validate_json(await request.body())
    except ValidationError as error:
        return _not_understood(error)
    org.clock.advance(timedelta(seconds=move.advance_seconds))
    return JSONResponse({"now": org.clock().isoformat()})


async def end_sessions(request: Request) -> Response:
    return JSONResponse({"ended": org_of(request).sessions.revoke_all()})


async def show_faults(request: Request) -> Response:
    return JSONResponse(
        [
            {**planned.fault.model_dump(), "passed": planned.passed, "played": planned.played}
            for planned in org_of(request).faults.planned()
        ]
    )


async def plan_faults(request: Request) -> Response:
    try:
        given = _faults.validate_json(await request.body())
    except ValidationError as error:
        return _not_understood(error)
    org_of(request).faults.add(given if isinstance(given, list) else [given])
    return Response(status_code=204)


async def forget_faults(request: Request) -> Response:
    org_of(request).faults.clear()
    return Response(status_code=204)


def _not_understood(error: ValidationError) -> Response:
    found = error.json(include_url=False, include_context=False, include_input=False)
    return Response(found, 400, media_type="application/json")
