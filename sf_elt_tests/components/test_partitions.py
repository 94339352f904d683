"""Which partitions are still to be read."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.components.partitions import BEGINNING, KeyRange, Span, partitions_of, span_to_read, unread

START = date(2026, 1, 1)
NOW = datetime(2026, 1, 10, 15, 30, tzinfo=UTC)


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


def test_with_nothing_read_everything_is_one_range() -> None:
    """An empty warehouse asks for all partitions, the present one among them, in one run."""
    assert unread("daily", START, [], NOW) == [KeyRange("2026-01-01", "2026-01-10")]


def test_a_day_is_read_again_until_it_is_over() -> None:
    """What was read before midnight leaves that day to be read once more, together with the next."""
    read = [Span(BEGINNING, at(9, 23, 59))]
    assert unread("daily", START, read, NOW) == [KeyRange("2026-01-09", "2026-01-10")]


def test_gaps_are_ranges_of_their_own() -> None:
    """A pause that left two gaps gives two runs, and the present day."""
    read = [Span(BEGINNING, at(3)), Span(at(4), at(6)), Span(at(7), at(10))]
    assert unread("daily", START, read, NOW) == [
        KeyRange("2026-01-03", "2026-01-03"),
        KeyRange("2026-01-06", "2026-01-06"),
        KeyRange("2026-01-10", "2026-01-10"),
    ]


def test_hours() -> None:
    """Hourly partitions go on from the hour that was not over."""
    read = [Span(BEGINNING, at(10, 14, 10))]
    assert unread("hourly", START, read, NOW) == [KeyRange("2026-01-10-14:00", "2026-01-10-15:00")]


def test_what_lies_before_since_is_never_asked_for() -> None:
    """`since` leaves the partitions before it out of the schedule, and a run over one of them has nothing to read."""
    since = at(8)
    assert unread("daily", START, [], NOW, since) == [KeyRange("2026-01-08", "2026-01-10")]
    assert unread("daily", START, [Span(at(8), at(10))], NOW, since) == [KeyRange("2026-01-10", "2026-01-10")]
    assert span_to_read(Span(at(5), at(6)), START, since).is_empty


def test_an_earlier_since_asks_for_what_was_left_out() -> None:
    """Where `since` is moved back or taken away, the first partition, which holds what is older, is read again."""
    since_2025 = datetime(2025, 1, 1, tzinfo=UTC)
    read = [Span(since_2025, at(10))]
    assert unread("daily", START, read, NOW, since_2025) == [KeyRange("2026-01-10", "2026-01-10")]
    for earlier in (None, datetime(2024, 1, 1, tzinfo=UTC)):
        assert unread("daily", START, read, NOW, earlier)[0] == KeyRange("2026-01-01", "2026-01-01")


def test_since_within_a_partition_reads_the_rest_of_it() -> None:
    """A `since` at half past eight leaves out what is older of that day, and the day is read no more than once."""
    since = at(8, 8, 30)
    assert unread("daily", START, [], NOW, since) == [KeyRange("2026-01-08", "2026-01-10")]
    assert span_to_read(Span(at(8), at(9)), START, since) == Span(since, at(9))
    assert unread("daily", START, [Span(since, at(10))], NOW, since) == [KeyRange("2026-01-10", "2026-01-10")]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 240), st.integers(0, 240)).map(sorted), max_size=6))
def test_every_moment_is_read_or_asked_for(hours: list[list[int]]) -> None:
    """Whatever was read: each hour of the past lies in what was read or in a partition that is asked for."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    read = [Span(begin + timedelta(hours=a), begin + timedelta(hours=b)) for a, b in hours if a < b]
    partitions = partitions_of("daily", START)
    asked = [
        (
            partitions.time_window_for_partition_key(keys.first).start,
            partitions.time_window_for_partition_key(keys.last).end,
        )
        for keys in unread("daily", START, read, NOW)
    ]
    for hour in range(231):
        moment = begin + timedelta(hours=hour)
        is_read = any(span.start <= moment < span.end for span in read)
        assert is_read or any(start <= moment < end for start, end in asked)


def test_the_first_partition_takes_what_is_older() -> None:
    """Nothing older than the first partition is left out, unless `since` says so."""
    assert span_to_read(Span(at(1), at(2)), START, None) == Span(BEGINNING, at(2))
    assert span_to_read(Span(at(2), at(3)), START, None) == Span(at(2), at(3))
    assert span_to_read(Span(at(1), at(2)), START, at(1, 8, 30)) == Span(at(1, 8, 30), at(2))
