"""Partitions of time: which there are, what window each one reads, which of them are still to be read."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

import dagster as dg

from sf_elt.streams.windows import BEGINNING

Every = Literal["daily", "hourly"]
STEPS = {"daily": timedelta(days=1), "hourly": timedelta(hours=1)}


class Span(NamedTuple):
    """A stretch of time `[start, end)` in aware UTC."""

    start: datetime
    end: datetime

    @property
    def is_empty(self) -> bool:
        return self.start >= self.end


class KeyRange(NamedTuple):
    """Partition keys from `first` to `last`, both included."""

    first: str
    last: str


def partitions_of(every: Every, start: date) -> dg.TimeWindowPartitionsDefinition:
    """Partitions in UTC from `start` to the one that contains the present, which is read again until it is over."""
    if every == "hourly":
        first = datetime(start.year, start.month, start.day, tzinfo=UTC)
        return dg.HourlyPartitionsDefinition(start_date=first, end_offset=1, timezone="UTC")
    return dg.DailyPartitionsDefinition(start_date=start.isoformat(), end_offset=1, timezone="UTC")


def span_to_read(span: Span, start: date, since: datetime | None) -> Span:
    """What a run over the partitions of `span` reads.

    The first partition also takes everything older, so that no record is left out; `since` is the way to leave
    records out.
    """
    earliest = BEGINNING if since is None else since
    if span.start > _midnight(start):
        return Span(max(span.start, earliest), span.end)
    return Span(earliest, span.end)


def unread(
    every: Every, start: date, read: Iterable[Span], now: datetime, since: datetime | None = None
) -> list[KeyRange]:
    """The partitions that are not read to their end, as ranges in order; the present one is always among them.

    What lies before `since` is left out, so it counts as read. The first partition begins with the oldest record.

    What was saved late, just before a read ended, is found by the look-back of the next partition's read.
    """
    partitions = partitions_of(every, start)
    left_out = [] if since is None else [Span(BEGINNING, since)]
    covered = list(_merged([*left_out, *read]))
    ranges: list[KeyRange] = []
    follows = False
    for index, key in enumerate(partitions.get_partition_keys(current_time=now)):
        begin = _midnight(start) + index * STEPS[every]
        oldest = BEGINNING if index == 0 else begin
        if any(span.start <= oldest and begin + STEPS[every] <= span.end for span in covered):
            follows = False
            continue
        if follows:
            ranges[-1] = ranges[-1]._replace(last=key)
        else:
            ranges.append(KeyRange(key, key))
        follows = True
    return ranges


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    current: Span | None = None
    for span in sorted(spans):
        if current is None:
            current = span
        elif span.start <= current.end:
            current = Span(current.start, max(current.end, span.end))
        else:
            yield current
            current = span
    if current is not None:
        yield current


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
