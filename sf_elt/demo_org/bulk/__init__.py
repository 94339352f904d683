"""Bulk API 2.0: query jobs and ingest jobs, run in background threads.

jobs.py      what a job is, its states, who runs it
dialect.py   the CSV dialects that jobs may ask for
query.py     /services/data/vNN.0/jobs/query and below
results.py   a query's rows, from SQL to pages of CSV
ingest.py    /services/data/vNN.0/jobs/ingest and below
apply.py     what an ingest job does with its CSV, and the three result files
"""
