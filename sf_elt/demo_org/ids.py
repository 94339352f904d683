"""Salesforce Ids: 15 case-sensitive characters, or 18 with a checksum that survives a change of letter case.

to_18("003D000000QYVi7")      # "003D000000QYVi7IAH"
normalise("003D000000QYVi7")  # the same; None where the text is no Id
"""

import re
from collections.abc import Iterator
from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Base 62 in the order of ASCII, so that Ids sort in the order they were made."""

_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_UPPER = str.maketrans({char: "1" if char.isupper() else "0" for char in DIGITS})
_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[A-Za-z0-5]{3})?")
_POD = "Hs0"
_COUNTER_LENGTH = 9
_LOW_LENGTH = 2  # the last digits, of which there are few enough to remember
_BLOCK = 62**_LOW_LENGTH


def checksum(id_15: str) -> str:
    """The three characters that follow a 15-character Id: one for each five, saying which of them are upper case."""
    return _letter(id_15[:5]) + _letter(id_15[5:10]) + _letter(id_15[10:15])


@lru_cache(maxsize=100_000)
def _letter(group: str) -> str:
    """The checksum of five characters; a batch of new Ids shares its first ten."""
    return _CHECKSUM[int(group[::-1].translate(_UPPER), 2)]


def to_18(id_15: str) -> str:
    return id_15 + checksum(id_15)


@lru_cache(maxsize=100_000)
def normalise(text: str) -> str | None:
    """The 18-character form of an Id of 15 or 18 characters; None where the text is no Id or its checksum is wrong.

    An 18-character Id whose letters became all lower or all upper case is restored: its checksum tells the right ones.
    """
    if not _FORM.fullmatch(text):
        return None
    if len(text) == 15:
        return to_18(text)
    if checksum(text[:15]) == text[15:]:
        return text
    return _restore_case(text) if text in (text.upper(), text[:15].lower() + text[15:]) else None


def _restore_case(text: str) -> str | None:
    suffix = text[15:].upper()
    chars = list(text[:15].lower())
    for group, letter in enumerate(suffix):
        bits = _CHECKSUM.index(letter)
        for place in range(5):
            if bits >> place & 1:
                chars[group * 5 + place] = chars[group * 5 + place].upper()
    restored = "".join(chars)
    return restored + suffix if checksum(restored) == suffix else None


def id_at(key_prefix: str, number: int) -> str:
    """The `number`-th Id of an object, 18 characters."""
    high, low = divmod(number, _BLOCK)
    return to_18(key_prefix + _POD + _digits(high, _COUNTER_LENGTH - _LOW_LENGTH) + _digits(low, _LOW_LENGTH))


@lru_cache(maxsize=100_000)
def _digits(number: int, length: int) -> str:
    """A number in base 62 with leading zeros."""
    digits = ""
    for _ in range(length):
        number, rest = divmod(number, 62)
        digits = DIGITS[rest] + digits
    return digits


def number_of(record_id: str) -> int:
    """Which Id of its object this is; 0 for an Id that this org did not make."""
    if record_id[3:6] != _POD:
        return 0
    number = 0
    for char in record_id[6:15]:
        number = number * 62 + DIGITS.index(char)
    return number


def ids_from(key_prefix: str, first: int) -> Iterator[str]:
    """The object's Ids from the `first`-th on."""
    number = first
    while True:
        yield id_at(key_prefix, number)
        number += 1
