"""Ingest jobs: /services/data/vNN.0/jobs/ingest."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.bulk.apply import RESULT_FILES, Upload, Verdicts, apply_csv
from sf_elt.demo_org.bulk.dialect import Delimiter, Dialect, LineEnding
from sf_elt.demo_org.bulk.jobs import FINISHED, Job, job_list
from sf_elt.demo_org.bulk.requests import BulkBody, body_of, hold_of
from sf_elt.demo_org.bulk.results import CsvFile
from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import check_content_type, schema_of, user_of, version_of
from sf_elt.demo_org.saving import Operation

MOST_BYTES = 150 * 1024 * 1024


@dataclass
class IngestJob(Job):
    """Records to be saved from a CSV."""

    saves: Operation = "insert"
    external_id_field: str | None = None
    records_failed: int = 0
    uploaded: threading.Event = field(default_factory=threading.Event)

    @property
    def csv_file(self) -> Path:
        return self.folder / "upload.csv"

    def info(self) -> dict[str, object]:
        details: dict[str, object] = {"jobType": "V2Ingest"}
        if self.state == "Open":
            details["contentUrl"] = f"services/data/v{self.api_version}/jobs/ingest/{self.id}/batches"
        if self.external_id_field is not None:
            details["externalIdFieldName"] = self.external_id_field
        if self.state in FINISHED:
            details |= {
                "numberRecordsProcessed": self.records_processed,
                "numberRecordsFailed": self.records_failed,
                "totalProcessingTime": self.milliseconds,
                "apiActiveProcessingTime": self.milliseconds,
                "apexProcessingTime": 0,
                "retries": 0,
            }
        if self.error_message is not None:
            details["errorMessage"] = self.error_message
        return super().info() | details


class NewIngest(BulkBody):
    """The body of a POST that makes an ingest job."""

    operation: Literal["insert", "update", "upsert", "delete", "hardDelete"]
    object: str
    external_id_field_name: str | None = None
    content_type: Literal["CSV"] = "CSV"
    column_delimiter: Delimiter = "COMMA"
    line_ending: LineEnding = "LF"


class Change(BulkBody):
    """What a client may make of an ingest job."""

    state: Literal["UploadComplete", "Aborted"]


def routes() -> list[Route]:
    jobs = "/services/data/{version}/jobs/ingest"
    return [
        Route(jobs, create, methods=["POST"]),
        Route(jobs, show_all, methods=["GET"]),
        Route(f"{jobs}/{{job_id}}", show, methods=["GET"]),
        Route(f"{jobs}/{{job_id}}", change, methods=["PATCH"]),
        Route(f"{jobs}/{{job_id}}", delete, methods=["DELETE"]),
        Route(f"{jobs}/{{job_id}}/batches", take_csv, methods=["PUT"]),
        Route(f"{jobs}/{{job_id}}/{{results}}", results, methods=["GET"]),
    ]


async def create(request: Request) -> Response:
    """Makes a job that waits for its CSV."""
    org, wanted = org_of(request), await body_of(request, NewIngest)
    object_type = schema_of(request).object(wanted.object)
    if object_type is None:
        raise OrgError(
            400, "INVALIDENTITY", f"InvalidEntity : Entity '{wanted.object}' is not supported by the Bulk API."
        )
    if wanted.operation == "upsert":
        external_id = object_type.field(wanted.external_id_field_name or "")
        if external_id is None or not (external_id.external_id or external_id.id_lookup):
            named = wanted.external_id_field_name or "null"
            message = f"InvalidJob : Field name provided, {named} does not match an External ID for {object_type.name}"
            raise OrgError(400, "INVALIDJOB", message)
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
    return JSONResponse(job.info())


async def show_all(request: Request) -> Response:
    return JSONResponse(job_list(org_of(request).bulk.all(IngestJob)))


async def show(request: Request) -> Response:
    return JSONResponse(_job(request).info())


async def take_csv(request: Request) -> Response:
    """Takes the CSV, once and whole."""
    check_content_type(request, "text/csv")
    job = _job(request)
    if job.state != "Open" or job.uploaded.is_set():
        raise OrgError(400, "INVALIDJOBSTATE", f"Job {job.id} is {job.state} and takes no (further) data")
    unfinished = job.folder / "upload.unfinished"
    size = 0
    with unfinished.open("wb") as stream:
        async for piece in request.stream():
            size += len(piece)
            if size > MOST_BYTES:
                raise OrgError(413, "EXCEEDED_MAX_SIZE_REQUEST", "A job's data must not exceed 150 MB")
            stream.write(piece)
    unfinished.replace(job.csv_file)
    job.uploaded.set()
    return Response(status_code=201)


async def change(request: Request) -> Response:
    """Starts the job once its CSV is there, or aborts it."""
    org, job, wanted = org_of(request), _job(request), await body_of(request, Change)
    if wanted.state == "UploadComplete" and job.state != "Open":
        raise OrgError(400, "INVALIDJOBSTATE", f"Job {job.id} is {job.state} and cannot become UploadComplete")
    org.bulk.move(job, wanted.state)
    reply = job.info()
    if wanted.state == "UploadComplete":
        upload = Upload(
            store=org.store,
            user_id=job.created_by,
            schema=schema_of(request),
            object_type=schema_of(request).require(job.object_name),
            operation=job.saves,
            external_id_field=job.external_id_field,
            dialect=job.dialect,
            file=job.csv_file,
        )
        org.bulk.start(job, lambda: _run(upload, job), hold_until=hold_of(request))
    return JSONResponse(reply)


async def delete(request: Request) -> Response:
    org_of(request).bulk.delete(_job(request))
    return Response(status_code=204)


async def results(request: Request) -> Response:
    """successfulResults, failedResults or unprocessedrecords, in any letter case."""
    file_name = RESULT_FILES.get(request.path_params["results"].lower())
    if file_name is None:
        raise not_found()
    job = _job(request)
    if job.state not in FINISHED:
        raise OrgError(400, "INVALIDJOBSTATE", f"Job {job.id} is {job.state}: its results come when it has ended")
    file = job.folder / file_name
    return CsvFile(file) if file.exists() else Response(media_type="text/csv")


def _job(request: Request) -> IngestJob:
    return org_of(request).bulk.find(request.path_params["job_id"], IngestJob)


def _run(upload: Upload, job: IngestJob) -> None:
    verdicts = Verdicts()
    try:
        apply_csv(upload, verdicts, job.stop_if_aborted)
    finally:
        job.records_failed = len(verdicts.failed)
        job.records_processed = len(verdicts.succeeded) + len(verdicts.failed)
        verdicts.write(job.folder, job.dialect)
