"""What a batch does: saves its records, or runs its query."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

import contextvars
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic

from sf_elt.demo_org.bulk.apply import columns_of, read_csv, record_of
from sf_elt.demo_org.bulk.jobs import BulkJobs, JobAborted, JobFailed, reason_of, wait_while_held
from sf_elt.demo_org.bulk.permitted import bulk_object
from sf_elt.demo_org.bulk.quota import BATCH_RECORDS
from sf_elt.demo_org.bulk.together import CHUNK
from sf_elt.demo_org.bulk.v1.bodies import Record, read_json, read_xml
from sf_elt.demo_org.bulk.v1.chunking import Chunking, ranges, within
from sf_elt.demo_org.bulk.v1.jobs import Batch, BatchState, ClassicJob
from sf_elt.demo_org.bulk.v1.mapping import mapped
from sf_elt.demo_org.bulk.v1.results import write_records, write_verdicts
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.saving import Operation, SaveOutcome, save
from sf_elt.demo_org.schema import Schema
from sf_elt.demo_org.soql import Compiled, compile_query
from sf_elt.demo_org.store import table

_TOO_MANY = "InvalidBatch : Exceeded number of records : {}. Number of records should be less than or equal to {}"
"""Recorded: it counts the header of a CSV, and stops counting with the first that is too many."""


@dataclass(frozen=True)
class Work:
    """One batch and what it is worked on with: the job, a `view` of the org as the user sees it, and the moment `now`
    in the user's time zone.
    """

    bulk: BulkJobs
    view: Callable[[], Schema]
    now: Callable[[], datetime]
    job: ClassicJob
    batch: Batch

    def start(self) -> None:
        """Works on the batch in a thread; where the job wants it, behind those that came before."""
        job = self.job
        if job.concurrency_mode == "Parallel":
            self.bulk.run(self.run)
            return
        with job.turn:
            job.waiting.append(partial(contextvars.copy_context().run, self.run))
            if job.at_work:
                return
            job.at_work = True
        self.bulk.run(lambda: _one_by_one(job))

    def run(self) -> None:
        """The whole life of the batch."""
        job, batch, started = self.job, self.batch, monotonic()
        if not self._move("InProgress"):
            return
        try:
            wait_while_held(job)
            job.stop_if_aborted()
            state: BatchState = self._query() if job.saves is None else self._save(job.saves)
        except JobAborted:
            state = "NotProcessed"
        except Exception as error:
            batch.state_message = reason_of(error, job)
            state = "Failed"
        batch.milliseconds = int((monotonic() - started) * 1000)
        self._move(state)

    def _move(self, state: BatchState) -> bool:
        """Sets the batch's state, unless the job was aborted before the batch had its turn."""
        begins = state == "InProgress"
        self.batch.changed_at = self.bulk.clock()
        self.batch.state = "NotProcessed" if begins and self.job.abort_asked.is_set() else state
        return self.batch.state == state

    def _save(self, operation: Operation) -> BatchState:
        """Saves the records, chunk by chunk; a chunk that is not reached any more has no verdicts.

        A batch of too many fails once those that it may have are saved (jsforce#469, simple-salesforce#325).
        """
        given = self._records(operation)
        records = given[:BATCH_RECORDS]
        if not records:
            raise JobFailed("InvalidBatch : Records not found")
        self.bulk.quota.take_records(len(records), self.bulk.clock())
        outcomes: list[SaveOutcome] = []
        try:
            for piece in self.job.chunks(len(records), CHUNK):
                outcomes += save(
                    self.bulk.store,
                    self.job.created_by,
                    self.job.object_name,
                    operation,
                    records[piece],
                    external_id_field=self.job.external_id_field,
                    schema=self.view(),
                )
            if len(given) > BATCH_RECORDS:
                raise JobFailed(_TOO_MANY.format(BATCH_RECORDS + 2, BATCH_RECORDS + 1))
        finally:
            self.batch.records_processed = len(outcomes)
            self.batch.records_failed = sum(not each.success for each in outcomes)
            write_verdicts(self.batch.result_file, self.job.content_type, outcomes)
        return "Completed"

    def _records(self, operation: Operation) -> Sequence[Record]:
        if self.job.content_type != "CSV":
            read: Callable[[bytes], Sequence[Record]] = read_json if self.job.content_type == "JSON" else read_xml
            return read(self.batch.request_file.read_bytes())
        header, *rows = list(read_csv(self.batch.request_file, self.job.dialect)) or [()]
        if any(len(row) != len(header) for row in rows):
            raise JobFailed("InvalidBatch : Failed to parse CSV: a row has more or fewer cells than the header")
        if self.job.spec:
            header, rows = mapped(self.job.spec, header, rows)
        schema = self.view()
        columns = columns_of(schema, bulk_object(schema, self.job.object_name), operation, header)
        return [record_of(columns, row) for row in rows]

    def _query(self) -> BatchState:
        soql = self.batch.request_file.read_text("utf-8", "replace").strip()
        with_deleted = self.job.operation == "queryAll"
        try:
            compiled = compile_query(soql, self.view(), self.now(), include_deleted=with_deleted)
            if self.job.chunking is not None and not self.batch.is_chunk:
                return self._split(compiled, soql, self.job.chunking)
            with self.bulk.store.reading() as connection:
                written = write_records(
                    connection, compiled, self.job.api_version, self.batch.result_file, self.job.content_type
                )
        except OrgError as error:
            raise JobFailed(f"InvalidBatch : Failed to process query: {error}") from error
        self.job.stop_if_aborted()
        self.job.stop_as_planned(written, written)
        self.batch.records_processed = written
        self.batch.result_id = self.bulk.next_id("752")
        return "Completed"

    def _split(self, compiled: Compiled, soql: str, chunking: Chunking) -> BatchState:
        """One batch for each range of Ids; this one is then done with."""
        query = compiled.query
        if query.order_by or query.limit is not None:
            raise JobFailed("InvalidBatch : PK chunking works only with queries that have no clause but WHERE")
        object_type = compiled.object_type
        with self.bulk.store.reading() as connection:
            bounds = connection.execute(f'SELECT min("Id"), max("Id") FROM {table(object_type.name)}').fetchone()
        lowest, highest = bounds or (None, None)
        for start, end in ranges(chunking, object_type.key_prefix, lowest, highest):
            body = within(soql, start, end).encode()
            Work(self.bulk, self.view, self.now, self.job, new_batch(self.bulk, self.job, body, is_chunk=True)).start()
        return "NotProcessed"


def new_batch(bulk: BulkJobs, job: ClassicJob, body: bytes, *, is_chunk: bool = False) -> Batch:
    """A batch of the job, counted against the day's batches. Raises OrgError."""
    now = bulk.clock()
    bulk.quota.take_batches(1, now)
    batch = Batch(bulk.next_id("751"), job.id, now, now, job.folder, is_chunk=is_chunk)
    batch.request_file.write_bytes(body)
    job.batches.append(batch)
    return batch


def _one_by_one(job: ClassicJob) -> None:
    while True:
        with job.turn:
            if not job.waiting:
                job.at_work = False
                return
            run = job.waiting.pop(0)
        run()
