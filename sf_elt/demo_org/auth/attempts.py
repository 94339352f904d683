"""How often a user may try to log in: the lockout after wrong passwords, and the limit of logins in an hour."""

import threading
from collections import deque
from datetime import datetime, timedelta

MOST_FAILURES = 10  # "Password Policies": the default of maximum invalid login attempts
LOCKOUT = timedelta(minutes=15)
MOST_LOGINS = 3_600  # "Login rate limits": in an hour
HOUR = timedelta(hours=1)


class Attempts:
    """What each user has tried of late. A login that works forgets the failures before it.

    The org's clock may be set back: what was tried long after now is as far away as what was tried long before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, tuple[int, datetime]] = {}  # user Id -> in a row, and when the last one was
        self._logins: dict[str, deque[datetime]] = {}

    def locked_out(self, user_id: str, now: datetime) -> bool:
        """Whether too many wrong passwords in a row keep the user out, even with the right one."""
        failures, last = self._failures.get(user_id, (0, now))
        return failures >= MOST_FAILURES and abs(now - last) < LOCKOUT

    def failed(self, user_id: str, now: datetime) -> None:
        with self._lock:
            failures, last = self._failures.get(user_id, (0, now))
            if abs(now - last) >= LOCKOUT:
                failures = 0
            self._failures[user_id] = (failures + 1, now)

    def succeeded(self, user_id: str, now: datetime) -> bool:
        """Counts a login; False where the hour's logins are spent."""
        with self._lock:
            self._failures.pop(user_id, None)
            logins = self._logins.setdefault(user_id, deque())
            while logins and abs(now - logins[0]) >= HOUR:
                logins.popleft()
            if len(logins) >= MOST_LOGINS:
                return False
            logins.append(now)
            return True

    def forget(self, user_id: str) -> None:
        """As if the user had tried nothing: what setting a password does."""
        with self._lock:
            self._failures.pop(user_id, None)
