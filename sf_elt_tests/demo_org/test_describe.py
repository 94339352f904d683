"""What describe says, and that it is true: the fields the default mapping and the exports need are there."""

from typing import Any

import pytest

from sf_elt.demo_org.describe import describe_global, describe_object
from sf_elt.demo_org.schema import load_schema

OBJECT_KEYS = """
    actionOverrides activateable associateEntityType associateParentEntity childRelationships compactLayoutable
    createable custom customSetting deepCloneable defaultImplementation deletable deprecatedAndHidden extendedBy
    extendsInterfaces feedEnabled fields hasSubtypes implementedBy implementsInterfaces isInterface isSubtype
    keyPrefix label labelPlural layoutable listviewable lookupLayoutable mergeable mruEnabled name namedLayoutInfos
    networkScopeFieldName queryable recordTypeInfos replicateable retrieveable searchLayoutable searchable
    sobjectDescribeOption supportedScopes triggerable undeletable updateable urls
"""
FIELD_KEYS = """
    aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive
    compoundFieldName controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate
    dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted externalId extraTypeInfo
    filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup
    inlineHelpText label length mask maskType name nameField namePointing nillable permissionable picklistValues
    polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo relationshipName
    relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable type unique
    updateable writeRequiresMasterRead
"""
"""The keys of recorded describes (API 48 to 59)."""


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
        ("Account", "Won_Amount__c", {"calculated": True, "calculatedFormula": None, "createable": False, "scale": 2}),
        (
            "Contact",
            "Account_Rating__c",
            {"calculated": True, "calculatedFormula": "TEXT(Account.Rating)", "groupable": False, "sortable": True},
        ),
        (
            "Contact",
            "Salutation",
            {"extraTypeInfo": "personname", "permissionable": False, "compoundFieldName": "Name"},
        ),
        ("Account", "Name", {"extraTypeInfo": "switchablepersonname", "compoundFieldName": "Name", "nillable": False}),
        ("Account", "PhotoUrl", {"extraTypeInfo": "imageurl", "permissionable": False}),
        ("Account", "BillingAddress", {"permissionable": True, "queryByDistance": True, "soapType": "urn:address"}),
        ("Campaign", "NumberOfLeads", {"permissionable": True, "nillable": False, "createable": False, "digits": 9}),
        ("Case", "CaseNumber", {"autoNumber": True, "groupable": False, "defaultedOnCreate": True, "nillable": False}),
        ("Case", "OwnerId", {"namePointing": True, "polymorphicForeignKey": True, "referenceTo": ["Group", "User"]}),
        ("Opportunity", "HasOpenActivity", {"groupable": True, "filterable": False, "aggregatable": False}),
        ("Opportunity", "Fiscal", {"length": 6, "byteLength": 6}),
        ("Opportunity", "Pricebook2Id", {"defaultedOnCreate": True, "defaultValue": None, "nillable": True}),
        ("Case", "Comments", {"createable": True, "updateable": True, "filterable": False, "byteLength": 4000}),
        (
            "Campaign",
            "CampaignMemberRecordTypeId",
            {"relationshipName": "CampaignMemberRecordType", "searchPrefilterable": True, "permissionable": False},
        ),
        ("Event", "EventSubtype", {"defaultedOnCreate": False, "defaultValue": None, "createable": True}),
        ("Event", "ActivityDate", {"aggregatable": False, "groupable": True, "sortable": True}),
        ("Lead", "JigsawContactId", {"relationshipName": "JigsawContact", "type": "string", "referenceTo": []}),
        ("Contact", "JigsawContactId", {"relationshipName": "JigsawContact"}),
        ("Account", "JigsawCompanyId", {"relationshipName": "JigsawCompany", "searchPrefilterable": False}),
        ("Lead", "ConvertedAccountId", {"searchPrefilterable": True, "createable": False}),
        ("Lead", "RecordTypeId", {"searchPrefilterable": False, "permissionable": False}),
        (
            "Subscription__c",
            "Features__c",
            {"type": "multipicklist", "filterable": True, "sortable": False, "length": 4099, "byteLength": 4099},
        ),
    ],
)
def test_fields_allow_what_real_orgs_allow(object_name: str, field: str, facts: dict[str, object]) -> None:
    """Facts of recorded describes, and of the demo org's custom fields."""
    found = described(object_name)[field]
    assert {name: found[name] for name in facts} == facts


def test_describes_have_the_keys_of_real_ones() -> None:
    """Every object and every field, no key more or less; the global describe's are among the object's."""
    schema = load_schema()
    summaries: Any = describe_global(schema, "62.0")["sobjects"]
    for object_type, summary in zip(schema.objects, summaries, strict=True):
        found: Any = describe_object(schema, object_type, "62.0", instance_url="https://demo.example")
        assert sorted(found) == OBJECT_KEYS.split()
        assert summary.keys() < found.keys()
        assert found["urls"]["describe"] == f"/services/data/v62.0/sobjects/{object_type.name}/describe"
        for field in found["fields"]:
            assert sorted(field) == FIELD_KEYS.split(), (object_type.name, field["name"])


def test_facts_of_a_field_agree_with_each_other() -> None:
    """What follows from a field's type, and what one fact means for another."""
    schema = load_schema()
    for object_type in schema.objects:
        facts = described(object_type.name)
        assert sum(field["nameField"] for field in facts.values()) <= 1
        for name, field in facts.items():
            where = f"{object_type.name}.{name}"
            assert (field["type"] == "reference") == bool(field["referenceTo"]), where
            assert field["polymorphicForeignKey"] == (len(field["referenceTo"]) > 1), where
            assert bool(field["picklistValues"]) <= (field["type"] in ("picklist", "multipicklist", "combobox")), where
            assert field["restrictedPicklist"] <= (field["type"] in ("picklist", "multipicklist")), where
            assert field["externalId"] <= field["idLookup"], where
            assert (field["calculated"] or field["autoNumber"]) <= (not field["createable"]), where
            assert (field["type"] == "boolean") <= (field["defaultedOnCreate"] and not field["nillable"]), where
            uncounted = field["type"] == "boolean" or where == "Event.ActivityDate"  # as recorded
            assert field["groupable"] <= field["aggregatable"] or uncounted, where
            assert (field["length"] > 0) == (field["byteLength"] > 0), where
            assert (field["type"] == "int") == (field["digits"] > 0), where
            assert field["custom"] == name.endswith(("__c", "__s")), where
            if field["compoundFieldName"]:
                assert field["compoundFieldName"] in {*facts, "Fiscal"}, where


@pytest.mark.parametrize(
    ("object_name", "facts"),
    [
        ("Lead", {"keyPrefix": "00Q", "mergeable": True, "undeletable": True, "feedEnabled": True, "searchable": True}),
        ("OpportunityContactRole", {"undeletable": False, "mruEnabled": False, "searchable": False, "deletable": True}),
        ("LeadStatus", {"createable": False, "updateable": False, "deletable": False, "replicateable": False}),
        ("User", {"createable": True, "deletable": False, "triggerable": True, "labelPlural": "Users"}),
        ("Opportunity", {"deepCloneable": True}),
        ("Account", {"deepCloneable": False}),
        ("Subscription__c", {"custom": True, "createable": True, "layoutable": True}),
        ("PermissionSetAssignment", {"updateable": False, "createable": True, "deletable": True, "layoutable": False}),
    ],
)
def test_objects_allow_what_real_orgs_allow(object_name: str, facts: dict[str, object]) -> None:
    """Facts of a recorded global describe."""
    schema = load_schema()
    found = describe_object(schema, schema.require(object_name), "62.0")
    assert {name: found[name] for name in facts} == facts


def test_scopes_and_pages_are_named() -> None:
    """Leads have the scopes of queues and teams, each with its label, and addresses of their pages."""
    schema = load_schema()
    found: Any = describe_object(schema, schema.require("Lead"), "62.0", instance_url="https://demo.example")
    assert {"label": "Queue owned leads", "name": "queue_owned"} in found["supportedScopes"]
    assert found["urls"]["uiNewRecord"] == "https://demo.example/00Q/e"
    assert found["urls"]["layouts"] == "/services/data/v62.0/sobjects/Lead/describe/layouts"


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
    """Key prefixes are those of Salesforce's own objects; only the setup values of picklists share one, as there.

    Histories and the statuses of cases and tasks have none (recorded).
    """
    sobjects: Any = describe_global(load_schema(), "62.0")["sobjects"]
    prefixes = {each["name"]: each["keyPrefix"] for each in sobjects}
    own = [prefix for prefix in prefixes.values() if prefix not in ("01J", None)]
    assert len(set(own)) == len(own)
    expected = {"Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006", "User": "005"}
    assert expected.items() <= prefixes.items()
    untold = {name for name in prefixes if "History" in name} | {"CaseStatus", "TaskStatus"}
    assert {name for name in prefixes if prefixes[name] is None} == untold


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
