"""What a query selects, as `/query?columns=true` describes it: the Salesforce CLI lays out its tables by this."""

from collections.abc import Sequence

from sf_elt.demo_org.schema import Field
from sf_elt.demo_org.soql import Column, Compiled

_APEX_TYPES = {
    "id": "Id", "reference": "Id", "boolean": "Boolean", "int": "Integer", "double": "Double", "currency": "Double",
    "percent": "Double", "date": "Date", "datetime": "Datetime", "address": "Address",
}  # fmt: skip
_NUMBERS = ("Integer", "Double")


def column_metadata(compiled: Compiled) -> dict[str, object]:
    """The reply: no records, but every column of the query and which object it reads."""
    return {
        "columnMetadata": _columns(compiled.columns, depth=1),
        "entityName": compiled.object_type.name,
        "groupBy": False,
        "idSelected": any(column.name == "Id" for column in compiled.columns),
        "keyPrefix": compiled.object_type.key_prefix,
    }


def _columns(columns: Sequence[Column], depth: int) -> list[dict[str, object]]:
    """A record's own columns, and each parent as a column that joins others, where it is first mentioned.

    `depth` is how many records lead to these columns, their own included.
    """
    shown: dict[str, dict[str, object]] = {}
    for column in columns:
        if len(column.records) == depth:
            shown[column.field.name] = _column(column.field.name, column.field)
            continue
        name = column.records[depth].relationship
        if name not in shown:
            joined = [
                each for each in columns if len(each.records) > depth and each.records[depth].relationship == name
            ]
            child = column.records[depth - 1].object_type
            parent = _column(name, None, joins=_columns(joined, depth + 1))
            reference = child.reference(name)
            shown[name] = {**parent, "foreignKeyName": reference.name if reference else None}
    return list(shown.values())


def _column(name: str, field: Field | None, joins: Sequence[dict[str, object]] = ()) -> dict[str, object]:
    apex_type = None if field is None else _APEX_TYPES.get(field.type, "String")
    return {
        "aggregate": False,
        "apexType": apex_type,
        "booleanType": apex_type == "Boolean",
        "columnName": name,
        "custom": field is not None and field.custom,
        "displayName": name,
        "foreignKeyName": None,
        "insertable": field is not None and field.createable,
        "joinColumns": list(joins),
        "numberType": apex_type in _NUMBERS,
        "textType": apex_type == "String",
        "updatable": field is not None and field.updateable,
    }
