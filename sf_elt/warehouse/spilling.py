"""Where connections put what does not fit into memory: a folder for each, which nobody removes while it is in use.

A reader may still spill when a writer has gone on in a copy of the file (`aside`), so what lies there is not always
left over: each folder is locked for as long as its connection lives, and the kernel drops the lock of a process that
ends.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4


@contextmanager
def spill_folder(parent: Path) -> Iterator[Path | None]:
    """A folder of its own for one connection, gone at the end; None where there is no `parent`."""
    if not parent.is_dir():
        yield None
        return
    folder, lock = _made(parent)
    try:
        yield folder
    finally:
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)  # what stays of it, the next writer removes
            os.close(lock)


def sweep_spilled(parent: Path) -> None:
    """Removes what killed processes have spilled, and no folder of one that lives."""
    for left_over in parent.iterdir():
        with suppress(OSError):
            lock = _locked(left_over)
            if lock is not None:
                shutil.rmtree(left_over, ignore_errors=True)
                os.close(lock)


def _made(parent: Path) -> tuple[Path, int | None]:
    """The folder, and its lock; anew where it was swept between its making and its locking.

    Without a lock where the disk is read-only or full: DuckDB says so once it has something to spill.
    """
    while True:
        folder = parent / uuid4().hex
        try:
            folder.mkdir(0o700)
            lock = _locked(folder)
        except OSError:
            return folder, None
        if lock is not None:
            if folder.is_dir():
                return folder, lock
            os.close(lock)


def _locked(folder: Path) -> int | None:
    """The lock; None where somebody else has it, or has removed the folder. Raises OSError."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return descriptor
