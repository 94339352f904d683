"""What messages go to in tests: a real HTTP server and a real SMTP server on loopback, which remember what they got.

with http_receiver() as hook:
    hook.answers.append((429, {"Retry-After": "0"}))    # to the next request; 200 to those after it
"""

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast


@dataclass
class Hook:
    """The HTTP server: `got` are the bodies, `headers` those of each request, `answers` what it will say first.

    A message about what is in `refuses` is answered with 400. Once each of `instead` is called in place of an answer.
    """

    address: str
    got: list[dict[str, object]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    instead: list[Callable[[], None]] = field(default_factory=list)


@dataclass
class Mailbox:
    """The SMTP server: `mails` that it took, and to whom; `refuses` are commands with what it answers instead."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)


@contextmanager
def http_receiver() -> Iterator[Hook]:
    """A server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = hook.answers.pop(0) if hook.answers else (200, {})
            if any(each in body.decode() for each in hook.refuses):
                status, headers = 400, {}
            hook.headers.append(dict(self.headers))
            if status == 200:
                hook.got.append(json.loads(body))
            if hook.instead:
                return hook.instead.pop(0)()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            return self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = Hook(f"http://127.0.0.1:{server.server_address[1]}/services/T0/B0/secret-of-the-hook")
    with _serving(server):
        yield hook


@contextmanager
def smtp_receiver() -> Iterator[Mailbox]:
    """A server on a free port, without TLS."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 test")
            to: list[str] = []
            while line := self.rfile.readline().decode().rstrip("\r\n"):
                command = line.split(" ")[0].upper()
                if command in mailbox.refuses:
                    self._say(mailbox.refuses[command])
                elif command == "EHLO":
                    self._say("250-test\r\n250 AUTH PLAIN")
                elif command == "AUTH":
                    self._say("235 welcome")
                elif command == "RCPT":
                    refused = "nobody@" in line
                    to += [] if refused else [line]
                    self._say("550 nobody of that name" if refused else "250 ok")
                elif command == "DATA":
                    self._say("354 go on")
                    self._take(to)
                elif command == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _take(self, to: list[str]) -> None:
            text = b""
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                text += line.removeprefix(b".") if line.startswith(b"..") else line
            mailbox.mails.append(cast(EmailMessage, message_from_bytes(text, policy=policy.default)))
            mailbox.to.append(to)
            self._say("250 taken")

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    mailbox = Mailbox(server.server_address[1])
    with _serving(server):
        yield mailbox


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[None]:
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
