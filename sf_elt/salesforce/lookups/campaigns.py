"""Campaigns and who is in them, looked up in an open org.

    from sf_elt.salesforce.lookups import campaigns

    for campaign in campaigns.fetch_campaigns(org, active_only=True):
        print(campaign.name, campaign.status, campaign.contacts + campaign.leads)
    for member in campaigns.campaign_members(org, "701…", status="Responded"):
        print(member.name, member.email, member.first_responded)
    campaigns.find_member_id_in_lead(org, "701…", "00Q…")       # the member's own Id, or None

Fields that this user may not see are None. This reads only: adding members, and setting a campaign's status or cost,
is for exports.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeVar

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.describe import describe
from sf_elt.salesforce.errors import OrgUnavailable
from sf_elt.salesforce.ids import NotAnId, record_id
from sf_elt.salesforce.lookups.finding import resolved
from sf_elt.salesforce.records import Record, query
from sf_elt.salesforce.soql import all_of, compare, select

Value = TypeVar("Value")

_KINDS = {"Campaign": "701", "Contact": "003", "Lead": "00Q"}  # the same in every org

_CAMPAIGN = (
    "Id", "Name", "Status", "Type", "IsActive", "StartDate", "EndDate", "Owner.Name", "NumberOfContacts",
    "NumberOfLeads", "NumberOfResponses", "BudgetedCost", "ActualCost",
)  # fmt: skip
_MEMBER = (
    "Id", "CampaignId", "ContactId", "LeadId", "Status", "HasResponded", "FirstRespondedDate", "CreatedDate",
    "Contact.Name", "Contact.Email", "Lead.Name", "Lead.Email", "Lead.Company",
)  # fmt: skip


@dataclass(frozen=True)
class Campaign:
    """A campaign. Amounts are in the campaign's currency; `record` has every field that was read, by its API name."""

    id: str
    name: str
    status: str | None
    type: str | None
    is_active: bool
    starts: date | None
    ends: date | None
    owner: str | None
    contacts: int | None
    leads: int | None
    responses: int | None
    budgeted_cost: Decimal | None
    actual_cost: Decimal | None
    record: Record = field(repr=False)


@dataclass(frozen=True)
class CampaignMember:
    """A contact or a lead in a campaign: `id` is the membership's own, `person_id` the contact's or lead's.

    A lead that was converted while it was a member has both Ids, and counts as the contact that it became.
    """

    id: str
    campaign_id: str
    contact_id: str | None
    lead_id: str | None
    name: str | None
    email: str | None
    status: str | None
    has_responded: bool
    first_responded: date | None
    record: Record = field(repr=False)

    @property
    def person_id(self) -> str | None:
        return self.contact_id or self.lead_id

    @property
    def kind(self) -> str:
        """`Contact` or `Lead`."""
        return "Contact" if self.contact_id else "Lead"


def find(org: Org, campaign_id: str, fields: Sequence[str] = ()) -> Campaign | None:
    """The campaign with this Id, or None. `fields` are read besides the usual ones, into `record`."""
    wanted = _id_of("Campaign", campaign_id)
    return next(_campaigns(org, fields, compare("Id", "=", wanted)), None)


def fetch_campaigns(
    org: Org,
    *,
    status: str | None = None,
    active_only: bool = False,
    fields: Sequence[str] = (),
    limit: int | None = None,
) -> Iterator[Campaign]:
    """All campaigns that this user sees, or those with a status, or the active ones."""
    active = compare("IsActive", "=", True) if active_only else ""
    return _campaigns(org, fields, all_of(active, _has_status(status)), limit)


def campaign_members(
    org: Org,
    campaign_id: str,
    *,
    status: str | None = None,
    fields: Sequence[str] = (),
    limit: int | None = None,
) -> Iterator[CampaignMember]:
    """Everyone in a campaign, or those with a status, as they come. A campaign that there is not has no members."""
    names = _names(org, "CampaignMember", _MEMBER, fields)
    soql = select(names, "CampaignMember", all_of(_is_in(campaign_id), _has_status(status)), limit=limit)
    return (_member(record) for record in query(org, soql))


def find_member_id_in_lead(org: Org, campaign_id: str, lead_id: str) -> str | None:
    """The Id of the lead's membership in the campaign; None where the lead is no member. Raises NotAnId."""
    return _member_id(org, campaign_id, "LeadId", _id_of("Lead", lead_id))


def find_member_id_in_contact(org: Org, campaign_id: str, contact_id: str) -> str | None:
    """The Id of the contact's membership in the campaign; None where the contact is no member. Raises NotAnId."""
    return _member_id(org, campaign_id, "ContactId", _id_of("Contact", contact_id))


def campaign_fields(org: Org, fields: Sequence[str] = ()) -> list[str]:
    """The fields that are read of campaigns: the usual ones as far as this user sees them, and those that are given."""
    return _names(org, "Campaign", _CAMPAIGN, fields)


def _member_id(org: Org, campaign_id: str, field: str, person_id: str) -> str | None:
    where = all_of(_is_in(campaign_id), compare(field, "=", person_id))
    found = next(query(org, select(["Id"], "CampaignMember", where)), None)
    return None if found is None else found.id


def _is_in(campaign_id: str) -> str:
    return compare("CampaignId", "=", _id_of("Campaign", campaign_id))


def _has_status(status: str | None) -> str:
    return "" if status is None else compare("Status", "=", status)


def _id_of(kind: str, an_id: str) -> str:
    """The Id in 18 characters. Raises NotAnId where it is that of another kind of record."""
    wanted = record_id(an_id)
    if not wanted.startswith(_KINDS[kind]):
        raise NotAnId(f"{wanted} is not the Id of a {kind.lower()}: those begin with {_KINDS[kind]}")
    return wanted


def _campaigns(org: Org, fields: Sequence[str], where: str, limit: int | None = None) -> Iterator[Campaign]:
    names = campaign_fields(org, fields)
    return (_campaign(record) for record in query(org, select(names, "Campaign", where, limit=limit)))


def _names(org: Org, object_name: str, usual: Sequence[str], fields: Sequence[str]) -> list[str]:
    """The usual fields, as far as this user sees them, and those that were asked for."""
    described = describe(org, object_name)
    seen = [each for each in usual if each in described.by_name or each.partition(".")[0] in described.relationships]
    return list(dict.fromkeys([*seen, *resolved(org, described, fields)]))


def _campaign(record: Record) -> Campaign:
    return Campaign(
        id=record.id,
        name=_text(record, "Name") or "",
        status=_text(record, "Status"),
        type=_text(record, "Type"),
        is_active=record.get("IsActive") is True,
        starts=_date(record, "StartDate"),
        ends=_date(record, "EndDate"),
        owner=_text(record, "Owner.Name"),
        contacts=_whole(record, "NumberOfContacts"),
        leads=_whole(record, "NumberOfLeads"),
        responses=_whole(record, "NumberOfResponses"),
        budgeted_cost=_amount(record, "BudgetedCost"),
        actual_cost=_amount(record, "ActualCost"),
        record=record,
    )


def _member(record: Record) -> CampaignMember:
    person = "Contact" if record.get("ContactId") else "Lead"
    return CampaignMember(
        id=record.id,
        campaign_id=_text(record, "CampaignId") or "",
        contact_id=_text(record, "ContactId"),
        lead_id=_text(record, "LeadId"),
        name=_text(record, f"{person}.Name"),
        email=_text(record, f"{person}.Email"),
        status=_text(record, "Status"),
        has_responded=record.get("HasResponded") is True,
        first_responded=_date(record, "FirstRespondedDate"),
        record=record,
    )


def _text(record: Record, name: str) -> str | None:
    value = record.get(name)
    return None if value is None else str(value)


def _date(record: Record, name: str) -> date | None:
    value = record.get(name)
    return None if value is None else _read(record, name, date.fromisoformat, str(value)[:10])


def _whole(record: Record, name: str) -> int | None:
    value = record.get(name)
    return None if value is None else _read(record, name, lambda text: int(Decimal(text)), str(value))


def _amount(record: Record, name: str) -> Decimal | None:
    value = record.get(name)
    return None if value is None else _read(record, name, Decimal, str(value))


def _read(record: Record, name: str, kind: Callable[[str], Value], text: str) -> Value:
    """Raises OrgUnavailable, without the value, for what the field cannot hold."""
    try:
        return kind(text)
    except (ValueError, ArithmeticError):
        raise OrgUnavailable(f"{record.object_name}.{name}: the org's reply has what it cannot hold") from None
