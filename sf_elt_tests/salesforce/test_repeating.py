"""What errors repeat of the org's words: what is wrong, and nothing of anybody's values."""

import pytest

from sf_elt.salesforce.repeating import repeatable


@pytest.mark.parametrize(
    ("said", "repeated"),
    [
        ("Email: invalid email address: ada@lovelace", "Email: invalid email address: …"),
        ("Name: data value too large: Ada Ada (max length=40)", "Name: data value too large: … (max length=40)"),
        ("bad value for restricted picklist field: Ada", "bad value for restricted picklist field: …"),
        (
            "Cannot deserialize instance of date from VALUE_STRING value Ada or request may be missing a field",
            "Cannot deserialize instance of date from VALUE_STRING value … or request may be missing a field",
        ),
        (
            "WHERE Name IN ('O\\'Ada','Bob') AND Id = '00Q' ORDER\n ^\nERROR at Row:1:Column:7",
            "WHERE Name IN ('…','…') AND Id = '…' ORDER\n ^\nERROR at Row:1:Column:7",
        ),
        ("ask zoë+x@example.co.uk, +1 (415) 555-0142 or 004989123456", "ask …@…, … or …"),
        ("No such column 'Foo__c' on entity 'Lead'", "No such column 'Foo__c' on entity 'Lead'"),
        ("field 'Email' can not be filtered in a query call", "field 'Email' can not be filtered in a query call"),
        *[(same, same) for same in (
            "record with id: 00QDn000001abcDMAQ, at 2026-11-22T15:00:00", "15000 of 15000", "Row:1:Column:7 at 'from'",
        )],
    ],
)  # fmt: skip
def test_values_are_left_out_and_names_stay(said: str, repeated: str) -> None:
    """Values that Salesforce quotes, literals of a query, addresses and phones go; fields, Ids and numbers stay."""
    assert repeatable(said) == repeated
