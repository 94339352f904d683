"""From SOSL text to a `Search`. Source: Salesforce's SOSL reference, "SOSL Syntax"."""

import re
from dataclasses import dataclass, replace

from sf_elt.demo_org.errors import OrgError, SoqlError
from sf_elt.demo_org.soql import parse
from sf_elt.demo_org.soql.ast import Path, Query
from sf_elt.demo_org.soql.grouping import is_aggregate

MAX_RECORDS = 2_000
SCOPES = ("ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR")

_FIND = re.compile(r"\s*FIND\s*\{((?:\\.|[^}\\])*)\}\s*", re.IGNORECASE | re.DOTALL)
_IN = re.compile(r"IN\s+(\w+)\s+FIELDS\b\s*", re.IGNORECASE)
_RETURNING = re.compile(r"RETURNING\b\s*", re.IGNORECASE)
_NAME = re.compile(r"[a-z]\w*\s*", re.IGNORECASE)
_BODY = re.compile(r"\(((?:'(?:\\.|[^'\\])*'|\((?:'(?:\\.|[^'\\])*'|\([^()]*\)|[^()'])*\)|[^()'])*)\)\s*", re.DOTALL)
_CLAUSES = re.compile(r"\b(?:WHERE|USING|ORDER\s+BY|LIMIT|OFFSET)\b", re.IGNORECASE)
_LIMIT = re.compile(r"LIMIT\s+0*(\d+)\s*", re.IGNORECASE)
_MOST_DIGITS = 9
"""Of a LIMIT: those behind do not matter, as it is far beyond MAX_RECORDS by then."""
_SPELLING = re.compile(r"WITH\s+SPELL_CORRECTION\s*=\s*(?:true|false)\s*", re.IGNORECASE)
_WORD = re.compile(r"\w+|\S")


@dataclass(frozen=True)
class Returning:
    """An object to be searched, with what is wanted of the records found, or nothing but their Ids."""

    object_name: str
    query: Query


@dataclass(frozen=True)
class Search:
    """Without `returning`, all objects are searched."""

    term: str
    scope: str = "ALL"
    returning: tuple[Returning, ...] = ()
    limit: int = MAX_RECORDS


def parse_search(text: str) -> Search:
    """The search that the text says. Raises OrgError MALFORMED_SEARCH."""
    found = _FIND.match(text)
    if found is None:
        raise malformed_search("No search term found. The search term must be enclosed in braces.")
    search, rest = Search(found[1]), text[found.end() :]
    if scope := _IN.match(rest):
        if scope[1].upper() not in SCOPES:
            raise malformed_search(f"unexpected token: '{scope[1]}'")
        search, rest = replace(search, scope=scope[1].upper()), rest[scope.end() :]
    if returning := _RETURNING.match(rest):
        objects, rest = _objects(rest[returning.end() :])
        search = replace(search, returning=objects)
    if spelling := _SPELLING.match(rest):
        rest = rest[spelling.end() :]
    if limit := _LIMIT.match(rest):
        most = min(int(limit[1][:_MOST_DIGITS]), MAX_RECORDS)
        search, rest = replace(search, limit=most), rest[limit.end() :]
    if unexpected := _WORD.search(rest):
        raise malformed_search(f"unexpected token: '{unexpected[0]}'")
    return search


def returning(object_name: str, body: str = "Id") -> Returning:
    """An object to be searched; `body` is what stands in its parentheses: fields, WHERE, ORDER BY, LIMIT, OFFSET."""
    clauses = _CLAUSES.search(body)
    start = clauses.start() if clauses else len(body)
    fields = body[:start].strip()
    if not fields:
        raise malformed_search("unexpected token: ')'")
    try:
        query = parse(f"SELECT {fields} FROM {object_name} {body[start:]}")  # noqa: S608 (SOQL, from who may send it)
    except SoqlError as error:
        raise malformed_search(error.message) from error
    if query.is_count or is_aggregate(query):
        raise malformed_search("unexpected token: '('")
    return Returning(object_name, query)


def malformed_search(message: str) -> OrgError:
    return OrgError(400, "MALFORMED_SEARCH", message)


def ids_of(object_name: str) -> Returning:
    """An object whose records' Ids are wanted."""
    return Returning(object_name, Query("", object_name, None, (Path(("Id",)),)))


def _objects(text: str) -> tuple[tuple[Returning, ...], str]:
    """The objects of a RETURNING clause, and what is left of the text."""
    objects: list[Returning] = []
    while True:
        name = _NAME.match(text)
        if name is None:
            unexpected = _WORD.search(text)
            raise malformed_search(f"unexpected token: '{unexpected[0] if unexpected else '<EOF>'}'")
        text = text[name.end() :]
        if body := _BODY.match(text):
            objects.append(returning(name[0].strip(), body[1]))
            text = text[body.end() :]
        else:
            objects.append(ids_of(name[0].strip()))
        if not text.startswith(","):
            return tuple(objects), text
        text = text[1:].lstrip()
