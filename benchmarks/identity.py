"""Joining records to people: against the bare algorithm, DuckDB's recursion USING KEY and Splink's clustering."""

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.beside import NotTheSame
from benchmarks.child import run_child
from benchmarks.environments import NOT_INSTALLED, is_installed, run_script, versions
from benchmarks.identity_work import EDGES, FINGERPRINT
from benchmarks.report import Findings, Goal, Table

TIMES = 5  # the rows of the import
MOST_TIMES_BARE = 1.3
TIMES_USING_KEY = 10.0
TIMES_SPLINK = 2.0
HOW = {
    "ours": ("sf_elt", "from the rows of streams; guards, identifiers and audit of what was refused"),
    "bare": ("the bare algorithm", "links to the smallest record with the same md5_number, union-find in memory"),
    "using_key": ("DuckDB", "the same links, recursive CTE USING KEY"),
    "splink": ("Splink", "the same links, cluster_pairwise_predictions_at_threshold"),
}

Say = Callable[[str], None]


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """Each way in turn, of five times the rows; all must end in the same components."""
    records = rows * TIMES
    say(f"making {records:,} records")
    made, landed = folder / "warehouse", folder / "landed"
    run_child("benchmarks.identity_work:make_records", folder=str(made), records=records)
    said = run_child("benchmarks.identity_work:land_said", folder=str(made), result=str(landed)).result
    ways: dict[str, Callable[[], dict[str, Any]]] = {
        "ours": lambda: run_child("benchmarks.identity_work:ours", folder=str(made)).result,
        "bare": lambda: run_child("benchmarks.identity_work:bare", landed=str(landed)).result,
        "using_key": lambda: run_child("benchmarks.identity_work:using_key", landed=str(landed)).result,
    }
    if is_installed("splink"):
        given: dict[str, object] = {"landed": str(landed), "edges": EDGES, "fingerprint": FINGERPRINT}
        ways["splink"] = lambda: run_script("splink", "splink_clusters.py", given)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    components: set[tuple[int, str]] = set()
    for number in range(turns):
        for name, run in ways.items():
            say(f"{HOW[name][0]}: turn {number + 1} of {turns}")
            done = run()
            taken[name].append(done["seconds"])
            components.add((done["components"], done["fingerprint"]))
    if len(components) != 1:
        raise NotTheSame(f"not the same components: {sorted(components)}")
    for left_over in (made, landed):
        shutil.rmtree(left_over)
    seconds = {name: median(times) for name, times in taken.items()}
    return _findings(records, said, components.pop()[0], seconds)


def _findings(records: int, said: int, components: int, seconds: dict[str, float]) -> Findings:
    ours, splink = seconds["ours"], seconds.get("splink")
    what = f"joining {records:,} records"
    return Findings(
        "Identity",
        [
            Goal(f"{what}: time of the bare algorithm", MOST_TIMES_BARE, ours / seconds["bare"]),
            Goal(f"{what}: USING KEY / ours", TIMES_USING_KEY, seconds["using_key"] / ours, at_most=False),
            Goal(f"{what}: Splink's clustering / ours", TIMES_SPLINK, splink and splink / ours, at_most=False),
        ],
        [
            Table(
                "",
                ["By", "How", "s", "It / ours", "It / bare"],
                [
                    [
                        *how,
                        f"{seconds[name]:.1f}",
                        f"{seconds[name] / ours:.2f}",
                        f"{seconds[name] / seconds['bare']:.2f}",
                    ]
                    if name in seconds
                    else [*how, NOT_INSTALLED, "–", "–"]
                    for name, how in HOW.items()
                ],
            )
        ],
        [
            f"{records:,} leads and contacts with {said:,} identifiers: their own ids, emails, customer numbers, and "
            f"the contacts that leads were converted to. All end in the same {components:,} components. Ours begins at "
            "the rows that a build has read and cleaned, and judges each identifier by the guards; the others begin at "
            "a table of what each record says, cleaned already. USING KEY and Splink are given the bare algorithm's "
            "links (made by the same clock), fewer than all pairs of records that share an identifier. "
            f"{versions('splink')}."
        ],
    )
