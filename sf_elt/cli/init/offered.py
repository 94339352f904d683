"""What there is to choose from: the org's objects and fields where it can be asked, else those that every org has."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sf_elt.components.imports.imported_object import ImportedObject
from sf_elt.components.resources import open_warehouse
from sf_elt.components.salesforce_connection import SalesforceConnection
from sf_elt.counting import count
from sf_elt.salesforce import Org, SalesforceError, UnknownField, describe
from sf_elt.salesforce.connection.refused_logins import with_advice
from sf_elt.salesforce.connection.transport import IN_PERSON
from sf_elt.salesforce.describe import object_list
from sf_elt.salesforce.limits import calls_in_words
from sf_elt.salesforce.lookups.labels import type_label
from sf_elt.streams import SpecRefused, StreamSpec
from sf_elt.streams.source_names import documented_fields
from sf_elt.streams.windows import WHOLE, timestamp_field
from sf_elt.warehouse import JobMeter, WarehouseError

JOB = "sf:init"
STANDARD = {
    "Lead": "Lead",
    "Contact": "Contact",
    "Account": "Account",
    "Opportunity": "Opportunity",
    "OpportunityContactRole": "Opportunity Contact Role",
    "Campaign": "Campaign",
    "CampaignMember": "Campaign Member",
    "Task": "Task",
    "Event": "Event",
    "Case": "Case",
    "User": "User",
}


@dataclass(frozen=True)
class Named:
    """Something with an API name and what people call it; `note` says more of it."""

    name: str
    label: str = ""
    note: str = ""


@dataclass
class Offered:
    """What an org offers; without one, what every org has. `told` says which, in a sentence."""

    org: Org | None
    told: str
    meter: JobMeter | None = None

    @property
    def calls(self) -> int:
        """The API calls that this took."""
        return self.meter.made if self.meter is not None else 0

    def objects(self) -> list[Named]:
        """The objects that can be read."""
        if self.org is None:
            return [Named(name, label) for name, label in STANDARD.items()]
        return [Named(each.name, each.label) for each in object_list(self.org) if each.queryable]

    def fields(self, object_name: str) -> list[Named]:
        """Its fields that can be read in rows; without an org those with documented names. Raises SalesforceError."""
        if self.org is None:
            return [Named(each) for each in documented_fields(object_name)]
        described = describe(self.org, object_name)
        return [Named(each.name, each.label, type_label(each)) for each in described.fields if each.is_readable_in_bulk]

    def cut_by(self, imported: ImportedObject) -> str:
        """By which time an object is read, in words; empty where that is not known. Raises SalesforceError."""
        if self.org is None:
            return ""
        spec = StreamSpec(
            imported.stream, imported.object, timestamp_field=imported.timestamp_field, since=imported.since
        )
        try:
            chosen = timestamp_field(spec, describe(self.org, imported.object))
        except (SpecRefused, UnknownField) as error:
            return str(error)
        return "whole, each time: it has no time to go by" if chosen == WHOLE else f"by {chosen}"

    def lacks(self, object_name: str, fields: Sequence[str]) -> list[str]:
        """Those of the fields that the org does not have, or hides; none where that is not known."""
        if self.org is None:
            return []
        known = {each.name.casefold() for each in describe(self.org, object_name).fields}
        return [each for each in fields if each.casefold() not in known]


@contextmanager
def offered_by(connection: SalesforceConnection, *, offline: bool = False) -> Iterator[Offered]:
    """What the org behind a connection offers, until the end of the block; calls are counted under `sf:init`.

    Whatever keeps it from being asked is told, and nothing is raised for it.
    """
    if offline:
        yield Offered(None, "The org is not asked.")
        return
    resource = connection.resource()
    try:
        meter = resource.meter(open_warehouse(), JOB, None)
        with resource.org(meter, IN_PERSON) as org:
            found = len(object_list(org))
            yield Offered(org, f"{org.host} has {count(found, 'object')} ({calls_in_words(meter.made)}).", meter)
            return
    except (SalesforceError, WarehouseError, OSError) as error:
        why = with_advice(error, connection.env_prefix) if isinstance(error, SalesforceError) else str(error)
    yield Offered(None, f"The org cannot be asked yet:\n{why}")
