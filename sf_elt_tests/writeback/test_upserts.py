"""Upserts by an external id: what is found at the last moment is updated like any record, and goes back by an undo."""

import pytest

from sf_elt.writeback import plan_export, run_undo, send_plan
from sf_elt_tests.writeback.conftest import Loop
from sf_elt_tests.writeback.people import NOW
from sf_elt_tests.writeback.test_creating import UPSERT, person

KEYED = UPSERT.model_copy(
    update={"name": "keyed", "matchers": {"External_Id__c": "email"}, "external_id": "External_Id__c"}
)


def _found_meanwhile(loop: Loop, spec, name: str, **values: object):
    """Plans two new leads, of which somebody makes one before the plan is sent; both by their external ids."""
    keys = [f"{spec.name}-{name}-{each}" for each in ("found", "new")]
    loop.fill([person(key, email=key) for key in keys])
    plan = plan_export(loop.org, loop.warehouse, spec, now=NOW, run_id="run")
    assert plan.rows_by_operation == {"create": 2}
    (found,) = loop.make_leads(1, External_Id__c=keys[0], **values)
    report = send_plan(loop.org, loop.warehouse, spec, plan, now=NOW, run_id="run")
    ((new,),) = loop.select("SELECT record_id FROM writeback.sync_log WHERE operation = 'create' AND code IS NULL")
    return report, found, new


@pytest.mark.parametrize("transport", ["rest", pytest.param("bulk", marks=pytest.mark.soak)])
def test_a_record_that_an_upsert_finds_is_updated_and_put_back(loop, transport):
    """It gets no value that is for new ones only, keeps what stood there, and an undo restores it; made ones go."""
    spec = KEYED.model_copy(update={"transport": transport})
    report, found, new = _found_meanwhile(loop, spec, transport, Title="Was", Company="Theirs")
    assert report.by_operation == {"create": 1, "update": 1}
    assert loop.held([found, new], "Title", "Company") == [("Dr", "Theirs"), ("Dr", "[unknown]")]
    assert loop.run(spec).planned == 0
    undone = run_undo(loop.org, loop.warehouse, spec, now=NOW, run_id="undo", undoes="run")
    assert (undone.by_operation, undone.set_aside) == ({"delete": 1, "update": 1}, 0)
    assert loop.held([found], "Title", "Company") == [("Was", "Theirs")]
    assert loop.select("SELECT operation, status FROM writeback.sync_log WHERE run_id = 'undo' ORDER BY 1") == [
        ("delete", "succeeded"),
        ("update", "succeeded"),
    ]


@pytest.mark.soak
def test_what_only_creates_leaves_alone_what_it_finds(loop):
    """By `create` the record stays as somebody has made it, and the log says so."""
    spec = KEYED.model_copy(update={"operation": "create"})
    report, found, _ = _found_meanwhile(loop, spec, "create", Title="Was")
    assert (report.by_operation, report.set_aside) == ({"create": 1}, 1)
    assert loop.held([found], "Title") == [("Was",)]
    assert loop.select("SELECT subject_id FROM writeback.sync_log WHERE code = 'MATCHED_SINCE'") == [
        ("keyed-create-found",)
    ]
    assert loop.run(spec).planned == 0


@pytest.mark.soak
def test_what_is_found_when_it_is_sent_once_more_is_put_back_too(loop):
    """The org was busy for the first try, and somebody else has made the record by the second."""
    key = "keyed-again"
    loop.fill([person(key, email=key)])
    plan = plan_export(loop.org, loop.warehouse, KEYED, now=NOW, run_id="run")
    locked = [{"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "busy", "fields": []}]}]
    loop.levers.faults.plan(
        {"path": "/composite/sobjects/", "method": "PATCH", "reply": {"status": 200, "body": locked}}
    )
    made = list[str]()
    send_plan(
        loop.org, loop.warehouse, KEYED, plan, now=NOW, run_id="run",
        pause=lambda _: made.extend(loop.make_leads(1, External_Id__c=key, Title="Was")),
    )  # fmt: skip
    assert loop.held(made, "Title") == [("Dr",)]
    run_undo(loop.org, loop.warehouse, KEYED, now=NOW, run_id="undo")
    assert loop.held(made, "Title") == [("Was",)]


@pytest.mark.soak
def test_upserts_by_an_external_id_cost_few_calls(loop):
    """A call for 200 records, and look-ups: when they are planned, and before they are written."""
    keys = [f"cost-{number}" for number in range(4_000)]
    loop.fill([person(key, email=key) for key in keys])
    loop.levers.calls.clear()
    report = loop.run(KEYED.model_copy(update={"transport": "rest"}))
    assert (report.succeeded, report.failed) == (4_000, 0)
    calls = [call for call in loop.levers.calls.all() if not call["path"].endswith("/describe")]
    assert len(calls) <= 20 + 10
