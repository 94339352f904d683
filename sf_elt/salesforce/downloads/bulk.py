"""A query by Bulk API 2.0, from the job to its landing files."""

import logging
from collections.abc import Callable
from pathlib import Path

from sf_elt.salesforce.bulk_jobs import JobPatience
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.downloads.pages import Download
from sf_elt.salesforce.downloads.query_jobs import create_query_job, wait_for_job
from sf_elt.salesforce.downloads.result_pages import JobPages, NotSideBySide, read_pages
from sf_elt.salesforce.errors import QueryTooLarge, RequestRefused

log = logging.getLogger(__name__)


def download_bulk(
    org: Org,
    soql: str,
    folder: Path,
    *,
    include_deleted: bool,
    patience: JobPatience | None = None,
    on_page: Callable[[int, int | None], None] | None = None,
    expected: int | None = None,
) -> Download:
    """Runs a query job and streams its result pages, several side by side, into CSV files, byte for byte.

    A folder in which the same query was begun earlier is gone on with: its job, the pages that have not landed. The
    reported count is the job's `numberRecordsProcessed`; a job without rows has no files. `on_page` is told how many
    rows have landed, of how many. `expected` rows say how long the job may take, and save looks at it.

    Raises JobFailed, QueryTooLarge, NotInBulk, AllowanceSpent, OrgUnavailable where the job does not end in time.
    The job itself is left to Salesforce, which removes it after seven days: deleting it would cost a call.
    """
    patience = patience or JobPatience()
    begun = JobPages.in_folder(folder, soql, include_deleted)
    if begun is not None:
        try:
            return _go_on(org, begun, folder, patience, on_page, expected)
        except QueryTooLarge:
            raise
        except RequestRefused as error:  # the job is gone, or its version is: 404, 409
            log.info("query job %s cannot be gone on with, a new one begins: %s", begun.job_id, error)
            begun.remove_pages(folder)
    return _go_on(org, _new_job(org, soql, folder, include_deleted), folder, patience, on_page, expected)


def begin_bulk(org: Org, soql: str, folder: Path, *, include_deleted: bool) -> None:
    """Has the org work on a query before anybody waits for it: `download_bulk` of the folder goes on from there.

    Nothing is asked where the folder holds that query already. Raises what making the job raises.
    """
    if JobPages.in_folder(folder, soql, include_deleted) is None:
        _new_job(org, soql, folder, include_deleted)


def _new_job(org: Org, soql: str, folder: Path, include_deleted: bool) -> JobPages:
    """A query job, written down as soon as it is there."""
    job = create_query_job(org, soql, include_deleted=include_deleted)
    pages = JobPages(soql=soql, include_deleted=include_deleted, api_version=org.api_version, job_id=job.id)
    pages.keep(folder)
    return pages


def _go_on(
    org: Org,
    pages: JobPages,
    folder: Path,
    patience: JobPatience,
    on_page: Callable[[int, int | None], None] | None,
    expected: int | None,
) -> Download:
    """Waits for the job and reads the pages that have not landed yet."""
    if pages.records is None:
        pages.records = wait_for_job(org, pages.job_id, patience, expected=expected).records
        pages.plan(patience.page_rows, patience.side_by_side)
        pages.keep(folder)
    try:
        read_pages(org, pages, folder, at_once=patience.side_by_side, on_page=on_page)
        is_gapless = not (pages.is_side_by_side and pages.misses_rows)
    except NotSideBySide as error:
        log.info("query job %s: %s", pages.job_id, error)
        is_gapless = False
    if not is_gapless:
        log.info("query job %s: its pages are read one after the other", pages.job_id)
        pages.remove_pages(folder)
        pages.plan(patience.page_rows, at_once=1)
        pages.keep(folder)
        read_pages(org, pages, folder, at_once=1, on_page=on_page)
    return Download("bulk", pages.files(folder), pages.counted if pages.records is None else pages.records)
