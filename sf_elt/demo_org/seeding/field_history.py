"""What the seeded records were before: a row of history for each record's creation, and one where its state changed."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from sf_elt.demo_org.history import CREATED, data_type, parent_field
from sf_elt.demo_org.schema import ObjectType
from sf_elt.demo_org.seeding.record_ids import record_ids
from sf_elt.demo_org.store import Store, quote, table

_FIRST_STATES = {
    "Case": ("Status", "New"),
    "Lead": ("Status", "Open - Not Contacted"),
    "Opportunity": ("StageName", "Prospecting"),
    "Subscription__c": ("Plan__c", "Free"),
}
"""In which state each record began; a record in another state has changed once."""


def field_history(store: Store) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each history object, in the order of time."""
    first = 1
    for history in store.schema.objects:
        if history.history_of:
            rows = _rows(store, store.schema.require(history.history_of), history)
            yield history.name, rows.add_column(0, "Id", record_ids(history.key_prefix, len(rows), first))
            first += len(rows)


def _rows(store: Store, parent: ObjectType, history: ObjectType) -> pa.Table:
    name, former = _FIRST_STATES.get(parent.name, (None, None))
    field = parent.field(name) if name else None
    changes = ""
    if field is not None:
        value = quote(field.name)
        changes = f"""
        UNION ALL
        SELECT
            "Id", "LastModifiedById", "LastModifiedDate", "IsDeleted", $field, $type, to_json($former), to_json({value})
        FROM {table(parent.name)}
        WHERE {value} <> $former
        """
    statement = f"""
        SELECT
            record_id AS {quote(parent_field(history).name)}, by_whom AS "CreatedById", saved_at AS "CreatedDate",
            gone AS "IsDeleted", what AS "Field", kind AS "DataType", CAST(old AS VARCHAR) AS "OldValue",
            CAST(new AS VARCHAR) AS "NewValue"
        FROM (
            SELECT "Id", "CreatedById", "CreatedDate", "IsDeleted", $created, 'Text', NULL, NULL
            FROM {table(parent.name)}
            {changes}
        ) AS changes (record_id, by_whom, saved_at, gone, what, kind, old, new)
        ORDER BY saved_at, record_id, what
    """
    parameters = {"created": CREATED}
    if field is not None:
        parameters |= {"field": field.name, "type": data_type(field), "former": former or ""}
    with store.reading() as connection:
        return connection.sql(statement, params=parameters).to_arrow_table()
