"""Two exports to one object at once, in two processes: what one has looked up still stands when it writes."""

import logging
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sf_elt.salesforce import query_records
from sf_elt.warehouse import WarehouseBusy, locks
from sf_elt_tests.writeback.conftest import Loop
from sf_elt_tests.writeback.test_crashes import NEVER
from sf_elt_tests.writeback.test_creating import UPSERT, person

LAST_LOOK = {"path": "/composite$", "body": "Contact", "delay": NEVER}
OTHER = UPSERT.model_copy(update={"name": "others", "fields": {"Phone": "title"}})


def _begin(loop: Loop, spec=UPSERT) -> subprocess.Popen[bytes]:
    """A process that exports, and has just been told that none of the people are there."""
    loop.levers.faults.plan(LAST_LOOK)
    login = loop.org.transport.login
    command = [
        sys.executable, "-m", "sf_elt_tests.writeback.export_once", str(loop.warehouse.root), login.instance_url or "",
        login.access_token or "", spec.model_dump_json(),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path.cwd())
    while not loop.levers.faults.planned()[0]["played"]:
        assert process.poll() is None
        time.sleep(0.02)
    return process


def test_overlapping_people_are_created_once(loop, caplog):
    """Both upsert by email and neither found the people they share: who comes second waits, and then finds them."""
    loop.fill([person(name, f"{name.lower()}@two.example") for name in ("Ann", "Bob", "Cyd")])
    with _begin(loop) as first, ThreadPoolExecutor(1) as pool, caplog.at_level(logging.WARNING):
        second = pool.submit(loop.run, OTHER)
        while "waiting for its end" not in caplog.text and not second.done():
            time.sleep(0.02)
        loop.levers.faults.clear()
        assert first.wait(timeout=60) == 0
        assert second.result(timeout=60).by_operation == {"update": 3}
    rows = query_records(loop.org, "SELECT Email, Title, Phone FROM Lead WHERE Email LIKE '%@two.example'")
    assert sorted((str(row["Email"]), row["Title"], row["Phone"]) for row in rows) == [
        (f"{name}@two.example", "Dr", "Dr") for name in ("ann", "bob", "cyd")
    ]


@pytest.mark.soak
def test_whoever_waits_too_long_is_told_for_what(loop, monkeypatch):
    """A run that does not end is named; once it was killed, the turn is free and nobody was made twice."""
    monkeypatch.setattr(locks, "LONGEST_TURN", 0.0)
    loop.fill([person("Ann", "ann@killed.example")])
    with _begin(loop) as first:
        with pytest.raises(WarehouseBusy, match=r"exports to 127\.0\.0\.1:\d+: another run has been at it"):
            loop.run(OTHER)
        first.kill()
    loop.levers.faults.clear()
    assert loop.run(OTHER).succeeded == 1
    assert loop.run(UPSERT).by_operation == {"update": 1}
    rows = query_records(loop.org, "SELECT Email FROM Lead WHERE Email = 'ann@killed.example'")
    assert len(list(rows)) == 1
