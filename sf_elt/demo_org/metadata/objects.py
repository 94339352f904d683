"""From the Metadata API's definition of a custom object to the object, and back."""

from collections.abc import Mapping
from dataclasses import replace

from sf_elt.demo_org.declared import declare_object
from sf_elt.demo_org.ids import DIGITS
from sf_elt.demo_org.metadata.definitions import FieldDefinition, ObjectDefinition
from sf_elt.demo_org.metadata.fields import check_name, custom_field, definition_of, is_component
from sf_elt.demo_org.metadata.refusal import MetadataRefused
from sf_elt.demo_org.schema import Field, ObjectType, Schema

_SHARING = "ReadWrite"


def custom_object(schema: Schema, name: str, definition: ObjectDefinition) -> ObjectType:
    """The object that a definition means, without the fields that it may bring along. Raises MetadataRefused.

    One that the schema has keeps its Ids and its fields.
    """
    check_name(name)
    if not definition.label:
        raise MetadataRefused("REQUIRED_FIELD_MISSING", "Required fields are missing: [Label]", "Label")
    if not definition.plural_label:
        raise MetadataRefused("REQUIRED_FIELD_MISSING", "Required fields are missing: [PluralLabel]", "PluralLabel")
    if definition.name_field is None:
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", "Must specify a nameField of type Text or AutoNumber")
    standing = schema.object(name)
    made = standing or declare_object(
        {
            "name": name,
            "label": definition.label,
            "plural": definition.plural_label,
            "key_prefix": _free_prefix(schema),
            "fields": _standard_fields(definition.label),
        }
    )
    name_field = _name_field(schema, made, definition.name_field, definition.label)
    kept = definition.model_dump_json(by_alias=True, exclude_none=True, exclude={"fields"})
    return replace(
        made,
        label=definition.label,
        plural=definition.plural_label,
        definition=kept,
        fields=tuple(name_field if each.name_field else each for each in made.fields),
    )


def object_definition(object_type: ObjectType) -> dict[str, object]:
    """What the Metadata API says of an object, its custom fields included; of a standard object also its others."""
    if object_type.definition is not None:
        found = ObjectDefinition.model_validate_json(object_type.definition).model_dump(
            by_alias=True, exclude_none=True
        )
    else:
        found = {"label": object_type.label, "pluralLabel": object_type.plural, "sharingModel": _SHARING}
        if object_type.custom and object_type.name_field is not None:
            found["nameField"] = {"type": "Text", "label": object_type.name_field.label}
            found["deploymentStatus"] = "Deployed"
    shown = (each for each in object_type.fields if each.custom or not object_type.custom)
    found["fields"] = [
        {"fullName": each.name, **(definition_of(each) if each.custom else {})} for each in shown if _is_shown(each)
    ]
    return found


def _is_shown(field: Field) -> bool:
    return is_component(field) or not (field.custom or field.name == "Id" or field.write == "never" or field.compound)


def _standard_fields(label: str) -> Mapping[str, object]:
    return {
        "OwnerId": {
            "type": "reference",
            "label": "Owner ID",
            "to": ["Group", "User"],
            "required": True,
            "default": "@user",
        },
        "Name": {
            "type": "string",
            "length": 80,
            "label": f"{label} Name",
            "id_lookup": True,
            "name_field": True,
            "default": "@id",
        },
        "LastActivityDate": {"type": "date", "label": "Last Activity Date", "write": "never"},
    }


def _name_field(schema: Schema, object_type: ObjectType, definition: FieldDefinition, label: str) -> Field:
    if definition.type not in ("Text", "AutoNumber"):
        message = "The nameField of a custom object is of type Text or AutoNumber"
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message, "NameField")
    standing = object_type.name_field
    if standing is None:
        raise ValueError(f"{object_type.name} has no name field")
    name_label = definition.label or f"{label} Name"
    if definition.type == "Text":
        return replace(standing, label=name_label, write="always", default="@id", auto_number=False, sql=None)
    automatic = definition.model_copy(update={"label": name_label})
    numbered = custom_field(schema, object_type, "Name__c", automatic)
    return replace(standing, label=name_label, write="never", default=None, auto_number=True, sql=numbered.sql)


def _free_prefix(schema: Schema) -> str:
    """The first key prefix for custom objects, `a00` and up, that no object has."""
    prefixes = (f"a{first}{second}" for first in DIGITS for second in DIGITS)
    return next(each for each in prefixes if all(other.key_prefix != each for other in schema.objects))
