"""Ingest jobs: /services/data/vNN.0/jobs/ingest.

The CSV comes once and whole: by PUT to `batches`, or, up to 100,000 characters, in the multipart request that makes the
job and closes it at once. What is wrong with it shows when the job runs, never in the reply to the upload.
"""

import secrets
import threading
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.bulk.apply import RESULT_FILES, Upload, Verdicts, apply_csv
from sf_elt.demo_org.bulk.csv_rows import count_rows
from sf_elt.demo_org.bulk.dialect import Delimiter, Dialect, LineEnding
from sf_elt.demo_org.bulk.jobs import FINISHED, Job
from sf_elt.demo_org.bulk.lifecycle import Lifecycle, check_version, jobs_address
from sf_elt.demo_org.bulk.permitted import bulk_object, check_external_id, check_hard_delete, no_assignment_rule
from sf_elt.demo_org.bulk.requests import BulkBody, body_of, read_body
from sf_elt.demo_org.bulk.sending import csv_reply
from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.multipart import is_multipart, parts_of
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import check_content_type, schema_of, user_of, version_of
from sf_elt.demo_org.saving import Operation

MOST_BYTES = 150 * 1024 * 1024 * 3 // 4
"""150 MB once Salesforce has written it in base64."""
MOST_IN_MULTIPART = 100_000
SAYS_CHUNKING = 61.0  # the first version that was recorded to say of ingest jobs, too, that they are not chunked


@dataclass
class IngestJob(Job):
    """Records to be saved from a CSV."""

    job_type = "V2Ingest"

    saves: Operation = "insert"
    external_id_field: str | None = None
    verdicts: Verdicts = field(default_factory=Verdicts)
    uploaded: threading.Event = field(default_factory=threading.Event)

    @property
    def csv_file(self) -> Path:
        return self.folder / "upload.csv"

    def summary(self) -> dict[str, object]:
        shown = super().summary()
        if self.external_id_field is not None:
            shown["externalIdFieldName"] = self.external_id_field
        if self.state == "Open":
            shown["contentUrl"] = f"services/data/v{self.api_version}/jobs/ingest/{self.id}/batches"
        return shown | {"lineEnding": self.dialect.line_ending, "columnDelimiter": self.dialect.delimiter}

    def details(self) -> dict[str, object]:
        chunking = {"isPkChunkingSupported": False} if float(self.api_version) >= SAYS_CHUNKING else {}
        return super().details() | {
            "numberRecordsProcessed": self.verdicts.records_processed,
            "numberRecordsFailed": self.verdicts.records_failed,
            "apiActiveProcessingTime": self.milliseconds,
            "apexProcessingTime": 0,
            **chunking,
        }


class NewIngest(BulkBody):
    """The body of a POST that makes an ingest job."""

    operation: Literal["insert", "update", "upsert", "delete", "hardDelete"]
    object: str
    external_id_field_name: str | None = None
    assignment_rule_id: str | None = None
    content_type: Literal["CSV"] = "CSV"
    column_delimiter: Delimiter = "COMMA"
    line_ending: LineEnding = "LF"


class Change(BulkBody):
    """What a client may make of an ingest job."""

    state: Literal["UploadComplete", "Aborted"]


_jobs = Lifecycle("ingest", IngestJob)


def routes() -> list[Route]:
    jobs = jobs_address("ingest")
    return [
        Route(jobs, create, methods=["POST"]),
        *_jobs.routes(),
        Route(f"{jobs}/{{job_id}}", change, methods=["PATCH"]),
        Route(f"{jobs}/{{job_id}}/batches", take_csv, methods=["PUT"]),
        Route(f"{jobs}/{{job_id}}/{{results}}", results, methods=["GET"]),
    ]


async def create(request: Request) -> Response:
    """Makes a job that waits for its CSV; a multipart request brings the CSV too, and the job is closed at once."""
    if is_multipart(request):
        return await _create_with_csv(request)
    return JSONResponse(_new_job(request, await body_of(request, NewIngest)).summary())


async def take_csv(request: Request) -> Response:
    """Takes the CSV, once and whole. Of two uploads side by side the one that ends first counts."""
    check_content_type(request, "text/csv")
    job = _jobs.job(request)
    _check_takes_data(job)
    unfinished = job.folder / f"{secrets.token_hex(4)}.unfinished"
    size = 0
    try:
        with unfinished.open("wb") as stream:
            async for piece in request.stream():
                size += len(piece)
                if size > MOST_BYTES:
                    raise OrgError(413, "EXCEEDED_MAX_SIZE_REQUEST", "A job's data must not exceed 150 MB")
                stream.write(piece)
        _check_takes_data(_jobs.job(request))  # it may have been uploaded, closed, aborted or deleted meanwhile
        unfinished.replace(job.csv_file)
    finally:
        unfinished.unlink(missing_ok=True)
    job.uploaded.set()
    request.state.rows = await run_in_threadpool(_rows_given, job)
    return Response(status_code=201)


def _rows_given(job: IngestJob) -> int:
    with job.csv_file.open("rb") as stream:
        return count_rows(stream)


def _check_takes_data(job: IngestJob) -> None:
    """Raises OrgError."""
    if job.state != "Open":
        raise OrgError(400, "INVALIDJOBSTATE", f"Job {job.id} is {job.state} and takes no (further) data")
    if job.uploaded.is_set():
        message = (
            f"Found multiple contents for job: <{job.id[:15]}>, please 'Close' / 'Abort' / 'Delete' the current Job "
            "then create a new Job and make sure you only do 'PUT' once on a given Job."
        )
        raise OrgError(400, "BULK_API_ERROR", message)


async def change(request: Request) -> Response:
    """Starts the job once its CSV is there, or aborts it."""
    job, wanted = _jobs.job(request), await body_of(request, Change)
    if wanted.state == "Aborted":
        return _jobs.abort(request)
    return _close(request, job)


async def results(request: Request) -> Response:
    """successfulResults, failedResults or unprocessedrecords, in any letter case."""
    file_name = RESULT_FILES.get(request.path_params["results"].lower())
    if file_name is None:
        raise not_found()
    job = _jobs.job(request)
    if job.state not in FINISHED:
        raise OrgError(400, "INVALIDJOBSTATE", f"Job {job.id} is {job.state}: its results come when it has ended")
    check_version(request, job)
    file = job.folder / file_name
    request.state.rows = job.verdicts.rows_of(file_name)
    return csv_reply(request, file) if file.exists() else Response(headers={"Content-Type": "text/csv"})


async def _create_with_csv(request: Request) -> Response:
    parts = {part.name: part.content for part in await parts_of(request)}
    description, upload = parts.get("job"), parts.get("content")
    if description is None or upload is None:
        missing = "job" if description is None else "content"
        raise OrgError(400, "INVALIDJOB", f"InvalidJob : the multipart request has no part named '{missing}'")
    if len(upload.decode("utf-8", "replace")) > MOST_IN_MULTIPART:
        message = f"InvalidJob : the data in a multipart request must not exceed {MOST_IN_MULTIPART} characters"
        raise OrgError(400, "INVALIDJOB", message)
    job = _new_job(request, read_body(description, NewIngest))
    job.csv_file.write_bytes(upload)
    job.uploaded.set()
    request.state.rows = _rows_given(job)
    return _close(request, job)


def _new_job(request: Request, wanted: NewIngest) -> IngestJob:
    org = org_of(request)
    object_type = bulk_object(schema_of(request), wanted.object)
    if wanted.operation == "upsert":
        check_external_id(object_type, wanted.external_id_field_name)
    if wanted.operation == "hardDelete":
        check_hard_delete(org, user_of(request))
    if wanted.assignment_rule_id:
        raise no_assignment_rule(wanted.assignment_rule_id)
    now = org.clock()
    job_id, folder = org.bulk.new_id()
    job = IngestJob(
        id=job_id,
        operation=wanted.operation,
        object_name=object_type.name,
        created_by=user_of(request),
        created_at=now,
        api_version=version_of(request),
        dialect=Dialect(wanted.column_delimiter, wanted.line_ending),
        folder=folder,
        state="Open",
        changed_at=now,
        saves=wanted.operation,
        external_id_field=wanted.external_id_field_name if wanted.operation == "upsert" else None,
    )
    org.bulk.add(job)
    return job


def _close(request: Request, job: IngestJob) -> Response:
    org = org_of(request)
    if job.state in ("UploadComplete", "InProgress"):
        raise OrgError(400, "INVALIDJOBSTATE", "Closing already Closed Job not allowed")
    object_type = bulk_object(schema_of(request), job.object_name)
    org.bulk.move(job, "UploadComplete")
    reply = job.summary()
    upload = Upload(
        store=org.store,
        quota=org.bulk.quota,
        clock=org.clock,
        user_id=job.created_by,
        view=partial(org.schema_for, job.created_by),
        object_type=object_type,
        operation=job.saves,
        external_id_field=job.external_id_field,
        dialect=job.dialect,
        file=job.csv_file,
    )
    org.bulk.start(job, lambda: _run(upload, job))
    return JSONResponse(reply)


def _run(upload: Upload, job: IngestJob) -> None:
    try:
        apply_csv(upload, job.verdicts, job)
    finally:
        job.verdicts.write(job.folder, job.dialect)
