"""A proxy that lets TLS through (CONNECT), as those of companies do; it remembers where everybody went."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Proxy:
    """Its address, and the hosts that it was asked to connect to; `refuses` is what it says instead (407)."""

    url: str
    asked: list[str] = field(default_factory=list)
    refuses: int | None = None


@contextmanager
def connect_proxy() -> Iterator[Proxy]:
    """A proxy on loopback, for the block; every host is this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            proxy.asked.append(self.path.partition(":")[0])
            if proxy.refuses is not None:
                self.send_error(proxy.refuses)
                return
            with socket.create_connection(("127.0.0.1", int(self.path.rpartition(":")[2]))) as there:
                self.send_response(200)
                self.end_headers()
                _pass_on(self.connection, there)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: `asked` says it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Until either has said all."""
    while True:
        for ready in select.select([one, other], [], [])[0]:
            received = ready.recv(65536)
            if not received:
                return
            (other if ready is one else one).sendall(received)
