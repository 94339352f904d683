"""Authorization codes: what a user's consent buys, once and for a short while."""

import base64
import hashlib
import re
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sf_elt.demo_org.auth.credentials import same

CODE_LIFE = timedelta(minutes=15)
MOST_CODES = 1_000
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,171}")  # Salesforce: 128 random bytes in base64url; RFC 7636 ends at 128


@dataclass(frozen=True)
class Consent:
    """Who let which app in, for what, and how the app proves that the code is its own."""

    user_id: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str
    nonce: str


class Codes:
    """The codes that were given out of late, spent ones too, so that a second use is told apart from nonsense."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[Consent | None, datetime]] = {}  # oldest first; None: spent
        self._lock = threading.Lock()

    def issue(self, consent: Consent, now: datetime) -> str:
        code = "aPrx" + secrets.token_urlsafe(48)
        with self._lock:
            self._issued[code] = (consent, now + CODE_LIFE)
            while len(self._issued) > MOST_CODES:
                del self._issued[next(iter(self._issued))]
        return code

    def spend(self, code: str, now: datetime) -> Consent | None:
        """What the code stands for, this one time; None where it was spent or is too old. Raises KeyError."""
        with self._lock:
            consent, expires_at = self._issued[code]
            self._issued[code] = (None, expires_at)
        return consent if now < expires_at else None


def proves(verifier: str, challenge: str) -> bool:
    """Whether a code verifier is the one that an S256 challenge was made from (RFC 7636)."""
    if not VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return same(digest, challenge)
