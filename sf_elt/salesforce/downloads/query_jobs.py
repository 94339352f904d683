"""Bulk API 2.0 query jobs: made, and waited for with as few looks as will do.

A job whose POST was answered is written down at once (`bulk`). One that a kill left between the two is not looked for:
GET /jobs/query tells object, operation, user and time of a job, but not its query, so it cannot be told from another
window's, or from another program's of the same user. And looking costs the call that a new job costs.
"""

from sf_elt.salesforce.bulk_jobs import SEEN_IN_SETUP, BulkJob, JobPatience, explained, wait_until_ended
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import JobFailed, QueryTooLarge, RequestRefused, is_too_large
from sf_elt.salesforce.replies import understood


def create_query_job(org: Org, soql: str, *, include_deleted: bool) -> BulkJob:
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
        made = org.session.post(org.url("jobs/query"), json=asked)
    except RequestRefused as error:
        reason = explained(org, error, "bulk queries")
        if reason is None:
            raise
        raise reason from error
    return understood(BulkJob, made.content, "making a query job")


def wait_for_job(org: Org, job_id: str, patience: JobPatience, *, expected: int | None = None) -> BulkJob:
    """The completed job, `expected` to give so many rows.

    Raises JobFailed with the org's own message, QueryTooLarge where that says so, OrgUnavailable after the longest
    wait.
    """
    job = wait_until_ended(
        lambda: understood(BulkJob, org.session.get(org.url(f"jobs/query/{job_id}")).content, f"query job {job_id}"),
        patience,
        expected=expected,
    )
    if job.state == "JobComplete":
        return job
    ended = f"query job {job.id} ended as {job.state}: {job.reason}"
    if is_too_large(job.reason):
        raise QueryTooLarge(ended, code=job.code)
    raise JobFailed(f"{ended}. Run it again: that makes a new job. {SEEN_IN_SETUP}", code=job.code)
