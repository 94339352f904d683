"""Queries that nobody should send: refused by name, never an error of the org's own, never without an end."""

import duckdb
import pytest

from sf_elt.demo_org.rest.time_limit import time_limit
from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.serve import Details
from sf_elt.demo_org.soql import SoqlError, compile_query
from sf_elt_tests.demo_org.soql_store import NOW
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import client

ALIASES = ", ".join(f"r{number}.ReportsTo r{number + 1}" for number in range(54))


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        (f"SELECT Id FROM Lead WHERE {'(' * 5000}Id != null{')' * 5000}", "QUERY_TOO_COMPLICATED"),
        (f"SELECT Id FROM Lead WHERE {'NOT (' * 5000}Id != null{')' * 5000}", "QUERY_TOO_COMPLICATED"),
        (f"SELECT {'FORMAT(' * 5000}AnnualRevenue{')' * 5000} FROM Lead", "QUERY_TOO_COMPLICATED"),
        (f"SELECT {'FORMAT(' * 299}AnnualRevenue{')' * 299} FROM Lead", "QUERY_TOO_COMPLICATED"),
        (f"SELECT Id, {'(SELECT Id, ' * 2000}Id{' FROM Contacts)' * 2000} FROM Account", "QUERY_TOO_COMPLICATED"),
        (f"SELECT Id FROM Lead WHERE Company = '{'(' * 5000}' AND Id = 5", "INVALID_FIELD"),
        (f"SELECT Id FROM Lead LIMIT {'1' * 5000}", "MALFORMED_QUERY"),
        (f"SELECT Id FROM Lead WHERE CreatedDate = LAST_N_DAYS:{'1' * 5000}", "MALFORMED_QUERY"),
        (f"SELECT TYPEOF What {'WHEN Account THEN Id ' * 3000}END FROM Task", "MALFORMED_QUERY"),
        (f"SELECT Id FROM Contact c, c.ReportsTo r0, {ALIASES}", "INVALID_FIELD"),
        (f"SELECT Id FROM Contact c{', c.ReportsTo r' * 56}", "MALFORMED_QUERY"),
    ],
)
def test_what_goes_too_far_is_refused(soql: str, code: str) -> None:
    """Nesting, numbers and lists without measure have Salesforce's codes; parentheses in a text are just text."""
    with pytest.raises(SoqlError) as refused:
        compile_query(soql, load_schema(), NOW)
    assert refused.value.code == code


def test_a_query_ends_when_its_time_is_over() -> None:
    """What runs too long is interrupted and refused as QUERY_TIMEOUT, and the connection goes on."""
    with duckdb.connect() as connection:
        with pytest.raises(SoqlError, match="running for too long") as refused, time_limit(connection, seconds=0.05):
            connection.execute("SELECT count(*) FROM range(10000000000000) AS a, range(1000) AS b").fetchall()
        assert refused.value.code == "QUERY_TIMEOUT"
        with time_limit(connection):
            assert connection.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize(("params", "words"), [({}, "has to be specified"), ({"q": " "}, "cannot be empty or null")])
def test_no_query_is_refused(org: Details, params: dict[str, str], words: str) -> None:
    """Recorded: an empty query is refused in other words than a missing one."""
    reply = Wire(org)("GET", f"{V62}/query", params=params)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")
    assert words in reply.json()[0]["message"]


def test_a_cursor_is_its_users_own(org: Details) -> None:
    """The next page is for who asked for the first one, not for whoever knows its address."""
    admin = Wire(org)
    people = [{"attributes": {"type": "Lead"}, "LastName": f"P{each}", "Company": "C"} for each in range(200)]
    admin.collections("POST", people)
    options = {"params": {"q": "SELECT Id FROM Lead"}, "headers": {"Sforce-Query-Options": "batchSize=200"}}
    address = admin("GET", f"{V62}/query", **options).json()["nextRecordsUrl"]
    found = client(org).query(f"SELECT Username FROM User WHERE IsActive = true AND Username != '{org.username}'")
    somebody = client(org, how="password", username=found["records"][0]["Username"])
    headers = {"Authorization": f"Bearer {somebody.session_id}"}
    reply = admin("GET", address, headers=headers)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
    assert admin("GET", address).status_code == 200
