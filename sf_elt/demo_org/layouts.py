"""Page layouts and compact layouts, as /describe/layouts and /describe/compactLayouts tell them.

Nobody arranges pages in the demo org: every object has one layout, of all its fields in the order of describe, two a
row, and the compact layout of the system.
"""

from collections.abc import Iterable, Sequence

from sf_elt.demo_org.describe import (
    MASTER_RECORD_TYPE,
    Json,
    RecordTypeInfo,
    describe_field,
    record_type_infos,
)
from sf_elt.demo_org.errors import not_found
from sf_elt.demo_org.ids import id_at, normalise
from sf_elt.demo_org.schema import SYSTEM, Field, ObjectType

_LAYOUT_PREFIX = "00h"
_COLUMNS = 2
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
    """The Id of the object's only layout, the same in every org."""
    return id_at(_LAYOUT_PREFIX, int.from_bytes(object_type.key_prefix.encode()))


def _layout(object_type: ObjectType) -> Json:
    shown = [each for each in object_type.fields if each.type != "id" and each.compound is None]
    editable = [each for each in shown if each.default != SYSTEM and each.name != "IsDeleted"]
    return {
        "buttonLayoutSection": {"detailButtons": []},
        "detailLayoutSections": [_section(object_type, shown)],
        "editLayoutSections": [_section(object_type, editable)],
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


def _section(object_type: ObjectType, fields: Sequence[Field]) -> Json:
    rows = [fields[start : start + _COLUMNS] for start in range(0, len(fields), _COLUMNS)]
    return {
        "collapsed": False,
        "columns": _COLUMNS,
        "heading": f"{object_type.label} Information",
        "layoutRows": [{"layoutItems": _items(row), "numItems": len(row)} for row in rows],
        "layoutSectionId": None,
        "parentLayoutId": _layout_id(object_type),
        "rows": len(rows),
        "tabOrder": "LeftToRight",
        "useCollapsibleSection": False,
        "useHeading": True,
    }


def _items(fields: Iterable[Field]) -> list[Json]:
    return [
        {
            "editableForNew": each.createable,
            "editableForUpdate": each.updateable,
            "label": each.label,
            "layoutComponents": [
                {"details": describe_field(each), "displayLines": 1, "tabOrder": 0, "type": "Field", "value": each.name}
            ],
            "placeholder": False,
            "required": each.required and each.createable,
        }
        for each in fields
    ]


def _compact_layout(object_type: ObjectType) -> Json:
    """The name, then what follows it."""
    first = [each for each in object_type.fields if each.name_field]
    others = (each for each in object_type.fields if each.createable and each.compound is None and not each.name_field)
    fields = [*first, *others][:_COMPACT_FIELDS]
    return {
        "actions": [],
        "fieldItems": _items(fields),
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
