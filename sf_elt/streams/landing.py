"""Landing folders: one for each read, gone when the read is over, and swept up after a read that was killed."""

import errno
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sf_elt.warehouse import Warehouse, WarehouseFull

_IN_USE = ".in-use"


@contextmanager
def landing_folder(warehouse: Warehouse, stream: str) -> Iterator[Path]:
    """A folder of its own for one read of the stream, removed at the end.

    The folder is locked while its process lives, and the kernel drops the lock when that ends, however it ends; so
    what carries no lock was left by a killed read and is removed first. Raises WarehouseFull where the disk is full.
    """
    parent = warehouse.landing(stream)
    with (parent / ".door").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)  # nobody may take a folder for stale between its making and its locking
        _remove_stale(parent)
        folder = Path(tempfile.mkdtemp(prefix="read-", dir=parent))
        lock = (folder / _IN_USE).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with lock:
            yield folder
            shutil.rmtree(folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise WarehouseFull(
                f"no room to land {stream} in {parent}: nothing of this window was kept. "
                f"Free disk space and run it again. ({error})"
            ) from error
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _remove_stale(parent: Path) -> None:
    for folder in parent.glob("read-*"):
        if not _is_in_use(folder):
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
