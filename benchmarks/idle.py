"""What an hour costs in which nothing has changed, and what a window costs by its size: in API calls and seconds."""

from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.child import run_child
from benchmarks.orgs import bench_org
from benchmarks.report import Findings, Goal, Table

OBJECTS = ["Lead", "Contact", "Account", "Opportunity", "Campaign", "CampaignMember", "Task", "Case", "User"]
HOURS = 5
IDLE_ROWS = 200_000
WINDOW_ROWS = [100, 2_000, 20_000, 200_000]

Say = Callable[[str], None]


def measure_hours(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """Hourly windows of several objects without a change, after a first import."""
    contacts = min(rows, IDLE_ROWS)
    say(f"making an org of {contacts:,} contacts, and importing {len(OBJECTS)} objects of it")
    with bench_org(folder, contacts) as org:
        found = run_child(
            "benchmarks.work:idle_hours",
            login=org.login,
            folder=str(folder / "warehouse"),
            objects=OBJECTS,
            hours=HOURS,
        ).result
    each = {name: [(seconds, calls) for of, _, seconds, calls in found if of == name] for name in OBJECTS}
    calls = max(calls for _, _, _, calls in found)
    seconds = median(seconds for _, _, seconds, _ in found)
    return Findings(
        "An hour without a change",
        [
            Goal("idle hour: API calls an object", 1, calls, "calls"),
            Goal("idle hour: seconds of our own an object", 1, seconds, "s"),
        ],
        [
            Table(
                "",
                ["Object", "Seconds, median", "API calls, most"],
                [
                    [name, f"{median(s for s, _ in taken):.3f}", f"{max(c for _, c in taken)}"]
                    for name, taken in each.items()
                ],
            )
        ],
        [f"{HOURS} hours one after the other, in one process with one session, in an org of {contacts:,} contacts."],
    )


def measure_windows(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """API calls and seconds for a window of so many rows, by each transport."""
    written = []
    for number in [each for each in WINDOW_ROWS if each <= rows]:
        say(f"windows of {number:,} rows")
        with bench_org(folder, number) as org:
            for transport in ("rest", "bulk", "auto"):
                place = folder / f"{transport}-{number}"
                did = run_child(
                    "benchmarks.work:window_calls", login=org.login, folder=str(place), transport=transport
                ).result
                taken = f"auto: {did['transport']}" if transport == "auto" else transport
                written.append([f"{did['rows']:,}", taken, f"{did['api_calls']}", f"{did['seconds']:.1f}"])
    return Findings(
        "API calls by size of window",
        tables=[Table("", ["Rows", "Transport", "API calls", "s"], written)],
        notes=["Contacts with all their fields, from describe to commit, into a new warehouse."],
    )
