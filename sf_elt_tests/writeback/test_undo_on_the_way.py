"""Undo of what a run made on the way for its own records: it goes after them, unless something hangs on it."""

import pytest

from sf_elt.salesforce import OrgUnavailable, query_records
from sf_elt.warehouse import CallLedger, JobMeter
from sf_elt.writeback import ExportReport, plan_undo, run_undo
from sf_elt_tests.writeback.conftest import Loop
from sf_elt_tests.writeback.people import NOW
from sf_elt_tests.writeback.test_creating import person
from sf_elt_tests.writeback.test_references import CONTACTS


def _at(company: str, name: str, domain: str):
    return person(name, f"{name}@{domain}".lower(), company=company)


def _undo(loop: Loop, **asked) -> ExportReport:
    return run_undo(loop.org, loop.warehouse, CONTACTS, now=NOW, run_id=f"undo-{next(loop.runs)}", **asked)


def _accounts(loop: Loop, like: str) -> dict[str, str]:
    rows = query_records(loop.org, f"SELECT Id, Name FROM Account WHERE Name LIKE '{like}' ORDER BY Name")
    return {str(row["Name"]): str(row["Id"]) for row in rows}


def _make(loop: Loop, object_name: str, **values: object) -> str:
    return str(loop.org.session.post(loop.org.url(f"sobjects/{object_name}"), json=values).json()["id"])


def test_accounts_that_were_made_for_contacts_go_after_them(loop):
    """Those that nobody uses by then: not one with somebody's opportunity, or that somebody edited; each is told."""
    held = _make(loop, "Account", Name="Way Held")
    people = [_at(f"Way {name}", name, "way.example") for name in ("Held", "Alone", "Sold", "Edited", "Called")]
    loop.fill([*people, _at("Way Alone", "Second", "way.example")])
    assert loop.run(CONTACTS).by_operation == {"create": 6}
    made = _accounts(loop, "Way %")
    _make(loop, "Opportunity", Name="Won", StageName="Prospecting", CloseDate="2030-01-01", AccountId=made["Way Sold"])
    _make(loop, "Task", Subject="Call", WhatId=made["Way Called"])
    loop.org.session.patch(loop.org.url(f"sobjects/Account/{made['Way Edited']}"), json={"Phone": "theirs"})
    loop.levers.calls.clear()
    look = plan_undo(loop.org, loop.warehouse, CONTACTS, now=NOW, run_id="look", dry_run=True)
    (accounts,) = look.afterwards
    assert look.plan.rows_by_operation == {"delete": 6}
    assert [step.written.record_id for step in accounts.steps] == [made["Way Alone"]]
    kept = {each.written.record_id: each.code for each in accounts.kept}
    assert kept == {made["Way Sold"]: "IN_USE", made["Way Edited"]: "WORKED_ON", made["Way Called"]: "WORKED_ON"}
    assert len(loop.levers.calls.all()) == look.plan.api_calls < 12
    report = _undo(loop)
    assert (report.by_operation, report.set_aside, report.failed) == ({"delete": 7}, 3, 0)
    assert _accounts(loop, "Way %") == {name: an_id for name, an_id in made.items() if name != "Way Alone"}
    assert held in made.values()
    assert loop.select("SELECT export, status FROM writeback.plans WHERE operation = 'undo' ORDER BY 1") == [
        ("contacts", "done"),
        ("contacts_account", "done"),
    ]
    forced = _undo(loop, undoes="run-0", force=True)
    assert (forced.by_operation, forced.set_aside) == ({"delete": 2}, 1)
    assert list(_accounts(loop, "Way %")) == ["Way Held", "Way Sold"]


@pytest.mark.soak
def test_what_was_made_on_the_way_is_made_again_for_another_record(loop):
    """Undone contacts stay undone, and no account comes back for them; a new contact of the company gets a new one."""
    loop.fill([_at("Again Ltd", "Ann", "again.example")])
    loop.run(CONTACTS)
    first = _accounts(loop, "Again Ltd")
    assert _undo(loop).by_operation == {"delete": 2}
    assert loop.run(CONTACTS).planned == 0
    assert _accounts(loop, "Again Ltd") == {}
    loop.fill([_at("Again Ltd", "Ann", "again.example"), _at("Again Ltd", "Bob", "again.example")])
    assert loop.run(CONTACTS).by_operation == {"create": 1}
    assert _accounts(loop, "Again Ltd").keys() == first.keys()
    assert _accounts(loop, "Again Ltd") != first


@pytest.mark.soak
def test_an_account_that_a_later_run_refers_to_goes_with_that_one(loop):
    """While another run's contact is there it stays; the undo of that run takes it, too."""
    loop.fill([_at("Shared Ltd", "Ann", "shared.example")])
    loop.run(CONTACTS)
    loop.fill([_at("Shared Ltd", "Ann", "shared.example"), _at("Shared Ltd", "Bob", "shared.example")])
    loop.run(CONTACTS)
    first = _undo(loop, undoes="run-0")
    assert (first.by_operation, first.set_aside) == ({"delete": 1}, 1)
    assert len(_accounts(loop, "Shared Ltd")) == 1
    second = _undo(loop)
    assert (second.undoes, second.by_operation) == ("run-1", {"delete": 2})
    assert _accounts(loop, "Shared Ltd") == {}


@pytest.mark.soak
@pytest.mark.parametrize("broken", ["calls", "answer"])
def test_an_undo_that_ends_before_what_was_made_on_the_way_goes_on(loop, tmp_path, broken):
    """Out of calls, or without the answer to the delete of accounts: the next run goes on, nothing is done twice."""
    domain = f"{broken}.example"
    loop.fill([_at(f"Broken {broken} {name}", name, domain) for name in ("Ann", "Bob")])
    loop.run(CONTACTS)
    if broken == "calls":
        ledger = CallLedger(tmp_path / "calls.sqlite")
        loop.levers.calls.clear()
        plan_undo(loop.org, loop.warehouse, CONTACTS, now=NOW, run_id="look", dry_run=True)
        with loop.org.counted_by(JobMeter(ledger, "export:contacts", loop.org.host, limit=4)):
            assert _undo(loop).paused_until is not None
    else:
        delete = {"path": "/composite/sobjects$", "method": "DELETE", "after": 1}
        loop.levers.faults.plan({**delete, "drop": "after", "times": 1}, {**delete, "drop": "before", "times": 5})
        with pytest.raises(OrgUnavailable):
            _undo(loop)
        loop.levers.faults.clear()
    report = loop.run(CONTACTS)
    assert (report.undoes, report.waiting, report.failed) == ("run-0", 0, 0)
    assert _accounts(loop, f"Broken {broken} %") == {}
    deleted = loop.select("SELECT record_id FROM writeback.sync_log WHERE operation = 'delete' AND code IS NULL")
    assert len(deleted) == len(set(deleted)) == (4 if broken == "calls" else 2)
    assert loop.run(CONTACTS).planned == 0
