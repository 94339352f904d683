"""Shows somebody an address: in a browser of this machine, or, where they log in, for one on another."""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from sf_elt.cli.environment import for_others
from sf_elt.cli.showing import say

if TYPE_CHECKING:
    from sf_elt.salesforce.connection.callback import Take

LOOKS_UP = 0.1  # seconds between two looks at whether anybody still waits
_OPENS = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


def open_in_browser(address: str) -> bool:
    """Whether a browser took the address. It stays for long, so none of our secrets are in its environment."""
    command = [sys.executable, "-I", "-c", _OPENS, address]
    opened = subprocess.run(command, env=for_others(), stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - our own
    return opened.returncode == 0


@contextmanager
def show_address(*, opens: bool) -> "Iterator[Callable[[str, Take], None]]":
    """What shows an address, and takes what is pasted meanwhile: whoever has logged in on another machine pastes the
    address that their browser could not open there.
    """
    done = Event()
    readers: list[Thread] = []

    def show(address: str, take: "Take") -> None:
        if opens and _has_browser():
            say(f"Log in in the browser that opens now. If none does, open this address:\n\n{address}\n")
            Thread(
                target=open_in_browser, args=(address,), name="browser", daemon=True
            ).start()  # some wait for its end
        else:
            say(f"Open this address in a browser and log in:\n\n{address}\n")
        say("Is that browser on another machine? Then paste the address that it was sent to, which it could not open.")
        if (file := _standard_input()) is not None:
            readers.append(Thread(target=_read_lines, args=(file, take, done), name="pasted", daemon=True))
            readers[-1].start()

    try:
        yield show
    finally:
        done.set()
        for reader in readers:
            reader.join()


def _has_browser() -> bool:
    """A browser with a window. Over SSH it would open where nobody sits, and one of text would take the terminal."""
    if "SSH_CONNECTION" in os.environ or "SSH_TTY" in os.environ:
        return False
    return sys.platform == "darwin" or any(os.environ.get(each) for each in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def _standard_input() -> int | None:
    try:
        return sys.stdin.fileno()
    except (OSError, ValueError):
        return None


def _read_lines(file: int, take: "Take", done: Event) -> None:
    """Hands on line by line. It never blocks in a read, which nothing could end."""
    text = b""
    while not done.is_set():
        ready, _, _ = select.select([file], [], [], LOOKS_UP)
        if not ready:
            continue
        read = os.read(file, 4096)
        *lines, text = (text + read).split(b"\n") if read else [text, b""]
        for line in lines:
            if line.strip() and (wrong := take(line.decode(errors="replace"))):
                say(wrong)
        if not read:
            return
