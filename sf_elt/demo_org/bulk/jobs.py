"""Bulk jobs: what a job is, which states it goes through, and the threads that run it.

A query job is born UploadComplete, an ingest job is Open until its CSV is there:

    Open → UploadComplete → InProgress → JobComplete | Failed
    any state but the last two → Aborted

A job of the older Bulk API (v1/) is Open, then Closed or Aborted; its batches have states of their own.

Jobs live as long as the running org; a restart forgets them. A job that has ended, or was never closed, is gone seven
days after it was made, with its results (Bulk API 2.0 Developer Guide, "Bulk API Limits").
"""

import contextvars
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Literal, TypeVar

from sf_elt.demo_org.bulk.dialect import Dialect
from sf_elt.demo_org.bulk.quota import Quota, QuotaSpent
from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.faults.inside import inside
from sf_elt.demo_org.ids import id_at, normalise
from sf_elt.demo_org.store import Store

log = logging.getLogger(__name__)

State = Literal["Open", "UploadComplete", "InProgress", "JobComplete", "Closed", "Failed", "Aborted"]
FINISHED: tuple[State, ...] = ("JobComplete", "Closed", "Failed", "Aborted")
KEPT = timedelta(days=7)
SIDE_BY_SIDE = 8


class JobFailed(Exception):
    """The job cannot go on; the message becomes its errorMessage."""


class JobAborted(Exception):
    """Somebody aborted the job while it ran."""


@dataclass
class Job:
    """What all jobs have in common. `folder` holds the job's files."""

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

    job_type = ""
    concurrency_mode = "Parallel"
    content_type = "CSV"

    @property
    def chunked(self) -> bool:
        """Whether PK chunking is on, which only the older API switches on."""
        return False

    def stop_if_aborted(self) -> None:
        """To be called between steps. Raises JobAborted."""
        if self.abort_asked.is_set():
            raise JobAborted

    def stop_as_planned(self, done: int, total: int) -> None:
        """To be called between steps: ends the job where a planned fault says so. Raises JobFailed or JobAborted."""
        end = inside().job_end
        if end is None or not end.meets(total) or done < min(end.after_rows, total):
            return
        if end.state == "Failed":
            raise JobFailed(end.message)
        self.abort_asked.set()
        self.state = "Aborted"
        raise JobAborted

    def chunks(self, total: int, size: int) -> Iterator[slice]:
        """The rows to work on, `size` at a time, or fewer where the job is to end after them.

        Ends the job between them where somebody aborts it or a planned fault says so. Raises JobFailed or JobAborted.
        """
        done = 0
        while True:
            self.stop_if_aborted()
            self.stop_as_planned(done, total)
            if done == total:
                return
            end = inside().job_end
            planned = end.after_rows if end is not None and end.meets(total) else 0
            upto = min(done + size, planned if done < planned else total, total)
            yield slice(done, upto)
            done = upto

    def summary(self) -> dict[str, object]:
        """The part of the job's JSON that every reply about it holds."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.created_by,
            "createdDate": timestamp(self.created_at),
            "systemModstamp": timestamp(self.changed_at),
            "state": self.state,
            "concurrencyMode": self.concurrency_mode,
            "contentType": self.content_type,
            "apiVersion": float(self.api_version),
        }

    def details(self) -> dict[str, object]:
        """What a job says when one asks for it by its Id: its summary, and how far it has come."""
        details: dict[str, object] = {
            "jobType": self.job_type,
            "numberRecordsProcessed": self.records_processed,
            "retries": 0,
            "totalProcessingTime": self.milliseconds,
        }
        if self.error_message is not None:
            details["errorMessage"] = self.error_message
        return self.summary() | details


Kind = TypeVar("Kind", bound=Job)


class BulkJobs:
    """All jobs of the org, what they may use in a day, and the threads that run them."""

    def __init__(self, store: Store, clock: Callable[[], datetime], folder: Path) -> None:
        self.store = store
        self.clock = clock
        self.quota = Quota()
        self._folder = folder / "bulk"
        self._jobs: dict[str, Job] = {}
        self._lock = threading.RLock()
        self._made = 0
        self._held: list[threading.Thread] = []
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="bulk-job")

    def new_id(self) -> tuple[str, Path]:
        """An Id for a new job, and a folder for its files."""
        job_id = self.next_id("750")
        folder = self._folder / job_id
        folder.mkdir(parents=True, mode=0o700)
        return job_id, folder

    def next_id(self, key_prefix: str) -> str:
        """An Id for a job (750), a batch (751) or a result (752)."""
        with self._lock:
            self._made += 1
            return id_at(key_prefix, self._made)

    def add(self, job: Job) -> None:
        with self._lock:
            self._jobs[job.id] = job

    def find(self, job_id: str, kind: type[Kind]) -> Kind:
        """The job of a kind by its 15- or 18-character Id. Raises OrgError (404)."""
        self._forget_old()
        job = self._jobs.get(normalise(job_id) or "")
        if not isinstance(job, kind):
            raise not_found()
        return job

    def all(self, kind: type[Kind]) -> list[Kind]:
        self._forget_old()
        with self._lock:
            return [job for job in self._jobs.values() if isinstance(job, kind)]

    def start(self, job: Job, work: Callable[[], None]) -> None:
        """Runs `work` in a thread. A job that is held stays InProgress until the fault is lifted or it is aborted.

        `work` finds out by `job.stop_if_aborted` that it should not go on.
        """
        self.run(lambda: self._run(job, work))

    def run(self, work: Callable[[], None]) -> None:
        """Runs `work` in a thread that sees what is planned for the request that asks for it.

        What a planned fault holds has a thread to itself: other jobs do not wait for it.
        """
        run = contextvars.copy_context().run
        if inside().hold_job_until is None:
            self._threads.submit(run, work)
            return
        held = threading.Thread(target=run, args=(work,), name="held-bulk-job")
        self._held = [each for each in self._held if each.is_alive()] + [held]
        held.start()

    def move(self, job: Job, state: State) -> None:
        """Sets the job's state. Raises OrgError for a job that has ended already."""
        with self._lock:
            if job.state in FINISHED:
                doing = {"Aborted": "Aborting", "UploadComplete": "Closing", "Closed": "Closing"}.get(state, "Changing")
                was = "Completed" if job.state == "JobComplete" else job.state
                raise OrgError(400, "INVALIDJOBSTATE", f"{doing} already {was} Job not allowed")
            job.state = state
            job.changed_at = self.clock()
            if state == "Aborted":
                job.abort_asked.set()

    def delete(self, job: Job) -> None:
        """Forgets a job and its files. Raises OrgError while it is open or running."""
        with self._lock:
            if job.state not in FINISHED:
                raise OrgError(400, "INVALIDJOBSTATE", f"Job {job.id} is {job.state}: abort it before deleting it")
            self._forget(job)

    def abort_all(self) -> None:
        """Asks every job to end; does not wait for it."""
        for job in self.all(Job):
            job.abort_asked.set()

    def close(self) -> None:
        """Aborts what runs and waits for the threads."""
        self.abort_all()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for each in self._held:
            each.join()

    def _forget_old(self) -> None:
        with self._lock:
            last = self.clock() - KEPT
            for job in [each for each in self._jobs.values() if each.created_at < last]:
                if job.state in FINISHED or job.state == "Open":
                    self._forget(job)

    def _forget(self, job: Job) -> None:
        del self._jobs[job.id]
        shutil.rmtree(job.folder, ignore_errors=True)  # an aborted job's thread may still be writing there

    def _run(self, job: Job, work: Callable[[], None]) -> None:
        started = monotonic()
        try:
            self.move(job, "InProgress")
            wait_while_held(job)
            work()
            job.milliseconds = int((monotonic() - started) * 1000)
            self.move(job, "JobComplete")
        except JobAborted:
            log.info("bulk job %s was aborted", job.id)
        except Exception as error:
            if job.state in FINISHED:
                log.info("bulk job %s ended as %s: %s", job.id, job.state, error)
                return
            job.error_message = reason_of(error, job)
            self.move(job, "Failed")


def wait_while_held(job: Job) -> None:
    """Waits for the end of a planned fault that holds the job, or for somebody to abort it."""
    held = inside().hold_job_until
    while held is not None and not held.wait(0.05) and not job.abort_asked.is_set():
        pass


def reason_of(error: Exception, job: Job) -> str:
    """Why the work of a job failed, as its errorMessage says it; what nobody foresaw is logged."""
    if isinstance(error, QuotaSpent):
        return error.message
    if isinstance(error, OrgError):
        return f"InvalidBatch : {error}"
    if isinstance(error, JobFailed):
        return str(error)
    log.exception("bulk job %s failed", job.id)
    return f"InternalServerError : {error}"


def timestamp(moment: datetime) -> str:
    """As Salesforce writes datetimes in JSON: 2021-12-02T18:22:42.000+0000."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
