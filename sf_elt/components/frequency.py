"""How often things run by themselves: a name such as `hourly`, with a time of day and a weekday, or a cron expression.

Dagster keeps the schedules through summer time: what is due at an hour that a day has twice runs once, in the second of
them; what is due at an hour that a day leaves out runs once, right after it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

import dagster as dg

from sf_elt.components.attributes import did_you_mean

WITHIN_A_DAY: Mapping[str, str] = {
    "5 minutes": "*/5 * * * *",
    "10 minutes": "*/10 * * * *",
    "15 minutes": "*/15 * * * *",
    "20 minutes": "*/20 * * * *",
    "30 minutes": "*/30 * * * *",
    "hourly": "0 * * * *",
    "2 hours": "0 */2 * * *",
    "3 hours": "0 */3 * * *",
    "4 hours": "0 */4 * * *",
    "6 hours": "0 */6 * * *",
    "8 hours": "0 */8 * * *",
    "12 hours": "0 */12 * * *",
}
_NAMED = {cron: name for name, cron in WITHIN_A_DAY.items()}
FREQUENCIES = (*WITHIN_A_DAY, "daily", "weekly")
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""As cron counts them, from 0."""

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class NotTogether(ValueError):
    """An attribute for which none of the frequencies has a use. `attribute` is its name."""

    def __init__(self, attribute: str, message: str) -> None:
        super().__init__(message)
        self.attribute = attribute


@dataclass(frozen=True)
class Timetable:
    """When a schedule runs: a cron expression in a time zone, and the same in words."""

    cron: str
    time_zone: str
    words: str


def timetable(
    frequency: str, *, time_of_day: str | None = None, day_of_week: str | None = None, time_zone: str = "UTC"
) -> Timetable:
    """The timetable of these attributes, each as its check below gives it.

    `daily` and `weekly` are at midnight, `weekly` on Mondays, unless time_of_day and day_of_week say otherwise. Other
    frequencies have no use for them.
    """
    hour, minute = (int(part) for part in (time_of_day or "00:00").split(":"))
    at = f"at {hour:02}:{minute:02} {time_zone}"
    if frequency == "daily":
        return Timetable(f"{minute} {hour} * * *", time_zone, f"daily {at}")
    if frequency == "weekly":
        day = day_of_week or "monday"
        return Timetable(f"{minute} {hour} * * {DAYS.index(day)}", time_zone, f"every {day.capitalize()} {at}")
    cron = WITHIN_A_DAY.get(frequency, frequency)
    if cron in _NAMED:
        return Timetable(cron, time_zone, "hourly" if _NAMED[cron] == "hourly" else f"every {_NAMED[cron]}")
    return Timetable(frequency, time_zone, f"by cron expression {frequency!r} in {time_zone}")


def require_use(frequencies: Sequence[str], *, time_of_day: str | None, day_of_week: str | None) -> None:
    """Raises NotTogether where a time of day or a weekday is given and none of the frequencies has a use for it."""
    first = frequencies[0]
    if day_of_week is not None and "weekly" not in frequencies:
        raise NotTogether("day_of_week", f"day_of_week goes with frequency 'weekly' only, and this one is {first!r}")
    if time_of_day is not None and not {"daily", "weekly"} & set(frequencies):
        raise NotTogether(
            "time_of_day",
            f"time_of_day goes with frequency 'daily' or 'weekly', and this one is {first!r}: "
            + ("it runs all day long" if first in WITHIN_A_DAY else "a cron expression has the time in it"),
        )


def checked_frequency(value: str) -> str:
    """The name of a frequency, in any letter case, or a cron expression. Raises ValueError with what is accepted."""
    named = value.strip().casefold()
    if named in FREQUENCIES:
        return named
    try:
        dg.ScheduleDefinition(name="checked", job_name="checked", cron_schedule=value)
    except dg.DagsterInvalidDefinitionError:
        raise ValueError(
            f"{value!r} is neither a frequency nor a cron expression such as '0 7 * * 1-5'; "
            f"{did_you_mean(named, FREQUENCIES)}"
        ) from None
    return value


def checked_optional_frequency(value: str | None) -> str | None:
    """The same for what may be left out."""
    return None if value is None else checked_frequency(value)


def checked_time_of_day(value: str | int | None) -> str | None:
    """A time as `07:30`, 24 hours. Raises ValueError, also for the number that YAML makes of 17:30 without quotes."""
    if value is None:
        return None
    if isinstance(value, int):
        meant = f"{value // 60:02}:{value % 60:02}"
        quoted = f'; YAML reads {meant} without quotes as that number: write "{meant}"' if 0 <= value < 24 * 60 else ""
        raise ValueError(f"{value} is no time of day{quoted}")
    if not _TIME.fullmatch(value):
        raise ValueError(f"{value!r} is no time of day; accepted are 00:00 to 23:59, as in '07:30' or '19:30'")
    return value.zfill(5)


def checked_time_zone(value: str) -> str:
    """A name of the IANA time zone database. Raises ValueError with the nearest names."""
    known = available_timezones()
    if value not in known:
        raise ValueError(f"there is no time zone {value!r}; {did_you_mean(value, known)}")
    return value


def checked_day(value: str | None) -> str | None:
    """A day of the week, in any letter case. Raises ValueError with the days."""
    if value is None:
        return None
    if value.casefold() not in DAYS:
        raise ValueError(f"there is no day {value!r}; {did_you_mean(value, DAYS)}")
    return value.casefold()
