"""SOQL text. Every value passes through `literal`, every name through `name`: nothing else writes SOQL.

>>> select(["Id", "Name"], "Account", where=f"Name = {literal("O'Neil")}")
"SELECT Id, Name FROM Account WHERE Name = 'O\\\\'Neil'"
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

MAX_SOQL = 100_000  # characters; the org refuses more
GROUP_LIMIT = 2000  # groups of an aggregate query; there is no next page

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_SPECIAL = re.compile(r"""[\\'"\x00-\x1f\x7f]""")
_ESCAPES = {
    "\\": r"\\",
    "'": r"\'",
    '"': r"\"",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\b": r"\b",
    "\f": r"\f",
}

Value = str | int | float | Decimal | bool | date | datetime | None


def literal(value: Value) -> str:
    """The value as a SOQL literal. Text is quoted and escaped; a datetime must know its time zone.

    Raises ValueError for what SOQL has no literal for.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError(f"SOQL has no literal for {value}")
        return str(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return f"'{_SPECIAL.sub(_escaped, value)}'"


def literals(values: Iterable[Value]) -> str:
    """A list for IN: ``('a', 'b')``."""
    return "(" + ", ".join(literal(value) for value in values) + ")"


def moment(at: datetime) -> str:
    """A datetime literal in UTC to the millisecond, as SOQL writes it: unquoted."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} does not say its time zone")
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def name(identifier: str) -> str:
    """The name of an object or field, also `Relationship.Field`. Raises ValueError for anything else."""
    if not _NAME.fullmatch(identifier):
        raise ValueError(f"not the name of a Salesforce object or field: {identifier!r}")
    return identifier


def within(field: str, start: datetime, end: datetime) -> str:
    """The condition of a window: ``field >= start AND field < end``."""
    return f"{name(field)} >= {moment(start)} AND {name(field)} < {moment(end)}"


def compare(field: str, operator: Literal["=", "!=", "<", "<=", ">", ">="], value: Value) -> str:
    """A condition on one field: ``SystemModstamp >= 2026-01-01T00:00:00.000Z``."""
    return f"{name(field)} {operator} {literal(value)}"


def among(field: str, values: Iterable[Value]) -> str:
    """The condition ``field IN (…)``."""
    return f"{name(field)} IN {literals(values)}"


def among_found(field: str, query: str) -> str:
    """The condition ``field IN (SELECT …)``, of a query as `select` writes it."""
    return f"{name(field)} IN ({query})"


def all_of(*conditions: str) -> str:
    """Conditions that must all hold, each in its brackets; empty ones are left out."""
    return " AND ".join(f"({condition})" for condition in conditions if condition)


def any_of(*conditions: str) -> str:
    """Conditions of which one must hold, each in its brackets; empty ones are left out."""
    return " OR ".join(f"({condition})" for condition in conditions if condition)


def select(
    fields: Sequence[str],
    object_name: str,
    where: str = "",
    *,
    order_by: str | None = None,
    newest_first: bool = False,
    limit: int | None = None,
    longest: int | None = MAX_SOQL,
) -> str:
    """A query, in rising order of `order_by` or falling. Raises ValueError where it is longer than the org accepts; not
    without `longest`.
    """
    soql = _select(", ".join(name(field) for field in fields), object_name, where)
    if order_by is not None:
        soql = f"{soql} ORDER BY {name(order_by)}{' DESC' if newest_first else ''}"
    if limit is not None:
        soql = f"{soql} LIMIT {limit:d}"
    if longest is not None and len(soql) > longest:
        raise ValueError(f"the query on {object_name} has {len(soql):,} characters, the org takes {longest:,}")
    return soql


def select_with_children(children: Sequence[tuple[str, str]], object_name: str, where: str) -> str:
    """A query for Ids, each with the Id of the first record of each of these relationships, where the condition that
    comes with it holds: ``SELECT Id, (SELECT Id FROM Contacts LIMIT 1) FROM Account WHERE …``.
    """
    first = [f"({_select('Id', relationship, condition)} LIMIT 1)" for relationship, condition in children]
    return _select(", ".join(["Id", *first]), object_name, where)


def select_count(object_name: str, where: str = "") -> str:
    """A query whose `totalSize` is the number of rows."""
    return _select("COUNT()", object_name, where)


def select_count_by(functions: Sequence[str], field: str, object_name: str, where: str = "") -> str:
    """A query that counts rows by date functions of a field, in UTC: ``cut0``, ``cut1``, … and ``records`` in each row.

    It asks for at most 2,000 groups (GROUP_LIMIT): the org gives no more of an aggregate.
    """
    cuts = [f"{name(function)}({name(field)})" for function in functions]
    what = ", ".join([*(f"{cut} cut{index}" for index, cut in enumerate(cuts)), "COUNT(Id) records"])
    return f"{_select(what, object_name, where)} GROUP BY {', '.join(cuts)} LIMIT {GROUP_LIMIT}"


def _select(what: str, object_name: str, where: str) -> str:
    soql = f"SELECT {what} FROM {name(object_name)}"  # noqa: S608 - the names are checked
    return f"{soql} WHERE {where}" if where else soql


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    return _ESCAPES.get(character) or f"\\u{ord(character):04x}"
