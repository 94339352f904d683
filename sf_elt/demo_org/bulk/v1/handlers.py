"""The addresses of the older Bulk API.

What is said of a job is JSON to whoever writes or wants JSON, XML to everybody else. What is said of its batches is in
the format of its records, where CSV goes with XML.
"""

import io
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sf_elt.demo_org.bulk.csv_rows import count_rows
from sf_elt.demo_org.bulk.dialect import Dialect
from sf_elt.demo_org.bulk.jobs import JobFailed
from sf_elt.demo_org.bulk.permitted import (
    bulk_object,
    check_external_id,
    check_hard_delete,
    check_owner,
    no_assignment_rule,
)
from sf_elt.demo_org.bulk.sending import csv_reply
from sf_elt.demo_org.bulk.v1 import answers
from sf_elt.demo_org.bulk.v1.bodies import read_job, read_json, read_xml
from sf_elt.demo_org.bulk.v1.chunking import read_chunking
from sf_elt.demo_org.bulk.v1.guard import ASYNC
from sf_elt.demo_org.bulk.v1.jobs import ENDED, Batch, ClassicJob
from sf_elt.demo_org.bulk.v1.mapping import read_spec
from sf_elt.demo_org.bulk.v1.work import Work, new_batch
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import schema_of, user_of
from sf_elt.demo_org.saving import Operation

MOST_CHARACTERS = 10_000_000
# Clients compare them as they are: without a charset (salesforce-bulk does).
_CONTENT_TYPES = {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}

Handler = Callable[[Request], Awaitable[Response]]


def routes() -> list[Route]:
    job = f"{ASYNC}{{version}}/job/{{job_id}}"
    batch = f"{job}/batch/{{batch_id}}"
    return [
        Route(f"{ASYNC}{{version}}/job", _answering(create), methods=["POST"]),
        Route(job, _answering(show), methods=["GET"]),
        Route(job, _answering(change), methods=["POST"]),
        Route(f"{job}/spec", _answering(add_spec), methods=["POST"]),
        Route(f"{job}/batch", _answering(add_batch), methods=["POST"]),
        Route(f"{job}/batch", _answering(show_batches), methods=["GET"]),
        Route(batch, _answering(show_batch), methods=["GET"]),
        Route(f"{batch}/request", _answering(show_request), methods=["GET"]),
        Route(f"{batch}/result", _answering(show_result), methods=["GET"]),
        Route(f"{batch}/result/{{result_id}}", _answering(show_records), methods=["GET"]),
        Route(f"{ASYNC}{{version}}/{{rest:path}}", _answering(nothing_there)),
    ]


async def create(request: Request) -> Response:
    """Makes a job, open for batches."""
    org, schema = org_of(request), schema_of(request)
    wanted = read_job(await request.body(), is_json=_writes_json(request))
    operation = wanted.operation
    if operation is None or wanted.object is None:
        raise OrgError(400, "InvalidJob", "Unable to parse Job")
    saves: Operation | None = None if operation == "query" or operation == "queryAll" else operation
    object_type = bulk_object(schema, wanted.object)
    if operation == "upsert":
        check_external_id(object_type, wanted.external_id_field_name)
    if operation == "hardDelete":
        check_hard_delete(org, user_of(request))
    if wanted.assignment_rule_id:
        raise no_assignment_rule(wanted.assignment_rule_id)
    chunking = read_chunking(request.headers.get("sforce-enable-pkchunking"), object_type.name, schema)
    now = org.clock()
    job_id, folder = org.bulk.new_id()
    job = ClassicJob(
        id=job_id,
        operation=operation,
        object_name=object_type.name,
        created_by=user_of(request),
        created_at=now,
        api_version=request.path_params["version"],
        dialect=Dialect(),
        folder=folder,
        state="Open",
        changed_at=now,
        content_type=wanted.content_type,
        concurrency_mode=wanted.concurrency_mode,
        saves=saves,
        external_id_field=wanted.external_id_field_name if operation == "upsert" else None,
        chunking=chunking if saves is None else None,
    )
    org.bulk.add(job)
    return _job_info(request, job, 201)


async def show(request: Request) -> Response:
    return _job_info(request, _job(request))


async def change(request: Request) -> Response:
    """Closes or aborts the job."""
    job, wanted = _job(request), read_job(await request.body(), is_json=_writes_json(request))
    if wanted.state is None:
        raise OrgError(400, "InvalidJob", "Unable to parse Job")
    org_of(request).bulk.move(job, wanted.state)
    return _job_info(request, job)


async def add_spec(request: Request) -> Response:
    """Takes the job's transformation spec, before its first batch."""
    job, spec = _job(request), read_spec(await request.body())
    if job.state != "Open" or job.batches or job.saves is None or job.content_type != "CSV":
        message = "A transformation spec is for an open job that saves CSV and has no batches yet"
        raise OrgError(400, "InvalidJobState", message)
    job.spec = spec
    return Response(status_code=201)


async def add_batch(request: Request) -> Response:
    """Takes records, or a query, and sets to work."""
    job, body = _job(request), await request.body()
    if job.state != "Open":
        message = f"Failed to create batch, since the Job is not Open. Current job state is '{job.state}'"
        raise OrgError(400, "InvalidJobState", message)
    if len(body) > MOST_CHARACTERS and len(body.decode("utf-8", "replace")) > MOST_CHARACTERS:
        message = f"Failed to read request. Exceeded max size limit of {MOST_CHARACTERS}"
        raise OrgError(400, "ClientInputError", message)
    _check_type(request, job)
    org = org_of(request)
    batch = new_batch(org.bulk, job, body)
    info = batch.info()
    Work(org.bulk, partial(org.schema_for, job.created_by), partial(org.now_for, job.created_by), job, batch).start()
    request.state.rows = await run_in_threadpool(_rows_given, job, body)
    return answers.one("batchInfo", info, as_json=job.content_type == "JSON", status=201)


def _rows_given(job: ClassicJob, body: bytes) -> int | None:
    """How many records a batch brings; None for a query, and for what cannot be read."""
    if job.saves is None:
        return None
    if job.content_type == "CSV":
        return count_rows(io.BytesIO(body))
    try:
        return len(read_json(body) if job.content_type == "JSON" else read_xml(body))
    except JobFailed:
        return None


async def show_batches(request: Request) -> Response:
    job = _job(request)
    return answers.batch_list([each.info() for each in job.batches], as_json=job.content_type == "JSON")


async def show_batch(request: Request) -> Response:
    job, batch = _batch(request)
    return answers.one("batchInfo", batch.info(), as_json=job.content_type == "JSON")


async def show_request(request: Request) -> Response:
    """The batch as it was sent."""
    job, batch = _batch(request)
    return csv_reply(request, batch.request_file, media_type=_CONTENT_TYPES[job.content_type])


async def show_result(request: Request) -> Response:
    """The verdicts on the records, or the Ids of a query's results."""
    job, batch = _ended(request)
    if job.saves is None:
        ids = [] if batch.result_id is None else [batch.result_id]
        return answers.result_list(ids, as_json=job.content_type == "JSON")
    request.state.rows = batch.records_processed
    return csv_reply(request, batch.result_file, media_type=_CONTENT_TYPES[job.content_type])


async def show_records(request: Request) -> Response:
    """The rows of a query."""
    job, batch = _ended(request)
    result_id = request.path_params["result_id"]
    if batch.result_id is None or batch.result_id[:15] != result_id[:15]:
        raise OrgError(400, "InvalidBatch", f"Unable to find result for id: {result_id}")
    request.state.rows = batch.records_processed
    return csv_reply(request, batch.result_file, media_type=_CONTENT_TYPES[job.content_type])


async def nothing_there(request: Request) -> Response:
    raise OrgError(400, "InvalidUrl", f"Destination URL not found: {request.url.path}")


def _answering(handler: Handler) -> Handler:
    """The handler with its refusals in this API's words, and in the client's format."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except OrgError as error:
            return answers.refusal(error, as_json=answers.speaks_json(request))

    return answer


def _job_info(request: Request, job: ClassicJob, status: int = 200) -> Response:
    return answers.one("jobInfo", job.info(), as_json=answers.speaks_json(request), status=status)


def _job(request: Request) -> ClassicJob:
    job_id = request.path_params["job_id"]
    try:
        job = org_of(request).bulk.find(job_id, ClassicJob)
        check_owner(org_of(request), user_of(request), job)
        return job
    except OrgError as error:
        raise OrgError(400, "InvalidJob", f"Unable to find job for id: {job_id}") from error


def _batch(request: Request) -> tuple[ClassicJob, Batch]:
    job = _job(request)
    return job, job.batch(request.path_params["batch_id"])


def _ended(request: Request) -> tuple[ClassicJob, Batch]:
    job, batch = _batch(request)
    if batch.state not in ENDED or not batch.result_file.exists():
        raise OrgError(400, "InvalidBatch", f"Batch not completed: it is {batch.state}")
    return job, batch


def _check_type(request: Request, job: ClassicJob) -> None:
    """Records come in the job's format; a query may come as any text. Raises OrgError."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = _CONTENT_TYPES[job.content_type]
    if job.saves is not None and given and given != wanted and not (job.content_type == "XML" and given == "text/xml"):
        message = f"Batch content type {given} does not match the job's, {job.content_type}"
        raise OrgError(400, "InvalidBatch", message)


def _writes_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "").lower()
