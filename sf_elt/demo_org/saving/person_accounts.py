"""Saving people who are account and contact in one: which record may say what, and that both say the same.

An account is a person's by its record type; without one, a new account with a LastName and no Name is. Its contact
comes and goes with it, and what is saved in either half shows in both, with the same timestamps (Change Data Capture
Developer Guide, "Updating a Person Account").
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Mapping, Sequence

import duckdb

from sf_elt.demo_org.calculated import refresh_calculated
from sf_elt.demo_org.person_accounts import SHARED, contact_fields, has_person_accounts
from sf_elt.demo_org.saving.batch import write_inserts
from sf_elt.demo_org.saving.cells import Cell
from sf_elt.demo_org.saving.checks import check_unique
from sf_elt.demo_org.saving.history import record_history
from sf_elt.demo_org.saving.outcome import Operation
from sf_elt.demo_org.saving.rights import NO_ACCESS
from sf_elt.demo_org.saving.rows import READ_ONLY, Row
from sf_elt.demo_org.schema import ObjectType, Schema
from sf_elt.demo_org.store import Store, Writing, quote, table

_NOT_OF_PERSONS = ("Name", "ParentId")
_NOT_OF_PERSON_CONTACTS = ("AccountId", "ReportsToId")
_TOUCHED = ("LastModifiedDate", "LastModifiedById", "SystemModstamp")


def check_person_accounts(
    connection: duckdb.DuckDBPyConnection,
    schema: Schema,
    object_type: ObjectType,
    operation: Operation,
    rows: Sequence[Row],
) -> None:
    """Refuses what an account or contact may not say as it is a person's, or is none; names persons' accounts."""
    if object_type.name not in ("Account", "Contact") or not has_person_accounts(schema):
        return
    good = [row for row in rows if not row.errors]
    if object_type.name == "Account":
        _check_accounts(connection, schema, operation, good)
    elif operation in ("insert", "update", "upsert"):
        _check_contacts(connection, good)
    else:  # a person's contact goes and comes back with the account
        for row in good:
            if row.existing.get("IsPersonAccount"):
                row.errors = (NO_ACCESS,)


def give_contacts(store: Store, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Gives new persons' accounts the Ids of the contacts that they are going to have."""
    if object_type.name == "Account":
        people = [row for row in rows if row.created and row.cells.get("IsPersonAccount")]
        for row, contact_id in zip(people, store.next_ids("Contact", len(people)), strict=True):
            row.cells["PersonContactId"] = contact_id


def save_other_halves(store: Store, write: Writing, object_type: ObjectType, rows: Sequence[Row], user_id: str) -> None:
    """After accounts or contacts were written: makes the contacts of new persons, and lets both halves say the same."""
    people = [row for row in rows if _is_persons(row)]
    if object_type.name not in ("Account", "Contact") or not people:
        return
    schema, names = store.schema, contact_fields(store.schema)
    account, contact = schema.require("Account"), schema.require("Contact")
    if object_type.name == "Contact":
        changed = _copy(write, account, contact, names, "PersonContactId", "Id", [row.id for row in people], named=True)
        refresh_calculated(write.connection, schema, account, changed)
        return
    new = [
        Row(str(row.cells["PersonContactId"]), True, {"AccountId": row.id, "IsPersonAccount": True})
        for row in people
        if row.created
    ]
    write_inserts(write, contact, new, user_id)
    back = {contact_field: name for name, contact_field in names.items()}
    changed = _copy(write, contact, account, back, "Id", "PersonContactId", [_contact_of(row) for row in people])
    record_history(store, write, contact, new, user_id)
    refresh_calculated(write.connection, schema, contact, changed)


def _check_accounts(
    connection: duckdb.DuckDBPyConnection, schema: Schema, operation: Operation, rows: Sequence[Row]
) -> None:
    if operation not in ("insert", "update", "upsert"):
        return
    types, names = _person_types(connection), contact_fields(schema)
    for row in rows:
        is_person = _is_person(row, types)
        if not row.created and is_person != bool(row.existing.get("IsPersonAccount")):
            _refuse_change(row)
        elif is_person:
            _check_person(row, types)
        else:
            _check_business(row, [name for name in names if name not in SHARED])
    people = [row for row in rows if not row.errors and _is_persons(row)]
    halves = [Row(_known_contact(row), row.created, _said_of_contact(row, names)) for row in people]
    check_unique(connection, schema.require("Contact"), operation, halves)
    for row, half in zip(people, halves, strict=True):
        row.errors = half.errors


def _person_types(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The record types of persons' accounts; the first is given where an account names none."""
    found = connection.execute(
        f'SELECT "Id" FROM {table("RecordType")} WHERE "SobjectType" = \'Account\' AND "IsPersonType" AND "IsActive" '
        'ORDER BY "Id"'
    )
    return [record_id for (record_id,) in found.fetchall()]


def _is_person(row: Row, types: Sequence[str]) -> bool:
    """Whether the account is a person's once it is saved."""
    if row.cells.get("RecordTypeId") is not None or (not row.created and "RecordTypeId" in row.cells):
        return row.cells["RecordTypeId"] in types
    if row.created:
        return bool(types) and row.cells.get("LastName") is not None and row.cells.get("Name") is None
    return bool(row.existing.get("IsPersonAccount"))


def _is_persons(row: Row) -> bool:
    return bool(row.cells.get("IsPersonAccount") or row.existing.get("IsPersonAccount"))


def _refuse_change(row: Row) -> None:
    if row.cells.keys() - {"RecordTypeId"}:
        message = "Cannot specify any additional fields when marrying or separating a Person-Account"
        row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", message)
    else:
        message = "The demo org makes no person account of a business account, nor a business account of a person's"
        row.refuse("FUNCTIONALITY_NOT_ENABLED", message, "RecordTypeId")


def _check_person(row: Row, types: Sequence[str]) -> None:
    wrong = [name for name in _NOT_OF_PERSONS if name in row.cells]
    if wrong:
        row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", READ_ONLY.format(", ".join(wrong)), *wrong)
        return
    parts = [row.cells.get(name, row.existing.get(name)) for name in ("FirstName", "LastName")]
    if parts[1] is None and (row.created or "LastName" in row.cells):
        row.refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", "LastName")
        return
    if row.created:
        row.cells["IsPersonAccount"] = True
        row.cells["RecordTypeId"] = row.cells.get("RecordTypeId") or types[0]
    if row.created or not row.cells.keys().isdisjoint(("FirstName", "LastName")):
        row.cells["Name"] = " ".join(str(part) for part in parts if part is not None)


def _check_business(row: Row, of_persons: Sequence[str]) -> None:
    wrong = [name for name in of_persons if name in row.cells]
    if wrong:
        row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", READ_ONLY.format(", ".join(wrong)), *wrong)
    elif row.cells.get("Name") is None and (row.created or "Name" in row.cells):
        row.refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", "Name")


def _check_contacts(connection: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> None:
    accounts = [row.cells["AccountId"] for row in rows if row.cells.get("AccountId") is not None]
    found = connection.execute(
        f'SELECT "Id" FROM {table("Account")} WHERE "IsPersonAccount" AND "Id" IN (SELECT unnest(?))', [accounts]
    )
    persons = {record_id for (record_id,) in found.fetchall()}
    for row in rows:
        account_id = row.cells.get("AccountId")
        if row.existing.get("IsPersonAccount"):
            _check_person_contact(row)
        elif account_id in persons:
            message = f"Account ID: a person account has no other contact than its own: {account_id}"
            row.refuse("FIELD_INTEGRITY_EXCEPTION", message, "AccountId")


def _check_person_contact(row: Row) -> None:
    """A person's contact may be changed, but for what makes it one (Salesforce Help, article 005305352)."""
    given = [name for name in _NOT_OF_PERSON_CONTACTS if name in row.cells]
    wrong = [name for name in given if row.cells[name] != row.existing.get(name)]
    if "RecordTypeId" in row.cells:
        row.errors = (NO_ACCESS,)
    elif wrong:
        row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", READ_ONLY.format(", ".join(wrong)), *wrong)


def _known_contact(row: Row) -> str | None:
    return None if row.created else _contact_of(row)


def _contact_of(row: Row) -> str:
    return str(row.cells.get("PersonContactId") or row.existing["PersonContactId"])


def _said_of_contact(row: Row, names: Mapping[str, str]) -> dict[str, Cell]:
    return {names[name]: value for name, value in row.cells.items() if name in names}


def _copy(
    write: Writing,
    to: ObjectType,
    of: ObjectType,
    names: Mapping[str, str],
    to_key: str,
    of_key: str,
    contact_ids: Sequence[str],
    *,
    named: bool = False,
) -> list[str]:
    """Lets the records of `to` say in the fields `names` what those of `of` do, and be `named` so; gives their Ids."""
    copied = {**names, **{each: each for each in _TOUCHED}}
    assignments = [f"{quote(name)} = source.{quote(other)}" for name, other in copied.items()]
    if named:
        assignments.append('"Name" = concat_ws(\' \', source."FirstName", source."LastName")')
    changed = write.connection.execute(
        f"""
        UPDATE {table(to.name)} AS target
        SET {", ".join(assignments)}
        FROM {table(of.name)} AS source
        WHERE target.{quote(to_key)} = source.{quote(of_key)} AND source.{quote(of_key)} IN (SELECT unnest(?))
        RETURNING target."Id"
        """,
        [list(contact_ids)],
    ).fetchall()
    write.saved.add(to.name)
    return [record_id for (record_id,) in changed]
