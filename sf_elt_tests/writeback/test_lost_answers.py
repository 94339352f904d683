"""Answers lost after records were created: no record twice, whatever became of its values in the meantime."""

from datetime import timedelta

import pytest
import requests
from simple_salesforce import Salesforce

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import OrgUnavailable, query_records
from sf_elt.writeback import ExportSpec, made
from sf_elt_tests.orgs import client
from sf_elt_tests.writeback.conftest import Loop
from sf_elt_tests.writeback.happenings import make, rows
from sf_elt_tests.writeback.people import Person
from sf_elt_tests.writeback.test_creating import UPSERT, person

LOST = {"path": "/composite/sobjects$", "method": "POST", "drop": "after"}
BY_VALUES = ExportSpec(
    name="by_values",
    object="Lead",
    operation="create",
    fields={"Title": "title", "Email": "email", "AnnualRevenue": "revenue", "LastName": "name"},
    fields_on_create={"Company": {"constant": "Acme"}},
)


@pytest.fixture(autouse=True)
def _settled(monkeypatch):
    """Nothing is at work any more once an answer of the demo org is lost."""
    monkeypatch.setattr(made, "SETTLING", timedelta())


def _lose(loop: Loop, spec: ExportSpec) -> None:
    """A run whose records are created, and whose answer is lost."""
    loop.levers.faults.plan(LOST)
    with pytest.raises(OrgUnavailable):
        loop.run(spec)


def _held(loop: Loop, domain: str) -> list[tuple[object, ...]]:
    rows = query_records(
        loop.org, f"SELECT Email, Title, CreatedDate FROM Lead WHERE Email LIKE '%@{domain}' ORDER BY Email"
    )
    return [(row["Email"], row["Title"]) for row in rows]


def test_a_record_is_found_by_its_matchers_whatever_else_has_changed(loop):
    """A trigger, or a person, has given it another title since: it is that record, and no second is made."""
    loop.fill([person("Ann", "ANN@lost.example"), person("Bob", "bob@lost.example")])
    _lose(loop, UPSERT)
    (ann,) = query_records(loop.org, "SELECT Id FROM Lead WHERE Email = 'ann@lost.example'")
    loop.edit(str(ann["Id"]), Title="Theirs")
    report = loop.run(UPSERT)
    assert (report.confirmed_by_lookup, report.planned) == (2, 0)
    assert _held(loop, "lost.example") == [("ann@lost.example", "Theirs"), ("bob@lost.example", "Dr")]
    assert loop.select("SELECT count(DISTINCT record_id) FROM writeback.confirmed WHERE was_created") == [(2,)]


@pytest.mark.soak
@pytest.mark.parametrize("minutes", [pytest.param(-9, marks=pytest.mark.soak), 9])
def test_clocks_may_differ(loop, minutes):
    """The org's clock is nine minutes off, either way."""
    domain = f"clock{minutes}.example"
    loop.levers.let_clock_differ(60 * minutes)
    try:
        loop.fill([person("Ann", f"ann@{domain}")])
        _lose(loop, UPSERT)
        report = loop.run(UPSERT)
    finally:
        loop.levers.let_clock_differ(0)
    assert report.confirmed_by_lookup == 1
    assert _held(loop, domain) == [(f"ann@{domain}", "Dr")]


@pytest.mark.soak
def test_what_somebody_else_made_meanwhile_is_not_what_we_made(loop, export_org):
    """The request never took effect, and a colleague has made the lead by hand: it is updated, and stays theirs."""
    loop.fill([person("Ann", "ann@hand.example")])
    loop.levers.faults.plan({**LOST, "drop": "before"})
    with pytest.raises(OrgUnavailable):
        loop.run(UPSERT)
    colleague = _colleague(loop, export_org)
    ann = colleague.Lead.create({"LastName": "By hand", "Company": "Acme", "Email": "ann@hand.example"})["id"]
    report = loop.run(UPSERT)
    assert (report.confirmed_by_lookup, report.by_operation) == (0, {"update": 1})
    assert _held(loop, "hand.example") == [("ann@hand.example", "Dr")]
    assert loop.select("SELECT record_id, was_created FROM writeback.confirmed") == [(ann, False)]


def _colleague(loop: Loop, details: Details) -> Salesforce:
    """The org as a user who is not the one that exports."""
    ((profile,),) = rows(loop, "SELECT Id FROM Profile WHERE Name = 'System Administrator'")
    who = {"LastName": "Doe", "Alias": "doe", "Email": "doe@hand.example", "Username": "doe@hand.example"}
    set_up = {"TimeZoneSidKey": "GMT", "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US"}
    make(loop, "User", ProfileId=profile, IsActive=True, EmailEncodingKey="UTF-8", **who, **set_up)
    requests.post(
        f"{details.instance_url}/demo/users", json={"username": who["Username"], "password": "pass word 1"}, timeout=10
    ).raise_for_status()
    return client(details, how="connected app", username=who["Username"], password="pass word 1")


def test_without_matchers_values_are_compared_as_the_org_keeps_them(loop):
    """Spaces, capitals of an address, cents that are rounded; and of two equal rows both are there, and no third."""
    odd = {"title": " Dr ", "email": "ANN@Values.example", "revenue": 12.5, "name": "A\r\nB"}
    loop.fill([Person("p1", values=odd), Person("p2", values=odd), Person("p3", values={**odd, "title": "Prof"})])
    _lose(loop, BY_VALUES)
    assert [title for _, title in _held(loop, "values.example")] == ["Dr", "Dr", "Prof"]
    report = loop.run(BY_VALUES)
    assert (report.confirmed_by_lookup, report.planned) == (3, 0)
    assert len(_held(loop, "values.example")) == 3
    assert loop.select("SELECT count(DISTINCT record_id) FROM writeback.confirmed") == [(3,)]


@pytest.mark.soak
def test_what_somebody_made_while_a_plan_waited_is_not_made_again(loop):
    """Of an approved plan only those are created who are still nobody in the org; the others are found next time."""
    loop.make_leads(1, Email="held@waited.example")
    careful = UPSERT.model_copy(update={"approve_above_changed": 0.0})
    loop.fill([person(name, f"{name.lower()}@waited.example") for name in ("Ann", "Bob", "Cyd")])
    waiting = loop.run(careful)
    make(loop, "Lead", LastName="By hand", Company="Acme", Email="ann@waited.example")
    make(loop, "Contact", LastName="By hand", Email="bob@waited.example")
    sent = loop.run(careful, approve=waiting.plan_id)
    assert (sent.succeeded, sent.set_aside, sent.waiting) == (1, 2, 0)
    assert loop.select("SELECT subject_id FROM writeback.sync_log WHERE code = 'MATCHED_SINCE' ORDER BY 1") == [
        ("Ann",),
        ("Bob",),
    ]
    after = loop.run(UPSERT)
    assert (after.by_operation, after.set_aside) == ({"update": 1}, 1)
    assert _held(loop, "waited.example") == [
        ("ann@waited.example", "Dr"),
        ("cyd@waited.example", "Dr"),
        ("held@waited.example", None),
    ]
