"""How long a first import takes under its allowances: arithmetic on counts, nothing is asked of the org."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Literal

import duckdb

from sf_elt.warehouse import Warehouse, WarehouseEmpty

DAY = timedelta(days=1)
ENOUGH_TO_MEASURE = 1_000  # rows of a past read that say something of its pace
ASSUMED_PACE: Mapping[str, float] = {"rest": 2_000.0, "bulk": 20_000.0}  # rows a second
SECONDS_A_CALL = 0.3
TIME = "the time that it takes"
_NEARLY = 1e-9


@dataclass(frozen=True)
class Demand:
    """What one stream needs: rows to read, and what they cost. `rows` None: the org cannot count them.

    Where all columns make too long a query, they are read in `column_groups`, each by a job of its own.
    """

    stream: str
    object: str
    rows: int | None
    transport: Literal["rest", "bulk", "none"]
    calls: int
    megabytes: float
    seconds: float
    column_groups: int = 1

    @property
    def jobs(self) -> int:
        return self.column_groups if self.transport == "bulk" else 0


@dataclass(frozen=True)
class Allowance:
    """How much of something may be used now, and in each further 24 hours; None is without a limit.

    `overhead` is what a day takes before it brings anything: the calls of going on after a pause.
    """

    name: str
    today: float | None
    daily: float | None
    overhead: float = 0.0


@dataclass(frozen=True)
class Need:
    """An amount of something that an allowance limits."""

    amount: float
    allowance: Allowance


@dataclass(frozen=True)
class Finish:
    """When the work is done, after how many pauses, and what makes it take more than one day.

    `after` None: never, since `limited_by` leaves nothing to a day's work.
    """

    after: timedelta | None
    pauses: int
    limited_by: str | None


def finish(seconds: float, needs: Sequence[Need]) -> Finish:
    """When work of so many seconds is done that pauses whenever a day's allowance is spent.

    Each day goes on where the last one ended, with what the allowances give back after 24 hours; needs are spent evenly
    over the work. More allowance never takes longer.
    """
    in_a_day = DAY.total_seconds() / max(seconds, _NEARLY)
    first = min([1.0, in_a_day, *(_part(need, need.allowance.today) for need in needs)])
    if first >= 1.0 - _NEARLY:
        return Finish(timedelta(seconds=seconds), 0, None)
    later, limited_by = min([(in_a_day, TIME), *((_later_part(need), need.allowance.name) for need in needs)])
    if later <= _NEARLY:
        return Finish(None, 0, limited_by)
    further = ceil((1.0 - first) / later - _NEARLY)
    on_the_last_day = 1.0 - first - (further - 1) * later
    after = further * DAY + timedelta(seconds=on_the_last_day * seconds)
    return Finish(after, further if limited_by != TIME else 0, limited_by)


def _part(need: Need, allowed: float | None) -> float:
    """The part of the work that an allowance is enough for."""
    if allowed is None or need.amount <= 0:
        return 1.0
    return max(0.0, allowed) / need.amount


def _later_part(need: Need) -> float:
    daily = need.allowance.daily
    return _part(need, None if daily is None else daily - need.allowance.overhead)


def measured_pace(warehouse: Warehouse, streams: Sequence[str]) -> Mapping[str, float]:
    """Rows a second of the past reads of these streams, by transport; empty where none was large enough."""
    try:
        with warehouse.read() as connection:
            rows = connection.execute(
                "SELECT transport, sum(rows_read) / sum(seconds) FROM ops.windows "
                "WHERE list_contains(?, stream) AND rows_read >= ? AND seconds > 0 GROUP BY transport",
                [list(streams), ENOUGH_TO_MEASURE],
            ).fetchall()
    except (WarehouseEmpty, duckdb.CatalogException):
        return {}
    return {transport: float(pace) for transport, pace in rows}
