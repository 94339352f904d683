"""Campaigns, their members (leads or contacts) and the opportunities they are credited with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sf_elt.demo_org.saving.member_statuses import FIRST_STATUSES
from sf_elt.demo_org.seeding.columns import choose, digits, flags, join, numbers, on, pick, put, skewed, whole
from sf_elt.demo_org.seeding.common import Columns, Ids, audit_columns, descriptions, new_ids, owners, refer
from sf_elt.demo_org.seeding.history import DAY, Audit, Flags, Rows
from sf_elt.demo_org.seeding.plan import NOBODY, Plan

_TYPES = ["Conference", "Webinar", "Trade Show", "Email", "Advertisement", "Referral Program", "Direct Mail"]
_SEASONS = ["Spring", "Summer", "Autumn", "Winter"]
_STATUSES = (*FIRST_STATUSES, ("Opened", False), ("Registered", True))
_LONG_NAME = ("Campaign with a name as long as the field, " * 3)[:80]


@dataclass(frozen=True)
class CampaignPlan:
    """Members as row numbers of campaigns and of a lead or a contact (the other is NOBODY)."""

    audit: Audit
    member_of: Rows
    lead: Rows
    contact: Rows
    responded: Flags
    member_audit: Audit
    of_opportunity: Rows


def plan_campaigns(plan: Plan) -> CampaignPlan:
    rng, sizes, history = plan.rng("campaigns"), plan.sizes, plan.history
    created = history.between(rng, np.full(sizes.campaigns, history.start), np.full(sizes.campaigns, history.end - DAY))
    created.sort()
    created[0] = history.start + 10 * 3_600  # there was a campaign from the first day
    audit = Audit.of(rng, history, created)
    people = sizes.leads + sizes.contacts
    pairs = skewed(rng, sizes.campaigns, sizes.members) * people + rng.integers(0, people, sizes.members)
    campaign, person = np.divmod(np.unique(pairs), people)
    lead = np.where(person < sizes.leads, person, NOBODY)
    contact = np.where(person < sizes.leads, NOBODY, person - sizes.leads)
    gone = np.where(lead >= 0, plan.leads.audit.deleted[lead], plan.contacts.audit.deleted[contact])
    campaign, lead, contact = campaign[~gone], lead[~gone], contact[~gone]
    known = np.where(lead >= 0, plan.leads.audit.created[lead], plan.contacts.audit.created[contact])
    joined = history.between(rng, np.maximum(known, created[campaign]))
    order = np.argsort(joined, kind="stable")
    begun = plan.opportunities.audit.created
    before = np.searchsorted(created, begun, side="right")
    credited = np.floor(rng.random(begun.size) * before).astype(np.int64)
    return CampaignPlan(
        audit=audit,
        member_of=campaign[order],
        lead=lead[order],
        contact=contact[order],
        responded=rng.random(order.size) < 0.22,
        member_audit=Audit.of(rng, history, joined[order]),
        of_opportunity=np.where((before > 0) & (rng.random(begun.size) < 0.3), credited, NOBODY),
    )


def campaigns(plan: Plan, of: CampaignPlan, opportunities: Columns, ids: Ids) -> Columns:
    """Campaign rows; the roll-ups count the members and opportunities as they are."""
    rng, count = plan.rng("campaign fields"), plan.sizes.campaigns
    started = of.audit.created // DAY + rng.integers(0, 30, count)
    ended = started + rng.integers(1, 90, count)
    today = plan.history.end // DAY
    status = np.where(ended < today, 2, np.where(started <= today, 1, 0))
    names = join(choose(rng, _SEASONS, count), choose(rng, _TYPES, count), digits(np.arange(count), 3), separator=" ")
    budget = np.round(np.exp(rng.normal(9, 1, count)), -2)
    return {
        "Id": ids.campaigns,
        "Name": put(names, {2: _LONG_NAME}),
        "Type": choose(rng, _TYPES, count),
        "Status": pick(pa.array(["Planned", "In Progress", "Completed"]), status),
        "StartDate": on(started),
        "EndDate": on(ended),
        "ExpectedRevenue": numbers(budget * 6, places=0),
        "BudgetedCost": numbers(budget, places=0),
        "ActualCost": numbers(budget * rng.uniform(0.5, 1.4, count), status < 2, places=0),
        "ExpectedResponse": numbers(rng.uniform(0.5, 20, count)),
        "NumberSent": numbers(rng.integers(50, 5_000, count).astype(float)),
        "IsActive": flags(status == 1),
        "Description": descriptions(rng, count),
        **_roll_ups(plan, of, opportunities),
        "OwnerId": owners(rng, ids.users, count),
        "CurrencyIsoCode": choose(rng, ["USD", "EUR", "GBP"], count, weights=[3, 2, 1]),
        **audit_columns(rng, of.audit, ids.users),
    }


def _roll_ups(plan: Plan, of: CampaignPlan, opportunities: Columns) -> Columns:
    count = plan.sizes.campaigns
    leads = of.lead >= 0
    converted = leads & (plan.leads.contact[of.lead] >= 0)
    credited = of.of_opportunity >= 0
    won = credited & np.asarray(opportunities["StageName"].to_numpy(zero_copy_only=False) == "Closed Won")
    amount = opportunities["Amount"].fill_null(0.0).to_numpy()

    def members(chosen: Flags) -> pa.Array:
        return whole(np.bincount(of.member_of[chosen], minlength=count))

    def deals(chosen: Flags) -> pa.Array:
        return whole(np.bincount(of.of_opportunity[chosen], minlength=count))

    def amounts(chosen: Flags) -> pa.Array:
        total = np.zeros(count)
        np.add.at(total, of.of_opportunity[chosen], amount[chosen])
        return numbers(total, places=0)

    return {
        "NumberOfLeads": members(leads),
        "NumberOfConvertedLeads": members(converted),
        "NumberOfContacts": members(~leads),
        "NumberOfResponses": members(of.responded),
        "NumberOfOpportunities": deals(credited),
        "NumberOfWonOpportunities": deals(won),
        "AmountAllOpportunities": amounts(credited),
        "AmountWonOpportunities": amounts(won),
    }


def campaign_members(plan: Plan, of: CampaignPlan, ids: Ids) -> Columns:
    rng, count = plan.rng("campaign member fields"), of.member_of.size
    responded = pick(pa.array(["Sent", "Responded"]), of.responded.astype(np.int64))
    return {
        "Id": new_ids("CampaignMember", count),
        "CampaignId": pick(ids.campaigns, of.member_of),
        "LeadId": refer(ids.leads, of.lead),
        "ContactId": refer(ids.contacts, of.contact),
        "Status": responded,
        "HasResponded": flags(of.responded),
        "FirstRespondedDate": on(of.member_audit.modified // DAY, ~of.responded),
        **audit_columns(rng, of.member_audit, ids.users),
    }


def member_statuses(campaigns: Columns) -> Columns:
    """The statuses of each campaign's members: those of a new one, and two more that every fifth has."""
    labels, responded = (pa.array(each) for each in zip(*_STATUSES, strict=True))
    campaign, place = np.divmod(np.arange(len(campaigns["Id"]) * len(_STATUSES)), len(_STATUSES))
    there = (place < len(FIRST_STATUSES)) | (campaign % 5 == 0)
    campaign, place = campaign[there], place[there]
    audit = ("IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
    return {
        "Id": new_ids("CampaignMemberStatus", campaign.size),
        "CampaignId": pick(campaigns["Id"], campaign),
        "Label": pick(labels, place),
        "SortOrder": whole(place + 1),
        "IsDefault": flags(place == 0),
        "HasResponded": pick(responded, place),
        **{name: pick(campaigns[name], campaign) for name in audit},
    }
