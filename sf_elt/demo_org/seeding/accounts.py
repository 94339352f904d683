"""Accounts: the companies that are customers, with addresses, industries and revenue."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from sf_elt.demo_org.seeding.columns import at, choose, digits, flags, join, numbers, on, pick, put, whole
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
)
from sf_elt.demo_org.seeding.plan import NOBODY, Plan

LEAD_SOURCES = ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"]
_TYPES = ["Prospect", "Customer - Direct", "Customer - Channel", "Technology Partner", "Other"]
_LONG_NAME = ("International Consolidated Holding Company of Very Long Names, " * 5)[:255]
_OLDEST = int(datetime(1999, 3, 8, 9, tzinfo=UTC).timestamp())


def accounts(plan: Plan, ids: Ids) -> Columns:
    rng, count = plan.rng("account fields"), plan.sizes.accounts
    audit, companies = plan.account_audit, plan.companies
    place = companies.place[:count]
    currency = pick(plan.pools.places.columns["currency"], place)
    parent = np.where((rng.random(count) < 0.08) & (np.arange(count) > 0), rng.integers(0, count, count) // 2, NOBODY)
    parent = np.where(parent < np.arange(count), parent, NOBODY)
    partner = rng.random(count) < 0.08
    record_type = np.where(partner, 1, 0)
    types = pa.array([ids.record_types["Account", "Customer"], ids.record_types["Account", "Partner"]])
    employees = companies.employees[:count]
    columns = {
        "Id": ids.accounts,
        "MasterRecordId": refer(ids.accounts, plan.account_master),
        "Name": put(companies.name[:count], {3: _LONG_NAME}),
        "Type": choose(rng, _TYPES, count, weights=[3, 5, 2, 1, 1], missing=0.1),
        "RecordTypeId": pick(types, record_type),
        "ParentId": refer(ids.accounts, parent),
        **address(rng, plan, "Billing", place, missing=0.06),
        **address(rng, plan, "Shipping", place, missing=0.4),
        "Phone": phone(rng, plan, place, missing=0.1),
        "AccountNumber": digits(rng.permutation(count), 8),
        "Website": join("https://www.", companies.domain[:count]),
        "Industry": choose(rng, picklist("Account", "Industry"), count, missing=0.08),
        "AnnualRevenue": numbers(
            np.round(employees * np.exp(rng.normal(11.5, 0.6, count)), -3), rng.random(count) < 0.2, places=0
        ),
        "NumberOfEmployees": whole(employees, rng.random(count) < 0.1),
        "Ownership": choose(rng, ["Public", "Private", "Subsidiary", "Other"], count, missing=0.2),
        "Rating": choose(rng, ["Hot", "Warm", "Cold"], count, missing=0.3),
        "Description": descriptions(rng, count),
        "AccountSource": choose(rng, LEAD_SOURCES, count, weights=[4, 2, 2, 1, 1], missing=0.15),
        "IsPartner": flags(partner),
        "YearStarted": digits(rng.integers(1851, 2024, count)),
        "OwnerId": owners(rng, ids.users, count),
        "LastActivityDate": on(some_days_ago(rng, audit), rng.random(count) < 0.4),
        "CurrencyIsoCode": currency,
        **audit_columns(rng, audit, ids.users),
    }
    created = audit.created.copy()
    created[1] = _OLDEST  # came from an older system with its own date
    columns["CreatedDate"] = at(created)
    return columns
