"""What a compiled query selects: REST's JSON records, or the columns of a Bulk 2.0 CSV. DuckDB formats both."""

from collections.abc import Sequence

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.soql.compile import BASE, Column, Compiled, Record
from sf_elt.demo_org.store import quote
from sf_elt.demo_org.values import csv_value, json_attributes, json_object, json_value


def json_statement(compiled: Compiled, version: str) -> str:
    """A SELECT of one text column: each record as the JSON object that REST version `version` ("62.0") sends."""
    record = _json_record(Record(compiled.object_type, BASE), compiled.columns, 1, version)
    return f"SELECT CAST(to_json({record}) AS VARCHAR) {compiled.from_clause}"


def csv_statement(compiled: Compiled) -> str:
    """A SELECT of text columns under the names of the query, for `COPY (…) TO … (FORMAT csv, HEADER, FORCE_QUOTE *)`.

    Raises SoqlError for what a bulk query refuses: COUNT(), OFFSET and compound fields.
    """
    if compiled.is_count or compiled.query.offset is not None:
        what = "Aggregate queries are" if compiled.is_count else "OFFSET is"
        raise SoqlError("FUNCTIONALITY_NOT_ENABLED", f"{what} not supported in Bulk Query")
    if any(column.field.type == "address" for column in compiled.columns):
        raise SoqlError("FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query")
    selected = (f"{csv_value(each.field, each.record.expression)} AS {quote(each.name)}" for each in compiled.columns)
    return f"SELECT {', '.join(selected)} {compiled.from_clause}"


def _json_record(record: Record, columns: Sequence[Column], depth: int, version: str) -> str:
    """The record as a SQL struct: its own fields, and each parent as an object where it is first mentioned.

    `depth` is how many records lead to this one, itself included; `columns` are its own and its parents'.
    """
    members = {"attributes": json_attributes(record.object_type.name, f'{record.source}."Id"', version)}
    for column in columns:
        if len(column.records) == depth:
            members[column.field.name] = json_value(record.object_type, column.field, record.expression)
            continue
        parent = column.records[depth]
        if parent.relationship not in members:
            through = [each for each in columns if parent in each.records]
            struct = _json_record(parent, through, depth + 1, version)
            members[parent.relationship] = f'CASE WHEN {parent.source}."Id" IS NOT NULL THEN {struct} END'
    return json_object(members)
