"""How things stand, for `sf-elt status`: streams, what was set aside, what exports wait for, in one short read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sf_elt.report.asking import Asked, outdated_told
from sf_elt.report.people import read_imports
from sf_elt.warehouse import Warehouse, readable


@dataclass(frozen=True)
class StandingStream:
    """One stream. `newest` is the latest change, or event, that it holds; up to `read_up_to` everything has been read.

    `lag` is how long ago that was. `set_aside` counts what could not be read, `set_aside_lately` that of 7 days.
    """

    stream: str
    holds_events: bool
    rows: int
    newest: datetime | None
    read_up_to: datetime
    lag: timedelta
    read_at: datetime
    set_aside: int
    set_aside_lately: int


@dataclass(frozen=True)
class StandingExport:
    """One export with its last plan. `failed` and `set_aside` count records whose last outcome was that.

    `most_often` is the code of most of them; `still_to_write` counts records of the last plan.
    """

    export: str
    status: str
    planned_at: datetime
    plan_id: str
    held_because: str
    still_to_write: int
    failed: int
    set_aside: int
    most_often: str


@dataclass(frozen=True)
class Standing:
    """What the warehouse says at one moment; times are aware."""

    streams: tuple[StandingStream, ...]
    exports: tuple[StandingExport, ...]


def read_standing(warehouse: Warehouse, now: datetime) -> Standing:
    """As of `now`, an aware time. A warehouse that holds nothing yet has no streams and no exports.

    Raises WarehouseOutdated where an earlier version of sf_elt wrote it last, WarehouseUnreadable where the file is
    broken, and what `Warehouse.read` raises.
    """
    with readable(warehouse.file), warehouse.read() as connection, outdated_told():
        asked = Asked(connection, now)
        if not asked.has_table("ops", "windows"):
            return Standing((), ())
        return Standing(_streams(asked), tuple(StandingExport(*row) for row in asked.rows("export_standing")))


def _streams(asked: Asked) -> tuple[StandingStream, ...]:
    reached: Mapping[str, datetime] = dict(asked.sql("SELECT stream, max(read_to) FROM ops.windows GROUP BY stream"))
    aside = {stream: counts for stream, *counts in asked.rows("set_aside_standing")}
    found = []
    for each in read_imports(asked):
        up_to = reached.get(each.stream, each.read_at)
        lag = max(timedelta(0), asked.now - up_to)
        counts = aside.get(each.stream, (0, 0))
        found.append(
            StandingStream(each.stream, each.holds_events, each.rows, each.newest, up_to, lag, each.read_at, *counts)
        )
    return tuple(found)
