"""Merging records: one master takes over what up to two others had, and they go into the recycle bin.

    [outcome] = merge(store, user_id, "Contact", [Merge({"Id": master, "Phone": "1"}, (loser,))])

Sources: SOAP API Developer Guide, "merge()"; Apex Developer Guide, "Triggers and Merge Statements" (children are moved
without an update of their own: of their timestamps, SystemModstamp alone moves).
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sf_elt.demo_org.calculated import refresh_calculated
from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.history import merged
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.saving.checks import locked
from sf_elt.demo_org.saving.delete import mark, mark_history
from sf_elt.demo_org.saving.derive import parents_of, refresh
from sf_elt.demo_org.saving.history import Change, add_history
from sf_elt.demo_org.saving.lookup import read_existing
from sf_elt.demo_org.saving.outcome import SaveError
from sf_elt.demo_org.saving.rights import NO_ACCESS
from sf_elt.demo_org.saving.save import save
from sf_elt.demo_org.schema import Children, ObjectType, Schema
from sf_elt.demo_org.store import Store, Writing, quote, table
from sf_elt.demo_org.tables import living

MOST_LOSERS = 2

_ONE_EACH = {"CampaignMember": "CampaignId", "AccountContactRelation": "AccountId"}
"""Objects of which a record has one for each other record: what the master has already, it does not take over."""


@dataclass(frozen=True)
class Merge:
    """One merge: the master, with its "Id" and what it is to say afterwards, and the Ids of those that go."""

    master: Mapping[str, object]
    losers: tuple[str, ...]


@dataclass(frozen=True)
class MergeOutcome:
    """`updated_related_ids` are the records that referred to a loser and now refer to the master."""

    id: str | None
    success: bool
    merged_record_ids: tuple[str, ...] = ()
    updated_related_ids: tuple[str, ...] = ()
    errors: tuple[SaveError, ...] = ()


def merge(
    store: Store, user_id: str, object_name: str, requests: Sequence[Merge], *, schema: Schema | None = None
) -> list[MergeOutcome]:
    """Merges accounts, contacts, leads or cases: each request in a transaction of its own, outcomes in their order.

    Raises OrgError for an object that is unknown or cannot be merged.
    """
    object_type = (schema or store.schema).object(object_name)
    if object_type is None:
        raise not_found()
    if not object_type.mergeable:
        raise OrgError(400, "INVALID_TYPE_FOR_OPERATION", f"entity type {object_type.name} does not support merge")
    return [_merge(store, user_id, object_type, request, schema) for request in requests]


def _merge(store: Store, user_id: str, object_type: ObjectType, request: Merge, schema: Schema | None) -> MergeOutcome:
    master = request.master.get("Id")
    master_id = normalise(master) if isinstance(master, str) else None
    losers = [normalise(each) for each in request.losers]
    known = [each for each in losers if each is not None]
    if master_id is None or len(known) < len(losers):
        return _refused(master_id, "MALFORMED_ID", "malformed id in merge")
    with store.writing() as write:
        refusal = _check(write, object_type, master_id, known) or locked(store.rules, write, object_type, known)
        if refusal is not None:
            return MergeOutcome(master_id, False, errors=(refusal,))
        return _apply(store, write, user_id, object_type, request.master, known, schema)


def _refused(record_id: str | None, code: str, message: str) -> MergeOutcome:
    return MergeOutcome(record_id, False, errors=(SaveError(code, message),))


def _check(write: Writing, object_type: ObjectType, master: str, losers: Sequence[str]) -> SaveError | None:
    """Why these records cannot be merged."""
    if not 1 <= len(losers) <= MOST_LOSERS:
        return SaveError("INVALID_OPERATION", f"merge must have between 1 and {MOST_LOSERS} records to merge")
    if len({master, *losers}) <= len(losers):
        return SaveError("INVALID_OPERATION", "The master record and the records to merge must be different")
    if any(each[:3] != object_type.key_prefix for each in (master, *losers)):
        return SaveError("INVALID_ID_FIELD", f"All records of a merge must be of type {object_type.name}")
    if not object_type.deletable:
        return NO_ACCESS
    records = read_existing(write.connection, object_type, [master, *losers])
    for record_id in (master, *losers):
        record = records.get(record_id)
        if record is None:
            return SaveError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if record["IsDeleted"]:
            return SaveError("ENTITY_IS_DELETED", "entity is deleted")
        if record.get("IsConverted"):
            return SaveError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        if record.get("IsPersonAccount"):
            return SaveError("FUNCTIONALITY_NOT_ENABLED", "The demo org merges no person accounts")
    return None


def _apply(
    store: Store,
    write: Writing,
    user_id: str,
    object_type: ObjectType,
    master: Mapping[str, object],
    losers: list[str],
    schema: Schema | None,
) -> MergeOutcome:
    """Saves the master first: where that is refused, nothing else has happened."""
    [saved] = save(store, user_id, object_type.name, "update", [master], schema=schema)
    if not saved.success or saved.id is None:
        return MergeOutcome(saved.id, False, errors=saved.errors)
    whole = store.schema
    moved = [
        record_id
        for child in whole.children_of(object_type.name)
        if child.field.name != "MasterRecordId" and not child.field.computed and not child.object_type.history_of
        for record_id in _move(write, whole, child, losers, saved.id, user_id)
    ]
    stored_type = whole.require(object_type.name)
    mark_history(whole, write, stored_type, losers, user_id)
    mark(whole, write, stored_type, losers, user_id, deleted=True)
    write.connection.execute(
        f'UPDATE {table(stored_type.name)} SET "MasterRecordId" = ? WHERE "Id" IN (SELECT unnest(?))',
        [saved.id, losers],
    )
    add_history(store, write, stored_type, [Change(saved.id, merged(stored_type)) for _ in losers], user_id)
    return MergeOutcome(saved.id, True, tuple(losers), tuple(dict.fromkeys(moved)))


def _move(write: Writing, schema: Schema, child: Children, losers: list[str], master: str, user_id: str) -> list[str]:
    """Makes the losers' living children the master's; gives their Ids."""
    object_type, reference = child.object_type, quote(child.field.name)
    if object_type.name in _ONE_EACH:
        _drop_repeated(write, schema, child, losers, master, user_id)
    rows = write.connection.execute(
        f'SELECT "Id" FROM {table(object_type.name)} WHERE {reference} IN (SELECT unnest(?)) AND {living(object_type)}',
        [losers],
    ).fetchall()
    ids = [record_id for (record_id,) in rows]
    if ids:
        write.connection.execute(
            f'UPDATE {table(object_type.name)} SET {reference} = ?, "SystemModstamp" = ? '
            'WHERE "Id" IN (SELECT unnest(?))',
            [master, write.now, ids],
        )
        refresh(write, object_type, parents_of(write, object_type, ids))
        refresh_calculated(write.connection, schema, object_type, ids, losers)
        write.saved.add(object_type.name)
    return ids


def _drop_repeated(
    write: Writing, schema: Schema, child: Children, losers: list[str], master: str, user_id: str
) -> None:
    """Removes the losers' memberships in what the master, or an earlier loser, is a member of."""
    object_type, reference = child.object_type, quote(child.field.name)
    other = quote(_ONE_EACH[object_type.name])
    if reference == other:
        other = quote("ContactId")
    rows = write.connection.execute(
        f"""
        SELECT "Id" FROM {table(object_type.name)}
        WHERE {reference} IN (SELECT unnest($all)) AND NOT "IsDeleted"
        QUALIFY row_number() OVER (PARTITION BY {other} ORDER BY {reference} != $master, "Id") > 1
        """,
        {"all": [master, *losers], "master": master},
    ).fetchall()
    ids = [record_id for (record_id,) in rows]
    if ids:
        mark(schema, write, object_type, ids, user_id, deleted=True)
