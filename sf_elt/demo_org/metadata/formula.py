"""Formulas over the fields of one record, as SQL for a computed column.

    translate("IF(Seats__c > 10, MRR__c * 12, 0)", subscription, field)

Numbers, text, dates and check boxes, the operators, and the functions of `_FUNCTIONS`. Fields of parents, and what
depends on the moment (NOW, TODAY), are refused.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import VisitError

from sf_elt.demo_org.grammars import parser_of
from sf_elt.demo_org.schema import Field, FieldType, ObjectType
from sf_elt.demo_org.tables import column_type, quote

Kind = Literal["Number", "Text", "Boolean", "Date", "DateTime", "null"]


class FormulaRefused(Exception):
    """A formula that is wrong, or beyond the demo org; the message says why."""


@dataclass(frozen=True)
class Term:
    """A part of a formula: its SQL and what it is."""

    sql: str
    kind: Kind


def translate(formula: str, object_type: ObjectType, field: Field, *, blank_as_zero: bool = True) -> str:
    """The SQL that computes a formula field: null where Setup would show #Error!. Raises FormulaRefused."""
    term = _term(formula, object_type, blank_as_zero=blank_as_zero)
    wanted = _kind_of(field.type)
    if term.kind not in (wanted, "null"):
        raise FormulaRefused(f"Formula result is data type ({term.kind}), incompatible with expected ({wanted}).")
    sql = f"coalesce({term.sql}, false)" if wanted == "Boolean" else term.sql
    if field.type == "percent":
        sql = f"({sql}) * 100"  # half is 0.5 to a formula, and 50 in a record
    if wanted == "Number":
        sql = f"CAST(round({sql}, {field.scale}) AS DECIMAL(38, {field.scale}))"  # which is never infinite nor NaN
    return f"TRY(CAST({sql} AS {column_type(field)}))"


def translate_condition(formula: str, object_type: ObjectType) -> str:
    """The SQL of a formula that says yes or no: no where it cannot be computed. Raises FormulaRefused."""
    term = _term(formula, object_type, blank_as_zero=True)
    if term.kind != "Boolean":
        raise FormulaRefused(f"Formula result is data type ({term.kind}), incompatible with expected (true or false).")
    return f"coalesce(TRY({term.sql}), false)"


def _term(formula: str, object_type: ObjectType, *, blank_as_zero: bool) -> Term:
    try:
        tree = _parser().parse(formula)
        return _Translator(object_type, blank_as_zero).transform(tree)
    except UnexpectedInput as unexpected:
        found = unexpected.token if hasattr(unexpected, "token") else formula[unexpected.pos_in_stream or 0]
        raise FormulaRefused(f"Syntax error. Found '{found}'") from unexpected
    except VisitError as refused:
        if isinstance(refused.orig_exc, FormulaRefused):
            raise refused.orig_exc from None
        raise


@cache
def _parser() -> Lark:
    return parser_of("sf_elt.demo_org.metadata", "formula.lark", start="formula", maybe_placeholders=False)


def _kind_of(field_type: FieldType) -> Kind:
    if field_type in ("double", "currency", "percent", "int"):
        return "Number"
    kinds: Mapping[str, Kind] = {"boolean": "Boolean", "date": "Date", "datetime": "DateTime"}
    return kinds.get(field_type, "Text")


@v_args(inline=True)
class _Translator(Transformer[Token, Term]):
    """Builds the SQL bottom-up, one method a rule of the grammar."""

    def __init__(self, object_type: ObjectType, blank_as_zero: bool) -> None:
        super().__init__()
        self._object_type = object_type
        self._blank_as_zero = blank_as_zero

    def any_of(self, *parts: Term) -> Term:
        return _either(" OR ", parts)

    def all_of(self, *parts: Term) -> Term:
        return _either(" AND ", parts)

    def compare(self, left: Term, operator: Token, right: Term) -> Term:
        _same_kind(left, right)
        signs = {"==": "IS NOT DISTINCT FROM", "=": "IS NOT DISTINCT FROM", "<>": "IS DISTINCT FROM"}
        signs["!="] = signs["<>"]
        return Term(f"({left.sql} {signs.get(operator, operator)} {right.sql})", "Boolean")

    def join(self, *parts: Term) -> Term:
        return Term("(" + " || ".join(f"coalesce({_want(each, 'Text')}, '')" for each in parts) + ")", "Text")

    def add(self, first: Term, *rest: Term | Token) -> Term:
        found = first
        for sign, term in zip(rest[::2], rest[1::2], strict=True):
            if not isinstance(term, Term):
                raise TypeError(term)
            found = _sum(found, str(sign), term)
        return found

    def multiply(self, first: Term, *rest: Term | Token) -> Term:
        sql = _want(first, "Number")
        for sign, term in zip(rest[::2], rest[1::2], strict=True):
            if not isinstance(term, Term):
                raise TypeError(term)
            factor = _want(term, "Number")
            sql = f"({sql} * {factor})" if sign == "*" else f"({sql} / nullif({factor}, 0))"
        return Term(sql, "Number")

    def raise_to(self, base: Term, exponent: Term) -> Term:
        return Term(f"power({_want(base, 'Number')}, {_want(exponent, 'Number')})", "Number")

    def signed(self, sign: Token, term: Term) -> Term:
        return Term(f"({sign}{_want(term, 'Number')})", "Number")

    def negate(self, term: Term) -> Term:
        return Term(f"(NOT {_want(term, 'Boolean')})", "Boolean")

    def number(self, token: Token) -> Term:
        return Term(f"CAST({token} AS DOUBLE)", "Number")

    def text(self, token: Token) -> Term:
        plain = re.sub(r"\\(.)", r"\1", str(token)[1:-1], flags=re.DOTALL)
        return Term("'" + plain.replace("'", "''") + "'", "Text")

    def path(self, token: Token) -> Term:
        raise FormulaRefused(f"{token}: fields of other records are not supported by the demo org")

    def name(self, token: Token) -> Term:
        if (word := token.upper()) in ("TRUE", "FALSE"):
            return Term(word.lower(), "Boolean")
        if word == "NULL":
            return Term("NULL", "null")
        found = self._object_type.field(token)
        if found is None:
            raise FormulaRefused(f"Field {token} does not exist. Check spelling.")
        if found.computed or found.roll_up or found.parent or found.type in ("base64", "multipicklist", "time"):
            raise FormulaRefused(f"{found.name}: such a field is not supported in formulas by the demo org")
        kind = _kind_of(found.type)
        sql = f"({quote(found.name)} / 100)" if found.type == "percent" else quote(found.name)
        return Term(f"coalesce({sql}, 0)" if kind == "Number" and self._blank_as_zero else sql, kind)

    def call(self, name: Token, *arguments: Term) -> Term:
        function = _FUNCTIONS.get(name.upper())
        if function is None:
            raise FormulaRefused(f"Unknown function {name.upper()}, or one that the demo org does not compute.")
        try:
            return function(arguments)
        except (IndexError, ValueError) as error:
            message = f"Incorrect number of parameters for function '{name.upper()}()'"
            raise FormulaRefused(message) from error


def _want(term: Term, kind: Kind) -> str:
    if term.kind not in (kind, "null"):
        raise FormulaRefused(f"Incorrect parameter type: expected {kind}, received {term.kind}")
    return term.sql


def _same_kind(*terms: Term) -> Kind:
    kinds = {each.kind for each in terms} - {"null"}
    if len(kinds) > 1:
        raise FormulaRefused(f"Incorrect parameter types: {' and '.join(sorted(kinds))} do not go together")
    return kinds.pop() if kinds else "null"


def _either(word: str, parts: Sequence[Term]) -> Term:
    if not parts:
        raise ValueError("nothing to combine")
    return Term("(" + word.join(f"coalesce({_want(each, 'Boolean')}, false)" for each in parts) + ")", "Boolean")


def _sum(left: Term, sign: str, right: Term) -> Term:
    if left.kind == "Text" and sign == "+":
        return Term(f"(coalesce({left.sql}, '') || coalesce({_want(right, 'Text')}, ''))", "Text")
    if left.kind == "Date" and right.kind == "Number":
        return Term(f"({left.sql} {sign} CAST({right.sql} AS INTEGER))", "Date")
    if left.kind == right.kind == "Date" and sign == "-":
        return Term(f"CAST({left.sql} - {right.sql} AS DOUBLE)", "Number")
    return Term(f"({_want(left, 'Number')} {sign} {_want(right, 'Number')})", "Number")


def _if(arguments: Sequence[Term]) -> Term:
    condition, yes, no = arguments
    kind = _same_kind(yes, no)
    return Term(f"CASE WHEN {_want(condition, 'Boolean')} THEN {yes.sql} ELSE {no.sql} END", kind)


def _case(arguments: Sequence[Term]) -> Term:
    value, *pairs, otherwise = arguments
    found = ""
    for when, then in zip(pairs[::2], pairs[1::2], strict=True):
        _same_kind(value, when)
        found += f" WHEN {value.sql} IS NOT DISTINCT FROM {when.sql} THEN {then.sql}"
    kind = _same_kind(*pairs[1::2], otherwise)
    return Term(f"CASE{found} ELSE {otherwise.sql} END", kind)


def _is_blank(arguments: Sequence[Term]) -> Term:
    [value] = arguments
    return Term(f"({value.sql} IS NULL)", "Boolean")


def _blank_value(arguments: Sequence[Term]) -> Term:
    value, instead = arguments
    return Term(f"coalesce({value.sql}, {instead.sql})", _same_kind(value, instead))


def _not(arguments: Sequence[Term]) -> Term:
    [value] = arguments
    return Term(f"(NOT coalesce({_want(value, 'Boolean')}, false))", "Boolean")


def _is_one_of(arguments: Sequence[Term]) -> Term:
    value, wanted = arguments
    return Term(f"({_want(value, 'Text')} IS NOT DISTINCT FROM {_want(wanted, 'Text')})", "Boolean")


def _as_text(arguments: Sequence[Term]) -> Term:
    [value] = arguments
    if value.kind == "Number":
        return Term(f"regexp_replace(CAST({value.sql} AS VARCHAR), '\\.0$', '')", "Text")
    return Term(f"CAST({value.sql} AS VARCHAR)", "Text")


def _plain(sql: str, result: Kind, *kinds: Kind) -> Callable[[Sequence[Term]], Term]:
    """A function that SQL has too: `sql` with its arguments in the places of {0}, {1}, …"""

    def call(arguments: Sequence[Term]) -> Term:
        given = [_want(term, kind) for term, kind in zip(arguments, kinds, strict=True)]
        return Term(sql.format(*given), result)

    return call


_FUNCTIONS: Mapping[str, Callable[[Sequence[Term]], Term]] = {
    "AND": lambda arguments: _either(" AND ", arguments),
    "OR": lambda arguments: _either(" OR ", arguments),
    "NOT": _not,
    "IF": _if,
    "CASE": _case,
    "ISBLANK": _is_blank,
    "ISNULL": _is_blank,
    "BLANKVALUE": _blank_value,
    "NULLVALUE": _blank_value,
    "ISPICKVAL": _is_one_of,
    "TEXT": _as_text,
    "ABS": _plain("abs({0})", "Number", "Number"),
    "BEGINS": _plain("starts_with({0}, {1})", "Boolean", "Text", "Text"),
    "CEILING": _plain("ceil({0})", "Number", "Number"),
    "CONTAINS": _plain("contains({0}, {1})", "Boolean", "Text", "Text"),
    "DATE": _plain(
        "make_date(CAST({0} AS BIGINT), CAST({1} AS BIGINT), CAST({2} AS BIGINT))",
        "Date", "Number", "Number", "Number",
    ),
    "DAY": _plain("CAST(day({0}) AS DOUBLE)", "Number", "Date"),
    "FLOOR": _plain("floor({0})", "Number", "Number"),
    "LEFT": _plain("left({0}, CAST({1} AS BIGINT))", "Text", "Text", "Number"),
    "LEN": _plain("CAST(length(coalesce({0}, '')) AS DOUBLE)", "Number", "Text"),
    "LOWER": _plain("lower({0})", "Text", "Text"),
    "MOD": _plain("({0} % nullif({1}, 0))", "Number", "Number", "Number"),
    "MONTH": _plain("CAST(month({0}) AS DOUBLE)", "Number", "Date"),
    "RIGHT": _plain("right({0}, CAST({1} AS BIGINT))", "Text", "Text", "Number"),
    "ROUND": _plain("round({0}, CAST({1} AS INTEGER))", "Number", "Number", "Number"),
    "SQRT": _plain("sqrt({0})", "Number", "Number"),
    "SUBSTITUTE": _plain("replace({0}, {1}, {2})", "Text", "Text", "Text", "Text"),
    "TRIM": _plain("trim({0})", "Text", "Text"),
    "UPPER": _plain("upper({0})", "Text", "Text"),
    "VALUE": _plain("try_cast({0} AS DOUBLE)", "Number", "Text"),
    "YEAR": _plain("CAST(year({0}) AS DOUBLE)", "Number", "Date"),
}  # fmt: skip
