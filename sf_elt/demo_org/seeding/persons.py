"""What leads and contacts have in common: names, emails with their oddities, interests, consent, bounces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sf_elt.demo_org.seeding.columns import at, choose, flags, join, pick, put, where
from sf_elt.demo_org.seeding.common import Columns, picklist
from sf_elt.demo_org.seeding.history import Audit, History, Rows
from sf_elt.demo_org.seeding.plan import Plan

_SALUTATIONS = ["Mr.", "Ms.", "Mrs.", "Dr.", "Prof."]
_MAILBOXES = ["info", "sales"]
_SHARING_COMPANIES = 0.1
_BOUNCES = ["550 5.1.1 user unknown", "552 mailbox full", '"554: rejected, see <https://mail.example/why>"']


def names(rng: np.random.Generator, plan: Plan, person: Rows) -> Columns:
    """FirstName, LastName, Salutation, Title, and an odd surname here and there."""
    count = person.size
    last = pick(plan.people.last, person)
    odd = {13: "Null", 26: 'O\'Brien "The Closer"', 39: "Smith-Jones, Jr.", 52: "N/A", 65: "Zoë 🚀", 78: "X"}
    return {
        "FirstName": pick(plan.people.first, person, rng.random(count) < 0.02),
        "LastName": put(last, {row: name for row, name in odd.items() if row < count}),
        "Salutation": choose(rng, _SALUTATIONS, count, weights=[6, 5, 2, 2, 1], missing=0.35),
    }


def emails(rng: np.random.Generator, plan: Plan, person: Rows, *, missing: float) -> pa.Array:
    """Each person's email: some missing, some a mailbox that a company's people share, some in other letter case."""
    count = person.size
    company = plan.people.company[person]
    sharing = (company < max(2, int(plan.sizes.accounts * _SHARING_COMPANIES))) & (rng.random(count) < 0.3)
    mailbox = join(
        pick(pa.array(_MAILBOXES), rng.choice(2, size=count, p=[0.6, 0.4])),
        pick(plan.companies.domain, company),
        separator="@",
    )
    email = other_case(where(sharing, mailbox, pick(plan.people.email, person)), rng.random(count))
    return where(rng.random(count) < missing, pa.scalar(None, pa.string()), email)


def other_case(email: pa.Array, chance: np.ndarray) -> pa.Array:
    """The lowest 2 % of `chance` in upper case, the next 4 % as Ann.Smith@Example.Com."""
    capitals = where(chance < 0.06, pc.utf8_title(email), email)
    return where(chance < 0.02, pc.utf8_upper(email), capitals)


def consent_and_bounces(rng: np.random.Generator, history: History, audit: Audit) -> Columns:
    """Opt-outs (8 %) and hard bounces (3 %), the bounce after the record's creation."""
    count = audit.created.size
    fine = rng.random(count) >= 0.03
    return {
        "HasOptedOutOfEmail": flags(rng.random(count) < 0.08),
        "DoNotCall": flags(rng.random(count) < 0.04),
        "EmailBouncedReason": where(fine, pa.scalar(None, pa.string()), choose(rng, _BOUNCES, count)),
        "EmailBouncedDate": at(history.between(rng, audit.created, audit.modified), fine),
    }


def several_of(rng: np.random.Generator, object_name: str, field_name: str, count: int, *, missing: float) -> pa.Array:
    """Values of a multi-select picklist: one to four, joined by semicolons in the picklist's order."""
    values = picklist(object_name, field_name)
    combinations = [_some(rng, values) for _ in range(200)]
    return choose(rng, combinations, count, missing=missing)


def _some(rng: np.random.Generator, values: Sequence[str]) -> str:
    chosen = rng.choice(len(values), size=rng.integers(1, 5), replace=False)
    return ";".join(values[i] for i in sorted(chosen.tolist()))
