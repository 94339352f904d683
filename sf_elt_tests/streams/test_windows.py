"""Windows: what is read for one, and by which field it is cut."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sf_elt.salesforce import FieldDescribe, ObjectDescribe, UnknownField
from sf_elt.streams import SpecRefused, StreamSpec, Window
from sf_elt.streams.windows import WHOLE, ReadRange, read_range, timestamp_field

DAY = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(DAY, DAY + timedelta(days=1))
SPEC = StreamSpec("things", "Thing__c")


def _described(*fields: tuple[str, str, bool]) -> ObjectDescribe:
    return ObjectDescribe(
        name="Thing__c",
        fields=tuple(FieldDescribe(name=name, type=kind, filterable=filterable) for name, kind, filterable in fields),
    )


def test_a_closed_window_is_read_with_its_look_back() -> None:
    """A past window is read from ten minutes before its start up to its end, and is closed."""
    span = read_range(SPEC, WINDOW, DAY + timedelta(days=2))
    assert span == ReadRange(DAY - timedelta(minutes=10), WINDOW.end, is_open=False)


def test_a_window_that_has_not_ended_is_read_to_now_and_stays_open() -> None:
    """Rows that are still to come are not claimed as read."""
    now = DAY + timedelta(hours=3, microseconds=1234)
    assert read_range(SPEC, WINDOW, now) == ReadRange(
        DAY - timedelta(minutes=10), DAY + timedelta(hours=3, milliseconds=1), is_open=True
    )


def test_nothing_before_since_and_nothing_of_the_future() -> None:
    """`since` cuts the look-back; a window that has not begun reads nothing."""
    assert read_range(StreamSpec("things", "T", since=DAY), WINDOW, WINDOW.end).read_from == DAY
    assert read_range(SPEC, WINDOW, DAY - timedelta(days=1)).is_empty


def test_summer_time_loses_no_hour() -> None:
    """The hour after the clocks went forward is read from before its start; the hour that comes twice is an hour."""
    zone = ZoneInfo("America/New_York")
    after_the_gap = Window(datetime(2025, 3, 9, 3, tzinfo=zone), datetime(2025, 3, 9, 4, tzinfo=zone))
    span = read_range(SPEC, after_the_gap, DAY)
    assert (span.read_from, span.read_to) == (
        datetime(2025, 3, 9, 6, 50, tzinfo=UTC),
        datetime(2025, 3, 9, 8, tzinfo=UTC),
    )
    twice = Window(datetime(2025, 11, 2, 1, tzinfo=zone), datetime(2025, 11, 2, 1, fold=1, tzinfo=zone))
    assert twice.end - twice.start == timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        (("SystemModstamp", "LastModifiedDate", "CreatedDate"), "SystemModstamp"),
        (("CreatedDate", "LastModifiedDate"), "LastModifiedDate"),
        (("CreatedDate",), "CreatedDate"),
    ],
)
def test_the_best_timestamp_field_is_chosen(fields: tuple[str, ...], chosen: str) -> None:
    """SystemModstamp before LastModifiedDate before CreatedDate."""
    assert timestamp_field(SPEC, _described(*((name, "datetime", True) for name in fields))) == chosen


def test_a_field_that_cannot_be_filtered_is_refused_with_the_candidates() -> None:
    """The error names what would do."""
    described = _described(("Seen__c", "datetime", False), ("Day__c", "date", True), ("CreatedDate", "datetime", True))
    for wrong, why in (("Seen__c", "cannot filter"), ("Day__c", "type date")):
        with pytest.raises(SpecRefused, match=f"{why}.*CreatedDate"):
            timestamp_field(StreamSpec("things", "Thing__c", timestamp_field=wrong), described)
    with pytest.raises(UnknownField, match="did you mean CreatedDate"):
        timestamp_field(StreamSpec("things", "Thing__c", timestamp_field="CreateDate"), described)


def test_without_a_usable_timestamp_an_object_is_read_whole() -> None:
    """Where there is none, or where `none` is configured; `since` has nothing to go by then."""
    no_time, timed = _described(("Day__c", "date", True)), _described(("CreatedDate", "datetime", True))
    assert timestamp_field(SPEC, no_time) == WHOLE
    assert timestamp_field(StreamSpec("things", "Thing__c", timestamp_field="None"), timed) == WHOLE
    with pytest.raises(SpecRefused, match="read whole"):
        timestamp_field(StreamSpec("things", "Thing__c", since=DAY), no_time)


def test_halves_cover_the_whole() -> None:
    """A range that is too large is read as two that meet; a millisecond cannot be halved."""
    span = ReadRange(DAY, DAY + timedelta(seconds=1), is_open=True)
    earlier, later = span.halves()
    assert (earlier.read_from, earlier.read_to, later.read_to) == (DAY, later.read_from, span.read_to)
    assert (earlier.is_open, later.is_open) == (False, True)
    with pytest.raises(SpecRefused, match="smaller"):
        ReadRange(DAY, DAY + timedelta(milliseconds=1), is_open=False).halves()


def test_nonsense_is_refused_at_once() -> None:
    """Times without a zone, an end before the start, a stream name that no table can have."""
    with pytest.raises(SpecRefused, match="time zone"):
        Window(datetime(2026, 1, 1), DAY)
    with pytest.raises(SpecRefused, match="after it starts"):
        Window(DAY, DAY)
    with pytest.raises(SpecRefused, match="lower case"):
        StreamSpec("Robert'); DROP TABLE", "Lead")
