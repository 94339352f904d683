"""SQL expressions that users write in YAML, parsed and checked before DuckDB sees them.

parse_expression("upper(lead_status)", ["lead_status"], CONDITION).text      # UPPER("lead_status")

Accepted are operators, casts and the functions below, over known columns: no statements, no subqueries, nothing that
reads files or the environment, no aggregates. Audience conditions and the sources of the mapping are such expressions.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from sf_elt.salesforce import did_you_mean

Replacement = Callable[[exp.Expression], exp.Expression]

MAX_LENGTH = 10_000
"""Characters an expression may have."""

FUNCTIONS = (
    "abs", "array_length", "ceil", "coalesce", "contains", "date_diff", "date_trunc", "day", "ends_with",
    "extract", "floor", "greatest", "if", "least", "len", "length", "list_contains", "list_has_any", "lower", "month",
    "now", "nullif", "regexp_matches", "round", "split_part", "starts_with", "substring", "today", "trim", "upper",
    "year",
)  # fmt: skip
"""The functions that an expression may call, by their names in DuckDB."""

_FUNCTION_NODES: tuple[type[exp.Expression], ...] = (
    exp.Abs, exp.ArrayContains, exp.ArrayOverlaps, exp.ArraySize, exp.Case, exp.Cast, exp.Ceil, exp.Coalesce,
    exp.Contains, exp.CurrentDate, exp.CurrentTimestamp, exp.DateDiff, exp.Day, exp.EndsWith, exp.Extract, exp.Floor,
    exp.Greatest, exp.If, exp.Least, exp.Length, exp.Lower, exp.Month, exp.Nullif, exp.RegexpLike, exp.Round,
    exp.SplitPart, exp.StartsWith, exp.Substring, exp.TimestampTrunc, exp.Trim, exp.TryCast, exp.Upper, exp.Year,
)  # fmt: skip
_OPERATORS: tuple[type[exp.Expression], ...] = (
    exp.Add, exp.And, exp.Any, exp.Array, exp.Between, exp.Bracket, exp.DPipe, exp.Div, exp.EQ, exp.Escape, exp.GT,
    exp.GTE, exp.ILike, exp.In, exp.IntDiv, exp.Is, exp.LT, exp.LTE, exp.Like, exp.Mod, exp.Mul, exp.NEQ, exp.Neg,
    exp.Not, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Or, exp.Paren, exp.Sub,
)  # fmt: skip
_LEAVES: tuple[type[exp.Expression], ...] = (
    exp.Boolean, exp.Column, exp.DataType, exp.DataTypeParam, exp.Identifier, exp.Interval, exp.Literal, exp.Null,
    exp.Var,
)  # fmt: skip
_ACCEPTED = frozenset(_FUNCTION_NODES + _OPERATORS + _LEAVES)


class ExpressionRefused(Exception):
    """A text is not an expression that may be evaluated. `problems` has one sentence for each fault."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True)
class Use:
    """What an expression is for, in the words of its errors: `noun` names it, `column` what it reads."""

    noun: str
    column: str


CONDITION = Use("condition", "field")


@dataclass(frozen=True)
class Expression:
    """A checked expression, its columns quoted and named as the table names them.

    `text` is its canonical SQL: two ways to write the same expression give the same text.
    """

    text: str
    tree: exp.Expression


def parse_expression(text: str, columns: Collection[str], use: Use) -> Expression:
    """The one expression that `text` is.

    Raises ExpressionRefused, with all faults found, unless it has only known columns, accepted operators and functions.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionRefused(f"the {use.noun} has {len(text)} characters; {MAX_LENGTH} are accepted")
    try:
        return _checked(text, {column.casefold(): column for column in columns}, use)
    except RecursionError:
        raise ExpressionRefused(f"the {use.noun} is nested too deeply: write it with fewer parentheses") from None


def expression_sql(expression: exp.Expression) -> str:
    """The expression as SQL for DuckDB, without comments."""
    return expression.sql(dialect="duckdb", comments=False)


def is_now(node: exp.Expression) -> bool:
    """Whether this part of an expression is now()."""
    named = isinstance(node, exp.Anonymous) and node.name.lower() == "now" and not node.expressions
    return named or isinstance(node, exp.CurrentTimestamp)


def _checked(text: str, known: dict[str, str], use: Use) -> Expression:
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise ExpressionRefused(f"this is no SQL expression: {_first_line(error)}") from error
    expression = statements[0] if len(statements) == 1 else None
    if not isinstance(expression, exp.Expression):
        raise ExpressionRefused(f"a {use.noun} is one expression, without a semicolon")
    problems = list(dict.fromkeys(_faults(expression, known, use)))
    if problems:
        raise ExpressionRefused(*problems)
    checked = expression.transform(_quoted(known))
    return Expression(expression_sql(checked), checked)


def _faults(expression: exp.Expression, known: dict[str, str], use: Use) -> Iterator[str]:
    for node in expression.walk():
        if isinstance(node, exp.Column):
            yield from _faults_of_column(node, known, use)
        elif isinstance(node, exp.Anonymous):
            if not is_now(node):
                yield _refused_function(node.name)
        elif type(node) not in _ACCEPTED:
            if isinstance(node, exp.Func):
                yield _refused_function(node.sql_name().lower())
            else:
                written = _shortened(node.sql(dialect="duckdb"))
                yield f"`{written}` is not accepted: a {use.noun} is a plain expression"


def _faults_of_column(column: exp.Column, known: dict[str, str], use: Use) -> Iterator[str]:
    if column.table:
        written = column.sql(dialect="duckdb")
        yield f"write `{column.name}` instead of `{written}`: {use.column}s have no table's name before them"
    elif column.name.casefold() not in known:
        yield f"there is no {use.column} `{column.name}`{did_you_mean(column.name, known.values())}"


def _refused_function(name: str) -> str:
    return f"the function `{name}` is not accepted{did_you_mean(name, FUNCTIONS)}; accepted are {', '.join(FUNCTIONS)}"


def _quoted(known: dict[str, str]) -> Replacement:
    """Gives every column the name that the table has, quoted."""

    def replaced(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column):
            return exp.column(exp.to_identifier(known[node.name.casefold()], quoted=True))
        return node

    return replaced


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _first_line(error: Exception) -> str:
    """The first line of a parser's message, without the colours that it uses on a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()[0]
