"""The wrappings in which Salesforce takes a request: a compressed body, and a method that the address says.

`POST …/sobjects/Lead/00Q…?_HttpMethod=PATCH` is a PATCH (for clients whose HTTP library knows none), and a body with
`Content-Encoding: gzip` or `deflate` is read as what it holds (REST API Developer Guide, "Compression Headers").
"""

import zlib
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sf_elt.demo_org.errors import OrgError

_METHOD = "_HttpMethod"
_METHODS = ("GET", "PATCH", "PUT", "DELETE", "HEAD")
_WINDOW_BITS = {"gzip": 31, "deflate": 15}


class UnwrapRequests:
    """ASGI middleware: hands on a request as if it had come plainly."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and _METHOD.encode() in scope["query_string"]:
            scope = _with_method_of_address(scope)
        if scope["type"] == "http":
            encoding = Headers(scope=scope).get("content-encoding", "").strip().lower()
            if encoding in _WINDOW_BITS:
                kept = [pair for pair in scope["headers"] if pair[0] not in (b"content-encoding", b"content-length")]
                scope = {**scope, "headers": kept}
                receive = _inflating(receive, zlib.decompressobj(_WINDOW_BITS[encoding]).decompress)
        await self.app(scope, receive, send)


def _with_method_of_address(scope: Scope) -> Scope:
    named = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get(_METHOD, "").upper()
    return {**scope, "method": named} if named in _METHODS else scope


def _inflating(receive: Receive, decompress: Callable[[bytes], bytes]) -> Receive:
    """A `receive` that gives the body as it was before it was compressed, piece by piece."""

    async def receive_plain() -> Message:
        message = await receive()
        if message["type"] != "http.request" or not message.get("body"):
            return message
        try:
            return {**message, "body": decompress(message["body"])}
        except zlib.error as error:
            raise OrgError(400, "JSON_PARSER_ERROR", f"The body is not compressed as it says: {error}") from error

    return receive_plain
