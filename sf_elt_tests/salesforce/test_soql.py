"""SOQL text: what goes in as a value comes back as that value, and nothing else can get in."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.soql import parse
from sf_elt.demo_org.soql.ast import Comparison, Text
from sf_elt.salesforce.soql import (
    all_of,
    among,
    any_of,
    compare,
    literal,
    literals,
    moment,
    name,
    select,
    select_count_by,
    within,
)

_UNESCAPED = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _read_back(quoted: str) -> str:
    """The value of a quoted SOQL literal, read as Salesforce documents its escapes."""
    assert quoted[0] == quoted[-1] == "'"
    inner = quoted[1:-1]
    assert re.fullmatch(r"""(?:[^'\\]|\\u[0-9a-f]{4}|\\[\\'"nrtbf])*""", inner), "an escape or quote that ends the text"
    return re.sub(
        r"\\(?:u([0-9a-f]{4})|(.))",
        lambda match: chr(int(match[1], 16)) if match[1] else _UNESCAPED[match[2]],
        inner,
    )


_AWKWARD = st.text(st.sampled_from("\\'\"%_\n\r\t\b\f\0\x7fnu0aé😀 "), max_size=8)


@settings(deadline=None)  # whoever parses first makes the parser
@given(st.text() | _AWKWARD)
@example("'")
@example("\\")
@example("\\' OR Name != '")
def test_text_survives_quoting(text: str) -> None:
    """Any text, with quotes, backslashes and control characters, is one literal that means that very text: as
    Salesforce documents it, and as the demo org reads it.
    """
    assert _read_back(literal(text)) == text
    where = parse(select(["Id"], "Lead", f"Name = {literal(text)}")).where
    assert isinstance(where, Comparison)
    assert isinstance(where.value, Text)
    assert where.value.value == text


def test_other_values() -> None:
    """Booleans, numbers, dates and null have SOQL's own literals; infinities have none."""
    assert [literal(value) for value in (None, True, 3, 2.5, date(2026, 1, 31))] == [
        "null",
        "true",
        "3",
        "2.5",
        "2026-01-31",
    ]
    assert literals(["a", "b'"]) == "('a', 'b\\'')"
    with pytest.raises(ValueError, match="no literal"):
        literal(float("nan"))


def test_moments_are_utc_to_the_millisecond() -> None:
    """A datetime of any zone is written in UTC; one without a zone is refused."""
    at = datetime(2026, 1, 1, 1, 30, 0, 123999, tzinfo=timezone(timedelta(hours=2)))
    assert moment(at) == "2025-12-31T23:30:00.123Z"
    with pytest.raises(ValueError, match="time zone"):
        moment(datetime(2026, 1, 1))


def test_window_and_select() -> None:
    """A window is closed at its start and open at its end."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    where = within("SystemModstamp", start, start + timedelta(days=1))
    assert where == "SystemModstamp >= 2026-01-01T00:00:00.000Z AND SystemModstamp < 2026-01-02T00:00:00.000Z"
    assert select(["Id", "RecordType.Name"], "Lead", where) == f"SELECT Id, RecordType.Name FROM Lead WHERE {where}"


def test_conditions_keep_together() -> None:
    """Each condition stands in brackets, so that OR inside AND means what it says; empty ones are left out."""
    either = any_of(compare("A", "=", 1), "", among("B", ["x", "y'"]))
    assert either == r"(A = 1) OR (B IN ('x', 'y\''))"
    assert all_of(either, "") == f"({either})"
    assert all_of("C = 2", either) == f"(C = 2) AND ({either})"


def test_rows_are_counted_by_date_functions_of_a_field() -> None:
    """One group for each value of the functions, and no more groups than the org gives."""
    assert select_count_by(["CALENDAR_YEAR", "CALENDAR_MONTH"], "CreatedDate", "Lead", "IsDeleted = false") == (
        "SELECT CALENDAR_YEAR(CreatedDate) cut0, CALENDAR_MONTH(CreatedDate) cut1, COUNT(Id) records FROM Lead"
        " WHERE IsDeleted = false GROUP BY CALENDAR_YEAR(CreatedDate), CALENDAR_MONTH(CreatedDate) LIMIT 2000"
    )


@pytest.mark.parametrize("bad", ["", "Id FROM User--", "a b", "Name,Id", "x.", "Na'me", "1a"])
def test_a_name_cannot_carry_soql(bad: str) -> None:
    """Only identifiers pass as names."""
    with pytest.raises(ValueError, match="not the name"):
        name(bad)


def test_too_long_a_query_is_refused_before_it_leaves() -> None:
    """The org takes 100,000 characters; more is an error that says so."""
    with pytest.raises(ValueError, match="100,000"):
        select([f"Field{number}__c" for number in range(9000)], "Lead")
