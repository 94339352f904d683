"""What a compiled query reads and selects: records, their fields, what functions make of them, children."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sf_elt.demo_org.schema import Field, FieldType, ObjectType
from sf_elt.demo_org.store import quote

if TYPE_CHECKING:
    from sf_elt.demo_org.soql.compile import Compiled

NUMBERS = ("int", "double", "currency", "percent")
SORTED_AS_THEY_ARE = ("id", "reference", "boolean", "date", "datetime", "time", *NUMBERS)
"""The types that compare as they are; all others are text, where letter case does not matter."""


@dataclass(frozen=True)
class Record:
    """A record that a query reads: the base, or a parent. `source` is its table's alias in the SQL.

    Where a reference may lead to several objects, the parent is a `Name` and `source` has the object's name as `Type`.
    """

    object_type: ObjectType
    source: str
    relationship: str = ""
    is_name: bool = False

    def expression(self, field: Field) -> str:
        """The SQL of one of the record's fields."""
        sql = f"{self.source}.{quote(field.name)}"
        if self.relationship and field.sql:  # DuckDB computes it after the join, even where there is no parent
            return f'CASE WHEN {self.source}."Id" IS NOT NULL THEN {sql} END'
        return sql


@dataclass(frozen=True)
class Column:
    """A selected field: `records` leads from the base record (included) over the parents to the field's own.

    What a function gives is a column too: `computed` is its SQL, `field` says its type. A reply calls it `alias`.
    """

    records: tuple[Record, ...]
    field: Field
    computed: str | None = None
    alias: str | None = None
    aggregate: bool = False

    @property
    def name(self) -> str:
        """What the column is called in a reply: `Name`, or `Account.Name`."""
        if self.alias is not None:
            return self.alias
        return ".".join((*(each.relationship for each in self.records[1:]), self.field.name))

    @property
    def record(self) -> Record:
        return self.records[-1]

    @property
    def sql(self) -> str:
        return self.computed or self.record.expression(self.field)

    def expression(self, field: Field) -> str:
        """The SQL of this column, or of another field of its record: an address is made of its parts."""
        return self.sql if field is self.field else self.record.expression(field)

    @property
    def is_text(self) -> bool:
        return self.field.type not in SORTED_AS_THEY_ARE

    @property
    def comparable(self) -> str:
        """The SQL by which it is compared, grouped and sorted."""
        return f"lower({self.sql})" if self.is_text else self.sql

    def made(self, sql: str, kind: FieldType, *, name: str | None = None, aggregate: bool = False) -> "Column":
        """What a function makes of this column."""
        field = Field(name or self.field.name, kind, self.field.label, scale=self.field.scale)
        return Column(self.records, field, sql, self.alias, self.aggregate or aggregate)

    def named(self, alias: str) -> "Column":
        """The column at the top of the reply, under a name of its own."""
        computed = None if self.field.is_compound else self.sql
        return replace(self, records=self.records[:1], computed=computed, alias=alias)


@dataclass(frozen=True)
class OrderTerm:
    """What records are sorted by; `direction` is `ASC NULLS FIRST` or its like."""

    sql: str
    direction: str

    def __str__(self) -> str:
        return f"{self.sql} {self.direction}"


@dataclass(frozen=True)
class Branch:
    """What TYPEOF shows of one object: its record (joined) and columns."""

    record: Record
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class TypeofColumn:
    """`TYPEOF What WHEN … END`: the first branch whose record is there; `name` gives the attributes of any other."""

    relationship: str
    branches: tuple[Branch, ...]
    otherwise: Branch


@dataclass(frozen=True)
class ChildColumn:
    """`(SELECT … FROM Contacts)`: a list of the records that the compiled query finds for each parent."""

    relationship: str
    compiled: "Compiled"


Selected = Column | TypeofColumn | ChildColumn
