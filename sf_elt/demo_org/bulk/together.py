"""How many records of an upload one transaction saves.

Salesforce saves 200 at a time: the second of two rows with one external id is refused within such a chunk, and finds
the record of the first in a later one. Most uploads have nothing by which one chunk could tell what another did: then
several are saved at once, which is faster, in a large org many times.
"""

from collections.abc import Sequence

from sf_elt.demo_org.bulk.header import Column
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.saving import Operation
from sf_elt.demo_org.schema import Field, ObjectType
from sf_elt.demo_org.store import Store

CHUNK = 200
SEVERAL = 50 * CHUNK


def saved_at_once(
    store: Store,
    object_type: ObjectType,
    operation: Operation,
    key: str | None,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
) -> int:
    """CHUNK, or SEVERAL where that makes no difference. `key` is the field by which an upsert finds its records."""
    name, keys = object_type.name, ("id", (key or "Id").lower())
    interfering = (
        operation not in ("insert", "update", "upsert")  # a record that goes may take others of the upload along
        or any(rule.active for rule in store.schema.require(name).rules)  # they may read other records
        or store.rules.duplicate_rule(name) != "off"
        or store.rules.any_locked  # a lock may hold so many saves
        or any(name in column.field.to for column in columns)
    )
    for place, column in enumerate(columns):
        field, finds = column.field, column.name.lower() in keys
        if field.unique and not finds and operation != "insert":
            interfering = True  # a value that one record gives up is free for another
        if field.unique or finds:
            interfering = interfering or _is_twice(field, [row[place] for row in rows])
    return CHUNK if interfering else SEVERAL


def _is_twice(field: Field, cells: Sequence[str]) -> bool:
    """Whether a value may be there twice: only of Ids and texts it is known when two are the same."""
    if field.type not in ("id", "string", "email"):
        return True
    given = [cell.strip() for cell in cells if cell.strip()]
    values = {(normalise(cell) or cell) if field.type == "id" else cell.lower() for cell in given}
    return len(values) < len(given)
