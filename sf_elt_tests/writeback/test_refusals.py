"""What the org says no to for now, and what it says no to as a whole."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from sf_elt.salesforce import Login, Org, Patience, connect
from sf_elt.writeback import plan_export, send_plan
from sf_elt_tests.writeback.conftest import SPEC
from sf_elt_tests.writeback.meddler import MALFORMED, Meddler, meddling_with
from sf_elt_tests.writeback.people import NOW, Person
from sf_elt_tests.writeback.test_creating import UPSERT, person


@pytest.fixture
def meddled(login: Login) -> Iterator[tuple[Org, Meddler]]:
    """A connection to the org through the meddler."""
    with meddling_with(login.instance_url) as (address, meddler):
        through = Login(instance_url=address, access_token=login.access_token)
        with closing(connect(through, patience=Patience(attempts=1))) as org:
            yield org, meddler


def _send(loop, org, run_id="run", spec=SPEC):
    """One run, and how long it paused before each further round."""
    pauses: list[float] = []
    plan = plan_export(org, loop.warehouse, spec, now=NOW, run_id=run_id)
    return send_plan(org, loop.warehouse, spec, plan, now=NOW, run_id=run_id, pause=pauses.append), pauses


def _people(ids):
    return [Person(f"p{number}", [record_id], ["Hot"]) for number, record_id in enumerate(ids)]


def test_a_locked_record_is_sent_again_in_the_same_run(loop, meddled):
    """UNABLE_TO_LOCK_ROW is logged, and only that record goes again after a pause."""
    org, meddler = meddled
    ids = loop.make_leads(3)
    loop.fill(_people(ids))
    meddler.locks[ids[1]] = 2
    report, pauses = _send(loop, org)
    assert (report.succeeded, report.failed, report.waiting) == (3, 0, 0)
    assert meddler.updates == [ids, [ids[1]], [ids[1]]]
    assert pauses == [1.0, 2.0]
    assert loop.select(
        "SELECT attempt, status, code, retryable FROM writeback.sync_log WHERE record_id = ? ORDER BY attempt", ids[1]
    ) == [
        (1, "failed", "UNABLE_TO_LOCK_ROW", True),
        (2, "failed", "UNABLE_TO_LOCK_ROW", True),
        (3, "succeeded", None, False),
    ]
    assert loop.select("SELECT count(*) FROM writeback.previous_values WHERE record_id = ?", ids[1]) == [(1,)]


@pytest.mark.soak
def test_a_record_that_stays_locked_is_sent_by_the_next_run(loop, meddled):
    """After three attempts the record has failed for this run; the next one tries again by itself."""
    org, meddler = meddled
    ids = loop.make_leads(2)
    loop.fill(_people(ids))
    meddler.locks[ids[0]] = 3
    report, _ = _send(loop, org)
    assert (report.succeeded, report.failed) == (1, 1)
    again, pauses = _send(loop, org, "next run")
    assert (again.planned, again.succeeded, pauses) == (1, 1, [])
    assert loop.held(ids, "Audiences__c") == [("Hot",), ("Hot",)]


def test_a_malformed_value_sets_one_record_aside_and_the_others_go(loop, meddled):
    """Where one value makes the org refuse the whole request, halving finds its record and every other is written."""
    org, meddler = meddled
    ids = loop.make_leads(9)
    people = _people(ids)
    people[5].values = {"title": MALFORMED}
    loop.fill(people)
    report, _ = _send(loop, org)
    assert (report.succeeded, report.set_aside, report.failed) == (8, 1, 0)
    assert len(meddler.updates) <= 9
    assert loop.select("SELECT record_id, status, code FROM writeback.sync_log WHERE status <> 'succeeded'") == [
        (ids[5], "set aside", "JSON_PARSER_ERROR")
    ]
    assert loop.held(ids, "Audiences__c") == [("Hot",)] * 5 + [(None,)] + [("Hot",)] * 3
    assert _send(loop, org, "next run")[0].refused_before == 1


@pytest.mark.soak
def test_what_was_refused_is_known_without_the_log(loop):
    """A plan does not read the whole log for it; a warehouse of an older version gets it from its log, once."""
    loop.make_leads(2, Email="twins@known.example")
    loop.fill([person("Ann", "twins@known.example"), person("Bob", "no address"), person("Eve", "eve@known.example")])
    report = loop.run(UPSERT)
    assert (report.set_aside, report.failed, report.succeeded) == (1, 1, 1)
    known = loop.select("FROM writeback.refusals ORDER BY code")
    assert [row[:2] for row in known] == [("people", "Ann"), ("people", "Bob")]
    with loop.warehouse.write() as connection:
        connection.execute("DROP TABLE writeback.refusals")
        connection.execute("DELETE FROM ops.installed")
    with loop.warehouse.write() as connection:
        assert connection.execute("FROM writeback.refusals ORDER BY code").fetchall() == known
        connection.execute("DELETE FROM writeback.sync_log")
    report = loop.run(UPSERT)
    assert (report.set_aside, report.refused_before, report.planned) == (1, 1, 0)
    assert loop.select("FROM writeback.sync_log") == []
