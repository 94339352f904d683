"""A server between us and the demo org that meddles with updates: what a real org does and the demo org does not.

It passes everything on, but answers a record that is locked with UNABLE_TO_LOCK_ROW, as often as it was told, and
refuses a request as a whole with JSON_PARSER_ERROR where a record has the value MALFORMED.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import requests

MALFORMED = "a value that the org cannot parse"
LOCK = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record", "fields": []}
PARSER_ERROR = [{"errorCode": "JSON_PARSER_ERROR", "message": "Unexpected character at [line:1, column:9]"}]


@dataclass
class Meddler:
    """`locks`: record id → how many more times it is locked. `updates`: the Ids of each update that arrived."""

    instance_url: str
    locks: dict[str, int] = field(default_factory=dict)
    updates: list[list[str]] = field(default_factory=list)

    def update(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        request = orjson.loads(body)
        ids = [record["Id"] for record in request["records"]]
        self.updates.append(ids)
        if any(MALFORMED in record.values() for record in request["records"]):
            return 400, orjson.dumps(PARSER_ERROR)
        locked = {record_id for record_id in ids if self.locks.get(record_id, 0) > 0}
        for record_id in locked:
            self.locks[record_id] -= 1
        free = [record for record in request["records"] if record["Id"] not in locked]
        answers: Iterator[object] = iter(())
        if free:
            body = orjson.dumps({**request, "records": free})
            answers = iter(requests.patch(url, data=body, headers=headers, timeout=30).json())
        refused = {"success": False, "errors": [LOCK]}
        return 200, orjson.dumps([refused if record_id in locked else next(answers) for record_id in ids])


@contextmanager
def meddling_with(instance_url: str) -> Iterator[tuple[str, Meddler]]:
    """The address of a meddler in front of that org, and the meddler."""
    meddler = Meddler(instance_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(*self._passed_on(requests.get))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._reply(*self._passed_on(requests.post, body))

        def do_PATCH(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._reply(*meddler.update(instance_url + self.path, self._headers(), body))

        def _passed_on(self, method, body: bytes | None = None) -> tuple[int, bytes]:
            reply = method(instance_url + self.path, data=body, headers=self._headers(), timeout=30)
            return reply.status_code, reply.content

        def _headers(self) -> dict[str, str]:
            return {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", meddler
        finally:
            server.shutdown()
            thread.join()
