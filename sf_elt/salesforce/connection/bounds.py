"""How much of a reply is taken, and for how long: an org, or something before it, may send without end.

A timeout between two bytes ends nobody who sends one byte a minute; so each reply has a time in which it has come.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from socket import SHUT_RD
from threading import Timer
from typing import Self

import requests
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ProtocolError

from sf_elt.salesforce.errors import ReplyOutOfBounds, SalesforceError

CHUNK = 1 << 16  # bytes
OF_AN_ERROR = 1 << 20  # bytes of a refusal that are read: what Salesforce says of one fits into a thousandth
MOST_FROM_GZIP = 1032  # bytes that deflate makes of one at most


VARIABLES = {
    "SF_ELT_REPLY_MB": ("reply_bytes", 1 << 20),
    "SF_ELT_REPLY_SECONDS": ("reply_seconds", 1),
    "SF_ELT_PAGE_MB": ("page_bytes", 1 << 20),
    "SF_ELT_PAGE_SECONDS": ("page_seconds", 1),
    "SF_ELT_REST_PAGE_MB": ("rest_page_bytes", 1 << 20),
}
"""What each of them sets, and in which unit."""


@dataclass(frozen=True)
class Bounds:
    """The most bytes, unpacked, and the most seconds: of a reply that is held in memory, and of a page that lands.

    What Salesforce sends is far less: the describe of an object a few MB, a page of 2,000 records tens of MB, and a
    page of a bulk job 1 GB at most (Bulk API 2.0 Developer Guide, "Limits"). A page of a query by REST has a bound
    of its own: it is one value of JSON, which may have to be held in memory to be cut.
    """

    reply_bytes: int = 128 << 20
    reply_seconds: float = 900.0
    page_bytes: int = 20 << 30
    page_seconds: float = 21_600.0
    rest_page_bytes: int = 1 << 30

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """With what these variables say.

        Raises SalesforceError where one of them is no whole number above zero.
        """
        given = {each: _number(environ, name, unit) for name, (each, unit) in VARIABLES.items()}
        return cls(**{name: value for name, value in given.items() if value is not None})


def _number(environ: Mapping[str, str], name: str, unit: int) -> int | None:
    text = environ.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < len(text.lstrip("0")) < 10:
        raise SalesforceError(f"{name}: {text!r} is no whole number above zero, of at most nine digits")
    return int(text) * unit


def read_body(response: requests.Response, bounds: Bounds, where: str) -> None:
    """Reads the body of a reply that is to be held in memory, unpacked; of a refusal only its beginning.

    Raises ReplyOutOfBounds, and what urllib3 raises where the body breaks off.
    """
    is_refusal = response.status_code >= 400
    most = OF_AN_ERROR if is_refusal else bounds.reply_bytes
    body = bytearray()
    with in_time(response.raw.shutdown, bounds.reply_seconds, where, "SF_ELT_REPLY_SECONDS"):
        while len(body) <= most and (chunk := response.raw.read(CHUNK, decode_content=True)):
            body += chunk
    if len(body) > most:
        response.close()
        if not is_refusal:
            raise too_large(where, most, "SF_ELT_REPLY_MB")
    response._content = bytes(body[:most])  # where `response.content` keeps what it has read
    response._content_consumed = True  # type: ignore[attr-defined]  # the stubs do not know it


def too_large(where: str, most: int, variable: str) -> ReplyOutOfBounds:
    """The error for a reply that has more bytes than it may have."""
    return ReplyOutOfBounds(
        f"{where}: the reply has more than {most >> 20:,} MB, unpacked, and is not read on. If that can be right, set "
        f"{variable}"
    )


@contextmanager
def in_time(end: Callable[[], None], seconds: float, where: str, variable: str) -> Iterator[None]:
    """Calls `end` where the block is not over after so many seconds; it makes whoever reads in the block stop.

    Raises ReplyOutOfBounds then, whatever the one who reads makes of that.
    """
    ended: list[bool] = []

    def too_late() -> None:
        ended.append(True)
        with suppress(OSError):  # it has ended by itself
            end()

    timer = Timer(seconds, too_late)
    timer.daemon = True
    timer.start()
    late = ReplyOutOfBounds(
        f"{where}: the reply had not come whole after {seconds:,.0f} seconds, and is not waited for any longer. "
        f"If that can be right, set {variable}"
    )
    try:
        yield
    except Exception as error:
        if ended:
            raise late from error
        raise
    finally:
        timer.cancel()
    if ended:
        raise late


def watch_heads(manager: PoolManager, bounds: Bounds) -> None:
    """Has the connections of the manager end where the head of a reply does not come in time.

    (A head of ever more `100 Continue`, or one that drips, has no other end.)
    """

    class Watched(HTTPConnection):
        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own differs from http.client's
            with _head_in_time(self, bounds):
                return _final(self, super().getresponse())

    class WatchedTls(HTTPSConnection):
        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own differs from http.client's
            with _head_in_time(self, bounds):
                return _final(self, super().getresponse())

    class Pool(HTTPConnectionPool):
        ConnectionCls = Watched

    class PoolTls(HTTPSConnectionPool):
        ConnectionCls = WatchedTls

    manager.pool_classes_by_scheme = {"http": Pool, "https": PoolTls}


def _final(connection: HTTPConnection, response: HTTPResponse) -> HTTPResponse:
    """The response, unless it is one that only goes before another, as 103 does: Python takes it for the answer, and
    the answer for that of the next request.
    """
    if response.status < 200:
        connection.close()
        raise ProtocolError(f"{response.status} in place of an answer")
    return response


def _head_in_time(connection: HTTPConnection, bounds: Bounds) -> AbstractContextManager[None]:
    stop = partial(connection.sock.shutdown, SHUT_RD)
    return in_time(stop, bounds.reply_seconds, connection.host, "SF_ELT_REPLY_SECONDS")
