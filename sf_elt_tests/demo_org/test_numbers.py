"""Numbers as text: what large and small ones look like in CSV and XML."""

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sf_elt.demo_org.numbers import double_text, double_text_sql
from sf_elt.demo_org.serve import Details
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.demo_org.wire import Wire
from sf_elt_tests.orgs import client


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (16147805824397.0, "1.6147805824397E13"),
        (12345678.0, "1.2345678E7"),
        (80000000.0, "8.0E7"),
        (1234567.0, "1234567.0"),
        (99213206.0, "9.9213206E7"),
        (-17502000.25, "-1.750200025E7"),
        (9999999.99, "9999999.99"),
        (0.0005, "5.0E-4"),
        (0.00012, "1.2E-4"),
        (-0.00001, "-1.0E-5"),
        (0.001, "0.001"),
        (0.0, "0.0"),
        (1.5e17, "1.5E17"),
        (1e22, "1.0E22"),
    ],
)
def test_numbers_are_written_as_java_writes_them(engine: duckdb.DuckDBPyConnection, number: float, text: str) -> None:
    """The first five are recorded; the others follow Java's rule."""
    assert double_text(number) == text
    assert engine.execute(f"SELECT {double_text_sql('n')} FROM (SELECT $1::DOUBLE AS n)", [number]).fetchall() == [
        (text,)
    ]


@given(number=st.floats(allow_nan=False, allow_infinity=False, max_value=1e17, min_value=-1e17).filter(bool))
def test_sql_and_python_write_the_same_and_lose_nothing(engine: duckdb.DuckDBPyConnection, number: float) -> None:
    """Read back, the text is the number."""
    [(text,)] = engine.execute(f"SELECT {double_text_sql('n')} FROM (SELECT $1::DOUBLE AS n)", [number]).fetchall()
    assert text == double_text(number)
    assert float(text) == number


def test_large_amounts_have_exponents_in_csv_and_xml(empty_org: Details) -> None:
    """In a result of the Bulk API 2.0 and over SOAP; JSON has the number itself."""
    Wire(empty_org).new("Account", Name="Big", AnnualRevenue=80_000_000, NumberOfEmployees=12_345_678)
    sf, soql = client(empty_org), "SELECT AnnualRevenue, NumberOfEmployees FROM Account"
    [record] = sf.query(soql)["records"]
    assert (record["AnnualRevenue"], record["NumberOfEmployees"]) == (80_000_000.0, 12_345_678)
    [csv] = sf.bulk2.Account.query(soql, wait=0)
    assert csv.splitlines()[1] == '"8.0E7","12345678"'
    [found] = soap(empty_org, "query", {"queryString": soql})
    assert (found["records"]["AnnualRevenue"], found["records"]["NumberOfEmployees"]) == ("8.0E7", "12345678")
