"""Undo: what a run wrote is taken back, what others have done since stays, and nothing is written again by itself."""

import pytest

from sf_elt.salesforce import OrgUnavailable
from sf_elt.warehouse import CallLedger, JobMeter
from sf_elt.writeback import ExportReport, NothingToUndo, plan_undo, run_undo
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.writeback.conftest import SPEC
from sf_elt_tests.writeback.people import NOW, Person
from sf_elt_tests.writeback.test_approval import MIRROR
from sf_elt_tests.writeback.test_creating import UPSERT, person

TITLES = SPEC.model_copy(
    update={
        "audiences_field": None,
        "scores_field": None,
        "fields": {
            "Title": "title",
            "AnnualRevenue": "revenue",
            "NumberOfEmployees": "employees",
            "HasOptedOutOfEmail": "opted_out",
            "EmailBouncedDate": "bounced_at",
        },
    }
)
FREE = MIRROR.model_copy(update={"approve_above_deleted": 1})


def _undo(loop, spec=TITLES, **asked) -> ExportReport:
    return run_undo(loop.org, loop.warehouse, spec, now=NOW, run_id=f"undo-{next(loop.runs)}", **asked)


def _titled(ids, title: str | None, **values):
    return [Person(f"p{n}", [each], values={"title": title, **values}) for n, each in enumerate(ids)]


@pytest.mark.soak
@pytest.mark.parametrize(
    "policy",
    ["ours", pytest.param("newest", marks=pytest.mark.soak), pytest.param("theirs", marks=pytest.mark.soak)],
)
def test_the_values_that_stood_there_come_back_and_stay(loop, policy):
    """Text, numbers, yes or no and times as they were, nothing where nothing was; by any policy they stay, until the
    profile's value changes."""
    spec = TITLES.model_copy(update={"policy": policy})
    held = {"Title": "Was", "AnnualRevenue": 12.5, "HasOptedOutOfEmail": True}
    ids = loop.make_leads(1, **held) + loop.make_leads(1)
    fields = (*held, "NumberOfEmployees", "EmailBouncedDate")
    before = loop.held(ids, *fields)
    values = {"revenue": 99.0, "employees": 7, "opted_out": False, "bounced_at": NOW.replace(tzinfo=None)}
    if policy == "theirs":
        ids, before = ids[1:], before[1:]
    loop.fill(_titled(ids, "Dr", **values))
    assert loop.run(spec).succeeded == len(ids)
    assert loop.held(ids, *fields) != before
    report = _undo(loop, spec)
    assert (report.by_operation, report.failed) == ({"update": len(ids)}, 0)
    assert loop.held(ids, *fields) == before
    for lead in loop.leads:
        lead.changed_at = NOW.replace(tzinfo=None, year=2030)  # as the import learns of what the undo has saved
    loop.fill(_titled(ids, "Dr", **values))
    loop.updates()
    assert loop.run(spec).failed == 0
    assert loop.updates() == []
    loop.fill(_titled(ids, "Prof", **values))
    with loop.warehouse.write() as connection:
        connection.execute("UPDATE profiles.profiles SET updated_at = now()::TIMESTAMP + INTERVAL 1 HOUR")
    loop.run(spec)
    assert loop.held(ids, *fields) == [("Prof", *values[1:]) for values in before]
    assert loop.run(spec).succeeded == 0 or policy == "ours"


def test_what_somebody_has_changed_since_stays_theirs(loop):
    """Field by field: theirs is told and left, the others go back."""
    ids = loop.make_leads(1, Title="Was", NumberOfEmployees=3)
    loop.fill(_titled(ids, "Dr", employees=7))
    loop.run(TITLES)
    loop.edit(ids[0], Title="Theirs")
    found = plan_undo(loop.org, loop.warehouse, TITLES, now=NOW, run_id="look", dry_run=True)
    assert [(each.field, each.code) for each in found.kept] == [("Title", "CHANGED_BY_OTHERS")]
    assert [(each.field, each.before, each.after) for each in found.plan.sample] == [("NumberOfEmployees", "7", "3")]
    assert loop.select("SELECT count(*) FROM writeback.plans WHERE operation = 'undo'") == [(0,)]
    _undo(loop)
    assert loop.held(ids, "Title", "NumberOfEmployees") == [("Theirs", 3)]
    told = loop.select(
        "SELECT status, code, changed_fields FROM writeback.sync_log WHERE run_id LIKE 'undo%' ORDER BY 1"
    )
    assert told == [("set aside", "CHANGED_BY_OTHERS", ["Title"]), ("succeeded", None, ["NumberOfEmployees"])]


def test_what_a_run_made_is_deleted_unless_somebody_has_worked_on_it(loop):
    """Updated ones get their value back, new ones go and are not made again; one that was edited needs force."""
    loop.make_leads(1, Email="held@undo.example", Title="Was")
    people = [person(name, f"{name}@undo.example") for name in ("held", "new", "edited")]
    loop.fill(people)
    assert loop.run(UPSERT).by_operation == {"create": 2, "update": 1}
    made = dict(loop.select("SELECT profile_id, record_id FROM writeback.sync_log WHERE operation = 'create'"))
    loop.edit(made["edited"], Company="Somebody knows")
    report = _undo(loop, UPSERT)
    assert (report.by_operation, report.set_aside) == ({"delete": 1, "update": 1}, 1)
    assert loop.select("SELECT code FROM writeback.sync_log WHERE status = 'set aside'") == [("WORKED_ON",)]
    again = loop.run(UPSERT)
    assert (again.planned, again.set_aside) == (0, 1)
    assert ("UNDONE",) in loop.select("SELECT code FROM writeback.sync_log")
    forced = _undo(loop, UPSERT, undoes="run-0", force=True)
    assert forced.by_operation == {"delete": 1}
    loop.fill([person("new", "another@undo.example")])
    assert loop.run(UPSERT).by_operation == {"create": 1}


@pytest.mark.soak
def test_what_a_run_deleted_comes_back_and_is_not_deleted_again(loop):
    """A mirror whose person has left deletes the lead; undone it lives, and stays; back in, the person is written."""
    ann = {"emails": ["ann@back.example"], "name": "ann"}
    loop.fill([Person("ann", values={**ann, "title": "Dr"})])
    loop.run(FREE)
    loop.fill([Person("ann", values=ann)])
    assert loop.run(FREE).by_operation == {"delete": 1}
    assert _undo(loop, FREE).by_operation == {"undelete": 1}
    ((record_id,),) = loop.select("SELECT DISTINCT record_id FROM writeback.sync_log")
    assert loop.held([record_id], "Title") == [("Dr",)]
    again = loop.run(FREE)
    assert (again.planned, again.set_aside) == (0, 1)
    loop.fill([Person("ann", values={**ann, "title": "Prof"})])
    assert loop.run(FREE).by_operation == {"update": 1}
    assert loop.held([record_id], "Title") == [("Prof",)]


@pytest.mark.soak
def test_an_undo_goes_back_run_by_run(loop):
    """Each undo takes the last run that still stands; an undo itself is none, and says so; then there is nothing."""
    ids = loop.make_leads(1, Title="First")
    for title in ("Second", "Third"):
        loop.fill(_titled(ids, title))
        loop.run(TITLES)
    assert _undo(loop).undoes == "run-1"
    assert loop.held(ids, "Title") == [("Second",)]
    assert _undo(loop).undoes == "run-0"
    assert loop.held(ids, "Title") == [("First",)]
    with pytest.raises(NothingToUndo, match="no run that wrote something"):
        _undo(loop)
    with pytest.raises(NothingToUndo, match="was an undo itself"):
        _undo(loop, undoes="undo-2")
    with pytest.raises(NothingToUndo, match="has written nothing"):
        _undo(loop, undoes="nonsense")


@pytest.mark.soak
def test_an_undo_that_broke_off_goes_on(loop):
    """Its answer was lost after the first batch: the next run looks that up and puts the rest back, nothing twice."""
    spec = TITLES.model_copy(update={"batch_size": 2})
    ids = loop.make_leads(4, Title="Was")
    loop.fill(_titled(ids, "Dr"))
    loop.run(spec)
    update = {"path": "/composite/sobjects$", "method": "PATCH"}
    loop.levers.faults.plan({**update, "drop": "after", "times": 1}, {**update, "drop": "before", "times": 5})
    with pytest.raises(OrgUnavailable):
        _undo(loop, spec)
    loop.levers.faults.clear()
    loop.updates()
    report = loop.run(spec)
    assert (report.undoes, report.confirmed_by_lookup, report.waiting) == ("run-0", 2, 0)
    assert sum(loop.updates()) == 2
    assert loop.held(ids, "Title") == [("Was",)] * 4
    assert loop.run(spec).planned == 0


@pytest.mark.soak
def test_an_undo_keeps_to_the_daily_calls_and_goes_on(loop, tmp_path):
    """Out of calls it pauses, and the next run of the export goes on with it."""
    spec = TITLES.model_copy(update={"batch_size": 2})
    ids = loop.make_leads(4, Title="Was")
    loop.fill(_titled(ids, "Dr"))
    loop.run(spec)
    ledger = CallLedger(tmp_path / "calls.sqlite")
    with loop.org.counted_by(JobMeter(ledger, "export:leads", loop.org.host, limit=3)):
        paused = _undo(loop, spec)  # two look-ups, one batch
        assert (paused.waiting, paused.by_operation, paused.paused_until is not None) == (2, {"update": 2}, True)
    resumed = loop.run(spec)
    assert (resumed.undoes, resumed.waiting) == ("run-0", 0)
    assert loop.held(ids, "Title") == [("Was",)] * 4


@pytest.mark.soak
def test_many_values_go_back_by_a_bulk_job(loop):
    """Nothing where nothing was, and all else as it was."""
    spec = TITLES.model_copy(update={"transport": "bulk"})
    ids = loop.make_leads(2, Title='Was, "said"', AnnualRevenue=1.5) + loop.make_leads(1)
    before = loop.held(ids, "Title", "AnnualRevenue", "NumberOfEmployees")
    loop.fill(_titled(ids, "Dr", revenue=2.0, employees=7))
    assert loop.run(spec).succeeded == 3
    assert _undo(loop, spec).by_operation == {"update": 3}
    assert loop.select("SELECT DISTINCT transport FROM writeback.sync_log") == [("bulk",)]
    assert loop.held(ids, "Title", "AnnualRevenue", "NumberOfEmployees") == before


@pytest.mark.soak
def test_of_ended_plans_only_what_was_written_is_kept(loop):
    """Rows that held their values already, waited for an approval that never came, or put back, are dropped; the run of
    those that were written can still be undone.
    """
    ids = loop.make_leads(1, Title="Was") + loop.make_leads(1, Title="Dr")
    loop.fill(_titled(ids, "Dr"))
    loop.run(TITLES)
    loop.fill(_titled(ids, "Prof"))
    loop.run(TITLES.model_copy(update={"approve_above_changed": 0.0}))
    assert loop.select("SELECT count(*) FROM writeback.plan_rows") == [(3,)]
    loop.run(TITLES, replan=True)
    _undo(loop)
    loop.fill(_titled(ids, "Sir"))
    loop.run(TITLES)
    kept = loop.select(
        "SELECT run_id, count(*) FROM writeback.plan_rows JOIN writeback.plans USING (plan_id) GROUP BY 1 ORDER BY 1"
    )
    assert kept == [("run-0", 1), ("run-2", 2), ("run-4", 2)]
    assert _undo(loop).undoes == "run-4"
    assert _undo(loop, undoes="run-0").by_operation == {"update": 1}
    assert loop.held(ids, "Title") == [("Was",), ("Dr",)]


@pytest.mark.soak
def test_nothing_is_taken_back_twice(loop):
    """A run that was undone before the one before it leaves alone what that has put back."""
    ids = loop.make_leads(1, Title="First")
    for title in ("Second", None):
        loop.fill(_titled(ids, title))
        loop.run(TITLES)
    for undone in ("run-1", "run-0"):
        assert _undo(loop, undoes=undone).by_operation == {"update": 1}
    loop.edit(ids[0], Title=None)  # what run-1 wrote
    again = _undo(loop, undoes="run-1")
    assert (again.planned, again.set_aside) == (0, 0)
    assert loop.held(ids, "Title") == [(None,)]


def test_an_undo_goes_where_the_export_cannot_and_again_where_it_was_refused(loop):
    """A value that the profiles have no more keeps nothing from being deleted; what the user may not delete yet is
    what the next undo takes, and it is not made again.
    """
    people = [person("Ann", "ann@may.example")]
    loop.fill(people)
    loop.run(UPSERT)
    refused = [{"success": False, "errors": [{"statusCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no"}]}]
    loop.levers.faults.plan(
        {"path": "/composite/sobjects$", "method": "DELETE", "reply": {"status": 200, "body": refused}, "times": 1}
    )
    assert (_undo(loop, UPSERT).failed, loop.run(UPSERT).planned) == (1, 0)
    with loop.warehouse.write() as connection:
        connection.execute("ALTER TABLE profiles.profiles DROP COLUMN title")
    again = _undo(loop, UPSERT)
    assert (again.undoes, again.by_operation) == ("run-0", {"delete": 1})
    loop.fill(people)
    assert loop.run(UPSERT).planned == 0


@pytest.mark.soak
def test_what_was_converted_since_stays(loop, export_org):
    """An update of a converted lead is told and not sent; the others go back."""
    ids = loop.make_leads(2, Title="Was")
    loop.fill(_titled(ids, "Dr"))
    loop.run(TITLES)
    soap(export_org, "convertLead", {"leadConverts": {"leadId": ids[0], "convertedStatus": "Closed - Converted"}})
    report = _undo(loop)
    assert (report.by_operation, report.set_aside, report.failed) == ({"update": 1}, 1, 0)
    assert loop.held(ids, "Title") == [("Dr",), ("Was",)]
    told = loop.select("SELECT record_id, code FROM writeback.sync_log WHERE status = 'set aside'")
    assert told == [(ids[0], "LEAD_CONVERTED")]
