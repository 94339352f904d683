"""Query jobs: /services/data/vNN.0/jobs/query.

A query that cannot run is refused when the job is made, with 400 and `API_ERROR` (recorded:
`[{"errorCode": "API_ERROR", "message": "…"}]`); compound fields with `FUNCTIONALITY_NOT_ENABLED`.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.bulk.dialect import Delimiter, Dialect, LineEnding
from sf_elt.demo_org.bulk.jobs import Job
from sf_elt.demo_org.bulk.lifecycle import Lifecycle, check_version, jobs_address
from sf_elt.demo_org.bulk.permitted import can_be_chunked
from sf_elt.demo_org.bulk.requests import BulkBody, body_of
from sf_elt.demo_org.bulk.results import DEFAULT_PAGE, Rows, locator, row_of, write_rows
from sf_elt.demo_org.bulk.sending import csv_reply
from sf_elt.demo_org.errors import OrgError, SoqlError, not_found
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.requests import schema_of, user_of, version_of
from sf_elt.demo_org.schema import Schema
from sf_elt.demo_org.soql import Compiled, compile_query, csv_statement

SIDE_BY_SIDE_PAGES = 5
FIRST_VERSION_WITH_PAGES = 58.0
NUMBER = re.compile(r"0*[1-9][0-9]{0,18}")


@dataclass
class QueryJob(Job):
    """A query whose rows can be fetched as CSV once it is JobComplete."""

    job_type = "V2Query"
    rows: Rows | None = None

    def summary(self) -> dict[str, object]:
        lines = {"lineEnding": self.dialect.line_ending, "columnDelimiter": self.dialect.delimiter}
        return super().summary() | lines

    def details(self) -> dict[str, object]:
        return super().details() | {"isPkChunkingSupported": can_be_chunked(self.object_name)}


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


_jobs = Lifecycle("query", QueryJob)


def routes() -> list[Route]:
    jobs = jobs_address("query")
    return [
        Route(jobs, create, methods=["POST"]),
        *_jobs.routes(),
        Route(f"{jobs}/{{job_id}}", abort, methods=["PATCH"]),
        Route(f"{jobs}/{{job_id}}/results", results, methods=["GET"]),
        Route(f"{jobs}/{{job_id}}/resultPages", result_pages, methods=["GET"]),
    ]


async def create(request: Request) -> Response:
    """Makes a job and starts it."""
    org, wanted = org_of(request), await body_of(request, NewQuery)
    now = org.clock()
    try:
        compiled, _ = _compile(schema_of(request), wanted, org.now_for(user_of(request)))
    except SoqlError as error:
        if error.code == "FUNCTIONALITY_NOT_ENABLED":
            raise
        raise OrgError(400, "API_ERROR", error.message) from error
    org.bulk.quota.take_query_job(now)
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
    reply, packed = job.summary(), "gzip" in request.headers.get("accept-encoding", "")
    org.bulk.start(job, lambda: _run(org, job, wanted, packed=packed))
    return JSONResponse(reply)


async def abort(request: Request) -> Response:
    await body_of(request, Abort)
    return _jobs.abort(request)


async def results(request: Request) -> Response:
    """One page of the rows, at most `maxRecords` of them, from `locator` on."""
    rows = _finished(request)
    if rows is None:
        return Response(status_code=204)
    found = rows.page(row_of(request.query_params.get("locator"), rows.total), _max_records(request))
    request.state.rows = found.records
    headers = {"Sforce-Locator": locator(found.next_row), "Sforce-NumberOfRecords": str(found.records)}
    return csv_reply(request, found.file, found.header, found.rows, headers=headers, blocks=rows.blocks)


async def result_pages(request: Request) -> Response:
    """Up to five addresses of pages that can be fetched side by side (v58 and later)."""
    if float(version_of(request)) < FIRST_VERSION_WITH_PAGES:
        raise not_found()
    rows = _finished(request)
    if rows is None:
        return Response(status_code=204)
    size = _max_records(request) or DEFAULT_PAGE
    starts = range(row_of(request.query_params.get("locator"), rows.total), rows.total, size) or [0]
    shown, left = starts[:SIDE_BY_SIDE_PAGES], starts[SIDE_BY_SIDE_PAGES:]
    address = request.url.path.removesuffix("/resultPages")
    reply: dict[str, object] = {
        "resultPages": [{"resultUrl": f"{address}/results{_at(row, size)}"} for row in shown],
        "done": not left,
    }
    if left:
        reply["nextRecordsUrl"] = f"{address}/resultPages{_at(left[0], size)}"
    return JSONResponse(reply)


def _compile(schema: Schema, wanted: NewQuery, now: datetime) -> tuple[Compiled, str]:
    """The query and the statement that gives its rows. Raises SoqlError."""
    compiled = compile_query(wanted.query, schema, now, include_deleted=wanted.operation == "queryAll")
    return compiled, csv_statement(compiled)


def _run(org: Org, job: QueryJob, wanted: NewQuery, *, packed: bool) -> None:
    """Compiles once more: the user may have lost a permission since the job was made. `packed`: see `packing`."""
    job.stop_if_aborted()
    bulk = org.bulk
    compiled, statement = _compile(org.schema_for(job.created_by), wanted, org.now_for(job.created_by))
    with bulk.store.reading() as connection:
        rows = write_rows(
            connection, statement, compiled.parameters, job.folder / "rows.csv", job.dialect, packed=packed
        )
    job.stop_if_aborted()
    job.stop_as_planned(rows.total, rows.total)
    bulk.quota.note_result(rows.size, bulk.clock())
    job.rows, job.records_processed = rows, rows.total


def _finished(request: Request) -> Rows | None:
    """The job's rows, when they can be had by this request.

    None where there are none, or none yet: 204, without saying why ("Get Results for a Query Job").
    """
    job = _jobs.job(request)
    if job.state != "JobComplete" or job.rows is None:
        return None
    check_version(request, job)
    return job.rows


def _max_records(request: Request) -> int | None:
    given = request.query_params.get("maxRecords")
    if given is None:
        return None
    if not NUMBER.fullmatch(given):
        raise OrgError(400, "INVALID_FIELD", f"maxRecords is a number from 1 on, not {given}")
    return int(given)


def _at(row: int, size: int) -> str:
    return "?" + urlencode({"locator": locator(row), "maxRecords": size})
