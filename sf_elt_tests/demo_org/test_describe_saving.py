"""Describe tells the truth: what it calls required, createable, updateable or restricted, saving treats so."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sf_elt.demo_org.access.records import give_profiles
from sf_elt.demo_org.access.view import has_object_permissions, has_own_permission
from sf_elt.demo_org.describe import describe_object
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.saving import SaveOutcome, save
from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.seeding import seed_org
from sf_elt.demo_org.store import Store, table

Facts = dict[str, Any]

CREATEABLE = [each.name for each in load_schema().objects if each.createable]
TEXT = ("string", "textarea", "url", "phone", "combobox")
VALUES = {
    "boolean": True,
    "int": 3,
    "double": 1.5,
    "currency": 2.5,
    "percent": 50,
    "date": "2026-03-01",
    "datetime": "2026-03-01T10:00:00Z",
    "time": "10:15:00.000Z",
    "base64": "SGVsbG8=",
    "email": "somebody@example.org",
}
NEEDED = {
    "CampaignMember": ("LeadId",),
    "Event": ("StartDateTime", "EndDateTime"),
    "FieldPermissions": ("PermissionsRead",),
    "ObjectPermissions": ("PermissionsRead",),
}
"""What an object asks for beyond its required fields: a member is a lead or a contact, an event has its time, a
permission gives something.
"""


class Org:
    def __init__(self) -> None:
        self.store = Store(load_schema())
        seed_org(self.store, seed=7, records=120, now=datetime(2026, 11, 21, tzinfo=UTC))
        give_profiles(self.store, datetime(2026, 11, 20, tzinfo=UTC))
        [(self.user,)] = self.rows('SELECT min("Id") FROM records."User"')
        self._number = 0

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.store.reading() as connection:
            return connection.execute(statement).fetchall()

    def fields(self, name: str) -> list[Facts]:
        found: Any = describe_object(self.store.schema, self.store.schema.require(name), "62.0")["fields"]
        return found

    def save(self, name: str, operation: Any, records: list[dict[str, Any]]) -> list[SaveOutcome]:
        return save(self.store, self.user, name, operation, records)

    def value(self, field: Facts) -> Any:
        """Something that the field takes: another one each time where it must be unique."""
        self._number += 1
        if field["picklistValues"]:
            return field["picklistValues"][-1]["value"]
        if field["type"] == "reference":
            return self._record_of(field["referenceTo"])
        return VALUES.get(field["type"]) or f"{field['name']} {self._number}"[-max(1, field["length"]) :]

    def _record_of(self, names: list[str]) -> str:
        for name in reversed(names):
            living = ' WHERE NOT "IsDeleted"' if self.store.schema.require(name).has("IsDeleted") else ""
            found = self.rows(f'SELECT max("Id") FROM {table(name)}{living}')
            if found[0][0]:
                return str(found[0][0])
        raise LookupError(f"the org has no {' or '.join(names)}")

    def record(self, name: str) -> dict[str, Any]:
        """A new record as small as describe lets it be."""
        found = {
            each["name"]: self.value(each) for each in self.fields(name) if is_required(each) or wanted(name, each)
        }
        return {**found, **self._subject(name)}

    def _subject(self, name: str) -> dict[str, str]:
        """What a permission is for: an object or field that was not granted to anybody by a test before."""
        if name not in ("FieldPermissions", "ObjectPermissions"):
            return {}
        column = "Field" if name == "FieldPermissions" else "SobjectType"
        parent = self._record_of(["PermissionSet"])
        granted = {
            each for (each,) in self.rows(f'SELECT "{column}" FROM {table(name)} WHERE "ParentId" = \'{parent}\'')
        }
        lead = self.store.schema.require("Lead")
        fields = (f"Lead.{each.name}" for each in lead.fields if has_own_permission(each))
        objects = (each.name for each in self.store.schema.objects if has_object_permissions(each))
        if name == "FieldPermissions":
            return {"SobjectType": "Lead", "Field": next(each for each in fields if each not in granted)}
        return {"SobjectType": next(each for each in objects if each not in granted)}


def is_required(field: Facts) -> bool:
    return field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]


def wanted(name: str, field: Facts) -> bool:
    return field["name"] in NEEDED.get(name, ())


def code(outcome: SaveOutcome) -> tuple[str, tuple[str, ...]] | None:
    return (outcome.errors[0].status_code, outcome.errors[0].fields) if outcome.errors else None


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    org = Org()
    with org.store:
        yield org


@pytest.mark.parametrize("name", CREATEABLE)
def test_a_record_needs_what_describe_calls_required(org: Org, name: str) -> None:
    """The smallest record that describe allows is saved; without one required field it is refused, naming it."""
    assert [code(each) for each in org.save(name, "insert", [org.record(name)])] == [None]
    for field in filter(is_required, org.fields(name)):
        record = org.record(name)
        del record[field["name"]]
        [outcome] = org.save(name, "insert", [record])
        assert code(outcome) == ("REQUIRED_FIELD_MISSING", (field["name"],))


@pytest.mark.parametrize("name", CREATEABLE)
def test_only_createable_fields_can_be_created(org: Org, name: str) -> None:
    """Every field that is not createable is refused with a value, whatever the value."""
    closed = [
        each
        for each in org.fields(name)
        if not each["createable"] and each["type"] not in ("id", "address", "location")
    ]
    outcomes = org.save(name, "insert", [{**org.record(name), each["name"]: org.value(each)} for each in closed])
    found = {each["name"]: code(outcome) for each, outcome in zip(closed, outcomes, strict=True)}
    assert found == {name: ("INVALID_FIELD_FOR_INSERT_UPDATE", (name,)) for name in found}


@pytest.mark.parametrize("name", CREATEABLE)
def test_only_updateable_fields_can_be_updated(org: Org, name: str) -> None:
    """As with createable; an object that is not updateable refuses every update."""
    [made] = org.save(name, "insert", [org.record(name)])
    if not org.store.schema.require(name).updateable:
        with pytest.raises(OrgError):
            org.save(name, "update", [{"Id": made.id}])
        return
    closed = [
        each
        for each in org.fields(name)
        if not each["updateable"] and each["type"] not in ("id", "address", "location")
    ]
    for each in closed:
        [outcome] = org.save(name, "update", [{"Id": made.id, each["name"]: org.value(each)}])
        assert code(outcome) == ("INVALID_FIELD_FOR_INSERT_UPDATE", (each["name"],))


@pytest.mark.parametrize("name", CREATEABLE)
def test_lengths_and_restricted_picklists_are_those_of_describe(org: Org, name: str) -> None:
    """A text of exactly the length is taken, one character more and a value beside a restricted picklist refused."""
    expected: dict[str, object] = {}
    found: dict[str, object] = {}
    for each in (field for field in org.fields(name) if field["createable"]):
        tries: list[tuple[str, Any, object]] = []
        if each["type"] in TEXT and each["length"]:
            if not each["name"].endswith("Country"):  # a country has a code besides, and must be one of those
                tries.append(("fits", "x" * each["length"], None))
            tries.append(("too long", "x" * (each["length"] + 1), ("STRING_TOO_LONG", (each["name"],))))
        if each["restrictedPicklist"]:
            tries.append(("beside", "Zz?", ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", (each["name"],))))
        for how, value, wanted_code in tries:
            [outcome] = org.save(name, "insert", [{**org.record(name), each["name"]: value}])
            found[f"{each['name']} {how}"], expected[f"{each['name']} {how}"] = code(outcome), wanted_code
    assert found == expected


@pytest.mark.parametrize("name", [each.name for each in load_schema().objects if not each.createable])
def test_an_object_that_is_not_createable_takes_no_record(org: Org, name: str) -> None:
    """Whatever it holds."""
    with pytest.raises(OrgError):
        org.save(name, "insert", [{}])
