"""What a rule of the mapping reads in a row of its stream: columns, or one SQL expression over them.

terms_of("lead_email", {"lead_email": "VARCHAR"})              # one Term, of sql_type VARCHAR
terms_of("upper(lead_email)", {"lead_email": "VARCHAR"})       # one Term, its type found by DuckDB
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import duckdb

from sf_elt.profiles.mapping.expressions import SOURCE, Expression, ExpressionRefused, columns_of, parse_expression
from sf_elt.profiles.sql import statement
from sf_elt.salesforce import did_you_mean
from sf_elt.warehouse import quote

_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


@dataclass(frozen=True)
class Term:
    """One thing that a rule reads: `sql` gives it for a row, null where evaluating it fails, which `failed` says.

    `columns` are those of the stream that it reads. `failed` is SQL too, or empty for a plain column, which cannot.
    """

    sql: str
    sql_type: str
    columns: tuple[str, ...]
    failed: str = ""


def column_names(source: str) -> tuple[str, ...]:
    """The columns that `source` names, with commas between them; none where it is an expression."""
    names = tuple(name.strip() for name in source.split(","))
    return names if all(_COLUMN.fullmatch(name) for name in names) else ()


def terms_of(source: str, columns: Mapping[str, str]) -> list[Term]:
    """What `source` reads of a stream with these columns (name → DuckDB type): at least one term.

    Of several names with commas between them, those that the stream has. Raises ExpressionRefused where it has none,
    or where the expression is not accepted.
    """
    names = column_names(source)
    if not names:
        return [_term(parse_expression(source, columns, SOURCE), columns)]
    found = [Term(quote(name), columns[name], (name,)) for name in names if name in columns]
    if not found:
        raise ExpressionRefused(f"the stream has no column {source}{did_you_mean(names[0], columns)}")
    return found


def check_form(source: str) -> None:
    """Raises ExpressionRefused where `source` cannot be accepted whatever columns the stream has."""
    if not column_names(source):
        parse_expression(source, None, SOURCE)


def _term(expression: Expression, columns: Mapping[str, str]) -> Term:
    used = columns_of(expression.tree)
    sql_type = _type_of(expression.text, tuple((name, columns[name]) for name in used))
    tried = f"TRY({{'value': {expression.text}}})"
    return Term(f"({tried}).value", sql_type, used, f"{tried} IS NULL")


@lru_cache(maxsize=1024)
def _type_of(text: str, columns: tuple[tuple[str, str], ...]) -> str:
    """The DuckDB type of an expression over columns of these types, without any row of them."""
    row = ", ".join(f"CAST(NULL AS {sql_type}) AS {quote(name)}" for name, sql_type in columns) or "1"
    with _engine().cursor() as connection:
        try:
            described = connection.execute(statement("type_of_expression", expression=text, row=row)).fetchall()
        except duckdb.Error as error:
            raise ExpressionRefused(str(error).splitlines()[0].removeprefix("Binder Error: ")) from error
    return str(described[0][1])


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """A database in memory without any table, which only says what type an expression has."""
    return duckdb.connect(config={"threads": 1, "enable_external_access": False})
