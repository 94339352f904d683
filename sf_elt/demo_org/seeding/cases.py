"""Cases: what customers' contacts ask for, owned by a person or still in the support queue, and comments on them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sf_elt.demo_org.new_org import CASE_QUEUE, queue_ids
from sf_elt.demo_org.seeding.columns import at, choose, flags, pick, where
from sf_elt.demo_org.seeding.common import Columns, Ids, audit_columns, descriptions, new_ids, owners, picklist, refer
from sf_elt.demo_org.seeding.history import DAY, Audit
from sf_elt.demo_org.seeding.plan import Plan

_SUBJECTS = ["Cannot log in", "Invoice is wrong", "How do I export my data?", "It is slow since Monday", "Feature wish"]
_COMMENTS = ["Called back, nobody answered.", "Sent the manual.", "Fixed in the next release.", "Waiting for the log."]
_OPEN = ["New", "Working", "Escalated"]
_LONG_AGO = 20 * DAY


def cases(plan: Plan, ids: Ids) -> Columns:
    """Older ones are closed; of those that are open, three of ten wait in the queue."""
    rng, count, contacts = plan.rng("cases"), plan.sizes.cases, plan.contacts
    customers = np.flatnonzero((contacts.account >= 0) & ~contacts.audit.deleted)
    contact = rng.choice(customers, size=count)
    created = plan.history.between(rng, contacts.audit.created[contact])
    order = np.argsort(created, kind="stable")
    contact, created = contact[order], created[order]
    audit = Audit.of(rng, plan.history, created)
    closed = rng.random(count) < np.where(plan.history.end - created > _LONG_AGO, 0.9, 0.3)
    queued = ~closed & (rng.random(count) < 0.3)
    return {
        "Id": new_ids("Case", count),
        "ContactId": pick(ids.contacts, contact),
        "AccountId": refer(ids.accounts, contacts.account[contact]),
        "Subject": choose(rng, _SUBJECTS, count),
        "Description": descriptions(rng, count),
        "Type": choose(rng, picklist("Case", "Type"), count, missing=0.4),
        "Reason": choose(rng, picklist("Case", "Reason"), count, missing=0.3),
        "Origin": choose(rng, ["Phone", "Email", "Web"], count, weights=[2, 5, 3]),
        "Priority": choose(rng, ["High", "Medium", "Low"], count, weights=[1, 5, 2]),
        "Status": where(closed, "Closed", choose(rng, _OPEN, count, weights=[4, 4, 1])),
        "ClosedDate": at(audit.modified, ~closed),
        "IsEscalated": flags(~closed & (rng.random(count) < 0.05)),
        "OwnerId": where(queued, queue_ids()[CASE_QUEUE], owners(rng, ids.users, count)),
        "CurrencyIsoCode": pick(pa.array(["USD"]), np.zeros(count, dtype=np.int64)),
        **audit_columns(rng, audit, ids.users),
    }


def case_comments(plan: Plan, cases: Columns, ids: Ids) -> Columns:
    """One on every second case, made when the case was last changed."""
    rng = plan.rng("case comments")
    chosen = np.arange(0, plan.sizes.cases, 2)
    changed = cases["LastModifiedDate"].take(pa.array(chosen)).cast(pa.timestamp("s")).cast(pa.int64()).to_numpy()
    audit = Audit.of(rng, plan.history, changed)
    return {
        "Id": new_ids("CaseComment", chosen.size),
        "ParentId": pick(cases["Id"], chosen),
        "IsPublished": flags(rng.random(chosen.size) < 0.4),
        "CommentBody": choose(rng, _COMMENTS, chosen.size),
        **audit_columns(rng, audit, ids.users),
    }
