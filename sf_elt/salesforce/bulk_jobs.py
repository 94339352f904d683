"""What bulk jobs of queries and of uploads have in common: how they are waited for, and why they are refused."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import AllowanceSpent, NotInBulk, OrgUnavailable, RequestRefused
from sf_elt.salesforce.repeating import repeatable
from sf_elt.salesforce.replies import MOST_ROWS

PACE = 200_000  # rows a second that no org is faster than
LEAST_WAIT = 0.75  # seconds between two looks
SOON = 4.0  # seconds: until then a look at a job of few rows may come as late again as the job has taken
EARLY = 15.0  # seconds: until then a look at a job of many rows comes a fifth later than the one before, since in
EARLY_GROWTH = 1.2  # the two seconds of a late look half a million rows can be loaded; three calls more for a million
ENDED = ("JobComplete", "Failed", "Aborted")
SEEN_IN_SETUP = "Setup › Bulk Data Load Jobs shows it."

# What orgs say of objects and fields that only REST gives (as airbytehq/airbyte and estuary/connectors list it).
_NOT_IN_BULK = re.compile(
    r"is not supported (?:by|in|for) (?:the )?Bulk|compound data not supported|API does not support query",
    re.IGNORECASE,
)
# Of queries as recorded; of uploads by its documented code ("Errors", Bulk API 2.0 Developer Guide).
_SPENT = re.compile(r"Max bulk v2 query|ExceededQuota", re.IGNORECASE)
SPENT_PAUSE = timedelta(hours=1)  # a rolling allowance of jobs and rows does not say when it is free again


@dataclass(frozen=True)
class JobPatience:
    """How a job is waited for, and how the pages of a query's are read.

    Each look at a job is an API call. The first comes after `first_wait` seconds, or when so many rows can be there at
    all; each next one when the job has taken `growth` times as long (1.2 times in its first fifteen seconds; where the
    rows are few, twice in its first four), or earlier where the job says how far it is. `page_rows` are the most rows
    of a page; without it they follow from the number of rows. `side_by_side` pages are read at once.
    """

    longest: timedelta = timedelta(hours=2)
    first_wait: float = 0.25
    growth: float = 1.35
    page_rows: int | None = None
    side_by_side: int = 12


class BulkJob(BaseModel):
    """A job as the org describes it. `records` are the rows that it has worked on so far."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(pattern=r"^[0-9A-Za-z]{1,40}$")  # files are named after it
    state: str
    records: int | None = Field(default=None, ge=0, le=MOST_ROWS, alias="numberRecordsProcessed")
    error: str | None = Field(default=None, alias="errorMessage")

    @property
    def reason(self) -> str:
        """Why it failed, in the org's words."""
        return repeatable(self.error or "the org gives no reason")

    @property
    def code(self) -> str:
        """What stands before these words, such as InvalidBatch."""
        return self.reason.partition(":")[0].strip()


Job = TypeVar("Job", bound=BulkJob)


def wait_until_ended(
    look: Callable[[], Job], patience: JobPatience, *, expected: int | None = None, pace: int = PACE
) -> Job:
    """The job, `expected` to be of so many rows, once it has ended, in whatever way.

    `look` asks the org for it; no org is faster than `pace` rows a second. Raises OrgUnavailable after the longest
    wait.
    """
    began = time.monotonic()
    longest = patience.longest.total_seconds()
    wait = first_wait(patience, expected or 0, pace)
    while True:
        time.sleep(min(wait, longest))
        job = look()
        if job.state in ENDED:
            return job
        taken = time.monotonic() - began
        if taken >= longest:
            raise OrgUnavailable(
                f"bulk job {job.id} is still {job.state} after {patience.longest}. Run it again: that goes on waiting "
                f"for this job, which can be aborted. {SEEN_IN_SETUP}"
            )
        wait = min(next_wait(taken, job.records or 0, expected or 0, patience.growth, pace), longest - taken)


def first_wait(patience: JobPatience, expected: int, pace: int = PACE) -> float:
    """Seconds until the first look at a job that is `expected` to give so many rows."""
    return max(patience.first_wait, expected / pace)


def next_wait(taken: float, done: int, expected: int, growth: float, pace: int = PACE) -> float:
    """Seconds until the next look at a job that has `taken` so many seconds for `done` rows of those `expected`."""
    if taken < EARLY:
        is_small = expected < pace * LEAST_WAIT
        growth = 2.0 if is_small and taken < SOON else EARLY_GROWTH
    usual = max(LEAST_WAIT, taken * (growth - 1.0))
    if not 0 < done < expected:
        return usual
    left = taken * (expected - done) / done
    return max(min(left, taken), usual / 4)


def looks(seconds: float, rows: int, patience: JobPatience) -> int:
    """How often a job that takes so long is looked at; it does not say how far it is, as downloads do not."""
    looks, taken = 1, first_wait(patience, rows)
    while taken < seconds:
        taken += next_wait(taken, 0, rows, patience.growth)
        looks += 1
    return looks


def explained(org: Org, error: RequestRefused, allowance: str) -> NotInBulk | AllowanceSpent | None:
    """The refusal of a job as NotInBulk, where REST can do it, or as AllowanceSpent; None where it is neither."""
    if error.code == "INVALIDENTITY" or _NOT_IN_BULK.search(str(error)):
        return NotInBulk(str(error), code=error.code, status=error.status, fields=error.fields)
    return spent(org, str(error), allowance, code=error.code, status=error.status)


def spent(
    org: Org, said: str, allowance: str, *, code: str | None = None, status: int | None = None
) -> AllowanceSpent | None:
    """The pause that is asked for where an org `said` that its day's `allowance` is used up; None where it did not."""
    if _SPENT.search(said) is None:
        return None
    until = org.transport.clock() + SPENT_PAUSE
    return AllowanceSpent(
        f"the org's allowance of {allowance} is spent, paused until {until:%Y-%m-%d %H:%M} UTC ({said})",
        until=until,
        code=code,
        status=status,
    )
