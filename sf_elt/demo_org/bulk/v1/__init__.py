"""The older Bulk API: /services/async/NN.0/job and below, for clients that know no other.

guard.py     the session in X-SFDC-Session, and the allowance of calls
jobs.py      jobs and their batches
bodies.py    what a request says: jobs as XML or JSON, records as CSV, XML or JSON
answers.py   what the org says: jobs, batches, lists and errors as XML or JSON
handlers.py  the addresses
mapping.py   a spec of which columns of a CSV go into which fields
work.py      what a batch does: saves records, or runs a query
results.py   the result files of a batch, in the job's format
chunking.py  one query as many batches, by ranges of Ids
"""
