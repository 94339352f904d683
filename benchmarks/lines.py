"""Result pages side by side against one after the other, over a slow line: the demo org's fault `far_away`."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median

from benchmarks.child import run_child
from benchmarks.orgs import BenchOrg, bench_org
from benchmarks.report import Findings, Goal, Table

LEAST_TIMES = 8.0
SIDE_BY_SIDE = 12
MOST_TURNS = 2  # a line takes as long each time, and that is minutes
PAGES = 40
FEWEST_ROWS = 25_000  # of a page: with fewer, there are fewer pages
FAULT = {"preset": "far_away"}  # 0.5 s to the first byte, 8 MB/s a connection

Say = Callable[[str], None]


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """Both ways in turn, of twice the rows, from the first call for pages to the last page landed."""
    rows *= 2
    say(f"making an org of {rows:,} contacts")
    seconds: dict[int, list[float]] = {1: [], SIDE_BY_SIDE: []}
    pages = min(PAGES, max(4, rows // FEWEST_ROWS))
    page_rows = -(-rows // pages)
    with bench_org(folder, rows) as org:
        fields = run_child("benchmarks.work:sixty_fields", login=org.login).result
        org.levers.faults.plan(FAULT)
        for number in range(turns := min(turns, MOST_TURNS)):
            for width, taken in seconds.items():
                say(f"{width} at once: turn {number + 1} of {turns}")
                taken.append(_landing(org, folder / "landed", fields, width, page_rows))
    times = median(seconds[1]) / median(seconds[SIDE_BY_SIDE])
    return Findings(
        "Pages side by side",
        [
            Goal(
                f"{pages} pages over a slow line: one after the other / side by side", LEAST_TIMES, times, at_most=False
            )
        ],
        [
            Table(
                "",
                ["Pages at once", "Seconds, median", "Rows/s"],
                [
                    [f"{width}", f"{median(taken):.1f}", f"{rows / median(taken):,.0f}"]
                    for width, taken in seconds.items()
                ],
            )
        ],
        [
            f"{rows:,} contacts in {pages} pages. Each answer about pages begins half a second late and comes at 8 "
            "MB/s a connection (the demo org's fault `far_away`). From the first call for pages to the last page."
        ],
    )


def _landing(org: BenchOrg, folder: Path, fields: list[str], width: int, page_rows: int) -> float:
    before = org.last_call()
    landed = run_child(
        "benchmarks.work:pages",
        login=org.login, folder=str(folder), fields=fields, side_by_side=width, page_rows=page_rows,
    ).result  # fmt: skip
    shutil.rmtree(folder)
    first = min(call["at"] for call in org.levers.calls.all(path="/result", since=before))
    return float(landed["landed_at"]) - datetime.fromisoformat(first).timestamp()
