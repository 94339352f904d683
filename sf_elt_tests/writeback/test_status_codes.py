"""Where each status code of the org leads: sent again, waiting for a change, ambiguous, gone, converted, or setup."""

from datetime import timedelta
from typing import Literal

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import OrgUnavailable, query_records
from sf_elt.writeback import ExportMisconfigured, ExportSpec, made, plan_export, send_plan
from sf_elt.writeback.field_sources import Constant
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.writeback.conftest import Loop
from sf_elt_tests.writeback.people import NOW, Person
from sf_elt_tests.writeback.test_creating import UPSERT, person

Transport = Literal["rest", "bulk"]
BOTH = pytest.mark.parametrize("transport", ["rest", "bulk"])
SOAK_BULK = pytest.mark.parametrize("transport", ["rest", pytest.param("bulk", marks=pytest.mark.soak)])
RULE = {"active": True, "errorConditionFormula": "Title = 'soon'", "errorMessage": "No", "errorDisplayField": "Title"}
PRESETS = ["too_many_requests", "server_error", "bad_gateway", "html_instead"]
UPDATES = ExportSpec(
    name="codes",
    object="Lead",
    match="salesforce_lead_ids",
    fields={"Title": "title", "Email": "email", "External_Id__c": "bounced_text", "LastName": "name"},
)


@BOTH
def test_every_code_of_a_record_leads_where_it_should(loop: Loop, export_org: Details, transport: Transport) -> None:
    """A locked record is sent again in the run; all else that is refused waits until its values change, beside the
    good ones; what can be judged before is never sent.
    """
    spec = UPDATES.model_copy(update={"transport": transport})
    loop.make_leads(1, External_Id__c=f"taken {transport}")
    ids = loop.make_leads(8)
    good, locked, gone, converted, bad_email, taken, ruled, too_long = ids
    loop.org.session.delete(loop.org.url(f"sobjects/Lead/{gone}"))
    soap(export_org, "convertLead", {"leadConverts": {"leadId": converted, "convertedStatus": "Closed - Converted"}})
    loop.levers.lock(locked, times=1)
    rule = loop.org.session.post(
        loop.org.url("tooling/sobjects/ValidationRule"), json={"FullName": "Lead.Soon", "Metadata": RULE}
    )
    values = {
        good: {"title": "saved"},
        locked: {"title": "saved"},
        gone: {"title": "saved"},
        converted: {"title": "saved"},
        bad_email: {"email": "nobody"},
        taken: {"bounced_text": f"taken {transport}"},
        ruled: {"title": "soon"},
        too_long: {"title": "x" * 129},
    }
    loop.fill([Person(f"p{number}", [record], values=values[record]) for number, record in enumerate(ids)])
    try:
        report = loop.run(spec)
        assert (report.succeeded, report.failed, report.set_aside, report.waiting) == (2, 5, 1, 0)
        expected = {
            good: [("succeeded", None, False)],
            locked: [("failed", "UNABLE_TO_LOCK_ROW", True), ("succeeded", None, False)],
            gone: [("failed", "ENTITY_IS_DELETED", False)],
            converted: [("failed", "CANNOT_UPDATE_CONVERTED_LEAD", False)],
            bad_email: [("failed", "INVALID_EMAIL_ADDRESS", False)],
            taken: [("failed", "DUPLICATE_VALUE", False)],
            ruled: [("failed", "FIELD_CUSTOM_VALIDATION_EXCEPTION", False)],
            too_long: [("set aside", "STRING_TOO_LONG", False)],
        }
        assert _logged(loop) == expected
        again = loop.run(spec)
        assert (again.planned, again.refused_before, again.set_aside, again.api_calls) == (0, 5, 1, 0)
        values[ruled] = {"title": "now"}
        loop.fill([Person(f"p{number}", [record], values=values[record]) for number, record in enumerate(ids)])
        assert loop.run(spec).succeeded == 1
    finally:
        loop.org.session.delete(loop.org.url(f"tooling/sobjects/ValidationRule/{rule.json()['id']}"))


def _logged(loop: Loop) -> dict[str, list[tuple[str, str | None, bool]]]:
    """Record id → (status, code, retryable) of each of its attempts."""
    rows = loop.select("SELECT record_id, status, code, retryable FROM writeback.sync_log ORDER BY rowid")
    return {record: [tuple(rest) for one, *rest in rows if one == record] for record, *_ in rows}


@pytest.mark.soak
@SOAK_BULK
def test_what_an_administrator_has_to_do_stops_the_export_with_its_name(loop: Loop, transport: Transport) -> None:
    """A right that is lost between plan and send fails the records; the next run names the field and sends nothing."""
    spec = UPDATES.model_copy(update={"fields": {"Title": "title"}, "transport": transport})
    ids = loop.make_leads(1)
    loop.fill([Person("p", ids, values={"title": "Dr"})])
    plan = plan_export(loop.org, loop.warehouse, spec, now=NOW, run_id="run")
    loop.levers.set_permission("Lead", "Title", access="read")
    try:
        report = send_plan(loop.org, loop.warehouse, spec, plan, now=NOW, run_id="run")
        assert (report.succeeded, report.failed) == (0, 1)
        loop.org.described.clear()
        with pytest.raises(ExportMisconfigured, match=r"Lead\.Title cannot be updated"):
            loop.run(spec, after=timedelta(days=2))
    finally:
        loop.levers.set_permission("Lead", "Title", access="granted")
        loop.org.described.clear()
    assert loop.run(spec, after=timedelta(days=2)).succeeded == 1


@pytest.mark.soak
def test_a_duplicate_is_refused_unless_the_export_allows_it(loop: Loop) -> None:
    """DUPLICATES_DETECTED waits; with duplicates: allow the record is saved though the rule warns."""
    loop.make_leads(1, FirstName="T.", LastName="Twin", Company="[unknown]", Email="other@twin.example")
    named = {**UPSERT.fields_on_create, "FirstName": Constant(constant="T.")}
    spec = UPSERT.model_copy(update={"fields_on_create": named})
    loop.fill([person("Twin", "twin@twin.example")])
    loop.levers.set_duplicate_rule("Lead", "alert")
    try:
        assert loop.run(spec).failed == 1
        assert loop.select("SELECT code, retryable FROM writeback.sync_log") == [("DUPLICATES_DETECTED", False)]
        assert loop.run(spec).refused_before == 1
        allowing = spec.model_copy(update={"duplicates": "allow"})
        assert loop.run(allowing, after=timedelta(days=2)).succeeded == 1
    finally:
        loop.levers.set_duplicate_rule("Lead", "off")


@SOAK_BULK
def test_what_several_records_hold_is_ambiguous_also_to_the_org(loop: Loop, transport: Transport) -> None:
    """By an external id that became ambiguous after the look-up the org itself says so; nothing is written."""
    domain, key = f"{transport}-amb.example", f"Key_{transport}__c"
    field = {"fullName": key, "type": "Text", "label": key, "length": 40, "externalId": True}
    loop.levers.change_schema("Lead", add=[field])
    keyed = UPSERT.model_copy(
        update={"name": f"keyed_{transport}", "external_id": key, "matchers": {key: "email"}, "transport": transport}
    )  # fmt: skip
    loop.fill([person("Ann", f"ann@{domain}", email=f"ann@{domain}")])
    plan = plan_export(loop.org, loop.warehouse, keyed, now=NOW, run_id="run")
    ids = loop.make_leads(2, **{key: f"ann@{domain}"})
    report = send_plan(loop.org, loop.warehouse, keyed, plan, now=NOW, run_id="run")
    assert (report.succeeded, report.failed) == (0, 1)
    assert loop.select("SELECT code, retryable FROM writeback.sync_log") == [("DUPLICATE_EXTERNAL_ID", False)]
    assert loop.held(ids, "Title") == [(None,), (None,)]
    assert loop.run(keyed, after=timedelta(minutes=1)).set_aside == 1


@SOAK_BULK
def test_deleting_what_is_deleted_already_is_no_failure(loop: Loop, transport: Transport) -> None:
    """Whoever was deleted by hand since the import counts as deleted, not by us; a second run does nothing."""
    ids = loop.make_leads(2)
    spec = ExportSpec(
        name=f"gone_{transport}", object="Lead", operation="delete", match="salesforce_lead_ids", transport=transport,
        approve_above_deleted=1.0,
    )  # fmt: skip
    loop.fill([Person("p", ids)])
    loop.org.session.delete(loop.org.url(f"sobjects/Lead/{ids[0]}"))
    report = loop.run(spec)
    assert (report.succeeded, report.failed, report.by_operation) == (2, 0, {"delete": 1})
    assert loop.select("SELECT code FROM writeback.sync_log ORDER BY record_id") == [("ALREADY_HELD",), (None,)]
    for lead in loop.leads:
        lead.deleted = True
    loop.fill([Person("p", ids)])
    assert loop.run(spec).planned == 0
    assert list(query_records(loop.org, f"SELECT Id FROM Lead WHERE Id IN ('{ids[0]}', '{ids[1]}')")) == []


@pytest.mark.soak
@pytest.mark.parametrize("preset", PRESETS)
def test_a_whole_call_that_fails_creates_nobody_twice(loop: Loop, preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a create that the org may have carried out nothing is repeated before it was looked for."""
    monkeypatch.setattr(made, "SETTLING", timedelta())
    loop.fill([person("Ann", f"ann@{preset.replace('_', '-')}.example")])
    loop.levers.faults.plan({"preset": preset, "path": "/composite/sobjects$", "method": "POST"})
    try:
        loop.run(UPSERT)
    except OrgUnavailable:
        loop.run(UPSERT)
    rows = query_records(loop.org, f"SELECT Id FROM Lead WHERE Email = 'ann@{preset.replace('_', '-')}.example'")
    assert len(list(rows)) == 1
    assert loop.run(UPSERT).planned == 0
