r"""What a search term finds: words, "phrases", wildcards, AND, OR, AND NOT and parentheses.

Source: Salesforce's SOSL reference, "FIND {SearchQuery}". A word is found where it stands whole, in any letter case;
`*` stands for any part of a word, `?` for one character of it. Words side by side must all be found. A backslash makes
a reserved character an ordinary one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.soql.ast import AllOf, AnyOf, Condition, Negation, Path, Searched
from sf_elt.demo_org.soql.parse import too_complicated
from sf_elt.demo_org.sosl.parse import malformed_search

_TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:\\.|[^"\\])*")|(?P<mark>[()])|(?P<word>(?:\\.|[^\s()"\\])+))', re.DOTALL)
_LETTER = r"[\pL\pN_]"
_SHORTEST = 2
_MOST_PARENTHESES = 100
"""Opened in one term: far fewer than would exhaust the stack."""


def term_condition(term: str, fields: Sequence[str]) -> Condition:
    """The condition that one of the fields holds what the term asks for. Raises OrgError INVALID_SEARCH, …"""
    if len(re.sub(r'[\s*?"\\()]', "", term)) < _SHORTEST:
        raise OrgError(400, "INVALID_SEARCH", f"search term must be longer than one character: {term}")
    if term.count("(") > _MOST_PARENTHESES:
        raise too_complicated()
    tokens = [match for match in _TOKEN.finditer(term) if match[0].strip()]
    terms = _Terms([(match.lastgroup or "", match[match.lastgroup or 0]) for match in tokens], fields)
    condition = terms.any_of()
    if terms.place < len(terms.tokens):
        raise malformed_search(f"unexpected token: '{terms.tokens[terms.place][1]}'")
    return condition


@dataclass
class _Terms:
    """Reads tokens from left to right; AND binds more tightly than OR."""

    tokens: list[tuple[str, str]]
    fields: Sequence[str]
    place: int = 0

    def any_of(self) -> Condition:
        parts = [self.all_of()]
        while self._take("OR"):
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def all_of(self) -> Condition:
        parts = [self.one()]
        while self.place < len(self.tokens) and self.tokens[self.place] != ("mark", ")") and not self._at("OR"):
            self._take("AND")
            parts.append(Negation(self.one()) if self._take("NOT") else self.one())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def one(self) -> Condition:
        if self.place == len(self.tokens):
            raise malformed_search("unexpected token: '<EOF>'")
        kind, text = self.tokens[self.place]
        self.place += 1
        if kind == "quoted":
            return self._found(" ".join(text[1:-1].split()))
        if kind == "word":
            return self._found(text)
        if text == "(":
            inner = self.any_of()
            if self.place < len(self.tokens) and self.tokens[self.place] == ("mark", ")"):
                self.place += 1
                return inner
        raise malformed_search(f"unexpected token: '{text}'")

    def _found(self, text: str) -> Condition:
        return Searched(tuple(Path((name,)) for name in self.fields), _pattern(text))

    def _at(self, word: str) -> bool:
        return self.place < len(self.tokens) and self.tokens[self.place] in (("word", word), ("word", word.lower()))

    def _take(self, word: str) -> bool:
        found = self._at(word)
        self.place += found
        return found


def _pattern(text: str) -> str:
    """The regular expression (RE2) of whole words, in lower case."""
    parts = []
    for escaped, plain in re.findall(r"\\(.)|(.)", text.lower(), re.DOTALL):
        match plain:
            case "*":
                parts.append(f"{_LETTER}*")
            case "?":
                parts.append(_LETTER)
            case " ":
                parts.append(r"\s+")
            case _:
                character = escaped or plain
                parts.append(character if character.isalnum() else f"\\x{{{ord(character):x}}}")
    return f"(?s)(?:^|[^\\pL\\pN_]){''.join(parts)}(?:$|[^\\pL\\pN_])"
