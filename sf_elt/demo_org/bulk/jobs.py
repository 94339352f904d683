"""Bulk jobs: what a job is, which states it goes through, and the threads that run it.

A query job is born UploadComplete, an ingest job is Open until its CSV is there:

    Open → UploadComplete → InProgress → JobComplete | Failed
    any state but the last two → Aborted

Jobs live as long as the running org; a restart forgets them.
"""

import logging
import shutil
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Literal, TypeVar

from sf_elt.demo_org.bulk.dialect import Dialect
from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.ids import id_at, normalise
from sf_elt.demo_org.store import Store

log = logging.getLogger(__name__)

State = Literal["Open", "UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"]
FINISHED: tuple[State, ...] = ("JobComplete", "Failed", "Aborted")
SIDE_BY_SIDE = 8


class JobFailed(Exception):
    """The job cannot go on; the message becomes its errorMessage."""


class JobAborted(Exception):
    """Somebody aborted the job while it ran."""


@dataclass
class Job:
    """What query and ingest jobs have in common. `folder` holds the job's files."""

    id: str
    operation: str
    object_name: str
    created_by: str
    created_at: datetime
    api_version: str
    dialect: Dialect
    folder: Path
    state: State
    changed_at: datetime
    error_message: str | None = None
    records_processed: int = 0
    milliseconds: int = 0
    abort_asked: threading.Event = field(default_factory=threading.Event)

    def stop_if_aborted(self) -> None:
        """To be called between steps. Raises JobAborted."""
        if self.abort_asked.is_set():
            raise JobAborted

    def info(self) -> dict[str, object]:
        """The part of the job's JSON that both kinds share."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.created_by,
            "createdDate": timestamp(self.created_at),
            "systemModstamp": timestamp(self.changed_at),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.api_version),
            "lineEnding": self.dialect.line_ending,
            "columnDelimiter": self.dialect.delimiter,
        }


Kind = TypeVar("Kind", bound=Job)


class BulkJobs:
    """All jobs of the org, and the threads that run them."""

    def __init__(self, store: Store, clock: Callable[[], datetime], folder: Path) -> None:
        self.store = store
        self.clock = clock
        self._folder = folder / "bulk"
        self._jobs: dict[str, Job] = {}
        self._lock = threading.RLock()
        self._made = 0
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="bulk-job")

    def new_id(self) -> tuple[str, Path]:
        """An Id for a new job, and a folder for its files."""
        with self._lock:
            self._made += 1
            job_id = id_at("750", self._made)
        folder = self._folder / job_id
        folder.mkdir(parents=True, mode=0o700)
        return job_id, folder

    def add(self, job: Job) -> None:
        with self._lock:
            self._jobs[job.id] = job

    def find(self, job_id: str, kind: type[Kind]) -> Kind:
        """The job of a kind by its 15- or 18-character Id. Raises OrgError (404)."""
        job = self._jobs.get(normalise(job_id) or "")
        if not isinstance(job, kind):
            raise not_found()
        return job

    def all(self, kind: type[Kind]) -> list[Kind]:
        with self._lock:
            return [job for job in self._jobs.values() if isinstance(job, kind)]

    def start(self, job: Job, work: Callable[[], None], *, hold_until: threading.Event | None) -> None:
        """Runs `work` in a thread. A job that is held stays InProgress until the event comes or it is aborted.

        `work` finds out by `job.stop_if_aborted` that it should not go on.
        """
        self._threads.submit(self._run, job, work, hold_until)

    def move(self, job: Job, state: State) -> None:
        """Sets the job's state. Raises OrgError for a job that has ended already."""
        with self._lock:
            if job.state in FINISHED:
                raise OrgError(400, "INVALIDJOBSTATE", f"Job {job.id} is {job.state} and cannot become {state}")
            job.state = state
            job.changed_at = self.clock()
            if state == "Aborted":
                job.abort_asked.set()

    def delete(self, job: Job) -> None:
        """Forgets a job and its files. Raises OrgError while it is open or running."""
        with self._lock:
            if job.state not in FINISHED:
                raise OrgError(400, "INVALIDJOBSTATE", f"Job {job.id} is {job.state}: abort it before deleting it")
            del self._jobs[job.id]
        shutil.rmtree(job.folder, ignore_errors=True)  # an aborted job's thread may still be writing there

    def abort_all(self) -> None:
        """Asks every job to end; does not wait for it."""
        for job in self.all(Job):
            job.abort_asked.set()

    def close(self) -> None:
        """Aborts what runs and waits for the threads."""
        self.abort_all()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Job, work: Callable[[], None], hold_until: threading.Event | None) -> None:
        started = monotonic()
        try:
            self.move(job, "InProgress")
            while hold_until is not None and not hold_until.wait(0.05) and not job.abort_asked.is_set():
                pass
            work()
            job.milliseconds = int((monotonic() - started) * 1000)
            self.move(job, "JobComplete")
        except JobAborted:
            log.info("bulk job %s was aborted", job.id)
        except Exception as error:
            if job.state in FINISHED:
                log.info("bulk job %s ended as %s: %s", job.id, job.state, error)
                return
            if not isinstance(error, (JobFailed, OrgError)):
                log.exception("bulk job %s failed", job.id)
            job.error_message = str(error)
            self.move(job, "Failed")


def job_list(jobs: Iterable[Job]) -> dict[str, object]:
    """The reply to a GET of all jobs, newest first."""
    newest_first = sorted(jobs, key=lambda job: (job.created_at, job.id), reverse=True)
    return {"done": True, "nextRecordsUrl": None, "records": [job.info() for job in newest_first]}


def timestamp(moment: datetime) -> str:
    """As Salesforce writes datetimes in JSON: 2021-12-02T18:22:42.000+0000."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
