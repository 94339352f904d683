"""`Id IN (SELECT AccountId FROM Contact …)` and NOT IN: what Salesforce allows of them.

Source: Salesforce's SOQL reference, "Comparison Operators"; refusals are worded as public threads show them, where they
do.
"""

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.soql.ast import AllOf, AnyOf, Condition, Negation, Path, Query, SemiJoin
from sf_elt.demo_org.soql.columns import Column
from sf_elt.demo_org.soql.context import Context

MAX_SEMI_JOINS = 2


def check_places(where: Condition | None) -> None:
    """Refuses semi-joins where Salesforce allows none: more than two, under OR or NOT, in parentheses."""
    top = where.parts if isinstance(where, AllOf | AnyOf) else (where,)
    found = [each for each in top if isinstance(each, SemiJoin)]
    if found and isinstance(where, AnyOf):
        raise _malformed("Semi join sub-selects are not allowed with the 'OR' operator")
    for each in top:
        if not isinstance(each, SemiJoin) and _holds_semi_join(each):
            if isinstance(each, Negation):
                raise _malformed("Semi join sub-selects are not allowed with the 'NOT' operator")
            raise _malformed(
                "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE "
                "expressions."
            )
    if len(found) > MAX_SEMI_JOINS:
        raise _malformed(f"Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed")


def check_subquery(query: Query) -> Path:
    """The one field that the subquery selects."""
    if _holds_semi_join(query.where):
        raise _malformed("Nesting of semi join sub-selects is not supported")
    match query.fields:
        case [Path() as path] if not (query.group_by or query.having):
            pass
        case _:
            raise _malformed("Semi join sub-selects must select exactly one ID or reference field")
    for name, given in (("ORDER BY", query.order_by), ("LIMIT", query.limit), ("OFFSET", query.offset)):
        if given or given == 0:
            raise _malformed(f"Semi join sub-selects cannot have {name}")
    return path


def check_fields(context: Context, join: SemiJoin, path: Path, outer: Column, inner: Column) -> None:
    """Refuses fields that are no Ids, or Ids of other objects than each other's."""
    if outer.field.type not in ("id", "reference") or len(outer.records) > 1:
        message = (
            f"The left operand field in the where expression for outer query should be an id field, cannot use: "
            f"'{join.path}'"
        )
        raise context.refusal(join.path, "INVALID_FIELD", message)
    if inner.field.type not in ("id", "reference"):
        message = f"The inner select field '{path}' must be an id or reference field"
        raise context.refusal(path, "INVALID_FIELD", message)
    if outer.records[0].object_type.name == inner.records[0].object_type.name:
        raise _malformed("The inner and outer selects should not be on the same object type")
    if not _points_at(outer) & _points_at(inner):
        message = (
            f"The selected field '{path}' in the subquery and the left operand field '{join.path}' in the where "
            "expression in the outer query should point to the same object type"
        )
        raise context.refusal(path, "INVALID_FIELD", message)


def _points_at(column: Column) -> set[str]:
    return {column.record.object_type.name} if column.field.type == "id" else set(column.field.to)


def _holds_semi_join(condition: Condition | None) -> bool:
    match condition:
        case SemiJoin():
            return True
        case AllOf(parts) | AnyOf(parts):
            return any(_holds_semi_join(part) for part in parts)
        case Negation(part):
            return _holds_semi_join(part)
    return False


def _malformed(message: str) -> SoqlError:
    return SoqlError("MALFORMED_QUERY", message)
