"""What `sf-elt login` keeps of a connection: encrypted, in the system's keyring or in a file of its owner's.

    place = KeptLogin(Path("data/logins"), "salesforce")
    place.about                 # how it was signed in, for people: nothing secret; None where it was not
    with place.turn():          # nobody else renews it meanwhile, in this process or another
        place.write(place.read().renewed(…))
    place.forget()

A file NAME.json holds `about`, and says where the secrets are: in the keyring where there is one, else in the same
file, sealed (`sealing`).
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import TypeAdapter, ValidationError

from sf_elt.disk import free_room, is_closed, is_full, wanted_owner
from sf_elt.salesforce.connection import sealing
from sf_elt.salesforce.connection.private_file import (
    NotPrivate,
    in_place_of,
    make_private_folder,
    read_private,
    unfinished,
    write_private,
)
from sf_elt.salesforce.errors import AuthenticationFailed, OrgUnavailable

Way = Literal["browser", "JWT key", "client credentials", "password"]

LONGEST_TURN = 180.0  # seconds that another process's renewal is waited for


@dataclass(frozen=True)
class About:
    """How a connection was signed in, for people: nothing secret."""

    way: Way
    login_url: str
    instance_url: str
    username: str
    signed_in_at: datetime
    renewed_at: datetime


@dataclass(frozen=True)
class Kept(About):
    """What opens sessions of a connection, and the session that was opened last."""

    consumer_key: str | None = field(default=None, repr=False)
    consumer_secret: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    security_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)

    @property
    def about(self) -> About:
        return About(**{each.name: getattr(self, each.name) for each in fields(About)})

    def renewed(self, *, access_token: str, instance_url: str, refresh_token: str | None, at: datetime) -> Self:
        """The same with a new session; a refresh token that came with it replaces the one that was spent."""
        refresh_token = refresh_token or self.refresh_token
        return replace(
            self, access_token=access_token, instance_url=instance_url, refresh_token=refresh_token, renewed_at=at
        )


@dataclass(frozen=True)
class _File:
    """NAME.json; `sealed` is None where the secrets are in the keyring."""

    about: About
    sealed: str | None = field(default=None, repr=False)


_kept = TypeAdapter(Kept)
_file = TypeAdapter(_File)


@dataclass(frozen=True)
class KeptLogin:
    """The place where the login of one connection is kept; there may be nothing.

    What cannot be read or written is an AuthenticationFailed that says what to do, without anything secret.
    """

    folder: Path
    name: str

    @property
    def about(self) -> About | None:
        """How the connection was signed in; None where it was not."""
        found = self._read_file()
        return found.about if found is not None else None

    @property
    def is_in_keyring(self) -> bool:
        """Whether the secrets are in the system's keyring, and not in the file."""
        found = self._read_file()
        return found is not None and found.sealed is None

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.json"

    def read(self) -> Kept:
        """The login with its secrets. Raises AuthenticationFailed, also where there is none."""
        found = self._read_file()
        if found is None:
            raise AuthenticationFailed(f"{self.name} is not signed in: run `sf-elt login {self.name}`")
        text = self._keyring.get() if found.sealed is None else sealing.unseal(found.sealed, self.name)
        try:
            return _kept.validate_json(text)
        except ValidationError:  # its own words would repeat what it read
            raise self._damaged() from None

    def write(self, kept: Kept) -> None:
        """Keeps the login in the place of an earlier one. Raises AuthenticationFailed where there is no safe place."""
        text = _kept.dump_json(kept)
        with self._told("kept"):
            make_private_folder(self.folder)
            if sealing.system_keyring() is None:
                sealed = sealing.seal(text, self.name)
                write_private(self.file, _file.dump_json(_File(kept.about, sealed), indent=1))
                return
            with in_place_of(self.file, _file.dump_json(_File(kept.about), indent=1)):
                self._keyring.set(text.decode())

    def begun(self) -> Kept | None:
        """What a first login that was killed has put into the keyring, of which no file says so; None without any.

        Raises AuthenticationFailed where the keyring does not answer.
        """
        if self._read_file() is not None or sealing.system_keyring() is None:
            return None
        text = self._keyring.find()
        try:
            return _kept.validate_json(text) if text is not None else None
        except ValidationError:
            raise self._damaged() from None

    def forget(self) -> None:
        """Forgets the login, and what one that was killed has left.

        Raises AuthenticationFailed where the folder, or the keyring, does not let go of it: then nothing is forgotten.
        """
        self.require_forgettable()
        with self._told("forgotten"):
            try:
                is_in_keyring = self.is_in_keyring
            except AuthenticationFailed:  # a file that cannot be read can be forgotten all the same
                is_in_keyring = False
            if is_in_keyring or sealing.system_keyring() is not None:
                self._keyring.delete()
            for file in (self.file, *unfinished(self.file)):
                file.unlink(missing_ok=True)

    def require_forgettable(self) -> None:
        """Raises AuthenticationFailed where no file could be removed: to be asked before any part of the login goes."""
        with self._told("forgotten"):
            if self.folder.is_dir() and not os.access(self.folder, os.W_OK | os.X_OK, effective_ids=True):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.folder))

    @property
    def is_torn(self) -> bool:
        """Whether a process was killed, or is at work, while it wrote: what it has left may hold tokens, sealed."""
        return bool(unfinished(self.file))

    def require_place(self) -> None:
        """Raises AuthenticationFailed where nothing could be kept: to be asked before a user is sent anywhere."""
        with self._told("kept"):
            make_private_folder(self.folder)
            sealing.require_place(self.name)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Nobody else renews the login meanwhile. Who dies lets go of it. Raises OrgUnavailable after three minutes."""
        from filelock import FileLock, Timeout

        with self._told("renewed"):
            make_private_folder(self.folder)
            lock = FileLock(self.folder / f".{self.name}.lock", timeout=LONGEST_TURN, mode=0o600)
            try:
                lock.acquire()
            except Timeout:
                raise OrgUnavailable(
                    f"another process has been renewing the login of {self.name} for {LONGEST_TURN:.0f} seconds: run "
                    "again"
                ) from None
        try:
            yield
        finally:
            lock.release()

    @property
    def _keyring(self) -> sealing.KeyringEntry:
        return sealing.KeyringEntry(self.name, str(self.folder.resolve()))

    def _read_file(self) -> _File | None:
        try:
            return _file.validate_json(read_private(self.file))
        except FileNotFoundError:
            return None
        except (OSError, NotPrivate) as error:
            raise AuthenticationFailed(
                f"the login of {self.name} cannot be read: {error}{self._cure(error)}"
            ) from error
        except ValidationError:
            raise self._damaged() from None

    def _damaged(self) -> AuthenticationFailed:
        return AuthenticationFailed(
            f"{self.file} is not what `sf-elt login` wrote: it is damaged, or of another version. Run "
            f"`sf-elt login {self.name}`"
        )

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except (OSError, NotPrivate) as error:
            raise AuthenticationFailed(
                f"the login of {self.name} cannot be {done}: {error}{self._cure(error)}"
            ) from error

    def _cure(self, error: Exception) -> str:
        """What to do about a disk or a folder that takes nothing, as a sentence after the error."""
        if is_full(error):
            return f". There is no room in {self.folder}. {free_room(self.folder)}Free disk space and run it again"
        if is_closed(error):
            wanted = wanted_owner(self.folder)
            return (
                f". {self.folder} must belong to the user who runs this, {wanted}, with mode 0700, on a disk that is "
                "not read-only"
            )
        return ""
