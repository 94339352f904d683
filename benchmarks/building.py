"""Streams to profiles with all default fields: seconds and memory, and pandas with networkx beside it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.beside import BY_HAND, PLAIN, Beside, NotTheSame, compared, goal, in_two_minutes
from benchmarks.child import Ran, run_child
from benchmarks.company import default_mapping, rules_for_pandas
from benchmarks.environments import is_installed, run_script, versions
from benchmarks.report import Findings, Goal, Table

TIMES = 5  # the rows of the import
MOST_SECONDS = 60.0
MOST_MB = 8_000.0
TRIED_ROWS = 20_000
VECTORISED_ROWS = 2_000_000  # what pandas vectorised by hand does in about two minutes

Say = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """So many rows of streams built to profiles in so many turns, each in a warehouse without any profile."""

    rows: int
    runs: list[Ran]

    @property
    def seconds(self) -> float:
        return median(run.seconds for run in self.runs)

    @property
    def rate(self) -> float:
        return self.rows / self.seconds

    @property
    def row(self) -> list[str]:
        made = self.runs[0].result
        peak, spent = max(run.peak_mb for run in self.runs), median(run.cpu_seconds for run in self.runs)
        counts = [f"{count:,}" for count in (self.rows, made["profiles"], made["identifiers"])]
        return [*counts, f"{self.seconds:.1f}", f"{spent:.1f}", f"{self.rate:,.0f}", f"{peak:,.0f}"]


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """Five times the rows from nothing, in turns; then as many as pandas can, by both."""
    built = _built(folder, rows * TIMES, turns, say)
    theirs = _pandas(folder, built.rows, turns, say) if is_installed("networkx") else {}
    what = f"{built.rows:,} rows of streams to profiles"
    return Findings(
        "Profiles",
        [
            Goal(f"{what}: seconds", MOST_SECONDS, built.seconds, "s"),
            Goal(f"{what}: peak memory", MOST_MB, max(run.peak_mb for run in built.runs), "MB"),
            goal("profiles", theirs),
        ],
        [
            Table("", ["Rows", "Profiles", "Identifiers", "s", "CPU s", "Rows/s", "MB"], [built.row]),
            _steps(built),
            compared("pandas and networkx", built.rows, built.seconds, theirs),
        ],
        [
            f"Leads, contacts, accounts, opportunities with their contact roles and web events, made in SQL, with the "
            f"project's own mapping of {len(default_mapping()[0])} rules and its guards. From opening the file to its "
            "closing, the first build of all profiles, links and identifiers. Pandas reads the same streams as Parquet "
            "and writes one Parquet file of profiles, without links and without what the next build goes on from; all "
            f"user fields of all profiles came out the same. {versions('networkx', 'pandas', 'networkx')}.",
            "The goal is judged on plain pandas and networkx, as one writes them first: the graph filled row by row, "
            "then for each user field a function that is called with the values of one profile, in order of time. The "
            "one vectorised by hand is by someone who knows what is slow in pandas: it works on whole columns.",
        ],
    )


def _built(folder: Path, rows: int, turns: int, say: Say) -> Built:
    say(f"making streams of {rows:,} rows")
    made = folder / "company"
    counts = run_child("benchmarks.company:make_company", folder=str(made), rows=rows).result
    runs = []
    for number in range(turns):
        say(f"building profiles: turn {number + 1} of {turns}")
        runs.append(build_copy(made, folder / "built"))
        shutil.rmtree(folder / "built")
    shutil.rmtree(made)
    return Built(sum(counts.values()), runs)


def build_copy(made: Path, copy: Path) -> Ran:
    """Builds the profiles of a copy of a warehouse."""
    shutil.copytree(made, copy)
    return run_child("benchmarks.profile_work:build", folder=str(copy))


def _pandas(folder: Path, most: int, turns: int, say: Say) -> dict[str, Beside]:
    """How it is written in pandas and networkx → what it takes."""

    def plain(rows: int) -> Beside:
        return _beside(folder, "plain_profiles.py", rows, turns, say)

    by_hand = _beside(folder, "vectorised_profiles.py", min(VECTORISED_ROWS, most), turns, say)
    return {PLAIN: in_two_minutes(plain, tried=TRIED_ROWS, most=most), BY_HAND: by_hand}


def _beside(folder: Path, script: str, rows: int, turns: int, say: Say) -> Beside:
    say(f"{script}: making and landing streams of {rows:,} rows")
    made, landed, result = folder / "company", folder / "landed", folder / "profiles.parquet"
    run_child("benchmarks.company:make_company", folder=str(made), rows=rows)
    run_child("benchmarks.company:land_streams", folder=str(made), result=str(landed))
    say(f"{script}: {rows:,} rows")
    mailboxes = list(default_mapping()[1].role_mailboxes)
    given = {"folder": str(landed), "mapping": rules_for_pandas(), "role_mailboxes": mailboxes, "result": str(result)}
    theirs = run_script("networkx", script, given)
    ours = []
    for number in range(turns):
        ours.append(build_copy(made, folder / f"built {number}").seconds)
    differing = run_child(
        "benchmarks.profile_work:differences", folder=str(folder / "built 0"), theirs=str(result)
    ).result
    if differing:
        raise NotTheSame(f"profiles of {script} differ in {differing}")
    for left_over in (made, landed, *folder.glob("built *")):
        shutil.rmtree(left_over)
    return Beside(theirs["rows"], theirs["seconds"], median(ours))


def _steps(built: Built) -> Table:
    """How many seconds each step of the first turn took, by the moments at which the build told of it."""
    first = built.runs[0]
    moments = first.result["moments"]
    ends = [*list(moments.values())[1:], first.seconds]
    names = [*list(moments)[:-1], "commit, close"]
    spent = [f"{end - begin:.1f}" for begin, end in zip(moments.values(), ends, strict=True)]
    rows = [
        ["open, check the mapping", f"{next(iter(moments.values())):.1f}"],
        *map(list, zip(names, spent, strict=True)),
    ]
    return Table("The steps of the first turn:", ["Step", "s"], rows)
