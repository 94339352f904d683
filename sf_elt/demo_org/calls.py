"""What clients asked of the org: a bounded record of calls, and the daily allowance that calls spend."""

import re
import threading
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sf_elt.demo_org.call_paths import pattern_of, without_secrets

KEPT_CALLS = 20_000
DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Call:
    """One HTTP request. `rows` is what the handler said it returned or took; `status` is 0 when no reply left.

    `number` counts from 1, `bytes` is what left of the reply's body, `seconds` how long it took to leave, `user` the Id
    of the session's user, `fault` the name of the planned fault that it met. No secret is kept: tokens, codes and
    passwords in the query are hidden.
    """

    number: int
    at: str
    method: str
    path: str
    query: str
    status: int
    rows: int | None
    bytes: int
    seconds: float
    user: str | None
    fault: str | None

    def as_dict(self) -> dict[str, str | int | float | None]:
        return asdict(self)


@dataclass(frozen=True)
class CallFilter:
    """Which calls are wanted: `path` is a regular expression, `status` "401" or "4xx", `since` a call's number."""

    path: re.Pattern[str] | None = None
    method: str | None = None
    status: str | None = None
    since: int = 0

    def fits(self, call: Call) -> bool:
        return (
            call.number > self.since
            and (self.path is None or self.path.search(call.path) is not None)
            and (self.method is None or self.method.upper() == call.method)
            and (self.status is None or self.status in (str(call.status), f"{call.status // 100}xx"))
        )


@dataclass
class CallCount:
    """How often one kind of address was asked, and what that came to."""

    method: str
    path: str
    calls: int = 0
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)

    def add(self, call: Call) -> None:
        self.calls += 1
        self.rows += call.rows or 0
        self.bytes += call.bytes
        self.seconds = round(self.seconds + call.seconds, 4)
        self.statuses[str(call.status)] = self.statuses.get(str(call.status), 0) + 1


class CallRecord:
    """The latest 20,000 calls, oldest first, and how many there were in all."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._lock = threading.Lock()
        self.total = 0

    def add(self, call: Call) -> None:
        """Keeps a call under the next number."""
        with self._lock:
            self.total += 1
            self._calls.append(replace(call, number=self.total))

    def kept(self, wanted: CallFilter | None = None) -> list[Call]:
        """The calls that fit, oldest first."""
        with self._lock:
            calls = list(self._calls)
        return calls if wanted is None else [call for call in calls if wanted.fits(call)]

    def summary(self, wanted: CallFilter | None = None) -> list[CallCount]:
        """The calls that fit, counted by method and kind of address, most first."""
        counts: dict[tuple[str, str], CallCount] = {}
        for call in self.kept(wanted):
            kind = (call.method, pattern_of(call.path))
            counts.setdefault(kind, CallCount(*kind)).add(call)
        return sorted(counts.values(), key=lambda count: (-count.calls, count.path, count.method))

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self.total = 0


class Allowance:
    """How much of something the org gives in any 24 hours, such as DailyApiRequests. Counted by the minute."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._minutes: deque[tuple[datetime, int]] = deque()
        self._used = 0
        self._lock = threading.Lock()

    def spend(self, now: datetime, amount: int = 1) -> bool:
        """Takes an amount off the allowance, one call by default; False when less than that is left."""
        with self._lock:
            self._follow(now)
            if self._used + amount > self.most:
                return False
            self._note(now, amount)
            return True

    def add(self, amount: int, now: datetime) -> None:
        """Counts what was used already, even beyond the allowance."""
        with self._lock:
            self._follow(now)
            self._note(now, amount)

    def used(self, now: datetime) -> int:
        with self._lock:
            self._follow(now)
            return self._used

    def forget(self) -> None:
        """As if no call had been made."""
        with self._lock:
            self._minutes.clear()
            self._used = 0

    def _note(self, now: datetime, amount: int) -> None:
        minute = now.replace(second=0, microsecond=0)
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1] = (minute, self._minutes[-1][1] + amount)
        else:
            self._minutes.append((minute, amount))
        self._used += amount

    def _follow(self, now: datetime) -> None:
        """Forgets what was used a day ago. What was used before the clock was set back counts as used just now."""
        while self._minutes and self._minutes[0][0] <= now - DAY:
            self._used -= self._minutes.popleft()[1]
        ahead = 0
        while self._minutes and self._minutes[-1][0] > now:
            ahead += self._minutes.pop()[1]
        if ahead:
            self._used -= ahead
            self._note(now, ahead)


class RecordCalls:
    """ASGI middleware: writes every request under /services into the record, also those that fail."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/services"):
            with suppress(ClientDisconnect):
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
        self._began = monotonic()
        self._bytes = 0
        self.status = 0

    def note(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self._bytes += len(message.get("body", b""))
            if not message.get("more_body", False):
                self.record()

    def record(self) -> None:
        if self._recorded:
            return
        self._recorded = True
        org, state = self._scope["app"].state.org, self._scope.get("state", {})
        session = state.get("session")
        org.calls.add(
            Call(
                number=0,
                at=org.clock().isoformat(timespec="milliseconds"),
                method=self._scope["method"],
                path=self._scope["path"],
                query=without_secrets(self._scope["path"], self._scope["query_string"].decode("latin-1")),
                status=self.status,
                rows=state.get("rows"),
                bytes=self._bytes,
                seconds=round(monotonic() - self._began, 4),
                user=None if session is None else session.user_id,
                fault=state.get("fault"),
            )
        )
