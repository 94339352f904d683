"""Every part of the benchmark runs in short and gives its figures; how good they are is for `make bench`."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import (
    building,
    environments,
    identity,
    idle,
    importing,
    increments,
    lines,
    merging,
    others,
    report,
    scoring,
)
from benchmarks.report import Findings, Goal, Table


def run_short(measure: object, folder: Path) -> Findings:
    told: list[str] = []
    found = measure(folder, rows=400, most_rows=0, turns=1, say=told.append)  # type: ignore[operator]
    assert told
    return found


def numbers_of(table: Table) -> list[list[float]]:
    """The cells that are numbers, row by row."""
    return [
        [float(cell.replace(",", "")) for cell in row if cell[:1].isdigit() and " " not in cell] for row in table.rows
    ]


@pytest.mark.soak
def test_an_import_is_measured_against_the_floor(tmp_path: Path) -> None:
    """Both bring the same rows; time and memory have their goals, and each step its seconds."""
    found = run_short(importing.measure, tmp_path)
    assert [goal.unit for goal in found.goals] == ["×", "MB"]
    assert all(goal.value is not None and goal.value > 0 for goal in found.goals)
    times, shape, steps = found.tables
    assert numbers_of(times)[0][0] == 400
    assert numbers_of(shape)[0][1] == 1
    assert len(steps.rows) >= 3


@pytest.mark.soak
def test_pages_over_a_slow_line_are_faster_side_by_side(tmp_path: Path) -> None:
    """Four pages, half a second to the first byte of each: one after the other waits for each of them."""
    found = run_short(lines.measure, tmp_path)
    (goal,) = found.goals
    assert goal.value is not None
    assert goal.value > 0
    assert [row[0] for row in found.tables[0].rows] == ["1", str(lines.SIDE_BY_SIDE)]


@pytest.mark.soak
def test_idle_hours_and_windows_are_counted_in_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour without a change is counted for each object, and a window for each transport."""
    monkeypatch.setattr(idle, "OBJECTS", ["Contact", "Account"])
    monkeypatch.setattr(idle, "HOURS", 1)
    hours = run_short(idle.measure_hours, tmp_path)
    assert [row[0] for row in hours.tables[0].rows] == idle.OBJECTS
    windows = run_short(idle.measure_windows, tmp_path)
    assert [row[:2] for row in windows.tables[0].rows] == [["100", "rest"], ["100", "bulk"], ["100", "auto: rest"]]
    assert all(1 <= int(row[2]) < 10 for row in windows.tables[0].rows)


@pytest.mark.soak
def test_merges_are_measured_against_merge_into(tmp_path: Path) -> None:
    """Both sizes have their ratio, and the greater one the seconds of a small merge."""
    found = run_short(merging.measure, tmp_path)
    assert [goal.unit for goal in found.goals] == ["×", "×", "s"]
    assert [row[:2] for row in found.tables[0].rows] == [["2,000", "40"], ["8,000", "40"]]


@pytest.mark.soak
def test_tools_that_are_not_installed_are_said_to_be_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without their environments the row says how to get them, and the goal is neither met nor missed."""
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / "none")
    found = run_short(others.measure, tmp_path)
    assert [goal.met for goal in found.goals] == [None, None, None]
    assert [row[2] for row in found.tables[0].rows[1:]] == [environments.NOT_INSTALLED] * 3


@pytest.mark.soak
def test_records_are_joined_as_the_bare_algorithm_and_recursion_join_them(tmp_path: Path) -> None:
    """All come to the same components, or the part fails; Splink, where it is installed, too."""
    found = run_short(identity.measure, tmp_path)
    assert [row[:2] for row in found.tables[0].rows] == [list(how) for how in identity.HOW.values()]
    assert all(goal.value is None or goal.value > 0 for goal in found.goals)


@pytest.mark.soak
def test_profiles_of_streams_are_built_and_compared(tmp_path: Path) -> None:
    """Rows of all streams become profiles; those of pandas, where it is installed, are the same or the part fails."""
    found = run_short(building.measure, tmp_path)
    assert [goal.unit for goal in found.goals] == ["s", "MB", "×"]
    assert numbers_of(found.tables[0])[0][0] == 2000


@pytest.mark.soak
def test_an_increment_is_the_full_build_of_the_same_changes(tmp_path: Path) -> None:
    """It makes fewer profiles anew and leaves the same tables, or the part fails."""
    found = run_short(increments.measure, tmp_path)
    (some, every) = [int(row[1].replace(",", "")) for row in found.tables[0].rows]
    assert 0 < some < every


@pytest.mark.soak
def test_scores_of_many_events_are_compared(tmp_path: Path) -> None:
    """Fifty events a person are scored; the scores of pandas, where it is installed, are the same or the part fails."""
    found = run_short(scoring.measure, tmp_path)
    assert numbers_of(found.tables[0])[0][:2] == [20_000, 400]


def test_the_page_names_machine_command_and_what_was_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is measured anew takes the place of what was known of it; the others stay."""
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(report, "PAGE", tmp_path / "speed.md")
    order = ["import", "idle"]
    first = Findings("Import", [Goal("time", 1.3, 2.0)], [Table("", ["Rows", "s"], [["7", "8"]])], machine="a machine")
    report.keep({"import": first, "idle": Findings("Idle", [Goal("calls", 1, 1)], command="make bench")}, order)
    report.keep({"import": Findings("Import", [Goal("time", 1.3, 1.2)], machine=report.machine())}, order)
    written = (tmp_path / "speed.md").read_text()
    assert "| time | ≤ 1.3 × | 1.2 × | yes | – |" in written
    assert "**no**" not in written
    assert "`make bench`" in written
    assert "DuckDB" in written


def test_what_was_measured_in_short_is_said_so() -> None:
    """Each goal names its command and day; parts of fewer rows, or turns, are named at the top, a whole one is not."""
    whole = Findings("Whole", [Goal("calls", 1, 1)], command="make bench", at="2026-11-22 00:48 UTC")
    short = replace(whole, title="Short", command='make bench BENCH="--only idle --turns 1 --write"')
    small = replace(whole, title="Small", command='make bench BENCH="--only idle --rows 2000 --turns 3 --write"')
    written = report.page({"import": whole, "idle": short, "windows": small})
    assert "leave\nalone: Short.\n" in written
    assert "weigh\notherwise: Small.\n" in written
    assert "| calls | ≤ 1 × | 1 × | yes | `make bench`, 2026-11-22 |" in written
    assert f"| `{short.command}`, 2026-11-22 |" in written
    unsaid = report.page({"import": whole})
    assert "leave\nalone:" not in unsaid
    assert "weigh\notherwise:" not in unsaid
