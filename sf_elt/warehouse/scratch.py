"""A database in memory beside the warehouse, for long work that must keep nobody from it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sf_elt.warehouse.connection import Warehouse
from sf_elt.warehouse.errors import WarehouseBusy, room_for
from sf_elt.warehouse.locks import locked
from sf_elt.warehouse.private import private_files

SOON = 2.0  # seconds in which whoever only sweeps has left


@contextmanager
def scratch(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database in memory, which is gone at the end; it has no lock on the warehouse.

    What does not fit into memory is spilled into a folder of its own, which only its owner can enter. One at a time:
    raises WarehouseBusy where another run has one.
    """
    folder = _folder(warehouse)
    with room_for(folder), private_files():
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "lock", min(SOON, warehouse.wait_seconds)) as alone:
            if not alone:
                raise WarehouseBusy(f"another run works in {folder}: wait for its end, then run again")
            spilled = folder / "spilled"
            _sweep(spilled)  # what a killed run left: whoever has the lock is alone here
            try:
                with duckdb.connect(config={"temp_directory": str(spilled)}) as connection:
                    yield connection
            finally:
                _sweep(spilled)


def clear_scratch(warehouse: Warehouse, wait_seconds: float | None = None) -> bool:
    """Removes what killed runs have spilled. Waits for one that works, so long or up to the warehouse's `wait_seconds`;
    gives whether there is none any more.
    """
    folder = _folder(warehouse)
    if not folder.is_dir():
        return True
    with locked(folder / "lock", warehouse.wait_seconds if wait_seconds is None else wait_seconds) as alone:
        if alone:
            _sweep(folder / "spilled")
        return alone


def _folder(warehouse: Warehouse) -> Path:
    return warehouse.root / "scratch"


def _sweep(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
