"""SOQL across relationships: children, semi-joins, references to several objects, TYPEOF."""

from collections.abc import Iterator

import pytest

from sf_elt.demo_org.store import Store
from sf_elt_tests.demo_org.soql_store import refusal, run, small_store, values


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with small_store() as store:
        yield store


def test_children_are_a_result_of_their_own(store: Store) -> None:
    """They have their own conditions, order and limit; a record without children says null; deleted ones are gone."""
    soql = (
        "SELECT Name, (SELECT LastName, Account.Name FROM Contacts), (SELECT Name FROM Opportunities "
        "WHERE StageName LIKE 'closed%' ORDER BY Name DESC LIMIT 1) FROM Account ORDER BY Name"
    )
    acme, zenith = run(store, soql)
    contacts = acme["Contacts"]
    assert (contacts["totalSize"], contacts["done"]) == (1, True)
    assert contacts["records"][0]["attributes"]["type"] == "Contact"
    assert contacts["records"][0]["LastName"] == "Anders"
    assert contacts["records"][0]["Account"]["Name"] == "Acme"
    assert [each["Name"] for each in acme["Opportunities"]["records"]] == ["Two"]
    assert zenith["Contacts"] is None
    assert [each["Name"] for each in zenith["Opportunities"]["records"]] == ["Four"]
    with_deleted, _ = run(store, soql, include_deleted=True)
    assert with_deleted["Contacts"]["totalSize"] == 2


def test_children_have_children(store: Store) -> None:
    """A child may name its own children, to five levels of objects."""
    soql = (
        "SELECT Name, (SELECT Name, (SELECT Role, Contact.LastName FROM OpportunityContactRoles) FROM Opportunities "
        "ORDER BY Name) FROM Account WHERE Name = 'Acme'"
    )
    [acme] = run(store, soql)
    assert run(store, soql.replace("FROM Opportunities", "FROM Account.Opportunities")) == [acme]
    one, three, two = acme["Opportunities"]["records"]
    assert [each["Role"] for each in one["OpportunityContactRoles"]["records"]] == ["Decision Maker"]
    assert three["OpportunityContactRoles"] is None
    assert two["OpportunityContactRoles"]["records"][0]["Contact"]["LastName"] == "Anders"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Id IN (SELECT AccountId FROM Contact)", ["Acme"]),
        ("Id NOT IN (SELECT AccountId FROM Contact WHERE LastName = 'Anders')", ["Zenith"]),
        ("Id IN (SELECT AccountId FROM Opportunity WHERE Owner.Name = null AND Amount != 1)", ["Acme", "Zenith"]),
        (
            "Id IN (SELECT AccountId FROM Opportunity) AND Id NOT IN (SELECT AccountId FROM Contact) AND Name != 'x'",
            ["Zenith"],
        ),
        ("Id IN (SELECT WhatId FROM Task)", ["Acme"]),
    ],
)
def test_semi_and_anti_joins(store: Store, where: str, expected: list[str]) -> None:
    """IN (SELECT …) and NOT IN (SELECT …), with conditions of their own."""
    assert values(store, f"SELECT Name FROM Account WHERE {where} ORDER BY Name") == [(name,) for name in expected]


def test_an_anti_join_keeps_records_without_a_reference(store: Store) -> None:
    """A contact without an account is in no list of accounts."""
    soql = "SELECT LastName FROM Contact WHERE AccountId NOT IN (SELECT Id FROM Account) ORDER BY Id"
    assert values(store, soql) == [("anders",), ("50% off_",)]


def test_a_reference_to_several_objects_leads_to_a_name(store: Store) -> None:
    """Who and What have the fields of Name; the attributes say so, and their url names the object itself."""
    call, email, other = run(store, "SELECT Subject, Who.Name, Who.Type, What.Name FROM Task ORDER BY Subject")
    assert call["Who"] == {
        "attributes": {"type": "Name", "url": call["Who"]["attributes"]["url"]},
        "Name": "Åsa Anders",
        "Type": "Contact",
    }
    assert call["Who"]["attributes"]["url"].startswith("/services/data/v62.0/sobjects/Contact/003")
    assert (call["What"]["Name"], other["What"]["Name"]) == ("Acme", "One")
    assert (email["Who"]["Type"], email["What"]) == ("Lead", None)
    assert values(store, "SELECT Subject FROM Task WHERE Who.Type = 'Lead'") == [("Email",)]
    assert values(store, "SELECT Subject FROM Task WHERE Who.Name = null") == [("Other",)]


def test_a_missing_parent_has_no_computed_fields_either(store: Store) -> None:
    """The name of an owner that is not there is null, though it is computed."""
    assert len(values(store, "SELECT Id FROM Opportunity WHERE Owner.Name = null")) == 4
    assert values(store, "SELECT Name FROM Account WHERE Owner.Name = null") == []


def test_typeof_shows_each_object_in_its_own_way(store: Store) -> None:
    """The first WHEN of the record's object, else ELSE; null without a record."""
    soql = (
        "SELECT TYPEOF What WHEN Account THEN Phone, Owner.Name WHEN Campaign THEN Status ELSE Type END FROM Task "
        "ORDER BY Subject"
    )
    call, email, other = (each["What"] for each in run(store, soql))
    assert (call["attributes"]["type"], call["Phone"], call["Owner"]["Name"]) == ("Account", "+33 1", "Ada Lovelace")
    assert email is None
    assert (other["attributes"]["type"], other["Type"]) == ("Name", "Opportunity")


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        (
            "SELECT Id, (SELECT Id FROM Contact) FROM Account",
            "INVALID_TYPE",
            "Didn't understand relationship 'Contact' in FROM part of query call. If you are attempting to use a "
            "custom relationship, be sure to append the '__r' after the custom relationship name. Please reference "
            "your WSDL or the describe call for the appropriate names.",
        ),
        (
            "SELECT Id, (SELECT COUNT(Id) FROM Contacts) FROM Account",
            "MALFORMED_QUERY",
            "only root queries support aggregate expressions",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT AccountId FROM Contact)",
            "MALFORMED_QUERY",
            "Semi join sub-selects are not allowed with the 'OR' operator",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 'x' AND (Id IN (SELECT AccountId FROM Contact) OR Fax = 'y')",
            "MALFORMED_QUERY",
            "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE "
            "expressions.",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)",
            "MALFORMED_QUERY",
            "The inner and outer selects should not be on the same object type",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT ContactId FROM "
            "OpportunityContactRole))",
            "MALFORMED_QUERY",
            "Nesting of semi join sub-selects is not supported",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT ContactId FROM OpportunityContactRole)",
            "INVALID_FIELD",
            "The selected field 'ContactId' in the subquery and the left operand field 'Id' in the where expression "
            "in the outer query should point to the same object type",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) AND Id IN (SELECT AccountId FROM "
            "Opportunity) AND Id IN (SELECT WhatId FROM Task)",
            "MALFORMED_QUERY",
            "Maximum 2 semi join sub-selects are allowed",
        ),
        ("SELECT Owner.Manager.Manager.Manager.Manager.Manager.Name FROM Lead", "INVALID_FIELD", "five levels"),
    ],
)
def test_what_salesforce_refuses_of_relationships_is_refused(soql: str, code: str, words: str) -> None:
    """The error code and the words that name the cause."""
    error = refusal(soql)
    assert error.code == code
    assert words in error.message
