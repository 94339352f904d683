"""Validation rules: what the administrator does not want records to be."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from sf_elt.demo_org.saving.batch import default_of
from sf_elt.demo_org.saving.cells import Cell
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import SYSTEM, ObjectType
from sf_elt.demo_org.tables import arrow_type, quote, table


def check_rules(
    connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: Sequence[Row], user_id: str
) -> None:
    """Refuses rows that would make a record for which the formula of an active rule holds, with each such message."""
    rules = [rule for rule in object_type.rules if rule.active]
    good = [row for row in rows if not row.errors]
    if not rules or not good:
        return
    future = _as_saved(connection, object_type, good, user_id)
    connection.register("future", future)
    try:
        for rule in rules:
            for (place,) in connection.execute(f"SELECT place FROM future WHERE {rule.sql} ORDER BY place").fetchall():
                fields = (rule.field,) if rule.field else ()
                good[place].refuse("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, *fields)
    finally:
        connection.unregister("future")


def _as_saved(
    connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: Sequence[Row], user_id: str
) -> pa.Table:
    """The records as they would be, with the `place` of each among the rows."""
    names = [each.name for each in object_type.stored_fields]
    columns = ", ".join(map(quote, names))
    ids = [row.id for row in rows if not row.created]
    query = f'SELECT {columns} FROM {table(object_type.name)} WHERE "Id" IN (SELECT unnest(?))'
    standing: dict[object, dict[str, Cell]] = {}
    for values in connection.execute(query, [ids]).fetchall():
        record = dict(zip(names, values, strict=True))
        standing[record["Id"]] = record
    defaults = {
        each.name: None if each.default == SYSTEM else default_of(each, user_id) for each in object_type.stored_fields
    }
    records = [{**(defaults if row.created else standing[row.id]), **row.cells} for row in rows]
    arrays = {
        each.name: pa.array([record[each.name] for record in records], arrow_type(each))
        for each in object_type.stored_fields
    }
    return pa.table({"place": pa.array(range(len(rows)), pa.int64()), **arrays})
