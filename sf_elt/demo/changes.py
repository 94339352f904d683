"""What somebody changes in the org between two increments: over HTTP, with simple-salesforce, as a user would."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sf_elt.demo.errors import DemoError

if TYPE_CHECKING:
    from simple_salesforce.api import Salesforce, SFType

OPEN = "Open to a call"
CALLED = "Working - Contacted"
CLOSED = "Closed - Not Converted"
LEADS, CONTACTS = 12, 8


@dataclass(frozen=True)
class Changed:
    """The Ids of the records that somebody touched."""

    leads: frozenset[str]
    contacts: frozenset[str]
    deleted_lead: str
    new_lead: str

    @property
    def count(self) -> int:
        return len(self.leads) + len(self.contacts) + 2


def change_some(client: "Salesforce") -> Changed:
    """Closes some leads that were open to a call, edits others, moves some contacts, deletes a lead, adds a lead."""
    leads = _records(client, "SELECT Id, Status, Audiences__c FROM Lead WHERE IsConverted = false ORDER BY Id")
    open_leads = [
        id_ for id_, each in leads.items() if each["Status"] != CLOSED and OPEN in (each["Audiences__c"] or "")
    ]
    if not open_leads:
        raise DemoError(f"no lead of this org is in {OPEN!r} any more: run the demo without --keep-org")
    open_leads = open_leads[: LEADS // 2 + 1]
    others = [id_ for id_, each in leads.items() if each["Status"] == CLOSED][: LEADS + 1 - len(open_leads)]
    deleted, closed = open_leads[0], open_leads[1:]
    contacts = list(_records(client, "SELECT Id FROM Contact WHERE Email != null ORDER BY Id"))[:CONTACTS]
    lead, contact = _table(client, "Lead"), _table(client, "Contact")
    for lead_id in closed:
        lead.update(lead_id, {"Status": CLOSED})
    for lead_id in others:
        lead.update(lead_id, {"Status": CALLED, "Rating": "Hot"})
    for number, contact_id in enumerate(contacts):
        contact.update(contact_id, {"Title": "Head of Something Else", "Department": f"Department {number}"})
    lead.delete(deleted)
    new = lead.create({"LastName": "Newcomer", "Company": "Example Ltd", "Email": "newcomer@example.com"})
    return Changed(frozenset([*closed, *others]), frozenset(contacts), deleted, str(new["id"]))


def _table(client: "Salesforce", object_name: str) -> "SFType":
    """`client.Lead` and the like; to a type checker an attribute of the client may also be one of its bulk handlers."""
    return cast("SFType", getattr(client, object_name))


def _records(client: "Salesforce", soql: str) -> dict[str, Mapping[str, Any]]:
    """Id → record."""
    return {str(record["Id"]): record for record in client.query_all_iter(soql)}
