"""The address on this machine that a browser is sent back to after a login (RFC 8252, section 7.3).

Salesforce compares it to the letter with the app's callback URL, so that its port is a fixed one.
"""

import errno
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from urllib.parse import urlsplit

from sf_elt.salesforce.connection.addresses import LOOPBACK
from sf_elt.salesforce.errors import AuthenticationFailed

log = logging.getLogger(__name__)

CALLBACK_URL = "http://localhost:1717/callback"
BROWSER_WAITS = 10.0  # seconds for a request, once a browser has connected

Take = Callable[[str], str]
"""Takes an address that a browser was sent back to; says what is wrong with it, nothing where it is the right one."""

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>sf_elt</title>
<body style="font-family: sans-serif; margin: 4em auto; max-width: 32em"><h1>{heading}</h1><p>{text}</p></body></html>
"""


@dataclass(frozen=True)
class Callback:
    """A callback URL on loopback. Raises AuthenticationFailed for what is none."""

    url: str = CALLBACK_URL

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            is_one = parts.scheme == "http" and parts.hostname in LOOPBACK and bool(parts.port) and bool(parts.path)
        except ValueError:
            is_one = False
        if not is_one or "?" in self.url or "#" in self.url or "@" in self.url:
            raise AuthenticationFailed(
                f"callback_url: {self.url!r} is no address of this machine with a port and a path, like {CALLBACK_URL}"
            )

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where to listen: browsers take either for localhost, and nobody else must get the answer."""
        host = urlsplit(self.url).hostname or ""
        return ("127.0.0.1", "::1") if host == "localhost" else (host,)


@contextmanager
def listening(callback: Callback, take: Take) -> Iterator[None]:
    """Hands each address that a browser comes back to during the block to `take`.

    Raises AuthenticationFailed where the port is busy.
    """
    with ExitStack() as servers:
        for host in callback.hosts:
            server = _server(callback, host, take)
            if server is not None:
                servers.enter_context(_serving(server))
        yield


def _server(callback: Callback, host: str, take: Take) -> "_Server | None":
    """A server that listens; None for IPv6 on a machine that has none."""
    try:
        return _Server(host, callback, take)
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) and ":" in host:
            return None
        why = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise AuthenticationFailed(
            f"port {callback.port} of this machine, where the browser comes back to, cannot be had: {why}. End that "
            "program, or choose another port: set SALESFORCE_CALLBACK_URL, and the app's callback URL to the same"
        ) from error


@contextmanager
def _serving(server: "_Server") -> Iterator[None]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="callback", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # who has connected and says nothing is not waited for

    def __init__(self, host: str, callback: Callback, take: Take) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.callback = callback
        self.take = take
        super().__init__((host, callback.port), _Handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's would ask the network for this machine's name

    def handle_error(self, request: object, client_address: object) -> None:
        log.debug("a connection to the callback broke off", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET of the callback, and nothing else."""

    server: _Server
    timeout = BROWSER_WAITS
    server_version = "sf_elt"
    sys_version = ""

    def do_GET(self) -> None:
        callback = self.server.callback
        path, _, query = self.path.partition("?")
        is_ours = self.headers.get("Host", "").lower() == urlsplit(callback.url).netloc.lower()
        if not is_ours or path != callback.path or not query:
            self.send_error(404)
            return
        wrong = self.server.take(f"{callback.url}?{query}")
        if wrong:
            self._say(400, "This is not the answer that is waited for", f"{wrong} Go back to the terminal.")
        else:
            self._say(200, "Back to the terminal", "sf_elt has the answer. You can close this window.")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is no GET of a page: `message` would repeat what was sent."""
        self._say(code, "Nothing here", "This address is for a login of sf_elt alone.")

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the line would hold the code."""

    def _say(self, status: int, heading: str, text: str) -> None:
        body = _PAGE.format(heading=escape(heading), text=escape(text)).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "Connection": "close",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
