"""What a benchmark found: tables and goals, kept in results.json, shown on the terminal, written to docs/speed.md."""

import json
import os
import platform
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")
PAGE = ROOT / "docs" / "speed.md"

_HEAD = """# Speed

What an import costs: in time against the least that is possible and against other tools, in memory, in API calls; and
what profiles and scores cost, against bare algorithms and what else people would make them with. Every ratio is of one
run on one machine, whose sides take turns: three, of which the median counts, unless `--turns` says otherwise.
`make bench` measures everything anew and writes this page, in about 70 minutes; `make bench BENCH="--list"` names the
parts, `make bench BENCH="--only import --rows 200000"` tries one of them in short and writes nothing. Parts are
measured apart: the row of each goal says by which command and when, and below each part stands on what machine. Other
tools are measured where `make bench-peers` has installed them.
"""

_FEWER_ROWS = """**Drafts**, of other numbers of rows than `make bench` takes (`--rows`), where fixed costs weigh
otherwise: {parts}.
"""

_FEWER_TURNS = """**In fewer than three turns** (`--turns`), where one slow turn moves what a median would leave
alone: {parts}.
"""

TURNS = 3
"""Turns of the sides of a comparison, of which the median counts."""


@dataclass(frozen=True)
class Goal:
    """One figure and what it should be: `value` at most or at least `wanted`. Without a value it was not measured."""

    what: str
    wanted: float
    value: float | None
    unit: str = "×"
    at_most: bool = True

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value <= self.wanted if self.at_most else self.value >= self.wanted

    @property
    def row(self) -> list[str]:
        bound = f"{'≤' if self.at_most else '≥'} {self.wanted:,.4g} {self.unit}"
        measured = "not measured" if self.value is None else f"{self.value:,.3g} {self.unit}"
        return [self.what, bound, measured, {None: "–", True: "yes", False: "**no**"}[self.met]]


@dataclass(frozen=True)
class Table:
    """Rows of text under a caption; the first column is to the left, the others to the right."""

    caption: str
    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Findings:
    """What one part of the benchmark found, when, by which command and on which machine."""

    title: str
    goals: list[Goal] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    command: str = ""
    machine: str = ""
    at: str = ""
    seconds: float = 0.0

    @property
    def has_other_rows(self) -> bool:
        """Whether it was measured with other rows than usual."""
        return "--rows" in self.command or "--most-rows" in self.command

    @property
    def has_fewer_turns(self) -> bool:
        """Whether it was measured in fewer turns than usual."""
        turns = re.search(r"--turns[ =](\d+)", self.command)
        return turns is not None and int(turns[1]) < TURNS

    @property
    def by(self) -> str:
        """The command and the day, for a row of a table."""
        return f"`{self.command}`, {self.at.partition(' ')[0]}" if self.command else "–"


def machine() -> str:
    """CPU, cores, memory, and the versions that matter."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = named[0] if named else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def keep(parts: dict[str, Findings], order: list[str]) -> None:
    """Puts the parts in the place of what was known of them, and writes the page, its parts in this order."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known |= {name: asdict(found) for name, found in parts.items()}
    known = {name: known[name] for name in order if name in known}
    RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page({name: _read(found) for name, found in known.items()}), "utf-8")


def page(parts: dict[str, Findings]) -> str:
    """docs/speed.md."""
    goals = [[*goal.row, found.by] for found in parts.values() for goal in found.goals]
    rows = ", ".join(found.title for found in parts.values() if found.has_other_rows)
    turns = ", ".join(found.title for found in parts.values() if found.has_fewer_turns)
    short = [said.format(parts=titles) for said, titles in ((_FEWER_ROWS, rows), (_FEWER_TURNS, turns)) if titles]
    written = [_HEAD, *short, "## Goals\n"]
    written.append(_markdown(Table("", ["What", "Goal", "Measured", "Met", "By"], goals)))
    for found in parts.values():
        written.append(f"## {found.title}\n")
        written += [_markdown(table) for table in found.tables]
        written += [note + "\n" for note in found.notes]
        written.append(f"{found.at}, {found.seconds:,.0f} s, `{found.command}` on {found.machine}.\n")
    return "\n".join(written)


def today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _markdown(table: Table) -> str:
    lines = [f"| {' | '.join(table.columns)} |", f"|---|{'---:|' * (len(table.columns) - 1)}"]
    lines += [f"| {' | '.join(row)} |" for row in table.rows]
    return (f"{table.caption}\n\n" if table.caption else "") + "\n".join(lines) + "\n"


def _read(found: dict[str, object]) -> Findings:
    def each(name: str) -> Iterable[dict[str, object]]:
        return found[name]  # type: ignore[return-value]  # a list in the file that keep() wrote

    parts = {"goals": [Goal(**goal) for goal in each("goals")], "tables": [Table(**table) for table in each("tables")]}  # type: ignore[arg-type]
    return Findings(**(found | parts))  # type: ignore[arg-type]
