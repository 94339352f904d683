"""Connections to the warehouse file: one writer at a time, no longer than its transaction.

DuckDB locks the whole file: a writer keeps every other process out, and a reader in another process keeps a writer
out. So a busy file is waited for, and nobody holds it longer than one transaction or one query. How it is waited for,
and what becomes of a reader that holds on to it, is in `opening`.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import md5
from importlib.resources import files
from pathlib import Path

import duckdb

from sf_elt.warehouse.calls import CallLedger
from sf_elt.warehouse.comments import comments_of
from sf_elt.warehouse.errors import WarehouseBusy, WarehouseEmpty, readable, room_for
from sf_elt.warehouse.frames import Frames
from sf_elt.warehouse.only_writer import only_writer
from sf_elt.warehouse.opening import Opening, is_made
from sf_elt.warehouse.private import narrow, private_files
from sf_elt.warehouse.spilling import spill_folder, sweep_spilled

log = logging.getLogger(__name__)

SCHEMA = files("sf_elt.warehouse").joinpath("schema.sql").read_text("utf-8")
SCHEMA_VERSION = md5(SCHEMA.encode(), usedforsecurity=False).hexdigest()

WAIT_SECONDS = 300.0  # for a file that another process holds
GATE = "writer-waits"  # the file at which a writer waits for readers
WRITER = "writer"  # the file that whoever writes has locked

_doors: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Warehouse(Frames):
    """One DuckDB file, with the landing folder and the ledger of API calls beside it.

    All of it is its owner's only: folders 0700, files 0600; what is there already and open to others is narrowed.
    `wait_seconds` bounds the wait for a file that another process holds; where it is readers that hold it, a writer
    goes on in a copy after `patience_seconds`. What an unfinished read has landed is kept for `keep_landed` after its
    last page.
    """

    root: Path
    wait_seconds: float = WAIT_SECONDS
    patience_seconds: float = 10.0
    keep_landed: timedelta = timedelta(days=7)

    @property
    def file(self) -> Path:
        return self.root / "warehouse.duckdb"

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection inside one transaction: committed at the end of the block, rolled back on an exception.

        Raises WarehouseBusy when the file stays locked, WarehouseFull when the disk has no room, WarehouseClosed when
        it may not be written, WarehouseUnreadable when it is broken.
        """
        with self.alone() as connection:
            connection.begin()
            try:
                yield connection
                connection.commit()
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def alone(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The writer's connection outside of any transaction. Raises what `write` raises."""
        _own_folder(self.root)
        _own_folder(self._spilled)
        narrow(self.root.resolve())
        turn = only_writer(self.root / WRITER, self.file, self.wait_seconds)
        with private_files(), self._door(), room_for(self.file), turn, self._opened(read_only=False) as connection:
            self._sweep_left_over()
            _install_schema(connection)
            yield connection

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A short read-only connection.

        Raises WarehouseEmpty before the first write, WarehouseClosed where this user may not read it, and WarehouseBusy
        and WarehouseUnreadable as `write` does.
        """
        with room_for(self.file, "read"):
            is_there = is_made(self.file)
        if not is_there:
            raise WarehouseEmpty(f"{self.file} does not exist yet: materialize an import first")
        with private_files(), self._door(), room_for(self.file), self._opened(read_only=True) as connection:
            yield connection

    def landing(self, stream: str) -> Path:
        """The folder where a stream's bytes land before they are merged; made for its owner only."""
        _own_folder(self.root)
        _own_folder(self.root / "landing")
        return _own_folder(self.root / "landing" / stream)

    def landings(self) -> list[Path]:
        """The folders of all streams of which anything has landed."""
        parent = self.root / "landing"
        return sorted(folder for folder in parent.iterdir() if folder.is_dir()) if parent.is_dir() else []

    def calls(self) -> CallLedger:
        """The ledger of API calls, shared by all processes that use this warehouse."""
        _own_folder(self.root)
        return CallLedger(self.root / "calls.sqlite")

    @contextmanager
    def _door(self) -> Iterator[None]:
        """Lets one thread of this process in: DuckDB refuses a reader and a writer of one file in one process."""
        door = _doors[self.file.resolve()]
        if not door.acquire(timeout=self.wait_seconds):
            raise WarehouseBusy(f"another thread of this process has held {self.file} for {self.wait_seconds:.0f} s")
        try:
            yield
        finally:
            door.release()

    @contextmanager
    def _opened(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        opening = Opening(self.file, self.root / GATE, self.rewritten, self.wait_seconds, self.patience_seconds)
        with spill_folder(self._spilled) as spilled:
            with readable(self.file), room_for(self.file, "read" if read_only else "written"):
                connection = opening.connect(read_only=read_only)
            with connection:
                connection.execute("SET preserve_insertion_order = false")
                connection.execute("SET TimeZone = 'UTC'")
                if spilled is not None:
                    connection.execute("SET temp_directory = ?", [str(spilled)])
                yield connection

    @property
    def rewritten(self) -> Path:
        """Where the file is written anew, to take its own place."""
        return self.file.resolve().with_suffix(".rewritten")

    @property
    def _spilled(self) -> Path:
        """Where connections put what does not fit into memory (`spilling`)."""
        return self.root / "spilled"

    def _sweep_left_over(self) -> None:
        """Removes what killed processes spilled or began to rewrite: who writes is alone with the latter."""
        sweep_spilled(self._spilled)
        for file in (self.rewritten, self.rewritten.with_name(f"{self.rewritten.name}.wal")):
            file.unlink(missing_ok=True)


def _own_folder(folder: Path) -> Path:
    """Makes a folder, and those above it, that only its owner can enter."""
    with room_for(folder), private_files():
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Rolls back; a failed COMMIT has ended the transaction already, and then there is nothing to roll back."""
    try:
        connection.rollback()
    except duckdb.TransactionException:
        log.debug("no transaction left to roll back")


def _install_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates the tables of schema.sql once for each version of that file."""
    if _installed(connection) == SCHEMA_VERSION:
        return
    connection.begin()
    connection.execute(SCHEMA)
    connection.execute(";".join(comment.statement for comment in comments_of(SCHEMA)))
    connection.execute("DELETE FROM ops.installed")
    connection.execute("INSERT INTO ops.installed VALUES (?)", [SCHEMA_VERSION])
    connection.commit()


def _installed(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The version of schema.sql that made the tables; None in a new file.

    Asked without looking into the catalog first: the first look there takes half as long as opening the file.
    """
    try:
        row = connection.execute("SELECT version FROM ops.installed").fetchone()
    except duckdb.CatalogException:
        return None
    return row[0] if row else None
