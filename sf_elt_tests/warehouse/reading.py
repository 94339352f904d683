"""Analysts that read in processes of their own while a block of a test works."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sf_elt.warehouse import Warehouse


@dataclass(frozen=True)
class Seen:
    """What one reader did: its reads, the windows that the last one counted, the seconds that its longest took."""

    reads: int
    last: int
    longest: float


@dataclass(frozen=True)
class Readers:
    """The readers' processes, and what they have seen once they are over."""

    processes: list[subprocess.Popen[str]]
    seen: list[Seen] = field(default_factory=list)


@contextmanager
def reading(warehouse: Warehouse, *how: str) -> Iterator[Readers]:
    """Starts a reader for each of `short`, `long`, `stays`; after the block each reads once more, and must not fail."""
    with warehouse.write():
        pass
    readers = Readers([_started(warehouse, each) for each in how])
    try:
        for process in readers.processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "reading\n"
        yield readers
        for process in readers.processes:
            said, error = process.communicate()
            assert process.returncode == 0, error
            readers.seen.append(Seen(**json.loads(said)))
    finally:
        for process in readers.processes:
            process.kill()
            process.wait()


def _started(warehouse: Warehouse, how: str) -> subprocess.Popen[str]:
    command: Sequence[str] = [sys.executable, "-m", "sf_elt_tests.warehouse.reading_process", str(warehouse.root), how]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
