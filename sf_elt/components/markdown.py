"""Texts of others in what Dagster shows as Markdown: descriptions of results, observations and columns, and metadata.

What an org, a record or an error says is shown as it is written: it opens no picture, link or HTML, ends no cell, and
keeps its own stars, underscores and entities. Only an address by itself becomes a link, which says where it
leads.
"""

import re
from collections.abc import Iterable

from sf_elt.visible import visible

_CODE = r"(?<!`)`(?![ `])[^`|]*[^`| ]`(?!`)"
_OPENS = re.compile(_CODE + r"|[\\\[\]<>|*`~]|&(?=#?\w+;)|\b_+|_+\b", re.ASCII)
"""What Markdown would take for its own: not the underscores within a word, as of Score__c. A command in backticks is
code, of which each character is shown as it is.
"""

_BEGINS = re.compile(r"^(?:\d+(?=[.)])|(?=[#+=-]))")
"""Of a heading, a list or a rule, where the text begins."""

_FENCES = re.compile(r"`{3,}")


def as_text(text: str) -> str:
    """The text as one line of Markdown, also of a cell of a table."""
    return _BEGINS.sub(r"\g<0>\\", _OPENS.sub(_escaped, visible(" ".join(text.split()))))


def as_list(texts: Iterable[str]) -> str:
    """A list, a text a line."""
    return "\n".join(f"- {as_text(text)}" for text in texts)


def as_code(text: str, language: str) -> str:
    """The text as it is, in a block of code; a fence within it does not end the block."""
    fence = "`" * max((len(found[0]) + 1 for found in _FENCES.finditer(text)), default=3)
    return f"{fence}{language}\n{text}\n{fence}"


def _escaped(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) > 2 and found[0][0] == "`" else "".join(f"\\{each}" for each in found[0])
