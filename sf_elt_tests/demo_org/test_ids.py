"""Salesforce Ids: two lengths, one record."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from sf_elt.demo_org.ids import DIGITS, id_at, ids_from, normalise, number_of, to_18

ids_15 = st.text(alphabet=DIGITS, min_size=15, max_size=15)


def test_the_checksum_is_salesforces() -> None:
    """Pairs of Ids as Salesforce's own documentation and recorded replies show them."""
    assert to_18("001D000000IRFma") == "001D000000IRFmaIAH"
    assert to_18("005D0000001cSKd") == "005D0000001cSKdIAM"
    assert to_18("003000000000000") == "003000000000000AAA"


@given(ids_15)
def test_any_form_of_an_id_is_the_same_record(id_15: str) -> None:
    """15 characters, 18, and 18 whose letter case got lost."""
    id_18 = to_18(id_15)
    assert normalise(id_15) == normalise(id_18) == id_18
    assert normalise(id_15.lower() + id_18[15:]) == id_18
    assert normalise(id_18.upper()) == id_18


@given(st.text(max_size=20))
def test_other_text_is_no_id(text: str) -> None:
    """Only 15 or 18 letters and digits with the right checksum are an Id."""
    found = normalise(text)
    assert found is None or (len(text) in (15, 18) and found[:15].lower() == text[:15].lower())


def test_a_wrong_checksum_is_refused() -> None:
    """An Id whose case cannot be what the checksum says is a typing error, not another record."""
    assert normalise("001D000000IRFmaIAA") is None


@given(st.integers(min_value=0, max_value=62**9 - 2))
def test_ids_are_given_in_ascending_order(number: int) -> None:
    """Later Ids sort after earlier ones, and an Id remembers its place."""
    first, second = islice(ids_from("00Q", number), 2)
    assert first < second
    assert (number_of(first), id_at("00Q", number)) == (number, first)
