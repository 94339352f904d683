"""Quoted names in SQL text."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sf_elt.warehouse import quote


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_any_name_names_exactly_itself(name: str) -> None:
    """A quoted name is the column's name, character for character, whatever it holds."""
    assert duckdb.sql(f"SELECT 1 AS {quote(name)}").columns == [name]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_impossible_names_are_refused(name: str) -> None:
    """A name that no column can have is refused, not mended."""
    with pytest.raises(ValueError, match="not a name"):
        quote(name)
