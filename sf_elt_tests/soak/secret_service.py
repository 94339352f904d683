"""A user's session with a real keyring: GNOME's Secret Service on a D-Bus of its own, with a home of its own.

with keyring_session(folder) as session:
    session.run(["sf-elt", "logout"])
    session.lock()
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
BINARIES = Path(sys.executable).parent

# Nothing is started by itself: a keyring that is gone stays gone, and nobody is asked on a screen that is not there.
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""  # noqa: E501 - as D-Bus has its policies

_THERE = """
import secretstorage
with secretstorage.dbus_init() as connection:
    assert secretstorage.check_service_availability(connection)
    assert not secretstorage.get_default_collection(connection).is_locked()
"""
_LOCK = """
import secretstorage
with secretstorage.dbus_init() as connection:
    secretstorage.get_default_collection(connection).lock()
    assert secretstorage.get_default_collection(connection).is_locked()
"""


def missing() -> str:
    """Why there can be no such session here; empty where there can."""
    lacking = [each for each in PROGRAMS if shutil.which(each) is None]
    return f"needs {' and '.join(lacking)} (apt-get install dbus gnome-keyring)" if lacking else ""


@dataclass
class KeyringSession:
    """`folder` is the user's home, and has a short path: sockets have one of 107 bytes at most."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.folder / 'bus'}",
            "PATH": f"{BINARIES}:{os.environ['PATH']}",
            "TMPDIR": str(self.folder / "tmp"),
            **self.variables,
        }

    def start(self) -> None:
        """The bus, and the keyring unlocked by the user's password."""
        for each in ("run", "tmp"):
            (self.folder / each).mkdir(mode=0o700, exist_ok=True)
        (self.folder / "bus.conf").write_text(_BUS.format(self.folder / "bus"))
        bus = self._begin(["dbus-daemon", f"--config-file={self.folder / 'bus.conf'}", "--nofork", "--print-address=1"])
        assert bus.stdout is not None
        assert bus.stdout.readline()
        daemon = self._begin(["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"])
        assert daemon.stdin is not None
        daemon.stdin.write(b"the user's own password")
        daemon.stdin.close()
        end = time.monotonic() + 60
        while self.run(["python", "-c", _THERE]).returncode != 0:
            assert time.monotonic() < end, "the keyring does not come"
            time.sleep(0.1)

    def lock(self) -> None:
        """As a screen that locks; nobody is there to unlock it."""
        done = self.run(["python", "-c", _LOCK])
        assert done.returncode == 0, done.stderr

    def end(self) -> None:
        """As the end of a session: keyring and bus are gone. What was kept is there at the next start."""
        while self._running:
            process = self._running.pop()
            process.kill()
            with process:  # waits for it, and closes its pipes
                pass

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        with self.begun(command) as process:
            said, told = process.communicate(timeout=300)
        return subprocess.CompletedProcess(command, process.returncode, said, told)

    def begun(self, command: Sequence[str]) -> subprocess.Popen[str]:
        words = [str(BINARIES / command[0]), *command[1:]]
        return subprocess.Popen(
            words, env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def _begin(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._running.append(process)
        return process


@contextmanager
def keyring_session(folder: Path, variables: Mapping[str, str]) -> Iterator[KeyringSession]:
    """A session that has begun; its processes end with the block."""
    session = KeyringSession(folder, variables)
    try:
        session.start()
        yield session
    finally:
        session.end()
