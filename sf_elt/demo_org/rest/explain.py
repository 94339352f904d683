"""`/query?explain=…`: how Salesforce would go about a query, in the form of "Query Plan" of its REST API guide.

The counts are real. Which fields lead the way and what that costs follows Salesforce's "Query & Search Optimization
Cheat Sheet": an index leads where it leaves less than a share of the records, else the whole table is read.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter

import duckdb

from sf_elt.demo_org.schema import Field, ObjectType, Schema
from sf_elt.demo_org.soql import compile_query, parse
from sf_elt.demo_org.soql.ast import AllOf, Comparison, Condition, Membership, Path, Query, SemiJoin
from sf_elt.demo_org.store import table

_INDEXED = ("Id", "Name", "OwnerId", "CreatedDate", "SystemModstamp", "RecordTypeId", "Email")
_STANDARD_SHARE, _CUSTOM_SHARE = 0.3, 0.1
"""How much of a table an index may leave to be worth it."""
_LEAST_THRESHOLD = 1.0


def explain(
    connection: duckdb.DuckDBPyConnection, soql: str, schema: Schema, now: datetime, user_id: str
) -> dict[str, object]:
    """The reply: plans, the best one first. Raises SoqlError for a query that would not run."""
    query = parse(soql)
    compile_query(query, schema, now, user_id=user_id)
    object_type = schema.require(query.object_name)
    row = connection.execute(f"SELECT count(*) FROM {table(object_type.name)}").fetchone()
    total = int(row[0]) if row else 0
    plans: list[tuple[float, dict[str, object]]] = []
    for condition, field in _indexed(query.where, object_type):
        cardinality = _count(connection, query, condition, schema, now)
        share = _CUSTOM_SHARE if field.custom else _STANDARD_SHARE
        cost = cardinality / max(total * share, _LEAST_THRESHOLD)
        plans.append((cost, _plan("Index", object_type, [field.name], cardinality, total, cost)))
    found = _count(connection, query, query.where, schema, now)
    cost = 1 + found / max(total, 1)
    plans.append((cost, _plan("TableScan", object_type, [], found, total, cost)))
    return {"plans": [plan for _, plan in sorted(plans, key=itemgetter(0))], "sourceQuery": soql}


def _indexed(where: Condition | None, object_type: ObjectType) -> Iterator[tuple[Condition, Field]]:
    """The conditions that all records must meet and that an index answers."""
    for part in where.parts if isinstance(where, AllOf) else (where,):
        match part:
            case Comparison(Path((name,)), operator, _) if operator != "!=":
                field = object_type.field(name)
            case Membership(Path((name,)), _, False) | SemiJoin(Path((name,)), _, False):
                field = object_type.field(name)
            case _:
                continue
        if field and (field.name in _INDEXED or field.type == "reference" or field.external_id or field.unique):
            yield part, field


def _count(
    connection: duckdb.DuckDBPyConnection, query: Query, where: Condition | None, schema: Schema, now: datetime
) -> int:
    counting = Query(query.text, query.object_name, query.alias, (), where, parent_aliases=query.parent_aliases)
    compiled = compile_query(counting, schema, now)
    row = connection.execute(compiled.count_sql, compiled.parameters).fetchone()
    return int(row[0]) if row else 0


def _plan(
    leading: str, object_type: ObjectType, fields: list[str], cardinality: int, total: int, cost: float
) -> dict[str, object]:
    notes = []
    if object_type.has("IsDeleted"):
        description = "Not considering filter for optimization because unindexed"
        notes.append({"description": description, "fields": ["IsDeleted"], "tableEnumOrId": object_type.name})
    return {
        "cardinality": cardinality,
        "fields": fields,
        "leadingOperationType": leading,
        "notes": notes,
        "relativeCost": round(cost, 3),
        "sobjectCardinality": total,
        "sobjectType": object_type.name,
    }
