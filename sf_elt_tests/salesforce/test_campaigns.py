"""Campaigns and their members, as the org has them."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal

import orjson
import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Org, connect
from sf_elt.salesforce.ids import NotAnId
from sf_elt.salesforce.lookups import campaigns
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.salesforce.conftest import QUICK, renewable


@pytest.fixture
def busiest(org: Details) -> str:
    """The Id of the campaign with the most members."""
    return str(
        client(org).query("SELECT CampaignId FROM CampaignMember GROUP BY CampaignId ORDER BY COUNT(Id) DESC LIMIT 1")[
            "records"
        ][0]["CampaignId"]
    )


@pytest.fixture
def unseeing(own_org: Details) -> Iterator[Org]:
    """A session of a user who may not see what campaigns cost."""
    for field in ("ActualCost", "NumberOfLeads"):
        levers(own_org).set_permission("Campaign", field, access="none")
    with closing(connect(renewable(own_org), patience=QUICK)) as org:
        yield org


def test_a_campaign_is_found_with_what_it_holds(connected: Org, org: Details, busiest: str) -> None:
    """Dates are dates, amounts exact; fields of one's own are in its record; an Id of nothing is None."""
    stored = client(org).Campaign.get(busiest)
    found = campaigns.find(connected, busiest[:15], ["Description", "owner.email"])
    assert found is not None
    assert (found.id, found.name, found.status, found.is_active) == (
        busiest, stored["Name"], stored["Status"], stored["IsActive"],
    )  # fmt: skip
    assert (found.starts, found.actual_cost) == (
        date.fromisoformat(stored["StartDate"]),
        Decimal(str(stored["ActualCost"])),
    )
    assert (found.contacts, found.leads) == (stored["NumberOfContacts"], stored["NumberOfLeads"])
    assert found.record["Description"] == stored["Description"]
    assert "@" in str(found.record["Owner.Email"])
    assert campaigns.find(connected, "701Hs0000000ZZZ") is None


def test_campaigns_are_fetched_by_status_and_by_being_active(connected: Org, org: Details) -> None:
    """All, those of a status, active ones: each as the org says."""
    stored = client(org).query_all("SELECT Id, Status, IsActive FROM Campaign")["records"]
    assert {each.id for each in campaigns.fetch_campaigns(connected)} == {row["Id"] for row in stored}
    assert {each.id for each in campaigns.fetch_campaigns(connected, status="completed")} == {
        row["Id"] for row in stored if row["Status"] == "Completed"
    }
    assert {each.id for each in campaigns.fetch_campaigns(connected, active_only=True)} == {
        row["Id"] for row in stored if row["IsActive"]
    }
    assert len(list(campaigns.fetch_campaigns(connected, limit=2))) == 2


def test_members_are_the_contacts_and_leads_of_a_campaign(connected: Org, org: Details, busiest: str) -> None:
    """Everyone once, with name and address of the person they are; by status those who have it."""
    stored = client(org).query_all(
        "SELECT Id, ContactId, LeadId, Status, Contact.Name, Lead.Name, Contact.Email, Lead.Email FROM CampaignMember "
        f"WHERE CampaignId = '{busiest}'"
    )["records"]
    by_id = {row["Id"]: row for row in stored}
    members = list(campaigns.campaign_members(connected, busiest))
    assert sorted(member.id for member in members) == sorted(by_id)
    assert {member.kind for member in members} == {"Contact", "Lead"}
    for member in members:
        row = by_id[member.id]
        person = row[member.kind]
        assert (member.name, member.email) == (person["Name"], person["Email"])
        assert (member.person_id, member.status) == (row["ContactId"] or row["LeadId"], row["Status"])
        assert member.has_responded == (row["Status"] == "Responded")
    responded = campaigns.campaign_members(connected, busiest, status="Responded")
    assert {member.id for member in responded} == {row["Id"] for row in stored if row["Status"] == "Responded"}


def test_a_converted_lead_is_the_contact_that_it_became(connected: Org, org: Details, busiest: str) -> None:
    """Such a member has both Ids."""
    row = {
        "attributes": {"type": "CampaignMember"}, "Id": "00vHs0000000001IAA", "CampaignId": busiest,
        "ContactId": "003Hs0000000001IAA", "LeadId": "00QHs0000000001IAA",
        "Contact": {"attributes": {"type": "Contact"}, "Name": "Now", "Email": "now@example.com"},
        "Lead": {"attributes": {"type": "Lead"}, "Name": "Then", "Email": "then@example.com"},
    }  # fmt: skip
    body = orjson.dumps({"totalSize": 1, "done": True, "records": [row]}).decode()
    as_json = {"Content-Type": "application/json"}
    levers(org).faults.plan({"path": "/query", "reply": {"status": 200, "body": body, "headers": as_json}})
    (member,) = campaigns.campaign_members(connected, busiest)
    assert (member.kind, member.person_id, member.email) == ("Contact", "003Hs0000000001IAA", "now@example.com")


def test_a_membership_is_found_by_campaign_and_person(connected: Org, org: Details, busiest: str) -> None:
    """As lead or as contact; None for who is no member; an Id of another kind of record is refused."""
    members = list(campaigns.campaign_members(connected, busiest))
    lead = next(member for member in members if member.kind == "Lead")
    contact = next(member for member in members if member.kind == "Contact")
    assert campaigns.find_member_id_in_lead(connected, busiest, str(lead.lead_id)) == lead.id
    assert campaigns.find_member_id_in_contact(connected, busiest, str(contact.contact_id)[:15]) == contact.id
    others = client(org).query(
        f"SELECT Id FROM Lead WHERE Id NOT IN (SELECT LeadId FROM CampaignMember WHERE CampaignId = '{busiest}')"
    )["records"]
    assert campaigns.find_member_id_in_lead(connected, busiest, others[0]["Id"]) is None
    with pytest.raises(NotAnId, match="not the Id of a lead: those begin with 00Q"):
        campaigns.find_member_id_in_lead(connected, busiest, str(contact.contact_id))
    with pytest.raises(NotAnId, match="not the Id of a campaign"):
        next(campaigns.campaign_members(connected, str(lead.lead_id)))


def test_what_a_user_may_not_see_is_none(unseeing: Org) -> None:
    """A hidden field of a campaign is no error."""
    found = next(campaigns.fetch_campaigns(unseeing))
    assert (found.actual_cost, found.leads) == (None, None)
    assert found.name
