"""The sessions that this process has opened: one login serves all connections with the same credentials.

They are kept in memory as long as the process lives, and nowhere else. A SOAP login is an API call, and six streams of
one run need not make six of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock

from sf_elt.salesforce.connection.login import Login
from sf_elt.salesforce.errors import AuthenticationFailed


@dataclass(frozen=True)
class Session:
    """An open session: its token, and the host that it is for.

    `is_new`: it was opened just now. One that somebody else has opened meanwhile may have ended meanwhile, too.
    """

    host: str
    token: str = field(repr=False)
    is_new: bool = field(default=True, compare=False)


class SharedSession:
    """The session of one login. Its connections share it, and renew it once for all where it has ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._session: Session | None = None
        self._refused: tuple[str, AuthenticationFailed] | None = None

    def opened(self, log_in: Callable[[], Session]) -> Session:
        """The session that is open, or a new one. An earlier refusal does not stand in its way: it may be mended."""
        with self._lock:
            self._refused = None
            if self._session is None:
                self._session = log_in()
            return self._session

    def renewed(self, ended: str, log_in: Callable[[], Session]) -> Session:
        """A session other than the one whose token has `ended`: the first who asks logs in, the others wait for it.

        Where that is refused, it is refused to all of them: ten wrong passwords in a row would lock the user out.
        """
        with self._lock:
            if self._refused is not None and self._refused[0] == ended:
                raise self._refused[1]
            if self._session is not None and self._session.token != ended:
                return replace(self._session, is_new=False)
            self._session = None
            try:
                self._session = log_in()
            except AuthenticationFailed as error:
                self._refused = (ended, error)
                raise
            return self._session


_sessions: dict[Login, SharedSession] = {}
_looking_up = Lock()


def session_of(login: Login) -> SharedSession:
    """The session that all connections of this process with the same credentials share."""
    with _looking_up:
        return _sessions.setdefault(login, SharedSession())
