"""Finding the records that a batch is about: by Id, or by the value of a field."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Collection, Iterable

import duckdb

from sf_elt.demo_org.saving.cells import Cell, cell
from sf_elt.demo_org.saving.outcome import Refused
from sf_elt.demo_org.schema import Field, ObjectType
from sf_elt.demo_org.store import Store, quote, table
from sf_elt.demo_org.tables import living

_DECIDING = (
    "IsDeleted", "IsConverted", "IsActive", "StageName", "ForecastCategoryName", "Probability", "LastStageChangeDate",
    "CompletedDateTime", "Status", "ClosedDate", "FirstRespondedDate", "HasResponded", "IsPersonAccount",
    "PersonContactId",
)  # fmt: skip
"""What decides whether a record may be changed, and what `derive` may change with it."""


def read_existing(
    connection: duckdb.DuckDBPyConnection, object_type: ObjectType, ids: Collection[str], names: Iterable[str] = ()
) -> dict[str, dict[str, Cell]]:
    """The records of those Ids, deleted ones included, with the named fields and those that decide what is allowed."""
    wanted = ["Id", *sorted({*names, *(name for name in _DECIDING if object_type.has(name))} - {"Id"})]
    columns = ", ".join(quote(name) for name in wanted)
    found = connection.execute(
        f'SELECT {columns} FROM {table(object_type.name)} WHERE "Id" IN (SELECT unnest(?))', [list(ids)]
    )
    return {values[0]: dict(zip(wanted, values, strict=True)) for values in found.fetchall()}


_AS_DUCKDB_LOWERS = str.maketrans({"Σ": "σ", "İ": "i"})
"""Letters that Python lowers by where they stand, or to two; DuckDB takes each letter for itself."""


def as_text(value: Cell) -> str | None:
    """A key as `ids_by_value` compares it: text in lower case, numbers as text; None for what is no key."""
    if isinstance(value, bool):
        return None
    return str(value).translate(_AS_DUCKDB_LOWERS).lower() if isinstance(value, str | int | float) else None


def ids_by_value(
    connection: duckdb.DuckDBPyConnection, object_type: ObjectType, key: Field, values: Collection[str]
) -> dict[str, list[str]]:
    """The Ids of the records, deleted ones aside, that hold each of the values (see `as_text`), oldest first."""
    if not values:
        return {}
    column = f"lower(CAST({quote(key.name)} AS VARCHAR))"
    records = table(object_type.name)
    rows = connection.execute(  # by rowid, so that the pass over all records reads that column only
        f'SELECT {column}, "Id" FROM {records} '
        f"WHERE rowid IN (SELECT rowid FROM {records} WHERE {column} IN (SELECT unnest(?))) AND {living(object_type)} "
        'ORDER BY "Id"',
        [list(values)],
    ).fetchall()
    found: dict[str, list[str]] = {}
    for value, record_id in rows:
        found.setdefault(value, []).append(record_id)
    return found


def ids_by_key(store: Store, object_type: ObjectType, key: Field, given: str) -> list[str]:
    """The Ids of the living records that an external id in an address means, oldest first; none for an empty one."""
    try:
        value = as_text(cell(key, given))
    except Refused:
        return []
    if value is None:
        return []
    with store.reading() as connection:
        return ids_by_value(connection, object_type, key, [value]).get(value, [])
