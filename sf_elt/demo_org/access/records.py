"""The records behind a new org's permissions: three profiles, and each with the permission set that it owns.

| Profile                      | Objects                     | Fields that can be secured |
|------------------------------|-----------------------------|----------------------------|
| System Administrator         | everything                  | all editable               |
| Standard User                | create, read, edit, delete  | all editable               |
| Minimum Access - Salesforce  | nothing                     | none                       |
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Iterable, Sequence
from datetime import datetime

import pyarrow as pa

from sf_elt.demo_org.access.view import has_field_permissions, has_object_permissions, has_own_permission
from sf_elt.demo_org.schema import Field, ObjectType
from sf_elt.demo_org.store import Store, Writing
from sf_elt.demo_org.tables import insert_rows, table

ADMINISTRATOR, STANDARD_USER, MINIMUM_ACCESS = (
    "System Administrator",
    "Standard User",
    "Minimum Access - Salesforce",
)
_ADMINISTRATOR_MAY = (
    "BulkApiHardDelete", "CustomizeApplication", "ManageUsers", "ModifyAllData", "ViewAllData", "ViewSetup",
)  # fmt: skip
_OBJECT_RIGHTS = ("Create", "Read", "Edit", "Delete")
_ALL_RECORDS = ("ViewAllRecords", "ModifyAllRecords")


def give_profiles(store: Store, now: datetime) -> None:
    """Makes the profiles of a new org and gives every user one.

    The first active user becomes an administrator, all others who have no profile yet Standard Users.
    """
    with store.reading() as connection:
        [(administrator,)] = connection.execute(f'SELECT min("Id") FROM {table("User")} WHERE "IsActive"').fetchall()
    sets = dict(zip((ADMINISTRATOR, STANDARD_USER, MINIMUM_ACCESS), store.next_ids("PermissionSet", 3), strict=True))
    profiles = dict(zip(sets, store.next_ids("Profile", 3), strict=True))
    secured = [each for each in store.schema.objects if has_field_permissions(each)]
    fields = ((each, field) for each in secured for field in each.fields if has_own_permission(field))
    owners = (sets[ADMINISTRATOR], sets[STANDARD_USER])
    rows = {
        "Profile": [
            {"Id": record_id, "Name": name, "UserType": "Standard", **_permissions(name)}
            for name, record_id in profiles.items()
        ],
        "PermissionSet": [
            {
                "Id": record_id,
                "Name": f"X{record_id[:15]}",
                "Label": record_id[:15],
                "ProfileId": profiles[name],
                "IsOwnedByProfile": True,
                "Type": "Profile",
                **_permissions(name),
            }
            for name, record_id in sets.items()
        ],
        "ObjectPermissions": _object_permissions(secured, owners, sets[ADMINISTRATOR]),
        "FieldPermissions": _field_permissions(fields, owners),
    }
    with store.writing() as write:
        for object_name, records in rows.items():
            _insert(store, write, object_name, records, administrator, now.replace(tzinfo=None, microsecond=0))
        write.connection.execute(
            f'UPDATE {table("User")} SET "ProfileId" = CASE WHEN "Id" = $administrator THEN $first ELSE $other END',
            {"administrator": administrator, "first": profiles[ADMINISTRATOR], "other": profiles[STANDARD_USER]},
        )
        write.saved.add("User")


def _permissions(profile: str) -> dict[str, object]:
    return {
        "PermissionsApiEnabled": True,
        **{f"Permissions{each}": profile == ADMINISTRATOR for each in _ADMINISTRATOR_MAY},
    }


def give_object_to_administrators(store: Store, write: Writing, object_type: ObjectType, user_id: str) -> None:
    """What "Modify All Data" brings along for a new object. Its fields' security is another matter."""
    owners = write.connection.execute(
        f'SELECT "Id" FROM {table("PermissionSet")} WHERE "PermissionsModifyAllData" AND NOT "IsDeleted"'
    ).fetchall()
    for (owner,) in owners:
        rows = _object_permissions([object_type], [owner], owner)
        _insert(store, write, "ObjectPermissions", rows, user_id, write.now)


def take_back(write: Writing, object_name: str, field_name: str | None = None) -> None:
    """Removes the permissions of an object, or of a field, that is no more."""
    if field_name is None:
        for name in ("ObjectPermissions", "FieldPermissions"):
            write.connection.execute(f'DELETE FROM {table(name)} WHERE "SobjectType" = ?', [object_name])
            write.saved.add(name)
    else:
        field = f"{object_name}.{field_name}"
        write.connection.execute(f'DELETE FROM {table("FieldPermissions")} WHERE "Field" = ?', [field])
        write.saved.add("FieldPermissions")


def _object_permissions(
    objects: Sequence[ObjectType], owners: Sequence[str], administrator: str
) -> list[dict[str, object]]:
    return [
        {
            "ParentId": owner,
            "SobjectType": each.name,
            **{f"Permissions{right}": True for right in _OBJECT_RIGHTS},
            **{f"Permissions{right}": owner == administrator for right in _ALL_RECORDS},
        }
        for owner in owners
        for each in objects
        if has_object_permissions(each)
    ]


def _field_permissions(fields: Iterable[tuple[ObjectType, Field]], owners: Sequence[str]) -> list[dict[str, object]]:
    return [
        {
            "ParentId": owner,
            "SobjectType": each.name,
            "Field": f"{each.name}.{field.name}",
            "PermissionsRead": True,
            "PermissionsEdit": not field.calculated,
        }
        for each, field in fields
        for owner in owners
    ]


def _insert(
    store: Store, write: Writing, object_name: str, rows: list[dict[str, object]], user_id: str, now: datetime
) -> None:
    """Adds whole records as the user would have left them."""
    object_type = store.schema.require(object_name)
    touched = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), now)
    by = dict.fromkeys(("CreatedById", "LastModifiedById"), user_id)
    audit = {name: value for name, value in (touched | by).items() if object_type.has(name)}
    fresh = iter(store.next_ids(object_name, sum("Id" not in row for row in rows)))
    whole = [{"Id": row.get("Id") or next(fresh), **row, **audit} for row in rows]
    insert_rows(write.connection, object_type, pa.Table.from_pylist(whole))
    write.saved.add(object_name)
