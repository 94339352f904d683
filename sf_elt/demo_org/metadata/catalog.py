"""The objects that /tooling/query knows, with a row for each object and field of the org.

/query knows some of them too. They are kept in a store of their own, so that SOQL means the same there, and made anew
where the schema has changed.
"""

import threading
from dataclasses import replace

import orjson
import pyarrow as pa

from sf_elt.demo_org.metadata.component_ids import (
    CUSTOM_FIELD,
    CUSTOM_OBJECT,
    VALIDATION_RULE,
    field_id,
    object_id,
    rule_id,
)
from sf_elt.demo_org.metadata.data_types import data_type
from sf_elt.demo_org.metadata.fields import definition_of, is_component
from sf_elt.demo_org.metadata.objects import object_definition
from sf_elt.demo_org.metadata.validation_rules import rule_definition
from sf_elt.demo_org.schema import Field, FieldType, ObjectType, Schema, ValidationRule
from sf_elt.demo_org.store import Store
from sf_elt.demo_org.tables import arrow_type, insert_rows

Row = dict[str, object]

WHOLE = ("Metadata", "FullName")
"""Fields that can be read of one component at a time; Metadata is kept as JSON."""
IN_DATA = ("entitydefinition", "fielddefinition")
"""Those that are no matter of the Tooling API alone, in lower case."""
_JSON_FIELDS = ("Metadata", "ReferenceTo")
_NAMES = {"DurableId": 255, "QualifiedApiName": 255, "DeveloperName": 80, "MasterLabel": 80, "Label": 80}
_ENTITY_TEXTS = {**_NAMES, "PluralLabel": 80, "NamespacePrefix": 15, "KeyPrefix": 3, "InternalSharingModel": 40}
_ENTITY_FLAGS = (
    "IsApexTriggerable", "IsCustomSetting", "IsCustomizable", "IsDeprecatedAndHidden", "IsEverCreatable",
    "IsEverDeletable", "IsEverUpdatable", "IsIdEnabled", "IsLayoutable", "IsQueryable", "IsReplicateable",
    "IsRetrieveable", "IsSearchable", "IsTriggerable",
)  # fmt: skip
_FIELD_TEXTS = {**_NAMES, "NamespacePrefix": 15, "DataType": 255, "ReferenceTo": 4000, "RelationshipName": 80}
_FIELD_FLAGS = (
    "IsApiFilterable", "IsApiGroupable", "IsApiSortable", "IsCalculated", "IsCompound", "IsIndexed", "IsNameField",
    "IsNillable", "IsPolymorphicForeignKey",
)  # fmt: skip
_COMPONENT_TEXTS = {"DeveloperName": 80, "NamespacePrefix": 15, "ManageableState": 40}


def _fields(kind: FieldType, names: dict[str, int] | tuple[str, ...]) -> list[Field]:
    lengths = names if isinstance(names, dict) else dict.fromkeys(names, 0)
    return [Field(name, kind, name, length=length, write="never") for name, length in lengths.items()]


_ENTITY = Field(
    "EntityDefinitionId", "string", "Entity Definition ID", length=255, write="never", to=("EntityDefinition",),
    relationship="EntityDefinition", children="Fields",
)  # fmt: skip
_WHOLE = [
    Field("FullName", "string", "Full Name", length=255, filterable=False),
    Field("Metadata", "textarea", "Metadata", length=131_072, filterable=False),
]


def _object(name: str, key_prefix: str, fields: list[Field], *, id_type: FieldType, changeable: bool) -> ObjectType:
    record_id = Field("Id", id_type, f"{name} ID", length=255 if id_type == "string" else 18, write="never")
    return ObjectType(
        name, name, name, key_prefix, (record_id, *fields),
        createable=changeable, updateable=changeable, deletable=changeable, undeletable=False,
    )  # fmt: skip


def _package_reference(target: str) -> Field:
    label = f"{target} ID"
    return Field(f"{target}Id", "reference", label, length=18, write="never", to=(target,), relationship=target)


_PACKAGES = (
    _object(
        "InstalledSubscriberPackage",
        "0A3",
        [_package_reference("SubscriberPackage"), _package_reference("SubscriberPackageVersion")],
        id_type="id",
        changeable=False,
    ),
    _object(
        "SubscriberPackage",
        "033",
        _fields("string", {"Name": 255, "NamespacePrefix": 15, "Description": 4000}),
        id_type="id",
        changeable=False,
    ),
    _object(
        "SubscriberPackageVersion",
        "04t",
        [
            *_fields("string", {"Name": 255, "Description": 4000, "PublisherName": 255, "ReleaseState": 40}),
            *_fields("int", ("MajorVersion", "MinorVersion", "PatchVersion", "BuildNumber")),
            *_fields("boolean", ("IsBeta", "IsDeprecated", "IsManaged", "IsPasswordProtected", "IsSecurityReviewed")),
            _package_reference("SubscriberPackage"),
        ],
        id_type="id",
        changeable=False,
    ),
)
"""What tells of installed packages; the org has none, so nothing is ever found there."""

TOOLING = Schema(
    (
        *_PACKAGES,
        _object(
            "CustomField",
            CUSTOM_FIELD,
            [
                *_fields("string", {**_COMPONENT_TEXTS, "TableEnumOrId": 255}),
                replace(_ENTITY, children="CustomFields"),
                *_WHOLE,
            ],
            id_type="id",
            changeable=True,
        ),
        _object(
            "CustomObject",
            CUSTOM_OBJECT,
            [*_fields("string", _COMPONENT_TEXTS), *_WHOLE],
            id_type="id",
            changeable=True,
        ),
        _object(
            "ValidationRule",
            VALIDATION_RULE,
            [
                *_fields("string", {"ValidationName": 80, "NamespacePrefix": 15, "ErrorDisplayField": 255}),
                *_fields("string", {"ErrorMessage": 255, "ManageableState": 40}),
                *_fields("boolean", ("Active",)),
                replace(_ENTITY, children="ValidationRules"),
                *_WHOLE,
            ],
            id_type="id",
            changeable=True,
        ),
        _object(
            "EntityDefinition",
            "4ie",
            [*_fields("string", _ENTITY_TEXTS), *_fields("boolean", _ENTITY_FLAGS)],
            id_type="string",
            changeable=False,
        ),
        _object(
            "FieldDefinition",
            "4fe",
            [
                *_fields("string", _FIELD_TEXTS),
                _ENTITY,
                *_fields("int", ("Length", "Precision", "Scale")),
                *_fields("boolean", _FIELD_FLAGS),
            ],
            id_type="string",
            changeable=False,
        ),
    )
)
"""The Tooling API's objects, as far as the demo org has them."""


class Catalog:
    """The rows behind TOOLING for the org's schema of the moment. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[Schema, Store] | None = None

    def of(self, schema: Schema) -> Store:
        """A store that holds the components of a schema."""
        with self._lock:
            if self._made is None or self._made[0] is not schema:
                self._made = (schema, _filled(schema))
            return self._made[1]


def open_json(record: dict[str, object]) -> None:
    """Makes values of the texts in which whole definitions are kept; in the records inside this one too."""
    for name, value in record.items():
        if name in _JSON_FIELDS and isinstance(value, str):
            record[name] = orjson.loads(value)
        elif isinstance(value, dict):
            open_json(value)
            for each in value.get("records", ()) if isinstance(value.get("records"), list) else ():
                open_json(each)


def _filled(schema: Schema) -> Store:
    rows: dict[str, list[Row]] = {
        "CustomField": [
            _custom_field(each, field) for each in schema.objects for field in each.fields if is_component(field)
        ],
        "ValidationRule": [_validation_rule(each, rule) for each in schema.objects for rule in each.rules],
        "CustomObject": [_custom_object(each) for each in schema.objects if each.custom],
        "EntityDefinition": [_entity(each) for each in schema.objects],
        "FieldDefinition": [_field(each, field) for each in schema.objects for field in each.fields],
    }
    store = Store(TOOLING)
    with store.writing() as write:
        for name, records in rows.items():
            object_type = TOOLING.require(name)
            columns = {
                each.name: pa.array([row.get(each.name) for row in records], arrow_type(each))
                for each in object_type.fields
            }
            insert_rows(write.connection, object_type, pa.table(columns))
    return store


def _durable_id(object_type: ObjectType) -> str:
    return object_id(object_type)[:15] if object_type.custom else object_type.name


def _custom_field(object_type: ObjectType, field: Field) -> Row:
    return {
        "Id": field_id(object_type, field),
        "DeveloperName": field.name.removesuffix("__c"),
        "ManageableState": "unmanaged",
        "TableEnumOrId": object_id(object_type) if object_type.custom else object_type.name,
        "EntityDefinitionId": _durable_id(object_type),
        "FullName": f"{object_type.name}.{field.name}",
        "Metadata": orjson.dumps(definition_of(field)).decode(),
    }


def _custom_object(object_type: ObjectType) -> Row:
    definition = {name: value for name, value in object_definition(object_type).items() if name != "fields"}
    return {
        "Id": object_id(object_type),
        "DeveloperName": object_type.name.removesuffix("__c"),
        "ManageableState": "unmanaged",
        "FullName": object_type.name,
        "Metadata": orjson.dumps(definition).decode(),
    }


def _validation_rule(object_type: ObjectType, rule: ValidationRule) -> Row:
    return {
        "Id": rule_id(object_type, rule),
        "ValidationName": rule.name,
        "Active": rule.active,
        "ErrorDisplayField": rule.field,
        "ErrorMessage": rule.message,
        "ManageableState": "unmanaged",
        "EntityDefinitionId": _durable_id(object_type),
        "FullName": f"{object_type.name}.{rule.name}",
        "Metadata": orjson.dumps(rule_definition(rule)).decode(),
    }


def _entity(object_type: ObjectType) -> Row:
    return {
        "Id": _durable_id(object_type),
        "DurableId": _durable_id(object_type),
        "QualifiedApiName": object_type.name,
        "DeveloperName": object_type.name.removesuffix("__c"),
        "MasterLabel": object_type.label,
        "Label": object_type.label,
        "PluralLabel": object_type.plural,
        "KeyPrefix": object_type.told_prefix,
        "InternalSharingModel": "ReadWrite",
        "IsApexTriggerable": object_type.triggerable,
        "IsCustomSetting": False,
        "IsCustomizable": object_type.custom or object_type.layoutable,
        "IsDeprecatedAndHidden": False,
        "IsEverCreatable": object_type.createable,
        "IsEverDeletable": object_type.deletable,
        "IsEverUpdatable": object_type.updateable,
        "IsIdEnabled": True,
        "IsLayoutable": object_type.layoutable,
        "IsQueryable": True,
        "IsReplicateable": object_type.replicateable,
        "IsRetrieveable": True,
        "IsSearchable": object_type.searchable,
        "IsTriggerable": object_type.triggerable,
    }


def _field(object_type: ObjectType, field: Field) -> Row:
    own_id = field_id(object_type, field)[:15] if field.custom else field.name
    return {
        "Id": f"{_durable_id(object_type)}.{own_id}",
        "DurableId": f"{_durable_id(object_type)}.{own_id}",
        "QualifiedApiName": field.name,
        "DeveloperName": field.name.removesuffix("__c"),
        "MasterLabel": field.label,
        "Label": field.label,
        "DataType": data_type(field),
        "ReferenceTo": orjson.dumps({"referenceTo": list(field.to) or None}).decode(),
        "RelationshipName": field.relationship,
        "EntityDefinitionId": _durable_id(object_type),
        "Length": field.length,
        "Precision": field.precision,
        "Scale": field.scale,
        "IsApiFilterable": field.filterable and not field.long_text,
        "IsApiGroupable": field.groupable,
        "IsApiSortable": field.sortable,
        "IsCalculated": field.calculated,
        "IsCompound": field.is_compound,
        "IsIndexed": field.id_lookup or field.external_id or field.type in ("id", "reference"),
        "IsNameField": field.name_field,
        "IsNillable": field.nillable,
        "IsPolymorphicForeignKey": len(field.to) > 1,
    }
