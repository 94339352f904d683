"""What the org itself has to say about a batch: records that are not there, repeated or locked, required fields."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import duckdb

from sf_elt.demo_org.person_accounts import NAME_PARTS
from sf_elt.demo_org.rules import WriteRules
from sf_elt.demo_org.saving.event_times import times_with
from sf_elt.demo_org.saving.lookup import as_text, ids_by_value, read_existing
from sf_elt.demo_org.saving.outcome import Operation, SaveError
from sf_elt.demo_org.saving.places import partners_of
from sf_elt.demo_org.saving.rows import READ_ONLY, Row
from sf_elt.demo_org.schema import Field, ObjectType
from sf_elt.demo_org.store import Writing, table


def find_by_external_id(
    connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: Sequence[Row], key: Field
) -> None:
    """Finds the records that an upsert means; rows that find none become new records."""
    if key.type == "id":
        return
    found = ids_by_value(
        connection,
        object_type,
        key,
        sorted({value for row in rows if (value := as_text(row.cells.get(key.name))) is not None}),
    )
    twice = {value for value, count in Counter(as_text(row.cells.get(key.name)) for row in rows).items() if count > 1}
    for row in rows:
        value = as_text(row.cells.get(key.name))
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
    existing = read_existing(connection, object_type, ids, _needed(object_type, operation, standing))
    seen: set[str] = set()
    for row in standing:
        record = existing.get(row.id)
        if record is None:
            row.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        elif row.id in seen:
            row.refuse("DUPLICATE_VALUE", f"Duplicate id specified: {row.id}")
        elif operation == "undelete":
            if not record["IsDeleted"]:
                row.refuse("UNDELETE_FAILED", "Entity is not in the recycle bin")
        elif record.get("IsDeleted"):
            row.refuse("ENTITY_IS_DELETED", "entity is deleted")
        elif record.get("IsConverted") and operation in ("update", "upsert"):
            row.refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        seen.add(row.id)
        if record is not None:
            row.existing = record


def check_locks(rules: WriteRules, write: Writing, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Refuses rows whose record, or a parent that a save locks with it, is held by somebody else."""
    if not (rules.any_locked or write.late):
        return
    parents = [each.name for each in object_type.stored_fields if each.cascade]
    needed = {
        id(row): [each for each in (row.known_id, *(row.cells.get(name) for name in parents)) if isinstance(each, str)]
        for row in rows
        if not row.errors
    }
    met = _held(rules, write, object_type, {record_id for ids in needed.values() for record_id in ids})
    for row in rows:
        held = [record_id for record_id in needed.get(id(row), ()) if record_id in met]
        if held:
            row.errors = (*row.errors, _locked(held))


def locked(rules: WriteRules, write: Writing, object_type: ObjectType, record_ids: Sequence[str]) -> SaveError | None:
    """Why records that must all change cannot: somebody else holds one of them."""
    met = _held(rules, write, object_type, record_ids)
    return _locked([each for each in record_ids if each in met]) if met else None


def _held(rules: WriteRules, write: Writing, object_type: ObjectType, record_ids: Collection[str]) -> frozenset[str]:
    """Those that are locked, or were saved by others since a late transaction began: a record never goes back."""
    met = rules.meet_locks(record_ids) if rules.any_locked else frozenset()
    if not write.late or not object_type.has("SystemModstamp"):
        return met
    overtaken = write.connection.execute(
        f'SELECT "Id" FROM {table(object_type.name)} WHERE "Id" IN (SELECT unnest(?)) AND "SystemModstamp" > ?',
        [list(record_ids), write.now],
    ).fetchall()
    return met.union(record_id for (record_id,) in overtaken)


def _locked(held: Sequence[str]) -> SaveError:
    message = f"unable to obtain exclusive access to this record or {len(held)} records: {','.join(held)}"
    return SaveError("UNABLE_TO_LOCK_ROW", message)


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


def check_unique(
    connection: duckdb.DuckDBPyConnection,
    object_type: ObjectType,
    operation: Operation,
    rows: Sequence[Row],
    found_by: Field | None = None,
) -> None:
    """Refuses values of unique fields that another record has, in the org or earlier in the batch.

    A record that is brought back brings its values along. The field by which an upsert found its records is unique
    already: `find_by_external_id` has seen to that.
    """
    for key in (each for each in object_type.stored_fields if each.unique and each != found_by):
        given = [
            as_text(row.existing.get(key.name) if operation == "undelete" else row.cells.get(key.name)) for row in rows
        ]
        held = ids_by_value(connection, object_type, key, {value for value in given if value is not None})
        for row, value in zip(rows, given, strict=True):
            if row.errors or value is None:
                continue
            others = [record_id for record_id in held.get(value, []) if record_id != row.known_id]
            if others:
                message = f"duplicate value found: {key.name} duplicates value on record with id: {others[0][:15]}"
                row.refuse("DUPLICATE_VALUE", message, key.name)
            else:
                held[value] = [row.known_id or "<unknown>"]


def _defaults(each: Field, row: Row) -> bool:
    """Whether a new record gets the field by itself; an explicit null is no reason to."""
    return each.defaulted and each.name not in row.cells


def _needed(object_type: ObjectType, operation: Operation, rows: Iterable[Row]) -> set[str]:
    """The fields that the rows set or bring back, and those that go with them."""
    if operation == "undelete":
        return {each.name for each in object_type.stored_fields if each.unique}
    named: set[str] = set()
    for row in rows:
        named.update(row.cells)
        named.update(row.parents)
    name = {"Name", *NAME_PARTS} if object_type.has("PersonContactId") and not named.isdisjoint(NAME_PARTS) else set()
    return named | name | partners_of(object_type, named) | times_with(object_type, named)
