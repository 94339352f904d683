"""Files that only their owner can open, from their first byte on, whatever the umask is."""

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from uuid import uuid4

from sf_elt.counting import count

log = logging.getLogger(__name__)

OTHERS = 0o077
FORGOTTEN = 3600.0  # seconds after which nobody writes to a part of a file any more

_counting = Lock()
_blocks = 0
_before = 0


@contextmanager
def private_files() -> Iterator[None]:
    """What this process makes within the block is for its owner only: files 0600, folders 0700.

    DuckDB makes its log and what it spills by itself, so it is the umask that says so. That is the process's: what
    other threads make meanwhile is private as well. The last block that ends puts it back.
    """
    global _blocks, _before
    with _counting:
        if not _blocks:
            _before = os.umask(OTHERS)
        _blocks += 1
    try:
        yield
    finally:
        with _counting:
            _blocks -= 1
            if not _blocks:
                os.umask(_before)


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A new private file to write, which takes the place of `file` at the end of the block, or goes after an exception.

    What a killed process has left of an earlier one goes as well. What is no file, such as /dev/stdout, is itself
    given to write, and stays what it is. Raises OSError.
    """
    if file.exists() and not file.is_file() and not file.is_dir():
        yield file
        return
    forgotten = re.compile(rf"\.{re.escape(file.name)}\.[0-9a-f]{{32}}")
    for left_over in file.absolute().parent.iterdir():
        with suppress(FileNotFoundError):  # another process has come to its end with it
            if forgotten.fullmatch(left_over.name) and left_over.stat().st_mtime < time.time() - FORGOTTEN:
                left_over.unlink()
    part = file.with_name(f".{file.name}.{uuid4().hex}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@cache
def narrow(folder: Path) -> None:
    """Takes what is in the folder, and the folder, from everybody but the owner; says so. Once in a process.

    An earlier version, or a copy, may have left it open. Names what belongs to somebody else, and stays open.
    """
    inside = (Path(place) / name for place, folders, files in os.walk(folder) for name in (*folders, *files))
    opened = [path for path in (folder, *inside) if _is_open(path)]
    refused = [path for path in opened if not _narrowed(path)]
    if len(opened) > len(refused):
        what = count(len(opened) - len(refused), "file or folder", "files and folders")
        log.warning("%s in %s could be opened by others: now only by the owner", what, folder)
    if refused:
        log.warning(
            "%s and %d more can be opened by others, and belong to somebody else: let their owner run "
            "`chmod -R go= %s`",
            refused[0],
            len(refused) - 1,
            folder,
        )


def _is_open(path: Path) -> bool:
    """Not a link, whose own mode says nothing, nor what has just gone."""
    try:
        return not path.is_symlink() and bool(path.stat().st_mode & OTHERS)
    except OSError:
        return False


def _narrowed(path: Path) -> bool:
    try:
        path.chmod(path.stat().st_mode & 0o700)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
