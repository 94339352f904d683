"""A parsed query: what the text says, before anybody asked whether such objects and fields exist."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Path:
    """A field, or a field of a parent: `("Account", "Name")`. `line` and `column` (from 1) say where it stands."""

    names: tuple[str, ...]
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True)
class Text:
    """A quoted string. `pattern` is the same as LIKE reads it: `\\%` and `\\_` still escaped with a backslash."""

    value: str
    pattern: str


@dataclass(frozen=True)
class RelativeDate:
    """`TODAY`, `LAST_N_DAYS:30` and their like, in upper case."""

    name: str
    count: int | None


Value = Text | Decimal | bool | None | date | datetime | RelativeDate
"""A literal. Datetimes are naive UTC."""


@dataclass(frozen=True)
class Comparison:
    path: Path
    operator: Operator
    value: Value


@dataclass(frozen=True)
class Like:
    path: Path
    value: Value


@dataclass(frozen=True)
class Membership:
    """`IN` and `NOT IN`."""

    path: Path
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True)
class Selected:
    """`INCLUDES` and `EXCLUDES` of a multi-select picklist."""

    path: Path
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True)
class AllOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Negation:
    part: "Condition"


Condition = Comparison | Like | Membership | Selected | AllOf | AnyOf | Negation


@dataclass(frozen=True)
class Ordering:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """`fields` is empty where the query is a `COUNT()`."""

    text: str
    object_name: str
    alias: str | None
    fields: tuple[Path, ...]
    where: Condition | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None

    @property
    def is_count(self) -> bool:
        return not self.fields
