"""SOSL over HTTP: what is found where, in which order and number, and how a search is refused."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from simple_salesforce import Salesforce

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.serve import Details, running_org
from sf_elt.demo_org.soql.ast import AllOf, AnyOf, Condition, Negation, Searched
from sf_elt.demo_org.sosl.terms import term_condition
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import client


@pytest.fixture(scope="module")
def searched_org() -> Iterator[Details]:
    """Two contacts, two leads and an account."""
    with running_org(records=0) as details:
        wire = Wire(details)
        wire.new("Account", Name="Ada's Looms", Phone="555 0100")
        wire.new("Contact", FirstName="Ada", LastName="Lovelace", Email="ada@looms.example", Description="wrote notes")
        wire.new("Contact", FirstName="Charles", LastName="Babbage", Title="Friend of Ada {Lovelace}")
        wire.new("Lead", FirstName="Adam", LastName="Smith", Company="Looms & Sons", Phone="555 0100")
        wire.new("Lead", FirstName="Åsa", LastName="Ågren", Company="Nord", Email="asa@ada.example")
        yield details


@pytest.fixture
def wire(searched_org: Details) -> Wire:
    return Wire(searched_org)


@pytest.fixture
def sf(searched_org: Details) -> Salesforce:
    return client(searched_org)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def found(reply: dict[str, Any]) -> list[str]:
    """The names of the records found."""
    return [record["Name"] for record in reply["searchRecords"]]


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("ada", ["Ada Lovelace", "Charles Babbage", "Åsa Ågren"]),
        ("ada*", ["Ada Lovelace", "Charles Babbage", "Adam Smith", "Åsa Ågren"]),
        ("?dam", ["Adam Smith"]),
        ("ÅGREN", ["Åsa Ågren"]),
        ("Ada Lovelace", ["Ada Lovelace", "Charles Babbage"]),
        ('"Ada Lovelace"', ["Ada Lovelace"]),
        ("Ada AND NOT Friend", ["Ada Lovelace", "Åsa Ågren"]),
        ("Babbage OR Smith AND Adam", ["Charles Babbage", "Adam Smith"]),
        ("(Babbage OR Smith) AND Adam", ["Adam Smith"]),
        ("ada@looms.example", ["Ada Lovelace"]),
        ("notes", ["Ada Lovelace"]),
        ("\\{Lovelace\\}", ["Charles Babbage"]),
        ("love", []),
    ],
)
def test_terms_find_whole_words(sf: Salesforce, term: str, expected: list[str]) -> None:
    """Words in any letter case, wildcards, phrases, AND, OR, AND NOT, parentheses, escapes."""
    assert found(sf.search(f"FIND {{{term}}} IN ALL FIELDS RETURNING Contact(Name), Lead(Name)")) == expected


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("NAME", ["Ada Lovelace"]),
        ("EMAIL", ["Ada Lovelace", "Åsa Ågren"]),
        ("PHONE", []),
        ("SIDEBAR", ["Ada Lovelace", "Åsa Ågren"]),
    ],
)
def test_a_search_may_look_in_one_group_of_fields(sf: Salesforce, group: str, expected: list[str]) -> None:
    """IN NAME, EMAIL, PHONE, SIDEBAR FIELDS."""
    assert found(sf.search(f"FIND {{ada}} IN {group} FIELDS RETURNING Contact(Name), Lead(Name)")) == expected


@settings(max_examples=40, deadline=None)
@given(text=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), min_size=2, max_size=12))
@example("\\\n\\\t")
@example('"((OR NOT')
def test_any_term_is_searched_for_or_refused(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    """Escaped, any text is a term; as it stands, it is one or no search."""
    escaped = "".join(f"\\{character}" for character in text)
    for term in (escaped, text):
        with suppress(OrgError):
            for pattern in patterns_in(term_condition(term, ["Name"])):
                engine.execute("SELECT regexp_matches('Ada', $1)", [pattern]).fetchall()


def patterns_in(condition: Condition) -> Iterator[str]:
    """The regular expressions that a condition is made of."""
    match condition:
        case Searched(_, pattern):
            yield pattern
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from patterns_in(part)
        case Negation(part):
            yield from patterns_in(part)


def test_each_object_has_its_own_fields_conditions_order_and_limit(sf: Salesforce) -> None:
    """RETURNING takes what SOQL takes; an object without parentheses gives Ids; LIMIT bounds all together."""
    text = "FIND {ad* OR lo*} RETURNING Contact(Name, Owner.Name WHERE Title = null OR Email != null), "
    reply = sf.search(text + "Lead(Name WHERE Company LIKE '%(x' OR Phone = '555 0100' ORDER BY Name LIMIT 3), Account")
    contact, lead, account = reply["searchRecords"]
    assert (contact["Name"], contact["Owner"]["attributes"]["type"]) == ("Ada Lovelace", "User")
    assert lead["Name"] == "Adam Smith"
    assert (list(account), account["attributes"]["type"]) == (["attributes", "Id"], "Account")
    assert len(sf.search("FIND {ad*} RETURNING Contact, Lead, Account LIMIT 2")["searchRecords"]) == 2
    assert found(sf.search("FIND {ad*} RETURNING Contact(Name LIMIT 0), Lead(Name LIMIT 1)")) == ["Adam Smith"]
    assert len(sf.search(f"FIND {{ad*}} RETURNING Lead LIMIT {'9' * 5000}")["searchRecords"]) == 2


def test_without_returning_all_objects_are_searched(sf: Salesforce) -> None:
    """Each record found shows its Id and what it is."""
    kinds = {each["attributes"]["type"] for each in sf.quick_search("looms")["searchRecords"]}
    assert kinds == {"Account", "Contact", "Lead"}


def test_parameterized_searches_say_the_same_without_sosl(wire: Wire) -> None:
    """By address and as JSON, with limits for each object and for all."""
    address = {"q": "looms", "sobject": "Lead,Contact", "fields": "Name", "Lead.fields": "Name,Company", "in": "ALL"}
    [lead, contact] = wire("GET", f"{V62}/parameterizedSearch", params=address).json()["searchRecords"]
    assert (lead["Company"], contact["Name"]) == ("Looms & Sons", "Ada Lovelace")
    body = {
        "q": "ada*",
        "fields": ["Name"],
        "sobjects": [{"name": "Contact", "limit": 1}, {"name": "Lead", "where": "LastName = 'Smith'"}],
        "in": "NAME",
        "overallLimit": 9,
    }
    assert found(wire("POST", f"{V62}/parameterizedSearch", json=body).json()) == ["Ada Lovelace", "Adam Smith"]
    assert wire("POST", f"{V62}/parameterizedSearch", json={"sobjects": []}).status_code == 400


@pytest.mark.parametrize(
    ("sosl", "code", "words"),
    [
        ("FIND 'ada'", "MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces."),
        ("FIND {a}", "INVALID_SEARCH", "search term must be longer than one character: a"),
        ("FIND {ada} IN SOME FIELDS", "MALFORMED_SEARCH", "unexpected token: 'SOME'"),
        ("FIND {ada} RETURNING Lead(Name) NONSENSE", "MALFORMED_SEARCH", "unexpected token: 'NONSENSE'"),
        ("FIND {ada} RETURNING", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {ada} RETURNING Lead(Name WHERE)", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {(ada} RETURNING Lead", "MALFORMED_SEARCH", "unexpected token"),
        (f"FIND {{{'(' * 500}ada{')' * 500}}}", "QUERY_TOO_COMPLICATED", "too complicated"),
        ("FIND {ada} RETURNING Lead(COUNT())", "MALFORMED_SEARCH", "unexpected token: '('"),
        ("FIND {ada} RETURNING Lead(COUNT(Id))", "MALFORMED_SEARCH", "unexpected token: '('"),
        ("FIND {ada} RETURNING Nix__c", "INVALID_TYPE", "sObject type 'Nix__c' is not supported."),
        ("FIND {ada} RETURNING Lead(Nix)", "INVALID_FIELD", "No such column 'Nix' on entity 'Lead'"),
        ("", "MALFORMED_SEARCH", "has to be specified"),
    ],
)
def test_what_is_no_search_is_refused(wire: Wire, sosl: str, code: str, words: str) -> None:
    """The error code and the words that name the cause."""
    reply = wire("GET", f"{V62}/search", params={"q": sosl})
    assert reply.status_code == 400
    [error] = reply.json()
    assert (error["errorCode"], words in error["message"]) == (code, True)
