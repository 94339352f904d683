"""What exports need, planned and made in a running org: once, by whoever may, and whatever is cut short."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import AllowanceSpent, Org, connect, describe, query_records
from sf_elt.salesforce.setup import Item, Plan, Purpose, Wanted, WantedField, carry_out, plan
from sf_elt.salesforce.setup.wanted import FieldDefinition
from sf_elt_tests.orgs import levers
from sf_elt_tests.restricted import restricted_login
from sf_elt_tests.salesforce.conftest import QUICK, Meter

NUMBERS = count(1)


@dataclass(frozen=True)
class Fields:
    """Fields that the org does not have, under names of the test's own."""

    audiences: WantedField
    scores: WantedField
    topics: WantedField
    identity: WantedField

    @property
    def all(self) -> tuple[WantedField, ...]:
        return (self.audiences, self.scores, self.topics, self.identity)


@pytest.fixture
def fields() -> Fields:
    number = next(NUMBERS)
    return Fields(
        WantedField("Lead", f"Audiences{number}__c", "audiences", 120, ("leads",)),
        WantedField("Lead", f"Scores{number}__c", "scores", 69, ("leads",)),
        WantedField("Contact", f"Topics{number}__c", "affinity", 604, ("contacts",)),
        WantedField("Lead", f"Sf_Elt_Id{number}__c", "external id"),
    )


@pytest.fixture
def bare(connected: Org, meter: Meter) -> Org:
    """A session with an org without our permission set."""
    _delete_set(connected)
    meter.calls.clear()
    return connected


def test_a_plan_names_every_field_and_changes_nothing(bare: Org, fields: Fields, meter: Meter) -> None:
    """Each field, what it takes to write it, and the page layouts that show it; the org is only asked."""
    found = plan(bare, Wanted(fields.all))
    assert found.passed
    assert _said(found, "field") == {each.full_name: "to make" for each in fields.all}
    assert _said(found, "edit") == {each.full_name: "to make" for each in fields.all}
    assert _said(found, "permission set") == {"sf_elt exports": "to make"}
    assert list(_said(found, "assignment").values()) == ["to make"]
    assert _said(found, "layout") == {each.full_name: "to make" for each in fields.all}
    assert _writes(meter) == []


def test_what_is_made_can_be_written_and_a_second_time_nothing_is(bare: Org, fields: Fields, meter: Meter) -> None:
    """Fields as the administrator was promised, edit on them alone for the user; again, it finds all of it standing."""
    assert set(_verdicts(carry_out(bare, Wanted(fields.all)))) == {"made"}
    made = describe(bare, "Lead").field(fields.audiences.name)
    assert (made.type, made.length, made.updateable, made.label) == ("textarea", 32_768, True, fields.audiences.label)
    assert "does not last" in (made.inlineHelpText or "")
    identity = describe(bare, "Lead").field(fields.identity.name)
    assert (identity.externalId, identity.unique, identity.length) == (True, True, 255)
    ours = "WHERE Parent.Name = 'sf_elt_exports'"
    granted = query_records(bare, f"SELECT Field FROM FieldPermissions {ours} AND PermissionsEdit = true")
    assert {each["Field"] for each in granted} == {each.full_name for each in fields.all}
    assert query_records(bare, f"SELECT COUNT() FROM ObjectPermissions {ours}") == [{"COUNT()": 0}]
    metadata = _metadata(bare, fields.audiences)
    assert metadata["visibleLines"] == 3
    assert metadata["description"] == "This person is a member of these audiences. Written by sf_elt (exports: leads)."
    meter.calls.clear()
    assert set(_verdicts(carry_out(bare, Wanted(fields.all)))) == {"stands"}
    assert _writes(meter) == []


def test_a_field_that_cannot_hold_it_is_left_as_it_is(bare: Org, org: Details, fields: Fields) -> None:
    """Another type, and too few characters: each is said with what to do, and the others are made."""
    audiences, scores = fields.audiences, fields.scores
    number = {"fullName": audiences.name, "type": "Number", "label": "Audiences", "precision": 5, "scale": 0}
    short = {"fullName": scores.name, "type": "Text", "label": "Scores", "length": 20}
    levers(org).change_schema("Lead", add=[number, short])
    found = carry_out(bare, Wanted((audiences, scores, fields.identity)))
    assert not found.passed
    verdicts = ["in the way", "in the way", "made"]
    assert list(_said(found, "field").values()) == verdicts
    assert _item(found, audiences.full_name, "field").says == "the field stands, but it is of type Number, not a text"
    told = _item(found, scores.full_name, "field")
    assert "holds 20 characters, and what is written can have 69" in told.says
    assert "make it Text Area (Long), 32,768 characters" in told.todo
    assert describe(bare, "Lead").field(audiences.name).type == "double"


@pytest.mark.parametrize(
    ("purpose", "standing", "why"),
    [
        ("audiences", {"type": "MultiselectPicklist"}, None),
        ("audiences", {"type": "TextArea"}, None),
        ("affinity", {"type": "TextArea"}, "it holds 255 characters, and what is written can have 604"),
        ("scores", {"type": "MultiselectPicklist"}, "it is of type Picklist (Multi-Select), not a text"),
        ("scores", {"type": "Text", "length": 604}, None),
        ("scores", {"type": "Text", "formula": "Name"}, "it is a formula, which the org computes"),
        ("audiences", {"type": "Html", "length": 900}, "it is of type Text Area (Rich), 900 characters, not a text"),
        ("external id", {"type": "Text", "length": 80, "externalId": True}, "it is not marked unique"),
        ("external id", {"type": "Phone", "externalId": True}, "it is of type Phone, External ID, not Text"),
        ("external id", {"type": "Number", "unique": True}, "it is not marked External ID"),
        ("external id", {"type": "Text", "externalId": True, "unique": True}, None),
        ("external id", {"type": "Number", "externalId": True, "unique": True}, None),
    ],
)
def test_which_standing_fields_will_do(purpose: Purpose, standing: dict[str, object], why: str | None) -> None:
    """What exports can write into is enough, whatever we would have made; of the rest the reason is said."""
    least = 604 if purpose in ("affinity", "scores") else 120
    wanted = WantedField("Lead", "Any__c", purpose, least)
    assert wanted.why_unfit(FieldDefinition.model_validate(standing)) == why


def test_a_field_that_nobody_sees_is_found_and_opened(bare: Org, fields: Fields) -> None:
    """Made by somebody by hand and granted to nobody: it is not made twice, only edit is granted."""
    wanted = fields.audiences
    by_hand = {"FullName": wanted.full_name, "Metadata": {**wanted.metadata, "length": 1000}}
    bare.session.post(bare.url("tooling/sobjects/CustomField"), json=by_hand)
    assert wanted.name not in describe(bare, "Lead").by_name
    found = carry_out(bare, Wanted((wanted,)))
    assert [_item(found, wanted.full_name, what).verdict for what in ("field", "edit")] == ["stands", "made"]
    assert describe(bare, "Lead").field(wanted.name).updateable


@pytest.mark.parametrize(
    ("permissions", "lacks", "made"),
    [
        ((), ["Customize Application, Manage Users"], set[str]()),
        (("ViewSetup", "CustomizeApplication"), ["Manage Profiles and Permission Sets", "Assign"], {"field"}),
    ],
)
def test_who_lacks_a_permission_is_told_and_tries_nothing_of_it(
    bare: Org,
    org: Details,
    fields: Fields,
    meter: Meter,
    permissions: Sequence[str],
    lacks: Sequence[str],
    made: set[str],
) -> None:
    """The missing permissions by their names in Setup; what they are needed for is not even sent."""
    login = restricted_login(org, objects=["Lead"], permissions=permissions)
    meter.calls.clear()
    with closing(connect(login, meter, patience=QUICK)) as restricted:
        found = carry_out(restricted, Wanted((fields.audiences,)))
    told = [each.todo for each in found.items if each.what == "permission"]
    assert not found.passed
    assert [lack in todo for lack, todo in zip(lacks, told, strict=True)] == [True] * len(lacks)
    assert {each.what for each in found.items if each.verdict == "made"} == made
    assert len(_writes(meter)) == len(made)


def test_fields_of_tasks_are_left_to_people(bare: Org) -> None:
    """Setup makes them on Activity, for tasks and events together; one that stands is as good as any other."""
    found = plan(bare, Wanted((WantedField("Task", "Key__c", "external id"),)))
    item = _item(found, "Task.Key__c", "field")
    assert (item.verdict, "Setup › Object Manager › Activity › Fields" in item.todo) == ("in the way", True)
    assert found.count("to make") == 0


def test_how_a_duplicate_rule_is_made_is_said_of_each_object(bare: Org) -> None:
    """By the address for people, against each other; by name or website for companies; others have no such rules."""
    objects = ("Lead", "Account", "Subscription__c", "Opportunity")
    wanted = Wanted(tuple(WantedField(each, "Key__c", "external id") for each in objects), duplicate_rule=True)
    told = {each.subject: each.todo for each in plan(bare, wanted).items if each.what == "duplicate rule"}
    assert "Rule Name: sf_elt Lead; Matching Criteria: Email, Exact" in told["Lead"]
    compared = (
        "Compare With: Lead, Matching Rule: sf_elt Lead; Add Rule: Compare With: Contact, Matching Rule: Standard"
    )
    assert compared in told["Lead"]
    assert "Name, Exact; Website, Exact; Filter Logic 1 OR 2" in told["Account"]
    assert "Website" not in told["Subscription__c"]
    assert told["Opportunity"].startswith("Salesforce has no duplicate rules for Opportunity")


def test_another_user_gets_edit(bare: Org, org: Details, fields: Fields) -> None:
    """An administrator's login sets up for the integration user, whose own view of the org then has the field."""
    login = restricted_login(org, objects=["Lead"])
    wanted = Wanted((fields.audiences,), user=login.username or "")
    assert carry_out(bare, wanted).passed
    assert fields.audiences.name not in describe(bare, "Lead").by_name
    with closing(connect(login, patience=QUICK)) as integration:
        item = _item(plan(integration, Wanted((fields.audiences,))), fields.audiences.full_name, "edit")
    assert (item.verdict, "not the records of Lead" in item.says) == ("in the way", True)
    nobody = plan(bare, replace(wanted, user="nobody@example.com"))
    assert _item(nobody, "nobody@example.com", "user").verdict == "in the way"


def test_all_may_read_only_where_that_is_asked(bare: Org, fields: Fields) -> None:
    """Profiles that read leads get read on the field, not edit; the one that does not see leads gets nothing."""
    of_profiles = (
        f"SELECT PermissionsEdit FROM FieldPermissions WHERE Field = '{fields.audiences.full_name}' "
        "AND Parent.IsOwnedByProfile = true"
    )
    carry_out(bare, Wanted((fields.audiences,)))
    assert query_records(bare, of_profiles) == []
    wanted = Wanted((fields.audiences,), visible_to_all=True)
    assert carry_out(bare, wanted).count("made") == 2
    assert [each["PermissionsEdit"] for each in query_records(bare, of_profiles)] == [False, False]


def test_answers_that_are_lost_are_looked_for(bare: Org, org: Details, fields: Fields, meter: Meter) -> None:
    """Each request takes effect and its answer does not come: nothing is made twice, and nothing is called refused."""
    levers(org).faults.plan(
        {"path": "/tooling/sobjects/CustomField$", "method": "POST", "drop": "after"},
        {"path": "/composite/sobjects$", "method": "POST", "times": 3, "drop": "after"},
    )
    found = carry_out(bare, Wanted((fields.audiences, fields.scores)))
    assert set(_verdicts(found)) == {"made"}
    assert len(_writes(meter)) == 2 + 3
    assert query_records(bare, "SELECT COUNT() FROM PermissionSet WHERE Name = 'sf_elt_exports'") == [{"COUNT()": 1}]


def test_requests_that_never_arrive_are_sent_again(bare: Org, org: Details, fields: Fields) -> None:
    """Looked for and not found, a field and a permission set are sent a second time."""
    levers(org).faults.plan(
        {"path": "/tooling/sobjects/CustomField$", "method": "POST", "drop": "upload"},
        {"path": "/composite/sobjects$", "method": "POST", "times": 2, "drop": "upload"},
    )
    assert set(_verdicts(carry_out(bare, Wanted((fields.audiences,))))) == {"made"}


def test_what_the_org_refuses_keeps_back_only_what_needs_it(bare: Org, org: Details, fields: Fields) -> None:
    """The org's own words and the steps by hand; the other fields are made, and the next time the rest is."""
    words = {"status": 400, "code": "LIMIT_EXCEEDED", "message": "You have reached the maximum number of custom fields"}
    levers(org).faults.plan({"path": "/tooling/sobjects/CustomField$", "method": "POST", "refuse": words})
    wanted, name = Wanted((fields.audiences, fields.scores)), fields.audiences.full_name
    found = carry_out(bare, wanted)
    refused = _item(found, name, "field")
    assert (refused.verdict, _item(found, name, "edit").verdict) == ("refused", "waits")
    assert "maximum number of custom fields" in refused.todo
    assert "Fields & Relationships › New: Text Area (Long)" in refused.todo
    assert _item(found, fields.scores.full_name, "edit").verdict == "made"
    assert not found.passed
    again = carry_out(bare, wanted)
    assert [_item(again, name, what).verdict for what in ("field", "edit")] == ["made", "made"]
    assert again.passed


@pytest.mark.parametrize(
    "calls", [pytest.param(each, marks=() if each in (9, 15) else pytest.mark.soak) for each in range(2, 30)]
)
def test_cut_short_anywhere_it_goes_on(bare: Org, fields: Fields, meter: Meter, calls: int) -> None:
    """Stopped after any number of calls it says what it made, and the next time makes the rest and only that."""
    wanted = Wanted((fields.audiences, fields.scores))
    meter.most = calls
    try:
        first = carry_out(bare, wanted)
        made, passed = first.count("made"), first.passed
    except AllowanceSpent:
        made, passed = 0, False
    meter.most = None
    again = carry_out(bare, wanted)
    everything = 2 + 1 + 2 + 1 + 2
    assert (passed, again.passed) == (made == everything, True)
    assert made + again.count("made") == everything


def _delete_set(connected: Org) -> None:
    for each in query_records(connected, "SELECT Id FROM PermissionSet WHERE Name = 'sf_elt_exports'"):
        connected.session.delete(connected.url(f"sobjects/PermissionSet/{each['Id']}"))


def _metadata(connected: Org, field: WantedField) -> dict[str, object]:
    soql = f"SELECT Metadata FROM CustomField WHERE DeveloperName = '{field.developer_name}'"
    [found] = connected.session.get(connected.url("tooling/query/"), params={"q": soql}).json()["records"]
    metadata: dict[str, object] = found["Metadata"]
    return metadata


def _said(found: Plan, what: str) -> dict[str, str]:
    return {each.subject: each.verdict for each in found.items if each.what == what}


def _verdicts(found: Plan) -> Iterator[str]:
    return (each.verdict for each in found.items)


def _item(found: Plan, subject: str, what: str) -> Item:
    [item] = [each for each in found.items if (each.subject, each.what) == (subject, what)]
    return item


def _writes(meter: Meter) -> list[tuple[str, str]]:
    """Calls that change something: composite requests only read here, and a login changes nothing."""
    reads = ("/composite", "/services/Soap")
    return [
        (method, path)
        for method, path in meter.calls
        if method != "GET" and not path.endswith(reads[0]) and reads[1] not in path
    ]
