"""Events: meetings with the contacts of opportunities, most of them over, a few to come."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sf_elt.demo_org.seeding.columns import at, choose, flags, pick
from sf_elt.demo_org.seeding.common import Columns, Ids, audit_columns, descriptions, new_ids, owners, refer
from sf_elt.demo_org.seeding.history import DAY, Audit
from sf_elt.demo_org.seeding.plan import Plan

_SUBJECTS = ["Meeting", "Call", "Demo", "Kick-off", "Quarterly review"]
_PLACES = ["Online", "Room 4.2", "At the customer's", "Café Central"]
_QUARTER_HOUR = 900


def meetings(plan: Plan, ids: Ids) -> Columns:
    rng, count, deals = plan.rng("meetings"), plan.sizes.meetings, plan.opportunities
    opportunity = rng.choice(np.flatnonzero(~deals.audit.deleted), size=count)
    created = plan.history.between(rng, deals.audit.created[opportunity])
    order = np.argsort(created, kind="stable")
    opportunity, created = opportunity[order], created[order]
    audit = Audit.of(rng, plan.history, created)
    start = (created + rng.integers(DAY // 2, 15 * DAY, count)) // _QUARTER_HOUR * _QUARTER_HOUR
    return {
        "Id": new_ids("Event", count),
        "WhoId": refer(ids.contacts, deals.contact[opportunity]),
        "WhatId": pick(ids.opportunities, opportunity),
        "AccountId": refer(ids.accounts, deals.account[opportunity]),
        "Subject": choose(rng, _SUBJECTS, count),
        "Location": choose(rng, _PLACES, count, missing=0.3),
        "StartDateTime": at(start),
        "EndDateTime": at(start + _QUARTER_HOUR * rng.integers(1, 9, count)),
        "Description": descriptions(rng, count),
        "OwnerId": owners(rng, ids.users, count),
        "IsPrivate": flags(rng.random(count) < 0.03),
        "ShowAs": choose(rng, ["Busy", "OutOfOffice", "Free"], count, weights=[8, 1, 1]),
        "EventSubtype": pick(pa.array(["Event"]), np.zeros(count, dtype=np.int64)),
        "GroupEventType": pick(pa.array(["0"]), np.zeros(count, dtype=np.int64)),
        "CurrencyIsoCode": pick(pa.array(["USD"]), np.zeros(count, dtype=np.int64)),
        **audit_columns(rng, audit, ids.users),
    }
