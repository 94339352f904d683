"""The ledger of API calls: a rolling 24 hours, counted before a call leaves, across processes."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.warehouse import CallLedger, JobMeter
from sf_elt.warehouse.calls import DAY

GREEDY = """
import sys
from pathlib import Path
from sf_elt.warehouse import CallLedger
ledger = CallLedger(Path(sys.argv[1]))
print(sum(ledger.reserve("import:leads", 25, "GET", "/query") is None for _ in range(20)))
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
        free_at = ledger.reserve("import:leads", limit, "GET", "/query")
        if free_at is None:
            made.append(clock.now)
        else:
            assert clock.now < free_at.timestamp() <= clock.now + DAY
        assert sum(at > clock.now - DAY for at in made) <= limit


def test_pause_ends_when_it_says(tmp_path: Path) -> None:
    """The time that a refused call is given is the time at which it is let through."""
    clock = Clock()
    ledger = CallLedger(tmp_path / "calls.sqlite", clock)
    assert ledger.reserve("job", 1, "GET", "/query") is None
    clock.now += 10
    free_at = ledger.reserve("job", 1, "GET", "/query")
    assert free_at == datetime.fromtimestamp(1_000_000.0 + DAY, UTC)
    clock.now = free_at.timestamp()
    assert ledger.reserve("job", 1, "GET", "/query") is None


def test_processes_share_one_allowance(tmp_path: Path) -> None:
    """Two processes that spend at once get exactly the maximum between them."""
    command = [sys.executable, "-c", GREEDY, str(tmp_path / "calls.sqlite")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sum(int(process.communicate()[0]) for process in processes) == 25


def test_jobs_have_allowances_of_their_own(tmp_path: Path) -> None:
    """What one job has spent leaves another job's allowance alone."""
    ledger = CallLedger(tmp_path / "calls.sqlite")
    assert ledger.reserve("import:leads", 1, "GET", "/query") is None
    assert ledger.reserve("import:leads", 1, "GET", "/query") is not None
    assert ledger.reserve("export:leads", 1, "GET", "/query") is None


def test_the_org_keeps_its_reserve(tmp_path: Path) -> None:
    """When the org's own remaining calls are down to the reserve, nothing is called or counted."""
    meter = JobMeter(CallLedger(tmp_path / "calls.sqlite"), "import:leads", "org", limit=10, org_reserve=100)
    assert meter.reserve_call("GET", "/query") is None
    meter.note_allowance(4_900, 5_000)
    assert meter.reserve_call("GET", "/query") is not None
    assert (meter.made, meter.left) == (1, 9)
