"""Formulas: what they compute, as generated columns do, and what is refused."""

from datetime import date

import duckdb
import pytest

from sf_elt.demo_org.metadata.formula import FormulaRefused, translate, translate_condition
from sf_elt.demo_org.schema import Field, FieldType, ObjectType

NUMBER = Field("N__c", "double", "N", precision=18, scale=2)
BASKET = ObjectType(
    "Basket__c", "Basket", "Baskets", "a00",
    (
        NUMBER,
        Field("Empty__c", "double", "Empty"),
        Field("Share__c", "percent", "Share"),
        Field("Text__c", "string", "Text", length=80),
        Field("Blank__c", "string", "Blank", length=80),
        Field("Flag__c", "boolean", "Flag"),
        Field("Day__c", "date", "Day"),
        Field("Tags__c", "multipicklist", "Tags"),
        Field("Computed__c", "double", "Computed", formula="1", sql="1"),
    ),
)  # fmt: skip
ROW = """
    SELECT 7.5 AS "N__c", NULL::DOUBLE AS "Empty__c", 50.0 AS "Share__c", 'It''s' AS "Text__c",
        NULL::VARCHAR AS "Blank__c", true AS "Flag__c", DATE '2026-02-28' AS "Day__c"
"""


def computed(formula: str, kind: FieldType = "double", *, blank_as_zero: bool = True) -> object:
    sql = translate(formula, BASKET, Field("F__c", kind, "F", scale=2), blank_as_zero=blank_as_zero)
    [(value,)] = duckdb.execute(f"SELECT {sql} FROM ({ROW})").fetchall()
    return value


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("1 + 2 * 3 - 4 / 2", 5.0),
        ("(1 + 2) * -3", -9.0),
        ("2 ^ 3", 8.0),
        ("10 - 4 - 3", 3.0),
        ("n__C + Empty__c", 7.5),
        ("N__c / Empty__c", None),
        ("Share__c * 10", 5.0),
        ("ROUND(N__c / 2, 1)", 3.8),
        ("IF(N__c > 5 && Flag__c, 1, 2)", 1.0),
        ("IF(N__c > 5 || NULL, 1, 2)", 1.0),
        ('CASE(Text__c, "It\'s", 1, "No", 2, 3)', 1.0),
        ("CASE(N__c, 1, 10, 20)", 20.0),
        ("LEN(Text__c & Blank__c)", 4.0),
        ("MOD(N__c, 2) /* what is left */", 1.5),
        ('VALUE("12.50")', 12.5),
        ("Day__c - DATE(2026, 2, 1)", 27.0),
        ("YEAR(Day__c) + MONTH(Day__c) + DAY(Day__c)", 2056.0),
        ("0.125", 0.13),
    ],
)
def test_numbers(formula: str, value: float | None) -> None:
    """Arithmetic, precedence and functions; a blank is zero, a division by zero nothing, percents are shares."""
    assert computed(formula) == value


@pytest.mark.parametrize(
    ("formula", "kind", "value"),
    [
        ('Text__c & " / " & TEXT(N__c)', "string", "It's / 7.5"),
        ('"a" + Blank__c + "\\"b\\""', "string", 'a"b"'),
        ("TEXT(2 * 3)", "string", "6"),
        ('SUBSTITUTE(UPPER(LEFT(Text__c, 2)), "I", "\\\\")', "string", "\\T"),
        ("BLANKVALUE(Blank__c, 'none')", "string", "none"),
        ("IF(ISBLANK(Blank__c), NULL, Text__c)", "string", None),
        ("Text__c = 'It\\'s'", "boolean", True),
        ("Text__c <> 'it\\'s'", "boolean", True),
        ("AND(NOT(Flag__c), TRUE)", "boolean", False),
        ("Blank__c = NULL", "boolean", True),
        ("CONTAINS(Blank__c, 'x')", "boolean", False),
        ("Day__c + 1", "date", date(2026, 3, 1)),
    ],
)
def test_text_flags_and_days(formula: str, kind: FieldType, value: object) -> None:
    """Text joins with blanks as nothing and compares letter by letter; flags are never blank; days count on."""
    assert computed(formula, kind) == value


@pytest.mark.parametrize(
    "formula", ["SQRT(0 - N__c)", "VALUE('9e99') ^ 9", "DAY(DATE(2026, 2, N__c * 5))", "LEN(LEFT(Text__c, 9 ^ 99))"]
)
def test_what_comes_to_an_error_is_nothing(formula: str) -> None:
    """Where Setup would show #Error! the API gives null and records can be saved; a condition does not hold."""
    assert computed(formula) is None
    [(met,)] = duckdb.execute(f"SELECT {translate_condition(f'{formula} < 1', BASKET)} FROM ({ROW})").fetchall()
    assert met is False


def test_blanks_may_stay_blank() -> None:
    """With BlankAsBlank a sum with nothing is nothing."""
    assert computed("N__c + Empty__c", blank_as_zero=False) is None
    assert computed("IF(ISBLANK(Empty__c), 1, 2)", blank_as_zero=False) == 1.0


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("Nope__c", "Field Nope__c does not exist"),
        ("1 +", "Syntax error"),
        ("1; DROP TABLE x", "Syntax error"),
        ("'text'", "incompatible with expected"),
        ("Text__c + 1", "Incorrect parameter type"),
        ("Text__c = 1", "do not go together"),
        ("ROUND(1)", "Incorrect number of parameters"),
        ("IF(Flag__c, 1)", "Incorrect number of parameters"),
        ("AND()", "Incorrect number of parameters"),
        ("NOW()", "Unknown function NOW"),
        ("$User.Id", "other records"),
        ("Account__r.Name", "other records"),
        ("Computed__c + 1", "not supported in formulas"),
        ("Tags__c", "not supported in formulas"),
    ],
)
def test_what_cannot_be_computed_is_refused(formula: str, reason: str) -> None:
    """Wrong formulas, and those beyond the demo org, say why."""
    with pytest.raises(FormulaRefused, match=reason):
        translate(formula, BASKET, NUMBER)


def test_a_condition_says_yes_or_no() -> None:
    """A blank condition is no; what is no condition is refused."""
    [(met, unmet)] = duckdb.execute(
        f"SELECT {translate_condition('N__c > 7', BASKET)}, {translate_condition('Day__c > NULL', BASKET)} FROM ({ROW})"
    ).fetchall()
    assert (met, unmet) == (True, False)
    with pytest.raises(FormulaRefused, match="true or false"):
        translate_condition("N__c", BASKET)
