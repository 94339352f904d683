"""What goes into the recycle bin with a record, what comes back with it, and why that may be refused."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Iterator, Sequence

from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import Children, ObjectType, Schema
from sf_elt.demo_org.store import Writing, quote, table
from sf_elt.demo_org.tables import has_table

_EARLIER = "recycle_bin.deleted_earlier"
_MAKE_TABLE = f"""
CREATE SCHEMA IF NOT EXISTS recycle_bin;
CREATE TABLE IF NOT EXISTS {_EARLIER} (record_id VARCHAR, parent_id VARCHAR, deleted_at TIMESTAMP)
"""


def dependents(schema: Schema, object_type: ObjectType) -> Iterator[Children]:
    """The children that cannot be without the object's records."""
    return (each for each in schema.children_of(object_type.name) if each.field.cascade)


def children_ids(write: Writing, child: Children, parents: Sequence[str], where: str = 'NOT "IsDeleted"') -> list[str]:
    """The Ids of the parents' children; of the living ones, unless `where` says otherwise."""
    rows = write.connection.execute(
        f'SELECT "Id" FROM {table(child.object_type.name)} AS child '
        f"WHERE {quote(child.field.name)} IN (SELECT unnest(?)) AND {where}",
        [list(parents)],
    ).fetchall()
    return [record_id for (record_id,) in rows]


def remember_earlier(schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str]) -> None:
    """Notes the children that were deleted or merged in the second in which their parents are about to be.

    Times are whole seconds, so nothing else would tell that these stay in the bin when the parents come back.
    """
    for child in dependents(schema, object_type) if ids else ():
        if child.object_type.history_of:
            continue
        name, reference = table(child.object_type.name), quote(child.field.name)
        gone = f'{reference} IN (SELECT unnest(?)) AND "IsDeleted" AND "SystemModstamp" = ?'
        values = [list(ids), write.now]
        [[earlier]] = write.connection.execute(f"SELECT count(*) FROM {name} WHERE {gone}", values).fetchall()
        if earlier:
            write.connection.execute(_MAKE_TABLE)
            write.connection.execute(
                f'INSERT INTO {_EARLIER} SELECT "Id", {reference}, "SystemModstamp" FROM {name} WHERE {gone}', values
            )
        remember_earlier(schema, write, child.object_type, children_ids(write, child, ids))


def forget_earlier(write: Writing, ids: Sequence[str]) -> None:
    """Of records that come back: the next time they may go with their parents."""
    if has_table(write.connection, _EARLIER):
        write.connection.execute(f"DELETE FROM {_EARLIER} WHERE record_id IN (SELECT unnest(?))", [list(ids)])


def gone_with(write: Writing, object_type: ObjectType, child: Children, parents: Sequence[str]) -> list[str]:
    """The children that were deleted because their parents were: in the same moment, and not earlier in it."""
    if child.object_type.history_of:
        return children_ids(write, child, parents, '"IsDeleted"')
    parent = f"child.{quote(child.field.name)}"
    deleted_at = f'(SELECT "SystemModstamp" FROM {table(object_type.name)} AS gone WHERE gone."Id" = {parent})'
    where = f'"IsDeleted" AND "SystemModstamp" = {deleted_at}'
    if has_table(write.connection, _EARLIER):
        where += (
            f' AND (child."Id", {parent}, child."SystemModstamp") NOT IN '
            f"(SELECT (record_id, parent_id, deleted_at) FROM {_EARLIER})"
        )
    return children_ids(write, child, parents, where)


def check_returning(write: Writing, schema: Schema, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Refuses rows with which a record would come back whose unique value another record has by now."""
    good = [row for row in rows if not row.errors]
    if not _taken(write, schema, object_type, [row.id for row in good]):
        return
    for row in good:
        for key, holder in _taken(write, schema, object_type, [row.id])[:1]:
            message = f"duplicate value found: {key} duplicates value on record with id: {holder[:15]}"
            row.refuse("DUPLICATE_VALUE", message, key)


def _taken(write: Writing, schema: Schema, object_type: ObjectType, ids: Sequence[str]) -> list[tuple[str, str]]:
    """Unique fields of what was deleted with the records, and the living records that have those values."""
    found: list[tuple[str, str]] = []
    for child in dependents(schema, object_type) if ids else ():
        returning = gone_with(write, object_type, child, ids)
        name = table(child.object_type.name)
        for key in (each for each in child.object_type.stored_fields if each.unique and returning):
            value = f"lower(CAST({{}}.{quote(key.name)} AS VARCHAR))"
            rows = write.connection.execute(
                f"""
                SELECT other."Id"
                FROM {name} AS gone
                JOIN {name} AS other ON {value.format("gone")} = {value.format("other")} AND NOT other."IsDeleted"
                WHERE gone."Id" IN (SELECT unnest(?))
                ORDER BY other."Id"
                """,
                [returning],
            ).fetchall()
            found += [(key.name, record_id) for (record_id,) in rows]
        found += _taken(write, schema, child.object_type, returning)
    return found
