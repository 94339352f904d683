"""The ledger of API calls: a rolling 24 hours, counted before a call leaves, across processes."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.warehouse import CallLedger, JobMeter, Pause, Warehouse, WarehouseUnreadable
from sf_elt.warehouse.calls import DAY, HOUR
from sf_elt.warehouse.calls_standing import CallsStanding, calls_standing
from sf_elt.warehouse.sqlite_file import SqliteFile

GREEDY = """
import sys
from pathlib import Path
from sf_elt.warehouse import CallLedger, WarehouseUnreadable
ledger = CallLedger(Path(sys.argv[1]))
print(sum(ledger.reserve("import:leads", 25, "GET", "/query") is None for _ in range(20)))
"""

SPENDER = """
import resource, sys
from pathlib import Path
from sf_elt.warehouse import CallLedger, WarehouseFull, WarehouseUnreadable
ledger = CallLedger(Path(sys.argv[1]))
ledger.reserve("import:leads", None, "GET", "/query")
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    while True:
        ledger.reserve("import:leads", None, "GET", "/query" * 50)
except WarehouseFull as error:
    print("full:", error)
"""


@dataclass
class Clock:
    """A clock that a test turns by hand; seconds since 1970."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(0, 4), pauses=st.lists(st.integers(0, int(DAY)), max_size=12))
def test_never_more_than_the_maximum_in_any_24_hours(
    tmp_path_factory: pytest.TempPathFactory, limit: int, pauses: list[int]
) -> None:
    """Whatever the pauses between calls, no rolling 24 hours hold more calls than the maximum."""
    clock = Clock()
    ledger = CallLedger(tmp_path_factory.mktemp("ledger") / "calls.sqlite", clock)
    made: list[float] = []
    for pause in pauses:
        clock.now += pause
        pause = ledger.reserve("import:leads", limit, "GET", "/query")
        if pause is None:
            made.append(clock.now)
        else:
            assert clock.now < pause.until.timestamp() <= clock.now + DAY
        assert sum(at > clock.now - DAY for at in made) <= limit


def test_pause_ends_when_it_says(tmp_path: Path) -> None:
    """The time that a refused call is given is the time at which it is let through."""
    clock = Clock()
    ledger = CallLedger(tmp_path / "calls.sqlite", clock)
    assert ledger.reserve("job", 1, "GET", "/query") is None
    clock.now += 10
    pause = ledger.reserve("job", 1, "GET", "/query")
    assert pause == Pause(
        datetime.fromtimestamp(1_000_000.0 + DAY, UTC), "job has made its daily maximum of 1 API calls"
    )
    clock.now = pause.until.timestamp()
    assert ledger.reserve("job", 1, "GET", "/query") is None


def test_processes_share_one_allowance(tmp_path: Path) -> None:
    """Two processes that spend at once get exactly the maximum between them."""
    command = [sys.executable, "-c", GREEDY, str(tmp_path / "calls.sqlite")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sum(int(process.communicate()[0]) for process in processes) == 25


@pytest.mark.parametrize("kind", ["calls", "alerts"])
def test_two_that_make_the_file_at_once_wait_for_each_other(tmp_path: Path, kind: str) -> None:
    """While another process still makes the file, SQLite refuses its WAL mode at once: that is waited out, not told."""
    file = tmp_path / "new.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as maker, ThreadPoolExecutor() as threads:
        maker.execute("BEGIN IMMEDIATE")
        second = threads.submit(_first_use, kind, file)
        assert not wait([second], timeout=0.1).done, second.exception()
        maker.execute("ROLLBACK")
        assert second.result() == 1


def _first_use(kind: str, file: Path) -> int:
    if kind == "calls":
        ledger = CallLedger(file)
        ledger.reserve("import:leads", None, "GET", "/query")
        return ledger.spent("import:leads")
    with SqliteFile(file, "CREATE TABLE IF NOT EXISTS notes (note);").transaction() as connection:
        return connection.execute("INSERT INTO notes VALUES ('a')").rowcount


def test_jobs_have_allowances_of_their_own(tmp_path: Path) -> None:
    """What one job has spent leaves another job's allowance alone."""
    ledger = CallLedger(tmp_path / "calls.sqlite")
    assert ledger.reserve("import:leads", 1, "GET", "/query") is None
    assert ledger.reserve("import:leads", 1, "GET", "/query") is not None
    assert ledger.reserve("export:leads", 1, "GET", "/query") is None


def test_the_org_keeps_its_reserve(tmp_path: Path) -> None:
    """When the org's own remaining calls are down to the reserve, nothing is called or counted, and that is said."""
    meter = JobMeter(CallLedger(tmp_path / "calls.sqlite"), "import:leads", "org", limit=10, org_reserve=100)
    assert meter.reserve_call("GET", "/query") is None
    meter.note_allowance(4_900, 5_000)
    pause = meter.reserve_call("GET", "/query")
    assert pause is not None
    assert pause.reason == "the org's reserve of 100 API calls is reached (4,900 of 5,000 used)"
    assert (meter.made, meter.left) == (1, 9)


def test_the_orgs_word_counts_for_an_hour(tmp_path: Path) -> None:
    """Then a call looks again: what the org says then either renews the pause or ends it."""
    clock = Clock()
    meter = JobMeter(CallLedger(tmp_path / "calls.sqlite", clock), "import:leads", "org")
    meter.note_allowance(5_000, 5_000)
    for used, pauses in ((5_000, True), (4_000, False)):
        pause = meter.reserve_call("GET", "/query")
        assert pause is not None
        assert pause.until.timestamp() == clock.now + HOUR
        clock.now = pause.until.timestamp()
        assert meter.reserve_call("GET", "/query") is None
        meter.note_allowance(used, 5_000)
        assert (meter.reserve_call("GET", "/query") is not None) is pauses


def test_one_meter_looks_for_all(tmp_path: Path) -> None:
    """Its calls pass until the org has spoken, since a login may come first; the others wait for that."""
    clock = Clock()
    ledger = CallLedger(tmp_path / "calls.sqlite", clock)
    first, second = (JobMeter(ledger, job, "org", org_reserve=10) for job in ("import:leads", "export:leads"))
    first.note_allowance(95, 100)
    clock.now += HOUR
    assert first.reserve_call("POST", "/services/Soap/u/62.0") is None
    clock.now += 60
    waiting = second.reserve_call("GET", "/query")
    assert waiting is not None
    assert waiting.until.timestamp() == clock.now - 60 + HOUR
    assert first.reserve_call("GET", "/query") is None
    first.note_allowance(50, 100)
    assert second.reserve_call("GET", "/query") is None


def test_a_meter_that_died_looking_holds_nobody_up_for_long(tmp_path: Path) -> None:
    """An hour after it left, the next one looks."""
    clock = Clock()
    ledger = CallLedger(tmp_path / "calls.sqlite", clock)
    died, other = (JobMeter(ledger, "import:leads", "org") for _ in range(2))
    died.note_allowance(100, 100)
    clock.now += HOUR
    assert died.reserve_call("GET", "/query") is None
    clock.now += HOUR - 1
    assert other.reserve_call("GET", "/query") is not None
    clock.now += 1
    assert other.reserve_call("GET", "/query") is None


def test_a_spent_job_does_not_look(tmp_path: Path) -> None:
    """Its own maximum comes first: it would keep others from looking."""
    clock = Clock()
    ledger = CallLedger(tmp_path / "calls.sqlite", clock)
    spent, other = JobMeter(ledger, "import:leads", "org", limit=0), JobMeter(ledger, "export:leads", "org")
    other.note_allowance(100, 100)
    clock.now += HOUR
    pause = spent.reserve_call("GET", "/query")
    assert pause is not None
    assert pause.reason == "import:leads has a daily maximum of no API calls"
    assert other.reserve_call("GET", "/query") is None


def test_the_ledger_is_the_owners_alone_and_begins_anew_where_it_was_deleted(tmp_path: Path) -> None:
    """Also what SQLite keeps beside it; a process that has counted already goes on in a new file."""
    ledger = CallLedger(tmp_path / "calls.sqlite")
    for _ in range(2):
        assert ledger.reserve("job", 1, "GET", "/query") is None
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
        for file in tmp_path.iterdir():
            file.unlink()
    ledger.file.touch(0o644)
    assert ledger.spent("job") == 0
    assert ledger.file.stat().st_mode & 0o777 == 0o600


def test_the_ledger_is_set_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call costs a fraction of a millisecond: no tables, no modes and no checkpoint each time."""
    ledger = CallLedger(tmp_path / "calls.sqlite")
    ledger.reserve("job", None, "GET", "/query")
    monkeypatch.setattr(Path, "chmod", lambda *_: pytest.fail("set up again"))
    ledger.reserve("job", None, "GET", "/query")
    assert ledger.file.with_name("calls.sqlite-wal").exists(), "the log was written back when the call was counted"
    assert ledger.spent("job") == 2


def test_a_ledger_that_is_only_begun_has_no_calls_yet(tmp_path: Path) -> None:
    """Who looks while another process makes it, or after that one was killed, is told of no calls, and of no error."""
    warehouse = Warehouse(tmp_path)
    file = tmp_path / "calls.sqlite"
    file.touch()
    assert calls_standing(warehouse, datetime.now(UTC)) == CallsStanding({}, ())
    with closing(sqlite3.connect(file)) as begun:
        begun.execute("CREATE TABLE calls (call_id INTEGER PRIMARY KEY)")
        assert calls_standing(warehouse, datetime.now(UTC)) == CallsStanding({}, ())


def test_no_room_for_the_ledger_is_a_clear_error(tmp_path: Path) -> None:
    """A call that the disk has no room to count is not made, says so, and the ledger stays usable."""
    file = tmp_path / "calls.sqlite"
    spender = subprocess.run([sys.executable, "-c", SPENDER, str(file)], capture_output=True, text=True, check=False)
    assert spender.stdout.startswith(f"full: no room for {file}"), spender.stderr
    ledger = CallLedger(file)
    before = ledger.spent("import:leads")
    assert ledger.reserve("import:leads", None, "GET", "/query") is None
    assert ledger.spent("import:leads") == before + 1


def test_a_torn_ledger_says_what_to_do(tmp_path: Path) -> None:
    """It is named, and no call leaves uncounted."""
    (tmp_path / "calls.sqlite").write_text("no ledger")
    ledger = CallLedger(tmp_path / "calls.sqlite")
    with pytest.raises(WarehouseUnreadable, match=r"calls\.sqlite cannot be read.* move it away, and it begins anew"):
        ledger.reserve("import:leads", 10, "GET", "/")
