"""A job's transformation spec: which column of its CSV batches goes into which field.

    Salesforce Field,Csv Header,Value,Hint
    LastName,Full Name,,
    LeadSource,Source,Import,

`Value` is what a field gets where the column is empty or missing. What the spec does not name is left out (Bulk API
Developer Guide, "Map Data Fields"). Hints, which say how dates are written, are refused.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from sf_elt.demo_org.errors import OrgError

HEADER = ("Salesforce Field", "Csv Header", "Value", "Hint")

Row = tuple[str, ...]


@dataclass(frozen=True)
class Mapping:
    """One line of a spec: a field, the column it is read from ("" for none), and its value where that has none."""

    field: str
    column: str
    value: str


def read_spec(body: bytes) -> tuple[Mapping, ...]:
    """Raises OrgError."""
    try:
        header, *lines = [tuple(line) for line in csv.reader(io.StringIO(body.decode()), strict=True) if line] or [()]
    except (csv.Error, UnicodeDecodeError) as error:
        raise _refused(str(error)) from error
    if header != HEADER or not lines:
        raise _refused(f"the columns are {', '.join(HEADER)}, and at least one field follows")
    if any(len(line) != len(HEADER) or not line[0] for line in lines):
        raise _refused("a line has more or fewer cells than the header, or no field")
    if any(line[3] for line in lines):
        raise OrgError(400, "FeatureNotEnabled", "The demo org does not support hints in a transformation spec")
    return tuple(Mapping(*line[:3]) for line in lines)


def mapped(spec: Sequence[Mapping], header: Row, rows: Sequence[Row]) -> tuple[Row, list[Row]]:
    """A CSV with the fields of the spec for its columns. Every row is as long as the header."""
    places = {name.casefold(): place for place, name in enumerate(header)}
    sources = [(places.get(each.column.casefold()), each.value) for each in spec]
    fields = tuple(each.field for each in spec)
    return fields, [
        tuple((row[place] if place is not None else "") or value for place, value in sources) for row in rows
    ]


def _refused(why: str) -> OrgError:
    return OrgError(400, "ClientInputError", f"Failed to read the transformation spec: {why}")
