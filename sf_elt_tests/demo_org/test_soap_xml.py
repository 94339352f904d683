"""Values as XML: whatever is written can be read back."""

from typing import Any

from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from sf_elt.demo_org.soap.xml import XmlValue, element

XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def written(value: XmlValue) -> Any:
    return fromstring(f'<root xmlns:xsi="{XSI}">{element("value", value)}</root>')


@given(VALUES)
def test_every_value_makes_well_formed_xml(value: XmlValue) -> None:
    """Control characters, half surrogates, quotes and markup never break the document."""
    assert written(value).tag == "root"


@given(st.text())
def test_text_comes_back_as_it_was(text: str) -> None:
    """All but the characters that XML 1.0 cannot hold: line ends and markup too."""
    possible = "".join(each for each in text if each in "\t\n\r" or (each >= " " and each not in "\ufffe\uffff"))
    possible = possible.encode(errors="ignore").decode()
    assert (written(text)[0].text or "") == possible


@given(st.dictionaries(NAMES, st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1))
def test_members_are_children_and_attributes(members: dict[str, str]) -> None:
    """A mapping's members are children in their order; those with an @ are attributes."""
    found = written({**members, **{f"@{name}": value for name, value in members.items()}})[0]
    assert [each.tag for each in found] == list(members)
    assert list(found.attrib) == list(members)


def test_none_is_nil_and_lists_repeat() -> None:
    """None is an element that says so, a list as many elements of the name."""
    assert element("a", None) == '<a xsi:nil="true"/>'
    assert element("a", [True, 1.5, "x & y"]) == "<a>true</a><a>1.5</a><a>x &amp; y</a>"
    assert element("a", []) == ""
