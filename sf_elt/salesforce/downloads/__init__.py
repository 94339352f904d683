"""Rows of a query as landing files, byte for byte as the org sends them; what was begun is gone on with.

bulk.py          a query by Bulk API 2.0, from the job to its files
costs.py         API calls and seconds, before anything is read
keyset.py        a query by REST in the order of Ids
pages.py         one reply, one file; `Download`, what a query gave
query_jobs.py    bulk jobs: made, and waited for
rest.py          a query by REST, page after page
result_pages.py  the pages of a bulk job, several side by side
resuming.py      how far a download has come, kept beside its pages
"""
