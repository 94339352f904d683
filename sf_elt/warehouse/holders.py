"""Which processes hold the warehouse's files, as the kernel says: nothing is opened, and nobody is disturbed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sf_elt.warehouse.connection import Warehouse

LOCKS = Path("/proc/locks")


@dataclass(frozen=True)
class Holder:
    """A process that has a lock on a file, to write or only to read, and what it goes by; '' where that is hidden."""

    file: Path
    pid: int
    program: str
    writes: bool


def holders(warehouse: Warehouse, locks: Path = LOCKS) -> tuple[Holder, ...] | None:
    """Of the warehouse file and of the turns that runs take; None where this system does not say."""
    try:
        lines = locks.read_text("ascii").splitlines()
    except OSError:
        return None
    files = {_number(file): file for file in _locked_files(warehouse)}
    found = []
    for line in lines:
        words = line.split()
        if "->" in words or len(words) < 6:  # somebody who waits
            continue
        kind, pid, place = words[3], words[4], words[5]
        if (file := files.get(_place(place))) is not None and int(pid) > 0:
            found.append(Holder(file, int(pid), _program(int(pid)), kind == "WRITE"))
    return tuple(dict.fromkeys(found))


def _locked_files(warehouse: Warehouse) -> Iterator[Path]:
    turns = warehouse.root / "turns"
    yield from (file for file in (warehouse.file, *(turns.iterdir() if turns.is_dir() else ())) if file.is_file())


def _number(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return os.major(found.st_dev), os.minor(found.st_dev), found.st_ino


def _place(text: str) -> tuple[int, int, int]:
    """`08:01:1234`, where the device is in hexadecimal."""
    major, minor, inode = text.split(":")
    return int(major, 16), int(minor, 16), int(inode)


def _program(pid: int) -> str:
    """Its name alone: its arguments may hold what is nobody's business."""
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return ""
