"""Records of ObjectPermissions, FieldPermissions and PermissionSetAssignment: what they may say, each of them once.

As the Object Reference has it: a permission brings those along that it depends on, and none is no record.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Iterable, Mapping, Sequence

import duckdb

from sf_elt.demo_org.access.view import has_field_permissions, has_object_permissions, has_own_permission
from sf_elt.demo_org.saving.cells import Cell
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import ObjectType, Schema
from sf_elt.demo_org.tables import quote, table

_ONCE = {
    "ObjectPermissions": ("ParentId", "SobjectType"),
    "FieldPermissions": ("ParentId", "Field"),
    "PermissionSetAssignment": ("PermissionSetId", "AssigneeId"),
}
_DEPENDS_ON: Mapping[str, tuple[str, ...]] = {
    "Create": ("Read",),
    "Edit": ("Read",),
    "Delete": ("Read", "Edit"),
    "ViewAllRecords": ("Read",),
    "ModifyAllRecords": ("Read", "Edit", "Delete", "ViewAllRecords"),
}
_WORDS = {"ViewAllRecords": "Read All", "ModifyAllRecords": "Modify All"}


def check_permission_records(
    connection: duckdb.DuckDBPyConnection, schema: Schema, object_type: ObjectType, rows: Sequence[Row]
) -> None:
    """Refuses what grants something that does not exist, grants it twice, or not all that it takes."""
    key = _ONCE.get(object_type.name)
    if key is None:
        return
    new = [row for row in rows if row.created and not row.errors]
    _check_subjects(schema, object_type, new)
    _check_once(connection, object_type, key, new)
    if object_type.name != "PermissionSetAssignment":
        _check_rights(connection, object_type, rows)


def _check_subjects(schema: Schema, object_type: ObjectType, rows: Iterable[Row]) -> None:
    for row in rows:
        named = row.cells.get("SobjectType")
        subject = schema.object(str(named)) if named is not None else None
        if object_type.name == "ObjectPermissions" and not (subject and has_object_permissions(subject)):
            row.refuse(*_bad_value("Sobject Type Name", named), "SobjectType")
        elif object_type.name == "FieldPermissions":
            owner, _, name = str(row.cells.get("Field")).partition(".")
            field = subject.field(name) if subject and subject.name.lower() == owner.lower() else None
            if subject is None or not has_field_permissions(subject):
                row.refuse(*_bad_value("Sobject Type Name", named), "SobjectType")
            elif field is None or not has_own_permission(field):
                row.refuse(*_bad_value("Field Name", row.cells.get("Field")), "Field")


def _bad_value(label: str, value: Cell) -> tuple[str, str]:
    return "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"{label}: bad value for restricted picklist field: {value}"


def _check_once(
    connection: duckdb.DuckDBPyConnection, object_type: ObjectType, key: tuple[str, str], rows: Sequence[Row]
) -> None:
    owners = [row.cells.get(key[0]) for row in rows]
    query = (
        f'SELECT {quote(key[0])}, lower({quote(key[1])}), "Id" FROM {table(object_type.name)} '
        f'WHERE {quote(key[0])} IN (SELECT unnest(?)) AND NOT "IsDeleted"'
    )
    held: dict[tuple[Cell, str], str] = {}
    held |= {
        (owner, subject): record_id for owner, subject, record_id in connection.execute(query, [owners]).fetchall()
    }
    for row in rows:
        if row.errors:
            continue
        subject = (row.cells.get(key[0]), str(row.cells.get(key[1])).lower())
        if subject in held:
            other = held[subject][:15] or "<unknown>"
            message = f"duplicate value found: {key[0]} duplicates value on record with id: {other}"
            row.refuse("DUPLICATE_VALUE", message, key[0])
        else:
            held[subject] = ""


def _check_rights(connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: Iterable[Row]) -> None:
    rights = [each.name for each in object_type.fields if each.name.startswith("Permissions")]
    for row in rows:
        if row.errors:
            continue
        standing: Mapping[str, Cell] = {}
        if not row.created:
            columns = ", ".join(map(quote, rights))
            query = f'SELECT {columns} FROM {table(object_type.name)} WHERE "Id" = ?'
            [values] = connection.execute(query, [row.id]).fetchall()
            standing = dict(zip(rights, values, strict=True))
        granted = {name.removeprefix("Permissions") for name in rights if row.cells.get(name, standing.get(name))}
        if not granted:
            row.refuse(
                "FIELD_INTEGRITY_EXCEPTION", "At least one permission must be granted: delete the record instead"
            )
        for each in sorted(granted):
            lacking = [name for name in _DEPENDS_ON[each] if name not in granted] if each in _DEPENDS_ON else []
            if lacking:
                needed = ", ".join(_WORDS.get(name, name) for name in lacking)
                message = f"Permission {_WORDS.get(each, each)} depends on permission(s): {needed}"
                row.refuse("FIELD_INTEGRITY_EXCEPTION", message)
                break
