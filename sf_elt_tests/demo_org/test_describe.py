"""What describe says, and that it is true: the fields the default mapping and the exports need are there."""

from typing import Any

import pytest

from sf_elt.demo_org.describe import describe_global, describe_object
from sf_elt.demo_org.schema import load_schema


def described(object_name: str) -> dict[str, dict[str, Any]]:
    schema = load_schema()
    fields: Any = describe_object(schema, schema.require(object_name), "62.0")["fields"]
    return {field["name"]: field for field in fields}


@pytest.mark.parametrize(
    ("object_name", "field", "facts"),
    [
        ("Lead", "Id", {"type": "id", "length": 18, "nillable": False, "createable": False, "idLookup": True}),
        (
            "Lead",
            "LastName",
            {"length": 80, "nillable": False, "defaultedOnCreate": False, "compoundFieldName": "Name"},
        ),
        ("Lead", "Name", {"createable": False, "updateable": False, "calculated": False, "nameField": True}),
        ("Lead", "Status", {"nillable": False, "defaultedOnCreate": True, "defaultValue": "Open - Not Contacted"}),
        ("Lead", "IsConverted", {"type": "boolean", "createable": True, "updateable": False, "defaultValue": False}),
        ("Lead", "Description", {"filterable": False, "sortable": False, "groupable": False, "length": 32000}),
        ("Lead", "Content_Affinity__c", {"type": "textarea", "length": 32768, "filterable": False, "custom": True}),
        ("Lead", "External_Id__c", {"externalId": True, "unique": True, "idLookup": True}),
        ("Lead", "OwnerId", {"referenceTo": ["Group", "User"], "relationshipName": "Owner", "soapType": "tns:ID"}),
        ("Contact", "MailingAddress", {"type": "address", "createable": False, "updateable": False, "sortable": False}),
        ("Contact", "MailingCountryCode", {"restrictedPicklist": True, "compoundFieldName": "MailingAddress"}),
        ("Contact", "SystemModstamp", {"type": "datetime", "nillable": False, "updateable": False, "filterable": True}),
        ("Account", "IsPartner", {"createable": False, "updateable": True}),
        ("Opportunity", "HasOpenActivity", {"filterable": False, "sortable": False}),
        ("Opportunity", "ContactId", {"createable": True, "updateable": False, "relationshipName": None}),
        ("Subscription__c", "Seats_Cost__c", {"calculated": True, "calculatedFormula": "MRR__c / Seats__c"}),
        ("Subscription__c", "Account__c", {"relationshipName": "Account__r", "referenceTo": ["Account"]}),
        ("Subscription__c", "Features__c", {"type": "multipicklist", "filterable": True, "sortable": False}),
    ],
)
def test_fields_allow_what_real_orgs_allow(object_name: str, field: str, facts: dict[str, object]) -> None:
    """Facts of recorded describes, and of the demo org's custom fields."""
    found = described(object_name)[field]
    assert {name: found[name] for name in facts} == facts


def test_picklists_name_their_values_and_default() -> None:
    """Each value with its label, the default marked."""
    values = described("Lead")["Status"]["picklistValues"]
    assert [value["value"] for value in values if value["defaultValue"]] == ["Open - Not Contacted"]
    assert all(value["active"] and value["label"] == value["value"] for value in values)
    assert "NO" in [value["value"] for value in described("Lead")["CountryCode"]["picklistValues"]]


def test_every_reference_leads_to_a_described_object() -> None:
    """A relationship that a query may follow ends in an object of this org."""
    schema = load_schema()
    for object_type in schema.objects:
        for field in object_type.fields:
            assert all(schema.object(target) for target in field.to), (object_type.name, field)


def test_the_global_describe_lists_every_object_by_its_prefix() -> None:
    """Key prefixes are those of Salesforce's own objects; only the setup values of picklists share one, as there."""
    sobjects: Any = describe_global(load_schema(), "62.0")["sobjects"]
    prefixes = {each["name"]: each["keyPrefix"] for each in sobjects}
    own = [prefix for prefix in prefixes.values() if prefix != "01J"]
    assert len(set(own)) == len(own)
    expected = {"Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006", "User": "005"}
    assert expected.items() <= prefixes.items()


def test_children_are_named_from_the_parents_side() -> None:
    """An account's contacts go with it; audit references have no name from the other side."""
    schema = load_schema()
    children: Any = describe_object(schema, schema.require("Account"), "62.0")["childRelationships"]
    by_child = {(each["childSObject"], each["field"]): each for each in children}
    assert by_child["Contact", "AccountId"]["relationshipName"] == "Contacts"
    assert by_child["Contact", "AccountId"]["cascadeDelete"] is True
    assert by_child["Subscription__c", "Account__c"]["relationshipName"] == "Subscriptions__r"


@pytest.mark.parametrize(
    ("parent", "name", "child"),
    [
        ("Account", "contacts", "Contact.AccountId"),
        ("Account", "ChildAccounts", "Account.ParentId"),
        ("Contact", "Opportunities", "Opportunity.ContactId"),
        ("Lead", "Tasks", "Task.WhoId"),
        ("Subscription__c", "Tasks", "Task.WhatId"),
        ("Contact", "AccountContactRelations", "AccountContactRelation.ContactId"),
        ("account", "subscriptions__R", "Subscription__c.Account__c"),
    ],
)
def test_a_parent_knows_its_children_by_name(parent: str, name: str, child: str) -> None:
    """The names that SOQL's subqueries use, in any letter case."""
    found = load_schema().children_named(parent, name)
    assert found is not None
    assert f"{found.object_type.name}.{found.field.name}" == child


def test_no_two_children_of_an_object_share_a_name() -> None:
    """Else a subquery could mean either."""
    schema = load_schema()
    for object_type in schema.objects:
        names = [each.name for each in schema.children_of(object_type.name) if each.name]
        assert len(names) == len(set(names)), object_type.name
    assert schema.children_named("Account", "Nothing") is None
