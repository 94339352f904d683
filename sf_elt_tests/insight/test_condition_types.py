"""Conditions that do not fit their fields' types are refused before anything runs, in words of user fields."""

import pytest

from sf_elt.insight.condition_types import type_faults
from sf_elt.insight.conditions import parse_condition

TYPES = {
    "status": "VARCHAR", "ids": "VARCHAR[]", "amount": "DOUBLE", "frequency": "BIGINT", "opted_out": "BOOLEAN",
    "seen": "TIMESTAMP", "affinities": "MAP(VARCHAR, DOUBLE)",
}  # fmt: skip


FAULTS = {
    "status > 5": "`status > 5` cannot take *string* field `status` and *int* `5`; for the number in a text write "
    "TRY_CAST(status AS DOUBLE)",
    "opted_out AND (amount > 1 OR lower(frequency) = 'a')": "`lower(frequency)` cannot take *int* field `frequency`",
    "ids = 'x'": "`ids = 'x'`: 'x' cannot be read as *[]string*; ask a list with list_contains(ids, 'x')",
    "list_contains(status, 'x')": "`list_contains(status, 'x')` cannot take *string* field `status` and *string* `'x'`",
    "seen > 5": "`seen > 5` cannot take *date* field `seen` and *int* `5`; a time is compared with a time, such as "
    "now() - INTERVAL 7 DAYS",
    "seen > now() - 7": "`now() - 7` cannot take *date* `now()` and *int* `7`; a time is compared",
    "seen > '2026-13-45'": "`seen > '2026-13-45'`: '2026-13-45' cannot be read as *date*",
    "opted_out = 'perhaps'": "`opted_out = 'perhaps'`: 'perhaps' cannot be read as *bool*",
    "opted_out OR amount = 'abc'": "`amount = 'abc'`: 'abc' cannot be read as *number*",
    "frequency AND opted_out": "*int* field `frequency` is not true or false, as AND needs it: compare it",
    "NOT status": "*string* field `status` is not true or false, as NOT needs it",
    "frequency": "the condition gives a *int*, not true or false",
    "date_diff('dey', seen, now()) > 1": "`date_diff('DEY', seen, now())`: ",
}


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    """What is wrong with each of the conditions, tried together."""
    conditions = {text: parse_condition(text, TYPES, ["Loyal"]) for text in [*FAULTS, *SOUND]}
    return type_faults(conditions, TYPES)


SOUND = [
    "status = '5' AND in_audience('Loyal')", "TRY_CAST(status AS DOUBLE) > 5", "amount::INT > 5 OR opted_out",
    "seen::DATE = '2026-01-01' AND seen > now() - INTERVAL 1 MONTH", "today() - 7 < seen", "affinities['Data'] > 0.5",
    "status::INTEGER > 5", "NULL", "'x' IN ids", "status LIKE 'a!%' ESCAPE '!'", "ids IS NULL AND NOT opted_out",
    "CASE WHEN opted_out THEN amount ELSE 0 END > 1", "seen BETWEEN '2026-01-01' AND now()",
]  # fmt: skip


@pytest.mark.parametrize("text", FAULTS)
def test_the_innermost_part_that_does_not_fit_is_named(found: dict[str, str], text: str) -> None:
    """With the types of what it is given, and what to write instead where that is known."""
    assert found[text].startswith(FAULTS[text])


def test_sound_conditions_have_no_faults(found: dict[str, str]) -> None:
    """Casts, lists, maps, dates as text, references: what DuckDB can evaluate passes."""
    assert {text: fault for text, fault in found.items() if text in SOUND} == {}
