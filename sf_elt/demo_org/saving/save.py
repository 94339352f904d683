"""Saves a batch: what each record says, what the org has, what is refused, then one statement for all that is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.saving.batch import write_inserts, write_updates
from sf_elt.demo_org.saving.checks import (
    check_existing,
    check_locks,
    check_required,
    check_unique,
    check_writable,
    find_by_external_id,
)
from sf_elt.demo_org.saving.delete import check_deletable, delete, undelete
from sf_elt.demo_org.saving.derive import fill_in, follow_up
from sf_elt.demo_org.saving.duplicates import check_duplicates
from sf_elt.demo_org.saving.event_times import fill_times
from sf_elt.demo_org.saving.history import record_history
from sf_elt.demo_org.saving.member_statuses import check_statuses_go, fill_statuses
from sf_elt.demo_org.saving.members import check_members
from sf_elt.demo_org.saving.outcome import Operation, SaveError, SaveOptions, SaveOutcome
from sf_elt.demo_org.saving.permission_records import check_permission_records
from sf_elt.demo_org.saving.person_accounts import check_person_accounts, give_contacts, save_other_halves
from sf_elt.demo_org.saving.places import fill_places
from sf_elt.demo_org.saving.references import check_references, find_parents
from sf_elt.demo_org.saving.returning import check_returning, remember_earlier
from sf_elt.demo_org.saving.rights import check_rights
from sf_elt.demo_org.saving.rows import Row, read_rows
from sf_elt.demo_org.saving.validation import check_rules
from sf_elt.demo_org.schema import Field, ObjectType, Schema
from sf_elt.demo_org.store import Store, Writing

Record = Mapping[str, object]

ROLLED_BACK = SaveError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
PLAIN = SaveOptions()


def save(
    store: Store,
    user_id: str,
    object_name: str,
    operation: Operation,
    records: Sequence[Record],
    *,
    external_id_field: str | None = None,
    all_or_none: bool = False,
    schema: Schema | None = None,
    options: SaveOptions = PLAIN,
) -> list[SaveOutcome]:
    """Saves the records in one transaction and gives an outcome for each, in their order.

    Records carry API names and JSON values (text is read where a number, date or boolean is wanted). A reference may be
    given by an external id: {"Account": {"External_Id__c": "A1"}} or {"Account.External_Id__c": "A1"}. Update and
    delete find theirs by "Id", upsert by `external_id_field`. With `all_or_none` one bad record stops all. `schema` is
    the org as the user sees it: what is missing or read-only there cannot be saved; without it the user may do all.
    Raises OrgError where no record could be saved whatever it held: an unknown object, one that does not allow the
    operation, an upsert by a field that is no external id.
    """
    typed = [(object_name, record) for record in records]
    return save_mixed(
        store,
        user_id,
        operation,
        typed,
        external_id_field=external_id_field,
        all_or_none=all_or_none,
        schema=schema,
        options=options,
    )


def save_mixed(
    store: Store,
    user_id: str,
    operation: Operation,
    records: Sequence[tuple[str, Record]],
    *,
    external_id_field: str | None = None,
    all_or_none: bool = False,
    schema: Schema | None = None,
    options: SaveOptions = PLAIN,
) -> list[SaveOutcome]:
    """As `save`, for records of several objects: each comes with the name of its own."""
    by_object: dict[str, list[int]] = {}
    for place, (object_name, _) in enumerate(records):
        by_object.setdefault(object_name, []).append(place)
    outcomes: dict[int, SaveOutcome] = {}
    try:
        with store.writing() as write:
            batch = _Batch(store, write, user_id, operation, schema or store.schema, options)
            for object_name, places in by_object.items():
                object_type = batch.schema.object(object_name)
                if object_type is None:
                    raise not_found()
                stored_type = store.schema.require(object_type.name)
                key = _check_allowed(stored_type, object_type, operation, external_id_field)
                rows = batch.save(object_type, [records[place][1] for place in places], key)
                outcomes |= zip(places, rows, strict=True)
            if all_or_none and not all(outcome.success for outcome in outcomes.values()):
                raise _NotAll
    except _NotAll:
        outcomes = {place: _rolled_back(outcome) for place, outcome in outcomes.items()}
    return [outcomes[place] for place in range(len(records))]


class _NotAll(Exception):
    """Not every record could be saved, and all or none were asked for."""


def _rolled_back(outcome: SaveOutcome) -> SaveOutcome:
    known_id = None if outcome.created else outcome.id
    return SaveOutcome(known_id, False, False, outcome.errors or (ROLLED_BACK,))


@dataclass(frozen=True)
class _Batch:
    """Records of one operation on their way through one transaction."""

    store: Store
    write: Writing
    user_id: str
    operation: Operation
    schema: Schema
    options: SaveOptions

    def save(self, object_type: ObjectType, records: Sequence[Record], key: Field | None) -> list[SaveOutcome]:
        audit_fields = self.store.rules.audit_fields_settable
        rows = read_rows(
            self.schema,
            object_type,
            self.operation,
            records,
            key,
            audit_fields=audit_fields,
            from_json=self.options.from_json,
        )
        self._check(object_type, rows, key)
        self._apply(object_type, [row for row in rows if not row.errors])
        self.write.saved.add(object_type.name)
        return [SaveOutcome(row.known_id, not row.errors, row.created and not row.errors, row.errors) for row in rows]

    def _check(self, object_type: ObjectType, rows: list[Row], key: Field | None) -> None:
        connection = self.write.connection
        if key is not None:
            find_by_external_id(connection, object_type, rows, key)
            if self.options.update_only:
                _refuse_new(rows)
        whole = self.store.schema.require(object_type.name)
        check_rights(whole, object_type, self.operation, rows)
        check_existing(connection, whole, self.operation, rows)
        if self.operation in ("insert", "update", "upsert"):
            find_parents(connection, rows)
            if self.operation == "upsert":
                check_writable(object_type, rows)
            check_required(object_type, rows)
            check_person_accounts(connection, self.store.schema, object_type, self.operation, rows)
            fill_places(object_type, rows)
            fill_times(object_type, rows)
            check_references(connection, self.store.schema, object_type, rows)
            check_unique(connection, object_type, self.operation, rows, key)
            check_members(connection, object_type, rows)
            fill_statuses(connection, object_type, rows)
            check_permission_records(connection, self.store.schema, object_type, rows)
            check_rules(connection, whole, rows, self.user_id)
            check_duplicates(connection, self.store.rules, object_type, rows, self.options)
        elif self.operation == "undelete":  # what the user does not see comes back too
            check_person_accounts(connection, self.store.schema, object_type, self.operation, rows)
            check_unique(connection, whole, self.operation, rows)
            check_returning(self.write, self.store.schema, whole, rows)
        else:
            check_person_accounts(connection, self.store.schema, object_type, self.operation, rows)
            check_statuses_go(connection, object_type, rows)
            check_deletable(self.write, self.store.schema, object_type, rows)
        check_locks(self.store.rules, self.write, object_type, rows)

    def _apply(self, object_type: ObjectType, rows: list[Row]) -> None:
        if not rows:
            return
        schema = self.store.schema
        stored_type = schema.require(object_type.name)
        ids = [row.id for row in rows if row.known_id is not None]
        if self.operation in ("delete", "hardDelete"):
            remember_earlier(schema, self.write, stored_type, ids)
            delete(schema, self.write, stored_type, ids, self.user_id, for_good=self.operation == "hardDelete")
        elif self.operation == "undelete":
            undelete(schema, self.write, stored_type, ids, self.user_id)
        else:
            self._write(stored_type, rows)

    def _write(self, object_type: ObjectType, rows: list[Row]) -> None:
        for row in rows:
            fill_in(object_type, row, self.write.now)
        new = [row for row in rows if row.created]
        for row, record_id in zip(new, self.store.next_ids(object_type.name, len(new)), strict=True):
            row.known_id = record_id
        give_contacts(self.store, object_type, new)
        write_inserts(self.write, object_type, new, self.user_id)
        write_updates(self.write, object_type, [row for row in rows if not row.created], self.user_id)
        save_other_halves(self.store, self.write, object_type, rows, self.user_id)
        follow_up(self.store, self.write, object_type, rows, self.user_id)
        record_history(self.store, self.write, object_type, rows, self.user_id)


def _refuse_new(rows: Sequence[Row]) -> None:
    for row in rows:
        if row.created and not row.errors:
            row.refuse("NOT_FOUND", "The requested resource does not exist")


def _check_allowed(
    stored_type: ObjectType, object_type: ObjectType, operation: Operation, external_id_field: str | None
) -> Field | None:
    """The field by which an upsert finds its records. Raises OrgError where the object does not allow the operation."""
    allowed = {
        "insert": stored_type.createable,
        "upsert": stored_type.createable,
        "update": stored_type.updateable,
        "delete": stored_type.deletable,
        "hardDelete": stored_type.deletable,
        "undelete": stored_type.undeletable,
    }
    if not allowed[operation]:
        message = f"entity type {object_type.name} does not support {operation}"
        raise OrgError(400, "INVALID_TYPE_FOR_OPERATION", message)
    return _external_id(object_type, external_id_field) if operation == "upsert" else None


def _external_id(object_type: ObjectType, name: str | None) -> Field:
    found = object_type.field(name or "Id")
    if found is None or not (found.external_id or found.id_lookup):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise OrgError(404, "NOT_FOUND", message)
    return found
