"""Joining records to people: against the bare algorithm, DuckDB's recursion USING KEY and Splink."""

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.beside import NotTheSame
from benchmarks.child import run_child
from benchmarks.environments import NOT_INSTALLED, is_installed, run_script, versions
from benchmarks.identity_work import sql
from benchmarks.report import Findings, Goal, Table

TIMES = 5  # the rows of the import
MOST_TIMES_BARE = 1.3
TIMES_USING_KEY = 10.0
TIMES_SPLINK = 2.0
HOW = {
    "ours": ("sf_elt", "guards, identifiers and audit of what was refused"),
    "bare": ("the bare algorithm", "links to the smallest record with the same md5_number, union-find in memory"),
    "using_key": ("DuckDB", "recursive CTE USING KEY over the graph of what records say"),
    "splink": ("Splink", "deterministic_link by rules of equality, cluster_pairwise_predictions_at_threshold"),
    "using_key_of_links": ("DuckDB, given our links", "the same recursion over the links of the bare algorithm"),
    "splink_of_links": ("Splink, given our links", "its clustering of the links of the bare algorithm"),
}

Say = Callable[[str], None]


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """Each way in turn, of five times the rows; all must end in the same components."""
    records = rows * TIMES
    say(f"making {records:,} records")
    made, landed = folder / "warehouse", folder / "landed"
    run_child("benchmarks.identity_work:make_records", folder=str(made), records=records)
    said = run_child("benchmarks.identity_work:land_rows", folder=str(made), result=str(landed)).result
    ways = _ways(made, landed)
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


def _ways(made: Path, landed: Path) -> dict[str, Callable[[], dict[str, Any]]]:
    """What runs each way once: those of this environment, and Splink where it is installed."""

    def here(name: str) -> Callable[[], dict[str, Any]]:
        return lambda: run_child(f"benchmarks.identity_work:{name}", folder=str(made)).result

    def splink(links: str | None) -> Callable[[], dict[str, Any]]:
        given = {"landed": str(landed), "said": sql("said"), "links": links, "fingerprint": sql("fingerprint")}
        return lambda: run_script("splink", "splink_clusters.py", given)

    ways = {name: here(name) for name in HOW if not name.startswith("splink")}
    if is_installed("splink"):
        ways |= {"splink": splink(None), "splink_of_links": splink(sql("links"))}
    return ways


def _findings(records: int, said: int, components: int, seconds: dict[str, float]) -> Findings:
    ours, splink = seconds["ours"], seconds.get("splink")
    what = f"joining {records:,} records"
    return Findings(
        "Identity",
        [
            Goal(f"{what}: time of the bare algorithm", MOST_TIMES_BARE, ours / seconds["bare"]),
            Goal(f"{what}: USING KEY / ours", TIMES_USING_KEY, seconds["using_key"] / ours, at_most=False),
            Goal(f"{what}: Splink / ours", TIMES_SPLINK, splink and splink / ours, at_most=False),
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
            f"the contacts that leads were converted to. All begin at the same numbered rows, cleaned, a column an "
            f"identifier, and end in the same {components:,} components; ours judges each identifier by the guards as "
            "well. The goals are judged on DuckDB and Splink used as one would without us: USING KEY over a graph with "
            "a node for each record and each identifier and an edge for each identifier said, Splink with its own "
            "pairs of records that have an equal email, customer number or contact. The last two rows are given the "
            "links of the bare algorithm instead (made by the same clock), which leave them far less to do. "
            f"{versions('splink')}."
        ],
    )
