"""Exports that end at the worst moment: the next run finds out what happened before it sends anything."""

import subprocess
import sys
import time

import pytest
import requests

from sf_elt.salesforce import OrgUnavailable
from sf_elt_tests.writeback.conftest import SPEC
from sf_elt_tests.writeback.people import Person

COLLECTIONS = "/composite/sobjects$"
NEVER = 600  # seconds of delay: longer than any test


def _people(ids):
    return [
        Person(f"p{number}", [record_id], ["Hot"], None, {"title": f"T{number}"})
        for number, record_id in enumerate(ids)
    ]


def _kill_once_played(process: subprocess.Popen[bytes], loop, fault: int) -> None:
    """Waits until the org has met that fault, then ends the process with SIGKILL."""
    while process.poll() is None:
        faults = requests.get(f"{loop.levers.instance_url}/demo/faults", timeout=10).json()
        if faults[fault]["played"]:
            process.kill()
            break
        time.sleep(0.02)
    assert process.wait() == -9, "the export ended before it could be killed"


@pytest.mark.soak
@pytest.mark.kill
@pytest.mark.parametrize(
    ("faults", "confirmed", "in_doubt"),
    [
        pytest.param(
            [
                {"path": COLLECTIONS, "method": "PATCH", "after": 1, "drop": "after"},
                {"path": COLLECTIONS, "method": "PATCH", "after": 1, "delay": NEVER},
            ],
            2,
            2,
            id="after the second batch took effect, before its outcome was stored",
        ),
        pytest.param(
            [{"path": COLLECTIONS, "method": "PATCH", "after": 1, "delay": NEVER}],
            0,
            2,
            id="after the second request left, before it took effect",
        ),
        pytest.param(
            [{"path": "/composite/sobjects/Lead$", "delay": NEVER}],
            0,
            0,
            id="while it looks up what the records hold",
        ),
    ],
)
def test_an_export_killed_in_the_middle_ends_right(loop, login, faults, confirmed, in_doubt):
    """After SIGKILL the next run leaves log and org agreeing, and no record was written twice."""
    leads = 6
    ids = loop.make_leads(leads)
    loop.fill(_people(ids))
    spec = SPEC.model_copy(update={"batch_size": 2})
    loop.levers.faults.plan(*faults)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sf_elt_tests.writeback.export_once",
            str(loop.warehouse.root),
            login.instance_url,
            login.access_token,
            spec.model_dump_json(),
        ]
    )
    _kill_once_played(process, loop, len(faults) - 1)
    loop.levers.faults.clear()
    assert loop.select("SELECT count(*) FROM writeback.plan_rows WHERE status = 'in doubt'") == [(in_doubt,)]
    written_before = sum(rows or 0 for rows in loop.updates())

    report = loop.run(spec)
    assert report.confirmed_by_lookup == confirmed
    assert report.failed == report.waiting == 0
    assert written_before + sum(loop.updates()) == leads
    assert loop.held(ids, "Audiences__c", "Title") == [("Hot", f"T{number}") for number in range(leads)]
    assert loop.select("SELECT record_id, count(*) FROM writeback.sync_log GROUP BY ALL HAVING count(*) > 1") == []
    assert loop.select("SELECT status, count(*) FROM writeback.sync_log GROUP BY ALL") == [("succeeded", leads)]
    assert loop.run(spec).planned == 0


def test_an_answer_that_is_lost_is_looked_up(loop):
    """The write took effect and its answer never came: the next run asks the org and sends nothing again."""
    ids = loop.make_leads(3)
    loop.fill(_people(ids))
    loop.levers.faults.plan(
        {"path": COLLECTIONS, "method": "PATCH", "times": 1, "drop": "after"},
        {"path": COLLECTIONS, "drop": "before", "times": 5},
    )
    with pytest.raises(OrgUnavailable):
        loop.run()
    loop.levers.faults.clear()
    loop.updates()
    report = loop.run()
    assert (report.confirmed_by_lookup, report.planned, report.unchanged) == (3, 0, 3)
    assert loop.updates() == []
    assert loop.select("SELECT DISTINCT status, code, transport, changed_fields FROM writeback.sync_log") == [
        ("succeeded", "CONFIRMED_BY_LOOKUP", "lookup", ["Title", "Audiences__c"])
    ]


@pytest.mark.soak
def test_values_that_changed_while_in_doubt_are_sent(loop):
    """A record in doubt whose profile has changed since is confirmed as it was sent, then gets its new values."""
    ids = loop.make_leads(1)
    loop.fill(_people(ids))
    loop.levers.faults.plan({"path": COLLECTIONS, "method": "PATCH", "drop": "before", "times": 5})
    with pytest.raises(OrgUnavailable):
        loop.run()
    loop.levers.faults.clear()
    loop.fill([Person("p0", ids, ["VIP"])])
    report = loop.run()
    assert (report.confirmed_by_lookup, report.succeeded) == (0, 1)
    assert loop.held(ids, "Audiences__c") == [("VIP",)]
