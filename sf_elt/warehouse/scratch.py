"""A database in memory beside the warehouse, for long work that must keep nobody from it."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sf_elt.warehouse.connection import Warehouse
from sf_elt.warehouse.errors import WarehouseBusy, room_for


@contextmanager
def scratch(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database in memory, which is gone at the end; it has no lock on the warehouse.

    What does not fit into memory is spilled into a folder of its own, which only its owner can enter. One at a time:
    raises WarehouseBusy where another run has one.
    """
    folder = warehouse.root / "scratch"
    with room_for(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise WarehouseBusy(f"another run works in {folder}: wait for its end, then run again") from error
            spilled = folder / "spilled"
            _sweep(spilled)  # what a killed run left: whoever has the lock is alone here
            try:
                with duckdb.connect(config={"temp_directory": str(spilled)}) as connection:
                    yield connection
            finally:
                _sweep(spilled)


def _sweep(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
