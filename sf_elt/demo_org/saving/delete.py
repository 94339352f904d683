"""Deleting: into the recycle bin with all that goes along, out of it again, or for good."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Sequence

from sf_elt.demo_org.calculated import refresh_calculated
from sf_elt.demo_org.history import parent_field
from sf_elt.demo_org.replication import log_removal
from sf_elt.demo_org.saving.batch import touched
from sf_elt.demo_org.saving.derive import parents_of, refresh
from sf_elt.demo_org.saving.emptied import empty_references, restore_references
from sf_elt.demo_org.saving.returning import children_ids, dependents, forget_earlier, gone_with
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import Children, Field, ObjectType, Schema
from sf_elt.demo_org.store import Writing, quote, table


def check_deletable(write: Writing, schema: Schema, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Refuses rows whose record others keep: won opportunities keep their account, cases the account and contact."""
    if object_type.name == "Account":
        won = Children(opportunity := schema.require("Opportunity"), _field(opportunity, "AccountId"))
        reason = "some opportunities in that account were closed won"
        _refuse_held(write, object_type, rows, won, 'child."IsWon"', reason)
    for child in schema.children_of(object_type.name):
        if child.field.restricts:
            reason = f"it is associated with the following {child.object_type.plural.lower()}"
            _refuse_held(write, object_type, rows, child, "true", reason)


def _refuse_held(
    write: Writing, object_type: ObjectType, rows: Sequence[Row], child: Children, where: str, reason: str
) -> None:
    """Refuses the rows whose record has such living children, and names them as Salesforce does."""
    standing = [row for row in rows if not row.errors and row.known_id is not None]
    if not standing:
        return
    found = write.connection.execute(
        f"""
        SELECT parent."Id", any_value(parent.{_name(object_type)}),
               string_agg(child.{_name(child.object_type)}, ', ' ORDER BY child."Id")
        FROM {table(child.object_type.name)} AS child
        JOIN {table(object_type.name)} AS parent ON parent."Id" = child.{quote(child.field.name)}
        WHERE parent."Id" IN (SELECT unnest(?)) AND NOT child."IsDeleted" AND {where}
        GROUP BY parent."Id"
        """,
        [[row.id for row in standing]],
    ).fetchall()
    held = {parent_id: (name, children) for parent_id, name, children in found}
    for row in standing:
        if row.id in held:
            name, children = held[row.id]
            message = f"Your attempt to delete {name} could not be completed because {reason}.: {children}\n"
            row.refuse("DELETE_FAILED", message)


def _name(object_type: ObjectType) -> str:
    return quote(object_type.name_field.name if object_type.name_field else "Id")


def _field(object_type: ObjectType, name: str) -> Field:
    found = object_type.field(name)
    if found is None:
        raise KeyError(f"{object_type.name}.{name}")
    return found


def delete(
    schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str], user_id: str, *, for_good: bool
) -> None:
    """Marks the records deleted (`for_good`: removes them), and with them the records that cannot be without them."""
    if not ids:
        return
    for child in dependents(schema, object_type):
        delete(schema, write, child.object_type, children_ids(write, child, ids), user_id, for_good=for_good)
    empty_references(schema, write, object_type, ids, remember=not for_good)
    if for_good:
        remove(schema, write, object_type, ids)
    else:
        mark(schema, write, object_type, ids, user_id, deleted=True)


def remove(schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str]) -> None:
    """Removes the records and nothing else; replication still knows of them."""
    log_removal(write, object_type, ids)
    parents = parents_of(write, object_type, ids)
    # their roll-ups must no longer count them, and a removed record has no parents to be found by
    if object_type.has("IsDeleted"):
        write.connection.execute(
            f'UPDATE {table(object_type.name)} SET "IsDeleted" = true WHERE "Id" IN (SELECT unnest(?))', [list(ids)]
        )
        refresh_calculated(write.connection, schema, object_type, ids)
    write.connection.execute(f'DELETE FROM {table(object_type.name)} WHERE "Id" IN (SELECT unnest(?))', [list(ids)])
    history = schema.history_of(object_type.name)
    if history is not None:
        remove(schema, write, history, children_ids(write, Children(history, parent_field(history)), ids, "true"))
    refresh(write, object_type, parents)
    write.saved.add(object_type.name)


def remove_from_bin(schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str]) -> None:
    """Removes deleted records for good, and with them those that were deleted in the same moment because of them."""
    if not ids:
        return
    for child in dependents(schema, object_type):
        remove_from_bin(schema, write, child.object_type, gone_with(write, object_type, child, ids))
    remove(schema, write, object_type, ids)


def undelete(schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str], user_id: str) -> None:
    """Brings the records back, and with them those that were deleted in the same moment because of them."""
    if not ids:
        return
    for child in dependents(schema, object_type):
        undelete(schema, write, child.object_type, gone_with(write, object_type, child, ids), user_id)
    if object_type.has("MasterRecordId"):  # what comes back is merged into nothing
        write.connection.execute(
            f'UPDATE {table(object_type.name)} SET "MasterRecordId" = NULL WHERE "Id" IN (SELECT unnest(?))',
            [list(ids)],
        )
    mark(schema, write, object_type, ids, user_id, deleted=False)
    forget_earlier(write, ids)
    restore_references(schema, write, object_type, ids)


def mark(
    schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str], user_id: str, *, deleted: bool
) -> None:
    """Puts the records into the recycle bin, or takes them out, and nothing else."""
    saved = {"IsDeleted": deleted, **(touched(write, user_id) if object_type.has("SystemModstamp") else {})}
    assignments = ", ".join(f"{quote(name)} = ?" for name in saved)
    write.connection.execute(
        f'UPDATE {table(object_type.name)} SET {assignments} WHERE "Id" IN (SELECT unnest(?))',
        [*saved.values(), list(ids)],
    )
    refresh(write, object_type, parents_of(write, object_type, ids))
    refresh_calculated(write.connection, schema, object_type, ids)
    write.saved.add(object_type.name)


def mark_history(schema: Schema, write: Writing, object_type: ObjectType, ids: Sequence[str], user_id: str) -> None:
    """Puts the records' history into the recycle bin."""
    history = schema.history_of(object_type.name)
    if history is not None:
        rows = children_ids(write, Children(history, parent_field(history)), ids)
        mark(schema, write, history, rows, user_id, deleted=True)
