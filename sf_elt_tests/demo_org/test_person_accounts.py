"""Person Accounts, where an org has them: one person in two records that say the same."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.org import Settings
from sf_elt.demo_org.person_accounts import contact_fields
from sf_elt.demo_org.saving import Operation
from sf_elt.demo_org.seeding.person_accounts import switch_on_person_accounts
from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org import bulk_jobs as bulk
from sf_elt_tests.demo_org.bench import Bench
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.examples import some
from sf_elt_tests.orgs import levers

WITH_THEM = Settings(person_accounts=True)
OBJECTS = f"{V62}/sobjects"


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "update", "delete", "undelete"]),
        st.sampled_from(["Account", "Contact"]),
        st.fixed_dictionaries(
            {},
            optional={
                "LastName": st.sampled_from(["A", "B", None]),
                "FirstName": st.sampled_from(["Ada", None]),
                "Phone": st.sampled_from(["1", None]),
                "Score": st.integers(0, 9),
                "Email": st.sampled_from(["a@x.org", "b@x.org", "nobody"]),
                "MailingCountryCode": st.sampled_from(["DE", "IT", "??"]),
                "External_Id": st.sampled_from(["1", "2"]),
            },
        ),
    ),
    min_size=3,
    max_size=12,
)


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    with running_org(records=60, settings=WITH_THEM) as details:
        yield details


@pytest.fixture
def wire(org: Details) -> Wire:
    return Wire(org)


@pytest.fixture
def person(wire: Wire) -> str:
    """An account that is a person's, for the LastName that it has and the Name that it lacks."""
    return wire.new("Account", LastName="Solo", FirstName="Han", PersonEmail="Han@falcon.example")


@pytest.fixture
def people(bench: Bench) -> Bench:
    """A store with Person Accounts and nobody in it."""
    switch_on_person_accounts(bench.store, with_people=False, now=bench.now)
    return bench


def _name(object_name: str, name: str) -> str:
    """How a half calls what both say."""
    if name in ("LastName", "FirstName", "Phone"):
        return name
    if name in ("Score", "External_Id"):
        return f"{name}__{'pc' if object_name == 'Account' else 'c'}"
    return f"Person{name}" if object_name == "Account" else name


def said(wire: Wire, record_id: str, *names: str) -> tuple[Any, ...]:
    object_name = "Account" if record_id.startswith("001") else "Contact"
    record = wire("GET", f"{OBJECTS}/{object_name}/{record_id}").json()
    return tuple(record[name] for name in names)


def contact_of(wire: Wire, person: str) -> str:
    found: str = said(wire, person, "PersonContactId")[0]
    return found


def refusal(wire: Wire, method: str, path: str, **values: Any) -> tuple[str, list[str]]:
    reply = wire(method, f"{OBJECTS}/{path}", json=values)
    assert reply.status_code == 400, reply.text
    [error] = reply.json()
    return error["errorCode"], error.get("fields", [])


def test_a_person_is_an_account_and_its_contact(wire: Wire, person: str) -> None:
    """The contact is made along, both have the same name, owner and times, and the record type is that of persons."""
    names = ("Name", "OwnerId", "CreatedDate", "SystemModstamp", "IsPersonAccount")
    contact = contact_of(wire, person)
    assert said(wire, person, *names) == said(wire, contact, *names)
    assert said(wire, person, "Name", "PersonEmail", "IsPersonAccount") == ("Han Solo", "han@falcon.example", True)
    assert said(wire, contact, "AccountId", "Email") == (person, "han@falcon.example")
    soql = f"SELECT RecordType.DeveloperName, RecordType.IsPersonType FROM Account WHERE Id = '{person}'"
    [record] = wire("GET", f"{V62}/query", params={"q": soql}).json()["records"]
    assert (record["RecordType"]["DeveloperName"], record["RecordType"]["IsPersonType"]) == ("PersonAccount", True)


def test_what_one_half_is_told_the_other_says(wire: Wire, person: str) -> None:
    """Standard, shared and custom fields and addresses, either way; the name follows its parts."""
    contact = contact_of(wire, person)
    told = {
        "LastName": "Duo",
        "Phone": "1",
        "PersonTitle": "Captain",
        "PersonMailingCountryCode": "IT",
        "Score__pc": 2.5,
    }
    assert wire("PATCH", f"{OBJECTS}/Account/{person}", json=told).status_code == 204
    shown = said(wire, contact, "Name", "Phone", "Title", "MailingCountry", "Score__c")
    assert shown == ("Han Duo", "1", "Captain", "Italy", 2.5)
    assert wire("PATCH", f"{OBJECTS}/Contact/{contact}", json={"FirstName": None, "Email": "d@x.example"}).ok
    assert said(wire, person, "Name", "PersonEmail", "PersonTitle") == ("Duo", "d@x.example", "Captain")
    assert said(wire, person, "SystemModstamp") == said(wire, contact, "SystemModstamp")


def test_fields_are_for_one_kind_of_account(wire: Wire, person: str) -> None:
    """A person has no Name of its own and no parent, a business nothing of a person; each needs a name of its kind."""
    business = wire.new("Account", Name="Falcon Works")
    read_only = "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert refusal(wire, "PATCH", f"Account/{person}", Name="x", ParentId=business) == (read_only, ["Name", "ParentId"])
    assert refusal(wire, "PATCH", f"Account/{business}", PersonEmail="a@b.example") == (read_only, ["PersonEmail"])
    assert refusal(wire, "POST", "Account", Name="x", FirstName="y") == (read_only, ["FirstName"])
    assert refusal(wire, "POST", "Account", Phone="1") == ("REQUIRED_FIELD_MISSING", ["Name"])
    assert refusal(wire, "PATCH", f"Account/{business}", Name=None) == ("REQUIRED_FIELD_MISSING", ["Name"])
    assert refusal(wire, "PATCH", f"Account/{person}", LastName=None) == ("REQUIRED_FIELD_MISSING", ["LastName"])
    [of_person] = said(wire, person, "RecordTypeId")
    assert refusal(wire, "POST", "Account", RecordTypeId=of_person) == ("REQUIRED_FIELD_MISSING", ["LastName"])
    assert refusal(wire, "PATCH", f"Account/{business}", RecordTypeId=of_person, Name="x") == (read_only, [])
    assert refusal(wire, "PATCH", f"Account/{business}", RecordTypeId=of_person)[0] == "FUNCTIONALITY_NOT_ENABLED"


def test_the_hidden_half_stays_with_its_account(wire: Wire, person: str) -> None:
    """A person's contact is neither moved nor deleted by itself, the account has no other; both go and come back."""
    contact, business = contact_of(wire, person), wire.new("Account", Name="Falcon Works")
    assert refusal(wire, "POST", "Contact", LastName="x", AccountId=person)[0] == "FIELD_INTEGRITY_EXCEPTION"
    assert refusal(wire, "PATCH", f"Contact/{contact}", AccountId=business)[1] == ["AccountId"]
    assert refusal(wire, "PATCH", f"Contact/{contact}", RecordTypeId=None)[0] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert refusal(wire, "DELETE", f"Contact/{contact}")[0] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert wire("DELETE", f"{OBJECTS}/Account/{person}").status_code == 204
    assert wire("GET", f"{OBJECTS}/Contact/{contact}").status_code == 404
    soap(wire.details, "undelete", {"ids": person})
    assert contact_of(wire, person) == contact
    assert said(wire, contact, "Name") == ("Han Solo",)


def test_an_external_id_is_held_once_by_contacts_of_either_kind(wire: Wire) -> None:
    """A person's account that would give its contact a value of another contact is refused."""
    wire.new("Contact", LastName="A", External_Id__c="falcon-1")
    refused = refusal(wire, "POST", "Account", LastName="B", External_Id__pc="FALCON-1")
    assert refused == ("DUPLICATE_VALUE", ["External_Id__c"])


def test_bulk_writes_and_reads_people(org: Details) -> None:
    """Persons and businesses in one upload, each row by what it names; a bulk query gives both halves' fields."""
    upload = "LastName,FirstName,Name,PersonEmail\nOrgana,Leia,,leia@bulk.example\n,,Bulk Firm,\n,Ben,,\n"
    job = bulk.ingest(org, "insert", upload, object_name="Account")
    [failed] = bulk.rows(org, f"{job}/failedResults")
    assert (failed["FirstName"], failed["sf__Error"][:31]) == ("Ben", "INVALID_FIELD_FOR_INSERT_UPDATE")
    [found] = bulk.found(org, "SELECT Name, PersonContact.Email FROM Account WHERE PersonEmail = 'leia@bulk.example'")
    assert found == {"Name": "Leia Organa", "PersonContact.Email": "leia@bulk.example"}


def test_a_lead_without_a_company_becomes_a_person(wire: Wire) -> None:
    """Its contact is that of the account, which it fills; company is not required of leads then."""
    lead = wire.new("Lead", LastName="Calrissian", Email="lando@x.example", City="Bespin")
    outcome = soap(wire.details, "convertLead", {
        "leadConverts": {"leadId": lead, "convertedStatus": "Closed - Converted", "doNotCreateOpportunity": "true"}
    })[0]  # fmt: skip
    shown = said(wire, outcome["accountId"], "PersonContactId", "PersonEmail", "PersonMailingCity", "BillingCity")
    assert shown == (outcome["contactId"], "lando@x.example", "Bespin", "Bespin")


def test_contacts_custom_fields_are_accounts_too(org: Details, wire: Wire, person: str) -> None:
    """One that comes, is hidden and goes does so in both; it is no external id of accounts."""
    pull = levers(org)

    def fields() -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in wire("GET", f"{OBJECTS}/Account/describe").json()["fields"]}

    pull.change_schema("Contact", add=[{"fullName": "Hat__c", "type": "Text", "label": "Hat", "length": 40}])
    wire("PATCH", f"{OBJECTS}/Account/{person}", json={"Hat__pc": "bowler"})
    assert said(wire, contact_of(wire, person), "Hat__c") == ("bowler",)
    assert (fields()["Hat__pc"]["custom"], fields()["External_Id__pc"]["externalId"]) == (True, False)
    pull.set_permission("Contact", "Hat__c", access="none")
    assert "Hat__pc" not in fields()
    pull.set_permission("Contact", "Hat__c", access="granted")
    pull.change_schema("Contact", drop=["Hat__c"])
    assert "Hat__pc" not in fields()


def test_an_org_has_some_people_of_its_own(wire: Wire) -> None:
    """One without email, one without a first name, one who is a lead, too; made within the org's history."""
    soql = "SELECT FirstName, PersonEmail, CreatedDate, IsPersonAccount FROM Account WHERE IsPersonAccount = true"
    seeded = f"{soql} AND CreatedDate < TODAY AND LastModifiedDate < TODAY"
    people = wire("GET", f"{V62}/query", params={"q": seeded}).json()["records"]
    emails = [each["PersonEmail"] for each in people]
    assert (len(people), emails.count(None)) == (5, 1)
    assert [each["FirstName"] for each in people].count(None) == 1
    listed = ", ".join(f"'{each}'" for each in emails if each)
    leads = wire("GET", f"{V62}/query", params={"q": f"SELECT Id FROM Lead WHERE Email IN ({listed})"}).json()
    assert leads["totalSize"] >= 1


def test_the_feature_is_off_unless_asked_for_and_stays(tmp_path: Path) -> None:
    """A new org has none of its fields; a kept one that has it keeps it, whatever a later start says."""
    file = tmp_path / "org"
    for asked in (WITH_THEM, Settings()):
        with running_org(records=0, file=file, settings=asked) as details:
            wire = Wire(details)
            assert said(wire, wire.new("Account", LastName="Kept"), "Name", "IsPersonAccount") == ("Kept", True)
    with running_org(records=0) as details:
        plain = Wire(details)
        assert refusal(plain, "POST", "Account", LastName="x")[0] == "INVALID_FIELD"
        account = plain("GET", f"{OBJECTS}/Account/describe").json()["fields"]
        assert not [each["name"] for each in account if "Person" in each["name"] or each["name"].endswith("__pc")]


@pytest.mark.soak
@settings(max_examples=some(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_both_halves_say_the_same_whatever_is_saved(
    people: Bench, changes: list[tuple[Operation, str, dict[str, Any]]]
) -> None:
    """Made, changed, deleted and brought back by either half, in batches of good and bad records: no half is ahead."""
    made = [outcome.id for outcome in people.save("insert", "Account", {"LastName": "A"}, {"LastName": "B"})]
    for operation, object_name, values in changes:
        people.now += timedelta(seconds=1)
        told = {_name(object_name, name): value for name, value in values.items()}
        ids = made if object_name == "Account" else [people.values(str(each), "PersonContactId")[0] for each in made]
        if operation == "insert":
            new = {_name("Account", name): value for name, value in values.items()}
            made += [each.id for each in people.save("insert", "Account", new) if each.id]
        elif operation == "update":
            people.save("update", object_name, *({"Id": each, **told} for each in ids))
        else:
            people.save(operation, object_name, {"Id": ids[-1]})
    pairs = contact_fields(people.store.schema) | dict.fromkeys(("IsDeleted", "SystemModstamp", "Name"))
    differ = " OR ".join(f'a."{name}" IS DISTINCT FROM c."{other or name}"' for name, other in pairs.items())
    with people.store.reading() as connection:
        halves = 'records."Account" AS a FULL JOIN records."Contact" AS c ON a."PersonContactId" = c."Id"'
        query = f'SELECT count(*), count(*) FILTER ({differ} OR c."AccountId" != a."Id") FROM {halves}'
        [(persons, wrong)] = connection.execute(query).fetchall()
    assert (persons >= len(made), wrong) == (True, 0)
