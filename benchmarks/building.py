"""Streams to profiles with all default fields: seconds and memory, and pandas with networkx beside it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.beside import Beside, NotTheSame, compared, goal
from benchmarks.child import Ran, run_child
from benchmarks.company import default_mapping, rules_for_pandas
from benchmarks.environments import NOT_INSTALLED, is_installed, run_script, versions
from benchmarks.report import Findings, Goal, Table

TIMES = 5  # the rows of the import
MOST_SECONDS = 60.0
MOST_MB = 8_000.0
PANDAS_ROWS = 2_000_000  # what pandas and networkx do in about two minutes

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
    theirs = _pandas(folder, min(PANDAS_ROWS, rows * TIMES), say) if is_installed("networkx") else None
    say(f"pandas and networkx: {NOT_INSTALLED}" if theirs is None else "pandas and networkx came to the same")
    what = f"{built.rows:,} rows of streams to profiles"
    return Findings(
        "Profiles",
        [
            Goal(f"{what}: seconds", MOST_SECONDS, built.seconds, "s"),
            Goal(f"{what}: peak memory", MOST_MB, max(run.peak_mb for run in built.runs), "MB"),
            goal("profiles", built.rows, built.seconds, theirs),
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
            f"user fields of all profiles came out the same. {versions('networkx', 'pandas', 'networkx')}."
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


def _pandas(folder: Path, rows: int, say: Say) -> Beside:
    say(f"pandas and networkx: making and landing streams of {rows:,} rows")
    made, landed, result = folder / "company", folder / "landed", folder / "profiles.parquet"
    run_child("benchmarks.company:make_company", folder=str(made), rows=rows)
    run_child("benchmarks.company:land_streams", folder=str(made), result=str(landed))
    say(f"pandas and networkx: {rows:,} rows")
    mailboxes = list(default_mapping()[1].role_mailboxes)
    given = {"folder": str(landed), "mapping": rules_for_pandas(), "role_mailboxes": mailboxes, "result": str(result)}
    theirs = run_script("networkx", "pandas_profiles.py", given)
    ours = build_copy(made, folder / "built")
    differing = run_child(
        "benchmarks.profile_work:differences", folder=str(folder / "built"), theirs=str(result)
    ).result
    if differing:
        raise NotTheSame(f"profiles of pandas differ in {differing}")
    for left_over in (made, landed, folder / "built"):
        shutil.rmtree(left_over)
    return Beside(theirs["rows"], theirs["seconds"], ours.seconds)


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
