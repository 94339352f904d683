"""Somebody at a terminal: a command in a real pseudo-terminal, with what it shows and what is typed.

with AtTerminal(["sf-elt", "init"], environment, folder) as there:
    there.answer("Which org", "2")
    assert there.ended() == 0
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 60  # seconds for what is expected next
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class AtTerminal:
    """`seen` is everything that was shown, without colours."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self._terminal, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._process = subprocess.Popen(
            command,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={**environment},
            cwd=folder,
        )
        os.close(inner)
        self.seen, self._read_to = "", 0

    def answer(self, question: str, typed: str, *, enter: bool = True) -> str:
        """Waits for the question and types; gives what was shown since the last answer."""
        place = self._wait_for(question)
        shown = self.seen[self._read_to : place]
        self._read_to = place + len(question)
        os.write(self._terminal, (typed + ("\n" if enter else "")).encode())
        return shown

    def ended(self) -> int:
        """Its exit code, once it has ended by itself."""
        while self._read():
            pass
        return self._process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def _wait_for(self, text: str) -> int:
        while text not in self.seen[self._read_to :]:
            assert self._read(), f"it ended, or waits, before {text!r}:\n{self.seen}"
        return self.seen.index(text, self._read_to)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], PATIENCE)
        if not ready:
            return False
        try:
            shown = os.read(self._terminal, 1 << 16)
        except OSError:  # the other end is closed
            return False
        self.seen += _CONTROL.sub("", shown.decode(errors="replace")).replace("\r\n", "\n")
        return bool(shown)
