"""Opening the warehouse file while others use it: a busy file is waited for, and neither readers nor writers starve.

Readers of ours let a writer that waits go first (`gate`); what others hold on to is left to them (`aside`).
"""

import logging
import stat
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from sf_elt.warehouse.aside import leave_to_readers
from sf_elt.warehouse.errors import WarehouseBusy
from sf_elt.warehouse.gate import Gate, WriterWaits, pass_by
from sf_elt.warehouse.waiting import LOOK_AGAIN, Telling

log = logging.getLogger(__name__)

HEADERS = 12_288
"""Bytes that DuckDB writes into a new file first. One that has fewer holds nothing, and DuckDB opens it no more."""

MAGIC = b"DUCK"
MAGIC_AT = 8


@dataclass(frozen=True)
class Opening:
    """How the file is opened: for how long one that is busy is waited for, and how long readers keep a writer waiting.

    `copy` is where a writer copies the file to, so that it may leave the file itself to readers; `gate` is where it
    waits.
    """

    file: Path
    gate: Path
    copy: Path
    wait_seconds: float
    patience_seconds: float

    def connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """The connection, once nobody else is in the way. Raises WarehouseBusy, and what DuckDB raises."""
        gate = Gate(self.gate)
        attempts = Retrying(
            retry=retry_if_exception(_is_busy),
            wait=wait_random(*LOOK_AGAIN),
            stop=stop_after_delay(self.wait_seconds),
            before_sleep=Telling(),
            reraise=True,
        )
        try:
            return attempts(self._read) if read_only else attempts(self._write, gate, time.monotonic())
        except (duckdb.IOException, WriterWaits) as error:
            if _is_busy(error):
                raise WarehouseBusy(
                    f"{self.file} stayed locked for {self.wait_seconds:.0f} s. Close the program that holds it (a "
                    "DuckDB shell or notebook that may write to it: open it read-only), then run again. DuckDB says: "
                    f"{error}"
                ) from error
            raise
        finally:
            gate.open()

    def _read(self) -> duckdb.DuckDBPyConnection:
        pass_by(self.gate)
        return self._connect(read_only=True)

    def _write(self, gate: Gate, since: float) -> duckdb.DuckDBPyConnection:
        """For a writer that waits since then: readers are kept out, and those that stay are left the file.

        Writers take turns (`only_writer`): one that had opened the file in the moment in which it was replaced would
        take DuckDB's log, which goes by its name, from the writer of the new one.
        """
        if not gate.shut():
            raise WriterWaits
        if not is_made(self.file):
            self.file.resolve().unlink(missing_ok=True)
        try:
            return self._connect(read_only=False)
        except duckdb.IOException as error:
            if not _is_busy(error) or time.monotonic() - since < self.patience_seconds:
                raise
            if not leave_to_readers(self.file.resolve(), self.copy):
                raise
            log.warning("readers hold on to %s: they keep it as it was, and we go on in a copy. %s", self.file, error)
        return self._connect(read_only=False)

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """Again where the file was replaced after it had been opened and before it was locked: that is the old one."""
        while True:
            opened = _number(self.file)
            connection = duckdb.connect(self.file, read_only=read_only)
            if opened is None or opened == _number(self.file):
                return connection
            connection.close()


def is_made(file: Path) -> bool:
    """Whether there is a file, and more in it than the beginning of what DuckDB writes first: who makes it now has got
    so far, or was killed there, or found the disk full.
    """
    try:
        found = file.stat()
        # What is longer is not opened: to close any descriptor of a file ends this process's locks on it.
        if found.st_size >= HEADERS or not stat.S_ISREG(found.st_mode):
            return True
        with file.open("rb") as opened:
            begins = opened.read(len(MAGIC) + MAGIC_AT)
    except FileNotFoundError:
        return False
    return begins != b"" and begins[MAGIC_AT:] != MAGIC


def _number(file: Path) -> int | None:
    """What tells the file from another one of its name; None where there is none."""
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return None


def _is_busy(error: BaseException) -> bool:
    is_locked = isinstance(error, duckdb.IOException) and "Could not set lock on file" in str(error)
    return is_locked or isinstance(error, WriterWaits)
