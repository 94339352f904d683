"""The recycle bin: records are brought back, thrown out of it by hand, or after their time is up.

undelete_records(store, user_id, ["00Q…", "003…"])
empty_recycle_bin(store, ["00Q…"])
purge_recycle_bin(store)                       # what a real org does by itself after 15 days
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Sequence
from datetime import timedelta

from sf_elt.demo_org.saving.by_id import malformed, read_ids, save_by_id
from sf_elt.demo_org.saving.delete import remove, remove_from_bin
from sf_elt.demo_org.saving.lookup import read_existing
from sf_elt.demo_org.saving.outcome import SaveError, SaveOutcome
from sf_elt.demo_org.saving.rights import NO_ACCESS
from sf_elt.demo_org.schema import ObjectType, Schema
from sf_elt.demo_org.store import Store, Writing, table

KEPT = timedelta(days=15)


def undelete_records(
    store: Store, user_id: str, record_ids: Sequence[str], *, all_or_none: bool = False, schema: Schema | None = None
) -> list[SaveOutcome]:
    """Brings records of any objects back out of the recycle bin, with what was deleted because of them."""
    return save_by_id(store, user_id, "undelete", record_ids, all_or_none=all_or_none, schema=schema)


def empty_recycle_bin(store: Store, record_ids: Sequence[str], *, schema: Schema | None = None) -> list[SaveOutcome]:
    """Removes deleted records for good, and what was deleted because of them; what is not in the bin is refused."""
    with store.writing() as write:
        return [
            _throw_out(store, write, kind, text) if kind else malformed(text)
            for kind, text in read_ids(schema or store.schema, record_ids)
        ]


def _throw_out(store: Store, write: Writing, object_type: ObjectType, record_id: str) -> SaveOutcome:
    if not object_type.deletable:
        return SaveOutcome(record_id, False, False, (NO_ACCESS,))
    record = read_existing(write.connection, object_type, [record_id]).get(record_id)
    if record is None or not record.get("IsDeleted"):
        error = SaveError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        return SaveOutcome(record_id, False, False, (error,))
    remove_from_bin(store.schema, write, object_type, [record_id])
    return SaveOutcome(record_id, True, False)


def purge_recycle_bin(store: Store, kept: timedelta = KEPT) -> int:
    """Removes what was deleted longer ago than `kept`; gives how many records that were."""
    purged = 0
    with store.writing() as write:
        for object_type in store.schema.objects:
            if not object_type.has("IsDeleted") or object_type.history_of:  # history goes with its record
                continue
            rows = write.connection.execute(
                f'SELECT "Id" FROM {table(object_type.name)} WHERE "IsDeleted" AND "SystemModstamp" <= ?',
                [write.now - kept],
            ).fetchall()
            if rows:
                remove(store.schema, write, object_type, [record_id for (record_id,) in rows])
                purged += len(rows)
    return purged
