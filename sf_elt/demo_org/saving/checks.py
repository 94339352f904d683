"""What the org itself has to say about a batch: records that are not there, references, duplicates, required fields."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections import Counter
from collections.abc import Iterable, Sequence

import duckdb

from sf_elt.demo_org.saving.batch import READ_ONLY, Row
from sf_elt.demo_org.saving.cells import Cell
from sf_elt.demo_org.saving.outcome import Operation
from sf_elt.demo_org.schema import Field, ObjectType, Schema
from sf_elt.demo_org.store import quote, table


def find_by_external_id(
    connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: Sequence[Row], key: Field
) -> None:
    """Finds the records that an upsert means; rows that find none become new records."""
    if key.type == "id":
        return
    found = _by_value(connection, object_type, key, _texts(rows, key))
    twice = {value for value, count in Counter(_text(row, key) for row in rows).items() if count > 1}
    for row in rows:
        value = _text(row, key)
        if value is None:
            if not row.errors:
                row.refuse("MISSING_ARGUMENT", f"{key.name} not specified", key.name)
        elif value in twice:
            row.refuse("DUPLICATE_VALUE", f"Duplicate external id specified: {row.cells[key.name]}", key.name)
        elif len(ids := found.get(value, [])) > 1:
            message = f"{key.name}: more than one record found for external id field: [{', '.join(ids)}]"
            row.refuse("DUPLICATE_EXTERNAL_ID", message, key.name)
        else:
            row.known_id = ids[0] if ids else None
            row.created = not ids


def check_existing(
    connection: duckdb.DuckDBPyConnection, object_type: ObjectType, operation: Operation, rows: Sequence[Row]
) -> None:
    """Reads the records that the rows mean to change, and refuses rows whose record is gone, deleted or converted."""
    standing = [row for row in rows if row.known_id is not None and not row.created and not row.errors]
    if not standing:
        return
    ids = [row.id for row in standing]
    existing = _read(connection, object_type, ids, {name for row in standing for name in row.cells})
    twice = {record_id for record_id, count in Counter(ids).items() if count > 1}
    for row in standing:
        record = existing.get(row.id)
        if record is None:
            row.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        elif row.id in twice:
            row.refuse("DUPLICATE_VALUE", f"duplicate id in list: {row.id}", "Id")
        elif operation == "undelete":
            if not record["IsDeleted"]:
                row.refuse("UNDELETE_FAILED", "Entity is not in the recycle bin")
        elif record.get("IsDeleted"):
            row.refuse("ENTITY_IS_DELETED", "entity is deleted")
        elif record.get("IsConverted") and operation in ("update", "upsert"):
            row.refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        if record is not None:
            row.existing = record


def check_writable(object_type: ObjectType, rows: Iterable[Row]) -> None:
    """Refuses upserts that set what only a new record may say, or only an existing one."""
    for row in rows:
        fields = [found for name in row.cells if (found := object_type.field(name))]
        wrong = [each.name for each in fields if not (each.createable if row.created else each.updateable)]
        if wrong and not row.errors:
            row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", READ_ONLY.format(", ".join(wrong)), *wrong)


def check_required(object_type: ObjectType, rows: Iterable[Row]) -> None:
    """Refuses new records that lack a required field, and changes that empty one."""
    required = [each for each in object_type.fields if each.required and (each.createable or each.updateable)]
    for row in rows:
        if row.errors:
            continue
        if row.created:
            missing = [each.name for each in required if row.cells.get(each.name) is None and not _defaults(each, row)]
        else:
            missing = [each.name for each in required if each.name in row.cells and row.cells[each.name] is None]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            row.refuse("REQUIRED_FIELD_MISSING", message, *missing)


def check_references(
    connection: duckdb.DuckDBPyConnection, schema: Schema, object_type: ObjectType, rows: Sequence[Row]
) -> None:
    """Refuses references to records that are of the wrong object, are not there or are deleted."""
    references = [each for each in object_type.stored_fields if each.type == "reference"]
    wanted: dict[str, set[str]] = {}
    for row in rows:
        for each in references:
            record_id = row.cells.get(each.name)
            if row.errors or not isinstance(record_id, str) or record_id == row.existing.get(each.name):
                continue
            target = schema.object_of_id(record_id)
            if target is None or target.name not in each.to:
                message = f"{each.label}: id value of incorrect type: {record_id}"
                row.refuse("FIELD_INTEGRITY_EXCEPTION", message, each.name)
            else:
                wanted.setdefault(target.name, set()).add(record_id)
    standing = {
        record_id: record
        for name, ids in wanted.items()
        for record_id, record in _read(connection, schema.require(name), sorted(ids), set()).items()
    }
    asked = {record_id for ids in wanted.values() for record_id in ids}
    for row in rows:
        for each in references:
            record_id = row.cells.get(each.name)
            if row.errors or record_id not in asked or not isinstance(record_id, str):
                continue
            if record_id not in standing:
                row.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", each.name)
            elif standing[record_id].get("IsDeleted"):
                row.refuse("ENTITY_IS_DELETED", "entity is deleted", each.name)


def check_unique(connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Refuses values of unique fields that another record has, in the org or earlier in the batch."""
    for key in (each for each in object_type.stored_fields if each.unique):
        held = _by_value(connection, object_type, key, _texts(rows, key))
        for row in rows:
            value = _text(row, key)
            if row.errors or value is None:
                continue
            others = [record_id for record_id in held.get(value, []) if record_id != row.known_id]
            if others:
                message = f"duplicate value found: {key.name} duplicates value on record with id: {others[0][:15]}"
                row.refuse("DUPLICATE_VALUE", message, key.name)
            elif row.known_id is None:
                held[value] = ["<unknown>"]
            else:
                held[value] = [row.known_id]


def _defaults(each: Field, row: Row) -> bool:
    """Whether a new record gets the field by itself; an explicit null is no reason to."""
    return each.defaulted and each.name not in row.cells


def _read(
    connection: duckdb.DuckDBPyConnection, object_type: ObjectType, ids: Sequence[str], names: set[str]
) -> dict[str, dict[str, Cell]]:
    """The records of those Ids, deleted ones included, with the named fields and those that decide what is allowed."""
    wanted = {"Id", *names, *(name for name in _DECIDING if object_type.has(name))}
    columns = ", ".join(quote(name) for name in sorted(wanted))
    found = connection.execute(
        f'SELECT {columns} FROM {table(object_type.name)} WHERE "Id" IN (SELECT unnest(?))', [list(ids)]
    )
    names_read = [name for name, *_ in found.description or ()]
    records = (dict(zip(names_read, values, strict=True)) for values in found.fetchall())
    return {str(record["Id"]): record for record in records}


_DECIDING = (
    "IsDeleted", "IsConverted", "StageName", "ForecastCategoryName", "Probability", "LastStageChangeDate",
    "CompletedDateTime",
)  # fmt: skip
"""What decides whether a record may be changed, and what `derive` may change with it."""


def _by_value(
    connection: duckdb.DuckDBPyConnection, object_type: ObjectType, key: Field, values: Sequence[str]
) -> dict[str, list[str]]:
    """The Ids of the records, deleted ones aside, that hold each of the values; letter case does not matter."""
    if not values:
        return {}
    alive = ' AND NOT "IsDeleted"' if object_type.has("IsDeleted") else ""
    rows = connection.execute(
        f'SELECT lower({quote(key.name)}), "Id" FROM {table(object_type.name)} '
        f'WHERE lower({quote(key.name)}) IN (SELECT unnest(?)){alive} ORDER BY "Id"',
        [list(values)],
    ).fetchall()
    found: dict[str, list[str]] = {}
    for value, record_id in rows:
        found.setdefault(value, []).append(record_id)
    return found


def _texts(rows: Iterable[Row], key: Field) -> list[str]:
    return sorted({value for row in rows if (value := _text(row, key)) is not None})


def _text(row: Row, key: Field) -> str | None:
    value = row.cells.get(key.name)
    return value.lower() if isinstance(value, str) else None
