"""Profiles and permission sets as the Metadata API names them; the records behind them are saved like any others.

What a definition does not name stays as it is.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from sf_elt.demo_org.access.view import has_object_permissions, has_own_permission
from sf_elt.demo_org.metadata.change import no_such, object_of_field
from sf_elt.demo_org.metadata.definitions import as_list
from sf_elt.demo_org.metadata.refusal import MetadataRefused
from sf_elt.demo_org.org import Org
from sf_elt.demo_org.saving import Operation, save
from sf_elt.demo_org.tables import quote, table

_FULL_NAMES = {"System Administrator": "Admin", "Standard User": "Standard"}
_OBJECT_RIGHTS = {
    "allowCreate": "PermissionsCreate",
    "allowDelete": "PermissionsDelete",
    "allowEdit": "PermissionsEdit",
    "allowRead": "PermissionsRead",
    "modifyAllRecords": "PermissionsModifyAllRecords",
    "viewAllRecords": "PermissionsViewAllRecords",
}
_FIELD_RIGHTS = {"editable": "PermissionsEdit", "readable": "PermissionsRead"}


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ObjectPermission(_Part):
    object: str
    allow_create: bool = False
    allow_delete: bool = False
    allow_edit: bool = False
    allow_read: bool = False
    modify_all_records: bool = False
    view_all_records: bool = False


class FieldPermission(_Part):
    field: str
    editable: bool = False
    readable: bool = False


class UserPermission(_Part):
    name: str
    enabled: bool


class PermissionsDefinition(_Part):
    """A profile or permission set, as far as the demo org gives it a meaning."""

    label: str | None = None
    description: str | None = None
    object_permissions: Annotated[list[ObjectPermission], BeforeValidator(as_list)] = []
    field_permissions: Annotated[list[FieldPermission], BeforeValidator(as_list)] = []
    user_permissions: Annotated[list[UserPermission], BeforeValidator(as_list)] = []


def read_permission_set(org: Org, full_name: str) -> Mapping[str, object]:
    return _read(org, _found(permission_sets(org), "PermissionSet", full_name), with_label=True)


def read_profile(org: Org, full_name: str) -> Mapping[str, object]:
    return _read(org, _found(profiles(org), "Profile", full_name), with_label=False)


def create_permission_set(org: Org, full_name: str, members: Mapping[str, object], user_id: str) -> None:
    definition = PermissionsDefinition.model_validate(members)
    if not definition.label:
        raise MetadataRefused("REQUIRED_FIELD_MISSING", "Required field is missing: label", "label")
    if full_name.lower() in (name.lower() for name in permission_sets(org)):
        message = "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
        raise MetadataRefused("DUPLICATE_DEVELOPER_NAME", message, "fullName")
    record = {"Name": full_name, "Label": definition.label, "Description": definition.description}
    with org.store.writing():
        set_id = _save(org, user_id, "PermissionSet", "insert", record)
        _apply(org, set_id, definition, user_id)


def update_permission_set(org: Org, full_name: str, members: Mapping[str, object], user_id: str) -> None:
    definition = PermissionsDefinition.model_validate(members)
    set_id = _found(permission_sets(org), "PermissionSet", full_name)
    named = {"Label": definition.label, "Description": definition.description}
    with org.store.writing():
        changed = {name: value for name, value in named.items() if value is not None}
        if changed:
            _save(org, user_id, "PermissionSet", "update", {"Id": set_id, **changed})
        _apply(org, set_id, definition, user_id)


def delete_permission_set(org: Org, full_name: str, user_id: str) -> None:
    _save(org, user_id, "PermissionSet", "delete", {"Id": _found(permission_sets(org), "PermissionSet", full_name)})


def update_profile(org: Org, full_name: str, members: Mapping[str, object], user_id: str) -> None:
    set_id = _found(profiles(org), "Profile", full_name)
    with org.store.writing():
        _apply(org, set_id, PermissionsDefinition.model_validate(members), user_id)


def permission_sets(org: Org) -> dict[str, str]:
    """The Id of each permission set that no profile owns, by its name."""
    query = f'SELECT "Name", "Id" FROM {table("PermissionSet")} WHERE NOT "IsDeleted" AND NOT "IsOwnedByProfile"'
    with org.store.reading() as connection:
        return dict(connection.execute(f'{query} ORDER BY "Id"').fetchall())


def profiles(org: Org) -> dict[str, str]:
    """The Id of the permission set that each profile owns, by the profile's name in the Metadata API."""
    query = (
        f'SELECT profile."Name", owned."Id" FROM {table("Profile")} AS profile '
        f'JOIN {table("PermissionSet")} AS owned ON owned."ProfileId" = profile."Id" ORDER BY profile."Id"'
    )
    with org.store.reading() as connection:
        found = connection.execute(query).fetchall()
    return {_FULL_NAMES.get(name, name): set_id for name, set_id in found}


def _found(sets: Mapping[str, str], kind: str, full_name: str) -> str:
    for name, set_id in sets.items():
        if name.lower() == full_name.lower():
            return set_id
    raise no_such(kind, full_name)


def _read(org: Org, set_id: str, *, with_label: bool) -> Mapping[str, object]:
    members: dict[str, object] = {
        "objectPermissions": [
            {"object": subject, **dict(zip(_OBJECT_RIGHTS, rights, strict=True))}
            for subject, *rights in _rows(org, "ObjectPermissions", "SobjectType", _OBJECT_RIGHTS, set_id)
        ],
        "fieldPermissions": [
            {"field": subject, **dict(zip(_FIELD_RIGHTS, rights, strict=True))}
            for subject, *rights in _rows(org, "FieldPermissions", "Field", _FIELD_RIGHTS, set_id)
        ],
    }
    granted = [each.name for each in org.schema.require("PermissionSet").fields if each.name.startswith("Permissions")]
    columns = ", ".join(map(quote, ("Label", "Description", *granted)))
    with org.store.reading() as connection:
        query = f'SELECT {columns} FROM {table("PermissionSet")} WHERE "Id" = ?'
        [(label, description, *flags)] = connection.execute(query, [set_id]).fetchall()
    members["userPermissions"] = [
        {"enabled": True, "name": name.removeprefix("Permissions")}
        for name, flag in zip(granted, flags, strict=True)
        if flag
    ]
    if with_label:
        members["label"] = label
    return members if description is None else {**members, "description": description}


def _rows(org: Org, object_name: str, subject: str, rights: Mapping[str, str], set_id: str) -> list[tuple[object, ...]]:
    columns = ", ".join(map(quote, (subject, *rights.values())))
    query = f'SELECT {columns} FROM {table(object_name)} WHERE "ParentId" = ? AND NOT "IsDeleted" ORDER BY 1'
    with org.store.reading() as connection:
        return connection.execute(query, [set_id]).fetchall()


def _apply(org: Org, set_id: str, definition: PermissionsDefinition, user_id: str) -> None:
    for permission in definition.object_permissions:
        object_type = org.schema.object(permission.object)
        if object_type is None or not has_object_permissions(object_type):
            raise no_such("CustomObject", permission.object)
        granted = permission.model_dump(by_alias=True)
        rights = {column: granted[name] for name, column in _OBJECT_RIGHTS.items()}
        _set(org, "ObjectPermissions", {"ParentId": set_id, "SobjectType": object_type.name}, rights, user_id)
    for each in definition.field_permissions:
        object_type, name = object_of_field(org.schema, each.field)
        field = object_type.field(name)
        if field is None:
            raise no_such("CustomField", each.field)
        if not has_own_permission(field):
            message = f"You cannot deploy to a required field: {each.field}"
            raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message, "field")
        subject = {"ParentId": set_id, "SobjectType": object_type.name, "Field": f"{object_type.name}.{field.name}"}
        rights = {"PermissionsRead": each.readable or each.editable, "PermissionsEdit": each.editable}
        _set(org, "FieldPermissions", subject, rights, user_id)
    known = {f"Permissions{each.name}": each.enabled for each in definition.user_permissions}
    stored = {name: flag for name, flag in known.items() if org.schema.require("PermissionSet").has(name)}
    if stored:
        _save(org, user_id, "PermissionSet", "update", {"Id": set_id, **stored})


def _set(org: Org, object_name: str, subject: Mapping[str, object], rights: Mapping[str, object], user_id: str) -> None:
    """Makes, changes or, where it grants nothing, deletes the record that gives a permission set its rights."""
    conditions = " AND ".join(f"{quote(name)} = ?" for name in subject)
    query = f'SELECT "Id" FROM {table(object_name)} WHERE {conditions} AND NOT "IsDeleted"'
    with org.store.reading() as connection:
        found = connection.execute(query, list(subject.values())).fetchall()
    if not any(rights.values()):
        for (record_id,) in found:
            _save(org, user_id, object_name, "delete", {"Id": record_id})
    elif found:
        _save(org, user_id, object_name, "update", {"Id": found[0][0], **rights})
    else:
        _save(org, user_id, object_name, "insert", {**subject, **rights})


def _save(org: Org, user_id: str, object_name: str, operation: Operation, record: Mapping[str, object]) -> str:
    """Saves one record and gives its Id. Raises MetadataRefused with the first reason where it is refused."""
    [outcome] = save(org.store, user_id, object_name, operation, [record])
    if outcome.id is None or not outcome.success:
        first = outcome.errors[0]
        raise MetadataRefused(first.status_code, first.message, *first.fields)
    return outcome.id
