"""One record in a hundred changes: building the profiles it touches, against building all of them anew."""

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.beside import NotTheSame
from benchmarks.child import Ran, run_child
from benchmarks.report import Findings, Goal, Table

TIMES = 5  # the rows of the import
MOST_OF_FULL = 0.15

Say = Callable[[str], None]


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """In each turn the same changes come to two warehouses; one builds an increment, the other everything."""
    rows *= TIMES
    say(f"making streams of {rows:,} rows and their profiles")
    grown, anew = folder / "grown", folder / "anew"
    run_child("benchmarks.company:make_company", folder=str(grown), rows=rows)
    run_child("benchmarks.profile_work:build", folder=str(grown))
    shutil.copytree(grown, anew)
    increments, builds = [], []
    for number in range(1, turns + 1):
        say(f"changing one record in a hundred: turn {number} of {turns}")
        for warehouse in (grown, anew):
            run_child("benchmarks.company:change_company", folder=str(warehouse), turn=number)
        increments.append(run_child("benchmarks.profile_work:build", folder=str(grown)))
        builds.append(run_child("benchmarks.profile_work:build", folder=str(anew), anew=True))
        _refuse_difference(grown, anew)
    for left_over in (grown, anew):
        shutil.rmtree(left_over)
    return _findings(rows, increments, builds)


def _refuse_difference(grown: Path, anew: Path) -> None:
    one, other = (
        run_child("benchmarks.profile_work:fingerprints", folder=str(folder)).result for folder in (grown, anew)
    )
    if one != other:
        raise NotTheSame(f"the increment differs in {[table for table in one if one[table] != other[table]]}")


def _findings(rows: int, increments: list[Ran], builds: list[Ran]) -> Findings:
    first = increments[0].result
    seconds = [median(run.seconds for run in runs) for runs in (increments, builds)]
    return Findings(
        "Increments of profiles",
        [
            Goal(
                f"{first['rows_changed']:,} changed records of {rows:,} rows: time of the full build",
                MOST_OF_FULL,
                seconds[0] / seconds[1],
            )
        ],
        [
            Table(
                "",
                ["Build", "Profiles made anew", "s", "CPU s", "MB", "Of the full build"],
                [_row("of the changes", increments, seconds[1]), _row("full", builds, seconds[1])],
            ),
            _steps(increments[0], builds[0]),
        ],
        [
            "Of each stream one record in a hundred: other values, other emails, new ones, deleted ones. After each "
            "turn all tables of profiles are the same, row for row, as after the full build of the same changes."
        ],
    )


def _row(what: str, runs: list[Ran], full: float) -> list[str]:
    seconds = median(run.seconds for run in runs)
    spent, peak = median(run.cpu_seconds for run in runs), max(run.peak_mb for run in runs)
    rebuilt = f"{runs[0].result['rebuilt']:,}"
    return [what, rebuilt, f"{seconds:.1f}", f"{spent:.1f}", f"{peak:,.0f}", f"{seconds / full:.2f}"]


def _steps(increment: Ran, full: Ran) -> Table:
    """Each step of the first turn, the rest being opening, committing and closing."""

    def spent(run: Ran) -> dict[str, float]:
        moments = run.result["moments"]
        starts = [*moments.values(), run.seconds]
        return {name: starts[place + 1] - starts[place] for place, name in enumerate(moments)}

    one, other = spent(increment), spent(full)
    names = {name: name for name in one} | {"profiles built": "commit, close"}
    rows = [[names[name], f"{one[name]:.2f}", f"{other[name]:.2f}"] for name in one]
    return Table("The steps of the first turn:", ["Step", "Increment s", "Full s"], rows)
