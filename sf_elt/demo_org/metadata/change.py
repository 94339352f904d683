"""Making, changing and deleting custom fields and objects: what the Tooling and Metadata APIs and the levers share.

    create_field(org, "Lead.Score2__c", FieldDefinition(type="Number", label="Score", precision=18, scale=2))
    delete_field(org, "Lead.Score2__c")

Every one raises MetadataRefused, having changed nothing. As in Salesforce nobody sees a new field until its field-level
security says so, unless it is required.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from sf_elt.demo_org.access.records import give_object_to_administrators, take_back
from sf_elt.demo_org.calculated import refresh_all
from sf_elt.demo_org.declared import location_parts
from sf_elt.demo_org.metadata.definitions import FieldDefinition, NamedField, ObjectDefinition
from sf_elt.demo_org.metadata.fields import custom_field, definition_of, is_component, is_master_detail
from sf_elt.demo_org.metadata.objects import custom_object
from sf_elt.demo_org.metadata.refusal import MetadataRefused
from sf_elt.demo_org.org import Org
from sf_elt.demo_org.page_layouts import arranged
from sf_elt.demo_org.person_accounts import with_custom_fields
from sf_elt.demo_org.schema import Field, ObjectType, Schema
from sf_elt.demo_org.schema_change import with_field, with_object, without_field, without_object

_TEXTS = frozenset({"string", "textarea", "email", "phone", "url", "picklist", "combobox"})
_NUMBERS = frozenset({"double", "currency", "percent", "int"})
_CONVERSIONS = (_TEXTS, _NUMBERS, frozenset({"picklist", "multipicklist"}))
_WIDER = frozenset({("double", "string"), ("currency", "string"), ("percent", "string"), ("date", "datetime")})


def object_of_field(schema: Schema, full_name: str) -> tuple[ObjectType, str]:
    """The object and the field's own name in a full name such as `Lead.Score2__c`."""
    object_name, _, field_name = full_name.partition(".")
    object_type = schema.object(object_name)
    if object_type is None or not field_name:
        message = f"Entity Enumeration Or ID: bad value for restricted picklist field: {object_name}"
        raise MetadataRefused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, "TableEnumOrId")
    return object_type, field_name


def create_field(org: Org, full_name: str, definition: FieldDefinition) -> None:
    """Adds a custom field to an object."""

    def change(schema: Schema) -> Schema:
        object_type, name = object_of_field(schema, full_name)
        if object_type.has(name):
            message = f"There is already a field named {name.removesuffix('__c')} on {object_type.label}."
            raise MetadataRefused("DUPLICATE_DEVELOPER_NAME", message, "DeveloperName")
        field = custom_field(schema, object_type, name, definition)
        if is_master_detail(field) and org.store.count(object_type.name):
            message = "Cannot create a master-detail field on an object that has records"
            raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message, "Type")
        return _with_new_field(schema, object_type.name, field)

    _change(org, change, [definition])


def update_field(org: Org, full_name: str, definition: FieldDefinition) -> None:
    """Gives a custom field another definition; the values that fit its new type stay."""

    _change(org, lambda schema: _with_changed_field(schema, full_name, definition), [definition])


def delete_field(org: Org, full_name: str) -> None:
    """Deletes a custom field with its values."""

    def change(schema: Schema) -> Schema:
        object_type, field = custom_field_of(schema, full_name)
        _check_unused(schema, object_type, field)
        return with_custom_fields(without_field(schema, object_type.name, field.name))

    with org.store.writing() as write:
        object_type, field = custom_field_of(org.schema, full_name)
        org.store.change_schema(change)
        take_back(write, object_type.name, field.name)


def create_object(org: Org, name: str, definition: ObjectDefinition, user_id: str) -> None:
    """Makes a custom object, with the fields that its definition brings along."""

    def change(schema: Schema) -> Schema:
        if schema.object(name) is not None:
            message = f"There is already a Custom Object named {name.removesuffix('__c')}."
            raise MetadataRefused("DUPLICATE_DEVELOPER_NAME", message, "DeveloperName")
        return _with_fields(with_object(schema, custom_object(schema, name, definition)), name, definition)

    with org.store.writing() as write:
        after = org.store.change_schema(change)
        give_object_to_administrators(org.store, write, after.require(name), user_id)


def update_object(org: Org, name: str, definition: ObjectDefinition) -> None:
    """Gives a custom object another definition; adds to any object, or changes, the custom fields that it names."""

    def change(schema: Schema) -> Schema:
        object_type = schema.object(name)
        if object_type is None:
            raise no_such("CustomObject", name)
        if object_type.custom:
            schema = with_object(schema, custom_object(schema, object_type.name, definition))
        return _with_fields(schema, object_type.name, definition)

    _change(org, change, definition.fields or ())


def delete_object(org: Org, name: str) -> None:
    """Deletes a custom object, its records, and the fields of others that refer to it."""

    def change(schema: Schema) -> Schema:
        return with_custom_fields(without_object(schema, custom_object_of(schema, name).name))

    with org.store.writing() as write:
        object_type = custom_object_of(org.schema, name)
        org.store.change_schema(change)
        take_back(write, object_type.name)


def custom_field_of(schema: Schema, full_name: str) -> tuple[ObjectType, Field]:
    """The custom field of that full name, with its object. Raises MetadataRefused where there is none."""
    object_name, _, name = full_name.partition(".")
    object_type = schema.object(object_name)
    field = object_type.field(name) if object_type else None
    if object_type is None or field is None or not is_component(field):
        raise no_such("CustomField", full_name)
    return object_type, field


def custom_object_of(schema: Schema, name: str) -> ObjectType:
    """The custom object of that name. Raises MetadataRefused where there is none."""
    found = schema.object(name)
    if found is None or not found.custom:
        raise no_such("CustomObject", name)
    return found


def no_such(kind: str, full_name: str) -> MetadataRefused:
    return MetadataRefused("INVALID_CROSS_REFERENCE_KEY", f"no {kind} named {full_name} found")


def _change(org: Org, change: Callable[[Schema], Schema], fields: Iterable[FieldDefinition]) -> None:
    """Changes the schema, and computes the roll-up summaries where there is one among the fields."""
    with org.store.writing() as write:
        after = org.store.change_schema(lambda schema: with_custom_fields(change(schema)))
        if any(each.type == "Summary" for each in fields):
            refresh_all(write.connection, after)


def _with_fields(schema: Schema, name: str, definition: ObjectDefinition) -> Schema:
    for each in definition.fields or ():
        if not each.full_name.endswith("__c"):
            continue  # standard fields come along when an object is read, and go back with it
        object_type = schema.require(name)
        standing = object_type.field(each.full_name)
        if standing is None:
            schema = _with_new_field(schema, name, custom_field(schema, object_type, each.full_name, each))
        elif not _is_as_told(standing, each):
            schema = _with_changed_field(schema, f"{name}.{each.full_name}", each)
    return schema


def _is_as_told(field: Field, definition: NamedField) -> bool:
    """Whether the definition is what the org says of the field, such as comes back with an object that was read."""
    told = FieldDefinition.model_validate(definition_of(field))
    return definition.model_dump(exclude={"full_name"}) == told.model_dump()


def _with_changed_field(schema: Schema, full_name: str, definition: FieldDefinition) -> Schema:
    object_type, standing = custom_field_of(schema, full_name)
    field = custom_field(schema, object_type, standing.name, definition)
    if not _converts(standing, field):
        message = f"Cannot change field type from {standing.type} to {field.type}"
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message, "Type")
    if field.type != standing.type:
        _check_unused(schema, object_type, standing)
    return with_field(schema, object_type.name, field)


def _with_new_field(schema: Schema, name: str, field: Field) -> Schema:
    """Adds the field, and the parts of a location, to no page; the detail of a master has no owner of its own."""
    added = with_object(schema, arranged(schema.require(name)))
    for part in (*(location_parts(field) if field.type == "location" else ()), field):
        added = with_field(added, name, part)
    return without_field(added, name, "OwnerId") if is_master_detail(field) else added


def _converts(old: Field, new: Field) -> bool:
    if old.sql or new.sql or old.roll_up or new.roll_up:
        return bool(old.sql) == bool(new.sql) and bool(old.roll_up) == bool(new.roll_up)
    if old.type == new.type or (old.type, new.type) in _WIDER:
        return old.to == new.to
    return any(old.type in group and new.type in group for group in _CONVERSIONS)


def _check_unused(schema: Schema, object_type: ObjectType, field: Field) -> None:
    """Raises MetadataRefused for a field whose end, or change of type, would break what reads it."""
    for user in _users_of(schema, object_type, field):
        message = f"This custom field is referenced elsewhere in salesforce.com. : {user}."
        raise MetadataRefused("DEPENDENCY_EXISTS", message)


def _users_of(schema: Schema, object_type: ObjectType, field: Field) -> Iterator[str]:
    """The formulas, roll-ups and validation rules that read the field."""
    word = re.compile(rf"\b{re.escape(field.name)}\b")
    for owner in schema.objects:
        for each in owner.fields:
            own_formula = owner is object_type and each is not field and word.search(each.sql or "")
            up = each.roll_up
            rolled_up = up and up.of == object_type.name and (field.name in (up.by, up.field) or word.search(up.where))
            parent = each.parent and (
                (owner is object_type and each.parent.by == field.name) or word.search(each.parent.sql)
            )
            if own_formula or rolled_up or parent:
                yield f"Field - {owner.name}.{each.name}"
    for rule in object_type.rules:
        if rule.field == field.name or word.search(rule.sql):
            yield f"Validation Rule - {object_type.name}.{rule.name}"
