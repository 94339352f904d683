"""When an event is: clients say it in several ways, the org keeps its start and its end and the rest follows from them.

As the Event page of the Object Reference has it for API 13.0 and later: an event starts at StartDateTime or
ActivityDateTime (on ActivityDate if it takes all day), and lasts DurationInMinutes or until EndDateTime; who gives both
must mean the same. An all-day event lasts a day if nobody says otherwise, and ends on the midnight that begins its
last day. A start alone moves an event that is there and leaves it as long as it was.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import ObjectType

_STARTS = ("StartDateTime", "ActivityDateTime", "ActivityDate")
_ENDS = ("DurationInMinutes", "EndDateTime")
_TIMES = {"IsAllDayEvent", *_STARTS, *_ENDS}
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_LONGEST = 14 * _DAY


def times_with(object_type: ObjectType, names: Iterable[str]) -> set[str]:
    """All fields that say when an event is, if the names have one of them."""
    return _TIMES if object_type.name == "Event" and not _TIMES.isdisjoint(names) else set()


def fill_times(object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Gives events their start and end, in whatever way the rows say them; refuses gaps and contradictions."""
    if object_type.name != "Event":
        return
    for row in rows:
        if not row.errors and (row.created or not _TIMES.isdisjoint(row.cells)):
            _fill(row)


def _fill(row: Row) -> None:
    all_day = bool(row.cells.get("IsAllDayEvent", row.existing.get("IsAllDayEvent")))
    start = _start(row, all_day)
    length = _length(row, start, all_day)
    _check(row, start, length, all_day)
    if row.errors or start is None or length is None:
        return
    row.cells["StartDateTime"] = start
    row.cells["EndDateTime"] = start + length - (_DAY if all_day else timedelta(0))
    for name in _TIMES - {"IsAllDayEvent", "StartDateTime", "EndDateTime"}:
        row.cells.pop(name, None)


def _start(row: Row, all_day: bool) -> datetime | None:
    """When the event starts: as the row says, or as before; None where that is missing."""
    names = _STARTS if all_day else _STARTS[:2]
    said = next((found for name in names if (found := row.cells.get(name)) is not None), None)
    if said is None and not any(name in row.cells for name in names):
        said = row.existing.get("StartDateTime")
    if isinstance(said, datetime):
        return _midnight(said.date()) if all_day else said
    return _midnight(said) if isinstance(said, date) else None


def _length(row: Row, start: datetime | None, all_day: bool) -> timedelta | None:
    """How long the event lasts; None where that is missing."""
    minutes, end = (row.cells.get(name) for name in _ENDS)
    if isinstance(minutes, int):
        whole_days = -(-minutes * _MINUTE // _DAY) * _DAY
        return whole_days if all_day else minutes * _MINUTE
    if isinstance(end, datetime):
        return _between(start, end, all_day)
    if row.created or any(name in row.cells for name in _ENDS):
        return _DAY if all_day else None
    former_start, former_end = row.existing.get("StartDateTime"), row.existing.get("EndDateTime")
    if not (isinstance(former_start, datetime) and isinstance(former_end, datetime)):
        return None
    return _between(former_start, former_end, all_day or bool(row.existing.get("IsAllDayEvent")))


def _between(start: datetime | None, end: datetime, all_day: bool) -> timedelta | None:
    if start is None:
        return timedelta(0)  # the missing start is what the row is refused for
    return _midnight(end.date()) - _midnight(start.date()) + _DAY if all_day else end - start


def _check(row: Row, start: datetime | None, length: timedelta | None, all_day: bool) -> None:
    """Errors are the end's where the row has no duration, as from API 39.0 on."""
    missing = ["EndDateTime"] if length is None else []
    missing += [("ActivityDate" if all_day else "ActivityDateTime")] if start is None else []
    if missing:
        row.refuse("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", *missing)
        return
    assert start is not None and length is not None  # noqa: PT018, S101 - neither is missing
    for name in _STARTS:
        said = row.cells.get(name)
        same = said == start if isinstance(said, datetime) and not all_day else _day(said) == start.date()
        if said is not None and not same:
            _contradict(row, name, "StartDateTime")
    end = row.cells.get("EndDateTime")
    until_end = _between(start, end, all_day) if isinstance(end, datetime) else None
    if until_end is not None and until_end // _MINUTE != length // _MINUTE:
        _contradict(row, "DurationInMinutes", "EndDateTime")
    if not timedelta(0) <= length <= _LONGEST:
        blamed = "DurationInMinutes" if row.cells.get("DurationInMinutes") is not None else "EndDateTime"
        message = f"Duration must be between 0 and {_LONGEST // _MINUTE} minutes: Duration"
        row.refuse("FIELD_INTEGRITY_EXCEPTION", message, blamed)


def _contradict(row: Row, name: str, other: str) -> None:
    """With the code that a client met (emcasa/backend#720); Salesforce's wording is not recorded."""
    row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", f"{name} and {other} do not match", name)


def _day(said: object) -> date | None:
    if isinstance(said, datetime):
        return said.date()
    return said if isinstance(said, date) else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
