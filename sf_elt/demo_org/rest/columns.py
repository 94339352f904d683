"""What a query selects, as `/query?columns=true` describes it: the Salesforce CLI lays out its tables by this."""

from collections.abc import Sequence

from sf_elt.demo_org.schema import Field
from sf_elt.demo_org.soql import Compiled
from sf_elt.demo_org.soql.columns import ChildColumn, Column, Selected, TypeofColumn

Described = dict[str, object]

_APEX_TYPES = {
    "id": "Id", "reference": "Id", "boolean": "Boolean", "int": "Integer", "double": "Double", "currency": "Double",
    "percent": "Double", "date": "Date", "datetime": "Datetime", "time": "Time",
    "address": "Address", "location": "Location", "base64": "Blob",
}  # fmt: skip
_NUMBERS = ("Integer", "Double")


def column_metadata(compiled: Compiled) -> Described:
    """The reply: no records, but every column of the query and which object it reads."""
    return {
        "columnMetadata": _columns(compiled.selected, depth=1),
        "entityName": compiled.object_type.name,
        "groupBy": compiled.query.group_by is not None,
        "idSelected": any(column.name == "Id" for column in compiled.columns),
        "keyPrefix": compiled.object_type.told_prefix,
    }


def _columns(selected: Sequence[Selected], depth: int) -> list[Described]:
    """A record's own columns, and each parent as a column that joins others, where it is first mentioned.

    `depth` is how many records lead to these columns, their own included. Children join their columns too, as an
    aggregate.
    """
    shown: dict[str, Described] = {}
    for each in selected:
        if isinstance(each, ChildColumn):
            joined = _columns(each.compiled.selected, depth=1)
            shown[each.relationship] = _column(each.relationship, None, joins=joined, aggregate=True)
        elif isinstance(each, TypeofColumn):
            branches = (_columns(branch.columns, depth=1) for branch in (*each.branches, each.otherwise))
            members = {column["columnName"]: column for columns in branches for column in columns}
            shown[each.relationship] = _column(each.relationship, None, joins=list(members.values()))
        elif len(each.records) == depth:
            name = each.alias or each.field.name
            shown[name] = _column(name, each.field, aggregate=each.aggregate)
        else:
            name = each.records[depth].relationship
            shown.setdefault(name, _parent(each, selected, depth))
    return list(shown.values())


def _parent(column: Column, selected: Sequence[Selected], depth: int) -> Described:
    name = column.records[depth].relationship
    joined = [
        each
        for each in selected
        if isinstance(each, Column) and len(each.records) > depth and each.records[depth].relationship == name
    ]
    reference = column.records[depth - 1].object_type.reference(name)
    described = _column(name, None, joins=_columns(joined, depth + 1))
    return {**described, "foreignKeyName": reference.name if reference else None}


def _column(name: str, field: Field | None, joins: Sequence[Described] = (), *, aggregate: bool = False) -> Described:
    """An aggregate says its type by `numberType` alone, and its function in small letters (recorded by the CLI)."""
    apex_type = None if field is None else _APEX_TYPES.get(field.type, "String")
    return {
        "aggregate": aggregate,
        "apexType": None if aggregate else apex_type,
        "booleanType": apex_type == "Boolean",
        "columnName": name,
        "custom": field is not None and field.custom,
        "displayName": name if field is None or not aggregate else _with_small_function(field.name),
        "foreignKeyName": None,
        "insertable": field is not None and field.createable and not aggregate,
        "joinColumns": list(joins),
        "numberType": apex_type in _NUMBERS,
        "textType": apex_type == "String",
        "updatable": field is not None and field.updateable and not aggregate,
    }


def _with_small_function(aggregate: str) -> str:
    """`COUNT(Id)` as `count(Id)`."""
    function, parenthesis, argument = aggregate.partition("(")
    return function.lower() + parenthesis + argument
