"""Profiles and permission sets: what a restricted user sees, reads and changes, over HTTP with the real client."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org import bulk_jobs as bulk
from sf_elt_tests.demo_org.soap_client import Fault, soap
from sf_elt_tests.demo_org.wire import PERSON, Wire
from sf_elt_tests.orgs import client

ALL_OF_LEAD = {"PermissionsRead": True, "PermissionsCreate": True, "PermissionsEdit": True, "PermissionsDelete": True}


@pytest.fixture(scope="module")
def details() -> Iterator[Details]:
    """An org for the tests of this module; each makes users of its own."""
    with running_org(seed=7, records=60) as found:
        yield found


@pytest.fixture
def wire(details: Details) -> Iterator[Wire]:
    """The administrator; levers that a test pulls are left alone again."""
    yield (wire := Wire(details))
    wire("DELETE", "/demo/permissions")


@dataclass(frozen=True)
class Person:
    """A user of the Minimum Access profile with a permission set of their own."""

    wire: Wire
    user_id: str
    set_id: str
    sf: Salesforce

    def grant(self, object_name: str, **permissions: bool) -> str:
        return self.wire.new("ObjectPermissions", ParentId=self.set_id, SobjectType=object_name, **permissions)

    def grant_fields(self, object_name: str, *names: str, edit: bool = True) -> list[str]:
        return [
            self.wire.new(
                "FieldPermissions",
                ParentId=self.set_id,
                SobjectType=object_name,
                Field=f"{object_name}.{name}",
                PermissionsRead=True,
                PermissionsEdit=edit,
            )
            for name in names
        ]


def first_id(sf: Salesforce, object_name: str, **where: str) -> str:
    conditions = " AND ".join(f"{name} = '{value}'" for name, value in where.items())
    found: str = sf.query(f"SELECT Id FROM {object_name} WHERE {conditions}")["records"][0]["Id"]
    return found


@pytest.fixture
def person(wire: Wire) -> Person:
    """Somebody who logs in with username and password and has been granted nothing yet."""
    name = f"person_{uuid4().hex[:12]}"
    admin = client(wire.details)
    user_id = wire.new(
        "User",
        Username=f"{name}@example.com",
        LastName="Minimum",
        Email="minimum@example.com",
        Alias="minimum",
        IsActive=True,
        ProfileId=first_id(admin, "Profile", Name="Minimum Access - Salesforce"),
        TimeZoneSidKey="GMT",
        LocaleSidKey="en_US",
        LanguageLocaleKey="en_US",
        EmailEncodingKey="UTF-8",
    )
    set_id = wire.new("PermissionSet", Name=f"Set_{name}", Label="Set")
    wire.new("PermissionSetAssignment", PermissionSetId=set_id, AssigneeId=user_id)
    return Person(wire, user_id, set_id, client(wire.details, how="password", username=f"{name}@example.com"))


def refusal(error: SalesforceError) -> tuple[int, str, str]:
    [first, *_] = error.content
    return error.status, first["errorCode"], first["message"]


def fields_of(sf: Salesforce, object_name: str) -> dict[str, Any]:
    return {each["name"]: each for each in getattr(sf, object_name).describe()["fields"]}


def test_an_object_without_read_is_not_there(person: Person) -> None:
    """Describe leaves it out, SOQL knows no such type, its addresses are 404, and no relationship leads to it."""
    names = {each["name"] for each in person.sf.describe()["sobjects"]}
    assert "Lead" not in names
    assert {"User", "Organization", "Task"} <= names
    with pytest.raises(SalesforceError) as unknown:
        person.sf.query("SELECT Id FROM Lead")
    assert refusal(unknown.value)[1] == "INVALID_TYPE"
    assert "sObject type 'Lead' is not supported" in refusal(unknown.value)[2]
    with pytest.raises(SalesforceError) as missing:
        person.sf.Lead.describe()
    assert refusal(missing.value)[:2] == (404, "NOT_FOUND")
    with pytest.raises(SalesforceError) as unrelated:
        person.sf.query("SELECT Campaign.Name FROM CampaignMember")
    assert refusal(unrelated.value)[1] == "INVALID_TYPE"


def test_a_field_without_read_is_not_there(person: Person) -> None:
    """Describe and FIELDS(ALL) leave it out, SOQL has no such column, saving it is refused; required ones are there."""
    person.grant("Lead", **ALL_OF_LEAD)
    person.grant_fields("Lead", "Title")
    seen = fields_of(person.sf, "Lead")
    assert {"Id", "LastName", "Company", "Name", "Title", "SystemModstamp"} <= set(seen)
    assert not {"Email", "Street", "Address"} & set(seen)
    with pytest.raises(SalesforceError) as unknown:
        person.sf.query("SELECT Email FROM Lead")
    assert refusal(unknown.value)[1] == "INVALID_FIELD"
    assert "No such column 'Email' on entity 'Lead'" in refusal(unknown.value)[2]
    with pytest.raises(SalesforceError) as unsaved:
        person.sf.Lead.create({**PERSON, "Email": "ada@example.com"})
    assert refusal(unsaved.value)[1] == "INVALID_FIELD"
    [record] = person.sf.query("SELECT FIELDS(ALL) FROM Lead LIMIT 1")["records"]
    assert "Email" not in record


def test_a_read_only_field_is_refused_when_saved(person: Person) -> None:
    """Without Edit a field is neither createable nor updateable, and saving it says to check its security settings."""
    person.grant("Lead", **ALL_OF_LEAD)
    person.grant_fields("Lead", "Title", edit=False)
    title = fields_of(person.sf, "Lead")["Title"]
    assert (title["createable"], title["updateable"]) == (False, False)
    with pytest.raises(SalesforceError) as refused:
        person.sf.Lead.create({**PERSON, "Title": "Countess"})
    assert refusal(refused.value) == (
        400,
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: Title. Please check the security settings of this field and verify that it is "
        "read/write for your profile or permission set.",
    )


def test_what_an_object_permits_is_all_that_can_be_done(person: Person) -> None:
    """Read alone: creating, changing and deleting are refused, each in its own words, and describe says so."""
    lead = person.wire.new_lead()
    person.grant("Lead", PermissionsRead=True)
    described = person.sf.Lead.describe()
    assert [described[each] for each in ("createable", "updateable", "deletable", "queryable")] == [
        False, False, False, True,
    ]  # fmt: skip
    no_access = (400, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    with pytest.raises(SalesforceError) as created:
        person.sf.Lead.create(PERSON)
    assert refusal(created.value) == (
        400,
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "entity type cannot be inserted: Lead",
    )
    with pytest.raises(SalesforceError) as changed:
        person.sf.Lead.update(lead, {"LastName": "Byron"})
    assert refusal(changed.value) == no_access
    with pytest.raises(SalesforceError) as deleted:
        person.sf.Lead.delete(lead)
    assert refusal(deleted.value) == no_access


def test_permissions_add_up_over_permission_sets(person: Person) -> None:
    """A second permission set gives what the first lacks; taking the assignment away takes it back at once."""
    person.grant("Lead", PermissionsRead=True)
    second = person.wire.new("PermissionSet", Name="Second_Lead_Set", Label="Second")
    person.wire.new(
        "ObjectPermissions", ParentId=second, SobjectType="Lead", PermissionsRead=True, PermissionsCreate=True
    )
    assignment = person.wire.new("PermissionSetAssignment", PermissionSetId=second, AssigneeId=person.user_id)
    assert person.sf.Lead.create(PERSON)["success"]
    assert person.wire("DELETE", f"/services/data/v62.0/sobjects/PermissionSetAssignment/{assignment}").ok
    with pytest.raises(SalesforceError):
        person.sf.Lead.create(PERSON)


@pytest.mark.parametrize(
    ("object_name", "record", "code", "message"),
    [
        (
            "ObjectPermissions",
            {"SobjectType": "Nope", "PermissionsRead": True},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Sobject Type Name: bad value for restricted picklist field: Nope",
        ),
        (
            "FieldPermissions",
            {"SobjectType": "Lead", "Field": "Lead.LastName", "PermissionsRead": True},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Field Name: bad value for restricted picklist field: Lead.LastName",
        ),
        (
            "ObjectPermissions",
            {"SobjectType": "Lead", "PermissionsDelete": True, "PermissionsRead": True},
            "FIELD_INTEGRITY_EXCEPTION",
            "Permission Delete depends on permission(s): Edit",
        ),
        ("ObjectPermissions", {"SobjectType": "Lead"}, "FIELD_INTEGRITY_EXCEPTION", "At least one permission"),
        (
            "ObjectPermissions",
            {"SobjectType": "account", "PermissionsRead": True},
            "DUPLICATE_VALUE",
            "duplicate value found: ParentId duplicates value on record with id: 110",
        ),
    ],
)
def test_permissions_that_are_refused(
    person: Person, object_name: str, record: dict[str, Any], code: str, message: str
) -> None:
    """What does not exist or is required, what lacks what it depends on, what is there already."""
    person.grant("Account", PermissionsRead=True)
    with pytest.raises(SalesforceError) as refused:
        getattr(client(person.wire.details), object_name).create({"ParentId": person.set_id, **record})
    assert refusal(refused.value)[1] == code
    assert refusal(refused.value)[2].startswith(message)


def test_a_changed_permission_holds_from_the_next_request(person: Person) -> None:
    """PATCHing and deleting FieldPermissions changes what the user sees; a session need not be renewed."""
    person.grant("Lead", **ALL_OF_LEAD)
    [title] = person.grant_fields("Lead", "Title")
    assert fields_of(person.sf, "Lead")["Title"]["updateable"]
    address = f"/services/data/v62.0/sobjects/FieldPermissions/{title}"
    assert person.wire("PATCH", address, json={"PermissionsEdit": False}).status_code == 204
    assert not fields_of(person.sf, "Lead")["Title"]["updateable"]
    assert person.wire("DELETE", address).status_code == 204
    assert "Title" not in fields_of(person.sf, "Lead")


def test_an_address_goes_with_its_parts(person: Person) -> None:
    """One field permission, that of the address, decides about all of its parts."""
    person.grant("Lead", PermissionsRead=True)
    person.grant_fields("Lead", "Address")
    assert {"Address", "Street", "City", "PostalCode", "Country"} <= set(fields_of(person.sf, "Lead"))


def test_a_hidden_field_keeps_its_default(person: Person) -> None:
    """What a user cannot see is still filled in when the user creates a record."""
    person.grant("Lead", **ALL_OF_LEAD)
    created = person.sf.Lead.create(PERSON)
    [lead] = client(person.wire.details).query(
        f"SELECT HasOptedOutOfEmail, Status, OwnerId FROM Lead WHERE Id = '{created['id']}'"
    )["records"]
    assert lead["HasOptedOutOfEmail"] is False
    assert lead["Status"] is not None
    assert lead["OwnerId"] == person.user_id


def test_an_administrator_sees_everything(wire: Wire) -> None:
    """The user of the org's own credentials sees each object and field that the org has."""
    sf = client(wire.details)
    entities = sf.restful("tooling/query", {"q": "SELECT COUNT() FROM EntityDefinition"})["totalSize"]
    assert len(sf.describe()["sobjects"]) == entities
    fields = "SELECT COUNT() FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Lead'"
    assert len(fields_of(sf, "Lead")) == sf.restful("tooling/query", {"q": fields})["totalSize"]


def test_a_lever_hides_from_one_user_what_the_others_see(person: Person) -> None:
    """One call hides a field or an object from a user, an administrator too, or makes it read-only."""
    admin, lever = client(person.wire.details), person.wire.pull
    lever("permissions", object="Lead", field="email", user=person.wire.details.username, access="none")
    assert "Email" not in fields_of(admin, "Lead")
    lever("permissions", object="Lead", field="Email", user=person.wire.details.username, access="read")
    assert not fields_of(admin, "Lead")["Email"]["updateable"]
    lever("permissions", object="Lead", access="none")
    with pytest.raises(SalesforceError, match="INVALID_TYPE"):
        admin.query("SELECT Id FROM Lead")
    lever("permissions", object="Lead", access="granted")
    lever("permissions", object="Lead", field="Email", user=person.wire.details.username, access="granted")
    assert fields_of(admin, "Lead")["Email"]["updateable"]


@pytest.mark.parametrize(
    "told",
    [
        {"object": "Nope", "access": "none"},
        {"object": "Lead", "field": "Nope", "access": "none"},
        {"object": "Lead", "field": "LastName", "access": "none"},
        {"object": "User", "access": "none"},
        {"object": "Lead", "user": "nobody@example.com", "access": "none"},
        {"object": "Lead", "access": "some"},
    ],
)
def test_a_lever_refuses_what_no_org_could_hide(wire: Wire, told: dict[str, str]) -> None:
    """Unknown names, required fields and objects that are open to all are refused with a reason."""
    reply = wire("POST", "/demo/permissions", json=told)
    assert reply.status_code == 400
    assert reply.json()[0]["msg"]
    assert wire("GET", "/demo/permissions").json() == []


def test_what_a_duplicate_rule_found_shows_no_hidden_field(person: Person) -> None:
    """The details of the records that are alike hold only what the user may read."""
    person.grant("Lead", **ALL_OF_LEAD)
    twin = {"FirstName": "Ada", "LastName": f"Twin {uuid4().hex}"}
    person.wire.new_lead(**twin, Email="hidden@example.com")
    person.wire.pull("rules", duplicates={"Lead": "alert"})
    try:
        headers = {"Sforce-Duplicate-Rule-Header": "includeRecordDetails=true"}
        with pytest.raises(SalesforceError) as refused:
            person.sf.Lead.create({**PERSON, **twin}, headers=headers)
    finally:
        person.wire.pull("rules", duplicates={"Lead": "off"})
    [found] = refused.value.content[0]["duplicateResult"]["matchResults"][0]["matchRecords"]
    assert found["record"].keys() == {"attributes", "Id", "Name", "LastName", "FirstName", "Company"}


def test_the_recycle_bin_is_for_those_who_may_delete(person: Person) -> None:
    """Who may only read an object neither brings its records back nor throws them away."""
    lead = person.wire.new_lead()
    person.wire("DELETE", f"/services/data/v62.0/sobjects/Lead/{lead}")
    person.grant("Lead", PermissionsRead=True)
    for operation in ("undelete", "emptyRecycleBin"):
        [result] = soap(person.wire.details, operation, {"ids": [lead]}, token=person.sf.session_id)
        assert result["errors"]["statusCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    [result] = soap(person.wire.details, "undelete", {"ids": [lead]})
    assert result["success"] == "true"


def test_merging_and_converting_take_the_rights_of_what_they_do(person: Person) -> None:
    """A merge deletes the records that go; a conversion changes the lead."""
    details, token = person.wire.details, person.sf.session_id
    master, loser = person.wire.new_lead(), person.wire.new_lead()
    person.grant("Lead", PermissionsRead=True)
    for name in ("Account", "Contact"):
        person.grant(name, **ALL_OF_LEAD)
    conversion = {
        "leadConverts": {
            "convertedStatus": "Closed - Converted", "doNotCreateOpportunity": "true", "leadId": master,
        }
    }  # fmt: skip
    [converted] = soap(details, "convertLead", conversion, token=token)
    second = person.wire.new("PermissionSet", Name=f"Set_{uuid4().hex}", Label="Set")
    edit = {"PermissionsRead": True, "PermissionsEdit": True}
    person.wire.new("ObjectPermissions", ParentId=second, SobjectType="Lead", **edit)
    person.wire.new("PermissionSetAssignment", PermissionSetId=second, AssigneeId=person.user_id)
    wanted = {"request": {"masterRecord": {"type": "Lead", "Id": master}, "recordToMergeIds": loser}}
    [merged] = soap(details, "merge", wanted, token=token)
    for refused in (converted, merged):
        assert refused["errors"]["statusCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert client(details).Lead.get(loser)["IsDeleted"] is False


def test_a_hidden_field_stays_unique_when_a_record_comes_back(person: Person) -> None:
    """An undelete by somebody who does not see a unique field brings no value back that another record has by now."""
    key = uuid4().hex
    deleted = person.wire.new_lead(External_Id__c=key)
    person.wire("DELETE", f"/services/data/v62.0/sobjects/Lead/{deleted}")
    person.wire.new_lead(External_Id__c=key)
    person.grant("Lead", **ALL_OF_LEAD)
    [result] = soap(person.wire.details, "undelete", {"ids": [deleted]}, token=person.sf.session_id)
    assert result["errors"]["statusCode"] == "DUPLICATE_VALUE"


def test_a_bulk_job_is_there_for_its_maker_and_who_views_all_data(person: Person) -> None:
    """Nobody else finds it, its results or its batches; an administrator does."""
    admin = person.wire.details
    job = bulk.query(admin, "SELECT Id, Email FROM Lead")
    classic = bulk.ask(admin, bulk.V1, "POST", json={"operation": "query", "object": "Lead", "contentType": "CSV"})
    theirs = replace(admin, access_token=person.sf.session_id)
    assert bulk.refusal(bulk.ask(theirs, job))[:2] == (404, "NOT_FOUND")
    assert bulk.refusal(bulk.ask(theirs, f"{job}/results"))[:2] == (404, "NOT_FOUND")
    assert "InvalidJob" in bulk.ask(theirs, f"{bulk.V1}/{classic.json()['id']}").text
    assert bulk.ask(theirs, f"{bulk.V2}/query").json()["records"] == []
    own = bulk.query(theirs, "SELECT Id FROM User")
    assert bulk.ask(admin, f"{own}/results").ok


def test_a_permission_that_is_lost_ends_what_a_bulk_job_may_do(person: Person) -> None:
    """Between making a job, uploading, closing and running it, as at any other time."""
    theirs = replace(person.wire.details, access_token=person.sf.session_id)
    lead = person.grant("Lead", **ALL_OF_LEAD)
    [title] = person.grant_fields("Lead", "Title")
    person.wire.pull("faults", path="/jobs/(query$|ingest/)", method="POST|PATCH", times=2, hold_job=True)
    made = bulk.ask(theirs, f"{bulk.V2}/query", "POST", json={"operation": "query", "query": "SELECT Title FROM Lead"})
    running, waiting = (bulk.open_ingest(theirs) for _ in range(2))
    for job in (running, waiting):
        assert bulk.ask(theirs, f"{job}/batches", "PUT", data="LastName,Company\nA,B\n").status_code == 201
    assert bulk.ask(theirs, running, "PATCH", json={"state": "UploadComplete"}).ok
    person.wire("DELETE", f"/services/data/v62.0/sobjects/FieldPermissions/{title}")
    person.wire("DELETE", f"/services/data/v62.0/sobjects/ObjectPermissions/{lead}")
    refused = bulk.ask(theirs, waiting, "PATCH", json={"state": "UploadComplete"})
    assert bulk.refusal(refused)[:2] == (400, "INVALIDJOB")
    assert bulk.ask(theirs, waiting).json()["state"] == "Open"
    person.wire("DELETE", "/demo/faults")
    for job in (running, f"{bulk.V2}/query/{made.json()['id']}"):
        ended = bulk.ask(theirs, bulk.ended(theirs, job)).json()
        assert (ended["state"], ended["numberRecordsProcessed"]) == ("Failed", 0)


def test_a_query_that_is_open_ends_with_the_permission(person: Person) -> None:
    """The next page of a query about a field that the user has lost is refused as the first would be."""
    many = [{"attributes": {"type": "Lead"}, **PERSON} for _ in range(200)]
    assert person.wire.collections("POST", many).ok
    person.grant("Lead", PermissionsRead=True)
    [title] = person.grant_fields("Lead", "Title", edit=False)
    wish = {"Sforce-Query-Options": "batchSize=200"}
    first = person.sf.query("SELECT Title FROM Lead", headers=wish)
    assert person.sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)["records"]
    person.wire("DELETE", f"/services/data/v62.0/sobjects/FieldPermissions/{title}")
    with pytest.raises(SalesforceError) as refused:
        person.sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert refusal(refused.value)[1] == "INVALID_FIELD"


def test_nobody_grants_themselves_permissions(person: Person) -> None:
    """The org's setup is there to read; changing it, or somebody else's password, takes permissions for that."""
    admin = person.wire.details
    profile = first_id(client(admin), "Profile", Name="System Administrator")
    admin_id = first_id(client(admin), "User", Username=admin.username)
    attempts = {
        "ObjectPermissions": {"ParentId": person.set_id, "SobjectType": "Lead", "PermissionsRead": True},
        "PermissionSet": {"Name": "Mine", "Label": "Mine"},
        "PermissionSetAssignment": {"PermissionSetId": person.set_id, "AssigneeId": admin_id},
        "RecordType": {"Name": "Mine", "DeveloperName": "Mine", "SobjectType": "Lead"},
    }
    for object_name, record in attempts.items():
        with pytest.raises(SalesforceError) as refused:
            getattr(person.sf, object_name).create(record)
        assert refusal(refused.value)[1] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
        assert not getattr(person.sf, object_name).describe()["createable"]
    with pytest.raises(SalesforceError) as risen:
        person.sf.User.update(person.user_id, {"ProfileId": profile})
    assert refusal(risen.value)[1] == "INSUFFICIENT_ACCESS_OR_READONLY"
    for operation in ("setPassword", "resetPassword"):
        with pytest.raises(Fault, match="INSUFFICIENT_ACCESS"):
            soap(admin, operation, {"userId": admin_id, "password": "taken-over-1"}, token=person.sf.session_id)
    own = {"userId": person.user_id, "password": "my-own-new-1"}
    soap(admin, "setPassword", own, token=person.sf.session_id)
