"""GROUP BY and aggregates: what a query may select, sort and filter by once its records are summed up.

Source: Salesforce's SOQL reference, "GROUP BY", "GROUP BY ROLLUP", "GROUP BY CUBE", "HAVING", "Aggregate Functions";
refusals are worded as public threads show them, where they do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.soql.ast import Aliased, Call, Grouping, Operand, Path, Query, Selection, operands_of
from sf_elt.demo_org.soql.columns import Column
from sf_elt.demo_org.soql.functions import AGGREGATES, operand_column
from sf_elt.demo_org.soql.names import Names

MAX_SUMMED_UP = 3
"""Fields in a ROLLUP or CUBE."""


def is_aggregate(query: Query) -> bool:
    """Whether the query gives AggregateResults rather than records."""
    selected = [each.operand if isinstance(each, Aliased) else each for each in query.fields]
    operands = [*selected, *(each.path for each in query.order_by)]
    return (
        query.group_by is not None
        or query.having is not None
        or any(_calls_aggregate(each) for each in operands if isinstance(each, Path | Call))
    )


def _calls_aggregate(operand: Operand) -> bool:
    if isinstance(operand, Path):
        return False
    inner = (each for each in operand.arguments if isinstance(each, Path | Call))
    return operand.name in (*AGGREGATES, "GROUPING") or any(_calls_aggregate(each) for each in inner)


@dataclass(frozen=True)
class Groups:
    """The groups of one query."""

    names: Names
    keys: tuple[Column, ...]
    kind: str

    @property
    def clause(self) -> str:
        """`GROUP BY …`, or nothing where all records are one group."""
        keys = ", ".join(key.comparable for key in self.keys)
        if not keys:
            return ""
        return f"GROUP BY {self.kind}({keys})" if self.kind else f"GROUP BY {keys}"

    def columns(self, selections: Sequence[Selection]) -> tuple[Column, ...]:
        """The selected columns under their names in the reply: aliases, fields' names, `expr0`, `expr1`, …"""
        columns: dict[str, Column] = {}
        numbered = (f"expr{number}" for number in range(len(selections)))
        for each in selections:
            operand = each.operand if isinstance(each, Aliased) else each
            if not isinstance(operand, Path | Call):
                raise SoqlError("MALFORMED_QUERY", "Grouped query cannot contain nested queries or TYPEOF")
            column = self.resolve(operand)
            name = each.alias if isinstance(each, Aliased) else _own_name(operand, column, numbered)
            if name.lower() in columns or name.lower() == "attributes":
                raise SoqlError("MALFORMED_QUERY", f"duplicate alias: {name}")
            columns[name.lower()] = column.named(name)
        return tuple(columns.values())

    def resolve(self, operand: Operand, kind: str = "Field") -> Column:
        """The aggregate or grouped field that is meant. Raises SoqlError MALFORMED_QUERY for any other."""
        column = operand_column(self.names, operand)
        if column.aggregate:
            self._check_aggregated(operand)
            return column
        for key in self.keys:
            if key.sql == column.sql:
                return self._of_group(key)
        if self._of_grouped_day(operand):
            return column
        raise SoqlError("MALFORMED_QUERY", f"{kind} must be grouped or aggregated: {operand}")

    def _of_group(self, key: Column) -> Column:
        """Groups are made without regard to letter case: one of the spellings stands for all."""
        if not key.is_text:
            return key
        spelling = f"min({key.sql})"
        if self.kind:
            spelling = f"CASE WHEN grouping({key.comparable}) = 0 THEN {spelling} END"
        return replace(key, computed=spelling)

    def _of_grouped_day(self, operand: Operand) -> bool:
        """`CALENDAR_YEAR(CloseDate)` of records grouped by `CloseDate` itself, which is a date."""
        match operand:
            case Call(_, [Path() as path]):
                return self.names.field_at(path).field.type == "date" and self._is_key(path)
        return False

    def _check_aggregated(self, operand: Operand) -> None:
        """Only what is grouped has a GROUPING(), and what is grouped is not aggregated."""
        match operand:
            case Call(_, [(Path() | Call()) as grouped]) if operand.name == "GROUPING":
                if not self._is_key(grouped):
                    raise SoqlError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {grouped}")
            case Call(_, [Path() as path]) if operand.name in AGGREGATES:
                if not self.kind and self._is_key(path):
                    message = f"Grouped field should not be aggregated: {path}"
                    raise self.names.context.refusal(path, "MALFORMED_QUERY", message)
            case Call(_, [Call() as inner]):
                self._check_aggregated(inner)

    def _is_key(self, operand: Operand) -> bool:
        column = operand_column(self.names, operand)
        return any(key.sql == column.sql for key in self.keys)


def compile_groups(names: Names, query: Query) -> Groups:
    """The groups that the query asks for. Raises SoqlError for what cannot be grouped."""
    names.check_aliases()
    grouping = query.group_by or Grouping(())
    if query.group_by is None:
        for word, given in (("LIMIT", query.limit), ("OFFSET", query.offset)):
            if given is not None:
                message = f"Non-grouped query that uses overall aggregate functions cannot also use {word}"
                raise SoqlError("MALFORMED_QUERY", message)
    if grouping.kind and len(grouping.operands) > MAX_SUMMED_UP:
        message = f"GROUP BY {grouping.kind} must contain {MAX_SUMMED_UP} fields or less"
        raise SoqlError("MALFORMED_QUERY", message)
    keys: list[Column] = []
    for operand in grouping.operands:
        column = operand_column(names, operand)
        if column.aggregate or (column.computed is None and not column.field.groupable):
            message = f"field '{column.field.name}' can not be grouped in a query call"
            raise names.context.refusal(operand, "INVALID_FIELD", message)
        if any(key.sql == column.sql for key in keys):
            raise SoqlError("MALFORMED_QUERY", f"duplicate grouping expression: {operand}")
        keys.append(column)
    groups = Groups(names, tuple(keys), grouping.kind)
    for operand in operands_of(query.having):
        groups.resolve(operand)
    return groups


def _own_name(operand: Operand, column: Column, numbered: Iterator[str]) -> str:
    return column.field.name if isinstance(operand, Path) else next(numbered)
