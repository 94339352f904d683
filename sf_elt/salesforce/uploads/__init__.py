"""Many records written by one Bulk API 2.0 ingest job: a CSV goes out as a file, and its outcomes come back as files.

    job_id = create_upload(org, "Lead", "update")         # write it down before the next step
    send_upload(org, job_id, csv)
    close_upload(org, job_id)
    job = wait_for_upload(org, job_id, expected=100_000)
    files = upload_results(org, job_id, folder)

Nothing is written before the job is closed. Each step can be done again with the same job id, after a crash too: what
has been done already is found done. The CSV is UTF-8 without a byte order mark, with commas and line feeds; an empty
cell leaves its field alone, `#N/A` clears it. `Owner.External_Id__c` as a column refers to a record by a field of its
own. 100,000 records cost some ten calls: three to begin, the looks at the job, four to read what became of them.

jobs.py     ingest jobs: made, given their CSV, closed, waited for, aborted
results.py  what became of each row, as the org's own files
"""

from sf_elt.salesforce.uploads.jobs import (
    MOST_BYTES,
    UploadJob,
    UploadOperation,
    abort_upload,
    close_upload,
    create_upload,
    send_upload,
    upload_state,
    wait_for_upload,
)
from sf_elt.salesforce.uploads.results import RowError, UploadResults, read_row_error, rows_in, upload_results

__all__ = [
    "MOST_BYTES",
    "RowError",
    "UploadJob",
    "UploadOperation",
    "UploadResults",
    "abort_upload",
    "close_upload",
    "create_upload",
    "read_row_error",
    "rows_in",
    "send_upload",
    "upload_results",
    "upload_state",
    "wait_for_upload",
]
