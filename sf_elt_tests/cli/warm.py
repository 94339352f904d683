"""`sf-elt` for many short commands in a row: imported once, then forked for each, as importing takes two seconds.

with warm_commands(folder) as path:      # a folder for PATH, with a `sf-elt` in it
    subprocess.run(["sf-elt", "sf", "--help"], env={"PATH": path})
"""

import gc
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import typer

IMPORTED = (
    "dotenv",
    "jwt",
    "simple_salesforce.api",
    "sf_elt.components.deployment",
    "sf_elt.salesforce.lookups.campaigns",
    "rich.table",
    "typer.rich_utils",
)

CALL = """#!{python} -S
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    asked = json.dumps([os.getcwd(), dict(os.environ), sys.argv[1:]]).encode()
    socket.send_fds(server, [asked], [0, 1, 2])
    sys.exit(int(server.recv(8)))
"""


@contextmanager
def warm_commands(folder: Path) -> Iterator[str]:
    """A folder whose `sf-elt` runs in a fork of a process that has imported everything."""
    address = str(folder / "warm.socket")
    command = folder / "sf-elt"
    command.write_text(CALL.format(python=sys.executable, address=address))
    command.chmod(0o755)
    server = subprocess.Popen([sys.executable, "-m", "sf_elt_tests.cli.warm", address], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        yield str(folder)
    finally:
        server.kill()
        server.communicate()


def serve(address: str) -> None:
    """Runs what is asked, one command after the other, until it is killed."""
    for each in IMPORTED:
        import_module(each)
    from sf_elt.cli import app
    from sf_elt.components.deployment import load_deployment

    load_deployment()  # what reads YAML is imported by the first who does
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, b"ready\n")
        while True:
            client, _ = listener.accept()
            with client:
                asked, files, _, _ = socket.recv_fds(client, 1 << 18, 3)
                child = os.fork()
                if child == 0:
                    folder, environment, arguments = json.loads(asked)
                    for number, file in enumerate(files):
                        os.dup2(file, number)
                    for name, number in (("stdout", 1), ("stderr", 2)):  # as a new process finds out what they are
                        buffering = 1 if name == "stderr" or os.isatty(number) else -1
                        setattr(sys, name, open(number, "w", buffering, "utf-8", closefd=False))  # noqa: SIM115
                    os.chdir(folder)
                    os.environ.clear()
                    os.environ.update(environment)
                    os._exit(_status_of(app, arguments))
                for file in files:
                    os.close(file)
                _, status = os.waitpid(child, 0)
                client.send(str(os.waitstatus_to_exitcode(status)).encode())


def _status_of(app: typer.Typer, arguments: list[str]) -> int:
    """Runs the command as its script does; what it has written has left."""
    sys.argv = ["sf-elt", *arguments]
    try:
        app()
    except SystemExit as ended:
        sys.stdout.flush()
        return int(ended.code or 0)
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
