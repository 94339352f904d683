"""Landing folders: one for each read, gone when the read is over.

A read that is killed, runs out of API calls or loses the org keeps its folder, and a later read that begins at the same
time goes on in it: of the same window, or of one that has grown since. What is too old for that, or has lain longer
than the warehouse keeps it, is swept up by the next read of any stream, or a sensor. All of it is for its owner only.
"""

import fcntl
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Literal, Self

from pydantic import BaseModel, ConfigDict

from sf_elt.disk import free_room, is_closed, is_full, wanted_owner
from sf_elt.salesforce import AllowanceSpent, OrgUnavailable
from sf_elt.salesforce.downloads.resuming import keep, kept
from sf_elt.salesforce.errors import LandedBroken
from sf_elt.streams.errors import LandingUnreadable, Shortfall
from sf_elt.streams.windows import ReadRange
from sf_elt.warehouse import Warehouse, WarehouseBusy, WarehouseClosed, WarehouseFull
from sf_elt.warehouse.private import private_files
from sf_elt.warehouse.scratch import clear_scratch

log = logging.getLogger(__name__)

# Salesforce keeps a job's pages for seven days, and a cursor for two; what is read by Id can be gone on with for ever.
WORTH_GOING_ON = {"bulk": timedelta(days=6), "rest": timedelta(days=60)}

LONGEST_JOB = timedelta(days=1)  # that an export waits for, with its files

LOOK_AGAIN = 0.2  # seconds

_BEGUN = "read.json"
_IN_USE = ".in-use"
_DOOR = ".door"


class Begun(BaseModel):
    """When and what a read began to read, kept in its landing folder in case it does not come to its end."""

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
        """The read that was begun in the folder; None where there is none, or it cannot be made out any more."""
        return kept(folder / _BEGUN, cls)


@dataclass(frozen=True)
class Landing:
    """The folder of one read. `begun` is the unfinished read that it goes on with."""

    folder: Path
    begun: Begun | None

    def begin(self, begun: Begun) -> None:
        """Empties the folder of another read; from here on it is worth keeping where the read does not end."""
        for left_over in self.folder.iterdir():
            if left_over.is_dir():
                shutil.rmtree(left_over)
            elif left_over.name != _IN_USE:
                left_over.unlink()
        keep(self.folder / _BEGUN, begun)


@contextmanager
def landing_folder(warehouse: Warehouse, stream: str, span: ReadRange, now: datetime) -> Iterator[Landing | None]:
    """A folder for one read: of an unfinished one that this read goes on with, or a new one. Removed once it is over.

    Where another run is reading from the same time on, its end is awaited and None is given: what is still to be read
    has changed. Where an unfinished read turns out to have landed something broken, its folder is removed and the block
    ends without an error: it is to be tried anew. Raises WarehouseFull where the disk is full.

    A folder is locked while its process lives, and the kernel drops the lock when that ends, however it ends; so what
    carries no lock is unfinished.
    """
    parent = warehouse.landing(stream)
    with private_files(), _clear_errors(stream, parent):
        sweep_stale(warehouse, now)
        with _door(parent):
            other = _under_way(parent, span)
            if other is None:
                folder, lock = _taken(parent, span)
        if other is not None:
            _await_end(other)
            yield None
            return
        landing = Landing(folder, Begun.of(folder))
        with lock:
            try:
                yield landing
            except BaseException as error:
                keeps = warehouse.keep_landed > timedelta() and _is_worth_going_on_after(error)
                if not (keeps and (folder / _BEGUN).exists()):
                    _remove(folder, lock)
                if landing.begun is None or not isinstance(error, Shortfall | LandingUnreadable | LandedBroken):
                    raise
                log.warning("an unfinished read is given up, %s is read anew: %s", stream, error)
                return
            _remove(folder, lock)


def sweep(warehouse: Warehouse, stream: str, read: ReadRange) -> None:
    """Removes what unfinished reads have landed of a range that has been read meanwhile."""
    parent = warehouse.landing(stream)
    with _door(parent):
        for folder, begun in _unfinished(parent):
            if begun is not None and read.read_from <= begun.read_from and begun.read_to <= read.read_to:
                shutil.rmtree(folder)


def sweep_stale(warehouse: Warehouse, now: datetime) -> int:
    """Removes what has landed of any stream and is kept no longer, and what killed runs have left besides: the files of
    bulk jobs, and what they have spilled. Reads that run are left alone. Gives how many reads went.
    """
    removed = 0
    for parent in warehouse.landings():
        with _door(parent):
            for folder, begun in _unfinished(parent):
                if _is_stale(folder, begun, now, warehouse.keep_landed):
                    shutil.rmtree(folder)
                    removed += 1
        _remove_old_files(parent, max(warehouse.keep_landed, LONGEST_JOB))
    clear_scratch(warehouse, wait_seconds=0)
    return removed


def clear_landing(warehouse: Warehouse) -> tuple[int, int]:
    """Removes all that unfinished reads have landed, of every stream; they begin again. Waits for reads that run.

    Gives how many folders went, and how many are of reads that still ran after the warehouse's `wait_seconds`.
    """
    removed = 0
    deadline = time.monotonic() + warehouse.wait_seconds
    while True:
        running = 0
        for parent in warehouse.landings():
            with _door(parent):
                for folder, _ in _unfinished(parent):
                    shutil.rmtree(folder)
                    removed += 1
                running += len(_folders(parent))
        if not running or time.monotonic() > deadline:
            return removed, running
        time.sleep(LOOK_AGAIN)


def _is_worth_going_on_after(error: BaseException) -> bool:
    """Out of calls, no org, a busy warehouse, or an interrupt: the pages that have landed are right as they are."""
    if isinstance(error, LandedBroken):
        return False
    return isinstance(error, AllowanceSpent | OrgUnavailable | WarehouseBusy) or not isinstance(error, Exception)


@contextmanager
def _clear_errors(stream: str, parent: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise WarehouseFull(
                f"no room to land {stream} in {parent}: nothing of this window was kept. "
                f"{free_room(parent)}Free disk space and run it again. ({error})"
            ) from error
        if is_closed(error):
            raise WarehouseClosed(
                f"{stream} cannot be landed in {parent}: that folder must belong to the user who runs this, "
                f"{wanted_owner(parent)}, on a disk that is not read-only. Nothing was moved. ({error})"
            ) from error
        raise


def _remove(folder: Path, lock: IO[str]) -> None:
    """Removes the folder of a read that holds its lock: nobody may find it half gone, and go on in it."""
    with _door(folder.parent):
        lock.close()
        shutil.rmtree(folder)


@contextmanager
def _door(parent: Path) -> Iterator[None]:
    """Nobody may take a folder for unfinished between its making and its locking."""
    with private_files(), (parent / _DOOR).open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _taken(parent: Path, span: ReadRange) -> tuple[Path, IO[str]]:
    """The folder to read into, with its lock, which also says from when on it is read."""
    folder = _to_go_on_with(parent, span) or Path(tempfile.mkdtemp(prefix="read-", dir=parent))
    lock = (folder / _IN_USE).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    lock.write(span.read_from.isoformat())
    lock.flush()
    return folder, lock


def _under_way(parent: Path, span: ReadRange) -> Path | None:
    """The lock of a living read that began to read from the same time on."""
    locks = (folder / _IN_USE for folder in _folders(parent) if _is_in_use(folder))
    return next((lock for lock in locks if lock.read_text() == span.read_from.isoformat()), None)


def _await_end(lock: Path) -> None:
    try:
        with lock.open("r") as held:
            fcntl.flock(held, fcntl.LOCK_SH)
    except FileNotFoundError:
        return


def _to_go_on_with(parent: Path, span: ReadRange) -> Path | None:
    """The unfinished read that comes furthest into the span, of those that begin where it begins."""
    fitting = {
        folder: begun.read_to
        for folder, begun in _unfinished(parent)
        if begun is not None and begun.read_from == span.read_from and begun.read_to <= span.read_to
    }
    return max(fitting, key=lambda folder: fitting[folder], default=None)


def _is_stale(folder: Path, begun: Begun | None, now: datetime, keep: timedelta) -> bool:
    """Whether nobody could go on with what the read has landed, or nothing has landed for longer than it is kept."""
    if begun is None or begun.began < now - WORTH_GOING_ON[begun.transport]:
        return True
    return max(file.stat().st_mtime for file in (folder, *folder.rglob("*"))) < time.time() - keep.total_seconds()


def _remove_old_files(parent: Path, keep: timedelta) -> None:
    """Files beside the folders of reads are of an export's bulk jobs, which remove them unless they are killed."""
    for file in parent.iterdir():
        with suppress(FileNotFoundError):  # an export removes its own
            if file.name != _DOOR and file.is_file() and file.stat().st_mtime < time.time() - keep.total_seconds():
                file.unlink()


def _unfinished(parent: Path) -> list[tuple[Path, Begun | None]]:
    return [(folder, Begun.of(folder)) for folder in _folders(parent) if not _is_in_use(folder)]


def _folders(parent: Path) -> list[Path]:
    return [folder for folder in parent.glob("*-*") if folder.is_dir()]


def _is_in_use(folder: Path) -> bool:
    try:
        with (folder / _IN_USE).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
