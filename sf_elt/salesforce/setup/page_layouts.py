"""Page layouts by the Metadata API: which there are, and fields put on them.

A layout is read and written as a whole ("Layout", Metadata API Developer Guide). What is written is what was read,
element by element, whether we know it or not, with the new fields in it: so XML, and no classes of some version's WSDL.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.etree.ElementTree import Element, SubElement, tostring
from xml.sax.saxutils import escape

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import OrgUnavailable, RequestRefused
from sf_elt.salesforce.soap import METADATA, call, save_result
from sf_elt.salesforce.write import SaveResult

MOST_AT_ONCE = 10  # components of one call
_OF_PERSONS = {"PersonAccount": "Account"}
_TWO_COLUMNS = ("TwoColumnsTopToBottom", "TwoColumnsLeftToRight")
UNEXPLAINED = "UNKNOWN_EXCEPTION"
"""What the org says where one layout among those of a call breaks it: alone, it says which."""


@dataclass(frozen=True)
class PageLayout:
    """One layout of an object. `full_name` is the API's; `fields` are those on it, in lower case.

    `read` is what the org said; None where it says of this layout only why it cannot be read: `unreadable`.
    """

    full_name: str
    fields: frozenset[str] = frozenset()
    read: Element | None = field(default=None, repr=False, compare=False)
    unreadable: str = ""

    @property
    def name(self) -> str:
        """As people know it: Lead-Lead %28Web%29 Layout → Lead (Web) Layout."""
        return unquote(self.full_name.partition("-")[2])

    @property
    def object_name(self) -> str:
        """The object whose fields it shows: that of persons shows accounts' fields."""
        prefix = self.full_name.partition("-")[0]
        return _OF_PERSONS.get(prefix, prefix)

    @property
    def why_not(self) -> str:
        """Why no field can be put on it; empty where one can."""
        return self.unreadable or ("" if _section(self.read) is not None else "it has no section for fields")


def find_layouts(org: Org, objects: Iterable[str]) -> tuple[PageLayout, ...]:
    """All layouts of the objects: a call, and one more for each ten of them.

    Raises RequestRefused where the user may not use the Metadata API, OrgUnavailable, AllowanceSpent.
    """
    wanted = {each.casefold() for each in objects}
    version = f"<asOfVersion>{org.api_version}</asOfVersion>"
    listed = call(org, METADATA, "listMetadata", f"<queries><type>Layout</type></queries>{version}")
    found = (PageLayout(_name_to_read(each)) for each in listed)
    return read_layouts(org, sorted(each.full_name for each in found if each.object_name.casefold() in wanted))


def read_layouts(org: Org, full_names: Sequence[str]) -> tuple[PageLayout, ...]:
    """The layouts of these names, without those that are gone."""
    chunks = (full_names[start : start + MOST_AT_ONCE] for start in range(0, len(full_names), MOST_AT_ONCE))
    return tuple(layout for chunk in chunks for layout in _read(org, chunk))


def with_fields(layout: PageLayout, names: Iterable[str]) -> Element:
    """The layout with these fields as well, at the end of the first section of two columns.

    In the shorter column, and for reading: what people type in would not last. Raises ValueError where `why_not`.
    """
    changed = deepcopy(layout.read)
    section = _section(changed)
    if changed is None or section is None:
        raise ValueError(f"{layout.full_name}: {layout.why_not}")
    for name in names:
        column = min(section.findall(METADATA.tag("layoutColumns")), key=lambda each: len(_items(each)))
        item = Element(METADATA.tag("layoutItems"))
        SubElement(item, METADATA.tag("behavior")).text = "Readonly"
        SubElement(item, METADATA.tag("field")).text = name
        column.insert(len(_items(column)), item)
    return changed


def write_layouts(org: Org, layouts: Mapping[str, Element]) -> dict[str, SaveResult]:
    """Puts layouts, by their full names, in the place of those that stand. What became of each.

    After OrgUnavailable they may have been written: read them before they are sent again.
    """
    names = list(layouts)
    chunks = (names[start : start + MOST_AT_ONCE] for start in range(0, len(names), MOST_AT_ONCE))
    return {name: result for chunk in chunks for name, result in _written(org, {each: layouts[each] for each in chunk})}


def _name_to_read(listed: Element) -> str:
    """The list leaves a package's prefix off its layouts' names, by which none is read (forcedotcom/cli issue 2168)."""
    full_name = listed.findtext(METADATA.tag("fullName")) or ""
    prefix = listed.findtext(METADATA.tag("namespacePrefix"))
    object_name, _, name = full_name.partition("-")
    return f"{object_name}-{prefix}__{name}" if prefix and not name.startswith(f"{prefix}__") else full_name


def _written(org: Org, layouts: Mapping[str, Element]) -> Iterator[tuple[str, SaveResult]]:
    try:
        yield from _written_together(org, layouts).items()
    except (OrgUnavailable, RequestRefused) as error:
        if isinstance(error, OrgUnavailable) and error.code != UNEXPLAINED:
            raise
        if len(layouts) > 1 and error.code == UNEXPLAINED:
            for name, layout in layouts.items():
                yield from _written(org, {name: layout})
        else:
            yield from ((name, SaveResult(name, False, code=error.code, message=str(error))) for name in layouts)


def _written_together(org: Org, layouts: Mapping[str, Element]) -> dict[str, SaveResult]:
    body = "".join(
        f'<metadata xsi:type="Layout">{"".join(tostring(member, "unicode") for member in layout)}</metadata>'
        for layout in layouts.values()
    )
    results = call(org, METADATA, "updateMetadata", body)
    if len(results) != len(layouts):
        raise OrgUnavailable(f"the org answered an update of {len(layouts)} layouts with {len(results)} results")
    told = {result.findtext(METADATA.tag("fullName")): result for result in results}
    if told.keys() == layouts.keys():  # in whatever order
        results = [told[name] for name in layouts]
    return {name: save_result(METADATA, name, result) for name, result in zip(layouts, results, strict=True)}


def _read(org: Org, full_names: Sequence[str]) -> Iterator[PageLayout]:
    """Where the org cannot say all of them, and gives no better reason, each alone."""
    names = "".join(f"<fullNames>{escape(each)}</fullNames>" for each in full_names)
    try:
        results = call(org, METADATA, "readMetadata", f"<type>Layout</type>{names}")
    except (OrgUnavailable, RequestRefused) as error:
        if error.code != UNEXPLAINED:
            raise
        if len(full_names) > 1:
            for name in full_names:
                yield from _read(org, [name])
        else:
            yield PageLayout(full_names[0], unreadable=str(error))
        return
    for record in (record for result in results for record in result.findall(METADATA.tag("records"))):
        full_name = record.findtext(METADATA.tag("fullName"))
        if full_name:  # what is gone is read as nothing
            yield PageLayout(full_name, frozenset(_fields_on(record)), record)


def _fields_on(layout: Element) -> Iterator[str]:
    for item in layout.iter(METADATA.tag("layoutItems")):
        name = item.findtext(METADATA.tag("field"))
        if name:
            yield name.lower()


def _section(layout: Element | None) -> Element | None:
    """Where new fields go."""
    sections = [] if layout is None else layout.findall(METADATA.tag("layoutSections"))
    for styles in (_TWO_COLUMNS, ("OneColumn",)):
        for each in sections:
            has_columns = each.find(METADATA.tag("layoutColumns")) is not None
            if has_columns and each.findtext(METADATA.tag("style")) in styles:
                return each
    return None


def _items(column: Element) -> list[Element]:
    return column.findall(METADATA.tag("layoutItems"))
