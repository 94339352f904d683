"""Behavioural scores of many events: seconds, and pandas beside it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.beside import Beside, NotTheSame, compared, goal
from benchmarks.child import Ran, run_child
from benchmarks.environments import NOT_INSTALLED, is_installed, run_script, versions
from benchmarks.report import Findings, Goal, Table

EVENTS = 50  # of each person; the people are as many as the rows of the import
MOST_SECONDS = 60.0
PANDAS_EVENTS = 25_000_000  # what pandas holds in memory

Say = Callable[[str], None]


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """Fifty events a person, in turns; then as many as pandas can, by both."""
    events = rows * EVENTS
    made = _made(folder, events, say)
    runs = []
    for number in range(turns):
        say(f"scoring: turn {number + 1} of {turns}")
        runs.append(run_child("benchmarks.score_work:score", folder=str(made)))
    shutil.rmtree(made)
    theirs = _pandas(folder, min(events, PANDAS_EVENTS), say) if is_installed("networkx") else None
    say(f"pandas: {NOT_INSTALLED}" if theirs is None else "pandas came to the same")
    seconds = median(run.seconds for run in runs)
    return Findings(
        "Scores",
        [
            Goal(f"nine scores of {events:,} events of {rows:,} people", MOST_SECONDS, seconds, "s"),
            goal("scores", events, seconds, theirs),
        ],
        [_table(events, seconds, runs), compared("pandas", events, seconds, theirs)],
        [
            "Web events in sessions of five on average, made in SQL; everybody has some, a few have very many. From "
            "opening the file to its closing: linking events to profiles, sessions, the model of who returns, and the "
            "scores written. Pandas reads only when which cookie did something and whose it is, from Parquet, is given "
            "the fitted model, and writes one Parquet file; all nine scores of all profiles came out the same, but for "
            f"1 where a value lies at a half. {versions('networkx', 'pandas')}."
        ],
    )


def _made(folder: Path, events: int, say: Say) -> Path:
    say(f"making {events:,} events")
    made = folder / "events"
    run_child("benchmarks.score_work:make_behaviour", folder=str(made), events=events, people=events // EVENTS)
    return made


def _pandas(folder: Path, events: int, say: Say) -> Beside:
    made, landed, result = _made(folder, events, say), folder / "landed", folder / "scores.parquet"
    ours = run_child("benchmarks.score_work:score", folder=str(made))
    run_child("benchmarks.score_work:land_events", folder=str(made), result=str(landed))
    say(f"pandas: {events:,} events")
    theirs = run_script("networkx", "pandas_scores.py", {"folder": str(landed), "result": str(result)} | ours.result)
    differing = run_child("benchmarks.score_work:differences", folder=str(made), theirs=str(result)).result
    if differing:
        raise NotTheSame(f"scores of pandas differ in {differing}")
    for left_over in (made, landed):
        shutil.rmtree(left_over)
    return Beside(theirs["rows"], theirs["seconds"], ours.seconds)


def _table(events: int, seconds: float, runs: list[Ran]) -> Table:
    spent, peak = median(run.cpu_seconds for run in runs), max(run.peak_mb for run in runs)
    counts = [f"{count:,}" for count in (events, runs[0].result["profiles"])]
    row = [*counts, f"{seconds:.1f}", f"{spent:.1f}", f"{events / seconds:,.0f}", f"{peak:,.0f}"]
    return Table("", ["Events", "Profiles", "s", "CPU s", "Events/s", "MB"], [row])
