"""Values as XML elements.

element("result", {"success": True, "id": None, "errors": []})
# <result><success>true</success><id xsi:nil="true"/></result>
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from xml.sax.saxutils import escape, quoteattr

from sf_elt.demo_org.numbers import double_text

XmlValue: TypeAlias = "Mapping[str, XmlValue] | Sequence[XmlValue] | str | bool | int | float | None"

_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def element(name: str, value: XmlValue) -> str:
    """An element of text, a number, a boolean, or nil for None.

    A mapping makes an element with its members as children; a member whose name starts with @ is an attribute.
    A list makes one element of this name for each value in it. Characters that XML 1.0 cannot hold are left out.
    """
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, bool):
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    if isinstance(value, float):
        return f"<{name}>{double_text(value)}</{name}>"
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    if isinstance(value, str):
        return f"<{name}>{text(value)}</{name}>"
    if isinstance(value, Mapping):
        attributes = "".join(
            f" {key[1:]}={quoteattr(str(member))}" for key, member in value.items() if key.startswith("@")
        )
        children = "".join(element(key, member) for key, member in value.items() if not key.startswith("@"))
        return f"<{name}{attributes}>{children}</{name}>"
    return "".join(element(name, each) for each in value)


def text(value: str) -> str:
    """The text as it stands between two tags. Carriage returns are written as references, or they would be lost."""
    return escape(_IMPOSSIBLE.sub("", value), {"\r": "&#xD;"})
