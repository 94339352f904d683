"""Refused records: more than usual in the latest run of an export, or the latest reading of event files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import groupby
from statistics import median

from sf_elt.alerts.kinds import Finding
from sf_elt.counting import count
from sf_elt.report.asking import outdated_told
from sf_elt.report.words import code
from sf_elt.warehouse import Warehouse, WarehouseEmpty, naive

USUAL_OF = timedelta(days=7)
"""What is usual is the median of the runs in so long before."""

LOOKED_BACK = 2 * USUAL_OF
"""A run that is older is no latest run of anything any more."""

UNREADABLE = "LINE_UNREADABLE"
"""What refused_by_run.sql calls a line of an event file that was set aside."""

REFUSED_BY_RUN = files("sf_elt.alerts").joinpath("refused_by_run.sql").read_text("utf-8")


@dataclass(frozen=True)
class _Run:
    id: str
    at: datetime
    refused: int
    most: str


def rises(
    warehouse: Warehouse, *, more_than: int, times_usual: float, open_since: Mapping[str, datetime], now: datetime
) -> list[Finding]:
    """Whatever refused more than `more_than` records in its latest run, and more than `times_usual` times the median.

    That is the median of the runs in the seven days before; while there is an incident (`open_since`), of those in the
    seven days before it: what goes on for long does not become usual. Records count that the org refused, and those
    that were set aside for a reason that is not a usual one; of a warehouse that is empty, there are none.

    Raises WarehouseBusy where the file is held by somebody else for longer than the warehouse waits, and
    WarehouseOutdated where an earlier version of sf_elt wrote it last.
    """
    found = []
    for subject, runs in _runs(warehouse, now).items():
        latest = runs[-1]
        until = min(latest.at, open_since.get(subject, latest.at))
        before = [each.refused for each in runs[:-1] if until - USUAL_OF <= each.at < until]
        usual = float(median(before)) if before else 0.0
        if latest.refused > more_than and latest.refused > times_usual * usual:
            in_usual = (
                f"usual are {usual:,.0f} (the median of {count(len(before), 'run')})" if before else "the first run"
            )
            says = (
                f"{count(latest.refused, 'record')} in the run of {latest.at:%Y-%m-%d %H:%M} UTC; {in_usual}. "
                f"Most often: {latest.most}."
            )
            found.append(Finding("refused", subject, subject, says, latest.at, latest.id, latest.id))
    return found


def _runs(warehouse: Warehouse, now: datetime) -> dict[str, list[_Run]]:
    """The runs of each export and event stream, in the order of time."""
    try:
        with warehouse.read() as connection, outdated_told():
            rows = connection.execute(REFUSED_BY_RUN, {"since": naive(now - LOOKED_BACK)}).fetchall()
    except WarehouseEmpty:
        return {}
    runs: dict[str, list[_Run]] = {}
    for (subject, run_id, at), group in groupby(rows, key=lambda row: row[:3]):
        counted = [row for row in group if row[3] == "failed" or not code(row[4]).is_usual]
        refused = sum(row[5] for row in counted)
        most = _title(counted[0][4]) if refused else ""
        runs.setdefault(subject, []).append(_Run(run_id, at.replace(tzinfo=UTC), refused, most))
    return runs


def _title(name: str) -> str:
    """A code in words, and itself: Salesforce's and our own are words in capitals."""
    if name == UNREADABLE:
        return "lines that cannot be read"
    return f"{code(name).title} ({name})" if re.fullmatch(r"[A-Z0-9_]{1,80}", name) else code("").title
