"""What writing so many records costs, before anything is sent: API calls by Collections and in bulk.

An upload begins to pay between two and three thousand records; Salesforce recommends it from about 2,000 on (Bulk API
2.0 Developer Guide).
"""

from sf_elt.salesforce.bulk_jobs import JobPatience, looks
from sf_elt.salesforce.downloads.costs import JOB_START
from sf_elt.salesforce.uploads.jobs import MOST_BYTES, PACE
from sf_elt.salesforce.write import MAX_RECORDS

SAVED = 1_000  # records a second, assumed where nothing has been measured: an org's own automation decides
_TO_BEGIN = 3  # the job, its data, its close
_TO_READ = 4  # its counts, and three files


def collection_calls(records: int, batch: int = MAX_RECORDS) -> int:
    """A call for each batch."""
    return -(-records // batch)


def upload_calls(records: int, size: int = 0, patience: JobPatience | None = None) -> int:
    """The jobs that a CSV of `size` bytes needs, and for each the looks at it and what became of its records."""
    jobs = max(1, -(-size // MOST_BYTES))
    each = -(-records // jobs)
    waits = looks(JOB_START + each / SAVED, each, patience or JobPatience(), pace=PACE, tells=True)
    return jobs * (_TO_BEGIN + waits + _TO_READ)
