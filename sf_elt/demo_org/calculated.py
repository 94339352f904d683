"""Fields that read other records: roll-up summaries of children and formulas over a parent.

    refresh_calculated(connection, schema, opportunity, ids, former_parents)    # after these records were saved
    refresh_all(connection, schema)                                            # after whole tables were loaded

Their columns are stored and brought up to date here, without moving the record's timestamps: a change of another record
is no change of this one (as in Salesforce, and why an increment by SystemModstamp misses it: heroku/roadmap#319).
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Collection, Sequence

import duckdb

from sf_elt.demo_org.schema import Field, ObjectType, ParentValue, RollUp, Schema
from sf_elt.demo_org.store import quote, table


def refresh_calculated(
    connection: duckdb.DuckDBPyConnection,
    schema: Schema,
    object_type: ObjectType,
    ids: Sequence[str],
    former_parents: Sequence[str] = (),
    *,
    changed: Collection[str] | None = None,
) -> None:
    """Brings up to date what depends on the records `ids`, in the transaction that saved, deleted or restored them.

    That is their own formulas over parents, their children's formulas over them, and the roll-ups of their parents.
    `former_parents` are the Ids that they referred to before. `changed` are the fields that were set, where that is all
    that happened: what reads none of them is left alone.
    """
    for field in object_type.fields:
        if field.parent is not None and _reads(changed, field.parent.by):
            _refresh_formula(connection, schema, object_type, field, field.parent, '"Id"', ids)
    for child in schema.children_of(object_type.name):
        for field in child.object_type.fields:
            if (
                field.parent is not None
                and field.parent.by == child.field.name
                and _reads(changed, field.parent.sql, object_type)
            ):
                reference = quote(child.field.name)
                _refresh_formula(connection, schema, child.object_type, field, field.parent, reference, ids)
    for parent, field, roll_up in _roll_ups_of(schema, object_type):
        if _reads(changed, f"{roll_up.by} {roll_up.field} {roll_up.where} CurrencyIsoCode", object_type):
            parents = _parents(connection, object_type, roll_up.by, ids)
            _refresh_roll_up(connection, schema, parent, field, roll_up, [*parents, *former_parents])


def _reads(changed: Collection[str] | None, expression: str, object_type: ObjectType | None = None) -> bool:
    """Whether an expression may come to something else; computed fields that it names may hide what they read."""
    if changed is None or any(name in expression for name in changed):
        return True
    computed = [each for each in object_type.fields if each.sql is not None] if object_type else []
    return any(each.name in expression and _reads(changed, each.sql or "") for each in computed)


def refresh_all(connection: duckdb.DuckDBPyConnection, schema: Schema) -> None:
    """Brings every such field of every record up to date."""
    for object_type in schema.objects:
        for field in object_type.fields:
            if field.parent is not None:
                _refresh_formula(connection, schema, object_type, field, field.parent, '"Id"', None)
            if field.roll_up is not None:
                _refresh_roll_up(connection, schema, object_type, field, field.roll_up, None)


def _roll_ups_of(schema: Schema, child: ObjectType) -> list[tuple[ObjectType, Field, RollUp]]:
    return [
        (each, field, field.roll_up)
        for each in schema.objects
        for field in each.fields
        if field.roll_up is not None and field.roll_up.of == child.name
    ]


def _parents(connection: duckdb.DuckDBPyConnection, child: ObjectType, reference: str, ids: Sequence[str]) -> list[str]:
    rows = connection.execute(
        f'SELECT DISTINCT {quote(reference)} FROM {table(child.name)} WHERE "Id" IN (SELECT unnest(?))', [list(ids)]
    ).fetchall()
    return [parent for (parent,) in rows if parent is not None]


def _refresh_formula(
    connection: duckdb.DuckDBPyConnection,
    schema: Schema,
    object_type: ObjectType,
    field: Field,
    value: ParentValue,
    by: str,
    ids: Sequence[str] | None,
) -> None:
    """Computes the field for the records whose column `by` is one of `ids`; for all where there are none given."""
    reference = object_type.field(value.by)
    if reference is None:
        raise KeyError(f"{object_type.name}.{field.name} reads its parent by {value.by}, which is no field")
    [parent] = reference.to
    column, parents = quote(field.name), table(schema.require(parent).name)
    connection.execute(
        f"""
        WITH found AS (
            SELECT record."Id" AS record_id, parent.value
            FROM {table(object_type.name)} AS record
            LEFT JOIN (SELECT "Id" AS parent_id, {value.sql} AS value FROM {parents}) AS parent
                ON parent.parent_id = record.{quote(value.by)}
            WHERE {_among(f"record.{by}", ids)}
        )
        UPDATE {table(object_type.name)} AS record
        SET {column} = found.value
        FROM found
        WHERE record."Id" = found.record_id AND record.{column} IS DISTINCT FROM found.value
        """,
        _parameters(ids),
    )


def _refresh_roll_up(
    connection: duckdb.DuckDBPyConnection,
    schema: Schema,
    parent: ObjectType,
    field: Field,
    roll_up: RollUp,
    ids: Sequence[str] | None,
) -> None:
    """Sums up for the parents `ids`, or for all."""
    column = quote(field.name)
    child = schema.require(roll_up.of)
    living = f'NOT child."IsDeleted" AND ({roll_up.where})' if child.has("IsDeleted") else f"({roll_up.where})"
    connection.execute(
        f"""
        WITH found AS (
            SELECT parent."Id" AS parent_id, {_summary(field, roll_up)} AS value
            FROM {table(parent.name)} AS parent
            LEFT JOIN (SELECT * FROM {table(child.name)} AS child WHERE {living}) AS child
                ON child.{quote(roll_up.by)} = parent."Id"
            LEFT JOIN {table("CurrencyType")} AS child_rate ON child_rate."IsoCode" = child."CurrencyIsoCode"
            LEFT JOIN {table("CurrencyType")} AS parent_rate ON parent_rate."IsoCode" = parent."CurrencyIsoCode"
            WHERE {_among('parent."Id"', ids)}
            GROUP BY parent."Id"
        )
        UPDATE {table(parent.name)} AS parent
        SET {column} = found.value
        FROM found
        WHERE parent."Id" = found.parent_id AND parent.{column} IS DISTINCT FROM found.value
        """,
        _parameters(ids),
    )


def _summary(field: Field, roll_up: RollUp) -> str:
    """The aggregate; money is converted to the parent's currency, as Salesforce does where an org has several."""
    if roll_up.summary == "count" or roll_up.field is None:
        return 'count(child."Id")'
    value = f"child.{quote(roll_up.field)}"
    if field.type == "currency":
        value = (
            f'CASE WHEN child."CurrencyIsoCode" IS DISTINCT FROM parent."CurrencyIsoCode" THEN {value}'
            ' / coalesce(child_rate."ConversionRate", 1) * coalesce(parent_rate."ConversionRate", 1)'
            f" ELSE {value} END"
        )
    if roll_up.summary == "sum":
        return f"round(coalesce(sum({value}), 0), {field.scale})"
    return f"{roll_up.summary}({value})"


def _among(column: str, ids: Sequence[str] | None) -> str:
    return "true" if ids is None else f"{column} IN (SELECT unnest($ids))"


def _parameters(ids: Sequence[str] | None) -> dict[str, object]:
    return {} if ids is None else {"ids": list(ids)}
