"""Processes that start others, all of which end with a test."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def running_group(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    out: IO[bytes] | int = subprocess.DEVNULL,
    patience: float,
) -> Iterator[None]:
    """Runs the command until the end of the block: then SIGINT goes to it and to all that it has started, as Ctrl-C
    would send it. What has not ended after so many seconds is killed, and so is what it leaves behind.
    """
    process = subprocess.Popen(command, env=env, cwd=cwd, stdout=out, stderr=out, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
