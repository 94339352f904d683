"""Windows of the timestamp field, and what is asked of one stream."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sf_elt.salesforce import ObjectDescribe, UnknownField
from sf_elt.streams.errors import SpecRefused
from sf_elt.streams.names import require_stream_name

# In order of preference: SystemModstamp also moves with automated changes, and it is indexed.
TIMESTAMP_FIELDS = ("SystemModstamp", "LastModifiedDate", "CreatedDate")

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Where the first window begins: it takes all that is older, too."""

NO_TIMESTAMP = "none"  # what a configuration says for an object that is to be read whole
WHOLE = ""  # the timestamp field of an object that is read whole, in StreamColumns and in ops.windows

Transport = Literal["auto", "rest", "bulk"]
Deletes = Literal["track", "ignore"]
FieldSet = Literal["all", "standard"]


@dataclass(frozen=True)
class Window:
    """`[start, end)` of the timestamp field; both are given with their time zone and kept in UTC.

    In a zone with summer time Python compares and subtracts wall clocks, where an hour comes twice or never.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise SpecRefused(f"a window needs times with a time zone, not {self.start!r} and {self.end!r}")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.start >= self.end:
            raise SpecRefused(f"a window must end after it starts, not [{self.start}, {self.end})")

    def __str__(self) -> str:
        return f"{_iso(self.start)}/{_iso(self.end)}"


@dataclass(frozen=True)
class StreamSpec:
    """One stream: which object, which fields, read how.

    `fields` "all" takes every field of the object that can travel in rows, and the related fields that the documented
    names need; None is the same. "standard" takes the documented fields of a lead, contact, account or opportunity with
    its links, times and what our own exports write, and is refused for other objects. A related field is written
    `RecordType.Name`. `look_back` re-reads that much before each window, because a row shows when its transaction
    commits, but carries the time when it began. `transport` "auto" takes REST up to `rest_rows` rows and Bulk API 2.0
    beyond; None is where API calls are fewest (`reading`). A query too long for an address always goes by bulk. A bulk
    job is waited for as long as `job_patience` and read in pages of at most `page_rows`; None is as few pages as keep
    the line busy. `written_fields` are those that our own exports write: a record that changes in nothing else has not
    been modified by anybody (`_changed_at`).

    `timestamp_field` is what windows are cut by: None takes the best that the object has. "none" reads the object whole
    each time and compares, as do objects that have no usable timestamp.

    `deletes` "track" reads deleted records too and sets `_deleted_at`. "ignore" reads living ones only: a record that
    the org deletes, or merges into another, stays as it was read last.
    """

    stream: str
    object: str
    fields: tuple[str, ...] | FieldSet | None = None
    additional_fields: tuple[str, ...] = ()
    exclude_fields: tuple[str, ...] = ()
    timestamp_field: str | None = None
    since: datetime | None = None
    written_fields: tuple[str, ...] = ()
    look_back: timedelta = timedelta(minutes=10)
    transport: Transport = "auto"
    rest_rows: int | None = None
    page_rows: int | None = None
    job_patience: timedelta = timedelta(hours=2)
    deletes: Deletes = "track"

    def __post_init__(self) -> None:
        require_stream_name(self.stream)
        if self.look_back < timedelta(0):
            raise SpecRefused(f"{self.stream}: the look-back cannot be negative ({self.look_back})")
        if self.since is not None and self.since.tzinfo is None:
            raise SpecRefused(f"{self.stream}: `since` needs a time zone, not {self.since!r}")


@dataclass(frozen=True)
class ReadRange:
    """What is read for a window: `[read_from, read_to)`. Open while the window's end still lies ahead."""

    read_from: datetime
    read_to: datetime
    is_open: bool

    @property
    def is_empty(self) -> bool:
        return self.read_from >= self.read_to

    def halves(self) -> "tuple[ReadRange, ReadRange]":
        """Two ranges that together are this one. Raises SpecRefused where it is too short to halve."""
        middle = _to_millisecond(self.read_from + (self.read_to - self.read_from) / 2)
        if not self.read_from < middle < self.read_to:
            raise SpecRefused(f"[{self.read_from}, {self.read_to}) cannot be read in smaller parts")
        return ReadRange(self.read_from, middle, False), ReadRange(middle, self.read_to, self.is_open)


def first_to_read(spec: StreamSpec, window: Window) -> datetime:
    """Where the window begins to be read, its look-back aside: at `since` where that lies within it. In UTC."""
    return window.start if spec.since is None else max(window.start, spec.since.astimezone(UTC))


def read_range(spec: StreamSpec, window: Window, now: datetime, reached: datetime | None = None) -> ReadRange:
    """The range to read: the look-back before the start, not before `since`, not after `now`.

    Where the window has been `reached` into already, only what is left of it, with the look-back before that.
    """
    reached = window.start if reached is None else reached
    read_from = reached - spec.look_back
    if spec.since is not None:
        read_from = max(read_from, spec.since)
    read_to = min(window.end, now)
    if window.start < reached >= read_to:
        read_from = read_to
    return ReadRange(_to_millisecond(read_from), _to_millisecond(read_to), is_open=window.end > now)


def timestamp_field(spec: StreamSpec, described: ObjectDescribe) -> str:
    """The field that windows are cut by: the configured one, or the best that the object has; WHOLE where it has none.

    Raises UnknownField (did you mean …), SpecRefused with the candidates where the org cannot filter by it, or where
    `since` is given for an object that is read whole.
    """
    usable = [field.name for field in described.fields if field.type == "datetime" and field.filterable]
    candidates = f"Fields of {described.name} that would do: {', '.join(usable) or 'none'}."
    if spec.timestamp_field is None or spec.timestamp_field.lower() == NO_TIMESTAMP:
        offered = TIMESTAMP_FIELDS if spec.timestamp_field is None else ()
        chosen = next((name for name in offered if name in usable), WHOLE)
        if chosen == WHOLE and spec.since is not None:
            raise SpecRefused(
                f"{spec.stream}: {described.name} is read whole, so `since` has no time to go by: leave it out, or "
                f"set timestamp_field. {candidates}"
            )
        return chosen
    try:
        field = described.field(spec.timestamp_field)
    except UnknownField as error:
        message = f"{spec.stream}: timestamp_field: {error} {candidates}"
        raise UnknownField(message, code=error.code, fields=error.fields) from error
    if field.name in usable:
        return field.name
    reason = "the org cannot filter by it" if field.type == "datetime" else f"it is of type {field.type}"
    raise SpecRefused(
        f"{spec.stream}: timestamp_field {field.name} does not work: {reason}. {candidates} "
        f"`{NO_TIMESTAMP}` reads the object whole each time."
    )


def _to_millisecond(at: datetime) -> datetime:
    """SOQL compares to the millisecond."""
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
