"""Exports from a real warehouse file into a running org: what is sent, what is left alone, what is remembered."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest

from sf_elt.salesforce import connect
from sf_elt.warehouse import CallLedger, JobMeter
from sf_elt.writeback import (
    ExportError,
    ExportMisconfigured,
    ExportNotReady,
    ExportSpec,
    PlanSuperseded,
    plan_export,
    run_export,
    send_plan,
)
from sf_elt.writeback.held import look_up
from sf_elt_tests.writeback.conftest import SPEC
from sf_elt_tests.writeback.people import LATER, NOW, Person


def _people(ids, **more):
    return [
        Person(f"p{number}", [record_id], ["Hot"], {"frequency": 10}, {"title": f"Title {number}", **more})
        for number, record_id in enumerate(ids)
    ]


def test_first_run_sends_all_second_nothing_third_what_changed(loop):
    """Each record goes once; a change of one profile sends one record."""
    ids = loop.make_leads(5)
    people = _people(ids)
    loop.fill(people)
    first = loop.run()
    assert (first.planned, first.succeeded, first.failed, first.set_aside) == (5, 5, 0, 0)
    assert loop.updates() == [5]
    assert loop.held(ids, "Title", "Audiences__c", "Scores__c") == [
        (f"Title {number}", "Hot", "frequency 10") for number in range(5)
    ]
    loop.levers.calls.clear()

    second = loop.run()
    assert (second.planned, second.unchanged, second.api_calls) == (0, 5, len(loop.levers.calls.all()))
    assert loop.updates() == []

    people[3].values["title"] = "Director"
    loop.fill(people)
    third = loop.run()
    assert (third.planned, third.succeeded, third.unchanged) == (1, 1, 4)
    assert loop.updates() == [1]
    assert loop.held(ids, "Title")[3] == ("Director",)
    assert loop.select(
        "SELECT record_id, changed_fields, status FROM writeback.sync_log WHERE run_id = ?", "run-2"
    ) == [(ids[3], ["Title"], "succeeded")]


def test_calls_in_the_report_are_the_calls_the_org_saw(loop):
    """The report counts every HTTP call: describe, look-ups and updates."""
    loop.fill(_people(loop.make_leads(7)))
    report = loop.run(SPEC.model_copy(update={"batch_size": 3}))
    calls = loop.levers.calls.all()
    assert report.api_calls == len(calls) == 5
    ((calls, used, allowed),) = loop.select(
        "SELECT calls, org_used, org_allowed FROM ops.api_calls WHERE job = 'export:leads'"
    )
    assert (calls, allowed) == (5, 100_000)
    assert 5 <= used < allowed


@pytest.mark.soak
def test_leaving_all_audiences_clears_the_field(loop):
    """A person who left all audiences has an empty audiences field in the org, and so has one without scores."""
    ids = loop.make_leads(1)
    loop.fill([Person("p1", ids, ["Hot", "VIP"], {"recency": 5})])
    loop.run()
    assert loop.held(ids, "Audiences__c", "Scores__c") == [("Hot, VIP", "recency 5")]
    loop.fill([Person("p1", ids)])
    assert loop.run().succeeded == 1
    assert loop.held(ids, "Audiences__c", "Scores__c") == [(None, None)]


def test_the_exports_own_field_is_true_also_where_somebody_else_filled_it(loop):
    """An audiences field that names an audience the person is not in is cleared, whoever wrote it."""
    ids = loop.make_leads(1, Audiences__c="Stale", Title="Theirs")
    loop.fill([Person("p1", ids)])
    loop.run()
    assert loop.held(ids, "Audiences__c", "Title") == [(None, "Theirs")]


def test_fields_that_are_not_mapped_are_never_touched(loop):
    """What somebody else changes in other fields survives the next write, and so does a title we never wrote."""
    ids = loop.make_leads(1, Title="Theirs", Phone="1")
    loop.fill([Person("p1", ids, ["Hot"])])
    loop.run()
    loop.edit(ids[0], Phone="2", Company="Elsewhere")
    loop.fill([Person("p1", ids, ["VIP"])])
    loop.run()
    assert loop.held(ids, "Audiences__c", "Phone", "Company", "Title") == [("VIP", "2", "Elsewhere", "Theirs")]


@pytest.mark.soak
def test_a_field_that_the_export_wrote_is_cleared_when_its_value_goes(loop):
    """An explicit null clears what we wrote, once, and is then remembered like any other value."""
    ids = loop.make_leads(1)
    loop.fill([Person("p1", ids, values={"title": "CEO"})])
    loop.run()
    loop.fill([Person("p1", ids)])
    loop.run()
    assert loop.held(ids, "Title") == [(None,)]
    loop.updates()
    assert loop.run().planned == 0


@pytest.mark.soak
def test_what_somebody_else_makes_of_a_field_stands_until_our_value_changes(loop):
    """Another field of the record going out does not bring our former title back; the title's own change does."""
    ids = loop.make_leads(1)
    loop.fill([Person("p1", ids, ["Hot"], values={"title": "CEO"})])
    loop.run()
    loop.edit(ids[0], Title="Theirs")
    loop.fill([Person("p1", ids, ["VIP"], values={"title": "CEO"})])
    loop.run()
    assert loop.held(ids, "Title", "Audiences__c") == [("Theirs", "VIP")]
    assert loop.select("SELECT changed_fields FROM writeback.sync_log WHERE run_id = 'run-1'") == [(["Audiences__c"],)]
    assert loop.select("SELECT field, value FROM writeback.previous_values WHERE run_id = 'run-1'") == [
        ("Audiences__c", "Hot")
    ]
    loop.fill([Person("p1", ids, ["VIP"], values={"title": "CTO"})])
    loop.run()
    assert loop.held(ids, "Title") == [("Theirs",)], "the profile has changed before they did"
    loop.fill([Person("p1", ids, ["VIP"], values={"title": "COO"}, updated_at=LATER)])
    loop.run()
    assert loop.held(ids, "Title") == [("COO",)]


@pytest.mark.soak
def test_a_value_of_somebody_else_is_not_cleared(loop):
    """Neither where our value goes after they changed the field, nor where they fill it after we cleared it."""
    first, second = ids = loop.make_leads(2)
    people = [Person("p1", [first], values={"title": "CEO"}), Person("p2", [second], values={"title": "CEO"})]
    loop.fill(people)
    loop.run()
    loop.edit(first, Title="Theirs")
    loop.fill([Person("p1", [first]), Person("p2", [second])])
    assert loop.run().succeeded == 2
    assert loop.held(ids, "Title") == [("Theirs",), (None,)]
    assert loop.select("SELECT record_id, code FROM writeback.sync_log WHERE run_id = 'run-1' ORDER BY code") == [
        (first, "CHANGED_BY_OTHERS"),
        (second, None),
    ]
    loop.edit(second, Title="Theirs")
    loop.fill([Person("p1", [first], ["Hot"]), Person("p2", [second], ["Hot"])])
    loop.run()
    assert loop.held(ids, "Title", "Audiences__c") == [("Theirs", "Hot")] * 2
    assert loop.run().planned == 0


def test_a_field_taken_out_of_the_mapping_stays_as_it_was(loop):
    """Unmapping a field sends nothing and leaves its last value in the org."""
    ids = loop.make_leads(2)
    loop.fill(_people(ids))
    loop.run()
    assert loop.run(SPEC.model_copy(update={"fields": {}})).planned == 0
    assert loop.held(ids, "Title") == [("Title 0",), ("Title 1",)]


def test_bad_rows_are_set_aside_once_and_the_others_go(loop):
    """A title that is too long keeps its record back with the reason; the log says so once, however often it runs."""
    ids = loop.make_leads(3)
    people = _people(ids)
    people[1].values["title"] = "x" * 129
    loop.fill(people)
    report = loop.run()
    assert (report.succeeded, report.set_aside) == (2, 1)
    assert loop.run().set_aside == 1
    assert loop.select("SELECT record_id, status, code FROM writeback.sync_log WHERE status <> 'succeeded'") == [
        (ids[1], "set aside", "STRING_TOO_LONG")
    ]
    assert loop.held(ids, "Audiences__c") == [("Hot",), (None,), ("Hot",)]
    people[1].values["title"] = "short again"
    loop.fill(people)
    assert loop.run().succeeded == 1
    assert loop.held(ids, "Title")[1] == ("short again",)


@pytest.mark.soak
def test_what_the_org_refuses_for_good_waits_until_the_payload_changes(loop):
    """A bad email is logged in Salesforce's own words, not sent again as it is, and goes once it is another."""
    ids = loop.make_leads(2)
    spec = SPEC.model_copy(update={"fields": {"Email": "email"}})
    people = [
        Person("p1", ids[:1], values={"email": "not an address"}),
        Person("p2", ids[1:], values={"email": "ann@example.com"}),
    ]
    loop.fill(people)
    report = loop.run(spec)
    assert (report.succeeded, report.failed) == (1, 1)
    ((code, message, retryable),) = loop.select(
        "SELECT code, message, retryable FROM writeback.sync_log WHERE status = 'failed'"
    )
    assert (code, retryable) == ("INVALID_EMAIL_ADDRESS", False)
    assert "not an address" in message
    loop.updates()
    again = loop.run(spec)
    assert (again.planned, again.refused_before) == (0, 1)
    assert loop.updates() == []
    loop.fill([Person("p1", ids[:1], values={"email": "bob@example.com"}), people[1]])
    assert loop.run(spec).succeeded == 1
    assert loop.held(ids, "Email") == [("bob@example.com",), ("ann@example.com",)]


@pytest.mark.soak
def test_a_refusal_stands_until_the_record_changes_and_a_day_at_most(loop):
    """A record that comes back from the bin is tried again, and so is everything a day later: rules change."""
    ids = loop.make_leads(1)
    loop.fill(_people(ids))
    loop.org.session.delete(loop.org.url(f"sobjects/Lead/{ids[0]}"))
    assert loop.run().failed == 1
    assert loop.run(after=timedelta(hours=23)).refused_before == 1
    loop.leads[0].changed_at = NOW.replace(tzinfo=None) + timedelta(hours=1)
    loop.fill(_people(ids))
    assert loop.run(after=timedelta(hours=23)).failed == 1
    assert loop.run(after=timedelta(hours=23)).refused_before == 1
    assert loop.run(after=timedelta(hours=48)).failed == 1


@pytest.mark.soak
def test_the_last_outcome_is_the_last_also_where_the_clock_was_set_back(loop):
    """What was refused and set aside under an earlier time is neither sent again nor logged again."""
    ids = loop.make_leads(1)
    spec = SPEC.model_copy(update={"fields": {"Email": "email", "Title": "title"}})
    loop.fill([Person("p1", ids, values={"email": "bad"})])
    assert loop.run(spec).failed == 1
    loop.fill([Person("p1", ids, values={"email": "worse"})])
    assert loop.run(spec, after=timedelta(days=-1)).failed == 1
    assert loop.run(spec, after=timedelta(days=-2)).refused_before == 1
    loop.fill([Person("p1", ids, values={"title": "x" * 129})])
    for days in (-3, -4, -5):
        assert loop.run(spec, after=timedelta(days=days)).set_aside == 1
    assert loop.select("SELECT count(*) FROM writeback.sync_log WHERE status = 'set aside'") == [(1,)]


def test_a_record_deleted_in_the_org_fails_alone(loop):
    """A lead deleted since its import is a failed row; the rest of its batch is written."""
    ids = loop.make_leads(3)
    loop.fill(_people(ids))
    assert loop.org.session.delete(loop.org.url(f"sobjects/Lead/{ids[1]}")).status_code == 204
    report = loop.run()
    assert (report.succeeded, report.failed) == (2, 1)
    assert loop.select("SELECT record_id, code FROM writeback.sync_log WHERE status = 'failed'") == [
        (ids[1], "ENTITY_IS_DELETED")
    ]


def test_values_before_the_write_are_kept(loop):
    """What the org held in the written fields is there to undo the run with; other fields are not read."""
    ids = loop.make_leads(2, Title="Before")
    loop.fill(_people(ids))
    loop.run()
    assert sorted(loop.select("SELECT record_id, field, value FROM writeback.previous_values")) == sorted(
        (record_id, field, value)
        for record_id in ids
        for field, value in (("Title", "Before"), ("Audiences__c", None), ("Scores__c", None))
    )


def test_records_that_hold_the_values_already_are_not_written(loop):
    """A warehouse that starts anew finds what the org holds and writes only what differs."""
    ids = loop.make_leads(3, Audiences__c="Hot")
    loop.fill([Person(f"p{number}", [record_id], ["Hot"]) for number, record_id in enumerate(ids[:2])])
    spec = SPEC.model_copy(update={"scores_field": None, "fields": {}})
    report = loop.run(spec)
    assert (report.succeeded, loop.updates()) == (2, [])
    assert loop.select("SELECT DISTINCT code, transport FROM writeback.sync_log") == [("ALREADY_HELD", "lookup")]
    assert loop.run(spec).planned == 0


def test_a_dry_run_shows_before_and_after_and_does_nothing(loop):
    """A dry run counts and shows fields, sends nothing, and leaves no trace in the warehouse."""
    ids = loop.make_leads(2, Title="Before")
    loop.fill(_people(ids))
    plan = plan_export(loop.org, loop.warehouse, SPEC, now=NOW, run_id="dry", dry_run=True)
    assert plan.rows_planned == 2
    assert [(change.field, change.before, change.after) for change in plan.sample if change.record_id == ids[0]] == [
        ("Title", "Before", "Title 0"),
        ("Audiences__c", None, "Hot"),
        ("Scores__c", None, "frequency 10"),
    ]
    assert loop.updates() == []
    assert loop.held(ids, "Title") == [("Before",), ("Before",)]
    for table in ("plans", "plan_rows", "sync_log", "confirmed"):
        assert loop.select(f"SELECT count(*) FROM writeback.{table}") == [(0,)]
    with pytest.raises(ExportError, match="dry run"):
        send_plan(loop.org, loop.warehouse, SPEC, plan, now=NOW, run_id="dry")
    loop.run()
    loop.fill([Person("p0", ids[:1], ["Hot"], {"frequency": 11}, {"title": "Title 0"})])
    plan = plan_export(loop.org, loop.warehouse, SPEC, now=NOW, run_id="dry", dry_run=True)
    assert [(change.field, change.before, change.after) for change in plan.sample] == [
        ("Scores__c", "frequency 10", "frequency 11")
    ]


def test_an_unknown_field_says_what_was_meant(loop):
    """A field that the org does not have is an error with the nearest name, before anything is planned."""
    loop.fill(_people(loop.make_leads(1)))
    spec = SPEC.model_copy(update={"audiences_field": "Audience__c"})
    with pytest.raises(ExportMisconfigured, match=r"Lead has no field 'Audience__c'.*did you mean Audiences__c"):
        loop.run(spec)
    assert loop.select("SELECT count(*) FROM writeback.plans") == [(0,)]


def test_a_spent_allowance_pauses_and_the_rest_goes_when_there_are_calls_again(loop, tmp_path):
    """What was sent is kept, the report says until when, and a day later the remaining records follow, each once."""
    ids = loop.make_leads(6)
    loop.fill(_people(ids))
    now = [1_000_000.0]
    ledger = CallLedger(tmp_path / "calls.sqlite", clock=lambda: now[0])
    spec = SPEC.model_copy(update={"batch_size": 2})
    with loop.org.counted_by(JobMeter(ledger, "export:leads", loop.org.host, limit=4)):
        report = loop.run(spec)  # describe, look-up, two batches
        assert (report.succeeded, report.waiting, report.api_calls) == (4, 2, 4)
        assert report.paused_until is not None
        assert report.paused_until.timestamp() == now[0] + 86_400
        assert report.paused_because.startswith("export:leads has made its daily maximum of 4 API calls, paused until")
        assert loop.select("SELECT status FROM writeback.plans") == [("paused",)]
        assert loop.run(spec).paused_because == report.paused_because
        now[0] += 86_400
        resumed = loop.run(spec)
    assert (resumed.planned, resumed.succeeded, resumed.unchanged) == (2, 2, 4)
    assert loop.updates() == [2, 2, 2]
    assert loop.held(ids, "Audiences__c") == [("Hot",)] * 6
    assert loop.select("SELECT status, count(*) FROM writeback.plans GROUP BY ALL ORDER BY ALL") == [
        ("done", 1),
        ("superseded", 1),
    ]


@pytest.mark.soak
def test_two_exports_on_one_object_at_once_do_not_mix(loop, login):
    """Two exports in two threads on the same leads: each field ends as its own export wants it."""
    ids = loop.make_leads(30)
    loop.fill(_people(ids))
    audiences = ExportSpec(
        name="audiences", object="Lead", match="salesforce_lead_ids", audiences_field="Audiences__c", batch_size=5
    )
    titles = ExportSpec(
        name="titles", object="Lead", match="salesforce_lead_ids", fields={"Title": "title"}, batch_size=7
    )

    def run(spec):
        with closing(connect(login)) as org:
            return run_export(org, loop.warehouse, spec, now=NOW, run_id=spec.name)

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(run, [audiences, titles]))
    assert [report.succeeded for report in reports] == [30, 30]
    assert loop.held(ids, "Audiences__c", "Title") == [("Hot", f"Title {number}") for number in range(30)]
    assert loop.select("SELECT export, count(*) FROM writeback.confirmed GROUP BY ALL ORDER BY ALL") == [
        ("audiences", 30),
        ("titles", 30),
    ]


def test_a_plan_that_a_newer_one_replaced_is_not_sent(loop):
    """Of two plans of one export only the newer may send; the older says so."""
    loop.fill(_people(loop.make_leads(2)))
    older = plan_export(loop.org, loop.warehouse, SPEC, now=NOW, run_id="older")
    newer = plan_export(loop.org, loop.warehouse, SPEC, now=NOW + timedelta(seconds=1), run_id="newer")
    with pytest.raises(PlanSuperseded, match="a newer one goes on"):
        send_plan(loop.org, loop.warehouse, SPEC, older, now=NOW, run_id="older")
    assert send_plan(loop.org, loop.warehouse, SPEC, newer, now=NOW, run_id="newer").succeeded == 2


def test_whoever_is_erased_while_an_export_runs_is_left_out(loop, monkeypatch):
    """A record that has gone from the plan since it was read is not sent, and nothing of it is written down."""
    ids = loop.make_leads(3)
    loop.fill(_people(ids))

    def look_up_and_erase(*asked):
        with loop.warehouse.write() as connection:
            connection.execute("DELETE FROM writeback.plan_rows WHERE record_id = ?", [ids[1]])
        return look_up(*asked)

    monkeypatch.setattr("sf_elt.writeback.send.look_up", look_up_and_erase)
    report = loop.run()
    assert (report.succeeded, loop.updates()) == (2, [2])
    for kept in ("sync_log", "previous_values", "confirmed"):
        assert {record for (record,) in loop.select(f"SELECT record_id FROM writeback.{kept}")} == {ids[0], ids[2]}


def test_a_look_at_a_warehouse_of_an_older_version_says_what_to_do(loop):
    """A dry run writes nothing, and so it cannot make a table that an older version did not have."""
    loop.fill([Person("p1", loop.make_leads(1), ["Hot"])])
    with loop.warehouse.write() as connection:
        connection.execute("DROP TABLE writeback.refusals")
    with pytest.raises(ExportNotReady, match="an earlier version of sf_elt wrote this warehouse last"):
        plan_export(loop.org, loop.warehouse, SPEC, now=NOW, run_id="dry", dry_run=True)


def test_a_dry_run_shows_records_in_which_something_changes(loop):
    """Those that hold their values already are counted, and others are shown in their place."""
    ids = loop.make_leads(12, Audiences__c="Hot")
    loop.edit(ids[-1], Audiences__c="Cold")
    loop.fill([Person(f"p{number:02}", [record_id], ["Hot"]) for number, record_id in enumerate(ids)])
    spec = SPEC.model_copy(update={"fields": {}, "scores_field": None})
    plan = plan_export(loop.org, loop.warehouse, spec, now=NOW, run_id="dry", dry_run=True)
    assert (plan.rows_planned, plan.looked_at, plan.held_already) == (12, 12, 11)
    assert [(change.record_id, change.before, change.after) for change in plan.sample] == [(ids[-1], "Cold", "Hot")]
