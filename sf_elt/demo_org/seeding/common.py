"""What the rows of several objects share: Ids, audit fields, addresses, telephone numbers, long and odd texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.seeding.columns import at, choose, digits, flags, join, nothing, numbers, pick, put, skewed, where
from sf_elt.demo_org.seeding.history import DAY, Audit, Flags, Rows
from sf_elt.demo_org.seeding.oddities import LONG_TEXT, ODD_TEXTS, RESTORED
from sf_elt.demo_org.seeding.plan import Plan
from sf_elt.demo_org.seeding.pools import POSTAL_CODES
from sf_elt.demo_org.seeding.record_ids import record_ids

Columns = dict[str, pa.Array]

INTEGRATION_USER = 0
_ODD_FROM = 7
_LONG_EVERY, _LONG_FROM = 600, 5


@dataclass(frozen=True)
class Ids:
    """The Ids of every object that others refer to, in row order; `record_types` by (object, name)."""

    users: pa.Array
    accounts: pa.Array
    contacts: pa.Array
    leads: pa.Array
    opportunities: pa.Array
    campaigns: pa.Array
    subscriptions: pa.Array
    record_types: Mapping[tuple[str, str], str]


def new_ids(object_name: str, count: int) -> pa.Array:
    return record_ids(load_schema().require(object_name).key_prefix, count)


def picklist(object_name: str, field_name: str) -> list[str]:
    """The values that a picklist of the org's schema allows. Raises KeyError for a field that is not there."""
    field = load_schema().require(object_name).field(field_name)
    if field is None:
        raise KeyError(f"{object_name}.{field_name}")
    return list(field.picklist)


def refer(ids: pa.Array, row: Rows) -> pa.Array:
    """The Ids of those rows; null for NOBODY."""
    return pick(ids, row, row < 0)


def owners(rng: np.random.Generator, users: pa.Array, count: int) -> pa.Array:
    """Users other than the integration's, some with many more records than others."""
    return pick(users, 1 + skewed(rng, len(users) - 1, count))


def audit_columns(rng: np.random.Generator, audit: Audit, users: pa.Array) -> Columns:
    """IsDeleted and the five audit fields; one in five rows was created by the integration user."""
    count = audit.created.size
    by_people = [1 + skewed(rng, len(users) - 1, count) for _ in range(2)]
    creator, modifier = (np.where(rng.random(count) < 0.2, INTEGRATION_USER, user) for user in by_people)
    return {
        "IsDeleted": flags(audit.deleted),
        "CreatedDate": at(audit.created),
        "CreatedById": pick(users, creator),
        "LastModifiedDate": at(audit.modified),
        "LastModifiedById": pick(users, np.where(audit.modified == audit.created, creator, modifier)),
        "SystemModstamp": at(audit.modstamp),
    }


def address(rng: np.random.Generator, plan: Plan, prefix: str, place: Rows, *, missing: float) -> Columns:
    """The parts of an address; a `missing` share has none, half of the others are geocoded."""
    count, places = place.size, plan.pools.places
    none = rng.random(count) < missing
    located = ~none & (rng.random(count) < 0.5)
    language = places.language[place]
    streets = plan.pools.street
    street = pick(streets.values, streets.start[language] + skewed(rng, streets.size[language], count, skew=1.0), none)
    number = digits(rng.integers(1, 240, count))
    suite = join(street, join("Suite ", digits(rng.integers(1, 90, count))), separator="\r\n")
    street = where(rng.random(count) < 0.1, suite, street)
    postal_code = place * POSTAL_CODES + rng.integers(0, POSTAL_CODES, count)
    accuracy = choose(rng, ["Address", "Street", "Zip", "City"], count)
    text = {name: pick(places.columns[name], place, none) for name in ("city", "state", "state_code", "country")}
    return {
        f"{prefix}Street": join(number, street, separator=" "),
        f"{prefix}City": text["city"],
        f"{prefix}State": text["state"],
        f"{prefix}StateCode": text["state_code"],
        f"{prefix}PostalCode": pick(places.postal_codes, postal_code, none),
        f"{prefix}Country": text["country"],
        f"{prefix}CountryCode": pick(places.columns["country_code"], place, none),
        f"{prefix}Latitude": numbers(places.latitude[place] + rng.normal(0, 0.04, count), ~located, places=6),
        f"{prefix}Longitude": numbers(places.longitude[place] + rng.normal(0, 0.04, count), ~located, places=6),
        f"{prefix}GeocodeAccuracy": where(located, accuracy, nothing(count)),
    }


def phone(rng: np.random.Generator, plan: Plan, place: Rows, *, missing: float) -> pa.Array:
    dial = pick(plan.pools.places.columns["dial"], place, rng.random(place.size) < missing)
    ends = [digits(rng.integers(0, 10**width, place.size), width) for width in (3, 4)]
    return join(dial, *ends, separator=" ")


def with_odd_texts(column: pa.Array, every: int = 30) -> pa.Array:
    """Every 30th row (or another `every`), from the 8th on, holds the next of ODD_TEXTS."""
    rows = range(_ODD_FROM, len(column), every)
    return put(column, {row: ODD_TEXTS[turn % len(ODD_TEXTS)] for turn, row in enumerate(rows)})


def descriptions(rng: np.random.Generator, count: int, restored: Flags | None = None) -> pa.Array:
    """Notes in one of five rows, 32,000 characters in every 600th, and a remark on rows that were restored."""
    notes = [
        "Met at the conference. Wants a call back.",
        "Asked for references in the same industry.\nSecond line: budget is set in autumn.",
        'Said: "send the offer to my assistant, please".',
        "Likes the product; the lawyers do not like the contract.\r\n\r\nTo be continued",
    ]
    column = choose(rng, notes, count, missing=0.8)
    if restored is not None:
        column = where(restored, RESTORED, column)
    return put(column, dict.fromkeys(range(_LONG_FROM, count, _LONG_EVERY), LONG_TEXT))


def some_days_ago(rng: np.random.Generator, audit: Audit) -> Rows:
    """For each row a day between its creation and its last change, as days since 1970."""
    span = audit.modstamp - audit.created
    return (audit.created + np.floor(rng.random(span.size) * span).astype(np.int64)) // DAY
