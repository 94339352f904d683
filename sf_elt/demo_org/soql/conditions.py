"""The WHERE clause as SQL, with every value a parameter.

Conditions are true or false, never unknown: in SOQL `Name != 'x'` and `NOT Name LIKE 'x%'` hold where Name is null.
Text compares without regard to letter case, Ids at 18 characters, and the empty string is null.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

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
    Money,
    Negation,
    Operand,
    RelativeDate,
    Searched,
    Selected,
    SemiJoin,
    Text,
    Value,
)
from sf_elt.demo_org.soql.columns import NUMBERS, Column
from sf_elt.demo_org.soql.context import Context
from sf_elt.demo_org.soql.currencies import conversion_rate
from sf_elt.demo_org.soql.dates import days_of
from sf_elt.demo_org.soql.parse import too_complicated
from sf_elt.demo_org.store import table

Resolve = Callable[[Operand], Column]
JoinSemi = Callable[[SemiJoin], str]

MAX_DEPTH = 100
_TYPE_NAMES = {"currency": "double", "percent": "double", "datetime": "dateTime", "id": "ID", "reference": "ID"}
_BETWEEN_FIELDS = 31
"""A control character, no space: words of two fields do not stand side by side."""
_NOT_QUOTED = (*NUMBERS, "boolean", "date", "datetime", "time")


def compile_condition(
    condition: Condition, resolve: Resolve, semi_join: JoinSemi, context: Context, *, of_groups: bool = False
) -> str:
    """The condition as SQL. Raises SoqlError where a field cannot be filtered, or not by such a value."""
    return _Conditions(resolve, semi_join, context, of_groups).compile(condition, depth=1)


@dataclass(frozen=True)
class _Conditions:
    resolve: Resolve
    semi_join: JoinSemi
    context: Context
    of_groups: bool

    def compile(self, condition: Condition, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise too_complicated()
        match condition:
            case AllOf(parts) | AnyOf(parts):
                word = " AND " if isinstance(condition, AllOf) else " OR "
                return "(" + word.join(self.compile(part, depth + 1) for part in parts) + ")"
            case Negation(part):
                return f"(NOT coalesce({self.compile(part, depth + 1)}, false))"
            case Comparison():
                return self._comparison(condition)
            case Like():
                return self._like(condition)
            case Membership():
                return self._membership(condition)
            case SemiJoin():
                return self.semi_join(condition)
            case Selected():
                return self._selected(condition)
            case Searched(paths, pattern):
                texts = ", ".join(self.resolve(path).sql for path in paths)
                text = f"lower(concat_ws(chr({_BETWEEN_FIELDS}), {texts}))"
                return f"regexp_matches({text}, {self.context.parameter(pattern)})"

    def _comparison(self, condition: Comparison) -> str:
        column = self._filterable(condition.path)
        value, operator = condition.value, condition.operator
        if column.field.type == "multipicklist" and operator not in ("=", "!="):
            raise self._invalid_operator(condition.path, column.field)
        if isinstance(value, RelativeDate):
            return self._relative(condition, column, value)
        if value is None or (isinstance(value, Text) and not value.value):
            if operator not in ("=", "!="):
                raise self._invalid_operator(condition.path, column.field)
            return f"{column.sql} IS {'' if operator == '=' else 'NOT '}NULL"
        if isinstance(value, Money):
            return self._amount(condition, column, value)
        compared = "IS DISTINCT FROM" if operator == "!=" else operator
        sql = f"{column.comparable} {compared} {self._parameter(condition.path, column, value)}"
        return self._by_key(column, sql) if operator == "=" else sql

    def _by_key(self, column: Column, sql: str) -> str:
        """Lets DuckDB look the Ids of a condition up in the table's key: beside other conditions it would not."""
        record = column.record
        if self.of_groups or column.field.type != "id" or len(column.records) > 1:
            return sql
        source = f"{table(record.object_type.name)} AS {record.source}"
        return f"{record.source}.rowid IN (SELECT {record.source}.rowid FROM {source} WHERE {sql})"

    def _amount(self, condition: Comparison, column: Column, money: Money) -> str:
        """`Amount > USD5000`: the record's own amount, in that currency."""
        currency = column.record.object_type.field("CurrencyIsoCode")
        if column.field.type != "currency" or currency is None:
            raise self._wrong_type(condition.path, column.field)
        code, amount = self.context.parameter(money.currency), self.context.parameter(float(money.amount))
        own = conversion_rate(column.record.expression(currency))
        operator = "IS DISTINCT FROM" if condition.operator == "!=" else condition.operator
        return f"({column.sql} / {own} * {conversion_rate(code)}) {operator} {amount}"

    def _relative(self, condition: Comparison, column: Column, value: RelativeDate) -> str:
        """A relative date is a span of days: `= THIS_WEEK` lies within it, `> THIS_WEEK` after it."""
        try:
            days = days_of(value.name, value.count, self.context.now.date())
            if days is not None:
                start, end = (self._start_of(day, column) for day in days)
        except (OverflowError, ValueError):
            message = f"{value.name}:{value.count} lies outside of the calendar"
            raise self.context.refusal(condition.path, "MALFORMED_QUERY", message) from None
        if days is None:
            message = f"unexpected token: '{value.name}'"
            raise self.context.refusal(condition.path, "MALFORMED_QUERY", message)
        if column.field.type not in ("date", "datetime"):
            raise self._wrong_type(condition.path, column.field)
        operand, parameter = column.sql, self.context.parameter
        match condition.operator:
            case "=":
                return f"({operand} >= {parameter(start)} AND {operand} < {parameter(end)})"
            case "!=":
                within = f"{operand} >= {parameter(start)} AND {operand} < {parameter(end)}"
                return f"(NOT coalesce({within}, false))"
            case "<" | ">=":
                return f"{operand} {condition.operator} {parameter(start)}"
            case "<=":
                return f"{operand} < {parameter(end)}"
            case ">":
                return f"{operand} >= {parameter(end)}"

    def _start_of(self, day: date, column: Column) -> datetime:
        """The day's first moment: where the user is for a datetime, told in UTC as they are kept."""
        if column.field.type == "date":
            return datetime.combine(day, time.min)
        return datetime.combine(day, time.min, self.context.now.tzinfo).astimezone(UTC).replace(tzinfo=None)

    def _like(self, condition: Like) -> str:
        column = self._filterable(condition.path)
        if not column.is_text or column.field.type == "multipicklist":
            raise self._invalid_operator(condition.path, column.field)
        if not isinstance(condition.value, Text):
            raise self._wrong_type(condition.path, column.field)
        return f"{column.comparable} LIKE lower({self.context.parameter(condition.value.pattern)}) ESCAPE '\\'"

    def _membership(self, condition: Membership) -> str:
        column = self._filterable(condition.path)
        values = [None if isinstance(each, Text) and not each.value else each for each in condition.values]
        whole = [each for each in values if isinstance(each, RelativeDate | Money)]
        alternatives = [self._comparison(Comparison(condition.path, "=", each)) for each in whole]
        single = [each for each in values if each is not None and each not in whole]
        if single:
            places = ", ".join(self._parameter(condition.path, column, each) for each in single)
            alternatives.append(self._by_key(column, f"{column.comparable} IN ({places})"))
        if None in values:
            alternatives.append(f"{column.sql} IS NULL")
        sql = f"({' OR '.join(alternatives)})"
        return f"(NOT coalesce({sql}, false))" if condition.negated else sql

    def _selected(self, condition: Selected) -> str:
        """INCLUDES: one of the given combinations ("A;B": both) is among the selected values."""
        column = self._filterable(condition.path)
        if column.field.type != "multipicklist":
            message = "includes/excludes operators only valid on multipicklist field"
            raise self.context.refusal(condition.path, "INVALID_QUERY_FILTER_OPERATOR", message)
        operand, alternatives = f"string_split({column.comparable}, ';')", []
        for each in condition.values:
            if not isinstance(each, Text):
                raise self._wrong_type(condition.path, column.field)
            alternatives.append(f"list_has_all({operand}, {self.context.parameter(each.value.lower().split(';'))})")
        sql = f"({' OR '.join(alternatives)})"
        return f"(NOT coalesce({sql}, false))" if condition.negated else sql

    def _filterable(self, operand: Operand) -> Column:
        column = self.resolve(operand)
        if not column.field.filterable or column.field.long_text or column.field.is_compound:
            message = f"field '{column.field.name}' can not be filtered in a query call"
            raise self.context.refusal(operand, "INVALID_FIELD", message)
        return column

    def _parameter(self, operand: Operand, column: Column, value: Value) -> str:
        """Where the literal goes in the SQL. Raises SoqlError where the field is not filtered by such a literal."""
        parameter, kind = self.context.parameter, column.field.type
        if isinstance(value, Text):
            if kind in ("id", "reference"):
                record_id = normalise(value.value)
                if record_id is None:
                    message = f"invalid ID field: {value.value}"
                    raise self.context.refusal(operand, "INVALID_QUERY_FILTER_OPERATOR", message)
                return parameter(record_id)
            if kind not in _NOT_QUOTED:
                return f"lower({parameter(value.value)})"
        elif isinstance(value, bool):
            if kind == "boolean":
                return parameter(value)
        elif isinstance(value, Decimal):
            if kind in NUMBERS:
                return parameter(float(value))
        elif isinstance(value, datetime):
            if kind == "datetime":
                return parameter(value)
        elif isinstance(value, time):
            if kind == "time":
                return parameter(f"{value.isoformat('milliseconds')}Z")
        elif isinstance(value, date) and kind == "date":
            return parameter(value)
        raise self._wrong_type(operand, column.field)

    def _wrong_type(self, operand: Operand, field: Field) -> SoqlError:
        quoted = field.type not in _NOT_QUOTED
        kind = _TYPE_NAMES.get(field.type, field.type if not quoted else "string")
        advice = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
        message = f"value of filter criterion for field '{field.name}' must be of type {kind} and {advice}"
        return self.context.refusal(operand, "INVALID_FIELD", message)

    def _invalid_operator(self, operand: Operand, field: Field) -> SoqlError:
        kind = "id" if field.type == "reference" else _TYPE_NAMES.get(field.type, field.type).lower()
        return self.context.refusal(operand, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {kind} field")
