"""Texts of others, fit for a terminal and a log: nothing in them can drive one, or lead a reader's eye astray."""

import re
import unicodedata

_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ADDRESS = re.compile(r"[^\s/\\@]+@[^\s/\\@]+?(?=(?:\.[a-z]+)?(?:\.gz)?(?:[\s/\\]|$))")
_UNSAFE_KINDS = frozenset({"Cc", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    """The text with control characters, and those that turn the direction of writing, as `\\x1b` and `\\u202e`.

    Lines stay lines, and a tab is a space.
    """
    if text.isascii() and text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").replace("\t", " ")
    return "".join(_escaped(each) if each != "\n" and is_unsafe(each) else each for each in lines)


def one_line(text: str) -> str:
    """The same on one line: where a line ended stands `⏎`."""
    return visible(text).replace("\n", " ⏎ ")


def file_name(path: str) -> str:
    """A file's name on one line, fit for a log: of an address in it, which is somebody's, only the suffix stays."""
    return one_line(_ADDRESS.sub("…@…", path))


def is_unsafe(character: str) -> bool:
    """Whether a terminal would obey it, or a reader not see it."""
    return character in _TURNING or unicodedata.category(character) in _UNSAFE_KINDS


def _escaped(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\u{ord(character):04x}"
