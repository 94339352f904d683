"""Planned faults: the seam through which tests and demonstrations make the org misbehave on purpose.

A fault names the requests it meets (method and path, both regular expressions), lets `after` of them pass, then meets
`times` of them (None = for ever) and does one thing:

    {"path": "/query", "reply": {"status": 401, "body": [{"errorCode": "INVALID_SESSION_ID", "message": "…"}]}}
    {"path": "/query", "reply": {"status": 503}}
    {"path": "/query", "reply": {"status": 200, "body": "<h1>Back soon</h1>", "headers": {"Content-Type": "text/html"}}}
    {"path": "/query", "drop": "before"}      the connection ends before the request is looked at
    {"path": "/composite", "drop": "after"}   the request takes effect, its answer is lost
    {"path": "/results", "drop": "body"}      the connection ends in the middle of the body
    {"path": "/query", "delay": 2.5}          the answer comes that many seconds late
    {"path": "/jobs/query$", "method": "POST", "hold_job": true}   the job stays InProgress while the fault is planned
"""

import asyncio
import re
import threading
from dataclasses import dataclass, field
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRANSPORT = "sf_elt.demo_org.transport"  # the ASGI extension by which the server hands over the connection


class Reply(BaseModel):
    """The answer given instead of the real one."""

    model_config = ConfigDict(extra="forbid")

    status: int = Field(ge=200, le=599)
    body: JsonValue = None
    headers: dict[str, str] = {}


class Fault(BaseModel):
    """One planned fault; exactly one of `reply`, `drop`, `delay` and `hold_job`."""

    model_config = ConfigDict(extra="forbid")

    path: str
    method: str = ".*"
    after: int = Field(default=0, ge=0)
    times: int | None = Field(default=1, ge=1)
    reply: Reply | None = None
    drop: Literal["before", "after", "body"] | None = None
    delay: float | None = Field(default=None, gt=0, le=600)
    hold_job: bool = False

    @field_validator("path", "method")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return pattern

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        actions = [self.reply is not None, self.drop is not None, self.delay is not None, self.hold_job]
        if sum(actions) != 1:
            raise ValueError("a fault does exactly one of: reply, drop, delay, hold_job")
        return self

    def meets(self, method: str, path: str) -> bool:
        return re.fullmatch(self.method, method) is not None and re.search(self.path, path) is not None


@dataclass
class PlannedFault:
    """A fault and how often it has been passed and played."""

    fault: Fault
    passed: int = 0
    played: int = 0
    lifted: threading.Event = field(default_factory=threading.Event)


class FaultPlan:
    """The faults planned at the moment, in the order they were given; the first that meets a request plays."""

    def __init__(self) -> None:
        self._planned: list[PlannedFault] = []
        self._lock = threading.Lock()

    def add(self, faults: list[Fault]) -> None:
        with self._lock:
            self._planned.extend(PlannedFault(fault) for fault in faults)

    def planned(self) -> list[PlannedFault]:
        with self._lock:
            return list(self._planned)

    def clear(self) -> None:
        """Forgets every fault; jobs that were held go on."""
        with self._lock:
            for planned in self._planned:
                planned.lifted.set()
            self._planned.clear()

    def next_for(self, method: str, path: str) -> PlannedFault | None:
        """The fault to play on this request, counted as played."""
        with self._lock:
            for planned in self._planned:
                if not planned.fault.meets(method, path):
                    continue
                if planned.passed < planned.fault.after:
                    planned.passed += 1
                elif planned.fault.times is None or planned.played < planned.fault.times:
                    planned.played += 1
                    return planned
        return None


class PlayFaults:
    """ASGI middleware: looks every request under /services up in the plan. Outside compression, to cut what is sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        planned = None
        if scope["type"] == "http" and scope["path"].startswith("/services"):
            planned = scope["app"].state.org.faults.next_for(scope["method"], scope["path"])
        if planned is None:
            await self.app(scope, receive, send)
        else:
            await self._play(planned, scope, receive, send)

    async def _play(self, planned: PlannedFault, scope: Scope, receive: Receive, send: Send) -> None:
        fault = planned.fault
        if fault.reply is not None:
            await _response(fault.reply)(scope, receive, send)
        elif fault.drop == "before":
            await _cut(scope, receive)
        elif fault.drop == "after":
            await self.app(scope, receive, _swallow)
            await _cut(scope, receive)
        elif fault.drop == "body":
            await self.app(scope, receive, _HalfBody(send))
            await _cut(scope, receive, at_once=False)
        elif fault.delay is not None:
            await asyncio.sleep(fault.delay)
            await self.app(scope, receive, send)
        else:
            scope.setdefault("state", {})["hold_job_until"] = planned.lifted
            await self.app(scope, receive, send)


class _HalfBody:
    """A `send` that lets the headers and half of the first piece of the body out, and nothing after that."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._done = False

    async def __call__(self, message: Message) -> None:
        if self._done:
            return
        if message["type"] == "http.response.body":
            self._done = True
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await self._send(message)


def _response(reply: Reply) -> Response:
    if isinstance(reply.body, str):
        return PlainTextResponse(reply.body, status_code=reply.status, headers=reply.headers)
    body = [{"errorCode": "SERVER_UNAVAILABLE", "message": "planned fault"}] if reply.body is None else reply.body
    return JSONResponse(body, status_code=reply.status, headers=reply.headers)


async def _swallow(message: Message) -> None:
    """A `send` that sends nothing."""


async def _cut(scope: Scope, receive: Receive, *, at_once: bool = True) -> None:
    """Ends the connection, at once or after what was written has left, and waits until it has ended."""
    transport: asyncio.Transport = scope["extensions"][TRANSPORT]["transport"]
    if at_once:
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
