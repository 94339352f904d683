"""A piece of work in a process of its own, so that its memory and its imports are nobody else's.

    ran = run_child("benchmarks.floor:load", files=[…], types={…}, database="…")
    print(ran.seconds, ran.peak_mb, ran.result)

As a program: `python -m benchmarks.child MODULE:FUNCTION` with the arguments as one JSON object on standard input.
"""

import importlib
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
KB = 1024


class ChildFailed(Exception):
    """The work raised; the message is what it printed."""


@dataclass(frozen=True)
class Ran:
    """What a function took: seconds from its call to its return, the process's greatest resident memory, its result."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    result: Any


def run_child(work: str, *, python: str = sys.executable, timeout: float | None = None, **arguments: object) -> Ran:
    """Calls `module:function` with the arguments in a new process. Its modules are imported before the clock starts.

    Raises ChildFailed, subprocess.TimeoutExpired.
    """
    command = [python, "-m", "benchmarks.child", work]
    given = json.dumps(arguments)
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT, timeout=timeout, check=False)
    if done.returncode:
        raise ChildFailed(f"{work} failed: {done.stderr.strip()[-4000:]}")
    return Ran(**json.loads(done.stdout.splitlines()[-1]))


def peak_mb() -> float:
    """The greatest resident memory of this process, in MB.

    Linux tells it in /proc of the running program alone; getrusage also counts the process that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        kilobytes = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:")).split()[1]
        return int(kilobytes) * KB / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * KB / 1e6


def _main() -> None:
    module, _, function = sys.argv[1].partition(":")
    work = getattr(importlib.import_module(module), function)
    arguments = json.loads(sys.stdin.read())
    began, spent = time.perf_counter(), time.process_time()
    result = work(**arguments)
    ran = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - spent}
    print(json.dumps(ran | {"peak_mb": peak_mb(), "result": result}))


if __name__ == "__main__":
    _main()
