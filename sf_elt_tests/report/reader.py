"""The page as somebody meets it who has no browser: its elements, attributes and text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self

_VOID = {"meta", "br", "img", "link", "input", "hr", "base", "source"}


@dataclass
class Element:
    """One element, with the elements and texts in it."""

    tag: str
    attributes: dict[str, str]
    inside: list["Element | str"] = field(default_factory=list)

    def all(self, *tags: str) -> Iterator["Element"]:
        """Itself and everything in it, in the page's order; of these tags only where any is named."""
        if not tags or self.tag in tags:
            yield self
        for each in self.inside:
            if isinstance(each, Element):
                yield from each.all(*tags)

    def one(self, tag: str, **attributes: str) -> "Element":
        """The one element with that tag and these attributes."""
        (found,) = (each for each in self.all(tag) if attributes.items() <= each.attributes.items())
        return found

    @property
    def text(self) -> str:
        """What is read, with one space for any white space; no style."""
        parts = (each if isinstance(each, str) else each.text for each in self.inside if self.tag != "style")
        return " ".join(" ".join(parts).split())


class Page(HTMLParser):
    """The page's elements. Raises AssertionError where an element is not closed in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("page", {})
        self.open = [self.root]

    @classmethod
    def of(cls, html: str) -> Self:
        page = cls()
        page.feed(html)
        page.close()
        assert [each.tag for each in page.open] == ["page"]
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)
