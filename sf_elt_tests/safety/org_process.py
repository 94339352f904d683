"""A demo org as `sf-elt demo-org` runs it, with all that it prints but the line for its user in a file.

with org_process(folder / "demo-org.log") as org: ...
"""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from sf_elt.demo_org.serve import Details


@contextmanager
def org_process(log: Path) -> Iterator[Details]:
    """An empty org, which has been sent a token in what is no request by the time it is handed on."""
    command = [sys.executable, "-m", "sf_elt.cli", "demo-org", "--json", "--stop-with-stdin", "--records", "0"]
    pipe = subprocess.PIPE
    with (
        log.open("wb", buffering=0) as said,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=said, bufsize=0) as process,
    ):
        assert process.stdout is not None
        details = Details(**json.loads(process.stdout.readline()))
        Thread(target=shutil.copyfileobj, args=(process.stdout, said), daemon=True).start()
        _sends_no_request(details)
        assert log.stat().st_size, "it says nothing of it, or not into the file"
        yield details
        process.terminate()


def _sends_no_request(org: Details) -> None:
    place = urlsplit(org.instance_url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=30) as connection:
        connection.sendall(f"Authorization: Bearer {org.access_token}\r\npassword={org.password}\r\n\r\n".encode())
        while connection.recv(4096):
            pass  # until it hangs up, when it has said what it says of it
