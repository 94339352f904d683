"""What bulk jobs may use in any 24 hours, apart from the calls that everything spends.

Bulk API 2.0 queries: 10,000 jobs and 1 TB of results. Ingest: 15,000 batches of up to 10,000 records, which the older
Bulk API's batches share, and 150 million records (Salesforce Developer Limits and Allocations Quick Reference, "Bulk
API and Bulk API 2.0 Limits and Allocations").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sf_elt.demo_org.calls import Allowance
from sf_elt.demo_org.errors import OrgError

BATCH_RECORDS = 10_000
_KB_IN_MB = 1024


class QuotaSpent(OrgError):
    """The day's batches or records are used up."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "EXCEEDEDQUOTA", f"ExceededQuota : {message}")


@dataclass
class Quota:
    """The allowances and what is used of them. Results count in kB, as the org's error says."""

    query_jobs: Allowance = field(default_factory=lambda: Allowance(10_000))
    query_kilobytes: Allowance = field(default_factory=lambda: Allowance(1_000_000_000))
    batches: Allowance = field(default_factory=lambda: Allowance(15_000))
    records: Allowance = field(default_factory=lambda: Allowance(150_000_000))

    def take_query_job(self, now: datetime) -> None:
        """Counts a new query job. Raises OrgError in the words of recorded replies."""
        stored, most = self.query_kilobytes.used(now), self.query_kilobytes.most
        if stored >= most:
            message = f"Max bulk v2 query result size stored ({most}) kb per 24 hrs has been exceeded ({stored})"
            raise OrgError(400, "LIMIT_EXCEEDED", message)
        if not self.query_jobs.spend(now):
            most, wanted = self.query_jobs.most, self.query_jobs.used(now) + 1
            message = f"Max bulk v2 query jobs ({most}) per 24 hrs has been reached ({wanted})"
            raise OrgError(400, "LIMIT_EXCEEDED", message)

    def note_result(self, size: int, now: datetime) -> None:
        """Counts the bytes of a query's result; the job that goes over the limit still gets it."""
        self.query_kilobytes.add(-(-size // 1024), now)

    def take_batches(self, count: int, now: datetime) -> None:
        """Counts batches. Raises QuotaSpent."""
        if not self.batches.spend(now, count):
            raise QuotaSpent("ApiBatchItems Limit exceeded.")

    def take_records(self, count: int, now: datetime) -> None:
        """Counts records to be saved. Raises QuotaSpent."""
        if not self.records.spend(now, count):
            raise QuotaSpent("ApiRecords Limit exceeded.")

    def forget(self) -> None:
        """Gives back everything that was used."""
        for each in (self.query_jobs, self.query_kilobytes, self.batches, self.records):
            each.forget()

    def limits(self, now: datetime) -> dict[str, dict[str, int]]:
        """The part of GET /limits that is about bulk jobs."""
        shown = {
            "DailyBulkApiBatches": (self.batches, 1),
            "DailyBulkV2QueryFileStorageMB": (self.query_kilobytes, _KB_IN_MB),
            "DailyBulkV2QueryJobs": (self.query_jobs, 1),
        }
        return {
            name: {"Max": each.most // unit, "Remaining": max(0, each.most - each.used(now)) // unit}
            for name, (each, unit) in shown.items()
        }

    def change(self, maxima: Mapping[str, int]) -> None:
        """Sets maxima by their names in /limits; `DailyBulkRecords` is the one that /limits does not show."""
        for name, most in maxima.items():
            match name:
                case "DailyBulkApiBatches":
                    self.batches.most = most
                case "DailyBulkV2QueryFileStorageMB":
                    self.query_kilobytes.most = most * _KB_IN_MB
                case "DailyBulkV2QueryJobs":
                    self.query_jobs.most = most
                case "DailyBulkRecords":
                    self.records.most = most
                case _:
                    raise KeyError(name)
