"""Bulk API 2.0 query jobs: create, wait, and read the pages into landing files."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from sf_elt.salesforce.connect import Org
from sf_elt.salesforce.download import Download, fetch_page
from sf_elt.salesforce.errors import JobFailed, OrgUnavailable, QueryTooLarge, RequestRefused, is_too_large
from sf_elt.salesforce.resuming import Begun

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobPatience:
    """How a job is waited for. Each look at it is an API call, so the waits grow."""

    longest: timedelta = timedelta(hours=2)
    first_wait: float = 0.2  # seconds
    growth: float = 1.6
    longest_wait: float = 30.0
    page_rows: int = 100_000


class QueryJob(BaseModel):
    """A query job as the org describes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    state: str
    records: int | None = Field(default=None, alias="numberRecordsProcessed")
    error: str | None = Field(default=None, alias="errorMessage")


class _State(Begun):
    job_id: str
    records: int | None = None
    counted: int = 0
    locator: str | None = ""  # empty for the first page, None after the last

    @property
    def is_complete(self) -> bool:
        return self.locator is None


def download_bulk(
    org: Org,
    soql: str,
    folder: Path,
    *,
    include_deleted: bool,
    patience: JobPatience | None = None,
    on_page: Callable[[int, int | None], None] | None = None,
) -> Download:
    """Runs a query job and streams its result pages into CSV files, byte for byte as they come.

    A folder in which the same query was begun earlier is gone on with: its job, its pages. The reported count is the
    job's `numberRecordsProcessed`. `on_page` is told how many rows have landed, of how many.
    Raises JobFailed, QueryTooLarge, OrgUnavailable where the job does not end in time.
    The job itself is left to Salesforce, which removes it after seven days: deleting it would cost a call.
    """
    patience = patience or JobPatience()
    begun = _State.in_folder(folder, soql, include_deleted, org.api_version)
    if begun is not None:
        try:
            return _go_on(org, begun, folder, patience, on_page)
        except RequestRefused as error:
            log.info("query job %s cannot be gone on with, a new one begins: %s", begun.job_id, error)
    job = create_query_job(org, soql, include_deleted=include_deleted)
    state = _State(soql=soql, include_deleted=include_deleted, api_version=org.api_version, job_id=job.id)
    state.keep(folder)
    return _go_on(org, state, folder, patience, on_page)


def _go_on(
    org: Org,
    state: _State,
    folder: Path,
    patience: JobPatience,
    on_page: Callable[[int, int | None], None] | None,
) -> Download:
    """Waits for the job and reads the pages that have not landed yet."""
    if state.records is None:
        state.records = wait_for_job(org, state.job_id, patience).records
        state.keep(folder)
    while not state.is_complete:
        locator = {"locator": state.locator} if state.locator else {}
        page = fetch_page(
            org,
            f"jobs/query/{state.job_id}/results",
            folder / f"bulk-{state.job_id}-{len(state.pages):06d}.csv",
            params={"maxRecords": str(patience.page_rows)} | locator,
            headers={"Accept": "text/csv"},
        )
        state.pages.append(page.file.name)
        state.counted += int(page.headers.get("Sforce-NumberOfRecords", 0))
        state.locator = _next_locator(page.headers.get("Sforce-Locator"))
        state.keep(folder)
        if on_page is not None:
            on_page(state.counted, state.records)
    reported = state.records if state.records is not None else state.counted
    return Download("bulk", state.files(folder), reported)


def create_query_job(org: Org, soql: str, *, include_deleted: bool) -> QueryJob:
    """Asks for a query job. Raises QueryRefused, UnknownObject or UnknownField where the org refuses the SOQL."""
    reply = org.client.restful(
        "jobs/query",
        method="POST",
        json={
            "operation": "queryAll" if include_deleted else "query",
            "query": soql,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        },
    )
    return QueryJob.model_validate(reply)


def wait_for_job(org: Org, job_id: str, patience: JobPatience) -> QueryJob:
    """The completed job. Raises JobFailed with the org's own message, OrgUnavailable after the longest wait."""
    give_up_at = time.monotonic() + patience.longest.total_seconds()
    wait = patience.first_wait
    while True:
        job = QueryJob.model_validate(org.client.restful(f"jobs/query/{job_id}"))
        if job.state == "JobComplete":
            return job
        if job.state in ("Failed", "Aborted"):
            message = job.error or "the org gives no reason"
            error = QueryTooLarge if is_too_large(message) else JobFailed
            raise error(f"query job {job.id} ended as {job.state}: {message}", code=message.partition(":")[0].strip())
        if time.monotonic() + wait > give_up_at:
            raise OrgUnavailable(f"query job {job.id} is still {job.state} after {patience.longest}")
        time.sleep(wait)
        wait = min(wait * patience.growth, patience.longest_wait)


def _next_locator(locator: str | None) -> str | None:
    """The last page says the text `null`."""
    return None if locator in (None, "", "null") else locator
