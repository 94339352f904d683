"""A small SQLite file beside the warehouse, for what must be written while another process writes to the warehouse.

Every transaction is short, and waits for the other ones; what it has committed survives a killed process.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from sf_elt.warehouse.errors import room_for
from sf_elt.warehouse.waiting import LOOK_AGAIN

if TYPE_CHECKING:  # it has the ledger of calls, whose transactions are those of this module
    from sf_elt.warehouse.connection import Warehouse

WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class SqliteFile:
    """One file, for its owner only (0600).

    `tables`: the statements that make its tables where there are none, and those that an earlier version did not have.
    """

    file: Path
    tables: str

    @classmethod
    def beside(cls, warehouse: "Warehouse", name: str, tables: str) -> Self:
        """The file of that name in the warehouse's folder, which is made for its owner only where there is none."""
        return cls(warehouse.calls().file.with_name(name), tables)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection within one transaction, alone: committed at the end of the block, rolled back on an exception.

        Rows go by name, as sqlite3.Row. Raises WarehouseFull or WarehouseClosed where the disk says so.
        """
        with room_for(self.file):
            if is_new := not self.file.exists():
                self.file.touch(mode=0o600)
            with closing(sqlite3.connect(self.file, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                if is_new or connection.execute("PRAGMA user_version").fetchone()[0] != self._version:
                    write_ahead(connection)
                    made = f"{self.tables} PRAGMA user_version = {self._version};"
                    connection.executescript(f"BEGIN IMMEDIATE; {made} COMMIT;")
                connection.execute("PRAGMA synchronous = NORMAL")
                with immediate(connection):
                    yield connection

    @property
    def _version(self) -> int:
        """What SQLite notes of the tables in the file: a number of 31 bits."""
        return zlib.crc32(self.tables.encode()) & 0x7FFFFFFF


def write_ahead(connection: sqlite3.Connection) -> None:
    """Puts the file into SQLite's WAL mode, in which a commit survives a killed process without a sync.

    SQLite does not wait here, whatever the connection's timeout: it looks at the file before it locks it, and who holds
    such a look is refused the lock at once. So two processes that make one file together are both brought through.
    """
    attempts = Retrying(
        retry=retry_if_exception(_is_held),
        wait=wait_random(*LOOK_AGAIN),
        stop=stop_after_delay(WAIT_SECONDS),
        reraise=True,
    )
    attempts(connection.execute, "PRAGMA journal_mode = WAL")


def _is_held(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction, alone from its first moment: committed at the end of the block, rolled back on an exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back where the disk is full
            connection.execute("ROLLBACK")
        raise
