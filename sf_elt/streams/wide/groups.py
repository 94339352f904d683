"""Columns that are too many for one query, in groups that fit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote_plus

from sf_elt.salesforce.downloads.rest import MAX_REST_QUERY
from sf_elt.salesforce.soql import MAX_SOQL
from sf_elt.streams.columns import StreamColumns
from sf_elt.streams.errors import SpecRefused
from sf_elt.streams.windows import WHOLE, ReadRange

if TYPE_CHECKING:
    from sf_elt.streams.reading import Reading

By = Literal["rest", "bulk"]

LONGEST = MAX_SOQL  # characters of a bulk job's query
ANY = ReadRange(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), is_open=False)
"""The range of a reading that is not cut by time."""

_ROOM = 400  # characters that halves of a range, and the order of Ids, may add to a query


def is_wide(soql: str) -> bool:
    """Whether the query is too long for a bulk job."""
    return len(soql) > LONGEST


def column_groups(reading: "Reading", span: ReadRange) -> int:
    """In how many groups of columns the range would be read; 1 where one query has room for all."""
    if not is_wide(reading.soql(span)):
        return 1
    return len(groups(reading, reading.columns.names, reading.where(span), "bulk"))


def keys(columns: StreamColumns) -> list[str]:
    """What every group has: the record, its version, and whether it is deleted."""
    return ["Id", columns.version_field, *(["IsDeleted"] if columns.has_deleted else [])]


def narrow(columns: StreamColumns, group: Sequence[str]) -> StreamColumns:
    """The columns of one group, and what every group has."""
    asked = {*keys(columns), *group}
    return replace(columns, columns=tuple(column for column in columns.columns if column.name in asked))


def narrowed(reading: "Reading", group: Sequence[str], only: str) -> "Reading":
    """A reading of one group by a condition alone: the range of time does not count."""
    return replace(reading, columns=replace(narrow(reading.columns, group), timestamp_field=WHOLE), only=only)


def groups(reading: "Reading", names: Sequence[str], where: str, by: By) -> list[list[str]]:
    """The names in as few groups as fit beside the condition, without what is in every group.

    Raises SpecRefused where one name alone does not fit.
    """
    bare = narrowed(reading, (), where).soql(ANY)
    if by == "bulk":
        room, separator = LONGEST - len(bare), len(", ")
    else:
        room, separator = MAX_REST_QUERY - len(quote_plus(bare)), len(quote_plus(", "))
    found: list[list[str]] = []
    left = 0
    in_all = keys(reading.columns)
    for name in (name for name in names if name not in in_all):
        length = len(name) + separator
        if length > left or not found:
            found.append([])
            left = room - _ROOM
        if length > left:
            raise SpecRefused(f"{reading.spec.stream}: the condition of its query leaves no room for {name}")
        found[-1].append(name)
        left -= length
    return found
