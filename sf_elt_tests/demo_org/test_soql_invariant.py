"""Whatever is put together of SOQL's parts runs or is refused in Salesforce's way; nothing fails in DuckDB."""

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
