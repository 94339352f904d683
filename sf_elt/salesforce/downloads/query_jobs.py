"""Bulk API 2.0 query jobs: made, and waited for with as few looks as will do.

A job whose POST was answered is written down at once (`bulk`). One that a kill left between the two is not looked for:
GET /jobs/query tells object, operation, user and time of a job, but not its query, so it cannot be told from another
window's, or from another program's of the same user. And looking costs the call that a new job costs.
"""

import re
import time
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import (
    AllowanceSpent,
    JobFailed,
    NotInBulk,
    OrgUnavailable,
    QueryTooLarge,
    RequestRefused,
    is_too_large,
)

PACE = 200_000  # rows a second that no org is faster than
LEAST_WAIT = 0.75  # seconds between two looks
SOON = 4.0  # seconds: until then a look at a job of few rows may come as late again as the job has taken
EARLY = 15.0  # seconds: until then a look at a job of many rows comes a fifth later than the one before, since in
EARLY_GROWTH = 1.2  # the two seconds of a late look half a million rows can be loaded; three calls more for a million

# What orgs say of objects and fields that only REST gives (as airbytehq/airbyte and estuary/connectors list it).
_NOT_IN_BULK = re.compile(
    r"is not supported (?:by|in|for) (?:the )?Bulk|compound data not supported|API does not support query",
    re.IGNORECASE,
)
_BULK_SPENT = re.compile(r"Max bulk v2 query")
_SEEN_IN_SETUP = "Setup › Bulk Data Load Jobs shows it."
BULK_PAUSE = timedelta(hours=1)  # the rolling allowance of jobs and of results does not say when it is free again


@dataclass(frozen=True)
class JobPatience:
    """How a job is waited for, and how its pages are read.

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


class QueryJob(BaseModel):
    """A query job as the org describes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    state: str
    records: int | None = Field(default=None, alias="numberRecordsProcessed")
    error: str | None = Field(default=None, alias="errorMessage")


def create_query_job(org: Org, soql: str, *, include_deleted: bool) -> QueryJob:
    """Asks for a query job.

    Raises QueryRefused, UnknownObject or UnknownField where the org refuses the SOQL, NotInBulk where REST can give
    what this cannot, AllowanceSpent where the day's jobs or results are used up.
    """
    asked = {
        "operation": "queryAll" if include_deleted else "query",
        "query": soql,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    try:
        return QueryJob.model_validate(org.client.restful("jobs/query", method="POST", json=asked))
    except RequestRefused as error:
        if error.code == "INVALIDENTITY" or _NOT_IN_BULK.search(str(error)):
            raise NotInBulk(str(error), code=error.code, status=error.status, fields=error.fields) from error
        if _BULK_SPENT.search(str(error)):
            until = org.transport.clock() + BULK_PAUSE
            raise AllowanceSpent(
                f"the org's allowance of bulk queries is spent, paused until {until:%Y-%m-%d %H:%M} UTC ({error})",
                until=until,
                code=error.code,
                status=error.status,
            ) from error
        raise


def wait_for_job(org: Org, job_id: str, patience: JobPatience, *, expected: int | None = None) -> QueryJob:
    """The completed job, `expected` to give so many rows.

    Raises JobFailed with the org's own message, QueryTooLarge where that says so, OrgUnavailable after the longest
    wait.
    """
    began = time.monotonic()
    wait = first_wait(patience, expected or 0)
    longest = patience.longest.total_seconds()
    while True:
        time.sleep(min(wait, longest))
        job = QueryJob.model_validate(org.client.restful(f"jobs/query/{job_id}"))
        if job.state == "JobComplete":
            return job
        if job.state in ("Failed", "Aborted"):
            message = job.error or "the org gives no reason"
            ended, code = f"query job {job.id} ended as {job.state}: {message}", message.partition(":")[0].strip()
            if is_too_large(message):
                raise QueryTooLarge(ended, code=code)
            raise JobFailed(f"{ended}. Run it again: that makes a new job. {_SEEN_IN_SETUP}", code=code)
        taken = time.monotonic() - began
        if taken >= longest:
            raise OrgUnavailable(
                f"query job {job.id} is still {job.state} after {patience.longest}. Run it again: that goes on waiting "
                f"for this job, which can be aborted. {_SEEN_IN_SETUP}"
            )
        wait = min(next_wait(taken, job.records or 0, expected or 0, patience.growth), longest - taken)


def first_wait(patience: JobPatience, expected: int) -> float:
    """Seconds until the first look at a job that is `expected` to give so many rows."""
    return max(patience.first_wait, expected / PACE)


def next_wait(taken: float, done: int, expected: int, growth: float) -> float:
    """Seconds until the next look at a job that has `taken` so many seconds for `done` rows of those `expected`."""
    if taken < EARLY:
        is_small = expected < PACE * LEAST_WAIT
        growth = 2.0 if is_small and taken < SOON else EARLY_GROWTH
    usual = max(LEAST_WAIT, taken * (growth - 1.0))
    if not 0 < done < expected:
        return usual
    left = taken * (expected - done) / done
    return max(min(left, taken), usual / 4)
