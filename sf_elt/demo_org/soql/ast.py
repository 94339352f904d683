"""A parsed query: what the text says, before anybody asked whether such objects and fields exist."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
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


@dataclass(frozen=True)
class Money:
    """An amount in a currency: `USD5000`."""

    currency: str
    amount: Decimal


Value = Text | Decimal | Money | bool | None | date | datetime | time | RelativeDate
"""A literal. Datetimes and times are naive UTC."""


@dataclass(frozen=True)
class Call:
    """A function: `COUNT(Id)`, `CALENDAR_YEAR(convertTimezone(CreatedDate))`, `GEOLOCATION(52.5, 13.4)`."""

    function: str
    arguments: tuple["Operand | Text | Decimal", ...]
    line: int = 1
    column: int = 1

    @property
    def name(self) -> str:
        """The function in upper case."""
        return self.function.upper()

    def __str__(self) -> str:
        return f"{self.function}({', '.join(str(each) for each in self.arguments)})"


Operand = Path | Call
"""What is selected, compared, grouped or sorted by."""


@dataclass(frozen=True)
class Aliased:
    """`COUNT(Id) total`."""

    operand: Operand
    alias: str


@dataclass(frozen=True)
class When:
    """`WHEN Account, Opportunity THEN Name, Owner.Name`; without `objects` the ELSE."""

    objects: tuple[Path, ...]
    fields: tuple[Path, ...]


@dataclass(frozen=True)
class Typeof:
    """`TYPEOF What WHEN … THEN … ELSE … END`."""

    path: Path
    whens: tuple[When, ...]
    otherwise: When | None


@dataclass(frozen=True)
class Subquery:
    """`(SELECT … FROM Contacts)`: the children of each record."""

    query: "Query"
    line: int
    column: int


Selection = Path | Call | Aliased | Typeof | Subquery


@dataclass(frozen=True)
class Comparison:
    path: Operand
    operator: Operator
    value: Value


@dataclass(frozen=True)
class Like:
    path: Operand
    value: Value


@dataclass(frozen=True)
class Membership:
    """`IN` and `NOT IN`."""

    path: Operand
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True)
class SemiJoin:
    """`IN (SELECT …)`; negated, an anti-join."""

    path: Operand
    query: "Query"
    negated: bool


@dataclass(frozen=True)
class Selected:
    """`INCLUDES` and `EXCLUDES` of a multi-select picklist."""

    path: Operand
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True)
class Searched:
    """The text of one of the fields matches a regular expression (RE2, over lower case).

    SOQL has no words for it: SOSL's FIND is made of it.
    """

    paths: tuple[Path, ...]
    pattern: str


@dataclass(frozen=True)
class AllOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Negation:
    part: "Condition"


Condition = Comparison | Like | Membership | SemiJoin | Selected | Searched | AllOf | AnyOf | Negation


def operands_of(condition: Condition | None) -> Iterator[Operand]:
    """Everything that a condition compares."""
    match condition:
        case None:
            return
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from operands_of(part)
        case Negation(part):
            yield from operands_of(part)
        case Searched(paths):
            yield from paths
        case _:
            yield condition.path


@dataclass(frozen=True)
class Ordering:
    path: Operand
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Grouping:
    """`GROUP BY`; `kind` is what the groups are summed up by besides: nothing, `ROLLUP` or `CUBE`."""

    operands: tuple[Operand, ...]
    kind: Literal["", "ROLLUP", "CUBE"] = ""


ParentAliases = tuple[tuple[str, Path], ...]
"""`FROM Contact c, c.Account a`: each alias in lower case, and the path that it stands for, from an alias before it."""


@dataclass(frozen=True)
class Query:
    """`fields` is empty where the query is a `COUNT()`. `line` and `column` say where the object's name stands."""

    text: str
    object_name: str
    alias: str | None
    fields: tuple[Selection, ...]
    where: Condition | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    scope: str | None = None
    group_by: Grouping | None = None
    having: Condition | None = None
    purpose: str | None = None
    """`VIEW` or `REFERENCE`: the records that are read count as looked at."""
    line: int = 1
    column: int = 1
    parent_aliases: ParentAliases = ()

    @property
    def is_count(self) -> bool:
        return not self.fields
