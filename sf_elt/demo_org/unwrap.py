"""The wrappings in which Salesforce takes a request: a compressed body, and a method that the address says.

`POST …/sobjects/Lead/00Q…?_HttpMethod=PATCH` is a PATCH (for clients whose HTTP library knows none), and a body with
`Content-Encoding: gzip` or `deflate` is read as what it holds (REST API Developer Guide, "Compression Headers"), piece
by piece: a body that is small while compressed takes no more memory than any other. No body is longer than 50 MB, but
the CSV of a bulk job, which has a limit of its own (`bulk/ingest.py`).
"""

import re
import zlib
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sf_elt.demo_org.errors import OrgError

LONGEST_BODY = 52_428_800  # bytes
_METHOD = "_HttpMethod"
_METHODS = ("GET", "PATCH", "PUT", "DELETE", "HEAD")
_WINDOW_BITS = {"gzip": 31, "deflate": 15}
_PIECE = 1_048_576
_UPLOAD = re.compile(r"/services/data/[^/]+/jobs/ingest/[^/]+/batches/?")


class UnwrapRequests:
    """ASGI middleware: hands on a request as if it had come plainly, and refuses bodies that are too long."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "POST" and _METHOD.encode() in scope["query_string"]:
            scope = _with_method_of_address(scope)
        encoding = Headers(scope=scope).get("content-encoding", "").strip().lower()
        if encoding in _WINDOW_BITS:
            kept = [pair for pair in scope["headers"] if pair[0] not in (b"content-encoding", b"content-length")]
            scope = {**scope, "headers": kept}
            receive = _Inflated(receive, _WINDOW_BITS[encoding])
        if not _UPLOAD.fullmatch(scope["path"]):
            receive = _bounded(receive, _too_long(scope["path"]))
        await self.app(scope, receive, send)


def _with_method_of_address(scope: Scope) -> Scope:
    named = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get(_METHOD, "").upper()
    return {**scope, "method": named} if named in _METHODS else scope


def _too_long(path: str) -> OrgError:
    """The refusal of a longer body: of REST as recorded (simple-salesforce#195), of SOAP by the code of its WSDL."""
    if path.startswith("/services/Soap/"):
        said = f"SOAP request exceeded max size: {LONGEST_BODY} bytes"
        return OrgError(500, "EXCEEDED_MAX_SIZE_REQUEST", said)
    if path.startswith("/services/async/"):
        return OrgError(400, "ClientInputError", f"Failed to read request. Exceeded max size limit of {LONGEST_BODY}")
    said = f"Maximum size of request reached. Maximum size of request is {LONGEST_BODY} bytes."
    return OrgError(400, "JSON_PARSER_ERROR", said)


def _bounded(receive: Receive, too_long: OrgError) -> Receive:
    """A `receive` that raises the refusal with the piece by which a body becomes too long."""
    size = 0

    async def receive_bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LONGEST_BODY:
            raise too_long
        return message

    return receive_bounded


class _Inflated:
    """A `receive` that gives the body as it was before it was compressed, at most a megabyte at a time."""

    def __init__(self, receive: Receive, window_bits: int) -> None:
        self._receive = receive
        self._window_bits = window_bits
        self._inflater = zlib.decompressobj(window_bits)
        self._packed = b""
        self._more_to_come = True
        self._anything = False

    async def __call__(self) -> Message:
        while not self._packed and self._more_to_come:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._packed, self._more_to_come = message.get("body", b""), message.get("more_body", False)
            self._anything = self._anything or bool(self._packed)
        body = self._inflate()
        if not self._packed and not self._more_to_come:
            if self._anything and not self._inflater.eof:
                raise _not_compressed("unexpected end of data")
            return {"type": "http.request", "body": body, "more_body": False}
        return {"type": "http.request", "body": body, "more_body": True}

    def _inflate(self) -> bytes:
        """The next piece; `_packed` is what it leaves over. Several gzip members in a row are one body."""
        if self._inflater.eof and self._packed:
            self._inflater = zlib.decompressobj(self._window_bits)
        try:
            plain = self._inflater.decompress(self._packed, _PIECE)
        except zlib.error as error:
            raise _not_compressed(str(error)) from error
        self._packed = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
        return plain


def _not_compressed(reason: str) -> OrgError:
    return OrgError(400, "JSON_PARSER_ERROR", f"The body is not compressed as it says: {reason}")
