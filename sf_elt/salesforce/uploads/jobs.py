"""Ingest jobs: made, given their CSV, closed, waited for, aborted.

A lost answer is settled by what the org says of the job. The transport repeats each of these requests; one that had
taken effect is refused the second time, because the job has its data, or has gone on, already.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from sf_elt.salesforce.bulk_jobs import SEEN_IN_SETUP, BulkJob, JobPatience, explained, spent, wait_until_ended
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import JobFailed, RequestRefused
from sf_elt.salesforce.replies import MOST_ROWS, understood
from sf_elt.salesforce.soql import name

MOST_BYTES = 100_000_000
"""Of the CSV of one job: Salesforce takes 150 MB once it has written it in base64, and asks for no more than this."""

PACE = 20_000  # rows a second that no org saves faster than
ALLOWANCE = "bulk uploads"

UploadOperation = Literal["insert", "update", "upsert", "delete"]


class UploadJob(BulkJob):
    """An ingest job. `records` are the rows that were worked on so far, `failed` those of them that were refused."""

    failed: int = Field(default=0, ge=0, le=MOST_ROWS, alias="numberRecordsFailed")

    @property
    def has_begun(self) -> bool:
        """Whether it was closed and has neither failed nor been aborted."""
        return self.state in ("UploadComplete", "InProgress", "JobComplete")


def create_upload(org: Org, object_name: str, operation: UploadOperation, *, external_id: str | None = None) -> str:
    """Makes a job, in one call, and gives its id. `external_id` is the field by which an upsert finds its records.

    A delete's CSV has the column Id alone. Raises RequestRefused, NotInBulk for an object that only REST can write,
    AllowanceSpent where the day's uploads are used up. A job that nobody comes back to does nothing, and Salesforce
    removes it after seven days.
    """
    if (operation == "upsert") != (external_id is not None):
        raise ValueError("an upsert, and nothing else, needs the field by which it finds its records")
    asked = {
        "object": name(object_name),
        "operation": operation,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    if external_id is not None:
        asked["externalIdFieldName"] = name(external_id)
    try:
        made = org.session.post(org.url("jobs/ingest"), json=asked)
    except RequestRefused as error:
        reason = explained(org, error, ALLOWANCE)
        if reason is None:
            raise
        raise reason from error
    return understood(UploadJob, made.content, "making an upload job").id


def send_upload(org: Org, job_id: str, file: Path) -> None:
    """Sends the CSV, streamed from the file. A job takes its data once, and it must be the same whenever it is sent.

    Raises ValueError for a file without bytes or with more than MOST_BYTES, JobFailed where the job has ended, and
    RequestRefused.
    """
    size = file.stat().st_size
    if not 0 < size <= MOST_BYTES:
        raise ValueError(f"{file.name} has {size:,} bytes: one upload takes 1 to {MOST_BYTES:,}")
    try:
        with file.open("rb") as body:
            org.session.put(org.url(f"{_path(job_id)}/batches"), data=body, headers={"Content-Type": "text/csv"})
    except RequestRefused as error:
        if "multiple contents" not in str(error):  # which says that the job has its data
            _require_begun(org, job_id, error)


def close_upload(org: Org, job_id: str) -> None:
    """Tells the org that the data is whole: from now on records are written.

    Raises JobFailed where the job has failed or was aborted, and RequestRefused.
    """
    try:
        _set_state(org, job_id, "UploadComplete")
    except RequestRefused as error:
        _require_begun(org, job_id, error)


def upload_state(org: Org, job_id: str) -> UploadJob:
    """The job as it is now, in one call. Raises RequestRefused where there is none, as after seven days."""
    return understood(UploadJob, org.session.get(org.url(_path(job_id))).content, f"upload job {job_id}")


def wait_for_upload(
    org: Org, job_id: str, patience: JobPatience | None = None, *, expected: int | None = None
) -> UploadJob:
    """The completed job, `expected` to be of so many rows, in as few looks as will do.

    Some of its rows may have been refused (`failed`). Raises JobFailed where it failed or was aborted, AllowanceSpent
    where it failed because the day's uploads are used up: in both cases rows may have been written before, and
    `upload_results` tells which. Raises OrgUnavailable after the longest wait.
    """

    def look() -> UploadJob:
        job = upload_state(org, job_id)
        if job.state == "Open":
            raise RequestRefused(f"upload job {job_id} is open and does nothing: close it before waiting for it")
        return job

    job = wait_until_ended(look, patience or JobPatience(), expected=expected, pace=PACE)
    if job.state == "JobComplete":
        return job
    raise spent(org, job.reason, ALLOWANCE, code=job.code) or _ended(job)


def abort_upload(org: Org, job_id: str) -> UploadJob:
    """Stops the job, and gives it as it is then: what was written stays, and `upload_results` tells what that is.

    A job that had ended by itself stays as it was.
    """
    try:
        _set_state(org, job_id, "Aborted")
    except RequestRefused as error:
        if error.code != "INVALIDJOBSTATE":
            raise
    return upload_state(org, job_id)


def _set_state(org: Org, job_id: str, state: str) -> None:
    org.session.patch(org.url(_path(job_id)), json={"state": state})


def _require_begun(org: Org, job_id: str, refused: RequestRefused) -> None:
    """Raises JobFailed where the job has ended otherwise, and what was refused where its state is no reason for it."""
    if refused.code != "INVALIDJOBSTATE":
        raise refused
    job = upload_state(org, job_id)
    if job.state in ("Failed", "Aborted"):
        raise _ended(job) from refused
    if not job.has_begun:
        raise refused


def _ended(job: UploadJob) -> JobFailed:
    return JobFailed(
        f"upload job {job.id} ended as {job.state} after {job.records or 0:,} rows: {job.reason}. {SEEN_IN_SETUP}",
        code=job.code,
    )


def _path(job_id: str) -> str:
    return f"jobs/ingest/{job_id}"
