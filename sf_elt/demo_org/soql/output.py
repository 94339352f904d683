"""What a compiled query selects: REST's JSON records, or the columns of a Bulk 2.0 CSV. DuckDB formats both."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Sequence

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.soql.ast import Call
from sf_elt.demo_org.soql.columns import ChildColumn, Column, Record, Selected, TypeofColumn
from sf_elt.demo_org.soql.compile import Compiled
from sf_elt.demo_org.soql.polymorphic import OBJECT
from sf_elt.demo_org.soql.selecting import is_unbounded
from sf_elt.demo_org.store import quote
from sf_elt.demo_org.values import csv_value, json_attributes, json_object, json_value, name_attributes, text_literal

LARGEST_BATCH = 2_000


def json_statement(compiled: Compiled, version: str, batch: int = LARGEST_BATCH) -> str:
    """A SELECT of one text column: each record as the JSON object that REST version `version` ("62.0") sends.

    Children come all, under `"done": false` where there are more than `batch` of them.
    """
    return f"SELECT CAST(to_json({_record(compiled, version, batch)}) AS VARCHAR) {compiled.from_clause}"


def csv_statement(compiled: Compiled) -> str:
    """A SELECT of text columns under the names of the query, for `COPY (…) TO … (FORMAT csv, HEADER, FORCE_QUOTE *)`.

    Raises SoqlError for what a bulk query refuses: aggregates, OFFSET, TYPEOF, subqueries, FIELDS() without bounds and
    compound fields.
    """
    for refused, message in (
        (compiled.is_count or compiled.aggregated, "Aggregate queries are not supported in Bulk Query"),
        (compiled.query.offset is not None, "OFFSET is not supported in Bulk Query"),
        (any(isinstance(each, TypeofColumn) for each in compiled.selected), "TYPEOF is not supported in Bulk Query"),
        (compiled.has_children, "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"),
    ):
        if refused:
            raise SoqlError("FUNCTIONALITY_NOT_ENABLED", message)
    if any(isinstance(each, Call) and is_unbounded(each) for each in compiled.query.fields):
        message = "The SOQL FIELDS function is not supported with an unbounded set of fields in this API."
        raise SoqlError("MALFORMED_QUERY", message)
    if any(column.field.is_compound for column in compiled.columns):
        raise SoqlError("FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query")
    if any(column.field.type == "base64" for column in compiled.columns):
        raise SoqlError("FUNCTIONALITY_NOT_ENABLED", "Selecting binary data not supported in Bulk Query")
    selected = (f"{csv_value(each.field, each.expression)} AS {quote(each.name)}" for each in compiled.columns)
    return f"SELECT {', '.join(selected)} {compiled.from_clause}"


def _record(compiled: Compiled, version: str, batch: int) -> str:
    if compiled.aggregated:
        columns = {each.name: _value(each, version) for each in compiled.columns}
        return json_object({"attributes": json_object({"type": text_literal("AggregateResult")}), **columns})
    return _json_record(compiled.base, compiled.selected, 1, version, batch)


def _json_record(record: Record, selected: Sequence[Selected], depth: int, version: str, batch: int) -> str:
    """The record as a SQL struct: its own fields, and each parent as an object where it is first mentioned.

    `depth` is how many records lead to this one, itself included; `selected` is its own, its parents' and children.
    """
    members = {"attributes": _attributes(record, version)}
    for each in selected:
        if isinstance(each, ChildColumn):
            members[each.relationship] = _json_children(each, version, batch)
        elif isinstance(each, TypeofColumn):
            members[each.relationship] = _json_typeof(each, version, batch)
        elif len(each.records) == depth:
            members[each.alias or each.field.name] = _value(each, version)
        else:
            parent = each.records[depth]
            if parent.relationship not in members:
                through = [other for other in selected if isinstance(other, Column) and parent in other.records]
                struct = _json_record(parent, through, depth + 1, version, batch)
                members[parent.relationship] = f'CASE WHEN {parent.source}."Id" IS NOT NULL THEN {struct} END'
    return json_object(members)


def _value(column: Column, version: str) -> str:
    return json_value(column.record.object_type, column.field, column.expression, version)


def _attributes(record: Record, version: str) -> str:
    record_id = f'{record.source}."Id"'
    if record.is_name:
        return name_attributes(f"{record.source}.{OBJECT}", record_id, version)
    return json_attributes(record.object_type.name, record_id, version)


def _json_typeof(typeof: TypeofColumn, version: str, batch: int) -> str:
    """Branches have members of their own each, hence are JSON, not structs of one type."""
    whens = (
        f'WHEN {each.record.source}."Id" IS NOT NULL '
        f"THEN to_json({_json_record(each.record, each.columns, 1, version, batch)})"
        for each in (*typeof.branches, typeof.otherwise)
    )
    return f"CASE {' '.join(whens)} END"


def _json_children(child: ChildColumn, version: str, batch: int) -> str:
    """All children of a record in their order, as a query result of its own; null where there are none."""
    compiled = child.compiled
    keys = [f"{term.sql} AS key_{place}" for place, term in enumerate(compiled.order_terms)]
    order = ", ".join(f"child.key_{place} {term.direction}" for place, term in enumerate(compiled.order_terms))
    chosen = compiled.from_clause if compiled.bounds else compiled.tables
    rows = f"SELECT {', '.join([f'{_record(compiled, version, batch)} AS record', *keys])} {chosen}"
    result = json_object(
        {
            "totalSize": "count(*)",
            "done": f"count(*) <= {batch}",
            "records": f"list(child.record ORDER BY {order})",
        }
    )
    return f"(SELECT CASE WHEN count(*) > 0 THEN {result} END FROM ({rows}) AS child)"
