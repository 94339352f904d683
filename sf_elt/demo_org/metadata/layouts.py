"""Page layouts: what the Metadata API calls Layout. A whole one is read, and a whole one written.

Members that the demo org gives no meaning to, such as relatedLists, are kept and read back.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import quote, unquote

from pydantic import BeforeValidator

from sf_elt.demo_org.metadata.change import no_such
from sf_elt.demo_org.metadata.component_ids import layout_id
from sf_elt.demo_org.metadata.definitions import Part, as_list
from sf_elt.demo_org.metadata.refusal import MetadataRefused
from sf_elt.demo_org.org import Org
from sf_elt.demo_org.page_layouts import definition_of, is_required, layouts_of
from sf_elt.demo_org.schema import ObjectType, PageLayout, Schema
from sf_elt.demo_org.schema_change import with_object

_PLAIN = " '!*"


def _listed(value: object) -> object:
    """A list of elements; one without members, such as an empty column, arrives as an empty text."""
    listed = as_list(value)
    return [{} if each == "" else each for each in listed] if isinstance(listed, list) else listed


class Item(Part):
    """A field, or something else, at one place of a page."""

    behavior: Literal["Edit", "Readonly", "Required"] | None = None
    field: str | None = None


class Column(Part):
    layout_items: Annotated[tuple[Item, ...], BeforeValidator(_listed)] = ()


class Section(Part):
    label: str | None = None
    style: Literal["TwoColumnsTopToBottom", "TwoColumnsLeftToRight", "OneColumn", "CustomLinks"]
    custom_label: bool = False
    detail_heading: bool = False
    edit_heading: bool = False
    layout_columns: Annotated[tuple[Column, ...], BeforeValidator(_listed)] = ()


class LayoutDefinition(Part):
    """A page layout as the Metadata API names it."""

    layout_sections: Annotated[tuple[Section, ...], BeforeValidator(_listed)] = ()

    def items(self) -> Iterator[Item]:
        """What stands on the page, section by section."""
        for section in self.layout_sections:
            for column in section.layout_columns:
                yield from column.layout_items


def layout_ids(org: Org) -> Mapping[str, str]:
    """The Id of each layout by its full name, such as `Lead-Lead Layout`."""
    return {
        _full_name(each, layout): layout_id(each, layout) for each in org.schema.objects for layout in layouts_of(each)
    }


def read_layout(org: Org, full_name: str) -> Mapping[str, object]:
    return definition_of(_layout(org.schema, full_name)[1])


def create_layout(org: Org, full_name: str, members: Mapping[str, object], user_id: str) -> None:
    _require_permission(org, user_id)

    def change(schema: Schema) -> Schema:
        object_type, name = _object_and_name(schema, full_name)
        if name.lower() in (each.name.lower() for each in layouts_of(object_type)):
            message = "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
            raise MetadataRefused("DUPLICATE_VALUE", message)
        made = _made(object_type, name, members)
        return with_object(schema, replace(object_type, layouts=(*layouts_of(object_type), made)))

    org.store.change_schema(change)


def update_layout(org: Org, full_name: str, members: Mapping[str, object], user_id: str) -> None:
    _require_permission(org, user_id)

    def change(schema: Schema) -> Schema:
        object_type, standing = _layout(schema, full_name)
        made = _made(object_type, standing.name, members)
        layouts = tuple(made if each.name == made.name else each for each in layouts_of(object_type))
        return with_object(schema, replace(object_type, layouts=layouts))

    org.store.change_schema(change)


def delete_layout(org: Org, full_name: str, user_id: str) -> None:
    """Deletes one that no profile has: any but the first."""
    _require_permission(org, user_id)

    def change(schema: Schema) -> Schema:
        object_type, standing = _layout(schema, full_name)
        first, *others = layouts_of(object_type)
        if standing == first:
            message = "Cannot delete a layout that is assigned to profiles: assign another one first"
            raise MetadataRefused("DEPENDENCY_EXISTS", message)
        left = (first, *(each for each in others if each != standing))
        return with_object(schema, replace(object_type, layouts=left))

    org.store.change_schema(change)


def _made(object_type: ObjectType, name: str, members: Mapping[str, object]) -> PageLayout:
    definition = LayoutDefinition.model_validate(members)
    _check(object_type, definition)
    return PageLayout(name, definition.model_dump_json(by_alias=True, exclude_none=True))


def _check(object_type: ObjectType, definition: LayoutDefinition) -> None:
    """Raises MetadataRefused for fields that there are not, or that stand twice, or that no page can be without."""
    shown = Counter[str]()
    for each in definition.items():
        if each.field is None:
            continue
        field = object_type.field(each.field)
        if field is None:
            message = f"In field: field - no CustomField named {object_type.name}.{each.field} found"
            raise MetadataRefused("INVALID_CROSS_REFERENCE_KEY", message, "field")
        if is_required(field) and each.behavior != "Required":
            raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", f"Field:{field.name} must be Required")
        shown[field.name] += 1
    twice = [name for name, times in shown.items() if times > 1]
    if twice:
        raise MetadataRefused("DUPLICATE_VALUE", f"Field: field, value:{twice[0]} appears more than once")
    for required in object_type.fields:
        if is_required(required) and required.compound is None and required.name not in shown:
            message = f"Layout must contain an item for required layout field: {required.name}"
            raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message)


def _layout(schema: Schema, full_name: str) -> tuple[ObjectType, PageLayout]:
    object_name, _, name = full_name.partition("-")
    object_type = schema.object(object_name)
    for layout in layouts_of(object_type) if object_type else ():
        if object_type is not None and layout.name.lower() == unquote(name).lower():
            return object_type, layout
    raise no_such("Layout", full_name)


def _object_and_name(schema: Schema, full_name: str) -> tuple[ObjectType, str]:
    object_name, _, name = full_name.partition("-")
    object_type = schema.object(object_name)
    if object_type is None or not object_type.layoutable or not name:
        message = f"Entity Enumeration Or ID: bad value for restricted picklist field: {object_name}"
        raise MetadataRefused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, "TableEnumOrId")
    return object_type, unquote(name)


def _full_name(object_type: ObjectType, layout: PageLayout) -> str:
    """As real orgs write it: what is no letter, digit or blank of the name is encoded as in an address."""
    return f"{object_type.name}-{quote(layout.name, safe=_PLAIN)}"


def _require_permission(org: Org, user_id: str) -> None:
    if not org.access.may(user_id, "CustomizeApplication"):
        message = "insufficient access rights on cross-reference id"
        raise MetadataRefused("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message)
