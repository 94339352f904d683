"""What the org is set up with before its first record: the organization, users, record types and currencies."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sf_elt.demo_org.new_org import ORGANIZATION
from sf_elt.demo_org.seeding.columns import at, choose, digits, flags, join, pick, put, skewed
from sf_elt.demo_org.seeding.common import INTEGRATION_USER, Columns, Ids, new_ids
from sf_elt.demo_org.seeding.history import DAY
from sf_elt.demo_org.seeding.plan import Plan

_TIME_ZONES = ["America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo"]
_LOCALES = ["en_US", "de_DE", "ja_JP"]
USERNAME = "integration@demo-org.example"
"""The user that the integration logs in as: the first row of User."""

_RECORD_TYPES = (
    ("Account", "Customer"),
    ("Account", "Partner"),
    ("Contact", "Business Contact"),
    ("Lead", "Inbound"),
    ("Lead", "Outbound"),
    ("Opportunity", "New Business"),
    ("Opportunity", "Renewal"),
)
_RATES = {"USD": 1.0, "EUR": 0.92, "GBP": 0.79, "JPY": 151.3, "CHF": 0.88, "AUD": 1.53}
_DEPARTMENTS = ["Sales", "Sales Development", "Marketing", "Customer Success"]


def all_ids(plan: Plan) -> Ids:
    sizes = plan.sizes
    types = new_ids("RecordType", len(_RECORD_TYPES)).to_pylist()
    return Ids(
        users=new_ids("User", sizes.users),
        accounts=new_ids("Account", sizes.accounts),
        contacts=new_ids("Contact", sizes.contacts),
        leads=new_ids("Lead", sizes.leads),
        opportunities=new_ids("Opportunity", sizes.opportunities),
        campaigns=new_ids("Campaign", sizes.campaigns),
        subscriptions=new_ids("Subscription__c", sizes.subscriptions),
        record_types=dict(zip(_RECORD_TYPES, types, strict=True)),
    )


def users(plan: Plan, ids: Ids) -> Columns:
    """The integration's user first, then people of the org, one of ten of them inactive."""
    rng, count, pools = plan.rng("users"), plan.sizes.users, plan.pools
    first = skewed(rng, int(pools.first.size[0]), count, skew=1.0)
    last = skewed(rng, int(pools.last.size[0]), count, skew=1.0)
    number = digits(np.arange(count))
    address = join(join(pick(pools.first_ascii.values, first), number), "@demo-org.example")
    alias = join(pc.utf8_slice_codeunits(pick(pools.last_ascii.values, last), 0, 4), number)
    active = rng.random(count) < 0.9
    active[: INTEGRATION_USER + 2] = True
    return {
        "Id": ids.users,
        "Username": put(address, {INTEGRATION_USER: USERNAME}),
        "FirstName": put(pick(pools.first.values, first), {INTEGRATION_USER: "Integration"}),
        "LastName": put(pick(pools.last.values, last), {INTEGRATION_USER: "User"}),
        "CompanyName": pick(pa.array(["Demo Org"]), np.zeros(count, dtype=np.int64)),
        "Department": choose(rng, _DEPARTMENTS, count),
        "Email": put(address, {INTEGRATION_USER: USERNAME}),
        "Alias": put(alias, {INTEGRATION_USER: "integ"}),
        "IsActive": flags(active),
        "UserType": _same("Standard", count),
        "TimeZoneSidKey": put(choose(rng, _TIME_ZONES, count), {INTEGRATION_USER: _TIME_ZONES[0]}),
        "LocaleSidKey": put(choose(rng, _LOCALES, count), {INTEGRATION_USER: _LOCALES[0]}),
        "LanguageLocaleKey": _same("en_US", count),
        "EmailEncodingKey": _same("UTF-8", count),
        "LastLoginDate": at(np.full(count, plan.history.end) - rng.integers(3_600, 5 * DAY, count), ~active),
        **_set_up(plan, ids, count),
    }


def organization(plan: Plan, ids: Ids) -> Columns:
    values = {name: pa.array([value]) for name, value in ORGANIZATION.items()}
    return {"Id": new_ids("Organization", 1), **values, **_set_up(plan, ids, 1)}


def record_types(plan: Plan, ids: Ids) -> Columns:
    count = len(_RECORD_TYPES)
    return {
        "Id": pa.array(list(ids.record_types.values())),
        "Name": pa.array([name for _, name in _RECORD_TYPES]),
        "DeveloperName": pa.array([name.replace(" ", "_") for _, name in _RECORD_TYPES]),
        "SobjectType": pa.array([object_name for object_name, _ in _RECORD_TYPES]),
        "IsActive": flags(np.ones(count, dtype=bool)),
        **_set_up(plan, ids, count),
    }


def currency_types(plan: Plan, ids: Ids) -> Columns:
    count = len(_RATES)
    return {
        "Id": new_ids("CurrencyType", count),
        "IsoCode": pa.array(list(_RATES)),
        "ConversionRate": pa.array(list(_RATES.values())),
        "DecimalPlaces": pa.array([0 if code == "JPY" else 2 for code in _RATES], pa.int64()),
        "IsActive": flags(np.ones(count, dtype=bool)),
        "IsCorporate": flags(np.array([code == "USD" for code in _RATES])),
        **_set_up(plan, ids, count),
    }


def _set_up(plan: Plan, ids: Ids, count: int) -> Columns:
    """Audit fields of rows made by the first user at the start of the history."""
    moment = at(np.full(count, plan.history.start))
    user = pick(ids.users, np.full(count, INTEGRATION_USER))
    return {
        "CreatedDate": moment,
        "CreatedById": user,
        "LastModifiedDate": moment,
        "LastModifiedById": user,
        "SystemModstamp": moment,
    }


def _same(value: str, count: int) -> pa.Array:
    return pa.array([value] * count, pa.string())
