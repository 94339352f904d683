"""Scattered rows into large streams against MERGE INTO: runs `merge.py` for each size and holds it to the goals."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.child import ROOT
from benchmarks.report import Findings, Goal, Table

SCRIPT = Path(__file__).with_name("merge.py")
SIZES = {5: 8.0, 20: 8.0}  # times the rows of the import: how many times MERGE INTO's time
SECONDS_SMALL = 2.0

Say = Callable[[str], None]


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """Five and twenty times the rows, a tenth of `rows` of them changed."""
    found = []
    goals = []
    for times, least in SIZES.items():
        size, changed = rows * times, rows // 10
        say(f"merging {changed:,} rows into {size:,}")
        figures = _run(size, changed, turns)
        goals.append(Goal(f"{changed:,} into {size:,}: MERGE INTO / ours", least, figures["ratio"], at_most=False))
        if times == max(SIZES):
            small = figures["seconds_small"]
            goals.append(Goal(f"{changed // 10:,} into {size:,}", SECONDS_SMALL, small, "s"))
        found.append(
            [
                f"{size:,}",
                f"{changed:,}",
                f"{figures['seconds']:.2f}",
                f"{figures['seconds_merge_into']:.2f}",
                f"{figures['ratio']:.1f}",
                f"{figures['seconds_small']:.2f}",
            ]
        )
    columns = [
        "Rows of the stream",
        "Changed",
        "Ours s",
        "MERGE INTO s",
        "MERGE INTO / ours",
        "Ours, a tenth of them, s",
    ]
    return Findings(
        "Merge",
        goals,
        [Table("", columns, found)],
        [
            "Both merge the same landing files, each into a file of its own, commits included; in the end both streams "
            "are equal, row for row. 12 columns."
        ],
    )


def _run(rows: int, changed: int, repeats: int) -> dict[str, float]:
    asked = ["--rows", str(rows), "--changed", str(changed), "--repeats", str(repeats), "--json"]
    done = subprocess.run([sys.executable, str(SCRIPT), *asked], capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(f"{SCRIPT.name} failed: {done.stderr[-4000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures
