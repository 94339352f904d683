"""What a read would ask for and cost, found out in a call or two, with nothing written."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sf_elt.salesforce import JobPatience, Org
from sf_elt.salesforce.downloads.costs import bulk_calls, rest_calls
from sf_elt.salesforce.permissions import explaining
from sf_elt.streams.adhoc.wanted import Wanted, chosen
from sf_elt.streams.columns import stream_columns
from sf_elt.streams.progress import Progress, say_nothing
from sf_elt.streams.reading import Reading
from sf_elt.streams.wide import column_groups
from sf_elt.streams.windows import ReadRange, StreamSpec, Window, read_range
from sf_elt.warehouse import JobMeter


@dataclass(frozen=True)
class Preview:
    """What a read would do. Times are UTC; `rows_counted` None: the org has too many to count in time.

    `calls_needed` is what the read itself would spend, without a login; `api_calls` is what looking has spent.
    """

    stream: str
    read_from: datetime
    read_to: datetime
    rows_counted: int | None
    rows_to_read: int | None
    transport: str
    calls_needed: int | None
    fields: tuple[str, ...]
    soql: str
    api_calls: int
    api_left: int | None


def look_ahead(
    org: Org, meter: JobMeter, spec: StreamSpec, window: Window, wanted: Wanted, *, now: datetime
) -> Preview:
    """Counts what a read of the window would bring, as it would ask for it. Writes nothing; the calls are counted.

    Raises what `read_some` raises.
    """
    with org.counted_by(meter), explaining(org, spec.object):
        before = meter.made
        reading = reading_of(org, spec, wanted)
        span = span_of(spec, window, wanted, now - org.behind)
        counted = 0 if span.is_empty else replace(reading, newest=None).count(span)
        rows = at_most(counted, wanted.limit)
        transport = reading.transport(span, rows) if rows != 0 else "none"
        return Preview(
            stream=spec.stream,
            read_from=span.read_from,
            read_to=span.read_to,
            rows_counted=counted,
            rows_to_read=rows,
            transport=transport,
            calls_needed=_calls(reading, span, rows, transport),
            fields=tuple(reading.columns.names),
            soql=reading.soql(span),
            api_calls=meter.made - before,
            api_left=meter.left,
        )


def reading_of(org: Org, spec: StreamSpec, wanted: Wanted, progress: Progress = say_nothing) -> Reading:
    """The read as it is wanted. Some fields are read of living records: who was deleted comes with its window."""
    columns = chosen(org, spec, stream_columns(org, spec), wanted)
    how = replace(spec, deletes="ignore") if wanted.fields else spec
    return Reading(org, how, columns, progress, newest=wanted.limit)


def span_of(spec: StreamSpec, window: Window, wanted: Wanted, now: datetime) -> ReadRange:
    """The range that is read: exactly the window where it is not read as one, and with its look-back otherwise."""
    how = spec if wanted.is_whole else replace(spec, look_back=timedelta(0))
    return read_range(how, window, now)


def at_most(counted: int | None, limit: int | None) -> int | None:
    """The fewer of the two; None is unknown, or without a limit."""
    return min((each for each in (counted, limit) if each is not None), default=None)


def _calls(reading: Reading, span: ReadRange, rows: int | None, transport: str) -> int | None:
    """A describe with a count, and the pages or the job."""
    if rows is None:
        return None
    if transport == "none":
        return 1
    if transport == "rest":
        return 1 + rest_calls(rows)
    patience = JobPatience(longest=reading.spec.job_patience, page_rows=reading.spec.page_rows)
    parts = 1 if reading.newest is not None else column_groups(reading, span)
    return 1 + parts * bulk_calls(rows, reading.org.api_version, patience)
