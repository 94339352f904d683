"""Ids of 15 and of 18 characters are the same Id, and nothing else is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sf_elt.demo_org.ids import to_18
from sf_elt.salesforce.ids import NotAnId, record_id

IDS = st.text("0123456789abcXYZHs", min_size=15, max_size=15)


@given(IDS)
def test_every_form_is_the_same_id(short: str) -> None:
    """15 characters, 18, 18 that became all small or all capital, and space around: as the org writes it."""
    assert {record_id(form) for form in (short, to_18(short), f" {short}\n", to_18(short).lower())} == {to_18(short)}
    assert record_id(to_18(short).upper()) == to_18(short)


@given(st.text(max_size=20).filter(lambda text: len(text.strip()) not in (15, 18)))
def test_what_has_another_length_is_none(text: str) -> None:
    """An error that says what an Id looks like."""
    with pytest.raises(NotAnId, match="15 or 18"):
        record_id(text)


@pytest.mark.parametrize("text", ["003D000000QYVi7AAA", "003D000000QYVi7IA'", "003D000000QYV%7", "003D000000QYV¡7"])
def test_what_cannot_be_one_is_refused(text: str) -> None:
    """A checksum of another Id, and characters that no Id has."""
    with pytest.raises(NotAnId):
        record_id(text)
