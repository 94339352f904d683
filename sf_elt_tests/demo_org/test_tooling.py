"""The Tooling API, as simple-salesforce's users and jsforce call it: custom fields and objects, and what there is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.wire import PERSON, V62, Wire
from sf_elt_tests.orgs import client

NUMBER = {"type": "Number", "label": "Number", "precision": 18, "scale": 2}
TEXT = {"type": "Text", "label": "Text", "length": 80}


@pytest.fixture(scope="module")
def details() -> Iterator[Details]:
    """An org for the tests of this module; each makes components of its own."""
    with running_org(seed=7, records=60) as found:
        yield found


@pytest.fixture
def wire(details: Details) -> Wire:
    return Wire(details)


@pytest.fixture
def sf(details: Details) -> Salesforce:
    return client(details)


def create(sf: Salesforce, full_name: str, kind: str = "CustomField", **metadata: Any) -> str:
    """Makes a component as users of simple-salesforce do, and gives its Id."""
    body = {"FullName": full_name, "Metadata": metadata}
    reply = sf.restful(f"tooling/sobjects/{kind}/", method="POST", json=body)
    assert reply == {"id": reply["id"], "success": True, "errors": [], "warnings": [], "infos": []}
    found: str = reply["id"]
    return found


def grant(wire: Wire, sf: Salesforce, *fields: str) -> None:
    """Gives fields to the administrators' profile."""
    owner = sf.query("SELECT Id FROM PermissionSet WHERE Profile.Name = 'System Administrator'")["records"][0]["Id"]
    for field in fields:
        wire.new(
            "FieldPermissions",
            ParentId=owner,
            SobjectType=field.partition(".")[0],
            Field=field,
            PermissionsRead=True,
            PermissionsEdit=True,
        )


def field_of(sf: Salesforce, object_name: str, name: str) -> dict[str, Any]:
    fields = getattr(sf, object_name).describe()["fields"]
    found: dict[str, Any] = next(each for each in fields if each["name"] == name)
    return found


def tooling_query(sf: Salesforce, soql: str) -> dict[str, Any]:
    found: dict[str, Any] = sf.restful("tooling/query", {"q": soql})
    return found


def refusal(wire: Wire, full_name: str | None, metadata: dict[str, Any] | None) -> tuple[int, str, str]:
    body = {"FullName": full_name, "Metadata": metadata}
    reply = wire("POST", f"{V62}/tooling/sobjects/CustomField", json=body)
    [error] = reply.json()
    return reply.status_code, error["errorCode"], error["message"]


def test_nobody_sees_a_new_field_until_it_is_granted(wire: Wire, sf: Salesforce) -> None:
    """Made by an API, a field is in no permission set yet, not even the administrators' (simple-salesforce#621)."""
    create(sf, "Lead.Secret__c", **NUMBER)
    with pytest.raises(SalesforceError, match="No such column 'Secret__c'"):
        sf.query("SELECT Secret__c FROM Lead")
    grant(wire, sf, "Lead.Secret__c")
    lead = sf.Lead.create({**PERSON, "Secret__c": 2.345})["id"]
    assert sf.Lead.get(lead)["Secret__c"] == 2.35
    described = field_of(sf, "Lead", "Secret__c")
    assert (described["type"], described["precision"], described["scale"], described["custom"]) == (
        "double",
        18,
        2,
        True,
    )


def test_a_required_field_is_seen_by_all_at_once(sf: Salesforce) -> None:
    """Field-level security knows nothing of required fields."""
    create(sf, "Campaign.Needed__c", **TEXT, required=True)
    assert field_of(sf, "Campaign", "Needed__c")["nillable"] is False
    with pytest.raises(SalesforceError, match="REQUIRED_FIELD_MISSING"):
        sf.Campaign.create({"Name": "Fair"})


VALUE_SET = {
    "restricted": True,
    "valueSetDefinition": {"value": [{"fullName": "A", "default": True}, {"fullName": "B"}]},
}


@pytest.mark.parametrize(
    ("metadata", "described", "value"),
    [
        (TEXT, {"type": "string", "length": 80}, "text"),
        ({**TEXT, "unique": True, "externalId": True}, {"externalId": True, "unique": True, "idLookup": True}, "key"),
        ({"type": "TextArea", "label": "X"}, {"type": "textarea", "length": 255}, "a\nb"),
        ({"type": "LongTextArea", "label": "X", "length": 32768, "visibleLines": 3}, {"length": 32768}, "a\nb"),
        ({"type": "Html", "label": "X", "length": 32768, "visibleLines": 3}, {"type": "textarea"}, "<b>a</b>"),
        ({"type": "Currency", "label": "X", "precision": 18, "scale": 2}, {"type": "currency"}, 12.5),
        ({"type": "Percent", "label": "X", "precision": 5, "scale": 1}, {"type": "percent", "precision": 5}, 99.5),
        ({"type": "Date", "label": "X"}, {"type": "date"}, "2026-05-01"),
        ({"type": "DateTime", "label": "X"}, {"type": "datetime"}, "2026-05-01T12:00:00.000+0000"),
        ({"type": "Time", "label": "X"}, {"type": "time"}, "08:30:00.000Z"),
        ({"type": "Checkbox", "label": "X", "defaultValue": True}, {"type": "boolean", "defaultValue": True}, False),
        ({"type": "Email", "label": "X"}, {"type": "email", "length": 80}, "ada@example.com"),
        ({"type": "Phone", "label": "X"}, {"type": "phone", "length": 40}, "+44 1"),
        ({"type": "Url", "label": "X"}, {"type": "url", "length": 255}, "https://example.com"),
        ({"type": "Picklist", "label": "X", "valueSet": VALUE_SET}, {"restrictedPicklist": True}, "B"),
        (
            {"type": "MultiselectPicklist", "label": "X", "visibleLines": 3, "valueSet": VALUE_SET},
            {"type": "multipicklist"},
            "A;B",
        ),
    ],
    ids=lambda given: str(given["type"]) if isinstance(given, dict) and "label" in given else "",
)
def test_every_type_holds_its_values(
    wire: Wire, sf: Salesforce, metadata: dict[str, Any], described: dict[str, Any], value: object
) -> None:
    """Made, granted, described and written: the value comes back, and so does the definition."""
    unique = "_Key" if metadata.get("unique") else ""
    name = f"Typed_{metadata['type']}{unique}__c"
    component = create(sf, f"Account.{name}", **metadata)
    grant(wire, sf, f"Account.{name}")
    assert described.items() <= field_of(sf, "Account", name).items()
    account = sf.Account.create({"Name": "Typed", name: value})["id"]
    assert sf.Account.get(account)[name] == value
    read = sf.restful(f"tooling/sobjects/CustomField/{component}")
    assert read["FullName"] == f"Account.{name}"
    assert {name: member for name, member in metadata.items() if name != "valueSet"}.items() <= read["Metadata"].items()


def test_a_geolocation_is_made_of_its_parts(wire: Wire, sf: Salesforce) -> None:
    """Its latitude and longitude are written, the field itself repeats them, and all go together."""
    component = create(sf, "Account.Place__c", type="Location", label="Place", scale=5, displayLocationInDecimal=True)
    grant(wire, sf, "Account.Place__c")
    parts = {"Place__Latitude__s": 48.85, "Place__Longitude__s": 2.35}
    account = sf.Account.create({"Name": "Placed", **parts})["id"]
    assert sf.Account.get(account)["Place__c"] == {"latitude": 48.85, "longitude": 2.35}
    assert wire("DELETE", f"{V62}/tooling/sobjects/CustomField/{component}").status_code == 204
    assert not {"Place__c", *parts} & {each["name"] for each in sf.Account.describe()["fields"]}


def test_lookups_formulas_and_automatic_numbers(wire: Wire, sf: Salesforce) -> None:
    """A lookup is a relationship both ways, a formula follows its fields, an automatic number counts."""
    create(sf, "Contact.Mentor__c", type="Lookup", label="Mentor", referenceTo="Contact", relationshipName="Pupils")
    create(sf, "Contact.Points__c", **NUMBER)
    create(sf, "Contact.Twice__c", type="Number", label="Twice", scale=0, formula="Points__c * 2")
    create(sf, "Contact.Number__c", type="AutoNumber", label="Number", displayFormat="C-{0000}", startingNumber=100)
    grant(wire, sf, *(f"Contact.{name}__c" for name in ("Mentor", "Points", "Twice", "Number")))
    mentor = sf.Contact.create({"LastName": "Somerville", "Points__c": 21})["id"]
    pupil = sf.Contact.create({"LastName": "Lovelace", "Mentor__c": mentor})["id"]
    found = sf.query(f"SELECT Twice__c, Number__c, (SELECT Id FROM Pupils__r) FROM Contact WHERE Id = '{mentor}'")[
        "records"
    ][0]
    assert found["Twice__c"] == 42
    assert found["Pupils__r"]["records"][0]["Id"] == pupil
    numbers = [int(sf.Contact.get(each)["Number__c"].removeprefix("C-")) for each in (mentor, pupil)]
    assert numbers[1] == numbers[0] + 1 > 100
    described = field_of(sf, "Contact", "Twice__c")
    assert (described["calculated"], described["createable"], described["calculatedFormula"]) == (
        True, False, "Points__c * 2",
    )  # fmt: skip


def test_a_custom_object_takes_records_and_goes_with_them(wire: Wire, sf: Salesforce) -> None:
    """Made with its Name field, detail of a master with a roll-up, deleted with all that refers to it."""
    component = create(
        sf,
        "Invoice__c",
        "CustomObject",
        label="Invoice",
        pluralLabel="Invoices",
        nameField={"type": "AutoNumber", "label": "Number", "displayFormat": "I-{000}"},
        deploymentStatus="Deployed",
        sharingModel="ControlledByParent",
    )
    create(
        sf,
        "Invoice__c.Account__c",
        type="MasterDetail",
        label="Account",
        referenceTo="Account",
        relationshipName="Bills",
    )
    create(sf, "Invoice__c.Amount__c", type="Currency", label="Amount", precision=18, scale=2)
    create(
        sf, "Account.Billed__c", type="Summary", label="Billed", summaryForeignKey="Invoice__c.Account__c",
        summaryOperation="sum", summarizedField="Invoice__c.Amount__c",
    )  # fmt: skip
    grant(wire, sf, "Invoice__c.Amount__c", "Account.Billed__c")
    account = sf.Account.create({"Name": "Billed"})["id"]
    for amount in (10, 2.5):
        sf.Invoice__c.create({"Account__c": account, "Amount__c": amount})
    assert sf.Account.get(account)["Billed__c"] == 12.5
    billed = tooling_query(sf, "SELECT Id FROM CustomField WHERE DeveloperName = 'Billed'")["records"][0]["Id"]
    smallest = {
        "type": "Summary", "label": "Smallest", "summaryForeignKey": "Invoice__c.Account__c",
        "summaryOperation": "min", "summarizedField": "Invoice__c.Amount__c",
    }  # fmt: skip
    changed = wire("PATCH", f"{V62}/tooling/sobjects/CustomField/{billed}", json={"Metadata": smallest})
    assert (changed.status_code, sf.Account.get(account)["Billed__c"]) == (204, 2.5)
    names = sf.query("SELECT Name, Account__r.Name FROM Invoice__c ORDER BY Name")["records"]
    assert [each["Name"] for each in names] == ["I-001", "I-002"]
    assert names[0]["Account__r"]["Name"] == "Billed"
    assert "OwnerId" not in {each["name"] for each in sf.Invoice__c.describe()["fields"]}
    assert wire("DELETE", f"{V62}/tooling/sobjects/CustomField/{billed}").status_code == 204
    assert wire("DELETE", f"{V62}/tooling/sobjects/CustomObject/{component}").status_code == 204
    with pytest.raises(SalesforceError, match="INVALID_TYPE"):
        sf.query("SELECT Id FROM Invoice__c")


def test_a_field_changes_and_goes(wire: Wire, sf: Salesforce) -> None:
    """PATCH replaces the definition and keeps values, DELETE takes the field away, also from the permission sets."""
    component = create(sf, "Opportunity.Note__c", **TEXT)
    grant(wire, sf, "Opportunity.Note__c")
    address = f"{V62}/tooling/sobjects/CustomField/{component}"
    longer = {"Metadata": {"type": "LongTextArea", "label": "Long", "length": 1000, "visibleLines": 2}}
    assert wire("PATCH", address, json={"FullName": "Opportunity.Note__c", **longer}).status_code == 204
    assert field_of(sf, "Opportunity", "Note__c")["length"] == 1000
    wrong = {"Metadata": {"type": "Date", "label": "Day"}}
    assert wire("PATCH", address, json=wrong).json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert wire("DELETE", address).status_code == 204
    assert wire("GET", address).status_code == 404
    assert sf.query("SELECT Id FROM FieldPermissions WHERE Field = 'Opportunity.Note__c'")["totalSize"] == 0


@pytest.mark.parametrize(
    ("full_name", "metadata", "code", "message"),
    [
        ("Lead.Score__c", NUMBER, "DUPLICATE_DEVELOPER_NAME", "There is already a field named Score on Lead."),
        ("Nope.X__c", TEXT, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Entity Enumeration Or ID: bad value"),
        ("Lead.X", TEXT, "FIELD_INTEGRITY_EXCEPTION", "ends in __c"),
        ("Lead.1X__c", TEXT, "INVALID_FIELD", "can only contain underscores and alphanumeric characters"),
        (None, TEXT, "REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName]"),
        ("Lead.X__c", {"type": "Text", "length": 80}, "REQUIRED_FIELD_MISSING", "[MasterLabel]"),
        ("Lead.X__c", {"type": "Text", "label": "X"}, "FIELD_INTEGRITY_EXCEPTION", "Must specify 'length'"),
        ("Lead.X__c", {"type": "Text", "label": "X", "length": 256}, "NUMBER_OUTSIDE_VALID_RANGE", "1 and 255"),
        ("Lead.X__c", {"type": "Number", "label": "X"}, "FIELD_INTEGRITY_EXCEPTION", "Must specify 'precision'"),
        ("Lead.X__c", {"type": "Checkbox", "label": "X"}, "FIELD_INTEGRITY_EXCEPTION", "Must specify 'defaultValue'"),
        ("Lead.X__c", {"type": "Picklist", "label": "X"}, "FIELD_INTEGRITY_EXCEPTION", "Must specify 'valueSet'"),
        ("Lead.X__c", {"type": "Lookup", "label": "X"}, "FIELD_INTEGRITY_EXCEPTION", "Must specify 'referenceTo'"),
        (
            "Lead.X__c",
            {"type": "Lookup", "label": "X", "referenceTo": "Nope", "relationshipName": "Xs"},
            "FIELD_INTEGRITY_EXCEPTION",
            "does not resolve to a valid sObject type",
        ),
        ("Lead.X__c", {**NUMBER, "formula": "Nope__c"}, "FIELD_INTEGRITY_EXCEPTION", "Field Nope__c does not exist"),
        ("Lead.X__c", {"type": "Novel", "label": "X"}, "JSON_PARSER_ERROR", "Novel is not a valid value for the enum"),
        ("Lead.X__c", {**TEXT, "kept": [{"a b><": 1}]}, "JSON_PARSER_ERROR", "'a b><' is no name of a member"),
        ("Lead.X__c", {"type": "EncryptedText", "label": "X"}, "UNKNOWN_EXCEPTION", "not supported by the demo org"),
    ],
)
def test_definitions_that_are_refused(
    wire: Wire, full_name: str | None, metadata: dict[str, Any], code: str, message: str
) -> None:
    """Each with a code and a reason, and nothing made."""
    status, found_code, found_message = refusal(wire, full_name, metadata)
    assert (status, found_code) == (400, code)
    assert message in found_message
    assert tooling_query(client(wire.details), "SELECT Id FROM CustomField WHERE DeveloperName = 'X'")["totalSize"] == 0


def test_a_field_that_a_formula_reads_stays(wire: Wire, sf: Salesforce) -> None:
    """Deleting it, or giving it another type, is refused, naming the formula; its label may change."""
    component = create(sf, "Lead.Read__c", **NUMBER)
    create(sf, "Lead.Reader__c", type="Number", label="Reader", scale=0, formula="Read__c + 1")
    [error] = wire("DELETE", f"{V62}/tooling/sobjects/CustomField/{component}").json()
    assert error["errorCode"] == "DEPENDENCY_EXISTS"
    assert error["message"].endswith("Field - Lead.Reader__c.")
    address = f"{V62}/tooling/sobjects/CustomField/{component}"
    assert wire("PATCH", address, json={"Metadata": TEXT}).json() == [error]
    assert wire("PATCH", address, json={"Metadata": NUMBER | {"label": "Read"}}).status_code == 204


def test_a_field_that_a_validation_rule_reads_stays(wire: Wire, sf: Salesforce) -> None:
    """Deleting it is refused as long as there is the rule, so that records can still be saved."""
    component = create(sf, "Product2.Held__c", **NUMBER)
    rule = {"active": True, "errorConditionFormula": "Held__c > 5", "errorMessage": "At most 5."}
    rule_id = create(sf, "Product2.Held_Down", "ValidationRule", **rule)
    address = f"{V62}/tooling/sobjects/CustomField/{component}"
    [error] = wire("DELETE", address).json()
    assert error["errorCode"] == "DEPENDENCY_EXISTS"
    assert error["message"].endswith("Validation Rule - Product2.Held_Down.")
    assert wire("DELETE", f"{V62}/tooling/sobjects/ValidationRule/{rule_id}").status_code == 204
    assert wire("DELETE", address).status_code == 204
    sf.Product2.create({"Name": "Free"})


RULE = {
    "active": True,
    "errorConditionFormula": "AND(ISBLANK(Website), NumberOfEmployees > 100)",
    "errorDisplayField": "Website",
    "errorMessage": "Big accounts have a website.",
}


def test_a_validation_rule_refuses_records(wire: Wire, sf: Salesforce) -> None:
    """New and changed records are held to it as they would be saved; inactive it does nothing, deleted it is gone."""
    rule = create(sf, "Account.Big_Has_Website", "ValidationRule", **RULE)
    with pytest.raises(SalesforceError) as refused:
        sf.Account.create({"Name": "Big", "NumberOfEmployees": 500})
    assert refused.value.content == [
        {
            "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "message": "Big accounts have a website.",
            "fields": ["Website"],
        }
    ]
    account = sf.Account.create({"Name": "Big", "NumberOfEmployees": 500, "Website": "https://big.example"})["id"]
    with pytest.raises(SalesforceError, match="Big accounts have a website"):
        sf.Account.update(account, {"Website": None})
    sf.Account.update(account, {"Name": "Bigger"})
    found = tooling_query(sf, "SELECT ValidationName, Active FROM ValidationRule WHERE Active = true")["records"]
    assert [each["ValidationName"] for each in found] == ["Big_Has_Website"]
    address = f"{V62}/tooling/sobjects/ValidationRule/{rule}"
    assert wire("PATCH", address, json={"Metadata": RULE | {"active": False}}).status_code == 204
    sf.Account.update(account, {"Website": None})
    assert wire("GET", address).json()["Metadata"] == RULE | {"active": False}
    assert wire("DELETE", address).status_code == 204
    assert wire("GET", address).status_code == 404


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"errorConditionFormula": "Nope__c > 1"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"errorConditionFormula": "NumberOfEmployees"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"errorDisplayField": "Nope__c"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"errorMessage": ""}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_validation_rules_that_are_refused(wire: Wire, changed: dict[str, str], code: str) -> None:
    """One that cannot be computed or has nothing to say is not made."""
    body = {"FullName": "Account.Wrong", "Metadata": RULE | changed}
    [error] = wire("POST", f"{V62}/tooling/sobjects/ValidationRule", json=body).json()
    assert error["errorCode"] == code


def test_the_schema_can_be_queried(sf: Salesforce) -> None:
    """EntityDefinition and FieldDefinition with their relationships, types as Setup words them."""
    found = tooling_query(
        sf,
        "SELECT QualifiedApiName, DataType, EntityDefinition.KeyPrefix FROM FieldDefinition "
        "WHERE EntityDefinition.QualifiedApiName = 'Contact' AND QualifiedApiName IN ('AccountId', 'Email', 'Name')",
    )
    assert {each["QualifiedApiName"]: each["DataType"] for each in found["records"]} == {
        "AccountId": "Lookup(Account)", "Email": "Email", "Name": "Name",
    }  # fmt: skip
    assert {each["EntityDefinition"]["KeyPrefix"] for each in found["records"]} == {"003"}
    assert (found["size"], found["totalSize"], found["done"], found["entityTypeName"]) == (
        3,
        3,
        True,
        "FieldDefinition",
    )
    [custom] = tooling_query(sf, "SELECT DeveloperName, Id FROM CustomObject")["records"]
    assert custom["DeveloperName"] == "Subscription"
    assert custom["attributes"]["url"] == f"{V62}/tooling/sobjects/CustomObject/{custom['Id']}"


def test_a_long_result_comes_in_pages(wire: Wire, sf: Salesforce) -> None:
    """What a page does not hold is behind its nextRecordsUrl (2,000 rows; a planned fault makes them fewer)."""
    wire.pull("faults", path="/tooling/query", times=3, page_size=10)
    pages = [tooling_query(sf, "SELECT QualifiedApiName FROM EntityDefinition ORDER BY QualifiedApiName LIMIT 25")]
    while not pages[-1]["done"]:
        pages.append(wire("GET", pages[-1]["nextRecordsUrl"]).json())
    assert [each["size"] for each in pages] == [10, 10, 5]
    names = [record["QualifiedApiName"] for page in pages for record in page["records"]]
    assert names == sorted(set(names), key=str.lower)
    assert wire("GET", f"{V62}/tooling/query/01gHs0000000009AAA-10").json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    found = sf.query(f"SELECT Username FROM User WHERE IsActive = true AND Username != '{wire.details.username}'")
    other = client(wire.details, how="password", username=found["records"][0]["Username"])
    reply = wire("GET", pages[0]["nextRecordsUrl"], headers={"Authorization": f"Bearer {other.session_id}"})
    assert reply.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR", "a result is for who asked"


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Id FROM ApexClass", "INVALID_TYPE", "sObject type 'ApexClass' is not supported"),
        ("SELECT Nope FROM CustomField", "INVALID_FIELD", "No such column 'Nope'"),
        ("SELECT Metadata FROM CustomField", "MALFORMED_QUERY", "no more than one row for retrieval"),
        ("SELEKT", "MALFORMED_QUERY", "unexpected token"),
    ],
)
def test_queries_that_are_refused(wire: Wire, soql: str, code: str, message: str) -> None:
    """With SOQL's own errors, and the rule that whole definitions are read one at a time."""
    [error] = wire("GET", f"{V62}/tooling/query", params={"q": soql}).json()
    assert error["errorCode"] == code
    assert message in error["message"]


def test_apex_is_refused(wire: Wire) -> None:
    """There is none, and executeAnonymous says so instead of pretending."""
    reply = wire("GET", f"{V62}/tooling/executeAnonymous/", params={"anonymousBody": "System.debug(1);"})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "FUNCTIONALITY_NOT_ENABLED")


def test_who_may_not_set_up_the_org_sees_nothing_of_it(wire: Wire, sf: Salesforce) -> None:
    """Without View Setup there are no components, without Customize Application none can be made."""
    user = sf.query("SELECT Username, Id FROM User WHERE Profile.Name = 'Standard User' AND IsActive = true")[
        "records"
    ][0]
    other = client(wire.details, how="password", username=user["Username"])
    with pytest.raises(SalesforceError, match="INVALID_TYPE"):
        tooling_query(other, "SELECT Id FROM CustomField")
    with pytest.raises(SalesforceError, match="NOT_FOUND"):
        create(other, "Lead.Mine__c", **TEXT)
    viewer = wire.new("PermissionSet", Name="Viewer", Label="Viewer", PermissionsViewSetup=True)
    wire.new("PermissionSetAssignment", PermissionSetId=viewer, AssigneeId=user["Id"])
    assert tooling_query(other, "SELECT Id FROM CustomField")["totalSize"] > 0
    with pytest.raises(SalesforceError, match="INSUFFICIENT_ACCESS"):
        create(other, "Lead.Mine__c", **TEXT)


def test_a_kept_org_keeps_its_components(tmp_path: Path) -> None:
    """After a restart the field is there with its Id, its definition, its values and who may see it."""
    file = tmp_path / "org.duckdb"
    with running_org(records=0, file=file) as details:
        sf = client(details)
        component = create(sf, "Lead.Kept__c", **NUMBER, description="Stays")
        create(sf, "Account.Big_Has_Website", "ValidationRule", **RULE)
        grant(Wire(details), sf, "Lead.Kept__c")
        lead = sf.Lead.create({**PERSON, "Kept__c": 7})["id"]
    with running_org(file=file) as details:
        sf = client(details)
        assert sf.Lead.get(lead)["Kept__c"] == 7
        assert sf.restful(f"tooling/sobjects/CustomField/{component}")["Metadata"]["description"] == "Stays"
        with pytest.raises(SalesforceError, match="Big accounts have a website"):
            sf.Account.create({"Name": "Big", "NumberOfEmployees": 500})


def test_a_lever_changes_the_schema_between_two_calls(wire: Wire, sf: Salesforce) -> None:
    """In one call fields come, visible to all, change and go; all or none of it happens."""
    wire.pull("schema", object="Lead", add=[{"fullName": "Sudden__c", **TEXT}])
    lead = sf.Lead.create({**PERSON, "Sudden__c": "here"})["id"]
    assert sf.Lead.get(lead)["Sudden__c"] == "here"
    both = {"object": "Lead", "drop": ["Sudden__c"], "add": [{"fullName": "Wrong__c", "type": "Text", "label": "X"}]}
    assert wire("POST", "/demo/schema", json=both).status_code == 400
    assert sf.Lead.get(lead)["Sudden__c"] == "here"
    wire.pull("schema", object="Lead", drop=["Sudden__c"])
    with pytest.raises(SalesforceError, match="No such column 'Sudden__c'"):
        sf.query("SELECT Sudden__c FROM Lead")


def test_columns_of_a_tooling_query_are_described(wire: Wire) -> None:
    """`columns=true` describes the columns instead of reading records: the Salesforce CLI asks so before each query."""
    said = wire(
        "GET", f"{V62}/tooling/query", params={"q": "SELECT Id, DeveloperName FROM CustomField", "columns": "true"}
    )
    assert said.json()["entityName"] == "CustomField"
    assert [column["columnName"] for column in said.json()["columnMetadata"]] == ["Id", "DeveloperName"]


def test_no_packages_are_installed(sf: Salesforce) -> None:
    """CumulusCI and the Salesforce CLI ask which packages there are, with fields of the package and its version."""
    found = sf.toolingexecute(
        "query",
        params={
            "q": "SELECT Id, SubscriberPackageId, SubscriberPackage.NamespacePrefix, SubscriberPackage.Name, "
            "SubscriberPackageVersion.Id, SubscriberPackageVersion.MajorVersion, SubscriberPackageVersion.IsBeta "
            "FROM InstalledSubscriberPackage ORDER BY SubscriberPackageId"
        },
    )
    assert (found["size"], found["done"], found["records"]) == (0, True, [])
