"""The kinds of components that the Metadata API reads and changes, each with the same five operations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from sf_elt.demo_org.metadata import layouts, permissions, validation_rules
from sf_elt.demo_org.metadata.change import (
    create_field,
    create_object,
    custom_field_of,
    delete_field,
    delete_object,
    no_such,
    update_field,
    update_object,
)
from sf_elt.demo_org.metadata.component_ids import field_id, object_id
from sf_elt.demo_org.metadata.definitions import FieldDefinition, ObjectDefinition
from sf_elt.demo_org.metadata.fields import definition_of, is_component
from sf_elt.demo_org.metadata.objects import object_definition
from sf_elt.demo_org.metadata.refusal import MetadataRefused, not_supported
from sf_elt.demo_org.org import Org

Members = Mapping[str, object]


@dataclass(frozen=True)
class Kind:
    """One kind of component: `ids` by their full names, and what is done to one of them.

    What cannot be done raises MetadataRefused, or pydantic.ValidationError where a member is not what it should be.
    """

    shape: type[BaseModel]
    ids: Callable[[Org], Mapping[str, str]]
    read: Callable[[Org, str], Members]
    create: Callable[[Org, str, Members, str], None]
    update: Callable[[Org, str, Members, str], None]
    delete: Callable[[Org, str, str], None]
    folder: str = "objects"
    suffix: str = "object"
    inside: tuple[str, ...] = ()

    def exists(self, org: Org, full_name: str) -> bool:
        """Whether there is such a component, in any letter case."""
        return full_name.lower() in (each.lower() for each in self.ids(org))


def _field_ids(org: Org) -> Mapping[str, str]:
    fields = ((each, field) for each in org.schema.objects for field in each.fields if is_component(field))
    return {f"{each.name}.{field.name}": field_id(each, field) for each, field in fields}


def _read_field(org: Org, full_name: str) -> Members:
    _, field = custom_field_of(org.schema, full_name)
    return definition_of(field)


def _create_field(org: Org, full_name: str, members: Members, _user_id: str) -> None:
    create_field(org, full_name, FieldDefinition.model_validate(members))


def _update_field(org: Org, full_name: str, members: Members, _user_id: str) -> None:
    update_field(org, full_name, FieldDefinition.model_validate(members))


def _delete_field(org: Org, full_name: str, _user_id: str) -> None:
    delete_field(org, full_name)


def _object_ids(org: Org) -> Mapping[str, str]:
    """Standard objects have no Id of their own."""
    shown = (each for each in org.schema.objects if each.custom or each.layoutable)
    return {each.name: object_id(each) if each.custom else "" for each in shown}


def _read_object(org: Org, full_name: str) -> Members:
    found = org.schema.object(full_name)
    if found is None:
        raise no_such("CustomObject", full_name)
    return object_definition(found)


def _create_object(org: Org, full_name: str, members: Members, user_id: str) -> None:
    create_object(org, full_name, ObjectDefinition.model_validate(members), user_id)


def _update_object(org: Org, full_name: str, members: Members, _user_id: str) -> None:
    update_object(org, full_name, ObjectDefinition.model_validate(members))


def _delete_object(org: Org, full_name: str, _user_id: str) -> None:
    delete_object(org, full_name)


def _not_made(org: Org, full_name: str, members: Members, user_id: str) -> None:
    raise not_supported("Creating a Profile")


def _not_deleted(org: Org, full_name: str, user_id: str) -> None:
    raise not_supported("Deleting a Profile")


KINDS: Mapping[str, Kind] = {
    "CustomField": Kind(FieldDefinition, _field_ids, _read_field, _create_field, _update_field, _delete_field),
    "CustomObject": Kind(
        ObjectDefinition,
        _object_ids,
        _read_object,
        _create_object,
        _update_object,
        _delete_object,
        inside=("CustomField", "ValidationRule"),
    ),
    "ValidationRule": Kind(
        validation_rules.RuleDefinition,
        validation_rules.rule_ids,
        validation_rules.read_rule,
        validation_rules.create_rule,
        validation_rules.update_rule,
        validation_rules.delete_rule,
    ),
    "Layout": Kind(
        layouts.LayoutDefinition,
        layouts.layout_ids,
        layouts.read_layout,
        layouts.create_layout,
        layouts.update_layout,
        layouts.delete_layout,
        folder="layouts",
        suffix="layout",
    ),
    "PermissionSet": Kind(
        permissions.PermissionsDefinition,
        permissions.permission_sets,
        permissions.read_permission_set,
        permissions.create_permission_set,
        permissions.update_permission_set,
        permissions.delete_permission_set,
        folder="permissionsets",
        suffix="permissionset",
    ),
    "Profile": Kind(
        permissions.PermissionsDefinition,
        permissions.profiles,
        permissions.read_profile,
        _not_made,
        permissions.update_profile,
        _not_deleted,
        folder="profiles",
        suffix="profile",
    ),
}


def kind_named(name: str) -> Kind:
    """The kind of that name. Raises MetadataRefused for one that the demo org does not know."""
    found = KINDS.get(name)
    if found is None:
        raise MetadataRefused("INVALID_TYPE", f"Unknown type name '{name}' specified")
    return found


def unreadable(error: ValidationError) -> MetadataRefused:
    """A member that is not what its type wants."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "literal_error":
        return MetadataRefused("INVALID_TYPE", f"'{first['input']}' is not a valid value for {where}")
    return MetadataRefused("INVALID_TYPE", f"{where}: {first['msg']}")
