"""References that do not take their record along: they are emptied when the record that they mean is deleted.

A reference that was emptied comes back with the record, unless it has been given another meanwhile (Salesforce Help,
"Restore Deleted Records": lookup relationships are restored if they haven't been replaced). Of the timestamps of the
record that refers, SystemModstamp alone moves.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Iterator, Sequence

from sf_elt.demo_org.schema import Children, ObjectType, Schema
from sf_elt.demo_org.store import Writing, quote, table
from sf_elt.demo_org.tables import has_table, living

_EMPTIED = "recycle_bin.emptied_references"

_MAKE_TABLE = f"""
CREATE SCHEMA IF NOT EXISTS recycle_bin;
CREATE TABLE IF NOT EXISTS {_EMPTIED} (object_name VARCHAR, field VARCHAR, record_id VARCHAR, parent_id VARCHAR)
"""


def empty_references(
    schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str], *, remember: bool
) -> None:
    """Empties what refers to the records, and remembers it for the day that they come back."""
    for child in _lookups(schema, object_type):
        found = write.connection.execute(
            f'SELECT "Id", {quote(child.field.name)} FROM {table(child.object_type.name)} '
            f"WHERE {quote(child.field.name)} IN (SELECT unnest(?)) AND {living(child.object_type)}",
            [list(ids)],
        ).fetchall()
        if not found:
            continue
        if remember:
            write.connection.execute(_MAKE_TABLE)
            write.connection.executemany(
                f"INSERT INTO {_EMPTIED} VALUES (?, ?, ?, ?)",
                [[child.object_type.name, child.field.name, record_id, parent_id] for record_id, parent_id in found],
            )
        write.connection.execute(
            f'UPDATE {table(child.object_type.name)} SET {quote(child.field.name)} = NULL, "SystemModstamp" = ? '
            'WHERE "Id" IN (SELECT unnest(?))',
            [write.now, [record_id for record_id, _ in found]],
        )
        write.saved.add(child.object_type.name)


def restore_references(schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str]) -> None:
    """Fills what was emptied because of the records and is still empty."""
    if not has_table(write.connection, _EMPTIED):
        return
    for child in _lookups(schema, object_type):
        name, reference = child.object_type.name, quote(child.field.name)
        write.connection.execute(
            f"""
            UPDATE {table(name)} AS record
            SET {reference} = emptied.parent_id, "SystemModstamp" = $now
            FROM {_EMPTIED} AS emptied
            WHERE emptied.object_name = $name AND emptied.field = $field AND emptied.parent_id IN (SELECT unnest($ids))
              AND record."Id" = emptied.record_id AND record.{reference} IS NULL
            """,
            {"now": write.now, "name": name, "field": child.field.name, "ids": list(ids)},
        )
        write.saved.add(name)
    write.connection.execute(f"DELETE FROM {_EMPTIED} WHERE parent_id IN (SELECT unnest(?))", [list(ids)])


def _lookups(schema: Schema, object_type: ObjectType) -> Iterator[Children]:
    """The references to the object that clients may set, and that neither take their record along nor keep this one."""
    for child in schema.children_of(object_type.name):
        field = child.field
        if not (field.cascade or field.restricts or field.required or field.write == "never" or field.computed):
            yield child
