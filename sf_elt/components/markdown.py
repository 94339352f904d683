"""Texts of others in what Dagster shows as Markdown: descriptions of results, observations and columns, and metadata.

What an org, a record or an error says is shown as it is written: it opens no picture, link or HTML, and ends no cell.
Only an address by itself becomes a link, which says where it leads.
"""

import re
from collections.abc import Iterable

from sf_elt.visible import visible

_OPENS = re.compile(r"[\\\[\]<>|]")
_FENCES = re.compile(r"`{3,}")


def as_text(text: str) -> str:
    """The text as one line of Markdown, also of a cell of a table."""
    return _OPENS.sub(r"\\\g<0>", visible(" ".join(text.split())))


def as_list(texts: Iterable[str]) -> str:
    """A list, a text a line."""
    return "\n".join(f"- {as_text(text)}" for text in texts)


def as_code(text: str, language: str) -> str:
    """The text as it is, in a block of code; a fence within it does not end the block."""
    fence = "`" * max((len(found[0]) + 1 for found in _FENCES.finditer(text)), default=3)
    return f"{fence}{language}\n{text}\n{fence}"
