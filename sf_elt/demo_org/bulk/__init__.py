"""The Bulk APIs: jobs that run in background threads. Version 2.0 is here, the older one in v1/.

jobs.py       what a job is, its states, who runs it
quota.py      what jobs may use in a day
lifecycle.py  what query jobs and ingest jobs answer alike: one, all, abort, delete
dialect.py    the CSV dialects that jobs may ask for
query.py      /services/data/vNN.0/jobs/query and below
csv_rows.py   where a CSV's rows begin, and how many there are
results.py    a query's rows: one CSV file, any page of it
sending.py    pieces of files as replies, plain or gzip
ingest.py     /services/data/vNN.0/jobs/ingest and below
permitted.py  what a job may be about
header.py     the header row of an ingest CSV: fields and relationships
together.py   how many records of an upload one transaction saves
apply.py      what an ingest job does with its CSV, and the three result files
"""
