"""Ids of components, which are no records: worked out from their names, so that they are the same after a restart."""

import hashlib

from sf_elt.demo_org.ids import id_at
from sf_elt.demo_org.schema import Field, ObjectType, PageLayout, ValidationRule

CUSTOM_FIELD, CUSTOM_OBJECT, VALIDATION_RULE, LAYOUT = "00N", "01I", "03d", "00h"
_NUMBERS = 62**9


def field_id(object_type: ObjectType, field: Field) -> str:
    """The Id of a custom field."""
    return _component_id(CUSTOM_FIELD, f"{object_type.name}.{field.name}")


def object_id(object_type: ObjectType) -> str:
    """The Id of a custom object's definition."""
    return _component_id(CUSTOM_OBJECT, object_type.name)


def rule_id(object_type: ObjectType, rule: ValidationRule) -> str:
    """The Id of a validation rule."""
    return _component_id(VALIDATION_RULE, f"{object_type.name}.{rule.name}")


def layout_id(object_type: ObjectType, layout: PageLayout) -> str:
    """The Id of a page layout."""
    return _component_id(LAYOUT, f"{object_type.name}-{layout.name}")


def _component_id(prefix: str, full_name: str) -> str:
    digest = hashlib.sha256(full_name.lower().encode()).digest()
    return id_at(prefix, int.from_bytes(digest[:8], "big") % _NUMBERS)
