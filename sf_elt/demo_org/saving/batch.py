"""The records of one batch on their way into the store: read from what the client sent, written in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.saving.cells import Cell, cell
from sf_elt.demo_org.saving.outcome import Operation, Refused, SaveError
from sf_elt.demo_org.schema import OWN_ID, STAGE, SYSTEM, USER, Field, ObjectType
from sf_elt.demo_org.store import Writing, arrow_type, insert_rows, update_rows


@dataclass
class Row:
    """One record: the cells it sets, the record as it stands (`existing`), and why it is refused (`errors`)."""

    known_id: str | None = None
    created: bool = False
    cells: dict[str, Cell] = field(default_factory=dict)
    existing: dict[str, Cell] = field(default_factory=dict)
    errors: tuple[SaveError, ...] = ()

    @property
    def id(self) -> str:
        """The Id of a row that has been found or made."""
        if self.known_id is None:
            raise ValueError("this row has no Id yet")
        return self.known_id

    def refuse(self, status_code: str, message: str, *fields: str) -> None:
        self.errors = (*self.errors, SaveError(status_code, message, fields))


def read_rows(
    object_type: ObjectType, operation: Operation, records: Sequence[Mapping[str, object]], key: Field | None
) -> list[Row]:
    """The rows that the records ask for; what cannot be read is refused in its row."""
    return [_read_row(object_type, operation, record, key) for record in records]


def _read_row(object_type: ObjectType, operation: Operation, record: Mapping[str, object], key: Field | None) -> Row:
    row = Row(created=operation == "insert")
    by_id = operation not in ("insert", "upsert") or (key is not None and key.type == "id")
    read_only = []
    for name, value in record.items():
        if name == "attributes":
            continue
        found = object_type.field(name)
        if found is None:
            row.refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {object_type.name}")
        elif found.type == "id":
            _read_id(row, operation, value, by_id)
        elif not _writable(found, operation):
            read_only.append(found.name)
        elif operation in ("insert", "update", "upsert"):
            _read_cell(row, found, value)
    if read_only:
        row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", READ_ONLY.format(", ".join(read_only)), *read_only)
    if by_id and row.known_id is None and not row.errors:
        if operation == "upsert":
            row.created = True
        else:
            row.refuse("MISSING_ARGUMENT", f"Id not specified in an {operation} call")
    return row


READ_ONLY = (
    "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is "
    "read/write for your profile or permission set."
)


def _writable(found: Field, operation: Operation) -> bool:
    if operation == "insert":
        return found.createable
    if operation == "update":
        return found.updateable
    return found.createable or found.updateable


def _read_id(row: Row, operation: Operation, value: object, by_id: bool) -> None:
    if not by_id:
        message = f"cannot specify Id in an {operation} call"
        row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", message, "Id")
        return
    if value is None or value == "":
        return
    row.known_id = normalise(value) if isinstance(value, str) else None
    if row.known_id is None:
        row.refuse("MALFORMED_ID", f"malformed id {value}", "Id")


def _read_cell(row: Row, found: Field, value: object) -> None:
    try:
        row.cells[found.name] = cell(found, value)
    except Refused as refused:
        row.errors = (*row.errors, *refused.errors)


def write_inserts(write: Writing, object_type: ObjectType, rows: Sequence[Row], user_id: str) -> None:
    """Adds the rows as new records, with defaults where they say nothing."""
    if not rows:
        return
    audit = {"CreatedDate": write.now, "CreatedById": user_id, **_touched(write, user_id)}
    columns = []
    for each in object_type.stored_fields:
        values: list[Cell]
        if each.type == "id":
            values = [row.id for row in rows]
        elif each.default == SYSTEM:
            values = [audit[each.name]] * len(rows)
        else:
            default = _default(each, user_id)
            values = [row.cells.get(each.name, default) for row in rows]
            if each.default == OWN_ID:
                values = [row.id if value is None else value for row, value in zip(rows, values, strict=True)]
        columns.append((each, values))
    insert_rows(write.connection, object_type, _arrow(columns))


def write_updates(write: Writing, object_type: ObjectType, rows: Sequence[Row], user_id: str) -> None:
    """Sets the rows' cells on their records; fields that a row does not name stay as they are."""
    if not rows:
        return
    named = {name for row in rows for name in row.cells}
    audit = _touched(write, user_id)
    columns: list[tuple[Field, list[Cell]]] = []
    for each in object_type.stored_fields:
        if each.type == "id":
            columns.append((each, [row.id for row in rows]))
        elif each.name in audit:
            columns.append((each, [audit[each.name]] * len(rows)))
        elif each.name in named:
            columns.append((each, [row.cells.get(each.name, row.existing[each.name]) for row in rows]))
    update_rows(write.connection, object_type, _arrow(columns))


def _touched(write: Writing, user_id: str) -> dict[str, Cell]:
    return {"LastModifiedDate": write.now, "LastModifiedById": user_id, "SystemModstamp": write.now}


def _default(each: Field, user_id: str) -> Cell:
    if each.default == USER:
        return user_id
    if each.default is not None and each.default not in (OWN_ID, STAGE):
        return each.default
    if each.type == "boolean":
        return False
    return 0 if each.required and not each.createable and each.type in ("int", "currency") else None


def _arrow(columns: Sequence[tuple[Field, Sequence[Cell]]]) -> pa.Table:
    return pa.table({each.name: pa.array(values, arrow_type(each)) for each, values in columns})
