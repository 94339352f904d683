"""Deleting: into the recycle bin with all that goes along, out of it again, or for good."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Iterator, Sequence

from sf_elt.demo_org.saving.derive import parents_of, refresh
from sf_elt.demo_org.schema import Field, ObjectType, Schema
from sf_elt.demo_org.store import Writing, quote, table


def delete(
    schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str], user_id: str, *, for_good: bool
) -> None:
    """Marks the records deleted (`for_good`: removes them), and with them the records that cannot be without them."""
    if not ids:
        return
    for child, reference in _dependents(schema, object_type):
        where = f'{quote(reference.name)} IN (SELECT unnest(?)) AND NOT "IsDeleted"'
        children = _ids(write, child, where, ids)
        delete(schema, write, child, children, user_id, for_good=for_good)
    if for_good:
        parents = parents_of(write, object_type, ids)
        write.connection.execute(f'DELETE FROM {table(object_type.name)} WHERE "Id" IN (SELECT unnest(?))', [list(ids)])
        refresh(write, object_type, parents)
    else:
        _mark(write, object_type, ids, user_id, deleted=True)


def undelete(schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str], user_id: str) -> None:
    """Brings the records back, and with them those that were deleted in the same moment because of them."""
    if not ids:
        return
    for child, reference in _dependents(schema, object_type):
        parent = quote(reference.name)
        deleted_at = f'(SELECT "SystemModstamp" FROM {table(object_type.name)} AS gone WHERE gone."Id" = {parent})'
        where = f'{parent} IN (SELECT unnest(?)) AND "IsDeleted" AND "SystemModstamp" = {deleted_at}'
        undelete(schema, write, child, _ids(write, child, where, ids), user_id)
    _mark(write, object_type, ids, user_id, deleted=False)


def _mark(write: Writing, object_type: ObjectType, ids: Sequence[str], user_id: str, *, deleted: bool) -> None:
    write.connection.execute(
        f'UPDATE {table(object_type.name)} SET "IsDeleted" = ?, "LastModifiedDate" = ?, "LastModifiedById" = ?, '
        f'"SystemModstamp" = ? WHERE "Id" IN (SELECT unnest(?))',
        [deleted, write.now, user_id, write.now, list(ids)],
    )
    refresh(write, object_type, parents_of(write, object_type, ids))


def _dependents(schema: Schema, object_type: ObjectType) -> Iterator[tuple[ObjectType, Field]]:
    return ((child, reference) for child, reference in schema.references_to(object_type.name) if reference.cascade)


def _ids(write: Writing, object_type: ObjectType, where: str, values: Sequence[str]) -> list[str]:
    rows = write.connection.execute(
        f'SELECT "Id" FROM {table(object_type.name)} WHERE {where}', [list(values)]
    ).fetchall()
    return [record_id for (record_id,) in rows]
