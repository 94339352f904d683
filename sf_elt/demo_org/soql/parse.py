"""From SOQL text to a `Query`, by the grammar in `grammar.lark` and the builder in `build.py`."""

import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import cast

from lark import Lark, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.soql.ast import Query
from sf_elt.demo_org.soql.build import Builder

MAX_LENGTH = 100_000
"""Characters of SOQL that Salesforce reads (recorded refusal: django-salesforce#164)."""
_SHOWN_BEFORE, _SHOWN_AFTER = 40, 50
_WORDS_END = " ,\t"
_SOQL_CHARACTERS = re.compile(r"[\w\s.,:()<>=!'+\-*\"\\/%;]", re.ASCII)


def parse(text: str) -> Query:
    """The query that the text says. Raises SoqlError (MALFORMED_QUERY) where it is none."""
    if len(text) > MAX_LENGTH:
        raise SoqlError("MALFORMED_QUERY", f"SOQL statements can not be longer than {MAX_LENGTH} characters")
    try:
        return replace(cast(Query, _parser().parse(text)), text=text)
    except UnexpectedInput as unexpected:
        raise _malformed(text, unexpected) from None
    except VisitError as refused:
        if isinstance(refused.orig_exc, SoqlError):
            raise refused.orig_exc from None
        raise


def pointing_at(text: str, line: int, column: int, message: str) -> str:
    """The message as Salesforce words it: the words of the query, a caret under the place, the place in numbers."""
    lines = text.split("\n")
    shown = lines[line - 1] if line <= len(lines) else ""
    at = column - 1
    start, end = max(0, at - _SHOWN_BEFORE), min(len(shown), at + _SHOWN_AFTER)
    if start and shown[start - 1] not in _WORDS_END:
        start = min((at, *(place + 1 for place in range(start, at) if shown[place] in _WORDS_END)))
    if end < len(shown) and shown[end] not in _WORDS_END:
        end = max((place for place in range(at + 1, end) if shown[place] in _WORDS_END), default=end)
    return f"\n{shown[start:end]}\n{' ' * (at - start)}^\nERROR at Row:{line}:Column:{column}\n{message}"


@cache
def _parser() -> Lark:
    grammar = files("sf_elt.demo_org.soql").joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, start="query", parser="lalr", maybe_placeholders=True, transformer=Builder())


def _malformed(text: str, unexpected: UnexpectedInput) -> SoqlError:
    """Salesforce's parser is ANTLR's: it words a character that it cannot read otherwise than a word out of place."""
    line, column = unexpected.line, unexpected.column
    if isinstance(unexpected, UnexpectedToken):
        if unexpected.token.type == "$END":
            return SoqlError("MALFORMED_QUERY", "unexpected token: '<EOF>'")
        word = str(unexpected.token)
        message = "Bind variables only allowed in Apex code" if word == ":" else f"unexpected token: '{word}'"
        return SoqlError("MALFORMED_QUERY", pointing_at(text, line, column, message))
    found = text[unexpected.pos_in_stream or 0]
    if found == "'":
        return SoqlError("MALFORMED_QUERY", f"line {line}:{column - 1} mismatched character '<EOF>' expecting '''")
    if _SOQL_CHARACTERS.match(found):
        return SoqlError("MALFORMED_QUERY", pointing_at(text, line, column, f"unexpected token: '{found}'"))
    return SoqlError("MALFORMED_QUERY", f"line {line}:{column - 1} no viable alternative at character '{found}'")
