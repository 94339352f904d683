"""What query jobs and ingest jobs answer alike: one job, all jobs, abort, delete."""

from collections.abc import Sequence
from typing import Generic, Literal, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.bulk.jobs import BulkJobs, Job
from sf_elt.demo_org.bulk.permitted import check_owner, may_see
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import user_of, version_of

LIST_PAGE = 1_000
CLASSIC = "Classic"

Kind = TypeVar("Kind", bound=Job)
Collection = Literal["query", "ingest"]


def jobs_address(collection: Collection) -> str:
    """The route of all jobs of a kind."""
    return f"/services/data/{{version}}/jobs/{collection}"


class Lifecycle(Generic[Kind]):
    """The addresses that both kinds of job have."""

    def __init__(self, collection: Collection, kind: type[Kind]) -> None:
        self._collection = collection
        self._kind = kind

    def routes(self) -> list[Route]:
        jobs = jobs_address(self._collection)
        return [
            Route(jobs, self.show_all, methods=["GET"]),
            Route(f"{jobs}/{{job_id}}", self.show, methods=["GET"]),
            Route(f"{jobs}/{{job_id}}", self.delete, methods=["DELETE"]),
        ]

    def job(self, request: Request) -> Kind:
        """The job that the address names. Raises OrgError (404)."""
        job = self._jobs(request).find(request.path_params["job_id"], self._kind)
        check_owner(org_of(request), user_of(request), job)
        return job

    def abort(self, request: Request) -> Response:
        """Ends the job where it is."""
        job = self.job(request)
        self._jobs(request).move(job, "Aborted")
        return JSONResponse(job.summary())

    async def show(self, request: Request) -> Response:
        return JSONResponse(self.job(request).details())

    async def delete(self, request: Request) -> Response:
        self._jobs(request).delete(self.job(request))
        return Response(status_code=204)

    async def show_all(self, request: Request) -> Response:
        """This kind's jobs and those of the older Bulk API, newest first, a thousand at a time, filtered as asked."""
        org, user_id = org_of(request), user_of(request)
        every = [job for job in self._jobs(request).all(Job) if may_see(org, user_id, job)]
        listed = [job for job in every if isinstance(job, self._kind) or job.job_type == CLASSIC]
        wanted = [job for job in listed if _is_wanted(job, request)]
        wanted.sort(key=lambda job: (job.created_at, job.id), reverse=True)
        first = _first_of_page(request.query_params.get("queryLocator"), wanted)
        shown, left = wanted[first : first + LIST_PAGE], wanted[first + LIST_PAGE :]
        address = request.url.path.removesuffix("/")
        following = f"{address}?{urlencode(_filters(request) | {'queryLocator': left[0].id})}" if left else None
        records = [job.summary() | {"jobType": job.job_type} for job in shown]
        return JSONResponse({"done": not left, "records": records, "nextRecordsUrl": following})

    def _jobs(self, request: Request) -> BulkJobs:
        return org_of(request).bulk


def check_version(request: Request, job: Job) -> None:
    """Results are read with the API version that the job was made with. Raises OrgError (409)."""
    if version_of(request) != job.api_version:
        message = f"Job {job.id} was made with API version {job.api_version}: read its results with the same version"
        raise OrgError(409, "API_VERSION_MISMATCH", message)


def _is_wanted(job: Job, request: Request) -> bool:
    filters = _filters(request)
    return (
        filters.get("jobType", job.job_type).lower() == job.job_type.lower()
        and filters.get("concurrencyMode", job.concurrency_mode).lower() == job.concurrency_mode.lower()
        and (filters.get("isPkChunkingEnabled", "").lower() != "true" or job.chunked)
    )


def _filters(request: Request) -> dict[str, str]:
    given = request.query_params
    return {name: given[name] for name in ("isPkChunkingEnabled", "jobType", "concurrencyMode") if name in given}


def _first_of_page(given: str | None, jobs: Sequence[Job]) -> int:
    """Where the page begins that a locator names: at the first job that is not newer than its own."""
    if given is None:
        return 0
    if (start := normalise(given)) is None:
        raise OrgError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return next((place for place, job in enumerate(jobs) if job.id <= start), len(jobs))
