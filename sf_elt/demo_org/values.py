"""How values look on the wire, as SQL expressions: DuckDB formats them, so that a million rows cost no Python.

REST JSON: `2021-12-02T18:22:42.000+0000`, true, 5, 5.0, null. Bulk CSV: `2021-12-02T18:22:42.000Z`, null is empty.
"""

from collections.abc import Callable

from sf_elt.demo_org.numbers import double_text_sql
from sf_elt.demo_org.schema import Field, ObjectType

_ADDRESS_PARTS = (
    "City", "Country", "CountryCode", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "StateCode",
    "Street",
)  # fmt: skip

Column = Callable[[Field], str]
"""Gives the SQL expression of a field of the record at hand."""


def text_literal(text: str) -> str:
    """A SQL string literal; for names out of the schema, never for a client's values."""
    return "'" + text.replace("'", "''") + "'"


def json_value(object_type: ObjectType, field: Field, column: Column, version: str) -> str:
    """The field as REST version `version` ("62.0") shows it, as a SQL expression that `to_json` understands."""
    if field.is_compound:
        return _json_compound(object_type, field, column)
    if field.type == "base64":
        return _json_blob(object_type, field, column, version)
    if field.type == "datetime":
        return f"strftime({column(field)}, '%Y-%m-%dT%H:%M:%S.%g+0000')"
    if field.type == "date":
        return f"strftime({column(field)}, '%Y-%m-%d')"
    return f"CAST({column(field)} AS JSON)" if field.type == "anyType" else column(field)


def csv_value(field: Field, column: Column) -> str:
    """The field as a Bulk 2.0 result shows it: text, where null is the empty string."""
    expression = column(field)
    if field.type == "datetime":
        expression = f"strftime({expression}, '%Y-%m-%dT%H:%M:%S.%gZ')"
    elif field.type == "date":
        expression = f"strftime({expression}, '%Y-%m-%d')"
    elif field.type in ("double", "currency", "percent"):
        expression = double_text_sql(expression)
    elif field.type in ("boolean", "int"):
        expression = f"CAST({expression} AS VARCHAR)"
    elif field.type == "anyType":
        expression = f"({expression} ->> '$')"
    return f"coalesce({expression}, '')"


def json_attributes(object_name: str, id_expression: str, version: str) -> str:
    """The `attributes` that every record in a REST reply begins with."""
    address = text_literal(f"/services/data/v{version}/sobjects/{object_name}/")
    return f"{{'type': {text_literal(object_name)}, 'url': {address} || {id_expression}}}"


def name_attributes(object_expression: str, id_expression: str, version: str) -> str:
    """The `attributes` of a record behind a reference to several objects (recorded: the type says `Name`)."""
    address = text_literal(f"/services/data/v{version}/sobjects/")
    return f"{{'type': 'Name', 'url': {address} || {object_expression} || '/' || {id_expression}}}"


def json_object(members: dict[str, str]) -> str:
    """A SQL struct of the given members."""
    return "{" + ", ".join(f"{text_literal(name)}: {expression}" for name, expression in members.items()) + "}"


def _json_compound(object_type: ObjectType, compound: Field, column: Column) -> str:
    members, present = {}, []
    for name in _ADDRESS_PARTS:
        field = object_type.part(compound, name)
        if field is None:
            continue
        members[name[0].lower() + name[1:]] = column(field)
        present.append(f"{column(field)} IS NOT NULL")
    return f"CASE WHEN {' OR '.join(present)} THEN {json_object(members)} END"


def _json_blob(object_type: ObjectType, blob: Field, column: Column, version: str) -> str:
    """The address of the content."""
    record_id = object_type.field("Id")
    if record_id is None:
        raise KeyError(f"{object_type.name}.Id")
    before, after = f"/services/data/v{version}/sobjects/{object_type.name}/", f"/{blob.name}"
    address = f"{text_literal(before)} || {column(record_id)} || {text_literal(after)}"
    return f"CASE WHEN {column(blob)} IS NOT NULL THEN {address} END"
