"""Exports: a plan of many records, and many updates planned, sent and confirmed, beside other ways to send them."""

from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.child import Ran, run_child
from benchmarks.orgs import bench_org
from benchmarks.report import Findings, Goal, Table

WORK = "benchmarks.write_back_work"
MOST_PLAN_SECONDS = 10.0
UPDATES = 100_000
SINGLE = 500  # records that are sent one by one, to know what one takes
MOST_CALLS = 30
CHANGED = 20  # of so many profiles one has changed

Say = Callable[[str], None]


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """The plan of as many records as the import has rows, then a tenth of them sent."""
    updates = min(UPDATES, max(1, rows // 10))
    with bench_org(folder / "org", updates + updates // 20) as org:
        say(f"planning {rows:,} records")
        planned = _planned(folder / "plan", org.login, rows, turns)
        say(f"sending {updates:,} updates")
        people = str(folder / "people")
        run_child(f"{WORK}:make_people", folder=people, rows=updates, login=org.login)
        ours = run_child(f"{WORK}:export", folder=people, login=org.login)
        single = run_child(f"{WORK}:one_by_one", login=org.login, rows=min(SINGLE, updates))
        many = run_child(f"{WORK}:two_hundred", login=org.login, rows=updates)
        dicts = run_child(f"{WORK}:simple_salesforce", login=org.login, rows=updates)
    plan_seconds = median(run.seconds for run in planned)
    one_by_one = single.seconds * updates / single.result
    calls = ours.result["calls"]
    return Findings(
        "Write-back",
        [
            Goal(f"plan of {rows:,} records", MOST_PLAN_SECONDS, plan_seconds, "s"),
            Goal(f"calls for {updates:,} changed records", MOST_CALLS, calls, "calls"),
        ],
        [
            _plans(rows, planned),
            Table(
                f"{updates:,} updates of four fields",
                ["How", "s", "CPU s", "MB", "Calls"],
                [
                    _row("sf_elt: planned, compared with the org, sent by bulk, confirmed, logged", ours, calls),
                    _row("simple-salesforce bulk2 with dicts: sent", dicts, None),
                    _row("200 in a call: sent", many, -(-updates // 200)),
                    [f"one in a call: sent ({single.result:,} measured)", f"{one_by_one:,.0f}", "", "", f"{updates:,}"],
                ],
            ),
        ],
        [
            f"A plan compares the wanted values of every profile (two user fields, audiences, scores) with what the "
            f"org last confirmed, after one in {CHANGED} has changed, and commits what differs. Sending is against the "
            "demo org on the same machine, which takes part of the time.",
        ],
    )


def _planned(folder: Path, login: dict[str, str], rows: int, turns: int) -> list[Ran]:
    run_child(f"{WORK}:make_people", folder=str(folder), rows=rows)
    run_child(f"{WORK}:confirm_all", folder=str(folder), login=login)
    runs = []
    for _ in range(turns):
        run_child(f"{WORK}:change_titles", folder=str(folder), share=CHANGED)
        runs.append(run_child(f"{WORK}:plan", folder=str(folder), login=login))
    return runs


def _plans(rows: int, runs: list[Ran]) -> Table:
    cells = [
        f"{rows:,}", f"{runs[0].result:,}", f"{median(run.seconds for run in runs):.1f}",
        f"{median(run.cpu_seconds for run in runs):.1f}", f"{max(run.peak_mb for run in runs):,.0f}",
    ]  # fmt: skip
    return Table("", ["Profiles", "Planned", "s", "CPU s", "MB"], [cells])


def _row(how: str, ran: Ran, calls: int | None) -> list[str]:
    spent = "" if calls is None else f"{calls:,}"
    return [how, f"{ran.seconds:.1f}", f"{ran.cpu_seconds:.1f}", f"{ran.peak_mb:,.0f}", spent]
