"""sObject Tree: records with their children in one request."""

from collections.abc import Iterator
from typing import Any

import pytest
from simple_salesforce import Salesforce, SalesforceMalformedRequest

from sf_elt.demo_org.serve import running_org
from sf_elt_tests.orgs import client


@pytest.fixture(scope="module")
def sf() -> Iterator[Salesforce]:
    with running_org(records=0) as details:
        yield client(details)


def record(kind: str, reference_id: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": kind, "referenceId": reference_id}, **values}


def create(sf: Salesforce, *records: dict[str, Any], kind: str = "Account") -> Any:
    return sf.restful(f"composite/tree/{kind}", method="POST", json={"records": list(records)})


def refused(sf: Salesforce, *records: dict[str, Any], kind: str = "Account") -> Any:
    with pytest.raises(SalesforceMalformedRequest) as error:
        create(sf, *records, kind=kind)
    return error.value.content


def test_children_are_saved_below_their_parents(sf: Salesforce) -> None:
    """Every record has its Id in the reply, level by level, and children refer to their parents."""
    contacts = {"records": [record("Contact", "ref2", LastName="Child"), record("Contact", "ref3", LastName="Child")]}
    reply = create(
        sf, record("Account", "ref1", Name="Tree", Contacts=contacts), record("Account", "ref4", Name="Bare")
    )
    assert reply["hasErrors"] is False
    assert [each["referenceId"] for each in reply["results"]] == ["ref1", "ref4", "ref2", "ref3"]
    ids = {each["referenceId"]: each["id"] for each in reply["results"]}
    found = sf.query("SELECT Id, AccountId FROM Contact WHERE LastName = 'Child' ORDER BY Id")["records"]
    assert [(each["Id"], each["AccountId"]) for each in found] == [
        (ids["ref2"], ids["ref1"]),
        (ids["ref3"], ids["ref1"]),
    ]


def test_one_bad_record_stops_all(sf: Salesforce) -> None:
    """Nothing is saved, and only the records in the way are named, with their errors."""
    contacts = {"records": [record("Contact", "bad", LastName="Stopped", Email="123")]}
    reply = refused(sf, record("Account", "good", Name="Stopped", Contacts=contacts))
    message = "Email: invalid email address: 123"
    errors = [{"statusCode": "INVALID_EMAIL_ADDRESS", "message": message, "fields": ["Email"]}]
    assert reply == {"hasErrors": True, "results": [{"referenceId": "bad", "errors": errors}]}
    assert sf.query("SELECT COUNT() FROM Account WHERE Name = 'Stopped'")["totalSize"] == 0


def test_a_reference_id_given_twice_is_named_each_time(sf: Salesforce) -> None:
    """The reply has one item for each instance of a duplicate reference id."""
    reply = refused(sf, *[record("Account", "same", Name="Twice")] * 2)
    assert [each["referenceId"] for each in reply["results"]] == ["same", "same"]
    assert reply["results"][0]["errors"][0]["message"] == "Duplicate ReferenceId provided in the request."


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([record("Account", f"r{number}", Name="Many") for number in range(201)], "LIMIT_EXCEEDED"),
        ([], "INVALID_INPUT"),
        ([record("Contact", "r", LastName="Not an account")], "INVALID_INPUT"),
        ([record("Nix", "r")], "INVALID_TYPE"),
        ([{"Name": "No attributes"}], "INVALID_INPUT"),
        ([record("Account", "r", Name="A", Nothings={"records": []})], "INVALID_FIELD"),
        ([record("Account", "r", Name="A", NumberOfEmployees="many")], "JSON_PARSER_ERROR"),
    ],
)
def test_a_malformed_tree_is_refused_as_a_whole(sf: Salesforce, records: list[Any], code: str) -> None:
    """Too many records, none, roots of another type, unknown children and unreadable values are 400."""
    assert refused(sf, *records)[0]["errorCode"] == code


def test_a_tree_has_five_levels_at_most(sf: Salesforce) -> None:
    """Five levels of accounts are saved, six are refused."""

    def chain(depth: int) -> dict[str, Any]:
        below = {"ChildAccounts": {"records": [chain(depth - 1)]}} if depth > 1 else {}
        return record("Account", f"r{depth}", Name="Deep", **below)

    assert len(create(sf, chain(5))["results"]) == 5
    assert refused(sf, chain(6))[0]["errorCode"] == "LIMIT_EXCEEDED"
