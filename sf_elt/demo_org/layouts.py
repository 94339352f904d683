"""Page layouts and compact layouts, as /describe/layouts and /describe/compactLayouts tell them.

Every profile has the first layout of an object (`page_layouts`), and the compact layout of the system.
"""

from collections.abc import Callable, Sequence

from sf_elt.demo_org.describe import (
    MASTER_RECORD_TYPE,
    Json,
    RecordTypeInfo,
    describe_field,
    record_type_infos,
)
from sf_elt.demo_org.errors import not_found
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.metadata.component_ids import layout_id
from sf_elt.demo_org.page_layouts import PageSection, Shown, layouts_of, sections_of
from sf_elt.demo_org.schema import SYSTEM, Field, ObjectType

_COMPACT_FIELDS = 4


def describe_layouts(object_type: ObjectType, version: str, record_types: Sequence[RecordTypeInfo]) -> Json:
    """The layout and the record types that have it. Raises OrgError 404 for an object that has no pages.

    As in Salesforce, `layouts` is null where there are several record types: each is asked for by its Id.
    """
    _check_layoutable(object_type)
    return {
        "layouts": None if record_types else [_layout(object_type)],
        "recordTypeMappings": [
            {**info, "layoutId": _layout_id(object_type), "picklistsForRecordType": _picklists(object_type)}
            for info in record_type_infos(record_types, version, object_type)
        ],
        "recordTypeSelectorRequired": [bool(record_types)],
    }


def describe_layout(object_type: ObjectType, record_type_id: str, record_types: Sequence[RecordTypeInfo]) -> Json:
    """The layout of one record type. Raises OrgError 404 for an Id that is none of the object's."""
    _check_layoutable(object_type)
    known = {MASTER_RECORD_TYPE, *(each.record_type_id for each in record_types)}
    if normalise(record_type_id) not in known:
        raise not_found()
    return _layout(object_type)


def describe_compact_layouts(object_type: ObjectType, version: str, record_types: Sequence[RecordTypeInfo]) -> Json:
    """The system's compact layout, which all record types have. Raises OrgError 404 for an object without pages."""
    _check_layoutable(object_type)
    address = f"/services/data/v{version}/sobjects/{object_type.name}/describe/compactLayouts"
    return {
        "compactLayouts": [_compact_layout(object_type)],
        "defaultCompactLayoutId": None,
        "recordTypeCompactLayoutMappings": [
            {
                "available": info["available"],
                "compactLayoutId": None,
                "compactLayoutName": "SYSTEM",
                "recordTypeId": info["recordTypeId"],
                "recordTypeName": info["name"],
                "urls": {"compactLayout": f"{address}/{info['recordTypeId']}"},
            }
            for info in record_type_infos(record_types, version, object_type)
        ],
        "urls": {"primary": f"{address}/primary"},
    }


def _check_layoutable(object_type: ObjectType) -> None:
    if not object_type.layoutable:
        raise not_found()


def _layout_id(object_type: ObjectType) -> str:
    """The Id of the layout that every profile has, the same in every org."""
    return layout_id(object_type, layouts_of(object_type)[0])


def _layout(object_type: ObjectType) -> Json:
    sections = list(sections_of(layouts_of(object_type)[0]))
    editable = (_section(object_type, each, each.edit_heading, _is_edited) for each in sections)
    return {
        "buttonLayoutSection": {"detailButtons": []},
        "detailLayoutSections": [_section(object_type, each, each.detail_heading) for each in sections],
        "editLayoutSections": [section for section in editable if section["layoutRows"]],
        "feedView": None,
        "highlightsPanelLayoutSection": None,
        "id": _layout_id(object_type),
        "multirowEditLayoutSections": [],
        "offlineLinks": [],
        "quickActionList": {"quickActionListItems": []},
        "relatedContent": None,
        "relatedLists": [],
        "saveOptions": [],
    }


def _is_edited(field: Field) -> bool:
    return field.default != SYSTEM and field.name != "IsDeleted"


def _section(
    object_type: ObjectType, section: PageSection, use_heading: bool, is_shown: Callable[[Field], bool] = lambda _: True
) -> Json:
    """A section as this user sees it: without the fields that are hidden from them."""
    found = [(each, object_type.field(each.name)) for each in section.fields]
    shown = [(each, field) for each, field in found if field is not None and is_shown(field)]
    rows = [shown[start : start + section.columns] for start in range(0, len(shown), section.columns)]
    return {
        "collapsed": False,
        "columns": section.columns,
        "heading": section.heading,
        "layoutRows": [{"layoutItems": [_item(*each) for each in row], "numItems": len(row)} for row in rows],
        "layoutSectionId": None,
        "parentLayoutId": _layout_id(object_type),
        "rows": len(rows),
        "tabOrder": "LeftToRight",
        "useCollapsibleSection": False,
        "useHeading": use_heading,
    }


def _item(shown: Shown, field: Field) -> Json:
    may_edit = shown.behavior != "Readonly"
    return {
        "editableForNew": field.createable and may_edit,
        "editableForUpdate": field.updateable and may_edit,
        "label": field.label,
        "layoutComponents": [
            {"details": describe_field(field), "displayLines": 1, "tabOrder": 0, "type": "Field", "value": field.name}
        ],
        "placeholder": False,
        "required": shown.behavior == "Required" or (field.required and field.createable),
    }


def _compact_layout(object_type: ObjectType) -> Json:
    """The name, then what follows it."""
    first = [each for each in object_type.fields if each.name_field]
    others = (each for each in object_type.fields if each.createable and each.compound is None and not each.name_field)
    fields = [*first, *others][:_COMPACT_FIELDS]
    return {
        "actions": [],
        "fieldItems": [_item(Shown(each.name, "Edit"), each) for each in fields],
        "id": None,
        "imageItems": [],
        "label": "System Default",
        "name": "SYSTEM",
        "objectType": object_type.name,
    }


def _picklists(object_type: ObjectType) -> list[Json]:
    return [
        {"picklistName": each.name, "picklistValues": describe_field(each)["picklistValues"]}
        for each in object_type.fields
        if each.picklist
    ]
