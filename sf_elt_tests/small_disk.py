"""A disk of its own, so small that it can be filled: for what a program does where there is no room.

with small_disk(folder, "16m") as disk:
    disk.fill()
    disk.clear()
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Disk:
    """Mounted on the folder."""

    folder: Path

    def fill(self, but: int = 0) -> None:
        """Leaves no room, or so many bytes."""
        with self._filler.open("ab", buffering=0) as filler, suppress(OSError):
            while filler.write(bytes(1 << 16)):
                pass
        if but:
            os.truncate(self._filler, self._filler.stat().st_size - but)

    def clear(self) -> None:
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        """From now on it can only be read."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Disk]:
    """Skips the test where this user may mount none. What is in it goes with it."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk, where it may")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
