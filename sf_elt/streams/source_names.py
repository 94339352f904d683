"""Which Salesforce field a documented source field comes from: source_names.csv, the single place that says it."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# The object that each stream of documented names holds.
OBJECTS = {
    "salesforce_leads": "Lead",
    "salesforce_contacts": "Contact",
    "salesforce_accounts": "Account",
    "salesforce_opportunities": "Opportunity",
}


@dataclass(frozen=True)
class SourceField:
    """One documented name: `lead_email` is Email of the stream salesforce_leads, a VARCHAR.

    `meaning` says what it holds where the org's own label does not, `example` what a value looks like.
    """

    stream: str
    source_field: str
    salesforce_field: str
    sql_type: str
    meaning: str
    example: str

    @property
    def comment(self) -> str:
        """What analysts read of the column: its meaning, and which field it is."""
        return f"{self.meaning} ({OBJECTS[self.stream]}.{self.salesforce_field})"


@cache
def source_fields() -> tuple[SourceField, ...]:
    """All documented names, in the order of the views."""
    text = files("sf_elt.streams").joinpath("source_names.csv").read_text("utf-8")
    return tuple(SourceField(**row) for row in csv.DictReader(text.splitlines()))


def documented_fields(object_name: str) -> Mapping[str, str]:
    """The fields of that object, and of records that it names (`RecordType.Name`), that documented names need.

    With their types; empty for an object without any.
    """
    return {
        field.salesforce_field: field.sql_type
        for field in source_fields()
        if OBJECTS[field.stream].lower() == object_name.lower()
    }
