"""Records that others refer to: found by a value, or created first."""

import pytest

from sf_elt.salesforce import query_records
from sf_elt.writeback import ExportSpec, plan_export
from sf_elt_tests.writeback.people import NOW, Person
from sf_elt_tests.writeback.test_creating import person

CONTACTS = ExportSpec(
    name="contacts",
    object="Contact",
    operation="upsert",
    matchers={"Email": "emails"},
    fields={"Title": "title"},
    fields_on_create={
        "LastName": "name",
        "AccountId": {"find": "Account", "by": "Name", "equals": "company", "create": {"Phone": {"constant": "1"}}},
        "OwnerId": {"find": "User", "by": "Email", "equals": "owner_email"},
    },
)


def _at(company: str, name: str, email: str, owner: str = "") -> Person:
    return person(name, email, company=company, owner_email=owner)


def _contacts(loop, domain: str) -> list[tuple[object, ...]]:
    soql = f"SELECT LastName, Account.Name, Account.Phone FROM Contact WHERE Email LIKE '%@{domain}' ORDER BY LastName"
    rows = [(row["LastName"], row["Account"] or {}) for row in query_records(loop.org, soql)]
    return [(name, account.get("Name"), account.get("Phone")) for name, account in rows]


def test_a_new_contact_finds_or_creates_its_account(loop):
    """One account for a company however many contacts; one that is there is taken; nobody's account is made twice."""
    loop.org.session.post(loop.org.url("sobjects/Account"), json={"Name": "Held Ltd", "Phone": "2"})
    people = [
        _at("Held Ltd", "Ann", "ann@acc.example"),
        _at("NEW Ltd ", "Bob", "bob@acc.example"),
        _at("new ltd", "Cem", "cem@acc.example"),
        person("Dan", "dan@acc.example"),
    ]
    loop.fill(people)
    dry = plan_export(loop.org, loop.warehouse, CONTACTS, now=NOW, run_id="dry", dry_run=True)
    assert dry.rows_by_operation == {"create": 4}
    assert query_records_count(loop, "Account", "Name LIKE 'new ltd'") == 0
    assert loop.run(CONTACTS).succeeded == 4
    found = _contacts(loop, "acc.example")
    assert [name for name, _, _ in found] == ["Ann", "Bob", "Cem", "Dan"]
    assert [phone for _, _, phone in found] == ["2", "1", "1", None]
    assert query_records_count(loop, "Account", "Name LIKE 'new ltd'") == 1
    assert loop.run(CONTACTS).planned == 0


@pytest.mark.soak
def test_an_account_of_two_of_one_name_is_not_guessed(loop):
    """The contact is set aside, with the company in words, and neither account nor contact is made."""
    for _ in range(2):
        loop.org.session.post(loop.org.url("sobjects/Account"), json={"Name": "Twins Ltd"})
    loop.fill([_at("Twins Ltd", "Ann", "ann@twins.example")])
    assert loop.run(CONTACTS).set_aside == 1
    messages = loop.select("SELECT export, code, message FROM writeback.sync_log ORDER BY export")
    assert [(export, code) for export, code, _ in messages] == [
        ("contacts", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("contacts_account", "AMBIGUOUS"),
    ]
    assert "AccountId to *new Account* 'Twins Ltd'" in messages[0][2]
    assert query_records_count(loop, "Account", "Name = 'Twins Ltd'") == 2


def test_the_owner_is_the_active_user_with_the_address(loop):
    """Whoever has no user is owned by the integration user, as the org does by itself."""
    (user,) = query_records(loop.org, "SELECT Id, Email FROM User WHERE IsActive = true LIMIT 1")
    loop.fill(
        [_at("", "Ann", "ann@own.example", str(user["Email"])), _at("", "Bob", "bob@own.example", "no@body.example")]
    )
    assert loop.run(CONTACTS).succeeded == 2
    owners = query_records(loop.org, "SELECT OwnerId FROM Contact WHERE Email LIKE '%@own.example' ORDER BY LastName")
    assert next(iter(owners))["OwnerId"] == user["Id"]


def query_records_count(loop, object_name: str, where: str) -> int:
    """How many records the org has."""
    return len(list(query_records(loop.org, f"SELECT Id FROM {object_name} WHERE {where}")))
