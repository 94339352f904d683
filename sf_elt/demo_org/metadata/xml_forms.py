"""Components as the Metadata API writes them in XML, and as plain values."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from sf_elt.demo_org.soap.envelope import is_nil, local_name
from sf_elt.demo_org.soap.xml import XmlValue

_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def type_of(component: Element) -> str:
    """What kind of component an element says it is (`CustomField`), without its prefix."""
    return component.get(_TYPE, "").rpartition(":")[2]


def values_of(parent: Element) -> dict[str, object]:
    """The members of an element: texts, mappings of members, and lists where a name comes more than once."""
    found: dict[str, object] = {}
    for each in parent:
        if is_nil(each):
            continue
        name = local_name(each)
        value: object = values_of(each) if len(each) else (each.text or "")
        standing = found.get(name)
        if isinstance(standing, list):
            standing.append(value)
        else:
            found[name] = value if name not in found else [standing, value]
    return found


def component_xml(kind: str, full_name: str, members: Mapping[str, object]) -> XmlValue:
    """A component as readMetadata gives it; the WSDL has the members of each type in alphabetical order."""
    ordered = {"fullName": full_name, **{name: _xml(members[name]) for name in sorted(members) if name != "fullName"}}
    return {"@xsi:type": kind, **ordered}


def _xml(value: object) -> XmlValue:
    if isinstance(value, Mapping):
        first = {"fullName": value["fullName"]} if "fullName" in value else {}
        return {name: _xml(member) for name, member in (first | dict(sorted(value.items()))).items()}
    if isinstance(value, list):
        return [_xml(each) for each in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{value!r} has no form in XML")
