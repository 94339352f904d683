"""The demo org's data, made from a seed: what a real org of two years holds, oddities included.

    store = Store(load_schema())
    seed_org(store, seed=7, records=5_000, now=datetime.now(UTC))

`records` is the number of leads plus contacts (at least 50); the other objects follow in proportion: 5,000 give 250
accounts, 2,000 contacts, 3,000 leads and 900 opportunities. The same seed, records and day of `now` give the same
rows. `contacts` asks for more of them than that, and leaves all else in proportion to `records`: an org of millions to
read, in little time. The history ends at the midnight (UTC) before `now` and begins two years earlier: all of
CreatedDate, LastModifiedDate and SystemModstamp lie in it, in this order (one account's CreatedDate, of 1999, is
older).
What is strange in the data, and where, is listed in `oddities.ODDITIES`.
`events.write_events` writes the web events of the same people.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa

from sf_elt.demo_org.calculated import refresh_all
from sf_elt.demo_org.new_org import first_records
from sf_elt.demo_org.seeding.accounts import accounts
from sf_elt.demo_org.seeding.activity import plan_tasks, tasks
from sf_elt.demo_org.seeding.campaigns import campaign_members, campaigns, member_statuses, plan_campaigns
from sf_elt.demo_org.seeding.cases import case_comments, cases
from sf_elt.demo_org.seeding.common import INTEGRATION_USER
from sf_elt.demo_org.seeding.contacts import account_contact_relations
from sf_elt.demo_org.seeding.contacts import contacts as contact_rows
from sf_elt.demo_org.seeding.field_history import field_history
from sf_elt.demo_org.seeding.leads import leads
from sf_elt.demo_org.seeding.meetings import meetings
from sf_elt.demo_org.seeding.opportunities import contact_roles, opportunities
from sf_elt.demo_org.seeding.plan import plan_org
from sf_elt.demo_org.seeding.reference_data import (
    USERNAME,
    all_ids,
    currency_types,
    organization,
    record_types,
    users,
)
from sf_elt.demo_org.seeding.subscriptions import subscriptions
from sf_elt.demo_org.store import Store

__all__ = ["USERNAME", "seed_org", "seed_tables"]


def seed_org(store: Store, *, seed: int, records: int, now: datetime, contacts: int | None = None) -> None:
    """Fills an empty store. Raises `ValueError` for fewer than 50 records, a negative seed or a naive `now`."""
    for object_name, table in seed_tables(seed=seed, records=records, now=now, contacts=contacts):
        store.load(object_name, table)
    for object_name, table in field_history(store):
        store.load(object_name, table)
    with store.writing() as write:
        refresh_all(write.connection, store.schema)


def seed_tables(
    *, seed: int, records: int, now: datetime, contacts: int | None = None
) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each object, one object at a time so that a large org needs little memory."""
    plan = plan_org(seed=seed, records=records, now=now, contacts=contacts)
    ids = all_ids(plan)
    yield "Organization", pa.table(organization(plan, ids))
    yield "User", pa.table(users(plan, ids))
    yield "RecordType", pa.table(record_types(plan, ids))
    yield from first_records(ids.users[INTEGRATION_USER].as_py(), datetime.fromtimestamp(plan.history.start, UTC))
    yield "CurrencyType", pa.table(currency_types(plan, ids))
    yield "Account", pa.table(accounts(plan, ids))
    yield "Contact", pa.table(contact_rows(plan, ids))
    yield "AccountContactRelation", pa.table(account_contact_relations(plan, ids))
    yield "Lead", pa.table(leads(plan, ids))
    task_plan, campaign_plan = plan_tasks(plan), plan_campaigns(plan)
    deals = opportunities(plan, task_plan, campaign_plan, ids)
    of_campaigns = campaigns(plan, campaign_plan, deals, ids)
    yield "Campaign", pa.table(of_campaigns)
    yield "CampaignMemberStatus", pa.table(member_statuses(of_campaigns))
    yield "Opportunity", pa.table(deals)
    yield "OpportunityContactRole", pa.table(contact_roles(plan, ids))
    yield "CampaignMember", pa.table(campaign_members(plan, campaign_plan, ids))
    yield "Task", pa.table(tasks(plan, task_plan, ids))
    yield "Subscription__c", pa.table(subscriptions(plan, ids))
    asked = cases(plan, ids)
    yield "Case", pa.table(asked)
    yield "CaseComment", pa.table(case_comments(plan, asked, ids))
    yield "Event", pa.table(meetings(plan, ids))
