"""A server on loopback that answers every request with the bytes it was told to send, and remembers what came."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace

from sf_elt.salesforce import Login, Org, connect
from sf_elt.salesforce.connection.bounds import Bounds
from sf_elt_tests.salesforce.conftest import QUICK

Answer = Callable[[], Iterable[bytes]]

SMALL = Bounds(reply_bytes=1 << 20, page_bytes=1 << 20, rest_page_bytes=1 << 20)
"""A megabyte, in as much time as a busy machine takes for it."""

SHORT = replace(SMALL, reply_seconds=0.4, page_seconds=0.4)
"""For what never ends."""


@dataclass
class Hostile:
    """The server's address and the requests that came: head and body as bytes."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def hostile(answer: Answer) -> Iterator[Hostile]:
    """Answers every request of the block so; what it sends may have no end."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        told = Hostile(server.getsockname()[1])
        over = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, answer, told, over))
        thread.start()
        try:
            yield told
        finally:
            over.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join(20)


def _serve(server: socket.socket, answer: Answer, told: Hostile, over: threading.Event) -> None:
    while not over.is_set():
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with closing(connection), suppress(OSError):
            connection.settimeout(5)
            told.requests.append(connection.recv(1 << 16))
            for part in answer():
                if over.is_set():
                    return
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)


@contextmanager
def org_at(server: Hostile, bounds: Bounds = SMALL) -> Iterator[Org]:
    """A session with the org that the server pretends to be."""
    org = connect(Login(instance_url=server.address, access_token="00D!marker.token"), patience=QUICK)
    org.transport.bounds = bounds
    org.transport.init_poolmanager(1, 1)
    try:
        yield org
    finally:
        org.close()


def reply(body: bytes, *heads: str, status: str = "200 OK") -> Answer:
    """One whole reply."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *heads])
    return lambda: [head.encode("latin-1") + b"\r\n\r\n" + body]
