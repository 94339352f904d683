"""Opportunities with a stage, probability and forecast that agree, and the contacts who play a role in them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sf_elt.demo_org.saving.derive import STAGES
from sf_elt.demo_org.seeding.accounts import LEAD_SOURCES
from sf_elt.demo_org.seeding.activity import TaskPlan
from sf_elt.demo_org.seeding.campaigns import CampaignPlan
from sf_elt.demo_org.seeding.columns import (
    at,
    choose,
    digits,
    flags,
    join,
    numbers,
    on,
    pick,
    put,
    shorten,
    where,
)
from sf_elt.demo_org.seeding.common import (
    Columns,
    Ids,
    audit_columns,
    descriptions,
    new_ids,
    owners,
    refer,
    some_days_ago,
    with_odd_texts,
)
from sf_elt.demo_org.seeding.history import DAY, Audit, Rows
from sf_elt.demo_org.seeding.plan import Plan, any_contact

_STAGES = list(STAGES)
_NEGOTIATION, _WON, _LOST = (_STAGES.index(stage) for stage in ("Negotiation/Review", "Closed Won", "Closed Lost"))
_TYPES = ["New Customer", "Existing Customer - Upgrade", "Existing Customer - Replacement"]
_NEXT_STEPS = ["Send the offer", "Call legal", "Book a demo", "Wait for the budget round", "Invite to the user day"]
_PRODUCTS = ["Platform", "Add-on", "Renewal", "Pilot", "Training", "Extension"]
_ROLES = ["Decision Maker", "Economic Buyer", "Evaluator", "Influencer", "Technical Buyer", "Business User"]
_IN_1999 = (date(1999, 12, 31) - date(1970, 1, 1)).days
_LONG_NAME = ("Framework agreement for everything that anyone may ever need, " * 3)[:120]
_ODD_AMOUNTS = {4: 9_999_999_999_999.99, 5: -1_250.5, 6: 0.0}
_OLD_CLOSE = 7


def opportunities(plan: Plan, tasks: TaskPlan, campaigns: CampaignPlan, ids: Ids) -> Columns:
    rng, count, of = plan.rng("opportunity fields"), plan.sizes.opportunities, plan.opportunities
    stage = _stages(rng, plan)
    closed = stage >= _WON
    close = np.where(closed, of.audit.modified // DAY, plan.history.end // DAY + rng.integers(-10, 150, count))
    stage[_OLD_CLOSE], close[_OLD_CLOSE], closed[_OLD_CLOSE] = _LOST, _IN_1999, True
    currency = pick(plan.pools.places.columns["currency"], plan.companies.place[of.account])
    product = choose(rng, _PRODUCTS, count)
    account_name = shorten(pick(plan.companies.name, of.account), 80)
    names = join(account_name, join(product, digits(np.arange(count)), separator=" "), separator=" – ")
    types = pa.array([ids.record_types["Opportunity", name] for name in ("New Business", "Renewal")])
    overdue = tasks.open & (tasks.due < plan.history.end // DAY)
    return {
        "Id": ids.opportunities,
        "AccountId": pick(ids.accounts, of.account),
        "Name": put(names, {3: _LONG_NAME}),
        "Description": descriptions(rng, count),
        "StageName": pick(pa.array(_STAGES), stage),
        "Amount": _amounts(rng, currency),
        "Probability": numbers(np.array([percent for percent, _ in STAGES.values()])[stage]),
        "TotalOpportunityQuantity": numbers(rng.integers(1, 500, count).astype(float), rng.random(count) < 0.4),
        "CloseDate": on(close),
        "Type": choose(rng, _TYPES, count, weights=[5, 3, 1], missing=0.15),
        "NextStep": with_odd_texts(choose(rng, _NEXT_STEPS, count, missing=0.4)),
        "LeadSource": choose(rng, LEAD_SOURCES, count, weights=[5, 2, 3, 1, 1], missing=0.2),
        "ForecastCategoryName": _forecasts(rng, stage),
        "RecordTypeId": pick(types, (rng.random(count) < 0.3).astype(np.int64)),
        "CampaignId": refer(ids.campaigns, campaigns.of_opportunity),
        "OwnerId": owners(rng, ids.users, count),
        "LastActivityDate": on(some_days_ago(rng, of.audit), rng.random(count) < 0.3),
        "LastStageChangeDate": at(of.audit.modified, of.audit.modified == of.audit.created),
        "ContactId": refer(ids.contacts, of.contact),
        "HasOpenActivity": flags(tasks.opportunities_with(tasks.open, count)),
        "HasOverdueTask": flags(tasks.opportunities_with(overdue, count)),
        "CurrencyIsoCode": currency,
        **audit_columns(rng, of.audit, ids.users),
    }


def _stages(rng: np.random.Generator, plan: Plan) -> Rows:
    """Older business is closed, two of five won; younger business is under way."""
    created = plan.opportunities.audit.created
    age = (plan.history.end - created) / DAY
    closed = rng.random(created.size) < np.clip(age / 200, 0, 0.92)
    outcome = np.where(rng.random(created.size) < 0.4, _WON, _LOST)
    return np.where(closed, outcome, rng.integers(0, _WON, created.size))


def _forecasts(rng: np.random.Generator, stage: Rows) -> pa.Array:
    """The stage's own category; sellers in negotiations often set it to Best Case or Commit by hand."""
    by_stage = pick(pa.array([category for _, category in STAGES.values()]), stage)
    by_hand = (stage == _NEGOTIATION) & (rng.random(stage.size) < 0.6)
    return where(by_hand, choose(rng, ["Best Case", "Commit"], stage.size), by_stage)


def _amounts(rng: np.random.Generator, currency: pa.Array) -> pa.Array:
    count = len(currency)
    yen = np.asarray(pc.equal(currency, "JPY"))
    amount = np.round(np.exp(rng.normal(9.6, 1.2, count)), -1) * np.where(yen, 150, 1)
    missing = rng.random(count) < 0.05
    for row, odd in _ODD_AMOUNTS.items():
        amount[row], missing[row] = odd, False
    return numbers(amount, missing)


def contact_roles(plan: Plan, ids: Ids) -> Columns:
    """The primary contact of every opportunity that has one, and up to two more of the account's contacts."""
    rng, of, contacts = plan.rng("contact roles"), plan.opportunities, plan.contacts
    primary = np.flatnonzero(of.contact >= 0)
    opportunity, contact = primary, of.contact[primary]
    for share in (0.6, 0.3):
        more = np.flatnonzero((of.contact >= 0) & (rng.random(of.contact.size) < share))
        opportunity = np.concatenate([opportunity, more])
        contact = np.concatenate([contact, any_contact(rng, of.account[more], contacts)])
    _, once = np.unique(opportunity * contacts.person.size + contact, return_index=True)
    once.sort()
    is_primary = once < primary.size
    opportunity, contact = opportunity[once], contact[once]
    begun = np.maximum(of.audit.created[opportunity], contacts.audit.created[contact])
    order = np.argsort(begun, kind="stable")
    opportunity, contact, begun, is_primary = opportunity[order], contact[order], begun[order], is_primary[order]
    audit = Audit.of(rng, plan.history, begun)
    gone = np.flatnonzero(of.audit.deleted[opportunity])
    audit.delete(gone, np.maximum(audit.modstamp[gone], of.audit.modified[opportunity][gone]))
    return {
        "Id": new_ids("OpportunityContactRole", opportunity.size),
        "OpportunityId": pick(ids.opportunities, opportunity),
        "ContactId": pick(ids.contacts, contact),
        "Role": choose(rng, _ROLES, opportunity.size, missing=0.2),
        "IsPrimary": flags(is_primary),
        **audit_columns(rng, audit, ids.users),
    }
