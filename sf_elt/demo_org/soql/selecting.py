"""The SELECT list of a query that gives records: fields, FIELDS(), functions, TYPEOF."""

from collections.abc import Callable, Iterator

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.soql.ast import Aliased, Call, Path, Query, Selection, Subquery, Typeof, When
from sf_elt.demo_org.soql.columns import Branch, ChildColumn, Column, Record, Selected, TypeofColumn
from sf_elt.demo_org.soql.functions import operand_column
from sf_elt.demo_org.soql.names import Names

MOST_WITH_FIELDS = 200
"""Records that a query with FIELDS(ALL) or FIELDS(CUSTOM) may ask for."""
_ONLY_AGGREGATES = "only aggregate expressions use field aliasing"

CompileChildren = Callable[[Subquery, Record], ChildColumn]


def select(names: Names, query: Query, compile_children: CompileChildren) -> tuple[Selected, ...]:
    """What the query selects, each once. Raises SoqlError INVALID_FIELD, MALFORMED_QUERY."""
    names.check_aliases()
    selected: dict[str, Selected] = {}
    numbered = (f"expr{number}" for number in range(len(query.fields)))
    for each in query.fields:
        for found in _selected(names, query, each, compile_children, numbered):
            name = found.name if isinstance(found, Column) else found.relationship
            if name.lower() in selected:
                raise SoqlError("INVALID_FIELD", f"duplicate field selected: {name}")
            selected[name.lower()] = found
    chosen = {each.relationship for each in selected.values() if isinstance(each, TypeofColumn)}
    for column in selected.values():
        if isinstance(column, Column) and len(column.records) > 1 and column.records[1].relationship in chosen:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {column.records[1].relationship}")
    return tuple(selected.values())


def _selected(
    names: Names, query: Query, selection: Selection, compile_children: CompileChildren, numbered: Iterator[str]
) -> Iterator[Selected]:
    match selection:
        case Call() if selection.name == "FIELDS":
            yield from _all_fields(names, query, selection)
        case Call() if selection.name == "DISTANCE":
            yield operand_column(names, selection).named(next(numbered))
        case Path() | Call():
            yield _of_record(names, selection)
        case Aliased(Call(), alias) if alias.lower() == "attributes" or names.base.object_type.reference(alias):
            raise SoqlError("MALFORMED_QUERY", f"duplicate alias: {alias}")
        case Aliased(Call() as call, alias):
            yield _of_record(names, call).named(alias)
        case Aliased():
            raise SoqlError("MALFORMED_QUERY", _ONLY_AGGREGATES)
        case Typeof():
            yield _typeof(names, selection)
        case Subquery():
            yield compile_children(selection, names.base)


def _of_record(names: Names, operand: Path | Call) -> Column:
    column = operand_column(names, operand)
    if isinstance(operand, Call) and column.field.name == str(operand) and operand.name != "DISTANCE":
        raise SoqlError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {operand}")
    return column


def is_unbounded(call: Call) -> bool:
    """Whether it is FIELDS(ALL) or FIELDS(CUSTOM): nobody knows how many fields these may become."""
    return call.name == "FIELDS" and str(call).upper() != "FIELDS(STANDARD)"


def _all_fields(names: Names, query: Query, call: Call) -> Iterator[Column]:
    argument = str(call.arguments[0]).upper() if len(call.arguments) == 1 else ""
    if argument not in ("ALL", "CUSTOM", "STANDARD"):
        given = ", ".join(str(each) for each in call.arguments)
        message = (
            f"The SOQL FIELDS function only supports arguments of (all), (custom), (standard); ({given}) is not "
            "supported."
        )
        raise SoqlError("MALFORMED_QUERY", message)
    if is_unbounded(call) and (query.limit is None or query.limit > MOST_WITH_FIELDS):
        raise SoqlError("MALFORMED_QUERY", f"The SOQL FIELDS function must have a LIMIT of at most {MOST_WITH_FIELDS}")
    for field in names.base.object_type.fields:
        if argument == "ALL" or field.custom == (argument == "CUSTOM"):
            yield Column((names.base,), field)


def _typeof(names: Names, typeof: Typeof) -> TypeofColumn:
    reference = names.reference_at(typeof.path)
    if len(reference.to) < 2:
        message = f"TYPEOF can only be used with a polymorphic relationship, not {typeof.path}"
        raise names.context.refusal(typeof.path, "INVALID_FIELD", message)
    branches: list[Branch] = []
    for when in typeof.whens:
        for path in when.objects:
            object_type = names.context.schema.object(str(path))
            if object_type is None:
                raise names.context.no_such_object(path)
            if object_type.name not in reference.to:
                message = f"{object_type.name} is not a type of {typeof.path}"
                raise names.context.refusal(path, "INVALID_FIELD", message)
            if any(each.record.object_type is object_type for each in branches):
                raise names.context.refusal(path, "MALFORMED_QUERY", f"duplicate type in TYPEOF: {object_type.name}")
            branches.append(_branch(names, names.join(object_type, names.base, reference), when))
    name = names.join_name(names.base, reference)
    if name is None:
        raise names.context.refusal(typeof.path, "INVALID_FIELD", f"No type of {typeof.path} is accessible")
    return TypeofColumn(name.relationship, tuple(branches), _branch(names, name, typeof.otherwise or When((), ())))


def _branch(names: Names, record: Record, when: When) -> Branch:
    inner = Names(names.context, names.query, record, names.joins)
    columns = tuple(inner.field_at(path) for path in when.fields)
    return Branch(record, columns)
