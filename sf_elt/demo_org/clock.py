"""The org's clock: the real time, which tests may move forward or let differ."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

EARLIEST, LATEST = datetime(1700, 1, 1, tzinfo=UTC), datetime(4000, 12, 31, tzinfo=UTC)
"""What Salesforce's datetimes hold (SOAP API Developer Guide, "Primitive Data Types")."""


class Clock:
    """Calling it gives the org's time as an aware UTC datetime."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._differs = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def without_advances(self) -> datetime:
        """The time that clients are held to who sign with theirs: what `advance` lets pass has not passed for them."""
        return datetime.now(UTC) + self._differs

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of this machine's clock; negative where it is behind."""
        return self._ahead

    def advance(self, by: timedelta) -> None:
        """Moves the clock forward: sessions age, the daily allowance comes back. Raises ValueError, see `differ`."""
        differs = self._differs
        self.differ(self._ahead + by)
        self._differs = differs

    def differ(self, by: timedelta) -> None:
        """Sets how far it is ahead of this machine's clock. Raises ValueError where no datetime could say the time."""
        now = datetime.now(UTC)
        if not EARLIEST - now <= by <= LATEST - now:
            raise ValueError(f"the org's time goes from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}")
        self._ahead = self._differs = by


class DateHeader:
    """ASGI middleware: every reply carries the org's time as its `Date`."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self.app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._clock(), usegmt=True).encode()
                message = {**message, "headers": [(b"date", date), *message.get("headers", [])]}
            await send(message)

        await self.app(scope, receive, send_dated)
