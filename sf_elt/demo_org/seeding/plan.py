"""Who is who in the seeded org, before any field is filled: sizes, moments and relations, as numbers of rows.

Rows of an object are in the order of their creation, so that Ids grow with time as they do in a real org.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from sf_elt.demo_org.seeding.columns import ordinals, skewed
from sf_elt.demo_org.seeding.history import DAY, Audit, Flags, History, Moments, Rows
from sf_elt.demo_org.seeding.people import Companies, People, draw_companies, draw_people
from sf_elt.demo_org.seeding.pools import Pools, load_pools

NOBODY = -1
FEWEST_RECORDS = 50


@dataclass(frozen=True)
class Sizes:
    """How many rows each object gets, in proportion to `records` = leads + contacts; of contacts there may be more."""

    accounts: int
    contacts: int
    leads: int
    opportunities: int
    campaigns: int
    members: int
    tasks: int
    subscriptions: int
    cases: int
    meetings: int
    users: int

    @classmethod
    def of(cls, records: int, contacts: int | None = None) -> Sizes:
        """Two of five records are contacts. A number of `contacts` leaves the others as they would be without it.

        Raises `ValueError` below 50 records, or fewer contacts than they have: too few for what the seeding promises.
        """
        if records < FEWEST_RECORDS:
            raise ValueError(f"records is {records}: at least {FEWEST_RECORDS} leads and contacts are needed")
        in_proportion = records * 2 // 5
        if contacts is not None and contacts < in_proportion:
            raise ValueError(f"contacts is {contacts}: {records} leads and contacts have {in_proportion} at least")
        return cls(
            accounts=max(8, records // 20),
            contacts=in_proportion if contacts is None else contacts,
            leads=records - in_proportion,
            opportunities=records * 18 // 100,
            campaigns=min(300, 8 + records // 300),
            members=records * 4 // 5,
            tasks=records * 3 // 5,
            subscriptions=records * 6 // 100,
            cases=records * 4 // 100,
            meetings=records * 5 // 100,
            users=min(120, 8 + records // 1000),
        )


@dataclass(frozen=True)
class ContactPlan:
    """`account` and `master` (the winner of a merge) are row numbers or NOBODY."""

    person: Rows
    account: Rows
    master: Rows
    restored: Flags
    audit: Audit


@dataclass(frozen=True)
class LeadPlan:
    """`contact`, `account`, `opportunity` say what a converted lead became at `converted_at`; NOBODY otherwise."""

    person: Rows
    master: Rows
    restored: Flags
    contact: Rows
    account: Rows
    opportunity: Rows
    converted_at: Moments
    audit: Audit


@dataclass(frozen=True)
class OpportunityPlan:
    """`contact` is the primary contact, NOBODY where the account has none."""

    account: Rows
    contact: Rows
    audit: Audit


@dataclass(frozen=True)
class Plan:
    seed: int
    sizes: Sizes
    history: History
    pools: Pools
    companies: Companies
    people: People
    account_master: Rows
    account_audit: Audit
    contacts: ContactPlan
    leads: LeadPlan
    opportunities: OpportunityPlan

    def rng(self, subject: str) -> np.random.Generator:
        """Random numbers of its own for each subject, so that a change to one leaves the others as they are."""
        return stream_of(self.seed, subject)


def stream_of(seed: int, subject: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(subject.encode())])


def mass_update_of_leads(history: History) -> int:
    """When a data load saved four of ten leads in one transaction."""
    return history.end - 20 * DAY + 2 * 3_600


def mass_update_of_contacts(history: History) -> int:
    """When an automated job touched three of ten contacts (SystemModstamp only)."""
    return history.end - 9 * DAY + 3 * 3_600 + 1_800


def plan_org(*, seed: int, records: int, now: datetime, contacts: int | None = None) -> Plan:
    """The whole org as numbers. Raises `ValueError` for too few records, a negative seed or a naive `now`."""
    if seed < 0:
        raise ValueError(f"seed is {seed}: it must not be negative")
    sizes, history = Sizes.of(records, contacts), History.until(now)
    pools = load_pools()
    account_master, account_audit = _accounts(stream_of(seed, "accounts"), sizes, history)
    parents = np.flatnonzero(~account_audit.deleted)
    of_contacts = _contacts(stream_of(seed, "contacts"), sizes, history, parents, account_audit.created)
    leads = _leads(stream_of(seed, "leads"), sizes, history, of_contacts)
    rng = stream_of(seed, "opportunities")
    opportunities = _opportunities(rng, sizes, history, parents, account_audit.created, leads, of_contacts)
    rng = stream_of(seed, "people")
    companies = draw_companies(rng, pools, sizes.accounts * 4)
    return Plan(
        seed=seed,
        sizes=sizes,
        history=history,
        pools=pools,
        companies=companies,
        people=draw_people(rng, pools, companies, _companies_of_people(rng, sizes, of_contacts, leads)),
        account_master=account_master,
        account_audit=account_audit,
        contacts=of_contacts,
        leads=leads,
        opportunities=opportunities,
    )


def _accounts(rng: np.random.Generator, sizes: Sizes, history: History) -> tuple[Rows, Audit]:
    """A third came with the first load. A few that have no children are deleted; half of those were merged away."""
    count = sizes.accounts
    created = history.draw(rng, count)
    first_load = rng.random(count) < 0.35
    created[first_load] = history.between(
        rng, np.full(first_load.sum(), history.start), np.full(first_load.sum(), history.start + 30 * DAY)
    )
    created.sort()
    audit = Audit.of(rng, history, created)
    gone = rng.choice(np.arange(1, count), size=max(2, count // 50), replace=False)
    merged = gone[: gone.size // 2]
    master = np.full(count, NOBODY)
    master[merged] = 0
    audit.delete(gone, history.between(rng, audit.modstamp[gone]))
    audit.touch(np.zeros(1, dtype=np.int64), int(audit.modified[merged].max()))
    return master, audit


def _contacts(
    rng: np.random.Generator, sizes: Sizes, history: History, parents: Rows, account_created: Moments
) -> ContactPlan:
    count = sizes.contacts
    account = rng.permutation(parents)[skewed(rng, parents.size, count)]
    account[rng.random(count) < 0.03] = NOBODY
    created = history.draw(rng, count)
    created = np.where(account >= 0, np.maximum(created, account_created[account]), created)
    order = np.argsort(created, kind="stable")
    account, created = account[order], created[order]
    audit = Audit.of(rng, history, created)
    rank = ordinals(account)
    firsts = {int(a): int(row) for row, a in zip(np.flatnonzero(rank == 0), account[rank == 0], strict=True)}
    losers = np.flatnonzero((rank > 0) & (account >= 0))
    losers = np.sort(rng.choice(losers, size=max(2, count * 3 // 200), replace=False))
    winners = np.array([firsts[a] for a in account[losers].tolist()], dtype=np.int64)
    master = np.full(count, NOBODY)
    master[losers] = winners
    person = order.copy()  # by the draw, not by the row: another day of `now` gives the same people
    person[losers] = person[winners]
    audit.delete(losers, history.between(rng, audit.modstamp[losers]))
    audit.touch(winners, audit.modified[losers])
    free = np.setdiff1d(np.arange(count), np.concatenate([losers, winners]))
    restored = _delete_and_restore(rng, history, audit, free)
    audit.mass_update(rng, np.arange(count), mass_update_of_contacts(history), count * 3 // 10, user=False)
    return ContactPlan(person, account, master, restored, audit)


def _leads(rng: np.random.Generator, sizes: Sizes, history: History, contacts: ContactPlan) -> LeadPlan:
    """Of the leads, 16 % became a contact, 10 % are people who are contacts too, 5 % came in twice."""
    count = sizes.leads
    alive = np.flatnonzero(~contacts.audit.deleted & (contacts.account >= 0))
    became = rng.choice(alive, size=min(count * 16 // 100, alive.size // 2), replace=False)
    also = rng.choice(np.setdiff1d(alive, became), size=min(count // 10, alive.size // 3), replace=False)
    twice = max(2, count // 20)
    single = count - became.size - also.size - twice
    fresh = sizes.contacts + np.arange(single)
    person = np.concatenate([contacts.person[became], contacts.person[also], fresh, fresh[:twice]])
    converted_at = contacts.audit.created[became]
    created = history.draw(rng, count)
    created[: became.size] = history.between(rng, np.maximum(history.start, converted_at - 45 * DAY), converted_at)
    first_of_two = np.arange(count - twice - single, count - single)
    created[-twice:] = history.between(rng, created[first_of_two])
    master = np.full(count, NOBODY)
    merged = max(1, twice // 2)
    master[count - merged :] = first_of_two[-merged:]
    contact = np.full(count, NOBODY)
    contact[: became.size] = became
    at = np.full(count, NOBODY)
    at[: became.size] = converted_at

    order = np.argsort(created, kind="stable")
    new_row = np.empty(count, dtype=np.int64)
    new_row[order] = np.arange(count)
    master = np.where(master >= 0, new_row[master], NOBODY)[order]
    person, contact, at = person[order], contact[order], at[order]
    audit = Audit.of(rng, history, created[order])
    converted = np.flatnonzero(contact >= 0)
    audit.modified[converted] = at[converted]
    audit.modstamp[converted] = at[converted]
    losers = np.flatnonzero(master >= 0)
    audit.delete(losers, history.between(rng, np.maximum(audit.modstamp[losers], audit.created[master[losers]])))
    audit.touch(master[losers], audit.modified[losers])
    free = np.setdiff1d(np.arange(count), np.concatenate([losers, master[losers], converted]))
    restored = _delete_and_restore(rng, history, audit, free)
    open_leads = np.flatnonzero(contact < 0)  # a converted lead can no longer be edited
    audit.mass_update(rng, open_leads, mass_update_of_leads(history), count * 2 // 5, user=True)
    account = np.where(contact >= 0, contacts.account[contact], NOBODY)
    return LeadPlan(person, master, restored, contact, account, np.full(count, NOBODY), at, audit)


def _opportunities(
    rng: np.random.Generator,
    sizes: Sizes,
    history: History,
    parents: Rows,
    account_created: Moments,
    leads: LeadPlan,
    contacts: ContactPlan,
) -> OpportunityPlan:
    """Six of ten converted leads opened an opportunity (noted on `leads`); the others are the accounts' own."""
    count = sizes.opportunities
    from_leads = np.flatnonzero((leads.contact >= 0) & (rng.random(leads.contact.size) < 0.6))[: count // 2]
    ongoing = count - from_leads.size
    account = np.concatenate([leads.account[from_leads], rng.permutation(parents)[skewed(rng, parents.size, ongoing)]])
    created = history.draw(rng, count)
    created[: from_leads.size] = leads.converted_at[from_leads]
    contact = np.concatenate([leads.contact[from_leads], any_contact(rng, account[from_leads.size :], contacts)])
    begun = np.where(contact >= 0, contacts.audit.created[contact], created)
    created = np.maximum(np.maximum(created, begun), account_created[account])
    order = np.argsort(created, kind="stable")
    row = np.empty(count, dtype=np.int64)
    row[order] = np.arange(count)
    leads.opportunity[from_leads] = row[: from_leads.size]
    audit = Audit.of(rng, history, created[order])
    free = np.setdiff1d(np.arange(count), leads.opportunity)
    _delete_and_restore(rng, history, audit, free)
    return OpportunityPlan(account[order], contact[order], audit)


def any_contact(rng: np.random.Generator, account: Rows, contacts: ContactPlan) -> Rows:
    """For each account, one of its living contacts at random; NOBODY where it has none."""
    living = np.flatnonzero(~contacts.audit.deleted & (contacts.account >= 0))
    by_account = living[np.argsort(contacts.account[living], kind="stable")]
    owners = contacts.account[by_account]
    first, after = np.searchsorted(owners, account), np.searchsorted(owners, account, side="right")
    chosen = first + np.floor(rng.random(account.size) * (after - first)).astype(np.int64)
    return np.where(after > first, by_account[np.minimum(chosen, by_account.size - 1)], NOBODY)


def _delete_and_restore(rng: np.random.Generator, history: History, audit: Audit, free: Rows) -> Flags:
    """Of a hundred `free` rows two are deleted; one more was deleted and restored, and that one is flagged."""
    chosen = rng.choice(free, size=min(free.size, max(4, free.size * 3 // 100)), replace=False)
    restored, gone = np.split(chosen, [max(1, chosen.size // 3)])
    audit.delete(gone, history.between(rng, audit.modstamp[gone]))
    audit.touch(restored, history.between(rng, audit.modstamp[restored]))
    told = np.zeros(audit.created.size, dtype=bool)
    told[restored] = True
    return told


def _companies_of_people(rng: np.random.Generator, sizes: Sizes, contacts: ContactPlan, leads: LeadPlan) -> Rows:
    """A contact works at its account; a lead's person at an account (one of three) or at a company not yet known."""
    count = int(max(contacts.person.max(), leads.person.max())) + 1
    strangers = sizes.accounts + skewed(rng, sizes.accounts * 3, count)
    company = np.where(rng.random(count) < 0.35, skewed(rng, sizes.accounts, count), strangers)
    at_account = np.flatnonzero(contacts.account >= 0)
    company[contacts.person[at_account]] = contacts.account[at_account]
    return company
