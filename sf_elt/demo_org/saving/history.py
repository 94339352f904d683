"""What a batch changed in tracked fields, as rows of the object's history."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import orjson
import pyarrow as pa

from sf_elt.demo_org.history import CREATED, data_type, field_name, keeps_values, parent_field
from sf_elt.demo_org.saving.cells import Cell
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import Field, ObjectType
from sf_elt.demo_org.store import Store, Writing, arrow_type, insert_rows, quote, table


@dataclass(frozen=True)
class Change:
    """One row of history: what happened to a record."""

    record_id: str
    field: str
    data_type: str = "Text"
    old: Cell = None
    new: Cell = None


def record_history(store: Store, write: Writing, object_type: ObjectType, rows: Sequence[Row], user_id: str) -> None:
    """Adds what was created and what changed, for an object whose fields are tracked."""
    if not object_type.tracked:
        return
    tracked = [field for name in object_type.tracked if (field := object_type.field(name))]
    changed = [change for row in rows if not row.created for change in _changes(tracked, row)]
    changes = [Change(row.id, CREATED) for row in rows if row.created]
    for field, change in changed:
        if field.type == "reference":
            changes.append(_by_name(store, write, change))
        changes.append(change)
    add_history(store, write, object_type, changes, user_id)


def add_history(store: Store, write: Writing, object_type: ObjectType, changes: Sequence[Change], user_id: str) -> None:
    """Adds rows to the object's history, if it has one."""
    history = store.schema.history_of(object_type.name)
    if history is None or not changes:
        return
    columns: dict[str, Iterable[Cell]] = {
        "Id": store.next_ids(history.name, len(changes)),
        parent_field(history).name: [each.record_id for each in changes],
        "CreatedById": [user_id] * len(changes),
        "CreatedDate": [write.now] * len(changes),
        "Field": [each.field for each in changes],
        "DataType": [each.data_type for each in changes],
        "OldValue": [_json(each.old) for each in changes],
        "NewValue": [_json(each.new) for each in changes],
    }
    kinds = {each.name: arrow_type(each) for each in history.fields}
    arrays = {name: pa.array(values, kinds[name]) for name, values in columns.items()}
    insert_rows(write.connection, history, pa.table(arrays))
    write.saved.add(history.name)


def _changes(tracked: Iterable[Field], row: Row) -> Iterator[tuple[Field, Change]]:
    for field in tracked:
        name = field.name
        if name not in row.cells or row.cells[name] == row.existing.get(name):
            continue
        old, new = (row.existing.get(name), row.cells[name]) if keeps_values(field) else (None, None)
        yield field, Change(row.id, field_name(name), data_type(field), old, new)


def _by_name(store: Store, write: Writing, change: Change) -> Change:
    """A changed reference has a second row with the names of the records (Object Reference, "LeadHistory")."""
    old, new = (_name(store, write, each) if isinstance(each, str) else None for each in (change.old, change.new))
    return Change(change.record_id, change.field, "Text", old, new)


def _name(store: Store, write: Writing, record_id: str) -> str | None:
    found = store.schema.object_of_id(record_id)
    if found is None or found.name_field is None:
        return None
    rows = write.connection.execute(
        f'SELECT {quote(found.name_field.name)} FROM {table(found.name)} WHERE "Id" = ?', [record_id]
    ).fetchall()
    return rows[0][0] if rows else None


def _json(value: Cell) -> str | None:
    """A value of any type as REST shows it, in JSON."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return f'"{value:%Y-%m-%dT%H:%M:%S}.000+0000"'
    return f'"{value.isoformat()}"' if isinstance(value, date) else orjson.dumps(value).decode()
