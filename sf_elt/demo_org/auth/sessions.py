"""Access and refresh tokens: who holds them and until when; which users have let which apps in."""

import secrets
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from sf_elt.demo_org.auth.credentials import new_token, write_private

LIVE_REFRESH_TOKENS = 5  # per app and user; the oldest is revoked when a sixth is issued
MOST_SESSIONS = 20_000  # the oldest ends when one more is opened
MOST_REPLACED = 1_000
MOST_KEPT = 1_000  # the latest sessions, written at every login


@dataclass(frozen=True)
class Session:
    """One access token and the user it speaks for. Logins without an app (SOAP) have no client_id and every scope."""

    user_id: str
    issued_at: datetime
    expires_at: datetime
    lifetime: timedelta
    token: str = field(repr=False)
    client_id: str = ""
    scopes: tuple[str, ...] = ("full",)
    refresh_token: str = field(default="", repr=False)

    def allows(self, *scopes: str) -> bool:
        """Whether one of these scopes, or `full`, was granted."""
        return "full" in self.scopes or not set(scopes).isdisjoint(self.scopes)


@dataclass(frozen=True)
class RefreshToken:
    """What buys an app new sessions of a user."""

    user_id: str
    client_id: str
    scopes: tuple[str, ...]
    token: str = field(repr=False)
    issued_at: datetime


class Sessions:
    """The org's live tokens. An access token lives `lifetime` from its last use, a refresh token until revoked.

    As in Salesforce a use counts once half of the lifetime has passed. With `file` (private to its owner) tokens and
    approvals outlive the process.
    """

    def __init__(self, organization_id: str, lifetime: timedelta, file: Path | None = None) -> None:
        self._organization_id = organization_id
        self.lifetime = lifetime
        self._file = file
        self._access: dict[str, Session] = {}  # oldest first
        self._refresh: dict[str, RefreshToken] = {}  # oldest first
        self._replaced: dict[str, str] = {}  # a refresh token that was spent -> the one that came after it
        self._approved: dict[tuple[str, str], frozenset[str]] = {}  # (client Id, user Id) -> scopes
        self._lock = threading.Lock()
        if file is not None and file.exists():
            self._read(file)

    def open(
        self,
        user_id: str,
        now: datetime,
        *,
        token: str | None = None,
        client_id: str = "",
        scopes: tuple[str, ...] = ("full",),
        refresh_token: str = "",
        lifetime: timedelta | None = None,
    ) -> Session:
        """A new session; `token` brings back one that was issued before a restart."""
        session = Session(
            user_id=user_id,
            issued_at=now,
            expires_at=now + (lifetime or self.lifetime),
            lifetime=lifetime or self.lifetime,
            token=token or new_token(self._organization_id),
            client_id=client_id,
            scopes=scopes,
            refresh_token=refresh_token,
        )
        with self._lock:
            self._access[session.token] = session
            while len(self._access) > MOST_SESSIONS:
                del self._access[next(iter(self._access))]
            self._write()
        return session

    def find(self, token: str, now: datetime) -> Session | None:
        """The live session of a token, prolonged by this use; None when it is unknown, revoked or expired."""
        with self._lock:
            session = self._access.get(token)
            if session is None:
                return None
            if session.expires_at <= now:
                del self._access[token]
                return None
            if session.expires_at - now > session.lifetime / 2:
                return session
            used = replace(session, expires_at=now + session.lifetime)
            self._access[token] = used
            self._write()
            return used

    def peek(self, token: str, now: datetime) -> Session | None:
        """The live session of a token, which this does not prolong."""
        session = self._access.get(token)
        return session if session is not None and session.expires_at > now else None

    def issue_refresh_token(
        self, user_id: str, now: datetime, *, client_id: str, scopes: tuple[str, ...]
    ) -> RefreshToken:
        """A new refresh token; the user's oldest beyond five of that app stop working."""
        issued = RefreshToken(user_id, client_id, scopes, "5Aep861" + secrets.token_urlsafe(64), now)
        with self._lock:
            self._refresh[issued.token] = issued
            for old in self._held(client_id, user_id)[:-LIVE_REFRESH_TOKENS]:
                del self._refresh[old.token]
            self._write()
        return issued

    def refresh_token(self, token: str) -> RefreshToken | None:
        """A live refresh token; None when it is unknown, revoked or replaced."""
        return self._refresh.get(token)

    def replace_refresh_token(self, old: RefreshToken, now: datetime) -> RefreshToken | None:
        """The one that comes after `old`, which is dead from now on; its sessions go on. None when it was dead."""
        new = replace(old, token="5Aep861" + secrets.token_urlsafe(64), issued_at=now)
        with self._lock:
            if self._refresh.pop(old.token, None) is None:
                return None
            self._refresh[new.token] = new
            self._replaced[old.token] = new.token
            while len(self._replaced) > MOST_REPLACED:
                del self._replaced[next(iter(self._replaced))]
            for session in self._of_refresh_token(old.token):
                self._access[session.token] = replace(session, refresh_token=new.token)
            self._write()
        return new

    def end_family_of_spent(self, token: str) -> None:
        """Revokes what came after a refresh token that was replaced: whoever shows it has stolen it, or lost the next.

        Salesforce Help, "Force one-time-use Refresh Tokens".
        """
        with self._lock:
            latest = self._replaced.get(token, "")
            while latest in self._replaced:
                latest = self._replaced[latest]
        if latest:
            self.revoke(latest)

    def revoke(self, token: str) -> bool:
        """Ends a token at once; False when it was not live.

        With a refresh token go the sessions it bought, and with the last one of an app the user's consent.
        """
        with self._lock:
            access = self._access.pop(token, None)
            refresh = self._refresh.pop(token, None)
            if refresh is not None:
                for session in self._of_refresh_token(token):
                    del self._access[session.token]
                if not self._held(refresh.client_id, refresh.user_id):
                    self._approved.pop((refresh.client_id, refresh.user_id), None)
            self._write()
        return access is not None or refresh is not None

    def revoke_all(self) -> int:
        """Ends every access token and says how many there were; refresh tokens stay."""
        with self._lock:
            ended = len(self._access)
            self._access.clear()
            self._write()
        return ended

    def revoke_all_of(self, user_id: str) -> int:
        """Ends a user's access and refresh tokens, as deactivating the user does; says how many there were."""
        with self._lock:
            access = [token for token, session in self._access.items() if session.user_id == user_id]
            refresh = [token for token, issued in self._refresh.items() if issued.user_id == user_id]
            for token in access:
                del self._access[token]
            for token in refresh:
                del self._refresh[token]
            self._write()
        return len(access) + len(refresh)

    def approve(self, client_id: str, user_id: str, scopes: tuple[str, ...]) -> None:
        """The user lets the app have these scopes, besides those it was given before."""
        with self._lock:
            known = self._approved.get((client_id, user_id), frozenset())
            self._approved[client_id, user_id] = known | set(scopes)
            self._write()

    def approved(self, client_id: str, user_id: str, scopes: tuple[str, ...] = ()) -> bool:
        """Whether the user has let the app have all of these."""
        known = self._approved.get((client_id, user_id))
        return known is not None and known >= set(scopes)

    def _held(self, client_id: str, user_id: str) -> list[RefreshToken]:
        """The live refresh tokens of an app and a user, oldest first."""
        return [each for each in self._refresh.values() if (each.client_id, each.user_id) == (client_id, user_id)]

    def _of_refresh_token(self, token: str) -> list[Session]:
        return [session for session in self._access.values() if session.refresh_token == token]

    def _write(self) -> None:
        if self._file is None:
            return
        approved = [(client_id, user_id, tuple(scopes)) for (client_id, user_id), scopes in self._approved.items()]
        kept = _Kept(list(self._access.values())[-MOST_KEPT:], list(self._refresh.values()), approved)
        write_private(self._file, _kept.dump_json(kept).decode())

    def _read(self, file: Path) -> None:
        kept = _kept.validate_json(file.read_bytes())
        self._access = {session.token: session for session in kept.access}
        self._refresh = {issued.token: issued for issued in kept.refresh}
        self._approved = {(client_id, user_id): frozenset(scopes) for client_id, user_id, scopes in kept.approved}


@dataclass(frozen=True)
class _Kept:
    """What the file holds."""

    access: list[Session] = field(repr=False)
    refresh: list[RefreshToken] = field(repr=False)
    approved: list[tuple[str, str, tuple[str, ...]]]


_kept = TypeAdapter(_Kept)
