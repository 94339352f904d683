"""The org's clock: the real time, which tests may move forward."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Calling it gives the org's time as an aware UTC datetime."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, by: timedelta) -> None:
        """Moves the clock forward: sessions age, the daily allowance comes back."""
        self._ahead += by
