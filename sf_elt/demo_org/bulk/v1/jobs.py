"""Jobs of the older Bulk API and their batches, each of which is worked on as soon as it is there.

job      Open → Closed | Aborted
batch    Queued → InProgress → Completed | Failed; NotProcessed where the job was aborted, or the batch was split
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from sf_elt.demo_org.bulk.jobs import Job, timestamp
from sf_elt.demo_org.bulk.v1.chunking import Chunking
from sf_elt.demo_org.bulk.v1.mapping import Mapping
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.saving import Operation

ContentType = Literal["CSV", "JSON", "XML"]
BatchState = Literal["Queued", "InProgress", "Completed", "Failed", "NotProcessed"]
ENDED: tuple[BatchState, ...] = ("Completed", "Failed", "NotProcessed")


@dataclass
class Batch:
    """One batch: what was sent (`request_file`), how far it is, and for a query the Id of its result.

    `is_chunk` tells the batches that a query was split into.
    """

    id: str
    job_id: str
    created_at: datetime
    changed_at: datetime
    folder: Path
    state: BatchState = "Queued"
    state_message: str | None = None
    records_processed: int = 0
    records_failed: int = 0
    milliseconds: int = 0
    result_id: str | None = None
    is_chunk: bool = False

    @property
    def request_file(self) -> Path:
        return self.folder / f"{self.id}.request"

    @property
    def result_file(self) -> Path:
        return self.folder / f"{self.id}.result"

    def info(self) -> dict[str, object]:
        """The batch as its address shows it. Datetimes are the format's affair."""
        return {
            "id": self.id,
            "jobId": self.job_id,
            "state": self.state,
            "stateMessage": self.state_message,
            "createdDate": timestamp(self.created_at),
            "systemModstamp": timestamp(self.changed_at),
            "numberRecordsProcessed": self.records_processed,
            "numberRecordsFailed": self.records_failed,
            "totalProcessingTime": self.milliseconds,
            "apiActiveProcessingTime": self.milliseconds,
            "apexProcessingTime": 0,
        }


@dataclass
class ClassicJob(Job):
    """A job of the older Bulk API. `saves` is None for a query; without a `spec`, columns are named as their fields.

    Where batches go one by one, those to come are `waiting` and a thread is `at_work`; `turn` guards both.
    """

    job_type = "Classic"

    content_type: ContentType = "XML"
    concurrency_mode: Literal["Parallel", "Serial"] = "Parallel"
    saves: Operation | None = None
    external_id_field: str | None = None
    chunking: Chunking | None = None
    spec: tuple[Mapping, ...] = ()
    batches: list[Batch] = field(default_factory=list)
    waiting: list[Callable[[], None]] = field(default_factory=list)
    at_work: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def chunked(self) -> bool:
        return self.chunking is not None

    def batch(self, batch_id: str) -> Batch:
        """The batch of that Id. Raises OrgError."""
        wanted = normalise(batch_id)
        for each in self.batches:
            if each.id == wanted:
                return each
        raise OrgError(400, "InvalidBatch", f"Unable to find batch for id: {batch_id}")

    def info(self) -> dict[str, object]:
        """The job as its address shows it."""
        states = [each.state for each in self.batches]
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.created_by,
            "createdDate": timestamp(self.created_at),
            "systemModstamp": timestamp(self.changed_at),
            "state": self.state,
            "externalIdFieldName": self.external_id_field,
            "concurrencyMode": self.concurrency_mode,
            "contentType": self.content_type,
            "numberBatchesQueued": states.count("Queued"),
            "numberBatchesInProgress": states.count("InProgress"),
            "numberBatchesCompleted": states.count("Completed"),
            "numberBatchesFailed": states.count("Failed"),
            "numberBatchesTotal": len(states),
            "numberRecordsProcessed": sum(each.records_processed for each in self.batches),
            "numberRetries": 0,
            "apiVersion": float(self.api_version),
            "numberRecordsFailed": sum(each.records_failed for each in self.batches),
            "totalProcessingTime": sum(each.milliseconds for each in self.batches),
            "apiActiveProcessingTime": sum(each.milliseconds for each in self.batches),
            "apexProcessingTime": 0,
        }
