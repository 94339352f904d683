"""Leads: open, worked, closed and converted ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sf_elt.demo_org.new_org import LEAD_QUEUE, queue_ids
from sf_elt.demo_org.seeding.accounts import LEAD_SOURCES
from sf_elt.demo_org.seeding.columns import choose, digits, flags, join, numbers, on, pick, put, where, whole
from sf_elt.demo_org.seeding.common import (
    Columns,
    Ids,
    address,
    audit_columns,
    descriptions,
    owners,
    phone,
    picklist,
    refer,
    some_days_ago,
    with_odd_texts,
)
from sf_elt.demo_org.seeding.history import DAY
from sf_elt.demo_org.seeding.persons import consent_and_bounces, emails, names, several_of
from sf_elt.demo_org.seeding.plan import Plan

_OPEN_STATUSES = ["Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"]
_CONVERTED = "Closed - Converted"
_LONG_LAST_NAME = ("Wolfeschlegelsteinhausenbergerdorff" * 3)[:80]
_LONG_EMAIL = "a.person.with.a.very.long.name." + "x" * 32 + "@" + "long.example.com"
_LONG_COMPANY = ("The Honourable Society of Unabbreviated Company Names, " * 5)[:255]
_NO_TEXT = pa.scalar(None, pa.string())


def leads(plan: Plan, ids: Ids) -> Columns:
    rng, count, of = plan.rng("lead fields"), plan.sizes.leads, plan.leads
    place, company = plan.people.place[of.person], plan.people.company[of.person]
    converted = of.contact >= 0
    waiting = ~converted & (plan.rng("lead queue").random(count) < 0.08)
    types = pa.array([ids.record_types["Lead", name] for name in ("Inbound", "Outbound")])
    email = put(emails(rng, plan, of.person, missing=0.06), {17: _LONG_EMAIL})
    person = names(rng, plan, of.person)
    employees = plan.companies.employees[company]
    return {
        "Id": ids.leads,
        "MasterRecordId": refer(ids.leads, of.master),
        **person,
        "LastName": put(person["LastName"], {18: _LONG_LAST_NAME}),
        "Title": with_odd_texts(pick(plan.people.title, of.person, rng.random(count) < 0.2)),
        "Company": put(pick(plan.companies.name, company), {19: _LONG_COMPANY}),
        **address(rng, plan, "", place, missing=0.3),
        "Phone": phone(rng, plan, place, missing=0.3),
        "MobilePhone": phone(rng, plan, place, missing=0.6),
        "Email": email,
        "Website": join("https://", pick(plan.companies.domain, company, rng.random(count) < 0.4)),
        "Description": _notes(rng, descriptions(rng, count, of.restored), email),
        "LeadSource": choose(rng, LEAD_SOURCES, count, weights=[6, 2, 2, 2, 1], missing=0.05),
        "Status": where(converted, _CONVERTED, choose(rng, _OPEN_STATUSES, count, weights=[4, 4, 3])),
        "Industry": choose(rng, picklist("Lead", "Industry"), count, missing=0.25),
        "Rating": choose(rng, ["Hot", "Warm", "Cold"], count, missing=0.35),
        "AnnualRevenue": numbers(np.round(employees * 110_000.0, -3), rng.random(count) < 0.5, places=0),
        "NumberOfEmployees": whole(employees, rng.random(count) < 0.4),
        "RecordTypeId": pick(types, (rng.random(count) < 0.35).astype(np.int64)),
        "OwnerId": where(waiting, queue_ids()[LEAD_QUEUE], owners(rng, ids.users, count)),
        "IsConverted": flags(converted),
        "ConvertedDate": on(of.converted_at // DAY, ~converted),
        "ConvertedAccountId": refer(ids.accounts, of.account),
        "ConvertedContactId": refer(ids.contacts, of.contact),
        "ConvertedOpportunityId": refer(ids.opportunities, of.opportunity),
        "IsUnreadByOwner": flags(~converted & (of.audit.modified == of.audit.created)),
        "LastActivityDate": on(some_days_ago(rng, of.audit), rng.random(count) < 0.5),
        **consent_and_bounces(rng, plan.history, of.audit),
        "Interests__c": several_of(rng, "Lead", "Interests__c", count, missing=0.4),
        "External_Id__c": where(rng.random(count) < 0.4, _NO_TEXT, join("L", digits(np.arange(count), 9))),
        "CurrencyIsoCode": pick(plan.pools.places.columns["currency"], place),
        **audit_columns(rng, of.audit, ids.users),
    }


def _notes(rng: np.random.Generator, description: pa.Array, email: pa.Array) -> pa.Array:
    """Where nothing else was noted, a few web forms kept the email as typed, with its white space."""
    typed = join("Typed as: '", join(" ", pc.utf8_title(email), " "), "'")
    return pc.coalesce(description, where(rng.random(len(email)) < 0.02, typed, pa.nulls(len(email), pa.string())))
