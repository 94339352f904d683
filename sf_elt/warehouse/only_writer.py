"""One writing process at a time, from before it opens the warehouse file until it has closed it.

DuckDB's own lock does not do for that: where one process opens the file to write while another closes it, a commit can
be lost (DuckDB 2.0.0, without anything of ours: one of some 300 commits of three processes).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

from sf_elt.warehouse.errors import WarehouseBusy
from sf_elt.warehouse.waiting import LOOK_AGAIN, Telling


@contextmanager
def only_writer(lock: Path, file: Path, wait_seconds: float) -> Iterator[None]:
    """Keeps other writers of ours from `file`, by a lock that the kernel takes back from a process that ends.

    Raises WarehouseBusy, which names the process, where another one has it for longer than `wait_seconds`.
    """
    with lock.open("a+", encoding="ascii") as held:
        attempts = Retrying(
            retry=retry_if_exception_type(WarehouseBusy),
            wait=wait_random(*LOOK_AGAIN),
            stop=stop_after_delay(wait_seconds),
            before_sleep=Telling(),
            reraise=True,
        )
        attempts(_take, held, file, wait_seconds)
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        yield


def _take(held: TextIO, file: Path, wait_seconds: float) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.seek(0)
        raise WarehouseBusy(
            f"{file} stayed locked for {wait_seconds:.0f} s: process {held.read()} writes to it. Wait for its end, or "
            "close the program, then run again"
        ) from None
