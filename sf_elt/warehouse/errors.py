"""What can go wrong with the warehouse's own files. The tree is drawn in `sf_elt.warehouse`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import duckdb

from sf_elt.disk import free_room, is_closed, is_full, wanted_owner

# How DuckDB and SQLite say that a write found no room; neither has an error class of its own for it.
NO_ROOM = ("No space left", "File too large", "disk space", "disk is full", "disk I/O error")

TORN = ("file is not a database", "is malformed")

# What is broken inside of a file that opens shows when it is read; DuckDB has no error class for it either.
BROKEN = ("Corrupt database file", "because of a previous fatal error")
CUT = "Could not read enough bytes"

NOT_ALLOWED = ("Permission denied", "Read-only file system", "readonly database")


class WarehouseError(Exception):
    """Anything that goes wrong with the warehouse file itself."""


class WarehouseBusy(WarehouseError):
    """Another process kept the file locked for longer than we wait."""


class WarehouseEmpty(WarehouseError):
    """There is no warehouse file yet."""


class WarehouseUnreadable(WarehouseError):
    """The file is there and is no warehouse, a broken one, or one of a later DuckDB."""


class ReadOnly(WarehouseError):
    """A question to the warehouse would have written to it."""


class UnknownTable(WarehouseError):
    """There is no table or view of that name."""


class WarehouseFull(WarehouseError):
    """The disk has no room left; the transaction was rolled back."""


class WarehouseClosed(WarehouseError):
    """This user may not write to the warehouse's folder, or its disk is read-only."""


class OutOfMemory(WarehouseError):
    """DuckDB found too little memory for one step; the transaction was rolled back."""


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Raises WarehouseUnreadable where DuckDB cannot make out what the file holds."""
    try:
        yield
    except duckdb.Error as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: duckdb.Error) -> WarehouseUnreadable:
    return WarehouseUnreadable(
        f"{file} cannot be read. DuckDB says: {_first_line(error)} If it is broken, put back a copy, or move it away "
        "and import again: docs/recovery.md"
    )


def _is_broken(file: Path, error: Exception) -> bool:
    """Whether DuckDB has come upon a place in the file that is not as it was written."""
    said = str(error)
    return any(words in said for words in BROKEN) or (CUT in said and f'/{file.name}"' in said)


def _first_line(error: Exception) -> str:
    """What DuckDB says, as a sentence; its further lines show the statement."""
    said = str(error).partition("\n")[0].strip().rstrip(".!") or type(error).__name__
    return f"{said}."


@contextmanager
def room_for(file: Path, done: Literal["read", "written"] = "written") -> Iterator[None]:
    """Raises WarehouseFull or WarehouseClosed where the disk is full or may not be written, whoever noticed it.

    And OutOfMemory where DuckDB could not hold what it had to hold at once, WarehouseUnreadable where the file is
    broken inside, or SQLite finds no file of its own.
    """
    try:
        yield
    except (duckdb.Error, sqlite3.Error, OSError) as error:
        if is_full(error) or any(words in str(error) for words in NO_ROOM):
            raise WarehouseFull(
                f"no room for {file}: nothing of this step was kept. {free_room(file)}Free disk space and run it "
                f"again. ({error})"
            ) from error
        if is_closed(error) or any(words in str(error) for words in NOT_ALLOWED):
            also = ", on a disk that is not read-only. Nothing of this step was kept" if done == "written" else ""
            raise WarehouseClosed(
                f"{file} cannot be {done}: its folder {file.parent} must belong to the user who runs this, "
                f"{wanted_owner(file.parent)}{also}. ({error})"
            ) from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise OutOfMemory(
                f"too little memory for a step on {file}: nothing of it was kept. Run it again with less at once: an "
                "import over fewer partitions, or without long texts (exclude_fields); event files in smaller pieces. "
                f"({str(error).splitlines()[0]})"
            ) from error
        if isinstance(error, duckdb.Error) and _is_broken(file, error):
            raise _unreadable(file, error) from error
        if isinstance(error, sqlite3.DatabaseError) and any(words in str(error) for words in TORN):
            raise WarehouseUnreadable(
                f"{file} cannot be read. SQLite says: {_first_line(error)} Put back a copy, or move it away, and it "
                "begins anew: docs/recovery.md"
            ) from error
        raise
