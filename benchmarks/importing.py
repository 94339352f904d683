"""A first import of many contacts against the floor: the same files already on disk, one typed read_csv."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.child import Ran, run_child
from benchmarks.orgs import BenchOrg, bench_org
from benchmarks.report import Findings, Goal, Table

MOST_TIMES_FLOOR = 1.3
MOST_MB = 1_500.0
PEAKS = 5  # imports of fewer rows whose memory is measured: a difference within theirs is none
MB = 1e6
STEPS = {
    "start": "login",
    "counting": "describe and count, job, first page",
    "reading": "the other pages",
    "merging": "load, merge, commit",
    "done": "end",
}
"""What passes from the moment that the import tells of, until it tells of the next."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Turn:
    """One import and one load of the same rows: seconds, and what the org took of the import's."""

    ours: Ran
    floor: Ran
    making: float
    org_cpu: float

    @property
    def own_seconds(self) -> float:
        """From the login to the committed stream, without the org's making of the CSV."""
        return self.ours.seconds - self.making


@dataclass(frozen=True)
class Size:
    """All turns with one number of rows."""

    rows: int
    bytes: int
    pages: int
    turns: list[Turn]
    peaks: list[float]

    def middle(self, figure: Callable[[Turn], float]) -> float:
        return median(figure(turn) for turn in self.turns)

    @property
    def times_floor(self) -> float:
        return self.middle(lambda turn: turn.own_seconds) / self.middle(lambda turn: turn.floor.seconds)

    @property
    def peak_mb(self) -> float:
        return max(self.peaks)

    @property
    def spread(self) -> float:
        """How far the greatest memory of equal imports differs, as a share of its median."""
        return (max(self.peaks) - min(self.peaks)) / median(self.peaks)

    @property
    def api_calls(self) -> int:
        return int(self.turns[0].ours.result["api_calls"])


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """Both sizes: `rows` in so many turns, and `most_rows` in one, for its memory."""
    few = _size(folder, rows, turns, say, peaks=PEAKS if most_rows > rows else 0)
    sizes = [few] + ([_size(folder, most_rows, 1, say)] if most_rows > rows else [])
    many = sizes[-1]
    goals = [
        Goal(f"{rows:,} contacts × 60: import, time of the floor", MOST_TIMES_FLOOR, few.times_floor),
        Goal(f"{rows:,} contacts × 60: peak memory", MOST_MB, few.peak_mb, "MB"),
    ]
    if many is not few:
        goals.append(Goal(f"{most_rows:,} contacts × 60: peak memory", MOST_MB, many.peak_mb, "MB"))
        what = (
            f"{most_rows:,} contacts × 60: peak memory, of the median of {rows:,} (which differs by {few.spread:.1%})"
        )
        goals.append(Goal(what, 1.0 + few.spread, median(many.peaks) / median(few.peaks)))
    return Findings(
        "First import by Bulk 2.0",
        goals,
        [_times(sizes), _shape(sizes), *(_steps(size) for size in sizes)],
        [
            "*Ours* is everything from the login to the committed stream in a new warehouse, without the seconds that "
            "the org's job says it took to make and pack the CSV (`totalProcessingTime`); the org's sending of the "
            "pages, on the same cores, is in it. The *floor* is one typed `read_csv` of the very same gzip files into "
            "a table of a new DuckDB file, insertion order off, closed at the end. Medians of the turns; memory is the "
            "greatest resident size of the process: of "
            + "; ".join(f"{size.rows:,} rows {', '.join(f'{peak:,.0f}' for peak in size.peaks)} MB" for size in sizes)
            + ". DuckDB keeps within a limit that follows from columns and processors, and fills it at both sizes."
        ],
    )


def _size(folder: Path, rows: int, turns: int, say: Say, peaks: int = 0) -> Size:
    say(f"making an org of {rows:,} contacts")
    with bench_org(folder, rows) as org:
        fields = run_child("benchmarks.work:sixty_fields", login=org.login).result
        landed = run_child("benchmarks.work:land", login=org.login, folder=str(folder / "landed"), fields=fields).result
        files = landed["files"]
        size = sum(Path(file).stat().st_size for file in files)
        taken = []
        for number in range(turns):
            say(f"{rows:,} contacts: turn {number + 1} of {turns}")
            taken.append(_turn(org, folder, fields, landed))
        seen = [turn.ours.peak_mb for turn in taken]
        while len(seen) < peaks:
            say(f"{rows:,} contacts: memory of import {len(seen) + 1} of {peaks}")
            seen.append(_import(org, folder, fields).peak_mb)
        shutil.rmtree(folder / "landed")
    for file in folder.glob("org-*"):
        file.unlink()
    return Size(landed["rows"], size, len(files), taken, seen)


def _turn(org: BenchOrg, folder: Path, fields: list[str], landed: dict[str, object]) -> Turn:
    spent = org.cpu_seconds
    database = folder / "floor.duckdb"
    ours = _import(org, folder, fields)
    spent, making = org.cpu_seconds - spent, org.job_seconds()
    floor = run_child("benchmarks.work:floor", files=landed["files"], types=landed["types"], database=str(database))
    database.unlink()
    if not ours.result["rows"] == floor.result == landed["rows"]:
        raise SystemExit(f"not the same rows: {ours.result['rows']:,}, {floor.result:,}, {landed['rows']:,}")
    return Turn(ours, floor, making, spent)


def _import(org: BenchOrg, folder: Path, fields: list[str]) -> Ran:
    """An import into a new warehouse, which is removed."""
    warehouse = folder / "warehouse"
    ran = run_child("benchmarks.work:import_contacts", login=org.login, folder=str(warehouse), fields=fields)
    shutil.rmtree(warehouse)
    return ran


def _times(sizes: list[Size]) -> Table:
    columns = ["Rows", "Wall s", "The org's job s", "Ours s", "Floor s", "Ours / floor", "Rows/s of ours"]
    rows = [
        [
            f"{size.rows:,}",
            f"{size.middle(lambda turn: turn.ours.seconds):.1f}",
            f"{size.middle(lambda turn: turn.making):.1f}",
            f"{(own := size.middle(lambda turn: turn.own_seconds)):.1f}",
            f"{size.middle(lambda turn: turn.floor.seconds):.1f}",
            f"{size.times_floor:.2f}",
            f"{size.rows / own:,.0f}",
        ]
        for size in sizes
    ]
    return Table("", columns, rows)


def _shape(sizes: list[Size]) -> Table:
    columns = [
        "Rows",
        "Pages",
        "MB as gzip",
        "The org's CPU s",
        "Ours CPU s",
        "Floor CPU s",
        "Ours / floor, CPU",
        "Ours MB",
        "Floor MB",
    ]
    columns += ["API calls", "Calls per million rows"]
    rows = [
        [
            f"{size.rows:,}",
            f"{size.pages}",
            f"{size.bytes / MB:,.0f}",
            f"{size.middle(lambda turn: turn.org_cpu):.1f}",
            f"{(own := size.middle(lambda turn: turn.ours.cpu_seconds)):.1f}",
            f"{(least := size.middle(lambda turn: turn.floor.cpu_seconds)):.1f}",
            f"{own / least:.2f}",
            f"{size.peak_mb:,.0f}",
            f"{max(turn.floor.peak_mb for turn in size.turns):,.0f}",
            f"{size.api_calls}",
            f"{size.api_calls * 1e6 / size.rows:,.0f}",
        ]
        for size in sizes
    ]
    return Table("", columns, rows)


def _steps(size: Size) -> Table:
    """How many seconds each step of the first turn took, by the moments at which the import told of it."""
    ours = size.turns[0].ours
    moments = {"start": 0.0} | ours.result["moments"]
    ends = [*list(moments.values())[1:], ours.seconds]
    rows = [
        [STEPS.get(step, step), f"{end - begin:.2f}"] for (step, begin), end in zip(moments.items(), ends, strict=True)
    ]
    return Table(
        f"The steps of the first turn with {size.rows:,} rows, from the moment each began:", ["Step", "s"], rows
    )
