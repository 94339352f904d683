"""Measures imports, profiles and scores, and writes docs/speed.md.

make bench                                         # everything, about 70 minutes
make bench BENCH="--list"                          # the parts
make bench BENCH="--only import --rows 200000"     # one part in short; writes nothing unless --write is given
"""

import argparse
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table as Drawn

from benchmarks import (
    building,
    demo_org,
    identity,
    idle,
    importing,
    increments,
    lines,
    merging,
    others,
    scoring,
    writing_back,
)
from benchmarks.report import TURNS, Findings, Table, keep, machine, today

ROWS = 1_000_000
MOST_ROWS = 5_000_000

Part = Callable[..., Findings]


def _demo_org(folder: Path, *, rows: int, most_rows: int, turns: int, say: Callable[[str], None]) -> Findings:
    figures = demo_org.measure(rows, calls=100 if rows == ROWS else 20)
    return Findings("The demo org", tables=[Table("", ["What", "Figure", "CPU s", "Note"], figures)])


PARTS: dict[str, tuple[str, Part]] = {
    "import": ("a first import against the floor, and its memory", importing.measure),
    "lines": ("result pages side by side over a slow line", lines.measure),
    "idle": ("hours without a change: API calls and seconds an object", idle.measure_hours),
    "windows": ("API calls by size of window and transport", idle.measure_windows),
    "merge": ("scattered rows into large streams, against MERGE INTO", merging.measure),
    "peers": ("the same rows by dlt and by a Singer tap with its target", others.measure),
    "identity": ("joining records to people, against the bare algorithm and other tools", identity.measure),
    "profiles": ("streams to profiles with all default fields, and pandas with networkx", building.measure),
    "increments": ("a build of one changed record in a hundred, against the full build", increments.measure),
    "scores": ("the nine scores of many events, and pandas", scoring.measure),
    "export": ("the plan of an export, and many updates beside other ways to send them", writing_back.measure),
    "org": ("the demo org itself: whether it could be the bottleneck", _demo_org),
}


def main(arguments: Sequence[str] | None = None) -> int:
    wanted = _arguments(arguments)
    console = Console()
    if wanted.list:
        for name, (what, _) in PARTS.items():
            console.print(f"{name:<10} {what}")
        return 0
    names = wanted.only or list(PARTS)
    command = f'make bench BENCH="{shlex.join(sys.argv[1:])}"' if sys.argv[1:] else "make bench"
    found: dict[str, Findings] = {}
    for name in names:
        began = time.monotonic()
        console.rule(f"{name}: {PARTS[name][0]}")
        folder = Path(tempfile.mkdtemp(prefix="bench-", dir=wanted.folder))
        try:
            measured = PARTS[name][1](
                folder, rows=wanted.rows, most_rows=wanted.most_rows, turns=wanted.turns, say=partial(_say, console)
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        measured = replace(
            measured, command=command, machine=machine(), at=today(), seconds=round(time.monotonic() - began, 1)
        )
        _show(console, measured)
        found[name] = measured
        if wanted.write:
            keep({name: measured}, order=list(PARTS))
            console.print("docs/speed.md is written.")
    missed = any(goal.met is False for each in found.values() for goal in each.goals)
    return 1 if missed and wanted.strict else 0


def _say(console: Console, what: str) -> None:
    console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] {what} …")


def _show(console: Console, found: Findings) -> None:
    goals = Table("Goals", ["What", "Goal", "Measured", "Met"], [goal.row for goal in found.goals])
    for table in (*found.tables, *([goals] if found.goals else [])):
        drawn = Drawn(title=table.caption, title_justify="left")
        for number, column in enumerate(table.columns):
            drawn.add_column(column, justify="right" if number else "left")
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description="Measures imports, profiles, scores; writes docs/speed.md."
    )
    parser.add_argument("--list", action="store_true", help="name the parts and end")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART", help="these parts")
    parser.add_argument(
        "--rows",
        type=int,
        default=ROWS,
        help="contacts that are imported; five times as many rows of streams, people with fifty events",
    )
    parser.add_argument("--most-rows", type=int, help="contacts of the second import; 0 for none")
    parser.add_argument("--turns", type=int, default=TURNS, help="turns of which the median counts")
    parser.add_argument("--folder", type=Path, help="where 10 GB of scratch files may lie")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, help="write docs/speed.md")
    parser.add_argument("--strict", action="store_true", help="end with 1 where a goal is missed")
    wanted = parser.parse_args(arguments)
    is_full = wanted.rows == ROWS and wanted.most_rows is None
    wanted.most_rows = wanted.most_rows if wanted.most_rows is not None else (MOST_ROWS if is_full else 0)
    wanted.write = wanted.write if wanted.write is not None else is_full
    return wanted


if __name__ == "__main__":
    sys.exit(main())
