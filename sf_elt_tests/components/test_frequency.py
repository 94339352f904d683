"""When an import's schedule runs: from its attributes to the moments that Dagster's own iteration gives."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from dagster._utils.schedules import schedule_execution_time_iterator
from hypothesis import given
from hypothesis import strategies as st

from sf_elt.components.frequency import DAYS, FREQUENCIES, WITHIN_A_DAY, Timetable, timetable
from sf_elt.components.imports.salesforce_import import SalesforceImport

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = timedelta(days=7)


def times(**attributes: object) -> Timetable:
    """The timetable of an import with these attributes."""
    given = {"name": "mine", "connection": "salesforce", "start": "2026-01-01", "objects": [{"object": "Lead"}]}
    return SalesforceImport.model_validate(given | attributes).timetable()


def runs(table: Timetable, begin: datetime, length: timedelta) -> Iterator[datetime]:
    """When the schedule runs from `begin` on, as the daemon finds it, in UTC."""
    end = begin.timestamp() + length.total_seconds()
    found = schedule_execution_time_iterator(begin.timestamp(), table.cron, table.time_zone)
    return (each.astimezone(UTC) for each in takewhile(lambda each: each.timestamp() < end, found))


@pytest.mark.parametrize(
    ("frequency", "in_a_week"),
    [
        ("5 minutes", 2016), ("10 minutes", 1008), ("15 minutes", 672), ("20 minutes", 504), ("30 minutes", 336),
        ("hourly", 168), ("2 hours", 84), ("3 hours", 56), ("4 hours", 42), ("6 hours", 28), ("8 hours", 21),
        ("12 hours", 14), ("daily", 7), ("weekly", 1), ("Hourly", 168), ("0 7 * * 1-5", 5),
    ],
)  # fmt: skip
def test_each_frequency_runs_as_often_as_it_says(frequency: str, in_a_week: int) -> None:
    """A week has that many runs, at equal distances but for the working days of the cron expression."""
    found = list(runs(times(frequency=frequency), MONDAY, WEEK))
    assert len(found) == in_a_week
    assert len({after - before for before, after in pairwise(found)}) <= 1


def test_every_frequency_is_counted() -> None:
    """The test above knows of each name."""
    assert set(FREQUENCIES) == {*WITHIN_A_DAY, "daily", "weekly"}
    assert len(FREQUENCIES) == 14


def test_time_of_day_and_zone() -> None:
    """07:30 in New York is 12:30 UTC in winter and 11:30 in summer."""
    table = times(frequency="daily", time_of_day="7:30", time_zone="America/New_York")
    assert next(runs(table, MONDAY, WEEK)) == MONDAY.replace(hour=12, minute=30)
    assert next(runs(table, datetime(2026, 7, 6, tzinfo=UTC), WEEK)) == datetime(2026, 7, 6, 11, 30, tzinfo=UTC)
    assert table.words == "daily at 07:30 America/New_York"


def test_a_cron_expression_has_the_zone_too() -> None:
    """An expression is read in the import's time zone."""
    table = times(frequency="0 7 * * 1-5", time_zone="Asia/Tokyo")
    assert next(runs(table, MONDAY - timedelta(days=1), WEEK)) == datetime(2026, 11, 22, 22, tzinfo=UTC)


@pytest.mark.parametrize("day", DAYS)
def test_a_weekly_schedule_has_its_day(day: str) -> None:
    """Each weekday by name, in any letter case; Monday where none is named."""
    (found,) = runs(times(frequency="weekly", day_of_week=day.upper(), time_of_day="19:05"), MONDAY, WEEK)
    assert f"{found:%A %H:%M}" == f"{day.capitalize()} 19:05"
    (unnamed,) = runs(times(frequency="weekly"), MONDAY, WEEK)
    assert unnamed == MONDAY


SPRING, AUTUMN = datetime(2027, 3, 28), datetime(2026, 10, 25)


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
@pytest.mark.parametrize("frequency", ["daily", "weekly"])
def test_the_days_when_clocks_change_have_one_run(day: datetime, frequency: str) -> None:
    """02:30, which one of these days leaves out and the other has twice, is due once on each of them."""
    named = {"day_of_week": "sunday"} if frequency == "weekly" else {}
    table = times(frequency=frequency, time_of_day="02:30", time_zone="Europe/Berlin", **named)
    begin = day.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    found = [each.astimezone(begin.tzinfo).date() for each in runs(table, begin, timedelta(days=2))]
    assert found.count(day.date()) == 1


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25)])
@pytest.mark.parametrize(("frequency", "an_hour"), [("hourly", 1), ("5 minutes", 12), ("30 minutes", 2)])
def test_frequent_runs_leave_no_hour_out(day: datetime, hours: int, frequency: str, an_hour: int) -> None:
    """The day of 23 and the day of 25 hours have as many runs in each hour as any other."""
    begin = day.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    found = list(runs(times(frequency=frequency, time_zone="Europe/Berlin"), begin, timedelta(hours=hours)))
    assert len(found) == hours * an_hour


@given(
    hour=st.integers(0, 23), minute=st.integers(0, 59),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)  # fmt: skip
def test_a_daily_schedule_runs_once_a_day(hour: int, minute: int, zone: str) -> None:
    """Whatever the time and the zone: 7 runs in the week around the end of summer time, one on each local day."""
    begin = datetime(2026, 10, 22, tzinfo=ZoneInfo(zone))
    table = timetable("daily", time_of_day=f"{hour:02}:{minute:02}", time_zone=zone)
    end = begin + WEEK  # a week by the clock on the wall
    found = [each.astimezone(begin.tzinfo) for each in runs(table, begin, end.astimezone(UTC) - begin.astimezone(UTC))]
    assert [each.date() for each in found] == [begin.date() + timedelta(days=day) for day in range(7)]
