"""Reconciliations, refreshes, whole reads and event files killed at random moments: the next plain run makes it right.

SOAK_PEOPLE chooses how many leads and contacts the org has.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from sf_elt.demo_org.serve import Details, start_demo_org
from sf_elt.salesforce import JobPatience
from sf_elt.warehouse import Warehouse
from sf_elt_tests.orgs import levers
from sf_elt_tests.soak.support import KILLS, SEED, killed, moments, seconds_of, start
from sf_elt_tests.streams.events.importing_process import read_events
from sf_elt_tests.streams.faulty import Bench, left_over, rows, state
from sf_elt_tests.streams.support import importing
from sf_elt_tests.streams.upkeep_process import PIECES, piece

PEOPLE = int(os.environ.get("SOAK_PEOPLE", "10000"))
PAGE_ROWS = max(200, PEOPLE // 20)
NEW_EVENTS = 30_000  # rows that are written before each kill

# What a kill may cost at most: the replies that were on their way (of bulk pages twelve at once, and their addresses),
# the describe and the survey of the run that takes over, and looks at the job, of which a busy machine needs some more.
MOST_WASTED = JobPatience().side_by_side + 10
LOGS = ("windows", "reconciliations", "refreshes")

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]


@pytest.fixture
def org_process() -> Iterator[Details]:
    """An org in a process of its own."""
    with start_demo_org(seed=7, records=PEOPLE) as org:
        yield org.details


def _is_committed(org: Details, folder: Path) -> bool:
    """Whether the killed process has recorded what it did, beside the import that made the standing stream."""
    with importing(org, folder) as importer:
        tables = importer.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'ops'")
        counted = [importer.sql(f"SELECT count(*) FROM ops.{log}")[0][0] for log in LOGS if (log,) in tables]
    return sum(map(int, map(str, counted))) > 1


def _begin(org: Details, bench: Bench, folder: Path) -> Popen[str]:
    arguments = [org.instance_url, org.access_token, str(folder), bench.work.name, str(PAGE_ROWS), "-"]
    return start("sf_elt_tests.streams.upkeep_process", *arguments)


def _kill_one(org: Details, bench: Bench, after: float) -> tuple[bool, bool, int]:
    """Kills the work after so many seconds and runs it again: whether it was killed, had committed, calls wasted."""
    work = bench.work
    folder = bench.new_folder()
    with importing(org, folder) as importer:
        before = rows(importer, work.spec)
    levers(org).calls.clear()
    was_killed = killed(_begin(org, bench, folder), after)
    has_committed = _is_committed(org, folder)
    assert has_committed or was_killed
    with importing(org, folder) as importer:
        assert has_committed or rows(importer, work.spec) == before
        work.do(importer, work.spec)
        assert state(importer, work.spec) == bench.right
        assert left_over(importer) == []
        assert importer.sql("SELECT count(*) - count(DISTINCT record_id) FROM ops.vanished") == [(0,)]
    return was_killed, has_committed, len(levers(org).calls.all()) - bench.calls


def test_upkeep_killed_at_random_moments_ends_right(org_process: Details, tmp_path: Path) -> None:
    """Nothing has moved or all of it; after one rerun the stream is as an undisturbed run leaves it, each row once."""
    print(f"\nupkeep of {PEOPLE:,} people: SOAK_SEED={SEED} SOAK_KILLS={KILLS}")
    began = time.monotonic()
    chosen = moments(SEED)
    for number, work in enumerate(PIECES):
        share = KILLS * (number + 1) // len(PIECES) - KILLS * number // len(PIECES)
        bench = Bench(org_process, piece(work.name, PAGE_ROWS), tmp_path / work.name)
        print(f"{work.name}: {_kill_often(org_process, bench, share, chosen)}")
    print(f"{time.monotonic() - began:.0f} s")


def _kill_often(org: Details, bench: Bench, kills: int, chosen: Iterator[float]) -> str:
    """What came of so many kills of one piece of work. (Others may change the org, so one comes after the other.)"""
    seconds = seconds_of(_begin(org, bench, bench.new_folder()))
    made = committed = done_before = 0
    wasted: list[int] = []
    while made < kills:
        was_killed, has_committed, calls = _kill_one(org, bench, next(chosen) * seconds)
        made += was_killed
        done_before += not was_killed
        committed += was_killed and has_committed
        if not has_committed:
            assert calls <= MOST_WASTED
            wasted.append(calls)
    return (
        f"{made} kills ({committed} after the commit), {done_before} ended before the kill, each made right by one "
        f"rerun; {sum(wasted)} calls wasted, at most {max(wasted, default=0)} by one kill "
        f"(undisturbed: {bench.calls} calls, {seconds:.1f} s)"
    )


def _write_events(folder: Path, first: int, choose: random.Random) -> int:
    """Appends rows to files that grow, and a line that is none, and adds a whole file; how many rows there are now."""
    third = NEW_EVENTS // 3
    for file, line in (
        (folder / f"{choose.choice('ab')}.jsonl", '{{"occurred_at": "2026-01-01", "title": "{}"}}\n'),
        (folder / f"{choose.choice('ab')}.csv", "2026-01-01,{}\n"),
    ):
        is_new = not file.exists()
        with file.open("a") as body:
            if is_new and file.suffix == ".csv":
                body.write("occurred_at,title\n")
            body.writelines(line.format(number) for number in range(first, first + third))
            body.write(line.format(first).replace("2026-01-01", "one day"))
        first += third
    titles = [str(number) for number in range(first, first + third)]
    parquet.write_table(pa.table({"occurred_at": ["2026-01-01"] * third, "title": titles}), folder / f"{first}.parquet")
    return first + third


def test_event_files_killed_at_random_moments_come_once(tmp_path: Path) -> None:
    """Files grow, reads are killed: after one rerun each row is in the stream once, each bad line set aside once."""
    print(f"\nevent files: SOAK_SEED={SEED} SOAK_KILLS={KILLS}")
    folder, warehouse = tmp_path / "events", Warehouse(tmp_path / "warehouse")
    folder.mkdir()
    choose = random.Random(SEED)

    def reading():
        return start("sf_elt_tests.streams.events.importing_process", str(warehouse.root), str(folder))

    written = _write_events(folder, 0, choose)
    seconds = seconds_of(reading())
    rounds, kills, committed, done_before = 1, 0, 0, 0
    for moment in moments(SEED):
        if kills == KILLS:
            break
        before = written
        written = _write_events(folder, written, choose)
        rounds += 1
        was_killed = killed(reading(), moment * seconds)
        with warehouse.read() as connection:
            [(standing,)] = connection.execute("SELECT count(*) FROM streams.web_events").fetchall()
        assert before <= standing <= written
        read_events(warehouse.root, folder)
        with warehouse.read() as connection:
            found = connection.execute("SELECT count(*), count(DISTINCT title) FROM streams.web_events").fetchall()
            aside = connection.execute("SELECT count(*) FROM ops.set_aside").fetchall()
        assert (found, aside) == ([(written, written)], [(2 * rounds,)])
        kills += was_killed
        done_before += not was_killed
        committed += was_killed and standing > before
        print(".", end="", flush=True)
    print(
        f"\n{kills} kills of reads of {NEW_EVENTS:,} new rows in {seconds:.1f} s ({committed} after a commit), "
        f"{done_before} ended before the kill; {written:,} rows in the end"
    )
