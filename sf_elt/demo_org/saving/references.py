"""The records that a batch refers to: found by external ids that clients gave, refused where they cannot be meant."""

from collections.abc import Sequence

import duckdb

from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.saving.cells import Cell
from sf_elt.demo_org.saving.lookup import ids_by_value, read_existing
from sf_elt.demo_org.saving.parents import ParentKey
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import Field, ObjectType, Schema


def find_parents(connection: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> None:
    """Puts the Ids of the records that external ids mean into the rows' cells."""
    wanted: dict[tuple[str, str], list[tuple[Row, str, ParentKey]]] = {}
    for row in rows:
        for name, parent in row.parents.items():
            if name in row.cells:
                message = (
                    f"Cannot specify both an external ID reference {parent.relationship} and a salesforce id, {name}"
                )
                row.refuse("INVALID_FIELD", message, name)
            else:
                wanted.setdefault((parent.object_type.name, parent.key.name), []).append((row, name, parent))
    for asking in wanted.values():
        _, _, first = asking[0]
        values = {parent.value for _, _, parent in asking}
        found = _by_id(values) if first.key.type == "id" else None
        if found is None:
            found = ids_by_value(connection, first.object_type, first.key, values)
        for row, name, parent in asking:
            _use_parent(row, name, parent, found.get(parent.value, []))


def _by_id(values: set[str]) -> dict[str, list[str]]:
    return {value: [record_id] for value in values if (record_id := normalise(value))}


def _use_parent(row: Row, name: str, parent: ParentKey, ids: Sequence[str]) -> None:
    if not ids:
        message = (
            f"Foreign key external ID: {parent.given} not found for field {parent.key.name} in entity "
            f"{parent.object_type.name}"
        )
        row.refuse("INVALID_FIELD", message)
    elif len(ids) > 1:
        message = f"{parent.key.name}: more than one record found for external id field: [{', '.join(ids)}]"
        row.refuse("DUPLICATE_EXTERNAL_ID", message, parent.key.name)
    else:
        row.cells[name] = ids[0]


def check_references(
    connection: duckdb.DuckDBPyConnection, schema: Schema, object_type: ObjectType, rows: Sequence[Row]
) -> None:
    """Refuses references to records that are of the wrong object, are not there, are deleted or may own nothing."""
    named = {name for row in rows for name in row.cells}
    references = [each for each in object_type.stored_fields if each.type == "reference" and each.name in named]
    if not references:
        return
    wanted: dict[str, set[str]] = {}
    asking: list[tuple[Row, Field, str]] = []
    for row in rows:
        for each in references:
            record_id = row.cells.get(each.name)
            if row.errors or not isinstance(record_id, str) or record_id == row.existing.get(each.name):
                continue
            target = schema.object_of_id(record_id)
            if target is None or target.name not in each.to:
                message = f"{each.label}: id value of incorrect type: {record_id}"
                row.refuse("FIELD_INTEGRITY_EXCEPTION", message, each.name)
            elif record_id == row.known_id:
                row.refuse("CIRCULAR_DEPENDENCY", "attempt to violate hierarchy constraints", each.name)
            else:
                wanted.setdefault(target.name, set()).add(record_id)
                asking.append((row, each, record_id))
    standing = {
        record_id: record
        for name, ids in wanted.items()
        for record_id, record in read_existing(connection, schema.require(name), ids).items()
    }
    for row, each, record_id in asking:
        if not row.errors:
            _check_reference(object_type, row, each, standing.get(record_id), record_id)


def _check_reference(
    object_type: ObjectType, row: Row, reference: Field, record: dict[str, Cell] | None, record_id: str
) -> None:
    if record is None:
        row.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", reference.name)
    elif record.get("IsDeleted"):
        row.refuse("ENTITY_IS_DELETED", "entity is deleted", reference.name)
    elif reference.name == "OwnerId" and record.get("IsActive") is False and record_id.startswith("005"):
        message = f"operation performed with inactive user [{record_id[:15]}] as owner of {object_type.name.lower()}"
        row.refuse("INACTIVE_OWNER_OR_USER", message, reference.name)
