"""What becomes of a text in a field of each type."""

from collections.abc import Iterator

import duckdb
import pytest

from sf_elt.writeback.verdicts import VALUES_SQL

NO = None


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB as the warehouse opens it, with the macros."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(VALUES_SQL)
        yield connection


@pytest.mark.parametrize(
    ("kind", "text", "json"),
    [
        ("datetime", "2026-03-29 01:30:00", '"2026-03-29T01:30:00.000Z"'),
        ("datetime", "2026-03-29 01:30:00.987", '"2026-03-29T01:30:00.000Z"'),
        ("datetime", "2026-03-29", '"2026-03-29T00:00:00.000Z"'),
        ("datetime", "2026-03-29T01:30:00+02:00", '"2026-03-28T23:30:00.000Z"'),
        ("datetime", "soon", NO),
        ("date", "2026-03-29 23:30:00", '"2026-03-29"'),
        ("date", "2026-03-29T23:30:00-05:00", '"2026-03-29"'),
        ("date", "2026-02-30", NO),
        ("boolean", "Yes", "true"),
        ("boolean", " 0", "false"),
        ("boolean", "maybe", NO),
        ("currency", "12.50", "12.5"),
        ("currency", "1,200", NO),
        ("currency", "NaN", NO),
        ("int", "3.0", "3"),
        ("int", "3.5", NO),
        ("reference", "00Q000000000001", '"00Q000000000001EAA"'),
        ("reference", "Acme", NO),
        ("string", "", "null"),
    ],
)
def test_a_text_becomes_the_json_of_its_field(connection, kind, text, json):
    """A time without a zone is in UTC; a date is the day as it is written; what cannot be one is none."""
    found = connection.execute("SELECT json_value(?::VARCHAR, {'type': ?::VARCHAR})", [text, kind]).fetchone()
    assert found == (json,)
