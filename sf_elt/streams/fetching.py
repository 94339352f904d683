"""One query into a landing folder, by the transport that costs fewest API calls; a paused one is gone on with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sf_elt.salesforce import Download, JobPatience, Org, download_bulk, download_rest, fits_rest
from sf_elt.streams.landing import Begun, Landing
from sf_elt.streams.windows import ReadRange, StreamSpec

REST_PAGE = 2000  # rows that one call brings at most
JOB_CALLS = 4  # to make a bulk job and to look at it until it is done; its pages come on top

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Fetched:
    """What has landed, and when its query began: the rows are as old as that."""

    download: Download
    began: datetime


def calls_by_rest(rows: int) -> int:
    """API calls that a REST query of so many rows takes: one for each page, and one where there are none."""
    return max(1, -(-rows // REST_PAGE))


def calls_by_bulk(rows: int, page_rows: int) -> int:
    """API calls that a bulk job of so many rows takes, about."""
    return JOB_CALLS + max(1, -(-rows // page_rows))


def cheapest(spec: StreamSpec, soql: str, rows: int) -> Literal["rest", "bulk"]:
    """The transport that the spec wants, or the one of fewer calls; a query too long for an address goes by bulk."""
    if spec.transport == "bulk" or not fits_rest(soql):
        return "bulk"
    if spec.transport == "rest" or calls_by_rest(rows) <= calls_by_bulk(rows, spec.page_rows):
        return "rest"
    return "bulk"


def fetch(
    org: Org,
    spec: StreamSpec,
    soql: str,
    landing: Landing,
    span: ReadRange,
    *,
    rows: int,
    began: datetime,
    include_deleted: bool,
    progress: Progress,
) -> Fetched:
    """Lands the query's pages. A folder in which the same query was begun is gone on with, by its own transport.

    `rows` is how many are expected. Raises SalesforceError; after AllowanceSpent the folder is kept.
    """
    begun = landing.begun
    if begun is None or begun.soql != soql:
        begun = Begun(
            began=began,
            read_from=span.read_from,
            read_to=span.read_to,
            is_open=span.is_open,
            soql=soql,
            include_deleted=include_deleted,
            transport=cheapest(spec, soql, rows),
        )
        landing.begin(begun)
    if begun.transport == "rest":
        download = download_rest(
            org,
            soql,
            landing.folder,
            include_deleted=include_deleted,
            on_page=lambda pages: progress(f"{spec.stream}: reading page {pages}", 0, rows),
        )
        return Fetched(download, begun.began)
    download = download_bulk(
        org,
        soql,
        landing.folder,
        include_deleted=include_deleted,
        patience=JobPatience(longest=spec.job_patience, page_rows=spec.page_rows),
        on_page=lambda done, total: progress(f"{spec.stream}: reading", done, total),
    )
    return Fetched(download, begun.began)
