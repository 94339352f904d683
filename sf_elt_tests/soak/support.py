"""Ending processes at random moments. SOAK_SEED and SOAK_KILLS choose the moments' seed and the number of kills."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator

SEED = int(os.environ.get("SOAK_SEED", "2026"))
KILLS = int(os.environ.get("SOAK_KILLS", "50"))

_LONGER = 1.05  # the latest kills fall between the last statement and the end of the process


def start(module: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of that module, as soon as it has said that it is about to begin its work."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said == "started\n", said + process.communicate()[1]
    return process


def seconds_of(process: subprocess.Popen[str]) -> float:
    """How long a process that has just begun takes when nobody kills it."""
    began = time.monotonic()
    _, told = process.communicate()
    assert process.returncode == 0, told
    return time.monotonic() - began


def killed(process: subprocess.Popen[str], after: float) -> bool:
    """Ends the process with SIGKILL after so many seconds; False when it was done before."""
    try:
        _, told = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return process.returncode == -9
    assert process.returncode == 0, told
    return False


def moments(seed: int) -> Iterator[float]:
    """Moments of a process's life without end, as shares of the time that it takes undisturbed."""
    chosen = random.Random(seed)
    while True:
        yield chosen.uniform(0, _LONGER)
