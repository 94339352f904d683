"""A keyring for tests: a file that several processes share, named by the environment, and one that is locked."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

VARIABLE = "SF_ELT_TEST_KEYRING"


class FileKeyring(KeyringBackend):
    """Keeps everything in the JSON file that SF_ELT_TEST_KEYRING names."""

    priority = 5.0  # type: ignore[assignment]  # the base class has a property of the class

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write(self._read() | {f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        entries = self._read()
        del entries[f"{service}/{username}"]
        self._write(entries)

    @property
    def _file(self) -> Path:
        return Path(os.environ[VARIABLE])

    def _read(self) -> dict[str, str]:
        entries: dict[str, str] = json.loads(self._file.read_text()) if self._file.exists() else {}
        return entries

    def _write(self, entries: dict[str, str]) -> None:
        self._file.write_text(json.dumps(entries))


class LockedKeyring(FileKeyring):
    """One that nobody unlocks; what it says repeats what it was given, as some do."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"locked: {password}")
