"""Landing folders: one for each read, gone when the read is over, and swept up after a read that was killed.

A read that is paused because the API calls ran out keeps its folder, and a later read that begins at the same time goes
on in it: of the same window, or of one that has grown since.
"""

import errno
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from sf_elt.salesforce import AllowanceSpent
from sf_elt.streams.windows import ReadRange
from sf_elt.warehouse import Warehouse, WarehouseFull

PAUSED_FOR = timedelta(days=6)  # Salesforce keeps a job's pages for seven

_BEGUN = "read.json"
_IN_USE = ".in-use"
_DOOR = ".door"


class Begun(BaseModel):
    """When and what a read began to read, kept in its landing folder in case the API calls run out."""

    model_config = ConfigDict(frozen=True)

    began: datetime
    read_from: datetime
    read_to: datetime
    is_open: bool
    soql: str
    include_deleted: bool = True
    transport: Literal["rest", "bulk"]

    @property
    def span(self) -> ReadRange:
        return ReadRange(self.read_from, self.read_to, self.is_open)

    @classmethod
    def of(cls, folder: Path) -> Self | None:
        file = folder / _BEGUN
        return cls.model_validate_json(file.read_bytes()) if file.exists() else None


@dataclass(frozen=True)
class Landing:
    """The folder of one read. `begun` is the paused read that it goes on with."""

    folder: Path
    begun: Begun | None

    def begin(self, begun: Begun) -> None:
        """From here on the folder is worth keeping where the read is paused."""
        (self.folder / _BEGUN).write_text(begun.model_dump_json(), "utf-8")


@contextmanager
def landing_folder(warehouse: Warehouse, stream: str, span: ReadRange, now: datetime) -> Iterator[Landing]:
    """A folder for one read: the one of a paused read that this one goes on with, or a new one. Removed at the end.

    The folder is locked while its process lives, and the kernel drops the lock when that ends, however it ends; so
    what carries no lock was left by a killed read and is removed first. Raises WarehouseFull where the disk is full.
    """
    parent = warehouse.landing(stream)
    with _clear_errors(stream, parent):
        with _door(parent):
            _remove_stale(parent, now)
            folder = Path(tempfile.mkdtemp(prefix="read-", dir=parent))
            paused = _paused(parent, span)
            if paused is not None:
                paused.rename(folder)
            lock = (folder / _IN_USE).open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with lock:
                yield Landing(folder, Begun.of(folder))
        except AllowanceSpent:
            if (folder / _BEGUN).exists():
                with _door(parent):
                    folder.rename(folder.with_name(folder.name.replace("read-", "paused-", 1)))
            raise
        finally:
            if folder.exists():
                shutil.rmtree(folder)


@contextmanager
def _clear_errors(stream: str, parent: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise WarehouseFull(
                f"no room to land {stream} in {parent}: nothing of this window was kept. "
                f"Free disk space and run it again. ({error})"
            ) from error
        raise


@contextmanager
def _door(parent: Path) -> Iterator[None]:
    """Nobody may take a folder for stale between its making and its locking."""
    with (parent / _DOOR).open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _paused(parent: Path, span: ReadRange) -> Path | None:
    """The paused read that comes furthest into the span, of those that begin where it begins."""
    reads = {folder: Begun.of(folder) for folder in parent.glob("paused-*")}
    fitting = {
        folder: begun.read_to
        for folder, begun in reads.items()
        if begun is not None and begun.read_from == span.read_from and begun.read_to <= span.read_to
    }
    return max(fitting, key=lambda folder: fitting[folder], default=None)


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
