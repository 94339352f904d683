"""References between subrequests: `@{refAccount.id}`, `@{refQuery.records[0].Id}`, `@{refCollection[0].id}`.

A reference names an earlier subrequest and a place in the JSON that it answered. It stands in an address or in any
string of a body; a string that is nothing but a reference becomes the value itself.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from sf_elt.demo_org.numbers import whole_number

_REFERENCE = re.compile(r"@\{\s*(\w+)((?:\.\w+|\[\d+\])*)\s*\}", re.ASCII)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]", re.ASCII)

Answers = Callable[[str], JsonValue]
"""Gives what a subrequest answered; None where it failed or there is none of that name."""


@dataclass(frozen=True)
class Unresolved(Exception):
    """A reference to nothing: `expression` is `refAccount.id`, `name` is `refAccount`."""

    expression: str
    name: str

    def __str__(self) -> str:
        return f"Invalid reference specified. No value for {self.expression} found in {self.name}"


def names_in(value: JsonValue) -> set[str]:
    """The subrequests that a body or an address refers to."""
    return {match[1] for text in _texts(value) for match in _REFERENCE.finditer(text)}


def resolve(value: JsonValue, answers: Answers) -> JsonValue:
    """The value with every reference replaced. Raises Unresolved for the first that leads to nothing or to null."""
    if isinstance(value, dict):
        return {name: resolve(member, answers) for name, member in value.items()}
    if isinstance(value, list):
        return [resolve(member, answers) for member in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    return _look_up(whole, answers) if whole else resolve_text(value, answers)


def resolve_text(text: str, answers: Answers) -> str:
    """The text with every reference replaced by the text of its value. Raises Unresolved."""
    return _REFERENCE.sub(lambda match: _as_text(_look_up(match, answers)), text)


def _look_up(match: re.Match[str], answers: Answers) -> JsonValue:
    name, path = match[1], match[2]
    found = answers(name)
    for step in _STEP.finditer(path):
        member, place = step[1], step[2]
        if member is not None:
            found = found.get(member) if isinstance(found, dict) else None
        else:
            at = whole_number(place)
            found = found[at] if at is not None and isinstance(found, list) and at < len(found) else None
    if found is None:
        raise Unresolved(name + path, name)
    return found


def _as_text(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _texts(member)
