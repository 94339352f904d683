"""Behavioural scores of many events: seconds, and pandas beside it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.beside import BY_HAND, PLAIN, Beside, NotTheSame, compared, goal, in_two_minutes
from benchmarks.child import Ran, run_child
from benchmarks.environments import is_installed, run_script, versions
from benchmarks.report import Findings, Goal, Table

EVENTS = 50  # of each person; the people are as many as the rows of the import
MOST_SECONDS = 60.0
TRIED_EVENTS = 50_000
VECTORISED_EVENTS = 25_000_000  # what pandas holds in memory

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
    theirs = _pandas(folder, events, turns, say) if is_installed("networkx") else {}
    seconds = median(run.seconds for run in runs)
    return Findings(
        "Scores",
        [
            Goal(f"nine scores of {events:,} events of {rows:,} people", MOST_SECONDS, seconds, "s"),
            goal("scores", theirs),
        ],
        [_table(events, seconds, runs), compared("pandas", events, seconds, theirs)],
        [
            "Web events in sessions of five on average, made in SQL; everybody has some, a few have very many. From "
            "opening the file to its closing: linking events to profiles, sessions, the model of who returns, and the "
            "scores written. Pandas reads only when which cookie did something and whose it is, from Parquet, is given "
            "the fitted model, and writes one Parquet file; all nine scores of all profiles came out the same, but for "
            f"1 where a value lies at a half. {versions('networkx', 'pandas')}.",
            "The goal is judged on plain pandas, as one writes it first: the formulas of [scores](scores.md) as a "
            "function that is called with the events of one person, and ranks at the end. The one vectorised by hand "
            "is by someone who knows what is slow in pandas: it works on whole columns.",
        ],
    )


def _made(folder: Path, events: int, say: Say) -> Path:
    say(f"making {events:,} events")
    made = folder / "events"
    run_child("benchmarks.score_work:make_behaviour", folder=str(made), events=events, people=events // EVENTS)
    return made


def _pandas(folder: Path, most: int, turns: int, say: Say) -> dict[str, Beside]:
    """How it is written in pandas → what it takes."""

    def plain(events: int) -> Beside:
        return _beside(folder, "plain_scores.py", events, turns, say)

    by_hand = _beside(folder, "vectorised_scores.py", min(VECTORISED_EVENTS, most), turns, say)
    return {PLAIN: in_two_minutes(plain, tried=TRIED_EVENTS, most=most), BY_HAND: by_hand}


def _beside(folder: Path, script: str, events: int, turns: int, say: Say) -> Beside:
    made, landed, result = _made(folder, events, say), folder / "landed", folder / "scores.parquet"
    ours = [run_child("benchmarks.score_work:score", folder=str(made)) for _ in range(turns)]
    run_child("benchmarks.score_work:land_events", folder=str(made), result=str(landed))
    say(f"{script}: {events:,} events")
    given = {"folder": str(landed), "result": str(result)} | ours[0].result
    theirs = run_script("networkx", script, given)
    differing = run_child("benchmarks.score_work:differences", folder=str(made), theirs=str(result)).result
    if differing:
        raise NotTheSame(f"scores of {script} differ in {differing}")
    for left_over in (made, landed):
        shutil.rmtree(left_over)
    return Beside(theirs["rows"], theirs["seconds"], median(run.seconds for run in ours))


def _table(events: int, seconds: float, runs: list[Ran]) -> Table:
    spent, peak = median(run.cpu_seconds for run in runs), max(run.peak_mb for run in runs)
    counts = [f"{count:,}" for count in (events, runs[0].result["profiles"])]
    row = [*counts, f"{seconds:.1f}", f"{spent:.1f}", f"{events / seconds:,.0f}", f"{peak:,.0f}"]
    return Table("", ["Events", "Profiles", "s", "CPU s", "Events/s", "MB"], [row])
