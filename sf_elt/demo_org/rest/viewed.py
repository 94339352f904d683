"""`FOR VIEW` and `FOR REFERENCE`: the records that a query gave count as looked at.

The org keeps one LastViewedDate a record, not one for each user. Looking at a record does not move SystemModstamp.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

import orjson
import pyarrow as pa

from sf_elt.demo_org.soql import Compiled
from sf_elt.demo_org.store import Store, quote, table

_SET_BY = {"VIEW": ("LastViewedDate", "LastReferencedDate"), "REFERENCE": ("LastReferencedDate",)}


def remember_views(store: Store, compiled: Compiled, records: pa.ChunkedArray) -> None:
    """Sets the dates that the query's purpose means on all records read; groups are no records."""
    purposes = (compiled.query.purpose or "").split()
    names = dict.fromkeys(name for purpose in purposes for name in _SET_BY.get(purpose, ()))
    dates = [name for name in names if compiled.object_type.has(name)]
    if not dates or compiled.aggregated or not len(records):
        return
    ids = [orjson.loads(text)["attributes"]["url"].rpartition("/")[2] for text in records.to_pylist()]
    with store.writing() as write:
        assignments = ", ".join(f"{quote(name)} = $1" for name in dates)
        statement = f'UPDATE {table(compiled.object_type.name)} SET {assignments} WHERE "Id" IN (SELECT unnest($2))'
        write.connection.execute(statement, [write.now, ids])
