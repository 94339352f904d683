"""ASGI middleware that plays the planned faults. Outside compression, to cut and change what is really sent."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sf_elt.demo_org.faults.answers import CutBody, Trickle, alter, rows_found, shorten, whole_answer
from sf_elt.demo_org.faults.fault import Asked, Fault, Refusal
from sf_elt.demo_org.faults.inside import Inside, changed_inside
from sf_elt.demo_org.faults.plan import FaultPlan, Turn
from sf_elt.demo_org.faults.refusals import refusal_of, reply_of
from sf_elt.demo_org.numbers import whole_number

if TYPE_CHECKING:
    from sf_elt.demo_org.org import Org

TRANSPORT = "sf_elt.demo_org.transport"  # the ASGI extension by which the server hands over the connection
TICK = 0.02  # seconds between two looks whether what waits may go on
SOAP_SESSION = re.compile(rb"<(?:[\w-]+:)?sessionId>\s*([^<\s]+)\s*<")
CURSOR = re.compile(r"^(?P<before>.*/query(?:All)?/[^/]+-)(?P<start>\d+)$")


@dataclass(frozen=True)
class Played:
    """A request that a fault meets, on its way to the org."""

    app: ASGIApp
    turn: Turn
    scope: Scope
    receive: Receive
    send: Send

    @property
    def fault(self) -> Fault:
        return self.turn.fault

    @property
    def org(self) -> "Org":
        org: Org = self.scope["app"].state.org
        return org

    async def go_on(self, *, scope: Scope | None = None, send: Send | None = None) -> None:
        """Lets the org answer."""
        await self.app(self.scope if scope is None else scope, self.receive, send or self.send)

    async def wait_until(self, is_time: Callable[[], bool]) -> None:
        """Waits until it is time, at most until the plan is forgotten."""
        while not self.turn.lifted.is_set() and not is_time():
            await asyncio.sleep(TICK)

    async def go_on_with(self, change: Inside) -> None:
        """Lets the org answer while something in it is other than usual."""
        with changed_inside(change):
            await self.go_on()


class PlayFaults:
    """Looks every request under /services up in the plan, and plays the fault that it meets."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plan: FaultPlan = scope["app"].state.org.faults
        if scope["type"] != "http" or plan.is_empty or not scope["path"].startswith("/services"):
            await self.app(scope, receive, send)
            return
        asked = Asked(
            scope["method"],
            scope["path"],
            scope["query_string"].decode("latin-1"),
            tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
        )
        if plan.looks_at_body_of(asked):
            body = await Request(scope, receive).body()
            asked = Asked(asked.method, asked.path, asked.query_string, asked.headers, body.decode(errors="replace"))
            receive = _again(body, receive)
        turn = plan.next_for(asked)
        if turn is None:
            await self.app(scope, receive, send)
        else:
            scope.setdefault("state", {})["fault"] = turn.fault.name
            await _PLAYS[turn.fault.action](Played(self.app, turn, scope, receive, send))


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already, then what else comes."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


async def _reply(played: Played) -> None:
    assert played.fault.reply is not None  # noqa: S101 - the action of the fault
    await reply_of(played.fault.reply)(played.scope, played.receive, played.send)


async def _refuse(played: Played) -> None:
    refusal = played.fault.refuse
    assert refusal is not None  # noqa: S101 - the action of the fault
    if refusal.over_rows is not None:
        answer = await whole_answer(played.app, played.scope, played.receive)
        if (rows_found(answer) or 0) <= refusal.over_rows:
            await answer.leave(played.send)
            return
    await refusal_of(refusal, played.scope)(played.scope, played.receive, played.send)


async def _drop(played: Played) -> None:
    if played.fault.drop == "body":
        await played.go_on(send=CutBody(played.send, played.fault.drop_after_bytes))
        await _cut(played, at_once=False)
        return
    if played.fault.drop == "upload":
        await played.receive()
    if played.fault.drop == "after":
        await played.go_on(send=_swallow)
    await _cut(played)


async def _swallow(message: Message) -> None:
    """A `send` that sends nothing."""


async def _cut(played: Played, *, at_once: bool = True) -> None:
    """Ends the connection, at once or after what was written has left, and waits until it has ended."""
    transport: asyncio.Transport = played.scope["extensions"][TRANSPORT]["transport"]
    if at_once:
        transport.abort()
    else:
        transport.close()
    while (await played.receive())["type"] != "http.disconnect":
        pass


async def _delay(played: Played) -> None:
    end = monotonic() + (played.fault.delay or 0)
    await played.wait_until(lambda: monotonic() >= end)
    await played.go_on()


async def _trickle(played: Played) -> None:
    if played.scope["method"] == "HEAD":  # its body, which stays here, is no reason to wait
        await played.go_on()
        return
    first_byte = monotonic() + played.fault.trickle_after
    await played.wait_until(lambda: monotonic() >= first_byte)
    await played.go_on(send=Trickle(played.send, played.fault.trickle or 1, played.turn.lifted))


async def _change_answer(played: Played) -> None:
    answer = await whole_answer(played.app, played.scope, played.receive)
    if played.fault.shorten is not None:
        shorten(answer, played.fault.shorten)
    if played.fault.alter is not None:
        alter(answer, played.fault.alter)
    await answer.leave(played.send)


async def _end_session(played: Played) -> None:
    """Ends the session that the request names, where its API looks for it, and lets the org refuse the request."""
    if played.scope["path"].startswith("/services/Soap"):
        body = await Request(played.scope, played.receive).body()
        in_envelope = SOAP_SESSION.search(body)
        token = in_envelope.group(1).decode("latin-1") if in_envelope else ""
        played = replace(played, receive=_again(body, played.receive))
    else:
        headers = Request(played.scope).headers
        token = headers.get("x-sfdc-session") or headers.get("authorization", "").partition(" ")[2]
    played.org.sessions.revoke(token)
    await played.go_on()


async def _lock_rows(played: Played) -> None:
    await played.go_on_with(Inside(locked_rows=frozenset(played.fault.lock_rows or ())))


async def _late_commit(played: Played) -> None:
    """What is saved carries the time of now, and is saved when the plan is forgotten or the org's clock has gone on."""
    clock, late = played.org.clock, played.fault.late_commit
    began = clock()
    until = None if late is True else began + timedelta(seconds=late)
    with played.org.store.begun_at(began.astimezone(UTC).replace(tzinfo=None, microsecond=0)):
        await played.wait_until(lambda: until is not None and clock() >= until)
        await played.go_on()


async def _hold_job(played: Played) -> None:
    await played.go_on_with(Inside(hold_job_until=played.turn.lifted))


async def _end_job(played: Played) -> None:
    await played.go_on_with(Inside(job_end=played.fault.end_job))


async def _page_size(played: Played) -> None:
    """REST queries ask for it inside; a bulk result takes it as if the client had wished for no more."""
    size = played.fault.page_size or 1
    scope = played.scope
    if scope["path"].endswith("/results"):
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        query["maxRecords"] = str(min(size, whole_number(query.get("maxRecords", "")) or size))
        scope = {**scope, "query_string": urlencode(query).encode()}
    with changed_inside(Inside(page_size=size)):
        await played.go_on(scope=scope)


async def _repeat_rows(played: Played) -> None:
    """The page begins as many rows early as are to come twice; pages of other resources stay as they are."""
    found = CURSOR.match(played.scope["path"])
    if found is None:
        await played.go_on()
        return
    start = max(0, int(found["start"]) - (played.fault.repeat_rows or 0))
    path = f"{found['before']}{start}"
    await played.go_on(scope={**played.scope, "path": path, "raw_path": path.encode()})


async def _change_schema(played: Played) -> None:
    """The schema changes as POST /demo/schema would change it, then the org answers the request."""
    body = json.dumps(played.fault.change_schema).encode()
    headers = [(b"content-type", b"application/json"), (b"host", b"127.0.0.1")]
    scope = {**played.scope, "method": "POST", "path": "/demo/schema", "raw_path": b"/demo/schema", "query_string": b""}
    scope |= {"headers": headers, "client": ("127.0.0.1", 0), "state": {}}
    answer = await whole_answer(played.app, scope, _again(body, played.receive))
    if answer.start["status"] < 400:
        await played.go_on()
        return
    message = f"the planned change of the schema was refused: {answer.body.decode(errors='replace')}"
    await refusal_of(Refusal(status=500, code="UNKNOWN_EXCEPTION", message=message), played.scope)(
        played.scope, played.receive, played.send
    )


_PLAYS: dict[str, Callable[[Played], Awaitable[None]]] = {
    "reply": _reply,
    "refuse": _refuse,
    "drop": _drop,
    "delay": _delay,
    "trickle": _trickle,
    "shorten": _change_answer,
    "alter": _change_answer,
    "end_session": _end_session,
    "lock_rows": _lock_rows,
    "late_commit": _late_commit,
    "hold_job": _hold_job,
    "end_job": _end_job,
    "page_size": _page_size,
    "repeat_rows": _repeat_rows,
    "change_schema": _change_schema,
}
