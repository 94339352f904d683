"""From SOQL text to a `Query`, by the grammar in `grammar.lark`."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.soql.ast import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Like,
    Membership,
    Negation,
    Operator,
    Ordering,
    Path,
    Query,
    RelativeDate,
    Selected,
    Text,
    Value,
)

MAX_LENGTH = 100_000
"""Characters of SOQL that Salesforce reads."""
_LARGEST_INT = 2**31 - 1

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "%": "%", "_": "_"}

_NOT_SPOKEN = {
    "GROUP": "GROUP BY",
    "HAVING": "HAVING",
    "TYPEOF": "TYPEOF",
    "WITH": "WITH",
    "USING": "USING SCOPE",
    "FOR": "FOR VIEW, FOR REFERENCE and FOR UPDATE",
    "ALL": "ALL ROWS",
    "FIELDS": "FIELDS()",
}
_SUBQUERY = re.compile(r"\(\s*SELECT\s*$", re.IGNORECASE)
_AGGREGATES = {"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"}


def parse(text: str) -> Query:
    """The query that the text says. Raises SoqlError (MALFORMED_QUERY) where it is none that the demo org speaks."""
    if len(text) > MAX_LENGTH:
        raise SoqlError("MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_LENGTH:,} characters.")
    try:
        return replace(cast(Query, _parser().parse(text)), text=text)
    except UnexpectedInput as unexpected:
        raise _malformed(text, unexpected) from None
    except VisitError as refused:
        if isinstance(refused.orig_exc, SoqlError):
            raise refused.orig_exc from None
        raise


def pointing_at(text: str, line: int, column: int, message: str) -> str:
    """The message as Salesforce words it: the line of the query, a caret under the place, the place in numbers."""
    lines = text.split("\n")
    shown = lines[line - 1] if line <= len(lines) else ""
    start = max(0, column - 60)
    snippet = shown[start : column + 40]
    return f"\n{snippet}\n{' ' * (column - 1 - start)}^\nERROR at Row:{line}:Column:{column}\n{message}"


@cache
def _parser() -> Lark:
    grammar = files("sf_elt.demo_org.soql").joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, start="query", parser="lalr", maybe_placeholders=True, transformer=_Builder())


def _malformed(text: str, unexpected: UnexpectedInput) -> SoqlError:
    if isinstance(unexpected, UnexpectedToken) and unexpected.token.type == "$END":
        return SoqlError("MALFORMED_QUERY", "unexpected token: '<EOF>'")
    line, column = unexpected.line, unexpected.column
    found = unexpected.token if isinstance(unexpected, UnexpectedToken) else text[unexpected.pos_in_stream or 0]
    word = str(found).upper()
    before = _word_before(text, unexpected.pos_in_stream or 0)
    not_spoken = _NOT_SPOKEN.get(word) or _NOT_SPOKEN.get(before)
    if before in _AGGREGATES:
        message = "Aggregate functions are not supported by the demo org, except COUNT()"
    elif not_spoken is not None or word == "(" or _SUBQUERY.search(text[: unexpected.pos_in_stream or 0]):
        message = f"{not_spoken or 'A subquery or function'} is not supported by the demo org"
    elif word in ("AND", "OR"):
        message = f"unexpected token: '{found}': AND and OR do not mix without parentheses, nor does a leading NOT"
    elif isinstance(unexpected, UnexpectedCharacters) and word == "'":
        message = "unterminated string literal"
    else:
        message = f"unexpected token: '{found}'"
    return SoqlError("MALFORMED_QUERY", pointing_at(text, line, column, message))


def _word_before(text: str, position: int) -> str:
    words = re.findall(r"\w+", text[:position])
    return words[-1].upper() if words else ""


@v_args(inline=True)
class _Builder(Transformer[Token, Query]):
    """Builds the query bottom-up, one method a rule of the grammar."""

    def query(
        self,
        fields: tuple[Path, ...],
        object_name: Token,
        alias: str | None,
        where: Condition | None,
        order_by: tuple[Ordering, ...] | None,
        limit: int | None,
        offset: int | None,
    ) -> Query:
        return Query("", str(object_name), alias, fields, where, order_by or (), limit, offset)

    def count(self) -> tuple[Path, ...]:
        return ()

    def fields(self, *paths: Path) -> tuple[Path, ...]:
        return paths

    def path(self, *names: Token) -> Path:
        return Path(tuple(str(each) for each in names), names[0].line or 1, names[0].column or 1)

    def alias(self, name: Token) -> str:
        return str(name)

    def where(self, condition: Condition) -> Condition:
        return condition

    def order_by(self, *orderings: Ordering) -> tuple[Ordering, ...]:
        return orderings

    def ordering(self, path: Path, direction: Token | None, nulls: Token | None) -> Ordering:
        return Ordering(path, str(direction).upper() == "DESC", str(nulls).upper() == "LAST")

    def limit(self, number: Token) -> int:
        return _whole(number, "LIMIT")

    def offset(self, number: Token) -> int:
        return _whole(number, "OFFSET")

    def all_of(self, *parts: Condition) -> Condition:
        return AllOf(parts)

    def any_of(self, *parts: Condition) -> Condition:
        return AnyOf(parts)

    def negation(self, part: Condition) -> Condition:
        return Negation(part)

    def comparison(self, path: Path, operator: Token, value: Value) -> Comparison:
        return Comparison(path, cast(Operator, "!=" if operator == "<>" else str(operator)), value)

    def like(self, path: Path, value: Value) -> Like:
        return Like(path, value)

    def is_in(self, path: Path, values: tuple[Value, ...]) -> Membership:
        return Membership(path, values, negated=False)

    def not_in(self, path: Path, values: tuple[Value, ...]) -> Membership:
        return Membership(path, values, negated=True)

    def includes(self, path: Path, values: tuple[Value, ...]) -> Selected:
        return Selected(path, values, negated=False)

    def excludes(self, path: Path, values: tuple[Value, ...]) -> Selected:
        return Selected(path, values, negated=True)

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

    def relative_date(self, name: Token, count: Token | None) -> RelativeDate:
        return RelativeDate(str(name).upper(), None if count is None else _whole(count, str(name)))


def _whole(number: Token, what: str) -> int:
    if not number.isdigit() or int(number) > _LARGEST_INT:
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
