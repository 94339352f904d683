"""Planned faults: the seam through which tests and demonstrations make the org misbehave on purpose.

A fault names the requests it meets (`path`, and if wanted `method`, `query`, `headers`, `body`: regular expressions),
lets `after` of them pass, then meets `times` of them (None = for ever) and does one thing:

    {"preset": "lost_answer", "path": "/composite"}   by name; GET /demo/faults/presets lists them
    {"path": "/query", "reply": {"status": 503, "body": "<h1>Back soon</h1>", "headers": {"Content-Type": "text/html"}}}
    {"path": "/query", "refuse": {"status": 400, "code": "QUERY_TIMEOUT", "message": "…", "over_rows": 1000}}
                                              an error as the called API writes it: JSON, a SOAP fault, Bulk v1's XML
    {"path": "/query", "drop": "before"}      the connection ends before the request is looked at
    {"path": "/batches", "drop": "upload"}    … after the first piece of its body was taken
    {"path": "/composite", "drop": "after"}   the request takes effect, its answer is lost
    {"path": "/results", "drop": "body", "drop_after_bytes": 4096}   the connection ends in the middle of the body
    {"path": "/query", "delay": 2.5}          the answer comes that many seconds late
    {"path": "/results", "trickle": 2000}     … so many bytes a second
    {"path": "/results", "shorten": {"to_lines": 10}}   a part of the answer, with a Content-Length that fits
    {"path": "/query", "alter": {"add": {"totalSize": 1}}}   the real answer with other headers, members, numbers
    {"path": "/query", "after": 3, "end_session": true}      401 until the client logs in again
    {"path": "/sobjects", "lock_rows": ["003…"]}             UNABLE_TO_LOCK_ROW for these records ("*" = for all)
    {"path": "/sobjects", "late_commit": 5}   what is saved carries the time of the request, shows and is answered when
                                              the org's clock is 5 s on, or (true) when the fault is forgotten
    {"path": "/jobs/query$", "method": "POST", "hold_job": true}   the job stays InProgress while the fault is planned
    {"path": "/jobs/ingest/", "end_job": {"state": "Failed", "after_rows": 400}}   … ends Failed or Aborted
    {"path": "/query", "page_size": 50}       pages are smaller than wished
    {"path": "/query/", "repeat_rows": 1}     a page begins with the last row of the one before
    {"path": "/query/", "after": 1, "change_schema": {…}}    what POST /demo/schema takes, before the request is met

The first planned fault that meets a request and is due plays; those behind it neither play nor count that request.
RandomFaults (plan.py) plays faults by the dice of a seed.

fault.py says what a fault is, presets.py names some, plan.py keeps the plan, play.py is the middleware that plays it,
answers.py changes answers on their way out, refusals.py words errors for each API, inside.py is what the rest of the
org asks (which records are locked, which time a save carries, how a job ends).
"""

from sf_elt.demo_org.faults.fault import Fault
from sf_elt.demo_org.faults.plan import FaultPlan, RandomFaults
from sf_elt.demo_org.faults.play import TRANSPORT, PlayFaults
from sf_elt.demo_org.faults.presets import PRESETS

__all__ = ["PRESETS", "TRANSPORT", "Fault", "FaultPlan", "PlayFaults", "RandomFaults"]
