"""Query jobs: /services/data/vNN.0/jobs/query.

A query that cannot run is refused when the job is made, with 400 and `API_ERROR` (recorded:
`[{"errorCode": "API_ERROR", "message": "…"}]`); compound fields with `FUNCTIONALITY_NOT_ENABLED`.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.bulk.dialect import Delimiter, Dialect, LineEnding
from sf_elt.demo_org.bulk.jobs import FINISHED, BulkJobs, Job, job_list
from sf_elt.demo_org.bulk.requests import BulkBody, body_of, hold_of
from sf_elt.demo_org.bulk.results import DEFAULT_PAGE, CsvFile, keep_rows, locator, page, row_of
from sf_elt.demo_org.errors import OrgError, SoqlError, not_found
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import schema_of, user_of, version_of
from sf_elt.demo_org.soql import Compiled, compile_query, csv_statement

SIDE_BY_SIDE_PAGES = 5
FIRST_VERSION_WITH_PAGES = 58.0


@dataclass
class QueryJob(Job):
    """A query whose rows can be fetched as CSV once it is JobComplete."""

    def info(self) -> dict[str, object]:
        details: dict[str, object] = {"jobType": "V2Query", "isPkChunkingSupported": True}
        if self.state in FINISHED:
            details |= {"numberRecordsProcessed": self.records_processed, "totalProcessingTime": self.milliseconds}
            details["retries"] = 0
        if self.error_message is not None:
            details["errorMessage"] = self.error_message
        return super().info() | details


class NewQuery(BulkBody):
    """The body of a POST that makes a query job."""

    operation: Literal["query", "queryAll"]
    query: str
    content_type: Literal["CSV"] = "CSV"
    column_delimiter: Delimiter = "COMMA"
    line_ending: LineEnding = "LF"


class Abort(BulkBody):
    """The only change that a query job takes."""

    state: Literal["Aborted"]


def routes() -> list[Route]:
    jobs = "/services/data/{version}/jobs/query"
    return [
        Route(jobs, create, methods=["POST"]),
        Route(jobs, show_all, methods=["GET"]),
        Route(f"{jobs}/{{job_id}}", show, methods=["GET"]),
        Route(f"{jobs}/{{job_id}}", abort, methods=["PATCH"]),
        Route(f"{jobs}/{{job_id}}", delete, methods=["DELETE"]),
        Route(f"{jobs}/{{job_id}}/results", results, methods=["GET"]),
        Route(f"{jobs}/{{job_id}}/resultPages", result_pages, methods=["GET"]),
    ]


async def create(request: Request) -> Response:
    """Makes a job and starts it."""
    org, wanted = org_of(request), await body_of(request, NewQuery)
    now = org.clock()
    try:
        compiled = compile_query(wanted.query, schema_of(request), now, include_deleted=wanted.operation == "queryAll")
        statement = csv_statement(compiled)
    except SoqlError as error:
        if error.code == "FUNCTIONALITY_NOT_ENABLED":
            raise
        raise OrgError(400, "API_ERROR", error.message) from error
    job_id, folder = org.bulk.new_id()
    job = QueryJob(
        id=job_id,
        operation=wanted.operation,
        object_name=compiled.object_type.name,
        created_by=user_of(request),
        created_at=now,
        api_version=version_of(request),
        dialect=Dialect(wanted.column_delimiter, wanted.line_ending),
        folder=folder,
        state="UploadComplete",
        changed_at=now,
    )
    org.bulk.add(job)
    reply = job.info()
    org.bulk.start(job, lambda: _run(org.bulk, job, compiled, statement), hold_until=hold_of(request))
    return JSONResponse(reply)


async def show_all(request: Request) -> Response:
    return JSONResponse(job_list(org_of(request).bulk.all(QueryJob)))


async def show(request: Request) -> Response:
    return JSONResponse(_job(request).info())


async def abort(request: Request) -> Response:
    await body_of(request, Abort)
    job = _job(request)
    org_of(request).bulk.move(job, "Aborted")
    return JSONResponse(job.info())


async def delete(request: Request) -> Response:
    org_of(request).bulk.delete(_job(request))
    return Response(status_code=204)


def results(request: Request) -> Response:
    """One page of the rows, at most `maxRecords` of them, from `locator` on."""
    job = _finished(request)
    first_row = row_of(request.query_params.get("locator"), job.records_processed)
    found = page(job.folder, job.dialect, first_row=first_row, total=job.records_processed, most=_max_records(request))
    request.state.rows = found.records
    headers = {"Sforce-Locator": locator(found.next_row), "Sforce-NumberOfRecords": str(found.records)}
    return CsvFile(found.file, headers=headers)


async def result_pages(request: Request) -> Response:
    """Up to five addresses of pages that can be fetched side by side (v58 and later)."""
    if float(version_of(request)) < FIRST_VERSION_WITH_PAGES:
        raise not_found()
    job = _finished(request)
    size = _max_records(request) or DEFAULT_PAGE
    first = row_of(request.query_params.get("locator"), job.records_processed)
    starts = list(range(first, job.records_processed, size)) or [0]
    shown, left = starts[:SIDE_BY_SIDE_PAGES], starts[SIDE_BY_SIDE_PAGES:]
    address = request.url.path.removesuffix("/resultPages")
    reply: dict[str, object] = {
        "resultPages": [{"resultUrl": f"{address}/results{_at(row, size)}"} for row in shown],
        "done": not left,
    }
    if left:
        reply["nextRecordsUrl"] = f"{address}/resultPages{_at(left[0], size)}"
    return JSONResponse(reply)


def _run(bulk: BulkJobs, job: QueryJob, compiled: Compiled, statement: str) -> None:
    job.stop_if_aborted()
    with bulk.store.reading() as connection:
        job.records_processed = keep_rows(connection, statement, compiled.parameters, job.folder)
    job.stop_if_aborted()


def _job(request: Request) -> QueryJob:
    return org_of(request).bulk.find(request.path_params["job_id"], QueryJob)


def _finished(request: Request) -> QueryJob:
    """The job, when its results can be had by this request."""
    job = _job(request)
    if job.state != "JobComplete":
        raise OrgError(400, "INVALIDJOBSTATE", f"Job {job.id} is {job.state}: it has results once it is JobComplete")
    if request.query_params.get("locator") and version_of(request) != job.api_version:
        raise OrgError(409, "API_VERSION_MISMATCH", f"The locator was made with API version {job.api_version}")
    return job


def _max_records(request: Request) -> int | None:
    given = request.query_params.get("maxRecords")
    if given is None:
        return None
    if not given.isdecimal() or int(given) == 0:
        raise OrgError(400, "INVALID_FIELD", f"maxRecords is a number from 1 on, not {given}")
    return int(given)


def _at(row: int, size: int) -> str:
    return "?" + urlencode({"locator": locator(row), "maxRecords": size})
