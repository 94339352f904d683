"""Who may log in: the active records of User, read where they stand; and what their passwords are."""

import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter

from sf_elt.demo_org.auth.attempts import Attempts
from sf_elt.demo_org.auth.credentials import Credentials, same, write_private
from sf_elt.demo_org.store import Store, quote, table


class LoginRefused(Exception):
    """Nobody is let in. `error` and `description` are those of the OAuth endpoints; SOAP says INVALID_LOGIN to all."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


@dataclass(frozen=True)
class User:
    """A record of User, as far as logging in and telling who somebody is are concerned."""

    id: str
    username: str
    name: str
    first_name: str | None
    last_name: str
    email: str
    alias: str | None
    is_active: bool
    user_type: str | None
    time_zone: str | None
    locale: str | None
    language: str | None


COLUMNS = {
    "id": "Id",
    "username": "Username",
    "name": "Name",
    "first_name": "FirstName",
    "last_name": "LastName",
    "email": "Email",
    "alias": "Alias",
    "is_active": "IsActive",
    "user_type": "UserType",
    "time_zone": "TimeZoneSidKey",
    "locale": "LocaleSidKey",
    "language": "LanguageLocaleKey",
}


class Users:
    """The org's users and their passwords: the one of the credentials for everybody, until somebody's is changed.

    With `file` (private to its owner) changed and expired passwords outlive the process. Raises ValueError for a file
    that cannot be read.
    """

    def __init__(self, store: Store, credentials: Credentials, file: Path | None = None) -> None:
        self._store = store
        self._credentials = credentials
        self._lock = threading.Lock()
        self._file = file
        kept = _kept.validate_json(file.read_bytes()) if file is not None and file.exists() else _Kept({}, set())
        self._passwords = kept.passwords
        self._expired = kept.expired
        self._ip_restricted: set[str] = set()
        self._attempts = Attempts()
        self._inactive: tuple[int, frozenset[str]] = (-1, frozenset())  # as of so many saves of users
        self._time_zones: tuple[int, dict[str, str | None]] = (-1, {})

    def named(self, username: str) -> User | None:
        """The user of that name, in any letter case."""
        return self._one('lower("Username") = lower(?)', username)

    def with_id(self, user_id: str) -> User | None:
        return self._one('"Id" = ?', user_id)

    def active(self) -> list[User]:
        """Everybody who can log in, by name."""
        return self._matching('"IsActive" ORDER BY "Username"', [])

    def is_active(self, user_id: str) -> bool:
        """Whether sessions of the user are good: read anew only after users were saved."""
        saves = self._store.saves["User"]
        as_of, inactive = self._inactive
        if as_of != saves:
            inactive = frozenset(user.id for user in self._matching('NOT "IsActive"', []))
            self._inactive = (saves, inactive)
        return user_id not in inactive

    def time_zone(self, user_id: str) -> tzinfo:
        """What the user's days go by; UTC where no such zone is known."""
        saves = self._store.saves["User"]
        as_of, zones = self._time_zones
        if as_of != saves:
            zones = {user.id: user.time_zone for user in self._matching("true", [])}
            self._time_zones = (saves, zones)
        try:
            return ZoneInfo(zones.get(user_id) or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            return UTC

    def _one(self, condition: str, value: str) -> User | None:
        try:
            value.encode()
        except UnicodeEncodeError:
            return None  # half a character names nobody, and DuckDB cannot take it
        found = self._matching(f'{condition} ORDER BY "IsActive" DESC LIMIT 1', [value])
        return found[0] if found else None

    def _matching(self, condition: str, values: list[str]) -> list[User]:
        columns = ", ".join(quote(column) for column in COLUMNS.values())
        query = f"SELECT {columns} FROM {table('User')} WHERE {condition}"  # noqa: S608 - our own words
        with self._store.reading() as connection:
            rows = connection.execute(query, values).fetchall()
        return [User(**dict(zip(COLUMNS, row, strict=True))) for row in rows]

    def log_in(self, username: str, password: str) -> User:
        """The user whose password this is, alone (loopback is a trusted address) or with the security token behind it.

        Raises LoginRefused.
        """
        user, now = self.named(username), self._store.clock()
        own = self._passwords.get(user.id) if user else None
        expected = self._credentials.password if own is None else own
        known = same(password, expected) | same(password, expected + self._credentials.security_token)
        if user is None:
            raise LoginRefused("invalid_grant", "authentication failure")
        if not known:
            self._attempts.failed(user.id, now)
        if not known or self._attempts.locked_out(user.id, now):
            raise LoginRefused("invalid_grant", "authentication failure")
        if not self._attempts.succeeded(user.id, now):
            raise LoginRefused("rate_limit_exceeded", "number of logins exceeded")
        return must_be_active(user)

    def set_password(self, user_id: str, password: str | None = None) -> str:
        """Gives a user a password of their own, a random one where none is given. It is not expired, nor locked out."""
        chosen = secrets.token_urlsafe(9) if password is None else password
        with self._lock:
            self._passwords[user_id] = chosen
            self._expired.discard(user_id)
            self._write()
        self._attempts.forget(user_id)
        return chosen

    def expire_password(self, user_id: str) -> None:
        """The user still logs in, but every call is refused until the password is set."""
        with self._lock:
            self._expired.add(user_id)
            self._write()

    def password_expired(self, user_id: str) -> bool:
        return user_id in self._expired

    def restrict_ip(self, user_id: str, *, restricted: bool) -> None:
        """Whether the login IP ranges of the user's profile leave out loopback. A restart forgets it."""
        with self._lock:
            (self._ip_restricted.add if restricted else self._ip_restricted.discard)(user_id)

    def ip_restricted(self, user_id: str) -> bool:
        return user_id in self._ip_restricted

    def _write(self) -> None:
        if self._file is not None:
            write_private(self._file, _kept.dump_json(_Kept(self._passwords, self._expired)).decode())


@dataclass(frozen=True)
class _Kept:
    """What the file holds: users' own passwords by user Id, and whose password is expired."""

    passwords: dict[str, str] = field(repr=False)
    expired: set[str]


_kept = TypeAdapter(_Kept)


def must_be_active(user: User) -> User:
    """The user. Raises LoginRefused for one who was deactivated."""
    if not user.is_active:
        raise LoginRefused("invalid_grant", "inactive user")
    return user
