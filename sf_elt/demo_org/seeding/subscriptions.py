"""Subscription__c, the custom object: what the customers' accounts have booked."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sf_elt.demo_org.seeding.columns import at, choose, digits, flags, join, numbers, on, pick
from sf_elt.demo_org.seeding.common import Columns, Ids, audit_columns, descriptions, owners, refer, with_odd_texts
from sf_elt.demo_org.seeding.history import DAY, Audit, Rows
from sf_elt.demo_org.seeding.persons import several_of
from sf_elt.demo_org.seeding.plan import Plan

_PLANS = ["Free", "Team", "Business", "Enterprise"]
_PRICE = np.array([0.0, 12.0, 29.0, 55.0])
_SUPPORT_FROM = ["00:00:00.000Z", "07:30:00.000Z", "09:00:00.000Z", "13:15:30.500Z"]


def subscriptions(plan: Plan, ids: Ids) -> Columns:
    rng, count, contacts = plan.rng("subscriptions"), plan.sizes.subscriptions, plan.contacts
    customers = np.flatnonzero((contacts.account >= 0) & ~contacts.audit.deleted)
    contact = rng.choice(customers, size=count)
    created = plan.history.between(rng, contacts.audit.created[contact])
    order = np.argsort(created, kind="stable")
    contact, created = contact[order], created[order]
    audit = Audit.of(rng, plan.history, created)
    gone = np.flatnonzero(rng.random(count) < 0.02)
    audit.delete(gone, plan.history.between(rng, audit.modstamp[gone]))
    booked = rng.choice(len(_PLANS), size=count, p=[0.3, 0.35, 0.25, 0.1])
    seats = np.maximum(1, np.exp(rng.normal(2.5, 1.1, count))).astype(np.int64)
    renewed = rng.random(count) < 0.4
    active = rng.random(count) < 0.8
    place = plan.people.place[contacts.person[contact]]
    return {
        "Id": ids.subscriptions,
        "OwnerId": owners(rng, ids.users, count),
        "Name": join("SUB-", digits(np.arange(1, count + 1), 6)),
        "Account__c": refer(ids.accounts, contacts.account[contact]),
        "Contact__c": pick(ids.contacts, contact),
        "Plan__c": pick(pa.array(_PLANS), booked),
        "Seats__c": numbers(seats.astype(float), rng.random(count) < 0.05),
        "MRR__c": numbers(seats * _PRICE[booked]),
        "Started__c": on(created // DAY),
        "Renewed_At__c": at(audit.modified, ~renewed),
        "Support_From__c": choose(plan.rng("support hours"), _SUPPORT_FROM, count, missing=0.3),
        **_office(plan, place),
        "Features__c": several_of(rng, "Subscription__c", "Features__c", count, missing=0.2),
        "Active__c": flags(active),
        "External_Key__c": join("00", digits(np.arange(1, count + 1), 7)),
        "Notes__c": with_odd_texts(descriptions(rng, count), every=10),
        "CurrencyIsoCode": pick(plan.pools.places.columns["currency"], place),
        **audit_columns(rng, audit, ids.users),
    }


def _office(plan: Plan, place: Rows) -> Columns:
    """Where the office is, to a metre or so; one of three is not known."""
    rng, places = plan.rng("offices"), plan.pools.places
    unknown = rng.random(place.size) < 0.33
    spread = rng.normal(0, 0.05, (2, place.size))
    return {
        "Office__Latitude__s": numbers(places.latitude[place] + spread[0], unknown, places=6),
        "Office__Longitude__s": numbers(places.longitude[place] + spread[1], unknown, places=6),
    }
