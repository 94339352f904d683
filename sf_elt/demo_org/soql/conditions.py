"""The WHERE clause as SQL, with every value a parameter.

Conditions are true or false, never unknown: in SOQL `Name != 'x'` and `NOT Name LIKE 'x%'` hold where Name is null.
Text compares without regard to letter case, Ids at 18 characters, and the empty string is null.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.schema import Field
from sf_elt.demo_org.soql.ast import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Like,
    Membership,
    Negation,
    Path,
    RelativeDate,
    Selected,
    Text,
    Value,
)
from sf_elt.demo_org.soql.dates import days_of
from sf_elt.demo_org.soql.parse import pointing_at

if TYPE_CHECKING:
    from sf_elt.demo_org.soql.compile import Column

Resolve = Callable[[Path], "Column"]

MAX_DEPTH = 100
_NUMBERS = ("int", "double", "currency", "percent")
_TYPE_NAMES = {"currency": "double", "percent": "double", "datetime": "dateTime", "id": "ID", "reference": "ID"}


@dataclass(frozen=True)
class Filter:
    """A condition in SQL and the values of its `?`, in order."""

    sql: str
    parameters: list[object]


def compile_condition(condition: Condition, resolve: Resolve, now: datetime, text: str) -> Filter:
    """The condition as SQL. Raises SoqlError where a field cannot be filtered, or not by such a value."""
    return _Conditions(resolve, now, text).compile(condition, depth=1)


@dataclass(frozen=True)
class _Conditions:
    resolve: Resolve
    now: datetime
    text: str

    def compile(self, condition: Condition, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise SoqlError("MALFORMED_QUERY", "The WHERE clause is nested too deep")
        match condition:
            case AllOf(parts) | AnyOf(parts):
                word = " AND " if isinstance(condition, AllOf) else " OR "
                compiled = [self.compile(part, depth + 1) for part in parts]
                sql = "(" + word.join(each.sql for each in compiled) + ")"
                return Filter(sql, [value for each in compiled for value in each.parameters])
            case Negation(part):
                inner = self.compile(part, depth + 1)
                return Filter(f"(NOT coalesce({inner.sql}, false))", inner.parameters)
            case Comparison():
                return self._comparison(condition)
            case Like():
                return self._like(condition)
            case Membership():
                return self._membership(condition)
            case Selected():
                return self._selected(condition)

    def _comparison(self, condition: Comparison) -> Filter:
        column = self._filterable(condition.path)
        operand, value, operator = column.sql, condition.value, condition.operator
        if isinstance(value, RelativeDate):
            return self._relative(condition, column.field, operand, value)
        if value is None or (isinstance(value, Text) and not value.value):
            if operator not in ("=", "!="):
                raise self._refuse(condition.path, "INVALID_FIELD", f"null does not go with the operator {operator}")
            return Filter(f"{operand} IS {'' if operator == '=' else 'NOT '}NULL", [])
        parameter = self._parameter(condition.path, column.field, value)
        if operator == "!=":
            return Filter(
                f"{_comparable(column.field, operand)} IS DISTINCT FROM {_placeholder(column.field)}", [parameter]
            )
        return Filter(f"{_comparable(column.field, operand)} {operator} {_placeholder(column.field)}", [parameter])

    def _relative(self, condition: Comparison, field: Field, operand: str, value: RelativeDate) -> Filter:
        """A relative date is a span of days: `= THIS_WEEK` lies within it, `> THIS_WEEK` after it."""
        try:
            days = days_of(value.name, value.count, self.now.date())
        except (OverflowError, ValueError):
            message = f"{value.name}:{value.count} lies outside of the calendar"
            raise self._refuse(condition.path, "MALFORMED_QUERY", message) from None
        if days is None:
            raise SoqlError("MALFORMED_QUERY", self._point(condition.path, f"unexpected token: '{value.name}'"))
        if field.type not in ("date", "datetime"):
            raise self._wrong_type(condition.path, field)
        start, end = (datetime.combine(day, datetime.min.time()) for day in days)
        match condition.operator:
            case "=":
                return Filter(f"({operand} >= ? AND {operand} < ?)", [start, end])
            case "!=":
                return Filter(f"(NOT coalesce({operand} >= ? AND {operand} < ?, false))", [start, end])
            case "<" | ">=":
                return Filter(f"{operand} {condition.operator} ?", [start])
            case "<=":
                return Filter(f"{operand} < ?", [end])
            case ">":
                return Filter(f"{operand} >= ?", [end])

    def _like(self, condition: Like) -> Filter:
        column = self._filterable(condition.path)
        if column.field.type in (*_NUMBERS, "boolean", "date", "datetime", "id", "reference", "multipicklist"):
            kind = _TYPE_NAMES.get(column.field.type, column.field.type)
            message = f"invalid operator on {kind} field"
            raise self._refuse(condition.path, "INVALID_QUERY_FILTER_OPERATOR", message)
        if not isinstance(condition.value, Text):
            raise self._wrong_type(condition.path, column.field)
        operand = column.sql
        return Filter(f"lower({operand}) LIKE lower(?) ESCAPE '\\'", [condition.value.pattern])

    def _membership(self, condition: Membership) -> Filter:
        column = self._filterable(condition.path)
        operand = column.sql
        values = [None if isinstance(each, Text) and not each.value else each for each in condition.values]
        parameters = [self._parameter(condition.path, column.field, each) for each in values if each is not None]
        alternatives = []
        if parameters:
            places = ", ".join([_placeholder(column.field)] * len(parameters))
            alternatives.append(f"{_comparable(column.field, operand)} IN ({places})")
        if len(parameters) < len(values):
            alternatives.append(f"{operand} IS NULL")
        sql = f"({' OR '.join(alternatives)})"
        return Filter(f"(NOT coalesce({sql}, false))" if condition.negated else sql, parameters)

    def _selected(self, condition: Selected) -> Filter:
        """INCLUDES: one of the given combinations ("A;B": both) is among the selected values."""
        column = self._filterable(condition.path)
        if column.field.type != "multipicklist":
            raise self._refuse(
                condition.path, "INVALID_QUERY_FILTER_OPERATOR", "includes/excludes needs a multipicklist"
            )
        combinations: list[object] = []
        for each in condition.values:
            if not isinstance(each, Text):
                raise self._wrong_type(condition.path, column.field)
            combinations.append(each.value.lower().split(";"))
        operand = f"string_split(lower({column.sql}), ';')"
        alternatives = " OR ".join(f"list_has_all({operand}, ?)" for _ in combinations)
        sql = f"({alternatives})"
        return Filter(f"(NOT coalesce({sql}, false))" if condition.negated else sql, combinations)

    def _filterable(self, path: Path) -> "Column":
        column = self.resolve(path)
        if not column.field.filterable or column.field.long_text or column.field.type == "address":
            message = f"field '{column.field.name}' can not be filtered in a query call"
            raise self._refuse(path, "INVALID_FIELD", message)
        return column

    def _parameter(self, path: Path, field: Field, value: Value) -> object:
        """The literal as DuckDB gets it. Raises SoqlError where the field is not filtered by such a literal."""
        if isinstance(value, Text):
            if field.type in ("id", "reference"):
                record_id = normalise(value.value)
                if record_id is None:
                    raise self._refuse(path, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value.value}")
                return record_id
            if field.type not in (*_NUMBERS, "boolean", "date", "datetime"):
                return value.value
        elif isinstance(value, bool):
            if field.type == "boolean":
                return value
        elif isinstance(value, Decimal):
            if field.type in _NUMBERS:
                return float(value)
        elif isinstance(value, datetime):
            if field.type == "datetime":
                return value
        elif isinstance(value, date) and field.type == "date":
            return value
        raise self._wrong_type(path, field)

    def _wrong_type(self, path: Path, field: Field) -> SoqlError:
        quoted = field.type not in (*_NUMBERS, "boolean", "date", "datetime")
        kind = _TYPE_NAMES.get(field.type, field.type if not quoted else "string")
        advice = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
        message = f"value of filter criterion for field '{field.name}' must be of type {kind} and {advice}"
        return self._refuse(path, "INVALID_FIELD", message)

    def _refuse(self, path: Path, code: str, message: str) -> SoqlError:
        return SoqlError(code, self._point(path, message))

    def _point(self, path: Path, message: str) -> str:
        return pointing_at(self.text, path.line, path.column, message)


def _is_text(field: Field) -> bool:
    return field.type not in (*_NUMBERS, "boolean", "date", "datetime", "id", "reference")


def _comparable(field: Field, operand: str) -> str:
    return f"lower({operand})" if _is_text(field) else operand


def _placeholder(field: Field) -> str:
    return "lower(?)" if _is_text(field) else "?"
