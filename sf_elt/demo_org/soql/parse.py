"""From SOQL text to a `Query`, by the grammar in `grammar.lark` and the builder in `build.py`."""

import re
from dataclasses import replace
from functools import cache
from itertools import accumulate
from typing import cast

from lark import Lark, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.grammars import parser_of
from sf_elt.demo_org.soql.ast import Query
from sf_elt.demo_org.soql.build import Builder

MAX_DEPTH = 100
"""Parentheses in parentheses: far more than anybody writes, far fewer than would exhaust the stack."""
MAX_LENGTH = 100_000
"""Characters of SOQL that Salesforce reads (recorded refusal: django-salesforce#164)."""
_SHOWN_AROUND = 30
_WORDS_END = " ,\t"
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_WITHOUT_ZONE = re.compile(r"(\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d(\.\d*)?|\d{4}-\d\d-\d\dT", re.ASCII | re.IGNORECASE)
_NO_FIELDS = re.compile(r"\s*SELECT\s+FROM", re.IGNORECASE)
_SOQL_CHARACTERS = re.compile(r"[\w\s.,:()<>=!'+\-*\"\\/%;]", re.ASCII)


def parse(text: str) -> Query:
    """The query that the text says. Raises SoqlError (MALFORMED_QUERY) where it is none."""
    if len(text) > MAX_LENGTH:
        raise SoqlError("MALFORMED_QUERY", f"SOQL statements can not be longer than {MAX_LENGTH} characters")
    if _depth(text) > MAX_DEPTH:
        raise too_complicated()
    try:
        return replace(cast(Query, _parser().parse(text)), text=text)
    except UnexpectedInput as unexpected:
        raise _malformed(text, unexpected) from None
    except VisitError as refused:
        if isinstance(refused.orig_exc, SoqlError):
            raise refused.orig_exc from None
        raise


def too_complicated() -> SoqlError:
    return SoqlError(
        "QUERY_TOO_COMPLICATED",
        "Query is either selecting too many fields or the filter conditions are too complicated.",
    )


def pointing_at(text: str, line: int, column: int, message: str) -> str:
    """The message as Salesforce words it: the words of the query, a caret under the place, the place in numbers.

    Recorded: thirty characters before the caret and as many behind, and the rest of the words that these cut.
    """
    lines = text.split("\n")
    shown = lines[line - 1] if line <= len(lines) else ""
    at = column - 1
    start, end = max(0, at - _SHOWN_AROUND), min(len(shown), at + _SHOWN_AROUND)
    while start and shown[start - 1] not in _WORDS_END:
        start -= 1
    while end < len(shown) and shown[end] not in _WORDS_END:
        end += 1
    return f"\n{shown[start:end]}\n{' ' * (at - start)}^\nERROR at Row:{line}:Column:{column}\n{message}"


def _depth(text: str) -> int:
    """How many parentheses are open at once at most, those in strings left out."""
    if text.count("(") <= MAX_DEPTH:
        return 0
    steps = (1 if mark == "(" else -1 for mark in re.findall("[()]", _STRING.sub("", text)))
    return max(accumulate(steps), default=0)


@cache
def _parser() -> Lark:
    return parser_of(
        "sf_elt.demo_org.soql", "grammar.lark", start="query", maybe_placeholders=True, transformer=Builder()
    )


def _malformed(text: str, unexpected: UnexpectedInput) -> SoqlError:
    """Salesforce's parser is ANTLR's: it words a character that it cannot read otherwise than a word out of place."""
    if isinstance(unexpected, UnexpectedToken) and unexpected.token.type == "$END":
        return SoqlError("MALFORMED_QUERY", "unexpected token: '<EOF>'")
    line, column, place = unexpected.line, unexpected.column, unexpected.pos_in_stream or 0
    if isinstance(unexpected, UnexpectedToken):
        cut = _end_without_zone(text, place)
        if cut is not None:
            character = text[cut : cut + 1] or "<EOF>"
            return _unreadable(text, line, column + cut - place, f"no viable alternative at character '{character}'")
        word = str(unexpected.token)
        if word == ":":
            return SoqlError(
                "MALFORMED_QUERY", pointing_at(text, line, column, "Bind variables only allowed in Apex code")
            )
        if _NO_FIELDS.fullmatch(text[: place + len(word)]):
            return SoqlError("MALFORMED_QUERY", "unexpected token: 'SELECT FROM'")
        return _misplaced(text, line, column, word)
    found = text[place]
    if found == "'":
        return _unreadable(text, line, column, "mismatched character '<EOF>' expecting '''")
    if _SOQL_CHARACTERS.match(found):
        return _misplaced(text, line, column, found)
    return _unreadable(text, line, column, f"no viable alternative at character '{found}'")


def _misplaced(text: str, line: int, column: int, word: str) -> SoqlError:
    """Recorded: columns count from 0 here, so that the caret stands one before the word, and nowhere for the first."""
    message = f"unexpected token: '{word}'"
    return SoqlError("MALFORMED_QUERY", pointing_at(text, line, column - 1, message) if column > 1 else message)


def _unreadable(text: str, line: int, column: int, message: str) -> SoqlError:
    """The place is named twice, as recorded."""
    message = f"line {line}:{column - 1} {message}"
    return SoqlError("MALFORMED_QUERY", pointing_at(text, line, column - 1, message) if column > 1 else message)


def _end_without_zone(text: str, place: int) -> int | None:
    """Where a time that spans the place ends without a time zone, which Salesforce's lexer misses."""
    ends = (each.end() for each in _WITHOUT_ZONE.finditer(text) if each.start() < place < each.end())
    return next(ends, None)
