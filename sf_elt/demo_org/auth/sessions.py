"""Access and refresh tokens: who holds them and until when."""

import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sf_elt.demo_org.auth.credentials import new_token

LIVE_REFRESH_TOKENS = 5  # per app and user; the oldest is revoked when a sixth is issued


@dataclass(frozen=True)
class Session:
    """One access token and the user it speaks for."""

    user_id: str
    expires_at: datetime
    token: str = field(repr=False)


class Sessions:
    """The org's live tokens. An access token lives `lifetime` from its last use, a refresh token until revoked."""

    def __init__(self, organization_id: str, lifetime: timedelta) -> None:
        self._organization_id = organization_id
        self.lifetime = lifetime
        self._access: dict[str, Session] = {}
        self._refresh: dict[str, str] = {}  # refresh token -> user Id, oldest first
        self._lock = threading.Lock()

    def open(self, user_id: str, now: datetime, *, token: str | None = None) -> Session:
        """A new session; `token` brings back one that was issued before a restart."""
        session = Session(user_id, now + self.lifetime, token or new_token(self._organization_id))
        with self._lock:
            self._access[session.token] = session
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
            used = Session(session.user_id, now + self.lifetime, token)
            self._access[token] = used
            return used

    def issue_refresh_token(self, user_id: str) -> str:
        """A new refresh token; the user's oldest beyond five stop working."""
        token = "5Aep861" + secrets.token_urlsafe(64)
        with self._lock:
            self._refresh[token] = user_id
            held = [known for known, holder in self._refresh.items() if holder == user_id]
            for old in held[:-LIVE_REFRESH_TOKENS]:
                del self._refresh[old]
        return token

    def user_of_refresh_token(self, token: str) -> str | None:
        with self._lock:
            return self._refresh.get(token)

    def revoke(self, token: str) -> bool:
        """Ends an access or a refresh token at once; False when it was not live."""
        with self._lock:
            access = self._access.pop(token, None)
            refresh = self._refresh.pop(token, None)
        return access is not None or refresh is not None

    def revoke_all(self) -> int:
        """Ends every access token and says how many there were; refresh tokens stay."""
        with self._lock:
            ended = len(self._access)
            self._access.clear()
        return ended
