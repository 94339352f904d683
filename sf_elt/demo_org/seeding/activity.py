"""Tasks about leads, contacts and opportunities; most of them are done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sf_elt.demo_org.seeding.columns import at, choose, on, pick, where
from sf_elt.demo_org.seeding.common import Columns, Ids, audit_columns, descriptions, new_ids, owners, refer
from sf_elt.demo_org.seeding.history import DAY, Audit, Flags, Rows
from sf_elt.demo_org.seeding.plan import NOBODY, Plan

_SUBJECTS = ["Call", "Email", "Send Quote", "Other", 'Call about the "pilot"', "Follow up: budget?"]
_OPEN = ["Not Started", "In Progress", "Waiting on someone else", "Deferred"]


@dataclass(frozen=True)
class TaskPlan:
    """What each task is about, as row numbers or NOBODY: a lead, or a contact with perhaps its opportunity."""

    lead: Rows
    contact: Rows
    opportunity: Rows
    open: Flags
    due: Rows
    audit: Audit

    def opportunities_with(self, tasks: Flags, count: int) -> Flags:
        """Which of `count` opportunities have one of those tasks."""
        found = np.zeros(count, dtype=bool)
        found[self.opportunity[tasks & (self.opportunity >= 0) & ~self.audit.deleted]] = True
        return found


def plan_tasks(plan: Plan) -> TaskPlan:
    rng, count = plan.rng("tasks"), plan.sizes.tasks
    about = rng.random(count)
    of_lead, of_opportunity = about < 0.5, about > 0.8
    opportunity = np.where(of_opportunity, rng.integers(0, plan.sizes.opportunities, count), NOBODY)
    contact = np.where(of_lead, NOBODY, rng.integers(0, plan.sizes.contacts, count))
    contact = np.where(opportunity >= 0, plan.opportunities.contact[opportunity], contact)
    lead = np.where(of_lead, rng.integers(0, plan.sizes.leads, count), NOBODY)
    begun = np.full(count, plan.history.start)
    for row, audit in (
        (lead, plan.leads.audit),
        (contact, plan.contacts.audit),
        (opportunity, plan.opportunities.audit),
    ):
        begun = np.where(row >= 0, np.maximum(begun, audit.created[row]), begun)
    created = plan.history.between(rng, begun)
    order = np.argsort(created, kind="stable")
    audit = Audit.of(rng, plan.history, created[order])
    gone = np.flatnonzero(rng.random(count) < 0.01)
    audit.delete(gone, plan.history.between(rng, audit.modstamp[gone]))
    undone = rng.random(count) < 0.12
    due = np.where(undone, plan.history.end // DAY + rng.integers(-6, 30, count), audit.modified // DAY)
    return TaskPlan(lead[order], contact[order], opportunity[order], undone, due, audit)


def tasks(plan: Plan, of: TaskPlan, ids: Ids) -> Columns:
    rng, count = plan.rng("task fields"), plan.sizes.tasks
    who = where(of.lead >= 0, refer(ids.leads, of.lead), refer(ids.contacts, of.contact))
    account = np.where(of.contact >= 0, plan.contacts.account[of.contact], NOBODY)
    account = np.where(of.opportunity >= 0, plan.opportunities.account[of.opportunity], account)
    about_opportunity = refer(ids.opportunities, of.opportunity)
    done = pick(pa.array(["Completed"]), np.zeros(count, dtype=np.int64))
    return {
        "Id": new_ids("Task", count),
        "WhoId": who,
        "WhatId": where(of.opportunity >= 0, about_opportunity, refer(ids.accounts, account)),
        "Subject": choose(rng, _SUBJECTS, count, weights=[5, 6, 2, 1, 1, 1]),
        "ActivityDate": on(of.due),
        "Status": where(of.open, choose(rng, _OPEN, count), done),
        "Priority": choose(rng, ["High", "Normal", "Low"], count, weights=[1, 8, 1]),
        "OwnerId": owners(rng, ids.users, count),
        "Description": descriptions(rng, count),
        "AccountId": refer(ids.accounts, account),
        "TaskSubtype": choose(rng, ["Task", "Email", "Call"], count, weights=[4, 4, 3]),
        "CompletedDateTime": at(of.audit.modified, of.open),
        "CurrencyIsoCode": pick(pa.array(["USD"]), np.zeros(count, dtype=np.int64)),
        **audit_columns(rng, of.audit, ids.users),
    }
