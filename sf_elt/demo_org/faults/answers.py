"""What becomes of an answer on its way out: cut off, shortened, altered, or slowed down."""

import asyncio
import json
import re
import threading
from dataclasses import dataclass, field
from time import monotonic

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sf_elt.demo_org.faults.fault import Alteration, Shortening

TICK = 0.05  # seconds between two pieces of an answer that trickles
WITHOUT_BODY = (204, 304)
COUNT = re.compile(r"(api-usage=|)(\d+)(/\d+|)")
"""A header that counts: `Sforce-NumberOfRecords: 7`, `Sforce-Limit-Info: api-usage=18/5000`."""


class CutBody:
    """A `send` that lets the headers and `after_bytes` of the body out, and nothing after that.

    Without a number it is half of the first piece of the body.
    """

    def __init__(self, send: Send, after_bytes: int | None) -> None:
        self._send = send
        self._left = after_bytes
        self._done = False

    async def __call__(self, message: Message) -> None:
        if self._done:
            return
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            if self._left is None:
                self._left = len(body) // 2
            self._done = len(body) >= self._left or not message.get("more_body", False)
            message = {**message, "body": body[: self._left], "more_body": True}
            self._left -= len(message["body"])
        await self._send(message)


class Trickle:
    """A `send` that lets so many bytes of the body out in a second, and all that is left once the fault is lifted.

    It keeps to the clock over the whole answer: pieces may be large, and being late with one is made up for.
    """

    def __init__(self, send: Send, bytes_per_second: int, lifted: threading.Event) -> None:
        self._send = send
        self._lifted = lifted
        self._rate = bytes_per_second
        self._size = max(1, int(bytes_per_second * TICK))
        self._sent = 0
        self._began: float | None = None

    async def __call__(self, message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or not body:
            await self._send(message)
            return
        self._began = monotonic() if self._began is None else self._began
        more = message.get("more_body", False)
        while body:
            await self._wait_for_turn(self._began + self._sent / self._rate)
            size = len(body) if self._lifted.is_set() else self._size
            piece, body = body[:size], body[size:]
            self._sent += len(piece)
            await self._send({**message, "body": piece, "more_body": more or bool(body)})

    async def _wait_for_turn(self, turn: float) -> None:
        while not self._lifted.is_set() and (left := turn - monotonic()) > 0:
            await asyncio.sleep(min(left, TICK))


@dataclass
class Answer:
    """A whole answer, to be changed before it leaves."""

    start: Message = field(default_factory=dict)
    body: bytes = b""

    @property
    def headers(self) -> MutableHeaders:
        return MutableHeaders(raw=self.start["headers"])

    async def leave(self, send: Send) -> None:
        """Sends it, with the Content-Length that it has now; without a body where its status has none."""
        if self.start["status"] in WITHOUT_BODY:
            self.body = b""
            del self.headers["content-length"]
        else:
            self.headers["content-length"] = str(len(self.body))
        await send(self.start)
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


async def whole_answer(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """The answer of the app, neither compressed nor sent."""
    answer = Answer()
    pieces: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.start = {**message, "headers": list(message.get("headers", []))}
        elif message["type"] == "http.response.body":
            pieces.append(message.get("body", b""))

    await app(uncompressed(scope), receive, keep)
    answer.body = b"".join(pieces)
    return answer


def uncompressed(scope: Scope) -> Scope:
    """The request as of a client that takes no compression."""
    return {**scope, "headers": [each for each in scope["headers"] if each[0] != b"accept-encoding"]}


def shorten(answer: Answer, how: Shortening) -> None:
    """Leaves so much of the body, as if there had never been more."""
    if how.to_lines is not None:
        answer.body = b"".join(answer.body.splitlines(keepends=True)[: how.to_lines])
    else:
        answer.body = answer.body[: len(answer.body) // 2 if how.to_bytes is None else how.to_bytes]


def alter(answer: Answer, how: Alteration) -> None:
    """Sets, removes and adds what the alteration says; members only where the body is a JSON object."""
    answer.start["status"] = how.status or answer.start["status"]
    headers = answer.headers
    for name, number in how.add.items():
        counted = COUNT.fullmatch(headers.get(name, ""))
        if counted is not None:
            headers[name] = f"{counted[1]}{max(0, int(counted[2]) + number)}{counted[3]}"
    for name, value in how.headers.items():
        if value is None:
            del headers[name]
        else:
            headers[name] = value
    if how.members or how.add:
        answer.body = _altered_body(answer.body, how)


def _altered_body(body: bytes, how: Alteration) -> bytes:
    try:
        content = json.loads(body)
    except ValueError:
        return body
    if not isinstance(content, dict):
        return body
    added = {name: content[name] + number for name, number in how.add.items() if isinstance(content.get(name), int)}
    kept = {name: value for name, value in {**content, **added, **how.members}.items() if not _removed(name, how)}
    return json.dumps(kept, ensure_ascii=False).encode()


def _removed(name: str, how: Alteration) -> bool:
    return name in how.members and how.members[name] is None


def rows_found(answer: Answer) -> int | None:
    """How many rows a query's answer says there are; None for any other answer."""
    try:
        content = json.loads(answer.body)
    except ValueError:
        return None
    found = content.get("totalSize") if isinstance(content, dict) else None
    return found if isinstance(found, int) else None
