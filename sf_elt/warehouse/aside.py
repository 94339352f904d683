"""Leaving the warehouse file to a reader that holds on to it, and going on in a copy that takes its name.

A notebook or a BI tool that keeps the file open would make every run wait, and in the end fail. So a writer waits for
it only a little: then it copies the file and gives the copy the file's name. Who has the old one open goes on reading
it, as it was, and who opens it from then on gets the new one. The disk has the old one back when its last reader ends.
"""

import fcntl
import logging
import os
import shutil
import struct
import sys
from pathlib import Path

import duckdb

log = logging.getLogger(__name__)

CHUNK = 1 << 30
SPARE = 1.2  # times the file's size: room for the copy, and for what the writer is about to write


def leave_to_readers(file: Path, copy: Path) -> bool:
    """Puts a copy of the file in its place; False where a writer has it, or the disk has no room for two.

    For who keeps the gate shut: two that did this at once would lose what the first one wrote. A connection of our own
    keeps writers out while the bytes are copied, so the copy is whole; a log of the last writer, where it was killed,
    belongs to the copy as it did to the file. Killed at any moment, the file is there, whole.
    """
    if sys.platform != "linux":  # how others lay out a lock, and copy, is not known here: their readers are waited for
        return False
    if shutil.disk_usage(file.parent).free < SPARE * file.stat().st_size:
        log.warning("no room on the disk for a copy of %s, with which a run need not wait for its readers", file)
        return False
    before = file.stat().st_ino
    try:
        own = duckdb.connect(file, read_only=True)
    except duckdb.IOException:
        return False
    # The source stays open until `own` is closed: to close any descriptor of a file ends the process's locks on it.
    with file.open("rb") as source, own:
        if file.stat().st_ino != before:  # replaced in that moment: we would keep nobody out
            return False
        if not _is_held_by_others(source.fileno()):  # a writer was in the way, and has gone
            return False
        with copy.open("wb") as target:
            shutil.copymode(file, copy)
            _copy(source.fileno(), target.fileno())
            os.fsync(target.fileno())
        copy.replace(file)
    return True


def _is_held_by_others(descriptor: int) -> bool:
    """Whether another process has a lock on the file, as DuckDB's readers do. Our own process's do not count."""
    asked = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, *_ = struct.unpack("hhqqi", fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    return bool(kind != fcntl.F_UNLCK)


def _copy(source: int, target: int) -> None:
    """All bytes; a file system that can lets both files share them."""
    while os.copy_file_range(source, target, CHUNK):
        pass
