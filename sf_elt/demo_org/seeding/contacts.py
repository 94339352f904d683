"""Contacts of the accounts, and which other accounts a few of them also belong to."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from sf_elt.demo_org.seeding.accounts import LEAD_SOURCES
from sf_elt.demo_org.seeding.columns import at, choose, digits, flags, on, ordinals, pick, skewed, where
from sf_elt.demo_org.seeding.common import (
    Columns,
    Ids,
    address,
    audit_columns,
    descriptions,
    new_ids,
    owners,
    phone,
    refer,
    some_days_ago,
    with_odd_texts,
)
from sf_elt.demo_org.seeding.history import DAY, Audit
from sf_elt.demo_org.seeding.persons import consent_and_bounces, emails, names, several_of
from sf_elt.demo_org.seeding.plan import NOBODY, Plan

_DEPARTMENTS = ["Marketing", "Sales", "Finance", "IT", "Operations", "Human Resources", "Legal", "R&D"]
_ROLES = ["Business User", "Decision Maker;Economic Buyer", "Influencer", "Evaluator;Influencer", "Executive Sponsor"]
_FIRST_BIRTHDAY = (date(1958, 1, 1) - date(1970, 1, 1)).days
_LAST_BIRTHDAY = (date(2002, 1, 1) - date(1970, 1, 1)).days
_IN_1900 = (date(1900, 1, 1) - date(1970, 1, 1)).days


def contacts(plan: Plan, ids: Ids) -> Columns:
    rng, count, of = plan.rng("contact fields"), plan.sizes.contacts, plan.contacts
    place = plan.people.place[of.person]
    first = np.flatnonzero(ordinals(of.account) == 0)
    boss_of_account = np.full(plan.sizes.accounts + 1, NOBODY)  # its last entry is for contacts without account
    boss_of_account[of.account[first]] = first
    boss_of_account[NOBODY] = NOBODY
    boss = boss_of_account[of.account]
    boss = np.where((boss != np.arange(count)) & (rng.random(count) < 0.25), boss, NOBODY)
    birthday = rng.integers(_FIRST_BIRTHDAY, _LAST_BIRTHDAY, count)
    birthday[11] = _IN_1900
    no_birthday = rng.random(count) < 0.7
    no_birthday[11] = False
    return {
        "Id": ids.contacts,
        "MasterRecordId": refer(ids.contacts, of.master),
        "AccountId": refer(ids.accounts, of.account),
        **names(rng, plan, of.person),
        "Title": pick(plan.people.title, of.person, rng.random(count) < 0.15),
        **address(rng, plan, "Mailing", place, missing=0.2),
        "Phone": phone(rng, plan, place, missing=0.25),
        "MobilePhone": phone(rng, plan, place, missing=0.5),
        "ReportsToId": refer(ids.contacts, boss),
        "Email": emails(rng, plan, of.person, missing=0.05),
        "Department": with_odd_texts(choose(rng, _DEPARTMENTS, count, missing=0.3)),
        "LeadSource": choose(rng, LEAD_SOURCES, count, weights=[5, 2, 2, 1, 1], missing=0.2),
        "Birthdate": on(birthday, no_birthday),
        "Description": descriptions(rng, count, of.restored),
        "RecordTypeId": pick(pa.array([ids.record_types["Contact", "Business Contact"]]), np.zeros(count, np.int64)),
        "OwnerId": owners(rng, ids.users, count),
        "LastActivityDate": on(some_days_ago(rng, of.audit), rng.random(count) < 0.5),
        "LastCURequestDate": at(
            plan.history.between(rng, of.audit.created, of.audit.modified), rng.random(count) < 0.93
        ),
        **consent_and_bounces(rng, plan.history, of.audit),
        "Interests__c": several_of(rng, "Contact", "Interests__c", count, missing=0.5),
        "External_Id__c": where(rng.random(count) < 0.3, pa.scalar(None, pa.string()), digits(np.arange(count), 10)),
        "CurrencyIsoCode": pick(plan.pools.places.columns["currency"], place),
        **audit_columns(rng, of.audit, ids.users),
    }


def account_contact_relations(plan: Plan, ids: Ids) -> Columns:
    """One direct relation for each contact that has an account; one of 25 has an indirect one as well."""
    rng, of = plan.rng("account contact relations"), plan.contacts
    direct = np.flatnonzero((of.account >= 0) & (of.master < 0))
    indirect = np.sort(rng.choice(direct, size=max(1, direct.size // 25), replace=False))
    other = skewed(rng, plan.sizes.accounts, indirect.size)
    distinct = (other != of.account[indirect]) & ~plan.account_audit.deleted[other]
    indirect, other = indirect[distinct], other[distinct]
    contact, account = np.concatenate([direct, indirect]), np.concatenate([of.account[direct], other])
    begun = np.maximum(of.audit.created[contact], plan.account_audit.created[account])
    order = np.argsort(begun, kind="stable")
    contact, account, begun = contact[order], account[order], begun[order]
    is_direct = account == of.account[contact]
    audit = Audit.of(rng, plan.history, begun)
    lost = np.flatnonzero(of.audit.deleted[contact])
    audit.delete(lost, np.maximum(audit.modstamp[lost], of.audit.modified[contact][lost]))
    return {
        "Id": new_ids("AccountContactRelation", contact.size),
        "AccountId": pick(ids.accounts, account),
        "ContactId": pick(ids.contacts, contact),
        "Roles": choose(rng, _ROLES, contact.size, missing=0.6),
        "IsDirect": flags(is_direct),
        "IsActive": flags(is_direct | (rng.random(contact.size) < 0.8)),
        "StartDate": on(begun // DAY, is_direct),
        **audit_columns(rng, audit, ids.users),
    }
