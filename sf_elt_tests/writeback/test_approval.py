"""Plans that are larger than the export may write unasked: nothing leaves before somebody has said so."""

from datetime import timedelta

import pytest

from sf_elt.salesforce import OrgUnavailable
from sf_elt.writeback import ExportSpec, NotApproved, PlanSuperseded, plan_export, send_plan
from sf_elt.writeback.approval import reject_plan
from sf_elt_tests.writeback.conftest import SPEC
from sf_elt_tests.writeback.people import NOW, Person
from sf_elt_tests.writeback.test_creating import UPSERT

CAREFUL = SPEC.model_copy(update={"approve_above_changed": 0.5, "fields": {"Title": "title"}})
MIRROR = ExportSpec(
    name="people",
    object="Lead",
    operation="mirror",
    matchers={"Email": "emails"},
    condition="title IS NOT NULL",
    fields={"Title": "title"},
    fields_on_create={"LastName": {"template": "{name}"}, "Company": {"constant": "[unknown]"}},
)


def _people(ids, title: str, *, first: int = 0):
    """Those from `first` on have the title, the others that of the first run."""
    return [
        Person(f"p{number}", [record_id], ["Hot"], None, {"title": title if number >= first else "Dr"})
        for number, record_id in enumerate(ids)
    ]


def _written(loop, ids, title: str, *, first: int = 0) -> None:
    """The leads as the org and the export hold them after a first run, and what has changed since."""
    loop.fill(_people(ids, "Dr"))
    assert loop.run(SPEC).succeeded == len(ids)
    loop.fill(_people(ids, title, first=first))
    loop.levers.calls.clear()


def test_a_plan_above_the_share_waits_and_is_sent_once_approved(loop):
    """Nothing leaves until then, further runs wait without asking the org; approved, the very plan is sent."""
    ids = loop.make_leads(4)
    _written(loop, ids, "Prof")
    report = loop.run(CAREFUL)
    assert report.awaits is not None
    assert (report.awaits.by_operation, report.succeeded) == ({"update": 4}, 0)
    assert "it would write 4 of the export's 4 records, 100.0%" in str(report.awaits)
    assert f"sf-elt export send leads --approve {report.plan_id}" in str(report.awaits)
    loop.fill(_people(ids, "Later"))
    loop.levers.calls.clear()
    again = loop.run(CAREFUL, after=timedelta(days=6))
    assert (again.plan_id, again.awaits is not None, again.api_calls) == (report.plan_id, True, 0)
    assert loop.levers.calls.all() == []

    sent = loop.run(CAREFUL, approve=report.plan_id)
    assert (sent.plan_id, sent.succeeded, sent.waiting, sent.by_operation) == (report.plan_id, 4, 0, {"update": 4})
    assert loop.held(ids, "Title") == [("Prof",)] * 4
    assert loop.select("SELECT status, approved_at IS NOT NULL FROM writeback.plans WHERE held_because <> ''") == [
        ("done", True)
    ]
    assert loop.run(CAREFUL).awaits is not None


@pytest.mark.soak
def test_a_share_is_of_all_records_of_the_export(loop):
    """Of four records two are no more than half; a first run is all of them; without a maximum none waits."""
    ids = loop.make_leads(4)
    loop.fill(_people(ids, "Dr"))
    waits = loop.run(CAREFUL).awaits
    assert waits is not None
    assert "(4 it has never written: they may hold their values already)" in waits.because
    assert loop.run(SPEC, replan=True).succeeded == 4
    loop.fill(_people(ids, "Prof", first=2))
    assert loop.run(CAREFUL).succeeded == 2
    loop.fill(_people(ids, "Lord", first=1))
    assert loop.run(CAREFUL).awaits is not None


def test_deletes_wait_by_default(loop):
    """A mirror whose people leave asks before it deletes more than a tenth; approved, it deletes them."""
    people = [
        Person(name, values={"emails": [f"{name}@wait.example"], "name": name, "title": "Dr"})
        for name in ("ann", "bob")
    ]
    loop.fill(people)
    assert loop.run(MIRROR).by_operation == {"create": 2}
    loop.fill([people[0], Person("bob", values={"emails": ["bob@wait.example"], "name": "bob"})])
    report = loop.run(MIRROR)
    assert "it would delete 1 of the export's 2 records, 50.0%, and may delete 10.0% unasked" in str(report.awaits)
    assert loop.run(MIRROR, approve=report.plan_id).by_operation == {"delete": 1}


@pytest.mark.soak
def test_what_cannot_be_approved_is_told_apart(loop):
    """Unknown, of another export, superseded, rejected, too old, sent already: each in a sentence."""
    ids = loop.make_leads(2)
    _written(loop, ids, "Prof")
    old = loop.run(CAREFUL).plan_id
    for spec, plan_id, after, says in (
        (CAREFUL, "nonsense", 0, "there is no plan 'nonsense'"),
        (CAREFUL.model_copy(update={"name": "others"}), old, 0, "is of the export 'leads', not of 'others'"),
        (CAREFUL, old, 8, "is too old after 7 days"),
    ):
        with pytest.raises(NotApproved, match=says):
            loop.run(spec, approve=plan_id, after=timedelta(days=after))
    newer = loop.run(CAREFUL, after=timedelta(days=8)).plan_id
    assert newer != old
    with pytest.raises(NotApproved, match="was superseded"):
        loop.run(CAREFUL, approve=old, after=timedelta(days=8))
    with loop.warehouse.write() as connection:
        reject_plan(connection, CAREFUL, newer, now=NOW)
    with pytest.raises(NotApproved, match="was rejected"):
        loop.run(CAREFUL, approve=newer)
    assert loop.updates() == []
    done = loop.run(SPEC)
    assert done.succeeded == 2
    with pytest.raises(NotApproved, match="has been sent already"):
        loop.run(CAREFUL, approve=done.plan_id)


@pytest.mark.soak
def test_a_waiting_plan_cannot_be_sent_around_the_approval(loop):
    """Who holds the plan itself gets no further than who does not."""
    ids = loop.make_leads(1)
    _written(loop, ids, "Prof")
    plan = plan_export(loop.org, loop.warehouse, CAREFUL, now=NOW, run_id="waits")
    with pytest.raises(PlanSuperseded, match="waiting for approval"):
        send_plan(loop.org, loop.warehouse, CAREFUL, plan, now=NOW, run_id="waits")
    assert loop.updates() == []


@pytest.mark.soak
def test_an_approved_plan_that_broke_off_goes_on_without_asking_again(loop):
    """Its answer was lost after the first batch: the next run looks that up, sends the rest, and nothing twice."""
    spec = CAREFUL.model_copy(update={"batch_size": 2})
    ids = loop.make_leads(4)
    _written(loop, ids, "Prof")
    plan_id = loop.run(spec).plan_id
    update = {"path": "/composite/sobjects$", "method": "PATCH"}
    loop.levers.faults.plan({**update, "drop": "after", "times": 1}, {**update, "drop": "before", "times": 5})
    with pytest.raises(OrgUnavailable):
        loop.run(spec, approve=plan_id)
    loop.levers.faults.clear()
    report = loop.run(spec)
    assert (report.plan_id, report.confirmed_by_lookup, report.waiting, report.succeeded) == (plan_id, 2, 0, 4)
    assert loop.held(ids, "Title") == [("Prof",)] * 4
    assert loop.run(spec).planned == 0


def test_an_export_that_is_switched_off_does_nothing(loop):
    """Nothing is planned, sent or asked."""
    ids = loop.make_leads(1)
    loop.fill(_people(ids, "Dr"))
    report = loop.run(SPEC.model_copy(update={"enabled": False}))
    assert (report.switched_off, report.plan_id) == (True, None)
    assert loop.levers.calls.all() == []


def test_records_that_are_made_while_planning_cannot_wait():
    """An export that makes the accounts of its contacts takes no maximum that could not hold them back."""
    account = {"find": "Account", "by": "Name", "equals": "name", "create": {"Name": "name"}}
    facts = UPSERT.model_dump(exclude_unset=True) | {"object": "Contact", "fields_on_create": {"AccountId": account}}
    with pytest.raises(ValueError, match="makes Account records before it plans its own"):
        ExportSpec.model_validate(facts | {"approve_above_changed": 0.5})
    assert ExportSpec.model_validate(facts)
