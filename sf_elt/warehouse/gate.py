"""A writer that waits for the warehouse file: no reader of ours opens it meanwhile, and so none keeps it waiting long.

DuckDB lets any number of readers in, one after the other; a writer gets in only where there is none. Without a gate
processes that read again and again would keep a run out for ever.
"""

import fcntl
import os
from pathlib import Path


class WriterWaits(Exception):
    """A writer stands at the gate: ask again."""

    def __str__(self) -> str:
        return "another process waits to write to it, and comes first"


def pass_by(gate: Path) -> None:
    """For a reader that is about to open the file. Raises WriterWaits where a writer waits for it.

    A reader may open it a moment after a writer has shut the gate: that one is waited for, and none after it.
    """
    try:
        descriptor = os.open(gate, os.O_RDONLY)
    except FileNotFoundError:  # nobody has waited for this warehouse yet
        return
    try:
        if not _locked(descriptor, fcntl.LOCK_SH):
            raise WriterWaits
    finally:
        os.close(descriptor)


class Gate:
    """The gate as a writer has it: shut from its first try to open the file until it is let in.

    The kernel opens the gate of a process that ends, however it ends.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None

    def shut(self) -> bool:
        """Whether readers are kept out now; not where another writer that waits does so already."""
        if self._descriptor is None:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
            if _locked(descriptor, fcntl.LOCK_EX):
                self._descriptor = descriptor
            else:
                os.close(descriptor)
        return self._descriptor is not None

    def open(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
