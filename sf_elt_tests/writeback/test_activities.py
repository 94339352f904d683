"""Touchpoints from a stream of events as completed tasks, each exactly once."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from sf_elt.profiles import FieldRule, build_profiles
from sf_elt.salesforce import OrgUnavailable
from sf_elt.streams import StreamSpec, Window, import_window
from sf_elt.warehouse import JobMeter
from sf_elt.writeback import ExportMisconfigured, ExportSpec, made
from sf_elt_tests.writeback.happenings import happen, log, make, rows
from sf_elt_tests.writeback.people import NOW
from sf_elt_tests.writeback.test_crashes import COLLECTIONS

WHO = {
    "first": [
        {"find": "Contact", "by": "Email", "equals": "email"},
        {"find": "Lead", "by": "Email", "equals": "email"},
    ],
    "required": True,
}
TOUCHES = ExportSpec(
    name="touches",
    object="Task",
    operation="create",
    events="touches",
    where="type in ('email_sent', 'message_sent') and occurred_at > now() - interval 30 days",
    key="event_id",
    fields={
        "Subject": {"template": "Email: {subject}"},
        "Description": "body",
        "Status": {"constant": "Completed"},
        "TaskSubtype": {"constant": "Email"},
        "ActivityDate": "occurred_at",
        "WhoId": WHO,
    },
)
BODY = "Hello,\r\n\r\nas promised: the numbers.\n\n" + "x" * 5000


def _touches(**changed: object) -> ExportSpec:
    return ExportSpec.model_validate({**TOUCHES.model_dump(exclude_unset=True), **changed})


def _sent(event_id: str, email: str, **more: object) -> dict[str, object]:
    at = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    return {"event_id": event_id, "type": "email_sent", "email": email, "occurred_at": at, "subject": "Hi"} | more


def _tasks(loop, who: str) -> list[tuple[object, ...]]:
    return rows(loop, f"SELECT Subject, Status, TaskSubtype, ActivityDate, Description FROM Task WHERE WhoId = '{who}'")


def test_touchpoints_become_completed_tasks_once_and_wait_for_their_person(loop):
    """Two equal ones of a minute are two tasks; a second run makes none; who is nobody yet gets theirs later."""
    ann = make(loop, "Contact", LastName="Ann", Email="ann@act.example")
    bob = make(loop, "Lead", LastName="Bob", Company="Act", Email="bob@act.example")
    happen(
        loop,
        _sent("a1", "ann@act.example", body=BODY),
        _sent("a2", "Ann@act.example", body=BODY),
        _sent("b1", "bob@act.example", type="message_sent"),
        _sent("z1", "zoe@act.example"),
        _sent("v1", "ann@act.example", type="pageview"),
        _sent("o1", "ann@act.example", occurred_at=NOW - timedelta(days=31)),
    )
    report = loop.run(TOUCHES)
    assert (report.succeeded, report.set_aside) == (3, 1)
    kept = BODY.replace("\r\n", "\n")
    found = [(*task[:4], str(task[4]).replace("\r\n", "\n")) for task in _tasks(loop, ann)]
    assert found == [("Email: Hi", "Completed", "Email", "2026-11-20", kept)] * 2
    assert _tasks(loop, bob) == [("Email: Hi", "Completed", "Email", "2026-11-20", None)]
    assert [row[:3] for row in log(loop, "touches") if row[1] == "set aside"] == [
        ("z1", "set aside", "REQUIRED_FIELD_MISSING")
    ]
    assert loop.run(TOUCHES).planned == 0
    zoe = make(loop, "Lead", LastName="Zoe", Company="Act", Email="zoe@act.example")
    happen(loop, _sent("a3", "ann@act.example", subject="Late", occurred_at=datetime(2026, 11, 2, tzinfo=UTC)))
    assert loop.run(TOUCHES, after=timedelta(days=1, minutes=1)).succeeded == 2
    assert len(_tasks(loop, zoe)) == 1
    assert sorted(str(task[0]) for task in _tasks(loop, ann)) == ["Email: Hi", "Email: Hi", "Email: Late"]


@pytest.mark.soak
def test_an_event_goes_to_the_records_of_its_profile(loop):
    """Where profiles were built the task is the contact's, by whichever address the event came; else it waits."""
    contact = make(loop, "Contact", LastName="Cy", Email="cy@prof.example", Phone="77123")
    make(loop, "Lead", LastName="Cy", Company="Prof", Email="cy@prof.example")
    run = {"now": datetime.now(UTC) + timedelta(minutes=1), "run_id": "built"}
    always = Window(datetime(1970, 1, 1, tzinfo=UTC), run["now"])
    meter = JobMeter(loop.warehouse.calls(), "import:test", loop.levers.instance_url)
    for object_name, stream in (("Contact", "salesforce_contacts"), ("Lead", "salesforce_leads")):
        import_window(loop.org, meter, loop.warehouse, StreamSpec(stream, object_name), always, **run)
    happen(
        loop,
        {"type": "identify", "email": "cy@prof.example", "anonymous_id": "cookie-cy"},
        _sent("c1", "", anonymous_id="cookie-cy"),
        _sent("n1", "", anonymous_id="cookie-nobody"),
    )
    build_profiles(loop.warehouse, MAPPING, **run)
    by_profile = {
        **TOUCHES.fields,
        "WhoId": {"first": ["salesforce_contact_ids", "salesforce_lead_ids"], "required": True},
    }
    spec = _touches(fields=by_profile)
    report = loop.run(spec)
    assert (report.succeeded, report.set_aside) == (1, 1)
    assert len(_tasks(loop, contact)) == 1
    assert loop.run(spec).planned == 0


def _rule(stream: str, source: str, to: str, kind: str, **more: object) -> FieldRule:
    return FieldRule.model_validate({"stream": stream, "source": source, "to": to, "type": kind, **more})


_IDS: dict[str, object] = {"merge": "set", "identifier": True, "clean": "id18"}
_ADDRESS: dict[str, object] = {"identifier": True, "clean": "email"}
MAPPING = [
    _rule("salesforce_contacts", "contact_id", "salesforce_contact_ids", "[]string", **_IDS),
    _rule("salesforce_leads", "lead_id", "salesforce_lead_ids", "[]string", **_IDS),
    _rule("salesforce_contacts", "contact_email", "email", "string", **_ADDRESS),
    _rule("salesforce_leads", "lead_email", "email", "string", **_ADDRESS),
    _rule("touches", "email", "email", "string", **_ADDRESS),
    _rule("touches", "anonymous_id", "web_cookies", "[]string", merge="set", identifier=True),
]


@pytest.fixture
def settled(monkeypatch) -> None:
    """The org asks nobody to wait: what it has done is done."""
    monkeypatch.setattr(made, "SETTLING", timedelta(0))


@pytest.mark.soak
@pytest.mark.usefixtures("settled")
def test_a_lost_answer_makes_no_second_task(loop):
    """The tasks were made and nobody heard: the next run finds both of the same values, and makes none."""
    who = make(loop, "Contact", LastName="Di", Email="di@lost.example")
    happen(loop, *(_sent(f"l{number}", "di@lost.example", body=BODY) for number in range(2)))
    loop.levers.faults.plan({"path": COLLECTIONS, "method": "POST", "times": 1, "drop": "after"})
    with pytest.raises(OrgUnavailable):
        loop.run(TOUCHES)
    loop.levers.faults.clear()
    assert len(_tasks(loop, who)) == 2
    report = loop.run(TOUCHES)
    assert (report.confirmed_by_lookup, report.planned) == (2, 0)
    assert len(_tasks(loop, who)) == 2


@pytest.mark.soak
def test_with_an_external_id_the_org_itself_makes_no_second_task(loop):
    """The answer is lost, the request is repeated, and the next run finds each event's one task by its id."""
    who = make(loop, "Contact", LastName="Flo", Email="flo@ext.example")
    field = {
        "fullName": "Event_Id__c",
        "label": "Event Id",
        "type": "Text",
        "length": 80,
        "externalId": True,
        "unique": True,
    }
    loop.levers.change_schema("Task", add=[field])
    happen(loop, *(_sent(f"x{number}", "flo@ext.example", body="One") for number in range(2)))
    known_by = {"operation": "upsert", "matchers": {"Event_Id__c": "event_id"}, "external_id": "Event_Id__c"}
    with pytest.raises(ExportMisconfigured, match=r"TaskSubtype cannot be updated: .* put it into fields_on_create"):
        loop.run(_touches(**known_by))
    once = {"TaskSubtype": TOUCHES.fields["TaskSubtype"]}
    fields = {name: source for name, source in TOUCHES.fields.items() if name not in once}
    spec = _touches(**known_by, fields=fields, fields_on_create=once)
    loop.levers.faults.plan({"path": "/composite/sobjects/Task/", "method": "PATCH", "drop": "after"})
    loop.run(spec)  # the repeated request is refused: tasks that are there by then keep their TaskSubtype
    assert loop.run(spec).succeeded == 2
    assert rows(loop, f"SELECT Event_Id__c FROM Task WHERE WhoId = '{who}' ORDER BY Event_Id__c") == [("x0",), ("x1",)]
    assert loop.run(spec).planned == 0
    loop.levers.change_schema("Task", drop=["Event_Id__c"])


@pytest.mark.kill
@pytest.mark.soak
@pytest.mark.usefixtures("settled")
def test_an_export_of_events_killed_in_the_middle_makes_no_second_task(loop, login):
    """After SIGKILL, with one batch made and its outcome unheard of, each event has its one task."""
    who = make(loop, "Contact", LastName="Ed", Email="ed@kill.example")
    happen(loop, *(_sent(f"k{number}", "ed@kill.example", subject=f"No {number // 2}") for number in range(6)))
    spec = TOUCHES.model_copy(update={"batch_size": 2})
    loop.levers.faults.plan({"path": COLLECTIONS, "method": "POST", "after": 1, "trickle": 1})  # of its answer
    arguments = [str(loop.warehouse.root), login.instance_url, login.access_token, spec.model_dump_json()]
    process = subprocess.Popen([sys.executable, "-m", "sf_elt_tests.writeback.export_once", *arguments])
    while process.poll() is None:
        if len(_tasks(loop, who)) == 4:
            process.kill()
            break
        time.sleep(0.05)
    assert process.wait() == -9, "the export ended before it could be killed"
    loop.levers.faults.clear()
    loop.run(spec)
    assert sorted(str(task[0]) for task in _tasks(loop, who)) == sorted(f"Email: No {n // 2}" for n in range(6))
    assert loop.run(spec).planned == 0
