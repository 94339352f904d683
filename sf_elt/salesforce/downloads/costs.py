"""What reading so many rows costs, before it is read: API calls and seconds, by REST and in bulk.

Which of the two spends fewer calls: REST is a call for each page of 2,000 rows. A bulk job is a call to make it, its
looks, and a page. Salesforce takes about two seconds for a job of some thousand rows, which are looked at three times:
5 calls, so that REST is fewer or as many up to 10,000 rows, and begins at once. A job of ten seconds would be looked at
ten times; a job that is done at the first look, as the demo org's are, costs 3 calls.
"""

from functools import cache

from sf_elt.salesforce.bulk_jobs import JobPatience, looks
from sf_elt.salesforce.downloads.rest import PAGE_ROWS
from sf_elt.salesforce.downloads.result_pages import JobPages

ADDRESSES = 5  # of result pages in one reply (Bulk API 2.0 Developer Guide, "Get Parallel Results for a Query Job")

# Assumed where nothing has been measured: a job waits a moment, then gathers rows before any of them can be read.
JOB_START = 5.0  # seconds
JOB_PACE = 20_000  # rows a second
QUICK_JOB = 2.0  # seconds that a job of some thousand rows takes


def rest_calls(rows: int) -> int:
    """A call for each page of 2,000 rows; an org gives smaller pages where rows are very wide."""
    return -(-rows // PAGE_ROWS)


def bulk_calls(rows: int, api_version: str, patience: JobPatience) -> int:
    """The job, looks at it, its pages and their addresses."""
    pages = JobPages(soql="", include_deleted=True, api_version=api_version, job_id="", records=rows)
    pages.plan(patience.page_rows, patience.side_by_side)
    count = max(1, -(-rows // pages.page_rows))
    addresses = -(-count // ADDRESSES) if pages.is_side_by_side else 0
    return 1 + looks(job_seconds(rows), rows, patience) + count + addresses


@cache
def break_even() -> int:
    """The most rows that cost no more calls by REST than by a bulk job."""
    return PAGE_ROWS * (1 + looks(QUICK_JOB, 0, JobPatience()) + 1)


def job_seconds(rows: int) -> float:
    """How long the org gathers the rows of a job, assumed."""
    return JOB_START + rows / JOB_PACE
