"""Queries of Salesforce's SOQL reference and of public threads: taken, and refused in the words that real orgs used."""

import pytest

from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.soql import SoqlError, compile_query
from sf_elt_tests.demo_org.soql_store import NOW

WITHOUT_ZONE = "Select Id from Opportunity  where DAY_ONLY(CloseDate) < 2016-07-31T04:17:54"
MIXED = (
    "SELECT Id, Email, Name\nFROM Contact\n"
    "WHERE AccountId = '0014000000p6XlS' AND LastName LIKE 'test' OR email LIKE 'test'"
)


@pytest.mark.parametrize(
    ("soql", "message"),
    [
        (
            WITHOUT_ZONE,
            f"\nDAY_ONLY(CloseDate) < 2016-07-31T04:17:54\n{' ' * 40}^\nERROR at Row:1:Column:75\n"
            "line 1:75 no viable alternative at character '<EOF>'",
        ),
        (
            MIXED,
            f"\n'0014000000p6XlS' AND LastName LIKE 'test' OR email LIKE 'test'\n{' ' * 42}^\n"
            "ERROR at Row:3:Column:61\nunexpected token: 'OR'",
        ),
        (
            "SELECT Id FROM Account SET OPTIONS (honorEmptyStrings = true) LIMIT 1",
            f"\nOPTIONS (honorEmptyStrings = true) LIMIT 1\n{' ' * 34}^\nERROR at Row:1:Column:62\n"
            "unexpected token: 'LIMIT'",
        ),
        ("invalid", "unexpected token: 'invalid'"),
        ("SELECT FROM Account", "unexpected token: 'SELECT FROM'"),
        (
            "SELECT Id FROM Account WHERE Id LIKE '001%'",
            f"\nSELECT Id FROM Account WHERE Id LIKE '001%'\n{' ' * 29}^\nERROR at Row:1:Column:30\n"
            "invalid operator on id field",
        ),
    ],
)
def test_refusals_read_as_recorded(soql: str, message: str) -> None:
    """The words of the query, the caret, row and column, and what is wrong; a word out of place counts from 0."""
    with pytest.raises(SoqlError) as refused:
        compile_query(soql, load_schema(), NOW)
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("soql", "message"),
    [
        (
            "SELECT Id FROM Task WHERE CreatedDate > 2016-07-31T04:17:54 LIMIT 1",
            "no viable alternative at character ' '",
        ),
        ("SELECT Id FROM Task WHERE Subject = 01:00:00.000 LIMIT 1", "no viable alternative at character ' '"),
        ("SELECT Id FROM Contact c, c.Nobody n", "Didn't understand relationship 'Nobody'"),
        ("SELECT a.Id FROM Contact c, a.Account a", "Didn't understand relationship 'a'"),
        ("SELECT Id FROM Contact SET OPTIONS (nonsense = true)", "unexpected token: 'nonsense'"),
        ("SELECT toLabel(Name) FROM Account", "field Name does not support toLabel"),
    ],
)
def test_what_is_no_soql_is_refused(soql: str, message: str) -> None:
    """Times without a zone, aliases of what is no parent, options that there are none of."""
    with pytest.raises(SoqlError) as refused:
        compile_query(soql, load_schema(), NOW)
    assert message in refused.value.message


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT count() FROM Contact c, c.Account a WHERE a.name = 'MyriadPubs'",
        "SELECT c.Id, o.Name FROM Contact c, c.Account a, a.Owner o WHERE a.Name LIKE 'M%' ORDER BY o.Name",
        "SELECT a.Name, COUNT(c.Id) FROM Contact c, c.Account a GROUP BY a.Name",
        "SELECT Id FROM Account WHERE CreatedDate IN (TODAY, LAST_N_DAYS:4)",
        "SELECT Id FROM Account WHERE CreatedDate NOT IN (TODAY, null)",
        "SELECT Id, Amount FROM Opportunity WHERE Amount IN (usd500.01, USD-600, 5)",
        "SELECT Company, toLabel(Recordtype.Name) FROM Lead",
        "SELECT Id FROM Account LIMIT 1 SET OPTIONS (honorEmptyStrings = true, dataspace = 'default')",
        "SELECT Name, Count(Id) FROM Account GROUP BY Name HAVING Count(Id) > 0 AND (Name LIKE 't%' OR Name = '1')",
        "SELECT Id FROM Account WHERE (NOT (Name = '2' OR Name = '3')) AND (NOT Name = '4')",
        "SELECT Account.Name, (SELECT Contact.LastName FROM Account.Contacts) FROM Account",
        "SELECT amount, FORMAT(amount) Amt, FORMAT(convertCurrency(amount)) convertedCurrency FROM Opportunity",
        "SELECT COUNT()FROM Contact",
    ],
)
def test_queries_of_the_reference_are_taken(soql: str) -> None:
    """What Salesforce documents, or was seen to answer, compiles."""
    assert compile_query(soql, load_schema(), NOW).tables


def test_a_parent_is_shown_in_one_way() -> None:
    """TYPEOF and a path over the same reference would both make the parent: one would go without a word."""
    soql = "SELECT Owner.Name, TYPEOF Owner WHEN User THEN Username END FROM Lead"
    with pytest.raises(SoqlError, match="duplicate field selected: Owner"):
        compile_query(soql, load_schema(), NOW)


def test_tasks_belong_to_users_and_queues() -> None:
    """So that Owner is a Name, and its Type can be asked for."""
    assert compile_query("SELECT Owner.Type FROM Task WHERE Owner.Type = 'User'", load_schema(), NOW).tables
