"""What a planned fault changes inside the org: for one request, and for the bulk job that it starts.

The middleware that plays faults says it here, whoever saves, pages or runs a job asks here. The answer follows the
request through threads that copy its context (`run_in_threadpool`, `BulkJobs.start`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sf_elt.demo_org.faults.fault import JobEnding


@dataclass(frozen=True)
class Inside:
    """Nothing by default. `locked_rows` holds 18-character Ids, or "*" for every record."""

    locked_rows: frozenset[str] = frozenset()
    page_size: int | None = None
    hold_job_until: threading.Event | None = None
    job_end: JobEnding | None = None

    def locks(self, record_id: str | None) -> bool:
        """Whether somebody else holds this record's lock."""
        return bool(self.locked_rows) and ("*" in self.locked_rows or record_id in self.locked_rows)


_NOTHING = Inside()
_inside: ContextVar[Inside] = ContextVar("inside", default=_NOTHING)


def inside() -> Inside:
    """What is planned for the request that is being answered."""
    return _inside.get()


@contextmanager
def changed_inside(change: Inside) -> Iterator[None]:
    """Everything in this block, and what it starts, meets the change."""
    token = _inside.set(change)
    try:
        yield
    finally:
        _inside.reset(token)
