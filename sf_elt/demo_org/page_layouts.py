"""How the pages of an object are arranged: what stands where, whoever asks.

An object that nobody has arranged has one layout, of all its fields, two a row. A field that is made afterwards stands
on none, as where the API makes it in a real org.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import cast

from sf_elt.demo_org.schema import SYSTEM, Field, ObjectType, PageLayout

_COLUMNS = 2


@dataclass(frozen=True)
class Shown:
    """A field on a page. `behavior` is Edit, Readonly or Required."""

    name: str
    behavior: str


@dataclass(frozen=True)
class PageSection:
    """A part of a page under a heading, with its fields row by row."""

    heading: str
    columns: int
    detail_heading: bool
    edit_heading: bool
    fields: tuple[Shown, ...]


def layouts_of(object_type: ObjectType) -> tuple[PageLayout, ...]:
    """All layouts of an object; every profile has the first."""
    if object_type.layouts or not object_type.layoutable:
        return object_type.layouts
    return (PageLayout(f"{object_type.label} Layout", json.dumps(_of_all_fields(object_type))),)


def arranged(object_type: ObjectType) -> ObjectType:
    """The object with its layouts as they are now, whatever fields it gets."""
    return replace(object_type, layouts=layouts_of(object_type))


def definition_of(layout: PageLayout) -> dict[str, object]:
    """The layout as the Metadata API names it."""
    definition: dict[str, object] = json.loads(layout.definition)
    return definition


def sections_of(layout: PageLayout) -> Iterator[PageSection]:
    """The sections that show fields."""
    for section in _list(definition_of(layout), "layoutSections"):
        columns = [_list(each, "layoutItems") for each in _list(section, "layoutColumns")]
        if section.get("style") == "CustomLinks" or not columns:
            continue
        items = [each for row in zip_longest(*columns) for each in row if each is not None]
        yield PageSection(
            str(section.get("label") or ""),
            len(columns),
            section.get("detailHeading") is True,
            section.get("editHeading") is True,
            tuple(Shown(str(each["field"]), str(each.get("behavior", "Edit"))) for each in items if each.get("field")),
        )


def without_item(layout: PageLayout, field_name: str) -> PageLayout:
    """The layout without a field."""
    definition = definition_of(layout)
    for section in _list(definition, "layoutSections"):
        for column in _list(section, "layoutColumns"):
            items = _list(column, "layoutItems")
            column["layoutItems"] = [each for each in items if each.get("field") != field_name]
    return replace(layout, definition=json.dumps(definition))


def _of_all_fields(object_type: ObjectType) -> dict[str, object]:
    shown = [each for each in object_type.fields if each.type != "id" and each.compound is None]
    columns = [
        {"layoutItems": [{"behavior": _behavior(each), "field": each.name} for each in shown[start::_COLUMNS]]}
        for start in range(_COLUMNS)
    ]
    section = {
        "label": f"{object_type.label} Information",
        "style": "TwoColumnsLeftToRight",
        "customLabel": True,
        "detailHeading": True,
        "editHeading": True,
        "layoutColumns": columns,
    }
    return {"layoutSections": [section], "showEmailCheckbox": False, "showHighlightsPanel": False}


def _behavior(field: Field) -> str:
    if is_required(field):
        return "Required"
    return "Edit" if field.default != SYSTEM and (field.createable or field.updateable) else "Readonly"


def is_required(field: Field) -> bool:
    """Whether no page of the object can be without it."""
    return field.required and field.createable and not field.defaulted


def _list(parent: Mapping[str, object], name: str) -> list[dict[str, object]]:
    """The mappings in a member that is a list of them."""
    return cast(list[dict[str, object]], parent.get(name) or [])
