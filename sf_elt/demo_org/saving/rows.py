"""The records of one batch as the client sent them, read into rows: names become fields, values become cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.saving.cells import Cell, Reader, reader_of
from sf_elt.demo_org.saving.json_values import check_json
from sf_elt.demo_org.saving.outcome import Operation, Refused, SaveError
from sf_elt.demo_org.saving.parents import ParentKey, parent_key
from sf_elt.demo_org.schema import Field, ObjectType, Schema

AUDIT_FIELDS = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")

READ_ONLY = (
    "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is "
    "read/write for your profile or permission set."
)


@dataclass(slots=True)
class Row:
    """One record: the cells it sets, the record as it stands (`existing`), and why it is refused (`errors`).

    `parents` are references that the client gave by an external id of the record they mean.
    """

    known_id: str | None = None
    created: bool = False
    cells: dict[str, Cell] = field(default_factory=dict)
    existing: dict[str, Cell] = field(default_factory=dict)
    parents: dict[str, ParentKey] = field(default_factory=dict)
    errors: tuple[SaveError, ...] = ()

    @property
    def id(self) -> str:
        """The Id of a row that has been found or made."""
        if self.known_id is None:
            raise ValueError("this row has no Id yet")
        return self.known_id

    def refuse(self, status_code: str, message: str, *fields: str) -> None:
        self.errors = (*self.errors, SaveError(status_code, message, fields))


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the values of one name go."""

    kind: Literal["cell", "id", "read-only", "parent", "unknown"]
    field: Field | None = None
    read: Reader | None = None  # of a cell alone


def read_rows(
    schema: Schema,
    object_type: ObjectType,
    operation: Operation,
    records: Sequence[Mapping[str, object]],
    key: Field | None,
    *,
    audit_fields: bool = False,
    from_json: bool = False,
) -> list[Row]:
    """The rows that the records ask for; what cannot be read is refused in its row.

    `audit_fields`: new records may say who made them and when. With `from_json`, raises OrgError for a value that its
    field cannot read and a name that is no field.
    """
    if from_json:
        check_json(object_type, records)
    reading = _Reading(schema, object_type, operation, key, audit_fields)
    return [reading.row(record) for record in records]


class _Reading:
    """One batch being read: each name is looked up once, however many records carry it."""

    def __init__(
        self, schema: Schema, object_type: ObjectType, operation: Operation, key: Field | None, audit_fields: bool
    ) -> None:
        self._schema = schema
        self._object_type = object_type
        self._operation = operation
        self._by_id = operation not in ("insert", "upsert") or (key is not None and key.type == "id")
        self._sets_fields = operation in ("insert", "update", "upsert")
        self._writable_audit = AUDIT_FIELDS if audit_fields and operation == "insert" else ()
        self._targets: dict[str, _Target] = {}

    def row(self, record: Mapping[str, object]) -> Row:
        row = Row(created=self._operation == "insert")
        targets, cells = self._targets, row.cells
        read_only: list[str] = []
        for name, value in record.items():
            if name == "attributes":
                continue
            target = targets.get(name) or self._target(name)
            if target.field is not None and target.read is not None:
                try:
                    cells[target.field.name] = target.read(value)
                except Refused as refused:
                    row.errors = (*row.errors, *refused.errors)
            elif target.kind == "id":
                self._read_id(row, value)
            elif target.kind == "parent":
                self._read_parent(row, name, value)
            elif target.field is None:
                row.refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {self._object_type.name}")
            else:
                read_only.append(target.field.name)
        if read_only:
            row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", READ_ONLY.format(", ".join(read_only)), *read_only)
        if self._by_id and row.known_id is None and not row.errors:
            self._without_id(row)
        return row

    def _target(self, name: str) -> _Target:
        found = self._object_type.field(name)
        if found is None:
            target = _Target("parent" if self._reference(name) else "unknown")
        elif found.type == "id":
            target = _Target("id", found)
        elif self._sets_fields and self._writable(found):
            target = _Target("cell", found, reader_of(found))
        else:
            target = _Target("read-only", found)
        self._targets[name] = target
        return target

    def _reference(self, name: str) -> Field | None:
        """The reference behind `Account`, `Account.External_Id__c` or `User:Owner.Username`."""
        return self._object_type.reference(name.partition(".")[0].rpartition(":")[2])

    def _writable(self, found: Field) -> bool:
        if found.name in self._writable_audit:
            return True
        if self._operation == "insert":
            return found.createable
        if self._operation == "update":
            return found.updateable
        return found.createable or found.updateable

    def _read_id(self, row: Row, value: object) -> None:
        if value is None or value == "":
            return
        if not self._by_id:
            message = f"cannot specify Id in an {self._operation} call"
            row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", message, "Id")
        else:
            row.known_id = normalise(value) if isinstance(value, str) else None
            if row.known_id is None:
                row.refuse("MALFORMED_ID", f"malformed id {value}", "Id")

    def _read_parent(self, row: Row, name: str, value: object) -> None:
        reference = self._reference(name)
        assert reference is not None  # noqa: S101 - that made the name a parent's
        if not self._writable(reference):
            row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", READ_ONLY.format(reference.name), reference.name)
            return
        try:
            found = parent_key(self._schema, self._object_type, reference, name, value)
        except OrgError as error:
            row.refuse(error.code, error.message)
            return
        if found is None:
            row.cells[reference.name] = None
        else:
            row.parents[reference.name] = found

    def _without_id(self, row: Row) -> None:
        if self._operation == "upsert":
            row.created = True
        else:
            row.refuse("MISSING_ARGUMENT", f"Id not specified in an {self._operation} call")
