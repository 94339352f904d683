"""Locks between processes: a file that one of them holds, until it lets go or ends, however it ends."""

import fcntl
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from sf_elt.warehouse.connection import Warehouse
from sf_elt.warehouse.errors import WarehouseBusy, room_for
from sf_elt.warehouse.private import private_files

log = logging.getLogger(__name__)

LOOK_AGAIN = 0.1  # seconds
LONGEST_TURN = 3600.0  # seconds that somebody else's work is waited for


_ours: ContextVar[frozenset[Path]] = ContextVar("turns", default=frozenset())


@contextmanager
def taking_turns(warehouse: Warehouse, name: str) -> Iterator[None]:
    """Nobody else who uses this warehouse does what goes by that name meanwhile, in this process or another.

    Whose turn it is may say so again. Waits for an hour at most, then raises WarehouseBusy.
    """
    folder = warehouse.root / "turns"
    file = folder.resolve() / re.sub(r"[^\w.-]", "_", name)
    if file in _ours.get():
        yield
        return
    with room_for(folder), private_files():
        folder.mkdir(parents=True, exist_ok=True)
    with _turn(file, name):
        before = _ours.set(_ours.get() | {file})
        try:
            yield
        finally:
            _ours.reset(before)


@contextmanager
def _turn(file: Path, name: str) -> Iterator[None]:
    with locked(file, 0) as alone:
        if alone:
            yield
            return
    log.warning("%s: another run is at it: waiting for its end", name)
    with locked(file, LONGEST_TURN) as alone:
        if not alone:
            minutes = LONGEST_TURN / 60
            raise WarehouseBusy(f"{name}: another run has been at it for {minutes:.0f} minutes: run again later")
        yield


@contextmanager
def locked(file: Path, wait_seconds: float) -> Iterator[bool]:
    """Whether nobody else has the file, after at most so long, and keeps it from everybody else."""
    deadline = time.monotonic() + wait_seconds
    with private_files():
        opened = file.open("w")
    with opened as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    yield False
                    return
                time.sleep(LOOK_AGAIN)
            else:
                yield True
                return
