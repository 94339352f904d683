"""Where a stream and its org differ, asked for in as few API calls as can be.

Records are judged that were made before the stream was last read, less its look-back: what is newer may still be on
its way. CreatedDate never changes, so records that were saved or deleted since are counted on both sides alike.

**The first question** is one aggregate query: living records by the day of their creation (by month where there are
more days than an aggregate gives groups). It costs as much as a plain COUNT(), one call, and says where counts
differ as well as whether; and one record missed and another vanished go unnoticed only if they were made on the same
day. Such pairs are found by a comparison of all Ids, which is due every `full_every` reconciliations.

**The second** is for Ids, of the days that differ only, with OR in one query: a REST call for each 2,000 of them. One
day of a large object is a call or two, against five and more for a bulk job over all of it, which is what is used where
many days differ (`Reading.transport`). Halving the object count by count would cost a call for each halving: 20 for a
million records. Streams of 2,000 rows at most are asked for all their Ids at once: one call.

`getDeleted` is not asked: it reaches back 15 days at most, fails for the time before an emptied recycle bin, forgets
records that the user may no longer see, and says nothing of what is missing here.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sf_elt.salesforce import Org, QueryTooLarge, query_records, within
from sf_elt.salesforce.soql import GROUP_LIMIT, all_of, any_of, compare, select_count_by
from sf_elt.streams.standing import PastRead
from sf_elt.streams.statements import statement
from sf_elt.streams.windows import StreamSpec
from sf_elt.warehouse import Warehouse, naive, quote, quote_table

CREATED = "CreatedDate"
REST_PAGE = 2000  # rows that one call brings
MOST_RANGES = 200  # stretches of days that one query names; beyond that all between the first and the last

How = Literal["counts agree", "some Ids compared", "all Ids compared", "read whole"]

MOST_MONTHS = GROUP_LIMIT // 31

Cut = Literal["day", "month"]
_FUNCTIONS: Mapping[Cut, tuple[str, ...]] = {"day": ("DAY_ONLY",), "month": ("CALENDAR_YEAR", "CALENDAR_MONTH")}


class Days(BaseModel):
    """A stretch of days `[first, after)` of creation, in UTC."""

    model_config = ConfigDict(frozen=True)

    first: date
    after: date

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        return _midnight(self.first), _midnight(self.after)


class Bounds(BaseModel):
    """Which records are judged: their timestamp field is `from` or later, and they were made before `to`.

    What was deleted before `read_to` the stream should know. All are in UTC.
    """

    model_config = ConfigDict(frozen=True)

    timestamp_field: str
    judged_from: datetime
    judged_to: datetime
    read_to: datetime
    has_created: bool
    has_deleted: bool


class Differences(BaseModel):
    """Where stream and org differ: the days of creation whose Ids are to be compared; None for all of them."""

    model_config = ConfigDict(frozen=True)

    judged: Bounds
    org_count: int | None
    stream_count: int
    days: tuple[Days, ...] | None
    rows: int  # about as many Ids will come

    @property
    def how(self) -> How:
        if self.days is None:
            return "all Ids compared"
        return "some Ids compared" if self.days else "counts agree"

    @property
    def where(self) -> str:
        """The condition on the Ids that are asked for, beside that on the timestamp field."""
        return any_of(*(within(CREATED, *days.bounds) for days in self.days or ()))


def judged(spec: StreamSpec, reads: Sequence[PastRead], columns: Mapping[str, str]) -> Bounds | None:
    """What can be judged of the stream: its latest stretch of windows without a gap; None where none was read."""
    if not reads:
        return None
    field = reads[-1].timestamp_field
    first, *others = sorted((read for read in reads if read.timestamp_field == field), key=lambda read: read.start)
    begin, reached = first.start, first.read_to
    for read in others:
        if read.start > reached:
            begin = read.start
        reached = max(reached, read.read_to)
    return Bounds(
        timestamp_field=field,
        judged_from=begin if spec.since is None else max(begin, spec.since),
        judged_to=reached - spec.look_back,
        read_to=reached,
        has_created=CREATED in columns,
        has_deleted="IsDeleted" in columns,
    )


def differences(org: Org, warehouse: Warehouse, spec: StreamSpec, judged: Bounds, *, thorough: bool) -> Differences:
    """Where stream and org differ, in one API call; in two where there are so many days that months are asked first.

    With `thorough`, and where counts by day cannot be had, all Ids are to be compared, and nothing is asked yet.
    """
    cut: Cut = "day"
    standing = _in_stream(warehouse, spec.stream, judged, cut, ())
    total = sum(standing.values())
    all_ids = Differences(judged=judged, org_count=None, stream_count=total, days=None, rows=total)
    if thorough or not judged.has_created or total <= REST_PAGE:
        return all_ids
    if len(standing) > GROUP_LIMIT * 0.95:  # the org may have days that the stream lacks
        cut = "month"
        standing = _in_stream(warehouse, spec.stream, judged, cut, ())
    counted = _in_org(org, spec, judged, cut, ())
    if counted is None:
        return all_ids
    org_count = sum(counted.values())
    differing = _differing(standing, counted)
    if cut == "month" and len(differing) <= MOST_MONTHS and sum(differing.values()) > REST_PAGE:
        months = _stretches(differing, cut)
        by_day = _in_org(org, spec, judged, "day", months)
        if by_day is not None:
            cut = "day"
            differing = _differing(_in_stream(warehouse, spec.stream, judged, cut, months), by_day)
    days = _stretches(differing, cut)
    rows = sum(differing.values())
    if len(days) > MOST_RANGES:
        days = (Days(first=days[0].first, after=days[-1].after),)
        rows = total
    return Differences(judged=judged, org_count=org_count, stream_count=total, days=days, rows=rows)


def sql_in(days: Iterable[Days] | None) -> str:
    """The same days as a condition of SQL on the stream's rows; true where all are meant."""
    if days is None:
        return "true"
    return (
        "("
        + " OR ".join(
            f"standing.{quote(CREATED)} >= DATE '{each.first}' AND standing.{quote(CREATED)} < DATE '{each.after}'"
            for each in days
        )
        + ")"
    )


def _in_stream(warehouse: Warehouse, stream: str, judged: Bounds, cut: Cut, days: tuple[Days, ...]) -> dict[date, int]:
    """First day → living rows of the stream that were made on that day or in that month."""
    created = f"standing.{quote(CREATED)}"
    names = {
        "stream": quote_table("streams", stream),
        "timestamp_field": quote(judged.timestamp_field),
        "made": f"CAST(date_trunc('{cut}', {created}) AS DATE)" if judged.has_created else "DATE '1970-01-01'",
        "settled": f"{created} < $judged_to" if judged.has_created else "$judged_to IS NOT NULL",
        "days": sql_in(days or None),
    }
    with warehouse.read() as connection:
        rows = connection.execute(
            statement("upkeep/made_by_day.sql").format_map(names),
            {"judged_from": naive(judged.judged_from), "judged_to": naive(judged.judged_to)},
        ).fetchall()
    return dict(rows)


def _in_org(org: Org, spec: StreamSpec, judged: Bounds, cut: Cut, days: tuple[Days, ...]) -> dict[date, int] | None:
    """The same of the org, as it was when the stream was last read; None where that is too much to count at once."""
    field = judged.timestamp_field
    lives = any_of("IsDeleted = false", compare(field, ">=", judged.read_to)) if judged.has_deleted else ""
    where = all_of(
        compare(field, ">=", judged.judged_from),
        compare(CREATED, "<", judged.judged_to),
        lives,
        any_of(*(within(CREATED, *each.bounds) for each in days)),
    )
    try:
        groups = query_records(
            org, select_count_by(_FUNCTIONS[cut], CREATED, spec.object, where), include_deleted=judged.has_deleted
        )
    except QueryTooLarge:
        return None
    if len(groups) >= GROUP_LIMIT:
        return None
    return {_first_day(group, cut): int(str(group["records"])) for group in groups}


def _first_day(group: Mapping[str, object], cut: Cut) -> date:
    if cut == "day":
        return date.fromisoformat(str(group["cut0"]))
    return date(int(str(group["cut0"])), int(str(group["cut1"])), 1)


def _differing(standing: Mapping[date, int], counted: Mapping[date, int]) -> dict[date, int]:
    """The days or months whose counts differ, with the larger count."""
    return {
        first: max(standing.get(first, 0), counted.get(first, 0))
        for first in sorted(standing.keys() | counted.keys())
        if standing.get(first, 0) != counted.get(first, 0)
    }


def _stretches(firsts: Iterable[date], cut: Cut) -> tuple[Days, ...]:
    """The days or months as stretches in order, neighbours as one."""
    stretches: list[Days] = []
    for first in sorted(firsts):
        after = first + timedelta(days=1) if cut == "day" else (first + timedelta(days=31)).replace(day=1)
        if stretches and stretches[-1].after == first:
            stretches[-1] = Days(first=stretches[-1].first, after=after)
        else:
            stretches.append(Days(first=first, after=after))
    return tuple(stretches)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
