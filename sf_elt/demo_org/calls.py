"""What clients asked of the org: a bounded record of calls, and the daily allowance that calls spend."""

import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_CALLS = 20_000
DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Call:
    """One HTTP request. `rows` is what the handler said it returned or took; `status` is 0 when no reply left."""

    at: str
    method: str
    path: str
    query: str
    status: int
    rows: int | None

    def as_dict(self) -> dict[str, str | int | None]:
        return asdict(self)


class CallRecord:
    """The latest 20,000 calls, oldest first, and how many there were in all."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._lock = threading.Lock()
        self.total = 0

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)
            self.total += 1

    def kept(self) -> list[Call]:
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self.total = 0


class Allowance:
    """DailyApiRequests: how many calls the org takes in any 24 hours. Counted by the minute."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._minutes: deque[tuple[datetime, int]] = deque()
        self._used = 0
        self._lock = threading.Lock()

    def spend(self, now: datetime) -> bool:
        """Takes one call off the allowance; False when none is left."""
        with self._lock:
            self._forget_before(now - DAY)
            if self._used >= self.most:
                return False
            minute = now.replace(second=0, microsecond=0)
            if self._minutes and self._minutes[-1][0] == minute:
                self._minutes[-1] = (minute, self._minutes[-1][1] + 1)
            else:
                self._minutes.append((minute, 1))
            self._used += 1
            return True

    def used(self, now: datetime) -> int:
        with self._lock:
            self._forget_before(now - DAY)
            return self._used

    def forget(self) -> None:
        """As if no call had been made."""
        with self._lock:
            self._minutes.clear()
            self._used = 0

    def _forget_before(self, start: datetime) -> None:
        while self._minutes and self._minutes[0][0] <= start:
            self._used -= self._minutes.popleft()[1]


class RecordCalls:
    """ASGI middleware: writes every request under /services into the record, also those that fail."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/services"):
            await self.app(scope, receive, send)
            return
        call = _OpenCall(scope)

        async def note_reply(message: Message) -> None:
            call.note(message)
            await send(message)

        try:
            await self.app(scope, receive, note_reply)
        except ClientDisconnect:
            return  # the client left in the middle of its request: there is nobody to answer
        except Exception:
            call.status = call.status or 500
            raise
        finally:
            call.record()


class _OpenCall:
    """A request under way. It is in the record before the end of its reply leaves: who has the reply finds the call."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._recorded = False
        self.status = 0

    def note(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self.record()

    def record(self) -> None:
        if self._recorded:
            return
        self._recorded = True
        org = self._scope["app"].state.org
        org.calls.add(
            Call(
                at=org.clock().isoformat(timespec="milliseconds"),
                method=self._scope["method"],
                path=self._scope["path"],
                query=self._scope["query_string"].decode("latin-1"),
                status=self.status,
                rows=self._scope.get("state", {}).get("rows"),
            )
        )
