"""Salesforce Ids: 15 characters in which letter case counts, or the same 15 with three more that say the letter case.

>>> record_id("003D000000QYVi7")
'003D000000QYVi7IAH'
>>> record_id("003d000000qyvi7iah")  # after a spreadsheet that minds no letter case
'003D000000QYVi7IAH'
"""

import re
from collections.abc import Iterator, Sequence

_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[A-Za-z0-5]{3})?")
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


class NotAnId(ValueError):
    """A text that cannot be the Id of a record."""


def record_id(text: str) -> str:
    """The Id in its form of 18 characters, which compares with any other. Space around it does not count.

    Where all letters became small, or capital, the last three of 18 characters bring back the others. Raises NotAnId.
    """
    given = text.strip()
    if not _FORM.fullmatch(given):
        raise NotAnId(f"{given!r} is no Salesforce Id: those have 15 or 18 letters and digits, like 003D000000QYVi7IAH")
    first, last = given[:15], given[15:].upper()
    if not last or last == _checksum(first):
        return first + _checksum(first)
    restored = _with_case(first, last)
    if first not in (first.lower(), first.upper()) or _checksum(restored) != last:
        raise NotAnId(f"{given!r} is no Salesforce Id: its last three characters do not belong to the others")
    return restored + last


def is_id(text: str) -> bool:
    """Whether it has the form of an Id, of 15 or of 18 characters."""
    return _FORM.fullmatch(text) is not None


def in_groups(ids: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """The Ids in their order, so many at a time."""
    return (ids[first : first + most] for first in range(0, len(ids), most))


def _checksum(first: str) -> str:
    """One character for each five of fifteen, which says where capitals are."""
    fives = (first[start : start + 5] for start in (0, 5, 10))
    return "".join(
        _CHECKSUM[sum(1 << place for place, character in enumerate(five) if "A" <= character <= "Z")] for five in fives
    )


def _with_case(first: str, last: str) -> str:
    capitals = [bool(_CHECKSUM.index(letter) >> place & 1) for letter in last for place in range(5)]
    return "".join(
        character.upper() if capital else character.lower() for character, capital in zip(first, capitals, strict=True)
    )
