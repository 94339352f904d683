"""Running the org: in the foreground, in a thread of this process, or as a process of its own. Loopback only.

with running_org(seed=7, records=200) as details:           # a thread of this process
    requests.get(f"{details.instance_url}/services/data")

with start_demo_org(seed=7, records=5000) as org:           # a process of its own
    print(org.details.instance_url)                         # stopped at the end of the block
"""

import asyncio
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self
from weakref import WeakSet

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from sf_elt.demo_org.app import LONGEST_HEAD, build_app
from sf_elt.demo_org.clock import DateHeader
from sf_elt.demo_org.faults import TRANSPORT
from sf_elt.demo_org.header_names import SpelledHead
from sf_elt.demo_org.org import DEFAULT_RECORDS, DEFAULT_SEED, Org, Settings, create_org

LOOPBACK = "127.0.0.1"
START_SECONDS = 120
STOP_SECONDS = 15
STOP_REQUESTS_SECONDS = 1
LOOK_AGAIN_SECONDS = 0.005
STOPPED = "the demo org stops"

log = logging.getLogger(__name__)


class DemoOrgError(Exception):
    """The org did not start; the message says why."""


@dataclass(frozen=True)
class Details:
    """How to reach a running org and log in to it. Secrets stay out of the repr."""

    instance_url: str
    username: str
    client_id: str
    jwt_private_key_file: str
    pid: int
    password: str = field(repr=False)
    security_token: str = field(repr=False)
    access_token: str = field(repr=False)
    client_secret: str = field(repr=False)
    ca_file: str = field(default="", kw_only=True)  # what clients trust where the org is served by HTTPS

    def as_json(self) -> str:
        """The details as one line of JSON, as `sf-elt demo-org --json` prints them."""
        return json.dumps(asdict(self))


def bind(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1; port 0 takes a free one. Raises DemoOrgError when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise DemoOrgError(
            f"port {port} on {LOOPBACK} cannot be used ({error.strerror}): pass another --port, or 0 for a free one"
        ) from error
    return listener


def serve(org: Org, listener: socket.socket, *, on_ready: Callable[[Details], None], with_stdin: bool = False) -> None:
    """Serves until SIGTERM or SIGINT, then closes the org and returns. To be called in the main thread.

    Both signals are taken even where the shell that started us ignores SIGINT. `with_stdin` also stops when standard
    input ends: a process started by another does not outlive it.
    """
    details = _details(org, listener)
    server = _server(org, on_started=lambda: on_ready(details))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    if with_stdin:
        threading.Thread(target=_stop_at_end_of, args=(sys.stdin.fileno(), server), daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        org.close()


@contextmanager
def serving(org: Org, *, port: int = 0) -> Iterator[Details]:
    """Serves an org from a thread of this process until the end of the block. The org is not closed."""
    listener = bind(port)
    ready = threading.Event()
    details = _details(org, listener)
    server = _server(org, on_started=ready.set)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            server.run(sockets=[listener])
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="demo-org", daemon=True)
    thread.start()
    ready.wait(START_SECONDS)
    if not server.started:
        raise DemoOrgError(f"the demo org did not start: {failures[0] if failures else 'it took too long'}")
    try:
        yield details
    finally:
        server.stop()
        org.faults.clear()
        thread.join(STOP_SECONDS)


@contextmanager
def running_org(
    *,
    seed: int = DEFAULT_SEED,
    records: int = DEFAULT_RECORDS,
    contacts: int | None = None,
    file: Path | None = None,
    settings: Settings | None = None,
) -> Iterator[Details]:
    """An org of its own, served from a thread of this process; closed at the end of the block."""
    org = create_org(seed=seed, records=records, contacts=contacts, file=file, settings=settings)
    try:
        with serving(org) as details:
            yield details
    finally:
        org.close()


class DemoOrgProcess:
    """A demo org in a process of its own. As a context manager it is stopped at the end of the block."""

    def __init__(self, process: subprocess.Popen[bytes], details: Details) -> None:
        self._process = process
        self.details = details

    def stop(self) -> int:
        """Asks it to stop (SIGTERM), waits, and returns its exit status; kills it where it does not listen."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("the demo org (pid %d) did not stop within %d s and is killed", self.details.pid, STOP_SECONDS)
            return self.kill()
        finally:
            self._close_pipes()

    def kill(self) -> int:
        """Ends it at once (SIGKILL), as a crash would."""
        self._process.kill()
        status = self._process.wait()
        self._close_pipes()
        return status

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_demo_org(
    *,
    port: int = 0,
    seed: int = DEFAULT_SEED,
    records: int = DEFAULT_RECORDS,
    contacts: int | None = None,
    file: Path | None = None,
    daily_api_requests: int | None = None,
    sandbox: str = "",
    my_domain: str = "",
    tls: bool = False,
    person_accounts: bool = False,
    apps: Path | None = None,
    patience: float = START_SECONDS,
) -> DemoOrgProcess:
    """Starts `sf-elt demo-org --json` and waits until it is ready, so many seconds. It ends with this process at the
    latest.

    Raises DemoOrgError with what it printed when it does not get ready.
    """
    command = [sys.executable, "-m", "sf_elt.cli", "demo-org", "--json", "--stop-with-stdin"]
    command += ["--port", str(port), "--seed", str(seed), "--records", str(records)]
    command += ["--contacts", str(contacts)] if contacts is not None else []
    command += ["--file", str(file)] if file else []
    command += ["--daily-api-requests", str(daily_api_requests)] if daily_api_requests is not None else []
    command += ["--sandbox", sandbox] if sandbox else []
    command += ["--my-domain", my_domain] if my_domain else []
    command += ["--tls"] if tls else []
    command += ["--person-accounts"] if person_accounts else []
    command += ["--apps", str(apps)] if apps else []
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
        line = _first_line(process, patience)
        if line is None:
            process.kill()
            process.wait()
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip() or "it said nothing"
            raise DemoOrgError(f"the demo org did not start: {said}")
    return DemoOrgProcess(process, Details(**json.loads(line)))


def _first_line(process: subprocess.Popen[bytes], patience: float) -> bytes | None:
    """The line that says it is ready; None when it ended or took too long."""
    stdout = process.stdout
    if stdout is None:
        return None
    readable, _, _ = select.select([stdout], [], [], patience)
    return (stdout.readline() or None) if readable else None


def _details(org: Org, listener: socket.socket) -> Details:
    org.instance_url = f"{'https' if org.tls else 'http'}://{LOOPBACK}:{listener.getsockname()[1]}"
    credentials = org.credentials
    return Details(
        instance_url=org.instance_url,
        username=credentials.username,
        password=credentials.password,
        security_token=credentials.security_token,
        access_token=credentials.access_token,
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        jwt_private_key_file=str(org.private_key_file.resolve()),
        pid=os.getpid(),
        ca_file=str(org.tls.ca_file.resolve()) if org.tls else "",
    )


class _Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol; leaves the connection in the scope, where a planned fault can cut it.

    Header names are written as Salesforce spells them.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._requests: WeakSet[RequestResponseCycle] = WeakSet()

    def on_url(self, url: bytes) -> None:
        """Keeps of an endless request line enough to refuse it as too long (the parser below takes 65,535 bytes)."""
        super().on_url(url[: 2 * LONGEST_HEAD - len(self.url)])

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.cycle.transport = SpelledHead(self.transport)
        self._requests.add(self.cycle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tells every request under way that its client is gone: uvicorn tells the last of a pipeline only."""
        for request in [each for each in self._requests if not each.response_complete]:
            request.disconnected = True
            request.message_event.set()
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    """uvicorn's server; says when it listens, leaves signals to us, and stops without naps of a tenth of a second."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._stop_asked = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """Asks it to stop, from any thread or the handler of a signal."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has stopped
                self._loop.call_soon_threadsafe(self._stop_asked.set)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        with _quiet_stop():
            super().run(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._on_started()

    async def main_loop(self) -> None:
        if not self.should_exit:
            await self._stop_asked.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections, gives requests under way a moment to end, and cancels those that do not."""
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        under_way = self.server_state.tasks
        try:
            async with asyncio.timeout(STOP_REQUESTS_SECONDS):
                while self.server_state.connections or under_way:
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
        except TimeoutError:
            for task in under_way:
                task.cancel(STOPPED)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _quiet_stop() -> Iterator[None]:
    """A request that is cut off because the server stops is no failure: its traceback stays out of the log."""

    def is_no_stop(record: logging.LogRecord) -> bool:
        said = f"{record.getMessage()} {record.exc_info[1] if record.exc_info else ''}"
        return STOPPED not in said

    log_of_requests = logging.getLogger("uvicorn.error")
    log_of_requests.addFilter(is_no_stop)
    try:
        yield
    finally:
        log_of_requests.removeFilter(is_no_stop)  # left there, it would keep this module alive beyond its time


def _server(org: Org, on_started: Callable[[], None]) -> _Server:
    config = uvicorn.Config(
        DateHeader(build_app(org), org.clock),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        date_header=False,  # the org says the time itself
        server_header=False,
        timeout_keep_alive=300,  # pooled connections of clients outlive their pauses, as they do against Salesforce
        ssl_certfile=org.tls.server_file if org.tls else None,
    )
    return _Server(config, on_started)


def _stop_at_end_of(descriptor: int, server: _Server) -> None:
    """Reads the descriptor itself: a thread inside sys.stdin would hold its lock when the interpreter ends."""
    while os.read(descriptor, 1024):
        pass
    server.stop()
