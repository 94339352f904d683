"""What can go wrong with the warehouse's own files. The tree is drawn in `sf_elt.warehouse`."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

# How DuckDB and SQLite say that a write found no room; neither has an error class of its own for it.
NO_ROOM = ("No space left", "File too large", "disk space", "disk is full", "disk I/O error")


class WarehouseError(Exception):
    """Anything that goes wrong with the warehouse file itself."""


class WarehouseBusy(WarehouseError):
    """Another process kept the file locked for longer than we wait."""


class WarehouseEmpty(WarehouseError):
    """There is no warehouse file yet."""


class WarehouseFull(WarehouseError):
    """The disk has no room left; the transaction was rolled back."""


@contextmanager
def room_for(file: Path) -> Iterator[None]:
    """Raises WarehouseFull where the block finds that the disk is full, whoever noticed it."""
    try:
        yield
    except (duckdb.Error, sqlite3.Error, OSError) as error:
        out_of_room = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if out_of_room or any(words in str(error) for words in NO_ROOM):
            raise WarehouseFull(
                f"no room for {file}: nothing of this step was kept. Free disk space and run it again. ({error})"
            ) from error
        raise
