"""From a `Query` to SQL for DuckDB: which objects and fields it means, and what Salesforce would refuse about it."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.schema import Field, ObjectType, Schema
from sf_elt.demo_org.soql.ast import Ordering, Path, Query
from sf_elt.demo_org.soql.conditions import Filter, compile_condition
from sf_elt.demo_org.soql.parse import parse, pointing_at
from sf_elt.demo_org.store import quote, table

MAX_OFFSET = 2000
MAX_PARENTS = 5
BASE = "base"
"""The alias of the queried object's own table."""


@dataclass(frozen=True)
class Record:
    """A record that a query reads: the base, or a parent. `source` is its table's alias in the SQL."""

    object_type: ObjectType
    source: str
    relationship: str = ""

    def expression(self, field: Field) -> str:
        """The SQL of one of the record's fields."""
        return f"{self.source}.{quote(field.name)}"


@dataclass(frozen=True)
class Column:
    """A selected field: `records` leads from the base record (not included) over the parents to the field's own."""

    records: tuple[Record, ...]
    field: Field

    @property
    def name(self) -> str:
        """What the column is called in a reply: `Name`, or `Account.Name`."""
        return ".".join((*(each.relationship for each in self.records[1:]), self.field.name))

    @property
    def record(self) -> Record:
        return self.records[-1]

    @property
    def sql(self) -> str:
        return self.record.expression(self.field)


@dataclass(frozen=True)
class Compiled:
    """A query ready to run: `SELECT <whatever is wanted of the columns> {from_clause}` with `parameters`.

    `columns` is empty for a COUNT(), which runs as `count_sql`.
    """

    query: Query
    object_type: ObjectType
    columns: tuple[Column, ...]
    from_clause: str
    parameters: list[object]

    @property
    def is_count(self) -> bool:
        return self.query.is_count

    @property
    def count_sql(self) -> str:
        """How many records the query means, with `parameters`."""
        return f"SELECT count(*) FROM (SELECT 1 {self.from_clause})"


def compile_query(soql: str | Query, schema: Schema, now: datetime, *, include_deleted: bool = False) -> Compiled:
    """Parses the text, or takes a query as built, and finds its objects and fields. `now` (UTC) is what TODAY goes by.

    Raises SoqlError: MALFORMED_QUERY, INVALID_TYPE, INVALID_FIELD, INVALID_QUERY_FILTER_OPERATOR, …
    """
    query = parse(soql) if isinstance(soql, str) else soql
    object_type = schema.object(query.object_name)
    if object_type is None:
        raise SoqlError("INVALID_TYPE", _unknown_object(query))
    names = _Names(schema, query, object_type)
    columns = _columns(query, names)
    condition = Filter("true", [])
    if query.where is not None:
        condition = compile_condition(query.where, names.resolve, now, query.text)
    ordering = _ordering(query.order_by, names)
    wanted = [condition.sql]
    if object_type.has("IsDeleted") and not include_deleted:
        wanted.insert(0, f'NOT {BASE}."IsDeleted"')
    clauses = [f"FROM {table(object_type.name)} AS {BASE}", *names.joins, f"WHERE {' AND '.join(wanted)}", ordering]
    if query.limit is not None:
        clauses.append(f"LIMIT {query.limit}")
    if query.offset is not None:
        if query.offset > MAX_OFFSET:
            raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        clauses.append(f"OFFSET {query.offset}")
    from_clause = " ".join(clause for clause in clauses if clause)
    return Compiled(query, object_type, columns, from_clause, condition.parameters)


@dataclass
class _Names:
    """Finds the fields that paths mean, and remembers the joins that lead to them."""

    schema: Schema
    query: Query
    object_type: ObjectType
    joins: list[str] = field(default_factory=list)
    _parents: dict[tuple[str, str], Record] = field(default_factory=dict)

    def resolve(self, path: Path) -> Column:
        """The field at the end of a path. Raises SoqlError INVALID_FIELD."""
        *relationships, name = self._without_alias(path)
        if len(relationships) > MAX_PARENTS:
            raise self._refuse(path, "INVALID_FIELD", f"A path leads to a parent over at most {MAX_PARENTS} steps")
        records: tuple[Record, ...] = (Record(self.object_type, BASE),)
        for relationship in relationships:
            parent = self._parent(records, relationship)
            if parent is None:
                message = _unknown_relationship(relationship, records[-1].object_type)
                raise self._refuse(path, "INVALID_FIELD", message)
            records = (*records, parent)
        found = records[-1].object_type.field(name)
        if found is None:
            raise self._refuse(path, "INVALID_FIELD", _unknown_field(name, records[-1].object_type))
        return Column(records, found)

    def _without_alias(self, path: Path) -> tuple[str, ...]:
        """Drops a leading alias or object name: `SELECT l.Id FROM Lead l`."""
        first = path.names[0].lower()
        own = {self.object_type.name.lower(), (self.query.alias or self.object_type.name).lower()}
        if len(path.names) > 1 and first in own and self.object_type.reference(first) is None:
            return path.names[1:]
        return path.names

    def _parent(self, records: tuple[Record, ...], relationship: str) -> Record | None:
        """The record that a relationship leads to, joined on first use. A reference to several objects leads to the
        first of them that the org has.
        """
        child = records[-1]
        reference = child.object_type.reference(relationship)
        if reference is None or reference.relationship is None:
            return None
        object_type = next((each for name in reference.to if (each := self.schema.object(name))), None)
        if object_type is None:
            return None
        key = (child.source, reference.relationship)
        if key not in self._parents:
            parent = Record(object_type, f"parent_{len(self._parents) + 1}", reference.relationship)
            self._parents[key] = parent
            on = f'{parent.source}."Id" = {child.expression(reference)}'
            self.joins.append(f"LEFT JOIN {table(object_type.name)} AS {parent.source} ON {on}")
        return self._parents[key]

    def _refuse(self, path: Path, code: str, message: str) -> SoqlError:
        return SoqlError(code, pointing_at(self.query.text, path.line, path.column, message))


def _columns(query: Query, names: _Names) -> tuple[Column, ...]:
    columns: dict[str, Column] = {}
    for path in query.fields:
        column = names.resolve(path)
        if column.name in columns:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {column.name}")
        columns[column.name] = column
    return tuple(columns.values())


def _ordering(order_by: Sequence[Ordering], names: _Names) -> str:
    """Salesforce sorts text without regard to letter case and nulls first, unless told otherwise."""
    if order_by and names.query.is_count:
        raise SoqlError("MALFORMED_QUERY", "COUNT() does not go with ORDER BY")
    terms = []
    for each in order_by:
        column = names.resolve(each.path)
        if column.field.long_text or column.field.type in ("address", "multipicklist"):
            message = f"field '{column.field.name}' can not be sorted in a query call"
            raise SoqlError("INVALID_FIELD", pointing_at(names.query.text, each.path.line, each.path.column, message))
        expression = column.sql
        if column.field.type not in _SORTED_AS_THEY_ARE:
            expression = f"lower({expression})"
        direction = "DESC" if each.descending else "ASC"
        terms.append(f"{expression} {direction} NULLS {'LAST' if each.nulls_last else 'FIRST'}")
    return f"ORDER BY {', '.join(terms)}" if terms else ""


_SORTED_AS_THEY_ARE = ("id", "reference", "boolean", "int", "double", "currency", "percent", "date", "datetime")


def _unknown_object(query: Query) -> str:
    message = (
        f"sObject type '{query.object_name}' is not supported. If you are attempting to use a custom object, be sure "
        "to append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
        "appropriate names."
    )
    before, _, _ = query.text.partition(query.object_name)
    line = before.count("\n") + 1
    return pointing_at(query.text, line, len(before) - (before.rfind("\n") + 1) + 1, message)


def _unknown_field(name: str, owner: ObjectType) -> str:
    return (
        f"No such column '{name}' on entity '{owner.name}'. If you are attempting to use a custom field, be sure to "
        "append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
        "appropriate names."
    )


def _unknown_relationship(name: str, owner: ObjectType) -> str:
    return (
        f"Didn't understand relationship '{name}' in field path of entity '{owner.name}'. If you are attempting to "
        "use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference "
        "your WSDL or the describe call for the appropriate names."
    )
