"""Why a person was sent or not: the same verdicts as the plan's, with the history."""

import pytest

from sf_elt.salesforce import OrgUnavailable, describe
from sf_elt.writeback import NoSuchSubject, explain_sending
from sf_elt_tests.writeback.conftest import SPEC
from sf_elt_tests.writeback.people import NOW, Person
from sf_elt_tests.writeback.test_creating import UPSERT, person


def _why(loop, spec, asked: str):
    """The reasons and the log of the only subject."""
    found = explain_sending(loop.warehouse, spec, describe(loop.org, spec.object), asked, now=NOW)
    (subject,) = found.subjects
    return subject


def _codes(loop, spec, asked: str) -> list[str]:
    return [each.code for each in _why(loop, spec, asked).answers]


def test_each_reason_is_told_apart(loop):
    """Before a run and after it: unknown to the org, ambiguous, a contact, without an address, created, unchanged."""
    loop.make_leads(2, Email="twins@why.example")
    contact = {"LastName": "Held", "Email": "contact@why.example"}
    assert loop.org.session.post(loop.org.url("sobjects/Contact"), json=contact).ok
    people = [person(name, f"{name}@why.example") for name in ("twins", "contact", "new")]
    loop.fill([*people, person("none"), person("rival", "new@why.example", created_at=NOW.replace(tzinfo=None))])
    assert _codes(loop, UPSERT, "new") == ["NEVER_RUN", "NOT_LOOKED_UP"]
    loop.run(UPSERT)
    assert {name: _codes(loop, UPSERT, name) for name in ("twins", "contact", "none", "new", "rival")} == {
        "twins": ["AMBIGUOUS"],
        "contact": ["CONTACT_EXISTS"],
        "none": ["NO_VALUE_TO_MATCH"],
        "new": ["UNCHANGED"],
        "rival": ["PLANNED"],
    }
    again = _why(loop, UPSERT, "rival").answers[0].says
    assert "unless the org has a record with its Email by then" in again
    assert "it was set aside: CREATED_FOR_ANOTHER_PROFILE" in again
    made = _why(loop, UPSERT, "new")
    assert "went by rest (Title, LastName, Company, Email) in run run-0" in made.answers[0].says
    assert [(each.operation, each.status) for each in made.log] == [("create", "succeeded")]
    assert _why(loop, UPSERT, str(made.log[0].record_id)).subject_id == "new"
    assert "2 records have this Email" in _why(loop, UPSERT, "twins").answers[0].says
    update = UPSERT.model_copy(update={"operation": "update", "name": "updates"})
    loop.fill([person("nobody", "nobody@why.example")])
    loop.run(update)
    assert _codes(loop, update, "nobody") == ["NO_RECORD"]
    with pytest.raises(NoSuchSubject, match="no profile has this identifier"):
        _why(loop, UPSERT, "stranger@why.example")


@pytest.mark.soak
def test_what_holds_up_the_export_comes_first(loop):
    """Switched off, waiting for approval, not a member, the condition: and then what the plan would do."""
    ids = loop.make_leads(2)
    loop.fill([Person("in", ids[:1], ["Hot"], values={"title": "Dr"}), Person("out", ids[1:])])
    spec = SPEC.model_copy(update={"only_members": True, "approve_above_changed": 0.1})
    loop.run(spec)
    assert _codes(loop, spec, "in") == ["WAITS_FOR_APPROVAL", "PLANNED"]
    assert "which would update this one" in _why(loop, spec, "in").answers[0].says
    assert _codes(loop, spec.model_copy(update={"enabled": False}), "out")[0] == "SWITCHED_OFF"
    assert _codes(loop, spec, "out") == ["WAITS_FOR_APPROVAL", "NOT_A_MEMBER"]
    titled = SPEC.model_copy(update={"condition": "title = 'Dr'", "name": "titled"})
    loop.run(titled)
    assert _codes(loop, titled, "out") == ["CONDITION_FALSE"]
    assert "the condition is not true: title = 'Dr'" in _why(loop, titled, "out").answers[0].says


@pytest.mark.soak
def test_what_the_org_refused_and_what_is_in_doubt_are_told(loop):
    """With the org's own words and whether it is tried again; a lost answer says that the org is asked first."""
    ids = loop.make_leads(2)
    loop.fill([Person("p0", ids[:1], values={"title": "Dr"})])
    assert loop.org.session.delete(loop.org.url(f"sobjects/Lead/{ids[0]}")).ok
    loop.run()
    (answer,) = _why(loop, SPEC, "p0").answers
    assert answer.code == "REFUSED"
    assert "ENTITY_IS_DELETED: entity is deleted. It is tried again once the values" in answer.says
    loop.fill([Person("p1", ids[1:], values={"title": "Dr"})])
    loop.levers.faults.plan({"path": "/composite/sobjects$", "method": "PATCH", "drop": "before", "times": 9})
    with pytest.raises(OrgUnavailable):
        loop.run()
    assert _codes(loop, SPEC, "p1")[0] == "IN_DOUBT"
