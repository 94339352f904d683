"""The demo org, Dagster's web UI and its daemon, on the demo's data, until Ctrl-C or SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from sf_elt.demo.errors import DemoError
from sf_elt.demo.folder import DemoFolder, only
from sf_elt.demo.loop import run_demo
from sf_elt.demo.signals import on_signals

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 20


def run_dev(root: Path, *, port: int) -> int:
    """Serves until a signal ends it; gives the exit status. Makes the demo's data first where there is none."""
    from sf_elt.demo_org.serve import DemoOrgError, start_demo_org

    screen = Console()
    folder = DemoFolder(root)
    stop = threading.Event()
    try:
        port = _free_port(port)
        if not folder.org_file.exists() or not folder.warehouse.exists():
            screen.print(f"No data in {escape(str(root))} yet: running the demo first.")
            if status := run_demo(root, seed=7, records=5_000, console=screen):
                return status
        with (
            on_signals(lambda *_: stop.set()),
            folder.claimed(),
            start_demo_org(file=folder.org_file) as org,
            _dagster(folder, only(folder.environment(org.details)), port) as dagster,
        ):
            screen.print(
                f"demo org   {org.details.instance_url}\nwarehouse  {escape(str(folder.warehouse))}\n"
                f"Dagster    http://{LOOPBACK}:{port}\nCtrl-C stops both.",
                soft_wrap=True,
            )
            return _wait(stop, dagster, org.details.pid)
    except (DemoError, DemoOrgError) as error:
        screen.print(f"[bold red]It does not run.[/] {escape(str(error))}", highlight=False)
        return 1


def _wait(stop: threading.Event, dagster: subprocess.Popen[bytes], org_pid: int) -> int:
    while not stop.wait(1):
        if os.waitid(os.P_PID, org_pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            raise DemoError("the demo org ended by itself, and nothing works without it: start `sf-elt dev` again")
        if (status := dagster.poll()) is not None:
            raise DemoError(f"Dagster ended by itself, with status {status}; its last lines above say why")
    return 0


@contextmanager
def _dagster(folder: DemoFolder, environment: Mapping[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`dagster dev` in a process group of its own, all of which ends with the block.

    It runs in its own home: what `.env` in the folder it runs in says goes before the environment, and a real org's
    login there would make the demo write into that org.
    """
    folder.write_dagster_home(captures_output=True)
    workspace = str(folder.workspace.resolve())
    command = [sys.executable, "-m", "dagster", "dev", "-w", workspace, "-h", LOOPBACK, "-p", str(port)]
    quiet = {"PYTHONWARNINGS": "ignore:Function `dev_command` is superseded"}  # by a tool that we do not install
    process = subprocess.Popen(  # noqa: S603  our own
        command, env={**environment, **quiet}, cwd=folder.dagster_home, start_new_session=True
    )
    try:
        yield process
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """SIGINT to the whole group, as Ctrl-C would send it; what has not ended in time is killed."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _free_port(port: int) -> int:
    """The port, or a free one for 0. Raises DemoError where it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise DemoError(f"port {port} on {LOOPBACK} is taken ({error.strerror}): pass another --port") from None
        return int(probe.getsockname()[1])
