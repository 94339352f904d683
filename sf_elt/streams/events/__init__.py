"""Event streams: rows of JSON Lines, CSV and Parquet files, each exactly once.

    importing.py   import_events: what is new in all files, a transaction for each group of them
    reports.py     what it says of it
    files.py       EventSpec; which files there are, their format, whether they have come to rest
    standing.py    how far each file has been read, by what is in it
    bounds.py      what is taken of a file at once, and what of it is no event
    batches.py     the rows of a file, some at a time; csv_rows.py and parquet_rows.py: of CSV and Parquet
    staging.py     rows as one JSON object each, whatever the format
    judging.py     which of them are new, and which are none
    refusals.py    why a file as a whole cannot be read

Rows take the way of the SQL files: lines (why one is no event), parsed (its columns), judged (new, or there already),
and then set_aside or insert. record.sql keeps how far a file has been read.
"""

from sf_elt.streams.events.files import DELIMITERS, EventSpec, event_files, files_standing
from sf_elt.streams.events.importing import import_events
from sf_elt.streams.events.reports import EventsReport

__all__ = ["DELIMITERS", "EventSpec", "EventsReport", "event_files", "files_standing", "import_events"]
