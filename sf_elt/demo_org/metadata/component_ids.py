"""Ids of components, which are no records: worked out from their names, so that they are the same after a restart."""

import hashlib

from sf_elt.demo_org.ids import id_at
from sf_elt.demo_org.schema import Field, ObjectType, Schema

CUSTOM_FIELD, CUSTOM_OBJECT = "00N", "01I"
_NUMBERS = 62**9


def field_id(object_type: ObjectType, field: Field) -> str:
    """The Id of a custom field."""
    return _component_id(CUSTOM_FIELD, f"{object_type.name}.{field.name}")


def object_id(object_type: ObjectType) -> str:
    """The Id of a custom object's definition."""
    return _component_id(CUSTOM_OBJECT, object_type.name)


def field_with_id(schema: Schema, component_id: str) -> tuple[ObjectType, Field] | None:
    """The custom field of that Id (18 characters)."""
    for object_type in schema.objects:
        for field in object_type.fields:
            if field.custom and field_id(object_type, field) == component_id:
                return object_type, field
    return None


def object_with_id(schema: Schema, component_id: str) -> ObjectType | None:
    """The custom object of that Id (18 characters)."""
    return next((each for each in schema.objects if each.custom and object_id(each) == component_id), None)


def _component_id(prefix: str, full_name: str) -> str:
    digest = hashlib.sha256(full_name.lower().encode()).digest()
    return id_at(prefix, int.from_bytes(digest[:8], "big") % _NUMBERS)
