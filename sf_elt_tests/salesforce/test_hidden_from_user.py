"""What the integration user may not see: hidden, not there, or not to be told apart."""

from contextlib import closing

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Login, Org, RequestRefused, UnknownField, UnknownObject, connect, describe
from sf_elt.salesforce.permissions import Rights, explained, rights, sentence
from sf_elt_tests.orgs import levers
from sf_elt_tests.restricted import LABEL, restricted_login
from sf_elt_tests.salesforce.conftest import QUICK, Meter, renewable


def test_a_user_who_sees_setup_is_told_which_it_is(org: Details) -> None:
    """Hidden fields and objects are named with the box to tick in the user's own set; what is not there is said so."""
    login = restricted_login(org, objects=["Lead"], permissions=["ViewSetup"])
    known = _rights(login, ["Lead", "Contact", "Nope__c"])
    assert sentence(known, "Lead", "Score__c") == (
        f"The integration user cannot read Lead.Score__c: grant Setup › Permission Sets › {LABEL} › "
        "Object Settings › Lead › Field Permissions: Score__c: Read Access."
    )
    assert sentence(known, "Contact").endswith("Object Settings › Contact › Object Permissions: Read.")
    assert sentence(known, "Lead", "Nope__c") == "The org has no Lead.Nope__c."
    assert sentence(known, "Nope__c") == "The org has no Nope__c."


def test_parts_of_an_address_are_granted_with_it(org: Details) -> None:
    """City has no field-level security of its own: the box is that of Address."""
    known = _rights(restricted_login(org, objects=["Lead"], permissions=["ViewSetup"]), ["Lead"])
    assert "Field Permissions: Address: Read Access" in sentence(known, "Lead", "City")


def test_an_ordinary_user_is_told_that_it_cannot_be_told(org: Details) -> None:
    """Without a view of Setup the same answer stands for a hidden field and for one that was never made."""
    known = _rights(restricted_login(org, objects=["Lead"]), ["Lead"])
    for name in ("Score__c", "Nope__c"):
        assert f"Lead.{name} does not exist, or is hidden from the integration user" in sentence(known, "Lead", name)
    assert known.hidden_fields("Lead", []) == []
    assert known.sees_all_records("Lead") is None


def test_view_all_is_seen_by_object(org: Details) -> None:
    """Read alone leaves records to sharing; an object that nobody can be granted all records of has none to hide."""
    known = _rights(restricted_login(org, objects=["Lead"], permissions=["ViewSetup"]), ["Lead", "RecordType"])
    assert known.sees_all_records("Lead") is False
    assert known.sees_all_records("RecordType") is True
    assert _rights(renewable(org), ["Lead"]).sees_all_records("Lead") is True


def test_a_session_without_a_user_name_finds_its_user(org: Details) -> None:
    """An access token alone tells who it belongs to, in one call more."""
    meter = Meter()
    login = Login(instance_url=org.instance_url, access_token=org.access_token)
    with closing(connect(login, meter, patience=QUICK)) as session:
        assert rights(session, ["Lead"]).profile == "System Administrator"
    assert len(meter.calls) == 2


def test_an_error_is_explained_in_one_call(org: Details, connected: Org, meter: Meter) -> None:
    """An unknown field, of a parent too, gets its sentence; another refusal stays as it is and costs nothing."""
    levers(org).set_permission("Lead", "Score__c", access="none")
    try:
        describe(connected, "Lead")
        describe(connected, "User")
        meter.calls.clear()
        hidden = explained(connected, "Lead", UnknownField("no such field", fields=("Score__c",)))
        assert isinstance(hidden, UnknownField)
        assert str(hidden).startswith("no such field. The integration user cannot read Lead.Score__c")
        parent = explained(connected, "Lead", UnknownField("no such field", fields=("Owner.Nope",)))
        assert "The org has no User.Nope" in str(parent)
        absent = explained(connected, "Leads", UnknownObject("no such object"))
        assert str(absent) == "no such object. The org has no Leads."
        other = RequestRefused("locked")
        assert explained(connected, "Lead", other) is other
        assert len(meter.calls) == 6  # the token's user, then the rights, for each of three
    finally:
        levers(org).set_permission("Lead", "Score__c", access="granted")


def test_where_the_explanation_fails_the_error_stands(org: Details, connected: Org) -> None:
    """An org that refuses these questions leaves the error as it was, with the sentence that claims nothing."""
    levers(org).faults.plan({"path": "/composite", "times": None, "reply": {"status": 403}})
    told = explained(connected, "Lead", UnknownField("no such field", fields=("Score__c",)))
    assert "Lead.Score__c does not exist, or is hidden from the integration user" in str(told)


@pytest.mark.parametrize("field_name", ["MailingCity", "Email"])
def test_nothing_is_claimed_of_what_was_not_asked(field_name: str) -> None:
    """Without an answer about an object every field of it is unknown."""
    assert Rights(fields={"lead": frozenset({"Email"})}).why_not_seen("Contact", field_name) == "unknown"


def _rights(login: Login, objects: list[str]) -> Rights:
    with closing(connect(login, patience=QUICK)) as session:
        return rights(session, objects)
