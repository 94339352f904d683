"""From a `Query` to SQL for DuckDB: which objects and fields it means, and what Salesforce would refuse about it."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.history import hidden_changes
from sf_elt.demo_org.schema import ObjectType, Schema
from sf_elt.demo_org.soql.ast import Condition, Operand, Ordering, Query, SemiJoin, Subquery
from sf_elt.demo_org.soql.columns import ChildColumn, Column, OrderTerm, Record, Selected
from sf_elt.demo_org.soql.conditions import JoinSemi, compile_condition
from sf_elt.demo_org.soql.context import Context
from sf_elt.demo_org.soql.functions import operand_column
from sf_elt.demo_org.soql.grouping import Groups, compile_groups, is_aggregate
from sf_elt.demo_org.soql.names import Names
from sf_elt.demo_org.soql.parse import parse
from sf_elt.demo_org.soql.selecting import select
from sf_elt.demo_org.soql.semijoins import check_fields, check_places, check_subquery
from sf_elt.demo_org.store import table

MAX_OFFSET = 2000
MAX_SUBQUERIES = 20
MAX_DEPTH_OF_CHILDREN = 5
_USERS, _QUEUES = "005", "00G"
"""How the Ids of owners begin."""
BASE = "base"
"""The alias of the queried object's own table."""


@dataclass(frozen=True)
class Compiled:
    """A query ready to run: `SELECT <whatever is wanted of the columns> {from_clause}` with `parameters`.

    `selected` is empty for a COUNT(), which runs as `count_sql`. Where `aggregated`, the rows are AggregateResults.
    """

    query: Query
    base: Record
    selected: tuple[Selected, ...]
    tables: str
    order_terms: tuple[OrderTerm, ...]
    bounds: str
    parameters: list[object]
    aggregated: bool = False

    @property
    def object_type(self) -> ObjectType:
        return self.base.object_type

    @property
    def columns(self) -> tuple[Column, ...]:
        """The selected fields and functions; children and TYPEOF are left out."""
        return tuple(each for each in self.selected if isinstance(each, Column))

    @property
    def has_children(self) -> bool:
        return any(isinstance(each, ChildColumn) for each in self.selected)

    @property
    def from_clause(self) -> str:
        """Everything after the SELECT list."""
        ordering = f"ORDER BY {', '.join(str(each) for each in self.order_terms)}" if self.order_terms else ""
        return " ".join(clause for clause in (self.tables, ordering, self.bounds) if clause)

    @property
    def is_count(self) -> bool:
        return self.query.is_count

    @property
    def count_sql(self) -> str:
        """How many records the query means, with `parameters`."""
        return f"SELECT count(*) FROM (SELECT 1 {self.from_clause})"


def compile_query(
    soql: str | Query, schema: Schema, now: datetime, *, include_deleted: bool = False, user_id: str | None = None
) -> Compiled:
    """Parses the text, or takes a query as built, and finds its objects and fields.

    `now`, in the user's time zone, is what TODAY goes by, `user_id` whose records `USING SCOPE mine` means.
    Raises SoqlError: MALFORMED_QUERY, INVALID_TYPE, INVALID_FIELD, INVALID_QUERY_FILTER_OPERATOR, …
    """
    query = parse(soql) if isinstance(soql, str) else soql
    if "UPDATE" in (query.purpose or ""):
        raise SoqlError("MALFORMED_QUERY", "FOR UPDATE not allowed in this context")
    context = Context(schema, query.text, now, include_deleted, user_id)
    object_type = schema.object(query.object_name)
    if object_type is None:
        raise context.no_such_object(query)
    return _compile(query, context, Record(object_type, BASE), depth=1)


def _compile(query: Query, context: Context, base: Record, *, depth: int, parent: str | None = None) -> Compiled:
    """`parent` is a condition in SQL that ties children to their parent; `depth` says whose children they are."""
    names = Names(context, query, base)
    groups = _groups(query, names, depth)
    selected: tuple[Selected, ...]
    if groups is not None:
        selected = groups.columns(query.fields)
    else:
        selected = select(names, query, partial(_children, context, depth))
    if sum(isinstance(each, ChildColumn) for each in selected) > MAX_SUBQUERIES:
        raise SoqlError("MALFORMED_QUERY", f"A query may have at most {MAX_SUBQUERIES} subqueries")
    conditions = [*([parent] if parent else []), *_conditions(query, names)]
    order_terms = tuple(_order_term(each, names, groups) for each in query.order_by)
    if groups is None and order_terms:
        order_terms = (*order_terms, _any_order(base))
    elif parent and not order_terms:
        order_terms = (OrderTerm(f'{base.source}."Id"', "ASC"),)
    grouped = []
    if groups is not None:
        grouped.append(groups.clause)
        if query.having is not None:
            having = compile_condition(query.having, groups.resolve, _no_semi_join, context, of_groups=True)
            grouped.append(f"HAVING {having}")
    tables = " ".join(
        clause
        for clause in (
            f"FROM {table(base.object_type.name)} AS {base.source}",
            *names.joins,
            f"WHERE {' AND '.join(conditions)}" if conditions else "",
            *grouped,
        )
        if clause
    )
    return Compiled(
        query, base, selected, tables, order_terms, _bounds(query), context.parameters, groups is not None
    )  # fmt: skip


def _groups(query: Query, names: Names, depth: int) -> Groups | None:
    if not is_aggregate(query):
        if query.is_count and query.order_by:
            operand = query.order_by[0].path
            raise SoqlError("MALFORMED_QUERY", f"Ordered field must be grouped or aggregated: {operand}")
        if query.is_count and depth > 1:
            raise SoqlError("MALFORMED_QUERY", "only root queries support aggregate expressions")
        return None
    if depth > 1:
        raise SoqlError("MALFORMED_QUERY", "only root queries support aggregate expressions")
    if query.is_count:
        raise SoqlError("MALFORMED_QUERY", "COUNT() must be the only element in the SELECT list, without GROUP BY")
    return compile_groups(names, query)


def _conditions(query: Query, names: Names) -> list[str]:
    conditions, object_type, context = [], names.base.object_type, names.context
    if object_type.has("IsDeleted") and not context.include_deleted:
        conditions.append(f'NOT {names.base.source}."IsDeleted"')
    if object_type.history_of and (unseen := hidden_changes(context.schema, object_type)):
        conditions.append(f'{names.base.source}."Field" NOT IN ({", ".join(map(context.parameter, unseen))})')
    if query.scope is not None and query.scope.lower() != "everything":
        conditions.append(_scope(query.scope, names))
    if query.where is not None:
        check_places(query.where)
        conditions.append(_where(query.where, names, partial(_semi_join, names)))
    return conditions


def _scope(scope: str, names: Names) -> str:
    """Whose records `USING SCOPE` means; the org has no teams, so that nothing is a team's."""
    object_type, context = names.base.object_type, names.context
    owner = object_type.field("OwnerId")
    if scope.lower() not in object_type.scopes or owner is None:
        raise SoqlError("INVALID_QUERY_SCOPE", f"The specified scope is invalid: {scope}")
    owned_by = names.base.expression(owner)
    match scope.lower():
        case "mine":
            return f"{owned_by} = {context.parameter(context.user_id)}"
        case "user_owned":
            return f"starts_with({owned_by}, {context.parameter(_USERS)})"
        case "queue_owned":
            return f"starts_with({owned_by}, {context.parameter(_QUEUES)})"
    return "false"


def _where(where: Condition, names: Names, semi_join: JoinSemi) -> str:
    def resolve(operand: Operand) -> Column:
        column = operand_column(names, operand)
        if column.aggregate:
            message = f"Aggregate expressions are only allowed in HAVING and SELECT: {operand}"
            raise names.context.refusal(operand, "MALFORMED_QUERY", message)
        return column

    return compile_condition(where, resolve, semi_join, names.context)


def _semi_join(names: Names, join: SemiJoin) -> str:
    """The Ids of the subquery's records; an anti-join keeps records whose own field is empty."""
    query, context = join.query, names.context
    path = check_subquery(query)
    object_type = context.schema.object(query.object_name)
    if object_type is None:
        raise context.no_such_object(query)
    outer = operand_column(names, join.path)
    inner_names = Names(context, query, Record(object_type, context.source("semi")))
    inner = inner_names.field_at(path)
    check_fields(context, join, path, outer, inner)
    conditions = [f"{inner.sql} IS NOT NULL", *_conditions(query, inner_names)]
    clauses = [f"FROM {table(object_type.name)} AS {inner_names.base.source}", *inner_names.joins]
    found = f"{outer.sql} IN (SELECT {inner.sql} {' '.join(clauses)} WHERE {' AND '.join(conditions)})"
    return f"(NOT coalesce({found}, false))" if join.negated else f"({found})"


def _no_semi_join(join: SemiJoin) -> str:
    raise SoqlError("MALFORMED_QUERY", "Semi join sub-selects are only allowed in WHERE expressions")


def _children(context: Context, depth: int, subquery: Subquery, parent: Record) -> ChildColumn:
    query = subquery.query
    owner, _, relationship = query.object_name.rpartition(".")  # `FROM Account.Contacts` is allowed too
    children = None
    if owner.lower() in ("", parent.object_type.name.lower()):
        children = context.schema.children_named(parent.object_type.name, relationship)
    if children is None or children.name is None:
        message = (
            f"Didn't understand relationship '{query.object_name}' in FROM part of query call. If you are attempting "
            "to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please "
            "reference your WSDL or the describe call for the appropriate names."
        )
        raise context.refusal(query, "INVALID_TYPE", message)
    if depth >= MAX_DEPTH_OF_CHILDREN:
        message = f"A query may go down at most {MAX_DEPTH_OF_CHILDREN} levels of relationships"
        raise context.refusal(query, "MALFORMED_QUERY", message)
    base = Record(children.object_type, context.source("children"))
    tied = f'{base.expression(children.field)} = {parent.source}."Id"'
    return ChildColumn(children.name, _compile(query, context, base, depth=depth + 1, parent=tied))


def _order_term(ordering: Ordering, names: Names, groups: Groups | None) -> OrderTerm:
    """Salesforce sorts text without regard to letter case and nulls first, unless told otherwise."""
    operand = ordering.path
    column = groups.resolve(operand, "Ordered field") if groups else operand_column(names, operand)
    if not column.field.sortable:
        message = f"field '{column.field.name}' can not be sorted in a query call"
        raise names.context.refusal(operand, "INVALID_FIELD", message)
    direction = "DESC" if ordering.descending else "ASC"
    return OrderTerm(column.comparable, f"{direction} NULLS {'LAST' if ordering.nulls_last else 'FIRST'}")


def _any_order(base: Record) -> OrderTerm:
    """Records that are equal in all that is asked for have no order: it is always the same here, and never the Ids'."""
    return OrderTerm(f'reverse({base.source}."Id")', "ASC")


def _bounds(query: Query) -> str:
    bounds = [] if query.limit is None else [f"LIMIT {query.limit}"]
    if query.offset is not None:
        if query.offset > MAX_OFFSET:
            raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        bounds.append(f"OFFSET {query.offset}")
    return " ".join(bounds)
