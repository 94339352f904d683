"""Writing the rows of one batch: one statement for the new records, one for the changed ones."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from sf_elt.demo_org.saving.cells import Cell
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import OWN_ID, PRICE_BOOK, STAGE, SYSTEM, USER, Field, ObjectType
from sf_elt.demo_org.store import Writing, arrow_type, insert_rows, update_rows


def write_inserts(write: Writing, object_type: ObjectType, rows: Sequence[Row], user_id: str) -> None:
    """Adds the rows as new records, with defaults where they say nothing."""
    if not rows:
        return
    audit = {"CreatedDate": write.now, "CreatedById": user_id, **touched(write, user_id)}
    named = _named(rows)
    columns: dict[str, pa.Array] = {}
    for each in object_type.stored_fields:
        kind, name = arrow_type(each), each.name
        default = audit[name] if each.default == SYSTEM else default_of(each, user_id)
        if each.type == "id":
            columns[name] = pa.array([row.id for row in rows], kind)
        elif each.default == OWN_ID:
            columns[name] = pa.array([row.cells.get(name) or row.id for row in rows], kind)
        elif name in named:
            columns[name] = pa.array([row.cells.get(name, default) for row in rows], kind)
        elif default is not None:
            columns[name] = pa.repeat(pa.scalar(default, kind), len(rows))
    insert_rows(write.connection, object_type, pa.table(columns))


def write_updates(write: Writing, object_type: ObjectType, rows: Sequence[Row], user_id: str) -> None:
    """Sets the rows' cells on their records; fields that a row does not name stay as they are."""
    if not rows:
        return
    named = _named(rows)
    audit = touched(write, user_id)
    columns: dict[str, pa.Array] = {}
    for each in object_type.stored_fields:
        kind, name = arrow_type(each), each.name
        if each.type == "id":
            columns[name] = pa.array([row.id for row in rows], kind)
        elif name in audit:
            columns[name] = pa.repeat(pa.scalar(audit[name], kind), len(rows))
        elif name in named:
            columns[name] = pa.array(
                [row.cells[name] if name in row.cells else row.existing[name] for row in rows], kind
            )
    update_rows(write.connection, object_type, pa.table(columns))


def _named(rows: Iterable[Row]) -> set[str]:
    """Every field that some row sets."""
    named: set[str] = set()
    for row in rows:
        named.update(row.cells)
    return named


def touched(write: Writing, user_id: str) -> dict[str, Cell]:
    """The audit fields of a record that is saved."""
    return {"LastModifiedDate": write.now, "LastModifiedById": user_id, "SystemModstamp": write.now}


def default_of(each: Field, user_id: str) -> Cell:
    """What a new record of that user's holds in a field that it does not name; some fields are filled in later."""
    if each.default == USER:
        return user_id
    if each.default is not None and each.default not in (OWN_ID, STAGE, PRICE_BOOK):
        return each.default
    if each.type == "boolean":
        return False
    return 0 if each.required and not each.createable and each.type in ("int", "currency") else None
