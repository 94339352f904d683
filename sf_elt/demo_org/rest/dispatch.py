"""A request inside another, through the application's own routes: the same session, one API call for all.

Composite resources and the SOAP API are made of such subrequests.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, unquote

import orjson
from pydantic import JsonValue
from starlette.concurrency import run_in_threadpool
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.types import Message, Scope

from sf_elt.demo_org.errors import OrgError

_Answer = TypeVar("_Answer")
_SHOWN_HEADERS = {b"location": "Location", b"etag": "ETag", b"last-modified": "Last-Modified"}
_ASCII = "".join(chr(code) for code in range(0x20, 0x7F))


@dataclass(frozen=True)
class SubReply:
    """What a subrequest answered; `content` is JSON, or empty."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.status >= 400

    @property
    def body(self) -> JsonValue:
        """The JSON that was answered."""
        found: JsonValue = orjson.loads(self.content) if self.content else None
        return found

    @property
    def fragment(self) -> orjson.Fragment | None:
        """The same for a reply that repeats it."""
        return orjson.Fragment(self.content) if self.content else None


def refusal(error: OrgError) -> SubReply:
    """The reply to a subrequest that is not even tried."""
    return SubReply(error.status, orjson.dumps(error.body()))


async def dispatch(parent: Request, method: str, url: str, body: JsonValue, headers: Mapping[str, str]) -> SubReply:
    """Sends one subrequest with these headers and no others; the rows it took or gave are added to its parent's."""
    scope = _scope(parent, method, url, headers)
    content = b"" if body is None else orjson.dumps(body)
    received = _Received()

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    handlers = {kind: handler for kind, handler in parent.app.exception_handlers.items() if kind is not Exception}
    await ExceptionMiddleware(parent.app.router, handlers=handlers)(scope, receive, received.send)
    parent.state.rows = getattr(parent.state, "rows", 0) + (scope["state"].get("rows") or 0)
    return SubReply(received.status, bytes(received.content), received.headers)


async def in_own_loop(work: Coroutine[object, object, _Answer]) -> _Answer:
    """Does the work in a thread with an event loop of its own.

    For subrequests within one transaction: who waits for the store stands in the way of nobody, and a crowd of other
    writers in the threads of the application's loop cannot keep the one who holds the store from going on.
    """
    return await run_in_threadpool(asyncio.run, work)


class _Received:
    """A `send` that keeps what is sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.content = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            shown = ((_SHOWN_HEADERS.get(name.lower()), value) for name, value in message["headers"])
            self.headers = {name: value.decode("latin-1") for name, value in shown if name}
        elif message["type"] == "http.response.body":
            self.content += message.get("body", b"")


def _scope(parent: Request, method: str, url: str, headers: Mapping[str, str]) -> Scope:
    path, _, query = url.partition("?")
    raw_path = quote(path.removesuffix("/"), safe=_ASCII)
    named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    state = {name: value for name, value in parent.scope["state"].items() if name != "rows"}
    scope = {name: value for name, value in parent.scope.items() if name not in ("path_params", "endpoint", "route")}
    return {
        **scope,
        "method": method,
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "query_string": quote(query, safe=_ASCII).encode(),
        "headers": named,
        "state": state,
    }
