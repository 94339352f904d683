"""Files that only their owner can open, from their first byte on, and that are whole at every instant."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sf_elt.disk import user_name, whoever

OTHERS = 0o077
MOST = 1 << 20  # bytes: a login has a few thousand, and of one that is cut is said that it is none


class NotPrivate(Exception):
    """Somebody else could read the file, or put another in its place. The message says what to do."""


def make_private_folder(folder: Path) -> None:
    """Makes the folder (0700) where it is missing. Raises NotPrivate where it is not ours alone, and OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    _require_private(folder, folder.stat(), "700")


def write_private(file: Path, content: bytes) -> None:
    """Puts the content in the place of the file (0600), or leaves what stood there. Raises OSError."""
    with in_place_of(file, content):
        pass


@contextmanager
def in_place_of(file: Path, content: bytes) -> Iterator[None]:
    """The same at the end of the block, at whose beginning there was room for it; not after an exception."""
    beside = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        _write_new(beside, content)
        yield
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    _flush_folder(file.parent)


def unfinished(file: Path) -> list[Path]:
    """What processes have left beside the file that were killed while they wrote it."""
    return [*file.parent.glob(f".{file.name}.*")]


def write_new_private(file: Path, content: bytes) -> None:
    """A new file (0600). Raises FileExistsError where there is one, and OSError."""
    try:
        _write_new(file, content)
    except FileExistsError:
        raise
    except OSError:
        file.unlink(missing_ok=True)
        raise
    _flush_folder(file.parent)


def read_private(file: Path) -> bytes:
    """What the file holds. Raises NotPrivate where it is not ours alone, or no file, and OSError."""
    with open(file, "rb", opener=_open_at_once) as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise NotPrivate(f"{file} is no file: move it away")
        _require_private(file, found, "600")
        return stream.read(MOST)


def _write_new(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    """After a loss of power the new name stands, and not the old content under it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_at_once(file: str, flags: int) -> int:
    """A pipe that stands in the place of the file is not waited for."""
    return os.open(file, flags | os.O_NONBLOCK)


def _require_private(path: Path, found: os.stat_result, mode: str) -> None:
    if found.st_uid != os.geteuid():
        raise NotPrivate(
            f"{path} belongs to another user, {user_name(found.st_uid)}, who could change it: run this as that user, "
            f"or `chown {whoever()} {path}`"
        )
    if found.st_mode & OTHERS:
        raise NotPrivate(f"{path} is open to others than its owner: run `chmod {mode} {path}`")
