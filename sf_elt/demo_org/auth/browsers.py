"""Browsers at the authorize page: who is logged in in which, and what each has been asked to consent to."""

import secrets
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sf_elt.demo_org.auth.apps import ConnectedApp

LOGIN_LIFE = timedelta(hours=2)
MOST_KEPT = 1_000  # browsers, and questions to them; the oldest are forgotten


@dataclass(frozen=True)
class Asked:
    """A checked authorization request: what an app asks a user for, and where the answer goes."""

    app: ConnectedApp
    redirect_uri: str
    response_type: str
    scopes: tuple[str, ...]
    state: str | None
    code_challenge: str
    nonce: str
    prompt: frozenset[str]
    login_hint: str
    display: str

    @property
    def in_fragment(self) -> bool:
        """Whether the answer goes behind the `#`, where no server sees it: the user-agent flow."""
        return self.response_type != "code"

    def without_prompt(self, *done: str) -> "Asked":
        """The same, after what it insisted on has happened."""
        return replace(self, prompt=self.prompt.difference(done))


class Browsers:
    """Each browser has a secret of its own in a cookie, and a new one after every login.

    A question is answered only by the browser that it was put to: its number, in the form, is what keeps other sites
    from answering for the user.
    """

    def __init__(self) -> None:
        self._users: dict[str, tuple[str, datetime]] = {}  # cookie -> user Id, until when
        self._questions: dict[str, tuple[str, Asked]] = {}  # number -> cookie, what is asked
        self._lock = threading.Lock()

    def user_of(self, cookie: str, now: datetime) -> str | None:
        """The Id of the user who is logged in in this browser."""
        user_id, until = self._users.get(cookie, (None, now))
        return user_id if now < until else None

    def ask(self, cookie: str, asked: Asked) -> str:
        """The number of a new question to this browser."""
        number = secrets.token_urlsafe(32)
        with self._lock:
            self._questions[number] = (cookie, asked)
            _forget_oldest(self._questions)
        return number

    def question(self, number: str, cookie: str) -> Asked | None:
        """What was asked; None where it was answered already, or put to another browser."""
        known_cookie, asked = self._questions.get(number, ("", None))
        return asked if known_cookie and secrets.compare_digest(known_cookie.encode(), cookie.encode()) else None

    def forget_question(self, number: str) -> None:
        with self._lock:
            self._questions.pop(number, None)

    def log_in(self, user_id: str, now: datetime) -> str:
        """The cookie of a browser that a user is logged in in."""
        cookie = new_cookie()
        with self._lock:
            self._users[cookie] = (user_id, now + LOGIN_LIFE)
            _forget_oldest(self._users)
        return cookie

    def log_out(self, cookie: str) -> None:
        with self._lock:
            self._users.pop(cookie, None)


def new_cookie() -> str:
    return secrets.token_urlsafe(32)


def _forget_oldest(kept: dict[str, tuple[str, datetime]] | dict[str, tuple[str, Asked]]) -> None:
    while len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
