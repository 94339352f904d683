"""Who counts the calls to an org: what it says before each, and is told after it."""

from datetime import datetime
from typing import Protocol


class Pause(Protocol):
    """No calls before `until` (UTC); `reason` is a clause that says what is spent."""

    @property
    def until(self) -> datetime: ...

    @property
    def reason(self) -> str: ...


class CallMeter(Protocol):
    """Who counts the calls; `sf_elt.warehouse.JobMeter` is one."""

    def reserve_call(self, method: str, path: str) -> Pause | None:
        """Counts one call, or says until when there are none left, and why."""

    def note_allowance(self, used: int, allowed: int) -> None:
        """Takes what the org says of its own rolling 24 hours."""
