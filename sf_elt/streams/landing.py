"""Landing folders: one for each read, gone when the read is over, and swept up after a read that was killed.

A read that is paused because the API calls ran out keeps its folder, and the next read of that window goes on in it.
"""

import errno
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import md5
from pathlib import Path

from sf_elt.salesforce import AllowanceSpent
from sf_elt.streams.windows import Window
from sf_elt.warehouse import Warehouse, WarehouseFull

PAUSED_FOR = timedelta(days=6)  # Salesforce keeps a job's pages for seven

_IN_USE = ".in-use"
_DOOR = ".door"


@contextmanager
def landing_folder(warehouse: Warehouse, stream: str, window: Window, now: datetime) -> Iterator[Path]:
    """A folder for one read of the window: the paused read's where there is one, else a new one. Removed at the end.

    The folder is locked while its process lives, and the kernel drops the lock when that ends, however it ends; so
    what carries no lock was left by a killed read and is removed first. Raises WarehouseFull where the disk is full.
    """
    parent = warehouse.landing(stream)
    paused = parent / f"paused-{md5(str(window).encode(), usedforsecurity=False).hexdigest()}"
    with _door(parent):
        _remove_stale(parent, now)
        folder = Path(tempfile.mkdtemp(prefix="read-", dir=parent))
        if paused.exists():
            paused.rename(folder)
        lock = (folder / _IN_USE).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with lock:
            yield folder
    except AllowanceSpent:
        with _door(parent):
            shutil.rmtree(paused, ignore_errors=True)
            folder.rename(paused)
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise WarehouseFull(
                f"no room to land {stream} in {parent}: nothing of this window was kept. "
                f"Free disk space and run it again. ({error})"
            ) from error
        raise
    finally:
        if folder.exists():
            shutil.rmtree(folder)


@contextmanager
def _door(parent: Path) -> Iterator[None]:
    """Nobody may take a folder for stale between its making and its locking."""
    with (parent / _DOOR).open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _remove_stale(parent: Path, now: datetime) -> None:
    for folder in parent.glob("read-*"):
        if not _is_in_use(folder):
            shutil.rmtree(folder)
    for folder in parent.glob("paused-*"):
        if folder.stat().st_mtime < (now - PAUSED_FOR).timestamp():
            shutil.rmtree(folder)


def _is_in_use(folder: Path) -> bool:
    try:
        with (folder / _IN_USE).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
