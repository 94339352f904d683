"""The folder an org works in: private, locked while the org lives, gone when it ends."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "demo-org-"
LOCK = "lock"


class WorkFolder:
    """A new folder (0700) among the temporary files. Making one also removes those that killed orgs left behind.

    Its lock ends with the process, however that ends: a folder whose lock can be taken has no owner.
    """

    def __init__(self) -> None:
        _remove_orphans()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        unlocked = self.path / f"{LOCK}.new"
        self._lock = os.open(unlocked, os.O_CREAT | os.O_WRONLY, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unlocked.rename(self.path / LOCK)  # nobody finds a lock that is not held yet

    def remove(self) -> None:
        if self._lock < 0:
            return
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)
        self._lock = -1


def _remove_orphans() -> None:
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        try:
            descriptor = os.open(lock, os.O_WRONLY | os.O_NOFOLLOW)
        except OSError:
            continue  # somebody else's, or removed in the meantime
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its org lives
        else:
            shutil.rmtree(lock.parent, ignore_errors=True)
        finally:
            os.close(descriptor)
