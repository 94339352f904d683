"""Converting leads: what they become, what goes along, what is refused."""

from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from sf_elt.demo_org.saving import ConvertedLead, LeadConversion, Merge, convert_leads, merge
from sf_elt_tests.demo_org.bench import PERSON, Bench

CONVERTED = "Closed - Converted"


def convert(bench: Bench, lead: str, status: str = CONVERTED, **options: Any) -> ConvertedLead:
    [outcome] = convert_leads(bench.store, bench.user, [LeadConversion(lead, status, **options)])
    return outcome


def test_a_lead_becomes_an_account_a_contact_and_an_opportunity(bench: Bench) -> None:
    """Fields land where Salesforce maps them, the lead points at what it became and is locked."""
    lead = bench.new("Lead", FirstName="Ada", Email="ada@x.org", City="Paris", LeadSource="Web", Phone="1", **PERSON)
    bench.now += timedelta(minutes=5)
    outcome = convert(bench, lead)
    assert outcome.success, outcome.errors
    assert outcome.account_id and outcome.contact_id and outcome.opportunity_id  # noqa: PT018 - one claim
    assert bench.values(outcome.account_id, "Name", "BillingCity", "Phone") == ("Engines", "Paris", "1")
    assert bench.values(outcome.contact_id, "Name", "Email", "MailingCity", "AccountId", "LeadSource") == (
        "Ada Lovelace", "ada@x.org", "Paris", outcome.account_id, "Web",
    )  # fmt: skip
    assert bench.values(outcome.opportunity_id, "Name", "StageName", "CloseDate", "ContactId") == (
        "Engines-", "Prospecting", date(2026, 6, 30), outcome.contact_id,
    )  # fmt: skip
    names = ("IsConverted", "Status", "ConvertedDate", "ConvertedContactId", "ConvertedOpportunityId", "SystemModstamp")
    assert bench.values(lead, *names) == (
        True, CONVERTED, date(2026, 5, 1), outcome.contact_id, outcome.opportunity_id, datetime(2026, 5, 1, 12, 5),
    )  # fmt: skip
    assert bench.error("update", "Lead", Id=lead, Title="x")[0] == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert convert(bench, lead).errors[0].status_code == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_activities_and_memberships_go_along(bench: Bench) -> None:
    """A task moves to the contact and the opportunity; a campaign member names lead and contact."""
    lead, campaign = bench.new("Lead", **PERSON), bench.new("Campaign", Name="C")
    task = bench.new("Task", Subject="Call", WhoId=lead)
    member = bench.new("CampaignMember", CampaignId=campaign, LeadId=lead)
    outcome = convert(bench, lead)
    assert bench.values(task, "WhoId", "WhatId") == (outcome.contact_id, outcome.opportunity_id)
    assert bench.values(member, "LeadId", "ContactId") == (lead, outcome.contact_id)
    assert bench.values(campaign, "NumberOfConvertedLeads") == (1,)


def test_records_that_are_there_are_filled_not_overwritten(bench: Bench) -> None:
    """What they say stays, but the lead source if wanted; no opportunity where none is wanted."""
    lead = bench.new("Lead", Title="CEO", LeadSource="Web", Industry="Energy", **PERSON)
    account = bench.new("Account", Name="Acme", Industry="Banking")
    contact = bench.new("Contact", LastName="A", AccountId=account, LeadSource="Other")
    outcome = convert(
        bench, lead, account_id=account[:15], contact_id=contact, overwrite_lead_source=True,
        do_not_create_opportunity=True,
    )  # fmt: skip
    assert (outcome.account_id, outcome.contact_id, outcome.opportunity_id) == (account, contact, None)
    assert bench.values(account, "Name", "Industry") == ("Acme", "Banking")
    assert bench.values(contact, "LastName", "Title", "LeadSource") == ("A", "CEO", "Web")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"status": "Working - Contacted"}, "INVALID_STATUS", "invalid convertedStatus: Working - Contacted"),
        ({"account_id": "001000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
        ({"opportunity_id": "nonsense"}, "MALFORMED_ID", "malformed id nonsense"),
        ({"opportunity_name": "x" * 121}, "STRING_TOO_LONG", None),
        ({"owner_id": "005000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
    ],
)
def test_a_conversion_that_fails_leaves_nothing_behind(
    bench: Bench, options: dict[str, Any], code: str, message: str | None
) -> None:
    """Neither an account nor a contact, and the lead stays a lead."""
    lead = bench.new("Lead", **PERSON)
    outcome = convert(bench, lead, **options)
    assert (outcome.success, outcome.errors[0].status_code) == (False, code)
    assert message is None or outcome.errors[0].message == message
    assert (bench.store.count("Account"), bench.store.count("Contact")) == (0, 0)
    assert bench.values(lead, "IsConverted") == (False,)


def test_the_owner_may_be_another(bench: Bench) -> None:
    """An Id of 15 characters is the same user; the lead changes hands with what it became."""
    [other] = bench.store.next_ids("User", 1)
    bench.store.load("User", pa.table({"Id": [other], "LastName": ["Other"], "IsActive": [True]}))
    lead = bench.new("Lead", **PERSON)
    outcome = convert(bench, lead, owner_id=other[:15])
    assert outcome.account_id is not None
    assert bench.values(outcome.account_id, "OwnerId") == bench.values(lead, "OwnerId") == (other,)


def test_a_locked_lead_is_not_converted(bench: Bench) -> None:
    """UNABLE_TO_LOCK_ROW, and once it is free it is; a locked loser is not merged either."""
    lead, other = bench.new("Lead", **PERSON), bench.new("Lead", **PERSON)
    bench.store.rules.lock([lead], times=2)
    assert convert(bench, lead).errors[0].status_code == "UNABLE_TO_LOCK_ROW"
    [merged] = merge(bench.store, bench.user, "Lead", [Merge({"Id": other}, (lead,))])
    assert merged.errors[0].status_code == "UNABLE_TO_LOCK_ROW"
    assert convert(bench, lead).success
