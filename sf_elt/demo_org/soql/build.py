"""Builds the `Query` of a text bottom-up, one method a rule of `grammar.lark`."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import cast

from lark import Token, Transformer, v_args

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.soql.ast import (
    Aliased,
    AllOf,
    AnyOf,
    Call,
    Comparison,
    Condition,
    Grouping,
    Like,
    Membership,
    Money,
    Negation,
    Operand,
    Operator,
    Ordering,
    ParentAliases,
    Path,
    Query,
    RelativeDate,
    Selected,
    Selection,
    SemiJoin,
    Subquery,
    Text,
    Typeof,
    Value,
    When,
)

_LARGEST_INT = 2**31 - 1
_MOST_PARENTS = 55
"""Child-to-parent relationships in one query: SOQL reference, "Understanding Relationship Query Limitations"."""
_OPTIONS: dict[str, type] = {"honoremptystrings": bool, "explicitnamespace": bool, "dataspace": Text}
"""Recorded of version 68.0: what SET OPTIONS takes."""
_SECURITY = ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE")

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "%": "%", "_": "_"}


@v_args(inline=True)
class Builder(Transformer[Token, Query]):
    """Lark calls it while it parses. Raises SoqlError for what the grammar lets through and Salesforce does not."""

    def query(
        self,
        fields: tuple[Selection, ...],
        from_object: tuple[Path, str | None, ParentAliases],
        scope: str | None,
        where: Condition | None,
        security: None,
        group_by: Grouping | None,
        having: Condition | None,
        order_by: tuple[Ordering, ...] | None,
        limit: int | None,
        offset: int | None,
        purpose: str | None,
        options: None,
    ) -> Query:
        found, alias, parent_aliases = from_object
        name, line, column = str(found), found.line, found.column
        return Query(
            "", name, alias, fields, where, order_by or (), limit, offset,
            scope, group_by, having, purpose, line, column, parent_aliases,
        )  # fmt: skip

    def fields(self, *selections: Selection) -> tuple[Selection, ...]:
        """`COUNT()` alone selects no fields."""
        if len(selections) == 1 and isinstance(selections[0], Call) and str(selections[0]).upper() == "COUNT()":
            return ()
        return selections

    def aliased(self, operand: Operand, alias: Token) -> Aliased:
        return Aliased(operand, str(alias))

    def subquery(self, opening: Token, query: Query) -> Subquery:
        return Subquery(query, opening.line or 1, opening.column or 1)

    def typeof(self, path: Path, *branches: When | None) -> Typeof:
        return Typeof(path, tuple(each for each in branches[:-1] if each is not None), branches[-1])

    def when(self, objects: tuple[Path, ...], fields: tuple[Path, ...]) -> When:
        return When(objects, fields)

    def otherwise(self, fields: tuple[Path, ...]) -> When:
        return When((), fields)

    def path_list(self, *paths: Path) -> tuple[Path, ...]:
        return paths

    def path(self, *names: Token) -> Path:
        return Path(tuple(str(each) for each in names), names[0].line or 1, names[0].column or 1)

    def call(self, name: Token, *arguments: Operand | Text | Decimal | None) -> Call:
        given = tuple(each for each in arguments if each is not None)
        return Call(str(name), given, name.line or 1, name.column or 1)

    def from_object(
        self, path: Path, alias: str | None, *parents: tuple[str, Path]
    ) -> tuple[Path, str | None, ParentAliases]:
        if len(parents) > _MOST_PARENTS:
            raise SoqlError("MALFORMED_QUERY", f"A query may name at most {_MOST_PARENTS} relationships to parents")
        return path, alias, parents

    def parent_alias(self, path: Path, alias: str) -> tuple[str, Path]:
        return alias.lower(), path

    def alias(self, name: Token) -> str:
        return str(name)

    def scope(self, name: Token) -> str:
        return str(name)

    def where(self, condition: Condition) -> Condition:
        return condition

    def security(self, mode: Token) -> None:
        """A REST query always sees what its user may see, so that every mode means the same."""
        if mode.upper() not in _SECURITY:
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: '{mode}'")

    def grouped(self, operands: tuple[Operand, ...]) -> Grouping:
        return Grouping(operands)

    def rollup(self, operands: tuple[Operand, ...]) -> Grouping:
        return Grouping(operands, "ROLLUP")

    def cube(self, operands: tuple[Operand, ...]) -> Grouping:
        return Grouping(operands, "CUBE")

    def operand_list(self, *operands: Operand) -> tuple[Operand, ...]:
        return operands

    def group_by(self, grouping: Grouping) -> Grouping:
        return grouping

    def having(self, condition: Condition) -> Condition:
        return condition

    def order_by(self, *orderings: Ordering) -> tuple[Ordering, ...]:
        return orderings

    def ordering(self, operand: Operand, direction: Token | None, nulls: Token | None) -> Ordering:
        return Ordering(operand, str(direction).upper() == "DESC", str(nulls).upper() == "LAST")

    def limit(self, number: Token) -> int:
        return _whole(number, "LIMIT")

    def offset(self, number: Token) -> int:
        return _whole(number, "OFFSET")

    def purpose(self, name: Token) -> str:
        return name.upper()

    def purposes(self, *given: str | Token | None) -> str | None:
        if given[-1] is not None:
            raise SoqlError("MALFORMED_QUERY", "ALL ROWS not allowed in this context")
        return " ".join(str(each) for each in given[:-1]) or None

    def options(self, *options: None) -> None:
        """They are about empty strings and data spaces of Data 360, which this org has none of."""

    def option(self, name: Token, value: Value) -> None:
        kind = _OPTIONS.get(name.lower())
        if kind is None or not isinstance(value, kind):
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: '{name}'")

    def all_of(self, *parts: Condition) -> Condition:
        return AllOf(parts)

    def any_of(self, *parts: Condition) -> Condition:
        return AnyOf(parts)

    def negation(self, part: Condition) -> Condition:
        return Negation(part)

    def comparison(self, operand: Operand, operator: Token, value: Value) -> Comparison:
        return Comparison(operand, cast(Operator, "!=" if operator == "<>" else str(operator)), value)

    def like(self, operand: Operand, value: Value) -> Like:
        return Like(operand, value)

    def is_in(self, operand: Operand, values: tuple[Value, ...]) -> Membership:
        return Membership(operand, values, negated=False)

    def not_in(self, operand: Operand, values: tuple[Value, ...]) -> Membership:
        return Membership(operand, values, negated=True)

    def semi_join(self, operand: Operand, query: Query) -> SemiJoin:
        return SemiJoin(operand, query, negated=False)

    def anti_join(self, operand: Operand, query: Query) -> SemiJoin:
        return SemiJoin(operand, query, negated=True)

    def includes(self, operand: Operand, values: tuple[Value, ...]) -> Selected:
        return Selected(operand, values, negated=False)

    def excludes(self, operand: Operand, values: tuple[Value, ...]) -> Selected:
        return Selected(operand, values, negated=True)

    def values(self, *values: Value) -> tuple[Value, ...]:
        return values

    def text(self, token: Token) -> Text:
        inner = str(token)[1:-1]
        return Text(_whole_text(_ESCAPE.sub(_unescape, inner)), _whole_text(_ESCAPE.sub(_unescape_for_like, inner)))

    def number(self, token: Token) -> Decimal:
        try:
            return Decimal(str(token))
        except InvalidOperation:
            raise SoqlError("MALFORMED_QUERY", f"Invalid number: {token}") from None

    def money(self, token: Token) -> Money:
        return Money(str(token)[:3].upper(), Decimal(str(token)[3:]))

    def true(self) -> bool:
        return True

    def false(self) -> bool:
        return False

    def null(self) -> None:
        return None

    def date_value(self, token: Token) -> date:
        try:
            return date.fromisoformat(str(token))
        except ValueError:
            raise SoqlError("MALFORMED_QUERY", f"Invalid date: {token}") from None

    def datetime_value(self, token: Token) -> datetime:
        try:
            return datetime.fromisoformat(str(token).upper()).astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            raise SoqlError("MALFORMED_QUERY", f"Invalid dateTime: {token}") from None

    def time_value(self, token: Token) -> time:
        try:
            moment = datetime.fromisoformat(f"1970-01-02T{str(token).upper()}")
            return moment.astimezone(UTC).time()
        except ValueError:
            raise SoqlError("MALFORMED_QUERY", f"Invalid time: {token}") from None

    def relative_date(self, name: Token, count: Token | None) -> RelativeDate:
        return RelativeDate(str(name).upper(), None if count is None else _whole(count, str(name)))


def _whole(number: Token, what: str) -> int:
    if not number.isdigit() or len(number.lstrip("0")) > len(str(_LARGEST_INT)) or int(number) > _LARGEST_INT:
        raise SoqlError("MALFORMED_QUERY", f"{what} needs a whole number up to {_LARGEST_INT}, not {number}")
    return int(number)


def _whole_text(text: str) -> str:
    """The text with its surrogate pairs (`\\ud83d\\ude00`) joined. Raises SoqlError for half a pair."""
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise SoqlError("MALFORMED_QUERY", "Invalid string literal: half a surrogate pair") from None


def _unescape(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    if escape.lower() not in _ESCAPED:
        raise SoqlError("MALFORMED_QUERY", f"Invalid string literal: \\{escape} is no escape sequence")
    return _ESCAPED[escape.lower()]


def _unescape_for_like(match: re.Match[str]) -> str:
    return match[0] if match[1] in ("%", "_", "\\") else _unescape(match)
