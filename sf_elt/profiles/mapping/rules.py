"""The mapping: what of which stream fills which user field, and how several values become one.

rule = FieldRule(stream="salesforce_leads", source="lead_status", to="salesforce_lead_status", type="string")
user_fields([rule])      # {"salesforce_lead_status": "VARCHAR"}
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from sf_elt.profiles.mapping.terms import column_names

UserType = Literal["[]string", "string", "number", "int", "bool", "date", "map"]
Merge = Literal["latest", "oldest", "first", "min", "max", "sum", "count", "set", "valuecount"]
Clean = Literal["none", "email", "emaildomain", "id18", "phone"]

SQL_TYPES: Mapping[UserType, str] = {
    "[]string": "VARCHAR[]",
    "string": "VARCHAR",
    "number": "DOUBLE",
    "int": "BIGINT",
    "bool": "BOOLEAN",
    "date": "TIMESTAMP",
    "map": "MAP(VARCHAR, VARCHAR)",
}
_COUNTS = "MAP(VARCHAR, BIGINT)"

RESERVED = frozenset({"profile_id", "created_at", "updated_at"})
"""Columns of every profile, which no rule may set."""


class FieldRule(BaseModel):
    """One line of the mapping: a column of a stream fills a user field."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    stream: str = Field(description="The stream, by its view's name: salesforce_leads, web_events, ….")
    source: str = Field(
        description="The column of that stream, or an SQL expression over its columns: lower(lead_status). Several "
        "names with commas between them mean the same fact under either name: the first that is not empty counts."
    )
    user_field: str = Field(alias="to", description="The user field to fill: lower case, digits and underscores.")
    type: UserType = Field(
        description="The user field's type: []string, string, number, int, bool, date (a timestamp in UTC) or map "
        "(from text to text; with merge valuecount from text to a number)."
    )
    merge: Merge = Field(
        default="latest",
        description="How the values of one person's rows become one: latest and oldest by the row's modification "
        "time, first (of the first rule of the mapping that has one), min, max, sum, count, set (all distinct values, "
        "sorted; for []string), or valuecount (each value with how many rows have it; for map).",
    )
    capacity: PositiveInt | None = Field(
        default=None, description="As many values a set keeps at most: those that occurred last."
    )
    keep_days: PositiveInt | None = Field(
        default=None, description="A set drops values that have not occurred for so many days before the build."
    )
    identifier: bool = Field(
        default=False, description="Whether rows that share a value of this field belong to the same person."
    )
    clean: Clean = Field(
        default="none",
        description="What to do to the text first: email (trim, lower case), emaildomain (what follows the @), "
        "id18 (Salesforce Ids of 15 characters become 18), phone (E.164: +14155550100), or none.",
    )
    region: str | None = Field(
        default=None,
        description="Where phones are that are written without +: a country's two letters, as in US. "
        "Without one, such phones cannot be read.",
    )
    description: str = Field(default="", description="What the user field says, for people who read profiles.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names under which the stream may have this column, the preferred one first; none for an expression."""
        return column_names(self.source)

    @property
    def sql_type(self) -> str:
        """The DuckDB type of the user field's column; a date is a TIMESTAMP in UTC."""
        return _COUNTS if self.merge == "valuecount" else SQL_TYPES[self.type]

    @property
    def bounded(self) -> bool:
        """Whether a set keeps only its newest values."""
        return self.merge == "set" and (self.capacity is not None or self.keep_days is not None)


def identifier_kinds(mapping: Iterable[FieldRule]) -> tuple[str, ...]:
    """The user fields that are identifiers, in the mapping's order."""
    return tuple(dict.fromkeys(rule.user_field for rule in mapping if rule.identifier))


def with_region(mapping: Iterable[FieldRule], region: str | None) -> list[FieldRule]:
    """The mapping with this region for phones where a rule says none."""
    return [
        rule.model_copy(update={"region": region}) if rule.clean == "phone" and rule.region is None else rule
        for rule in mapping
    ]


def user_fields(mapping: Iterable[FieldRule]) -> dict[str, str]:
    """User field → DuckDB type of its column in profiles.profiles, in the mapping's order."""
    return {rule.user_field: rule.sql_type for rule in mapping}


def told_of_fields(mapping: Iterable[FieldRule]) -> dict[str, str]:
    """User field → what the mapping says of it, for people who read profiles; not of one of which it says nothing."""
    return {rule.user_field: rule.description for rule in mapping if rule.description}


def type_of(sql_type: str) -> str:
    """The mapping's word for a DuckDB type; a type it has no word for is named as DuckDB does."""
    name = sql_type.upper().split("(")[0]
    if sql_type.upper().endswith("[]"):
        return "[]string" if name == "VARCHAR[]" else sql_type
    families = {
        "string": {"VARCHAR", "UUID", "TIME", "JSON", "ENUM"},
        "number": {"DOUBLE", "FLOAT", "DECIMAL"},
        "int": {"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT", "HUGEINT"},
        "bool": {"BOOLEAN"},
        "date": {"TIMESTAMP", "DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"},
        "map": {"MAP", "STRUCT"},
    }
    return next((family for family, names in families.items() if name in names), sql_type)
