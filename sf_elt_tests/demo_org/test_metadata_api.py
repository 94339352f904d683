"""The Metadata API as simple-salesforce's mdapi (zeep, with Salesforce's own WSDL) speaks it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError
from simple_salesforce.metadata import SfdcMetadataApi
from zeep.exceptions import Fault
from zeep.helpers import serialize_object

from sf_elt.demo_org.plain_http import plain_http_session
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.wire import PERSON
from sf_elt_tests.orgs import client

SCORE = {"label": "Score", "type": "Number", "precision": 18, "scale": 2, "description": "Wie heiß? <1>"}


@pytest.fixture(scope="module")
def details() -> Iterator[Details]:
    """An org for the tests of this module; each makes components of its own."""
    with running_org(seed=7, records=60) as found:
        yield found


def metadata_of(sf: Salesforce, details: Details) -> SfdcMetadataApi:
    """mdapi, whose own HTTP session writes https:// into its addresses like the rest of simple-salesforce."""
    found = sf.mdapi
    found._client.transport.session = plain_http_session(details.instance_url)
    return found


@pytest.fixture(scope="module")
def sf(details: Details) -> Salesforce:
    return client(details)


@pytest.fixture(scope="module")
def md(sf: Salesforce, details: Details) -> SfdcMetadataApi:
    return metadata_of(sf, details)


def grant(md: SfdcMetadataApi, *fields: str) -> None:
    """Gives fields to the administrators' profile, as their tutorials do."""
    security = [{"field": name, "readable": True, "editable": True} for name in fields]
    md.Profile.update([md.Profile(fullName="Admin", fieldPermissions=security)])


def _shown(sf: Salesforce, object_name: str) -> dict[str, tuple[bool, bool]]:
    """The fields on the layout of an object without record types, and whether a page lets them be typed in."""
    [layout] = sf.restful(f"sobjects/{object_name}/describe/layouts")["layouts"]
    rows = [row for section in layout["detailLayoutSections"] for row in section["layoutRows"]]
    return {
        item["layoutComponents"][0]["value"]: (item["editableForNew"], item["editableForUpdate"])
        for row in rows
        for item in row["layoutItems"]
    }


def field_names(sf: Salesforce, object_name: str) -> set[str]:
    return {each["name"] for each in getattr(sf, object_name).describe()["fields"]}


def test_a_field_is_made_read_changed_and_deleted(md: SfdcMetadataApi, sf: Salesforce) -> None:
    """create, read, update, upsert and delete go through; nobody sees the field until a profile grants it."""
    md.CustomField.create([md.CustomField(fullName="Lead.Heat__c", **SCORE)])
    read = md.CustomField.read(["Lead.Heat__c"])
    assert {name: read[name] for name in SCORE} == SCORE
    assert "Heat__c" not in field_names(sf, "Lead")
    grant(md, "Lead.Heat__c")
    lead = sf.Lead.create({**PERSON, "Heat__c": 1.25})["id"]
    md.CustomField.update([md.CustomField(fullName="Lead.Heat__c", **(SCORE | {"label": "Heat", "scale": 1}))])
    md.CustomField.upsert([md.CustomField(fullName="Lead.Cold__c", **SCORE)])
    md.CustomField.upsert([md.CustomField(fullName="Lead.Cold__c", **(SCORE | {"label": "Cold"}))])
    assert md.CustomField.read(["Lead.Cold__c"]).label == "Cold"
    assert sf.Lead.get(lead)["Heat__c"] == 1.25
    md.CustomField.delete(["Lead.Heat__c", "Lead.Cold__c"])
    assert "Heat__c" not in field_names(sf, "Lead")


def test_a_fields_help_is_described(md: SfdcMetadataApi, sf: Salesforce) -> None:
    """inlineHelpText is read back, and describe tells it."""
    md.CustomField.create([md.CustomField(fullName="Lead.Helped__c", inlineHelpText="From 0 to 9.", **SCORE)])
    grant(md, "Lead.Helped__c")
    assert md.CustomField.read(["Lead.Helped__c"]).inlineHelpText == "From 0 to 9."
    [described] = [each for each in sf.Lead.describe()["fields"] if each["name"] == "Helped__c"]
    assert described["inlineHelpText"] == "From 0 to 9."


def test_an_object_is_made_with_its_fields(md: SfdcMetadataApi, sf: Salesforce) -> None:
    """One createMetadata makes the object, its name field and its custom fields, picklist values among them."""
    values = [
        {"fullName": "New", "default": True, "label": "New"},
        {"fullName": "Paid", "default": False, "label": "P"},
    ]
    md.CustomObject.create(
        [
            md.CustomObject(
                fullName="Order_Line__c",
                label="Order Line",
                pluralLabel="Order Lines",
                nameField=md.CustomField(label="Line", type="Text"),
                deploymentStatus="Deployed",
                sharingModel="ReadWrite",
                fields=[
                    md.CustomField(fullName="Price__c", label="Price", type="Currency", precision=18, scale=2),
                    md.CustomField(
                        fullName="State__c",
                        label="State",
                        type="Picklist",
                        valueSet={"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}},
                    ),
                ],
            )
        ]
    )
    read = md.CustomObject.read(["Order_Line__c"])
    assert (read.label, read.pluralLabel, read.nameField.type) == ("Order Line", "Order Lines", "Text")
    assert [(each.fullName, each.type) for each in read.fields] == [("Price__c", "Currency"), ("State__c", "Picklist")]
    assert [each.fullName for each in read.fields[1].valueSet.valueSetDefinition.value] == ["New", "Paid"]
    grant(md, "Order_Line__c.Price__c", "Order_Line__c.State__c")
    made = sf.Order_Line__c.create({"Name": "First", "Price__c": 3})
    assert sf.Order_Line__c.get(made["id"])["State__c"] == "New"
    md.CustomObject.delete(["Order_Line__c"])
    with pytest.raises(SalesforceError, match="INVALID_TYPE"):
        sf.query("SELECT Id FROM Order_Line__c")


def test_a_standard_object_is_read_with_its_fields_and_takes_new_ones(md: SfdcMetadataApi, sf: Salesforce) -> None:
    """What is read of Account can be sent back with a field more, and what was read stays what it is."""
    account = md.CustomObject.read("Account")
    assert account.label == "Account"
    assert "Industry" in {each.fullName for each in account.fields}
    field = md.CustomField(fullName="Region__c", label="Region", type="Text", length=20)
    md.CustomObject.update([md.CustomObject(fullName="Account", fields=[*account.fields, field])])
    grant(md, "Account.Region__c")
    described = {each["name"]: each for each in sf.Account.describe()["fields"]}
    assert "Region__c" in described
    assert described["Won_Amount__c"]["calculated"]


def test_each_component_has_an_outcome_of_its_own(md: SfdcMetadataApi) -> None:
    """One that is refused says why, with Salesforce's code; those beside it are made."""
    good = md.CustomField(fullName="Lead.Good__c", **SCORE)
    with pytest.raises(
        Exception, match=r"Lead.Score__c: \(DUPLICATE_DEVELOPER_NAME, There is already a field named Score"
    ):
        md.CustomField.create([good, md.CustomField(fullName="Lead.Score__c", **SCORE)])
    assert md.CustomField.read(["Lead.Good__c"]).label == "Score"
    with pytest.raises(Exception, match=r"INVALID_CROSS_REFERENCE_KEY, no CustomField named Lead\.Nope__c found"):
        md.CustomField.delete(["Lead.Nope__c"])
    with pytest.raises(Exception, match="'Novel' is not a valid value"):
        md.CustomField.create([md.CustomField(fullName="Lead.Odd__c", label="Odd", type="Novel")])
    with pytest.raises(Exception, match="Renaming a component is not supported"):
        md.CustomField.rename("Lead.Good__c", "Lead.Better__c")
    assert md.CustomField.read(["Lead.Nope__c"])["fullName"] is None


def test_a_validation_rule_is_made_and_holds(md: SfdcMetadataApi, sf: Salesforce) -> None:
    """Made by createMetadata it refuses records, read it is the same, deleted it refuses nothing."""
    rule = {"active": True, "errorConditionFormula": 'Title = "Nobody"', "errorMessage": "Be somebody."}
    md.ValidationRule.create([md.ValidationRule(fullName="Contact.Somebody", **rule)])
    read = md.ValidationRule.read(["Contact.Somebody"])
    assert {name: read[name] for name in rule} == rule
    with pytest.raises(SalesforceError, match="Be somebody"):
        sf.Contact.create({"LastName": "Nemo", "Title": "Nobody"})
    md.ValidationRule.delete(["Contact.Somebody"])
    assert sf.Contact.create({"LastName": "Nemo", "Title": "Nobody"})["success"]


def test_permission_sets_and_profiles(md: SfdcMetadataApi, sf: Salesforce) -> None:
    """A permission set becomes records; rights that are taken away again take their records along."""
    lead_rights = {
        "object": "Lead", "allowRead": True, "allowCreate": True, "allowEdit": False, "allowDelete": False,
        "modifyAllRecords": False, "viewAllRecords": False,
    }  # fmt: skip
    title = {"field": "Lead.Title", "editable": False, "readable": True}
    made = {"fullName": "Readers", "label": "Readers", "objectPermissions": [lead_rights], "fieldPermissions": [title]}
    md.PermissionSet.create([md.PermissionSet(**made)])
    query = (
        "SELECT SobjectType, PermissionsCreate, PermissionsEdit FROM ObjectPermissions WHERE Parent.Name = 'Readers'"
    )
    [record] = sf.query(query)["records"]
    assert (record["SobjectType"], record["PermissionsCreate"], record["PermissionsEdit"]) == ("Lead", True, False)
    read = md.PermissionSet.read(["Readers"])
    assert (read.label, read.fieldPermissions[0].field, read.objectPermissions[0].allowCreate) == (
        "Readers", "Lead.Title", True,
    )  # fmt: skip
    nothing = dict.fromkeys(lead_rights, False) | {"object": "Lead"}
    md.PermissionSet.update([md.PermissionSet(fullName="Readers", label="Readers", objectPermissions=[nothing])])
    assert sf.query(query)["totalSize"] == 0
    with pytest.raises(Exception, match=r"You cannot deploy to a required field: Lead\.LastName"):
        grant(md, "Lead.LastName")
    md.PermissionSet.delete(["Readers"])
    assert "Readers" not in {each["Name"] for each in sf.query("SELECT Name FROM PermissionSet")["records"]}
    admin = md.Profile.read(["Admin"])
    assert "ModifyAllData" in {each.name for each in admin.userPermissions}


def test_a_page_layout_is_read_and_written_whole(md: SfdcMetadataApi, sf: Salesforce) -> None:
    """A new field stands on none; put into a column it shows in /describe/layouts, and nothing else changes."""
    md.CustomField.create([md.CustomField(fullName="Campaign.Region__c", label="Region", type="Text", length=20)])
    grant(md, "Campaign.Region__c")
    before = md.Layout.read(["Campaign-Campaign Layout"])
    assert "Region__c" not in _shown(sf, "Campaign")
    changed = md.Layout.read(["Campaign-Campaign Layout"])
    changed.layoutSections[0].layoutColumns[1].layoutItems.append(md.LayoutItem(behavior="Readonly", field="Region__c"))
    changed.relatedLists = [md.RelatedListItem(relatedList="RelatedNoteList")]
    md.Layout.update([changed])
    after = md.Layout.read(["Campaign-Campaign Layout"])
    assert serialize_object(after) == serialize_object(changed)
    after.layoutSections[0].layoutColumns[1].layoutItems.pop()
    after.relatedLists = before.relatedLists
    assert serialize_object(after) == serialize_object(before)
    assert _shown(sf, "Campaign")["Region__c"] == (False, False)
    md.CustomField.delete(["Campaign.Region__c"])
    md.Layout.update([md.Layout.read(["Campaign-Campaign Layout"])])


def test_there_can_be_several_layouts(md: SfdcMetadataApi, sf: Salesforce) -> None:
    """Made, listed under a name that is encoded as real orgs do, and deleted; profiles have the first."""
    first = md.Layout.read(["Case-Case Layout"])
    made = md.Layout(fullName="Case-Case (Web) Layout", layoutSections=first.layoutSections)
    md.Layout.create([made])
    query = md._client.get_type("ns0:ListMetadataQuery")
    listed = {each.fullName: each for each in md.list_metadata([query(type="Layout")])}
    assert listed["Case-Case %28Web%29 Layout"].fileName == "layouts/Case-Case %28Web%29 Layout.layout"
    [described] = sf.restful("sobjects/Case/describe/layouts")["layouts"]
    assert listed["Case-Case Layout"].id == described["id"]
    with pytest.raises(Exception, match="DUPLICATE_VALUE"):
        md.Layout.create([made])
    with pytest.raises(Exception, match="DEPENDENCY_EXISTS"):
        md.Layout.delete(["Case-Case Layout"])
    md.Layout.delete(["Case-Case %28Web%29 Layout"])
    assert md.Layout.read(["Case-Case (Web) Layout"])["fullName"] is None


@pytest.mark.parametrize(
    ("name", "items", "why"),
    [
        ("Lead-None Layout", [], r"INVALID_CROSS_REFERENCE_KEY, no Layout named Lead-None Layout found"),
        ("Lead-Lead Layout", [("Nope__c", "Edit")], r"no CustomField named Lead\.Nope__c found"),
        ("Lead-Lead Layout", [("Fax", "Edit")] * 2, r"DUPLICATE_VALUE, Field: field, value:Fax appears more than once"),
        ("Lead-Lead Layout", [("Company", "Edit")], r"FIELD_INTEGRITY_EXCEPTION, Field:Company must be Required"),
        ("Lead-Lead Layout", [], r"Layout must contain an item for required layout field: Company"),
        ("Lead-Lead Layout", [("Fax", "Sometimes")], r"'Sometimes' is not a valid value"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(
    md: SfdcMetadataApi, name: str, items: list[tuple[str, str]], why: str
) -> None:
    """In Salesforce's words, and the layout stays as it was."""
    before = serialize_object(md.Layout.read(["Lead-Lead Layout"]))
    column = {"layoutItems": [{"field": field, "behavior": behavior} for field, behavior in items]}
    section = {"label": "All", "style": "TwoColumnsTopToBottom", "layoutColumns": [column, {}]}
    with pytest.raises(Exception, match=why):
        md.Layout.update([md.Layout(fullName=name, layoutSections=[section])])
    assert serialize_object(md.Layout.read(["Lead-Lead Layout"])) == before


def test_layouts_are_kept_with_the_org(small_org: Path, tmp_path: Path) -> None:
    """What was arranged is there after a restart."""
    file = shutil.copytree(small_org, tmp_path / "copy") / "org"
    with running_org(file=file) as first:
        md = metadata_of(client(first), first)
        layout = md.Layout.read(["Campaign-Campaign Layout"])
        gone = layout.layoutSections[0].layoutColumns[0].layoutItems.pop().field
        md.Layout.update([layout])
    with running_org(file=file) as again:
        shown = _shown(client(again), "Campaign")
    assert (gone in shown, "Name" in shown) == (False, True)


def test_what_there_is_can_be_listed(md: SfdcMetadataApi) -> None:
    """describeMetadata, listMetadata and describeValueType in the shapes of the WSDL."""
    described = md.describe_metadata()
    assert {each.xmlName for each in described.metadataObjects} == {
        "CustomObject", "Layout", "PermissionSet", "Profile",
    }  # fmt: skip
    query = md._client.get_type("ns0:ListMetadataQuery")
    listed = {each.fullName: each for each in md.list_metadata([query(type="CustomObject"), query(type="Profile")])}
    assert listed["Subscription__c"].fileName == "objects/Subscription__c.object"
    assert listed["Subscription__c"].id.startswith("01I")
    assert listed["Admin"].type == "Profile"
    members = {each.name: each.soapType for each in md.CustomField.describe().valueTypeFields}
    assert (members["label"], members["required"], members["length"]) == ("string", "boolean", "int")


def test_what_is_not_there_is_a_fault(md: SfdcMetadataApi, sf: Salesforce, details: Details) -> None:
    """Deploying files, unknown kinds and operations, more than ten at once, dead sessions, users without the right."""
    with pytest.raises(SalesforceError, match="FUNCTIONALITY_NOT_ENABLED"):
        sf.deploy(__file__, sandbox=True)
    with pytest.raises(Fault, match="Unknown type name 'ApexClass' specified"):
        md.ApexClass.read(["X"])
    with pytest.raises(Fault, match="LIMIT_EXCEEDED"):
        md.CustomField.read([f"Lead.F{number}__c" for number in range(11)])
    with pytest.raises(Fault, match="INVALID_SESSION_ID"):
        metadata_of(client(details, session_id="00D!dead"), details).describe_metadata()
    username = sf.query("SELECT Username FROM User WHERE Profile.Name = 'Standard User' AND IsActive = true")["records"]
    other = client(details, how="password", username=username[0]["Username"])
    with pytest.raises(Fault, match="use of the Metadata API requires a user with the ModifyAllData"):
        metadata_of(other, details).describe_metadata()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not xml", "not readable XML"),
        ("<x/>", "no SOAP envelope"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "not readable XML"),
        (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><doNothing/></e:Body></e:Envelope>',
            "No operation available for request",
        ),
    ],
)
def test_what_is_no_call_is_a_fault(details: Details, body: str, reason: str) -> None:
    """Status 500 and a SOAP fault, whatever was sent."""
    reply = requests.post(f"{details.instance_url}/services/Soap/m/62.0", data=body, timeout=10)
    assert reply.status_code == 500
    assert "<faultcode>" in reply.text
    assert reason in reply.text
