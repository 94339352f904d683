"""Whether conditions fit the types of the fields they use, before anything runs; faults in words of user fields."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Literal

import duckdb
from sqlglot import exp

from sf_elt.insight.conditions import AUDIENCES_COLUMN, Condition, evaluated_sql
from sf_elt.profiles.mapping.rules import type_of
from sf_elt.warehouse import quote

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_NO_VALUES: tuple[type[exp.Expr], ...] = (exp.DataType, exp.DataTypeParam, exp.Identifier, exp.Var)
_EQUALITIES = (exp.EQ, exp.NEQ, exp.In, exp.Like, exp.ILike, exp.NullSafeEQ, exp.NullSafeNEQ)
_CONNECTORS = (exp.And, exp.Or, exp.Not)


def type_faults(
    conditions: Mapping[str, Condition], types: Mapping[str, str], most: int | None = None
) -> dict[str, str]:
    """Name → what is wrong with that condition's types, for those, or the first `most`, where something is.

    `types` has the DuckDB type of each column. The conditions are tried on one subject of which nothing is known.
    """
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = {**types, AUDIENCES_COLUMN: "VARCHAR[]"}
        nothing = ", ".join(f"NULL::{sql_type} AS {quote(name)}" for name, sql_type in columns.items())
        connection.execute(f"CREATE TABLE subjects AS SELECT {nothing}")
        faults = ((name, _fault(connection, condition)) for name, condition in conditions.items())
        return dict(islice(((name, fault) for name, fault in faults if fault), most))


def _fault(connection: duckdb.DuckDBPyConnection, condition: Condition) -> str | None:
    whole = condition.expression
    if _error(connection, whole) is not None:
        return next(_smallest_faults(connection, whole))
    for connector in whole.find_all(*_CONNECTORS):
        for operand in _operands(connector):
            kind = _type(connection, operand)
            if kind not in ("bool", "null"):
                word = connector.key.upper()
                return f"{_named(operand, kind)} is not true or false, as {word} needs it: compare it with something"
    kind = _type(connection, whole)
    return None if kind in ("bool", "null") else f"the condition gives a *{kind}*, not true or false"


def _smallest_faults(connection: duckdb.DuckDBPyConnection, whole: exp.Expr) -> Iterator[str]:
    """The faults of the innermost parts of an expression that cannot be evaluated."""
    for node in reversed(list(whole.bfs())):
        if isinstance(node, _NO_VALUES) or isinstance(node.parent, exp.Interval):
            continue
        error = _error(connection, node)
        if error is not None:
            yield _in_words(connection, node, error)


def _in_words(connection: duckdb.DuckDBPyConnection, node: exp.Expr, error: duckdb.Error) -> str:
    operands = [each for each in _operands(node) if not isinstance(each, _NO_VALUES)]
    kinds = [_type(connection, each) for each in operands]
    written = _written(node)
    texts = [each for each in operands if isinstance(each, exp.Literal) and each.is_string]
    others = [kind for each, kind in zip(operands, kinds, strict=True) if each not in texts]
    if isinstance(error, duckdb.ConversionException) and texts and others:
        values = " or ".join(_written(each) for each in texts)
        return f"`{written}`: {values} cannot be read as *{others[0]}*{_hint(node, operands, kinds)}"
    if isinstance(error, duckdb.BinderException) and operands:
        taken = " and ".join(_named(each, kind) for each, kind in zip(operands, kinds, strict=True))
        return f"`{written}` cannot take {taken}{_hint(node, operands, kinds)}"
    return f"`{written}`: {str(error).splitlines()[0]}"


def _hint(node: exp.Expr, operands: list[exp.Expr], kinds: list[str]) -> str:
    lists = [each for each, kind in zip(operands, kinds, strict=True) if kind.startswith("[]") or kind.endswith("[]")]
    if lists and isinstance(node, _EQUALITIES):
        value = next((_written(each) for each in operands if each not in lists), "'…'")
        return f"; ask a list with list_contains({_written(lists[0])}, {value})"
    if "date" in kinds and {"int", "number"} & set(kinds):
        return "; a time is compared with a time, such as now() - INTERVAL 7 DAYS"
    if "string" in kinds and {"int", "number"} & set(kinds):
        text = operands[kinds.index("string")]
        if isinstance(text, exp.Column):
            return f"; for the number in a text write TRY_CAST({text.name} AS DOUBLE)"
    return ""


def _error(connection: duckdb.DuckDBPyConnection, node: exp.Expr) -> duckdb.Error | None:
    try:
        _evaluated(connection, "SELECT", node).fetchall()
    except duckdb.Error as error:
        return error
    return None


def _type(connection: duckdb.DuckDBPyConnection, node: exp.Expr) -> str:
    """The mapping's word for the type that this part of a condition has."""
    sql_type = str(_evaluated(connection, "DESCRIBE SELECT", node).fetchall()[0][1]).strip('"')
    return "null" if sql_type == "NULL" else type_of(sql_type)


def _evaluated(
    connection: duckdb.DuckDBPyConnection, verb: Literal["SELECT", "DESCRIBE SELECT"], node: exp.Expr
) -> duckdb.DuckDBPyConnection:
    return connection.execute(f"{verb} {evaluated_sql(node, _ANY_TIME)} FROM subjects")


def _operands(node: exp.Expr) -> list[exp.Expr]:
    return [each.unnest() for each in node.iter_expressions()]


def _named(node: exp.Expr, kind: str) -> str:
    return f"*{kind}* field `{node.name}`" if isinstance(node, exp.Column) else f"*{kind}* `{_written(node)}`"


def _written(node: exp.Expr) -> str:
    """The part of a condition as a person would write it, with DuckDB's names of functions."""

    def without_quotes(each: exp.Expr) -> exp.Expr:
        return exp.to_identifier(each.name) if isinstance(each, exp.Identifier) else each

    text = node.transform(without_quotes).sql(dialect="duckdb", comments=False, normalize_functions="lower")
    text = text.replace("array_contains(", "list_contains(")
    return text if len(text) <= 60 else text[:57] + "…"
