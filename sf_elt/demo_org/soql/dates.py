"""The relative dates of SOQL: which days `TODAY` or `LAST_N_DAYS:30` mean.

Source: Salesforce's SOQL reference, "Date Formats and Date Literals". Weeks start on Sunday, as in the locale of the
United States, days are those of the user's time zone, and the fiscal year is the calendar's, as in an org that has not
set its own.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta

Days = tuple[date, date]
"""The first day, and the first day after."""


def days_of(name: str, count: int | None, today: date) -> Days | None:
    """The days that a relative date means, or None where SOQL has no such name."""
    if re.search("FISCAL_(QUARTER|YEAR)", name):
        name = name.replace("FISCAL_", "", 1)
    fixed, counted = _FIXED.get(name), _COUNTED.get(name)
    if count is None:
        return fixed(today) if fixed else None
    return counted(today, count) if counted else None


def _day(today: date, offset: int) -> Days:
    start = today + timedelta(days=offset)
    return start, start + timedelta(days=1)


def _week(today: date, offset: int) -> Days:
    sunday = today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=offset)
    return sunday, sunday + timedelta(weeks=1)


def _first_of_month(today: date, offset: int) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 + offset, 12)
    return date(year, month + 1, 1)


def _months(today: date, offset: int, length: int = 1) -> Days:
    first = today.month - (today.month - 1) % length
    start = _first_of_month(today.replace(month=first, day=1), offset * length)
    return start, _first_of_month(start, length)


def _last_months(today: date, count: int, length: int) -> Days:
    """The `count` whole periods of `length` months before the one that today is in."""
    return _months(today, -count, length)[0], _months(today, 0, length)[0]


def _next_months(today: date, count: int, length: int) -> Days:
    return _months(today, 1, length)[0], _months(today, count, length)[1]


_FIXED: dict[str, Callable[[date], Days]] = {
    "YESTERDAY": lambda today: _day(today, -1),
    "TODAY": lambda today: _day(today, 0),
    "TOMORROW": lambda today: _day(today, 1),
    "LAST_WEEK": lambda today: _week(today, -1),
    "THIS_WEEK": lambda today: _week(today, 0),
    "NEXT_WEEK": lambda today: _week(today, 1),
    "LAST_MONTH": lambda today: _months(today, -1),
    "THIS_MONTH": lambda today: _months(today, 0),
    "NEXT_MONTH": lambda today: _months(today, 1),
    "LAST_90_DAYS": lambda today: (today - timedelta(days=90), today + timedelta(days=1)),
    "NEXT_90_DAYS": lambda today: (today + timedelta(days=1), today + timedelta(days=91)),
    "LAST_QUARTER": lambda today: _months(today, -1, 3),
    "THIS_QUARTER": lambda today: _months(today, 0, 3),
    "NEXT_QUARTER": lambda today: _months(today, 1, 3),
    "LAST_YEAR": lambda today: _months(today, -1, 12),
    "THIS_YEAR": lambda today: _months(today, 0, 12),
    "NEXT_YEAR": lambda today: _months(today, 1, 12),
}

_COUNTED: dict[str, Callable[[date, int], Days]] = {
    "LAST_N_DAYS": lambda today, n: (today - timedelta(days=n), today + timedelta(days=1)),
    "NEXT_N_DAYS": lambda today, n: (today + timedelta(days=1), today + timedelta(days=n + 1)),
    "N_DAYS_AGO": lambda today, n: _day(today, -n),
    "LAST_N_WEEKS": lambda today, n: (_week(today, -n)[0], _week(today, 0)[0]),
    "NEXT_N_WEEKS": lambda today, n: (_week(today, 1)[0], _week(today, n)[1]),
    "LAST_N_MONTHS": lambda today, n: _last_months(today, n, 1),
    "NEXT_N_MONTHS": lambda today, n: _next_months(today, n, 1),
    "LAST_N_QUARTERS": lambda today, n: _last_months(today, n, 3),
    "NEXT_N_QUARTERS": lambda today, n: _next_months(today, n, 3),
    "LAST_N_YEARS": lambda today, n: _last_months(today, n, 12),
    "NEXT_N_YEARS": lambda today, n: _next_months(today, n, 12),
    "N_WEEKS_AGO": lambda today, n: _week(today, -n),
    "N_MONTHS_AGO": lambda today, n: _months(today, -n),
    "N_QUARTERS_AGO": lambda today, n: _months(today, -n, 3),
    "N_YEARS_AGO": lambda today, n: _months(today, -n, 12),
}
