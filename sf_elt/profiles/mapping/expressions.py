"""SQL expressions that users write in YAML, parsed and checked before DuckDB sees them.

parse_expression("upper(lead_status)", ["lead_status"], CONDITION).text      # UPPER("lead_status")

Accepted are operators, casts and the functions below, over known columns: no statements, no subqueries, nothing that
reads files or the environment, no aggregates. Audience conditions and the sources of the mapping are such expressions.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

from sf_elt.salesforce import did_you_mean

Replacement = Callable[[exp.Expr], exp.Expr]
Faults = Callable[[exp.Expr], Iterator[str]]

MAX_LENGTH = 10_000
"""Characters an expression may have."""

FUNCTIONS = (
    "abs", "array_length", "array_to_string", "ceil", "coalesce", "concat", "concat_ws", "contains", "date_diff",
    "date_trunc", "day", "ends_with", "epoch_ms", "extract", "floor", "greatest", "if", "least", "left", "len",
    "length", "list_contains", "list_distinct", "list_has_any", "lower", "ltrim", "month", "now", "nullif",
    "regexp_extract", "regexp_matches", "regexp_replace", "replace", "right", "round", "rtrim", "split_part",
    "starts_with", "strftime", "string_split", "strptime", "substring", "today", "trim", "upper", "year",
)  # fmt: skip
"""The functions that an expression may call, by their names in DuckDB."""

_CLOCK = {"now", "today"}

_UNITS = frozenset(
    f"{unit}{plural}"
    for unit in ("microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
    for plural in ("", "s")
)

_FUNCTION_NODES: tuple[type[exp.Expr], ...] = (
    exp.Abs, exp.ArrayContains, exp.ArrayDistinct, exp.ArrayOverlaps, exp.ArraySize, exp.ArrayToString, exp.Case,
    exp.Cast, exp.Ceil, exp.Coalesce, exp.Concat, exp.ConcatWs, exp.Contains, exp.CurrentDate, exp.CurrentTimestamp,
    exp.DateDiff, exp.Day, exp.EndsWith, exp.Extract, exp.Floor, exp.Greatest, exp.If, exp.Least, exp.Left, exp.Length,
    exp.Lower, exp.Month, exp.Nullif, exp.RegexpExtract, exp.RegexpLike, exp.RegexpReplace, exp.Replace, exp.Right,
    exp.Round, exp.Split, exp.SplitPart, exp.StartsWith, exp.StrToTime, exp.Substring, exp.TimeToStr,
    exp.TimestampTrunc, exp.Trim, exp.TryCast, exp.UnixToTime, exp.Upper, exp.Year,
)  # fmt: skip
_OPERATORS: tuple[type[exp.Expr], ...] = (
    exp.Add, exp.And, exp.Array, exp.Between, exp.Bracket, exp.DPipe, exp.Div, exp.EQ, exp.Escape, exp.GT,
    exp.GTE, exp.ILike, exp.In, exp.IntDiv, exp.Is, exp.LT, exp.LTE, exp.Like, exp.Mod, exp.Mul, exp.NEQ, exp.Neg,
    exp.Not, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Or, exp.Paren, exp.Sub,
)  # fmt: skip
_LEAVES: tuple[type[exp.Expr], ...] = (
    exp.Boolean, exp.Column, exp.DataType, exp.DataTypeParam, exp.Identifier, exp.Interval, exp.Literal, exp.Null,
    exp.Var,
)  # fmt: skip
_ACCEPTED = frozenset(_FUNCTION_NODES + _OPERATORS + _LEAVES)

_TYPES = {
    str(exp.DataType.build(name, dialect="duckdb").this): name
    for name in (
        "bigint", "boolean", "date", "decimal", "double", "float", "hugeint", "integer", "interval", "json", "map",
        "smallint", "text", "time", "timestamp", "timestamp_ms", "timestamp_ns", "timestamp_s", "timestamptz",
        "tinyint", "ubigint", "uinteger", "usmallint", "utinyint", "uuid",
    )
} | {str(exp.DType.ARRAY): "list", str(exp.DType.LIST): "list"}  # fmt: skip
"""The types that an expression may cast to. For others DuckDB would fetch an extension from the network."""


_OF_IN = ("expressions", "field", "query", "unnest")
"""Where the parser keeps what stands behind IN."""


class ExpressionRefused(Exception):
    """A text is not an expression that may be evaluated. `problems` has one sentence for each fault."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True)
class Use:
    """What an expression is for, in the words of its errors: `noun` names it, `column` what it reads.

    `functions` are accepted besides FUNCTIONS: by their names, what is wrong with a call. They are no functions of
    DuckDB; who uses the expression puts something in their place. Without a `clock` it may not ask for the time.
    """

    noun: str
    column: str
    functions: Mapping[str, Faults] = field(default_factory=dict)
    clock: bool = True

    @property
    def accepted(self) -> list[str]:
        """All functions that it may call."""
        return sorted({*FUNCTIONS, *self.functions} - (set() if self.clock else _CLOCK))

    def own_function(self, node: exp.Expr) -> Faults | None:
        """What finds the faults of this part of an expression, where that calls one of its functions."""
        return self.functions.get(node.name.lower()) if isinstance(node, exp.Anonymous) else None


CONDITION = Use("condition", "field")
SOURCE = Use("source", "column", clock=False)
"""A source says the same whenever it is asked: else profiles would change while no row does."""


@dataclass(frozen=True)
class Expression:
    """A checked expression, its columns quoted and named as the table names them.

    `text` is its canonical SQL: two ways to write the same expression give the same text.
    """

    text: str
    tree: exp.Expr


def parse_expression(text: str, columns: Collection[str] | None, use: Use) -> Expression:
    """The one expression that `text` is. Where `columns` is None, nobody knows them yet, and any name is accepted.

    Raises ExpressionRefused, with all faults found, unless it has only known columns, accepted operators and functions.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionRefused(f"the {use.noun} has {len(text)} characters; {MAX_LENGTH} are accepted")
    try:
        return _checked(text, None if columns is None else {column.casefold(): column for column in columns}, use)
    except RecursionError:
        raise ExpressionRefused(f"the {use.noun} is nested too deeply: write it with fewer parentheses") from None


def columns_of(tree: exp.Expr) -> tuple[str, ...]:
    """The columns that a checked expression reads, each once."""
    return tuple(dict.fromkeys(_written(column) for column in tree.find_all(exp.Column)))


def expression_sql(expression: exp.Expr) -> str:
    """The expression as SQL for DuckDB, without comments."""
    return expression.sql(dialect="duckdb", comments=False)


def is_now(node: exp.Expr) -> bool:
    """Whether this part of an expression is now()."""
    named = isinstance(node, exp.Anonymous) and node.name.lower() == "now" and not node.expressions
    return named or isinstance(node, exp.CurrentTimestamp)


def _checked(text: str, known: dict[str, str] | None, use: Use) -> Expression:
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise ExpressionRefused(f"this is no SQL expression: {_words(error)}") from error
    expression = statements[0] if len(statements) == 1 else None
    if not isinstance(expression, exp.Expr):
        raise ExpressionRefused(f"a {use.noun} is one expression, without a semicolon")
    problems = list(dict.fromkeys(_faults(expression, known, use)))
    if problems:
        raise ExpressionRefused(*problems)
    checked = expression.transform(_quoted(known))
    return Expression(expression_sql(checked), checked)


def _faults(expression: exp.Expr, known: dict[str, str] | None, use: Use) -> Iterator[str]:
    for node in expression.walk(prune=lambda each: use.own_function(each) is not None):
        if faults := use.own_function(node):
            yield from faults(node)
        elif isinstance(node, exp.Column):
            yield from _faults_of_column(node, known, use)
        elif isinstance(node, exp.Interval):
            yield from _faults_of_interval(node)
        elif isinstance(node, exp.In) and not any(node.args.get(each) for each in _OF_IN):
            written = _shortened(node.this.sql(dialect="duckdb"))
            yield f"`{written} IN` names no values: write {written} IN ('one', 'another')"
        elif isinstance(node, exp.DataType):
            yield from _faults_of_type(node)
        elif isinstance(node, exp.Escape):
            yield from _faults_of_escape(node)
        elif isinstance(node, exp.Any):
            written = _shortened(node.this.unnest().sql(dialect="duckdb"))
            yield f"`ANY` is not accepted: write list_contains({written}, value)"
        elif isinstance(node, exp.Anonymous):
            if not is_now(node):
                yield _refused_function(node.name, use)
            elif not use.clock:
                yield _no_clock("now", use)
        elif isinstance(node, (exp.CurrentDate, exp.CurrentTimestamp)) and not use.clock:
            yield _no_clock("today" if isinstance(node, exp.CurrentDate) else "now", use)
        elif type(node) not in _ACCEPTED:
            if isinstance(node, exp.Func):
                yield _refused_function(node.sql_name().lower(), use)
            else:
                written = _shortened(node.sql(dialect="duckdb"))
                yield f"`{written}` is not accepted: a {use.noun} is a plain expression"


def _faults_of_column(column: exp.Column, known: dict[str, str] | None, use: Use) -> Iterator[str]:
    if known is None or _written(column).casefold() in known:
        return
    if column.table:
        written = column.sql(dialect="duckdb")
        yield f"write `{column.name}` instead of `{written}`: {use.column}s have no table's name before them"
    else:
        yield f"there is no {use.column} `{column.name}`{did_you_mean(column.name, known.values())}"


def _faults_of_interval(interval: exp.Interval) -> Iterator[str]:
    """DuckDB would take a word that is no unit for a name, and the number for seconds."""
    unit = str(interval.args.get("unit") or "").lower()
    amount = interval.this
    if unit and unit not in _UNITS:
        yield f"`{unit}` is no unit of time{did_you_mean(unit, _UNITS)}: write INTERVAL 7 DAYS"
    elif not unit and not (isinstance(amount, exp.Literal) and re.search(r"[a-z]", amount.name, re.IGNORECASE)):
        yield f"`{_shortened(interval.sql(dialect='duckdb'))}` has no unit of time: write INTERVAL 7 DAYS"


def _faults_of_type(node: exp.DataType) -> Iterator[str]:
    if str(node.this) not in _TYPES:
        written, names = node.sql(dialect="duckdb").lower(), set(_TYPES.values())
        accepted = ", ".join(sorted(names))
        yield f"the type `{_shortened(written)}` is not accepted{did_you_mean(written, names)}; accepted are {accepted}"


def _faults_of_escape(node: exp.Escape) -> Iterator[str]:
    """What DuckDB would stop at for somebody's value, and not even TRY would help."""
    pattern, escape = node.this.args.get("expression"), node.expression.name
    kept = pattern.name.replace(escape * 2, "") if isinstance(pattern, exp.Literal) and escape else escape
    if kept.endswith(escape):
        yield "a pattern with ESCAPE is a text in quotes that does not end with the escape character"


def _refused_function(name: str, use: Use) -> str:
    accepted = ", ".join(use.accepted)
    return f"the function `{name}` is not accepted{did_you_mean(name, use.accepted)}; accepted are {accepted}"


def _no_clock(name: str, use: Use) -> str:
    return f"`{name}` is not accepted: a {use.noun} must say the same whenever it is read"


def _quoted(known: dict[str, str] | None) -> Replacement:
    """Gives every column the name that the table has, quoted."""

    def replaced(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            written = _written(node)
            return exp.column(exp.to_identifier((known or {}).get(written.casefold(), written), quoted=True))
        return node

    return replaced


def _written(column: exp.Column) -> str:
    """The column's name; `Owner.Name` is one, of a field of a parent."""
    return ".".join(part.name for part in column.parts)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _words(error: sqlglot.errors.SqlglotError) -> str:
    """What the parser says in one line, in words for those who know SQL, not the parser's own classes."""
    said = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()[0]  # without colours of a terminal
    if not isinstance(error, sqlglot.errors.ParseError) or not error.errors or "<class" not in said:
        return said
    first = error.errors[0]
    return f"something is missing after `{first['highlight']}`. Line {first['line']}, Col: {first['col']}."
