"""Describe: what objects there are and what their fields allow, in the shape that Salesforce sends.

describe_global(schema, "62.0")                       # GET /sobjects
describe_object(schema, lead, "62.0", record_types)   # GET /sobjects/Lead/describe
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sf_elt.demo_org.schema import OWN_ID, PRICE_BOOK, STAGE, SYSTEM, USER, Field, ObjectType, Schema

Json = dict[str, object]

_SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
    "currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime",
    "time": "xsd:time", "address": "urn:address", "location": "urn:location", "base64": "xsd:base64Binary",
    "anyType": "xsd:anyType",
}  # fmt: skip
_OF_SINGLE_BYTES = ("id", "reference", "multipicklist")
MASTER_RECORD_TYPE = "012000000000000AAA"


@dataclass(frozen=True)
class RecordTypeInfo:
    """A record type of an object."""

    record_type_id: str
    name: str
    developer_name: str
    active: bool


def describe_global(schema: Schema, version: str) -> Json:
    """All objects of the org, without their fields."""
    sobjects = [object_summary(each, version) for each in schema.objects]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects}


def object_summary(object_type: ObjectType, version: str) -> Json:
    """An object as the global describe lists it."""
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": object_type.createable,
        "custom": object_type.custom,
        "customSetting": False,
        "deepCloneable": object_type.deep_cloneable,
        "deletable": object_type.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": object_type.feeds,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": object_type.told_prefix,
        "label": object_type.label,
        "labelPlural": object_type.plural,
        "layoutable": object_type.layoutable,
        "mergeable": object_type.mergeable,
        "mruEnabled": object_type.recent,
        "name": object_type.name,
        "queryable": True,
        "replicateable": object_type.replicateable,
        "retrieveable": True,
        "searchable": object_type.searchable,
        "triggerable": object_type.triggerable,
        "undeletable": object_type.undeletable,
        "updateable": object_type.updateable,
        "urls": _urls(object_type, version),
    }


def describe_object(
    schema: Schema,
    object_type: ObjectType,
    version: str,
    record_types: Sequence[RecordTypeInfo] = (),
    *,
    instance_url: str = "",
) -> Json:
    """An object with its fields, child relationships and record types; `instance_url` leads to its pages."""
    summary = object_summary(object_type, version)
    return {
        **summary,
        "actionOverrides": [],
        "childRelationships": _child_relationships(schema, object_type),
        "compactLayoutable": object_type.layoutable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(each) for each in object_type.fields],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": record_type_infos(record_types, version, object_type),
        "searchLayoutable": object_type.searchable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": _scopes(object_type),
        "urls": {**_urls(object_type, version), **_pages(object_type, instance_url)},
    }


def _urls(object_type: ObjectType, version: str) -> Json:
    """Where the object's resources are; an object without layouts has fewer."""
    address = f"/services/data/v{version}/sobjects/{object_type.name}"
    urls: Json = {
        "rowTemplate": f"{address}/{{ID}}",
        "describe": f"{address}/describe",
        "sobject": address,
    }
    if object_type.layoutable:
        urls["layouts"] = f"{address}/describe/layouts"
        urls["approvalLayouts"] = f"{address}/describe/approvalLayouts"
        urls["compactLayouts"] = f"{address}/describe/compactLayouts"
        urls["quickActions"] = f"{address}/quickActions"
    if object_type.recent:
        urls["listviews"] = f"{address}/listviews"
    return urls


def _pages(object_type: ObjectType, instance_url: str) -> Json:
    if not object_type.layoutable:
        return {}
    return {
        "uiDetailTemplate": f"{instance_url}/{{ID}}",
        "uiEditTemplate": f"{instance_url}/{{ID}}/e",
        "uiNewRecord": f"{instance_url}/{object_type.key_prefix}/e",
    }


def _scopes(object_type: ObjectType) -> list[Json]:
    plural = object_type.plural.lower()
    labels = {
        "everything": f"All {plural}",
        "mine": f"My {plural}",
        "queue_owned": f"Queue owned {plural}",
        "team": f"My team's {plural}",
        "user_owned": f"User owned {plural}",
    }
    return [{"label": labels[name], "name": name} for name in sorted(("everything", *object_type.scopes))]


def describe_field(field: Field) -> Json:
    """One field."""
    return {
        "aggregatable": field.aggregatable,
        "aiPredictionField": False,
        "autoNumber": field.auto_number,
        "byteLength": field.byte_length or field.length * (1 if field.type in _OF_SINGLE_BYTES else 3),
        "calculated": field.calculated,
        "calculatedFormula": field.formula,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": field.compound,
        "controllerName": None,
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": _default_value(field),
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": field.digits,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": _extra_type(field),
        "filterable": field.filterable and not field.long_text,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.groupable,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.id_lookup,
        "inlineHelpText": field.help,
        "label": field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": len(field.to) > 1,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": [
            {"active": True, "defaultValue": value == field.default, "label": value, "validFor": None, "value": value}
            for value in field.picklist
        ],
        "polymorphicForeignKey": len(field.to) > 1,
        "precision": field.precision,
        "queryByDistance": field.is_compound,
        "referenceTargetField": None,
        "referenceTo": list(field.to),
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": _search_prefilterable(field),
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable,
        "writeRequiresMasterRead": False,
    }


def _default_value(field: Field) -> object:
    if field.type == "boolean":
        return bool(field.default)
    return None if field.default in (USER, OWN_ID, SYSTEM, STAGE, PRICE_BOOK) else field.default


def _extra_type(field: Field) -> str | None:
    if field.extra_type is None and field.type == "textarea":
        return "plaintextarea"
    return "personname" if field.extra_type is None and field.compound == "Name" else field.extra_type


def _search_prefilterable(field: Field) -> bool:
    """References by which a lookup search may be narrowed."""
    own_kind = field.name in ("RecordTypeId", "MasterRecordId")
    return field.type == "reference" and field.nillable and field.relationship is not None and not own_kind


def _child_relationships(schema: Schema, object_type: ObjectType) -> list[Json]:
    return [
        {
            "cascadeDelete": each.field.cascade,
            "childSObject": each.object_type.name,
            "deprecatedAndHidden": False,
            "field": each.field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": each.name,
            "restrictedDelete": each.field.restricts,
        }
        for each in schema.children_of(object_type.name)
    ]


def record_type_infos(record_types: Sequence[RecordTypeInfo], version: str, object_type: ObjectType) -> list[Json]:
    """The object's record types as describe lists them; the master, which is nobody's own, comes last."""
    master = RecordTypeInfo(MASTER_RECORD_TYPE, "Master", "Master", active=True)
    address = f"/services/data/v{version}/sobjects/{object_type.name}/describe/layouts"
    return [
        {
            "active": each.active,
            "available": True,
            "defaultRecordTypeMapping": each is master,
            "developerName": each.developer_name,
            "master": each is master,
            "name": each.name,
            "recordTypeId": each.record_type_id,
            "urls": {"layout": f"{address}/{each.record_type_id}"},
        }
        for each in (*record_types, master)
    ]
