"""Reads that somebody asks for by hand, beside the windows: some fields, some rows, or only what it would be.

    preview = look_ahead(org, meter, spec, window, Wanted(limit=100), now=now)     # writes nothing
    report = read_some(org, meter, warehouse, spec, window, Wanted(("Email",)), now=now, run_id=run)

None of them is a read of its window: nothing is recorded in ops.windows, no record is taken for gone, and what a
schedule reads afterwards is what it would have read without them.

wanted     which fields and how many rows
looking    what a read would ask for, and what it would cost
reading    the read, and what becomes of its rows
"""

from sf_elt.streams.adhoc.looking import Preview, look_ahead
from sf_elt.streams.adhoc.reading import SomeReport, read_some
from sf_elt.streams.adhoc.wanted import Wanted, require_bounds

__all__ = ["Preview", "SomeReport", "Wanted", "look_ahead", "read_some", "require_bounds"]
