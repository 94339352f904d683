"""Whatever is put together of SOQL's parts runs or is refused in Salesforce's way; nothing fails in DuckDB."""

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.soql import SoqlError, compile_query, csv_statement, json_statement
from sf_elt.demo_org.store import Store
from sf_elt_tests.demo_org.soql_store import NOW, small_store

FIELDS = [
    "Id", "Name", "Amount", "StageName", "CloseDate", "CreatedDate", "IsWon", "Description", "AccountId",
    "Account.Name", "Account.BillingAddress", "Owner.Name",
]  # fmt: skip
FUNCTIONS = [
    "COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX", "GROUPING", "CALENDAR_YEAR", "DAY_ONLY", "HOUR_IN_DAY",
    "FORMAT", "toLabel", "convertCurrency",
]  # fmt: skip
VALUES = ["'x'", "''", "null", "1.5", "true", "TODAY", "LAST_N_DAYS:3", "2020-01-01", "2020-01-01T00:00:00Z", "USD5"]
CHILDREN = [
    "(SELECT Role FROM OpportunityContactRoles ORDER BY Role LIMIT 1)",
    "(SELECT Subject, Who.Name FROM Tasks)",
    "TYPEOF Account WHEN Account THEN Name END",
]

fields = st.sampled_from(FIELDS)
calls = st.builds("{}({})".format, st.sampled_from(FUNCTIONS), fields)
nested = st.builds("{}({})".format, st.sampled_from(["FORMAT", "MAX", "GROUPING"]), calls)
operands = st.one_of(fields, fields, calls, nested)
conditions = st.one_of(
    st.builds("{} {} {}".format, operands, st.sampled_from(["=", "!=", "<", ">="]), st.sampled_from(VALUES)),
    st.builds("{} IN ({}, {})".format, operands, st.sampled_from(VALUES), st.sampled_from(VALUES)),
    st.builds("{} LIKE 'a%'".format, operands),
    st.builds("AccountId {} (SELECT {} FROM Contact)".format, st.sampled_from(["IN", "NOT IN"]), fields),
)
selections = st.one_of(operands, st.builds("{} {}".format, calls, st.sampled_from(["a", "attributes", "Account"])))
groupings = st.builds("{}({})".format, st.sampled_from(["ROLLUP", "CUBE"]), operands) | operands


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query of Opportunity, right or wrong."""
    items = draw(st.lists(selections | st.sampled_from(CHILDREN), min_size=1, max_size=3))
    text = f"SELECT {', '.join(items)} FROM Opportunity"
    for clause, part in (
        ("WHERE", conditions),
        ("GROUP BY", groupings),
        ("HAVING", conditions),
        ("ORDER BY", operands),
    ):
        if draw(st.integers(0, 2)) == 0:
            text += f" {clause} {draw(part)}"
    return text + draw(st.sampled_from(["", " LIMIT 3", " LIMIT 3 OFFSET 1"]))


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with small_store() as store:
        yield store


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(soql=queries())
def test_any_query_runs_or_is_refused(store: Store, soql: str) -> None:
    """As JSON and as CSV."""
    statements = []
    with suppress(SoqlError):
        compiled = compile_query(soql, store.schema, NOW)
        statements.append(json_statement(compiled, "62.0"))
        statements.append(csv_statement(compiled))
    with store.reading() as connection:
        for statement in statements:
            connection.execute(statement, compiled.parameters).fetchall()


CODES = {
    "MALFORMED_QUERY", "INVALID_FIELD", "INVALID_TYPE", "INVALID_QUERY_FILTER_OPERATOR", "INVALID_QUERY_SCOPE",
    "NUMBER_OUTSIDE_VALID_RANGE", "QUERY_TOO_COMPLICATED", "FUNCTIONALITY_NOT_ENABLED",
}  # fmt: skip
REAL = [
    "SELECT Id, Account.Owner.Name, MailingAddress FROM Contact WHERE Name LIKE '%a\\%' ORDER BY Account.Name DESC",
    "SELECT c.Id FROM Contact c, c.Account a WHERE a.Name != null AND (c.Email IN ('x', null) OR NOT c.Score__c > 1.5)",
    "SELECT Id, (SELECT Subject FROM Tasks WHERE CreatedDate = LAST_N_DAYS:3 LIMIT 2) FROM Account WITH USER_MODE",
    "SELECT StageName, FORMAT(SUM(Amount)) s FROM Opportunity GROUP BY ROLLUP(StageName) HAVING COUNT(Id) > 0",
    "SELECT DAY_ONLY(convertTimezone(CreatedDate)) d FROM Lead GROUP BY DAY_ONLY(convertTimezone(CreatedDate))",
    "SELECT TYPEOF What WHEN Account THEN Industry ELSE Name END FROM Task WHERE WhatId NOT IN (SELECT Id FROM Lead)",
    "SELECT DISTANCE(BillingAddress, GEOLOCATION(48.1, -2.3), 'mi') FROM Account USING SCOPE mine LIMIT 5 OFFSET 1",
    "SELECT FIELDS(STANDARD) FROM Contact WHERE Interests__c INCLUDES ('Data;Email') AND Birthdate < 1990-01-01",
    "SELECT convertCurrency(Amount) a FROM Opportunity WHERE Amount > USD5 AND CloseDate IN (TODAY, 2020-01-01)",
]  # fmt: skip
WORDS = re.compile(r"'(?:[^'\\]|\\.)*'|\w+|\s+|.", re.DOTALL)
PIECES = [
    *sorted({piece for soql in REAL for piece in WORDS.findall(soql)}),
    "1e400", "-1e308", "'\\u0000'", "'\\ud83d'", "0001-01-01T00:00:00+14:00", "9999-12-31", "NEXT_N_YEARS:9999",
    "LAST_N_YEARS:2025", "NEXT_N_DAYS:2900000", "é", "\x00", "Id", "Owner", "BillingLatitude", "IsDeleted",
]  # fmt: skip
edits = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["", *PIECES]), st.booleans()), max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(soql=st.sampled_from(REAL), changes=edits)
def test_real_queries_gone_wrong_run_or_are_refused(
    store: Store, soql: str, changes: list[tuple[int, str, bool]]
) -> None:
    """Words left out, put in or taken from elsewhere: a result, or a code that Salesforce has; DuckDB never objects."""
    pieces = WORDS.findall(soql)
    for place, piece, instead in changes:
        pieces[place % len(pieces) : place % len(pieces) + instead] = [piece]
    statements, codes, soql = [], set[str](), "".join(pieces) or "SELECT"
    try:
        compiled = compile_query(soql, store.schema, NOW, user_id="005000000000000AAA")
        statements.append(compiled.count_sql if compiled.is_count else json_statement(compiled, "62.0"))
        statements.append(csv_statement(compiled))
    except SoqlError as refused:
        codes.add(refused.code)
    assert codes <= CODES
    with store.reading() as connection:
        for statement in statements:
            connection.execute(statement, compiled.parameters).fetchall()
