"""The seeded org holds together: what refers to what, what happened when, and every oddity it promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.access.records import give_profiles
from sf_elt.demo_org.history import parent_field
from sf_elt.demo_org.ids import id_at
from sf_elt.demo_org.saving.cells import cell
from sf_elt.demo_org.saving.derive import refresh
from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.seeding import seed_org, seed_tables
from sf_elt.demo_org.seeding.oddities import ODDITIES
from sf_elt.demo_org.seeding.record_ids import record_ids
from sf_elt.demo_org.store import Store, table
from sf_elt_tests.examples import some

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21)
FIRST_DAY = MIDNIGHT - timedelta(days=730)


@pytest.fixture(scope="module")
def org() -> Iterator[Store]:
    """An org of the default size, whose users have been given their profiles as in a new org."""
    with Store(load_schema()) as store:
        seed_org(store, seed=7, records=5_000, now=NOW)
        give_profiles(store, NOW - timedelta(days=1))
        yield store


def ask(store: Store, statement: str) -> list[tuple]:
    with store.reading() as connection:
        return connection.execute(statement).fetchall()


def one(store: Store, statement: str) -> object:
    ((value,),) = ask(store, statement)
    return value


def tables_of(**changes: object) -> dict[str, pa.Table]:
    return dict(seed_tables(**({"seed": 7, "records": 200, "now": NOW} | changes)))


def unresolved(store: Store) -> list[str]:
    """Every reference that points at no record, with how many there are."""
    found = []
    for object_type in store.schema.objects:
        for field in object_type.stored_fields:
            if field.type == "reference":
                known = " UNION ALL ".join(f'SELECT "Id" FROM {table(t)}' for t in field.to if store.schema.object(t))
                name = f'"{field.name}"'
                if lost := one(
                    store, f"SELECT count({name}) FROM {table(object_type.name)} WHERE {name} NOT IN ({known})"
                ):
                    found.append(f"{object_type.name}.{field.name}: {lost}")
    return found


def test_sizes_are_in_proportion(org: Store) -> None:
    """The default size is what the documentation says."""
    wanted = {"Account": 250, "Contact": 2_000, "Lead": 3_000, "Opportunity": 900, "Subscription__c": 300}
    assert {name: org.count(name) for name in wanted} == wanted
    for name in ("OpportunityContactRole", "AccountContactRelation", "CampaignMember", "Task"):
        assert org.count(name) > 1_000


def test_each_promised_oddity_is_there(org: Store) -> None:
    """The condition that the list of oddities gives finds at least as many rows as it promises."""
    found = {
        oddity: one(org, f"SELECT count(*) FROM {table(oddity.object)} WHERE {oddity.condition}") for oddity in ODDITIES
    }
    assert {oddity.name: count for oddity, count in found.items() if count < oddity.least} == {}


def test_a_shared_mailbox_is_shared(org: Store) -> None:
    """At least five mailboxes belong to three people or more each."""
    shared = one(
        org,
        """
        SELECT count(*) FROM (
            SELECT lower(Email) FROM records.Contact WHERE regexp_matches(lower(Email), '^(info|sales)@')
            GROUP BY ALL HAVING count(DISTINCT (FirstName, LastName)) >= 3
        )
        """,
    )
    assert shared >= 5


def test_no_reference_dangles(org: Store) -> None:
    """Every reference of every object points at a record of an object it may point at."""
    assert unresolved(org) == []


@pytest.mark.soak
@given(seed=st.integers(0, 2**32), records=st.integers(50, 700))
@settings(max_examples=some(3), deadline=None)
def test_any_seed_and_size_gives_a_whole_org(seed: int, records: int) -> None:
    """Small and odd sizes too have no dangling reference, unique Ids and people in every object."""
    with Store(load_schema()) as store:
        seed_org(store, seed=seed, records=records, now=NOW)
        assert unresolved(store) == []
        assert store.count("Lead") + store.count("Contact") == records
        for object_type in store.schema.objects:
            assert one(store, f'SELECT count(*) - count(DISTINCT "Id") FROM {table(object_type.name)}') == 0


def test_moments_are_in_order_and_in_the_past(org: Store) -> None:
    """CreatedDate ≤ LastModifiedDate ≤ SystemModstamp, in whole seconds, within the two years before midnight.

    History, which has CreatedDate alone, lies between a record's beginning and its last change.
    """
    for object_type in org.schema.objects:
        if object_type.history_of:
            parent = f'"{parent_field(object_type).name}"'
            outside = f"""
                SELECT count(*) FROM {table(object_type.name)} AS change
                JOIN {table(object_type.history_of)} AS record ON record.Id = change.{parent}
                WHERE change.CreatedDate NOT BETWEEN record.CreatedDate AND record.LastModifiedDate
            """
            assert one(org, outside) == 0, object_type.name
            continue
        wrong = one(
            org,
            f"""
            SELECT count(*) FROM {table(object_type.name)}
            WHERE NOT (CreatedDate <= LastModifiedDate AND LastModifiedDate <= SystemModstamp)
                OR SystemModstamp < '{FIRST_DAY}' OR SystemModstamp >= '{MIDNIGHT}'
                OR (CreatedDate < '{FIRST_DAY}' AND CreatedDate >= '2000-01-01')
                OR microsecond(SystemModstamp) % 1000000 <> 0
            """,
        )
        assert wrong == 0, object_type.name


def test_nothing_else_lies_in_the_future(org: Store) -> None:
    """Only what is planned may: close dates of open opportunities, due dates of open tasks, campaigns' dates."""
    planned = {
        "Opportunity.CloseDate": "StageName LIKE 'Closed%'",
        "Task.ActivityDate": "Status = 'Completed'",
        "Campaign.StartDate": "false",
        "Campaign.EndDate": "false",
        "Event.StartDateTime": "false",
        "Event.EndDateTime": "false",
    }
    for object_type in org.schema.objects:
        for field in object_type.stored_fields:
            if field.type in ("date", "datetime"):
                only = planned.get(f"{object_type.name}.{field.name}", "true")
                statement = f'SELECT max("{field.name}")::DATE FROM {table(object_type.name)} WHERE {only}'
                latest = one(org, statement)
                assert latest is None or latest < date(2026, 11, 21), f"{object_type.name}.{field.name}"


def test_the_work_grows_and_rests_at_weekends(org: Store) -> None:
    """The second year has more new leads than the first, a weekday more than a weekend day, noon more than night."""
    second, first = ask(org, "SELECT count(*) FROM records.Lead GROUP BY CreatedDate >= '2025-11-21' ORDER BY 1 DESC")
    assert second[0] > first[0] * 1.3
    assert one(org, "SELECT count(*) FROM records.Lead WHERE dayofweek(CreatedDate) IN (0, 6)") < 3_000 / 7
    noon, night = (
        one(org, f"SELECT count(*) FROM records.Lead WHERE hour(CreatedDate) BETWEEN {hours}")
        for hours in ("8 AND 15", "0 AND 5")
    )
    assert noon > night * 5


def test_every_value_is_one_that_the_org_would_save(org: Store) -> None:
    """Lengths, picklists, formats, number ranges: each value, sent to the org, comes out as it is; emails in small."""
    for object_type in org.schema.objects:
        for field in object_type.stored_fields:
            name = f'"{field.name}"'
            shown = f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ')" if field.type == "datetime" else name
            shown = f"{name}::VARCHAR" if field.type == "date" else shown
            for kept, sent in ask(org, f"SELECT DISTINCT {name}, {shown} FROM {table(object_type.name)}"):
                saved = kept.lower() if field.type == "email" and kept else kept
                assert cell(field, sent) == saved, f"{object_type.name}.{field.name}"
                assert kept is not None or not field.required, f"{object_type.name}.{field.name}"
                if field.type == "picklist" and field.picklist and kept is not None:
                    assert kept in field.picklist, f"{object_type.name}.{field.name}"


def test_unique_fields_are_unique(org: Store) -> None:
    """External ids belong to one record each."""
    for object_type in org.schema.objects:
        for field in (each for each in object_type.stored_fields if each.unique):
            column = f'lower("{field.name}")'
            assert one(org, f"SELECT count({column}) - count(DISTINCT {column}) FROM {table(object_type.name)}") == 0


def test_a_converted_lead_is_the_person_it_became(org: Store) -> None:
    """The contact has the lead's name, is of the account it was converted to, and was there on that day."""
    wrong = one(
        org,
        """
        SELECT count(*) FROM records.Lead AS lead
        LEFT JOIN records.Contact AS contact ON contact.Id = lead.ConvertedContactId
        LEFT JOIN records.Opportunity AS deal ON deal.Id = lead.ConvertedOpportunityId
        WHERE lead.IsConverted AND (
            contact.AccountId IS DISTINCT FROM lead.ConvertedAccountId
            OR deal.AccountId <> lead.ConvertedAccountId
            OR deal.ContactId <> lead.ConvertedContactId
            OR contact.CreatedDate::DATE <> lead.ConvertedDate
            OR lead.Status <> 'Closed - Converted'
            OR lead.CreatedDate::DATE > lead.ConvertedDate
        )
        """,
    )
    assert wrong == 0
    same_name, converted = ask(
        org,
        """
        SELECT count(*) FILTER (lead.LastName = contact.LastName), count(*)
        FROM records.Lead AS lead JOIN records.Contact AS contact ON contact.Id = lead.ConvertedContactId
        """,
    )[0]
    assert same_name >= converted - 20  # the others have one of the odd surnames


def test_a_merge_has_a_living_winner(org: Store) -> None:
    """The master of a merged record is alive, older, and was saved with the merge or later."""
    for name in ("Account", "Contact", "Lead"):
        wrong = one(
            org,
            f"""
            SELECT count(*) FROM {table(name)} AS loser JOIN {table(name)} AS winner ON winner.Id = loser.MasterRecordId
            WHERE NOT loser.IsDeleted OR winner.IsDeleted OR winner.LastModifiedDate < loser.LastModifiedDate
                OR winner.CreatedDate > loser.CreatedDate
            """,
        )
        assert wrong == 0, name


def test_an_opportunity_has_one_primary_contact(org: Store) -> None:
    """Whoever is its ContactId is its one primary role, and all roles are of its account's contacts."""
    wrong = one(
        org,
        """
        SELECT count(*) FROM (
            SELECT deal.ContactId, list(role.ContactId) FILTER (role.IsPrimary) AS primaries
            FROM records.Opportunity AS deal
            LEFT JOIN records.OpportunityContactRole AS role ON role.OpportunityId = deal.Id
            GROUP BY deal.Id, deal.ContactId
        ) WHERE primaries IS DISTINCT FROM CASE WHEN ContactId IS NOT NULL THEN [ContactId] END
        """,
    )
    strangers = one(
        org,
        """
        SELECT count(*) FROM records.OpportunityContactRole AS role
        JOIN records.Opportunity AS deal ON deal.Id = role.OpportunityId
        JOIN records.Contact AS contact ON contact.Id = role.ContactId
        WHERE contact.AccountId IS DISTINCT FROM deal.AccountId
        """,
    )
    assert (wrong, strangers) == (0, 0)


def test_a_campaign_member_is_a_lead_or_a_contact(org: Store) -> None:
    """Never both, never neither, and nobody twice in one campaign."""
    assert one(org, "SELECT count(*) FROM records.CampaignMember WHERE (LeadId IS NULL) = (ContactId IS NULL)") == 0
    twice = "SELECT count(*) - count(DISTINCT (CampaignId, coalesce(LeadId, ContactId))) FROM records.CampaignMember"
    assert one(org, twice) == 0


@pytest.mark.parametrize(
    ("child", "parent", "columns"),
    [
        ("CampaignMember", "Campaign", "NumberOfLeads, NumberOfConvertedLeads, NumberOfContacts, NumberOfResponses"),
        ("Task", "Opportunity", "HasOpenActivity, HasOverdueTask"),
        ("OpportunityContactRole", "Opportunity", "ContactId"),
    ],
)
def test_parents_say_what_the_org_would_say(org: Store, child: str, parent: str, columns: str) -> None:
    """Recomputing a parent's counts and flags as the org does after a save changes nothing."""
    statement = f'SELECT "Id", {columns} FROM {table(parent)} ORDER BY 1'
    living = [row[0] for row in ask(org, f'SELECT "Id" FROM {table(parent)} WHERE NOT "IsDeleted"')]
    living_before = [row for row in ask(org, statement) if row[0] in set(living)]
    with org.writing() as write:
        write = type(write)(write.connection, MIDNIGHT)
        refresh(write, org.schema.require(child), living)
    assert [row for row in ask(org, statement) if row[0] in set(living)] == living_before


def test_an_hour_later_gives_the_same_rows() -> None:
    """Seed, records and the day of `now` decide every value."""
    assert tables_of() == tables_of(now=NOW + timedelta(hours=8))


def test_more_contacts_change_no_other_number() -> None:
    """An org that is asked for more contacts has as many, whole, and of everything but their relations no more."""
    sizes = {name: len(rows) for name, rows in tables_of().items()}
    with Store(load_schema()) as store:
        seed_org(store, seed=7, records=200, contacts=1_000, now=NOW)
        assert unresolved(store) == []
        found = {name: store.count(name) for name in sizes}
    of_contacts = {"Contact", "AccountContactRelation", "OpportunityContactRole", "CampaignMember"}
    assert found["Contact"] == 1_000
    assert {n: c for n, c in found.items() if n not in of_contacts} == {
        n: c for n, c in sizes.items() if n not in of_contacts
    }


def test_another_seed_gives_other_people() -> None:
    """Few emails of one seed appear in another."""
    ours, theirs = (set(tables_of(seed=seed)["Lead"]["Email"].to_pylist()) for seed in (7, 8))
    assert len(ours & theirs) < 10


def test_another_day_keeps_the_people() -> None:
    """An org seeded last week is about the people of today's."""

    def people(now: datetime) -> set[tuple[str, str]]:
        rows = tables_of(now=now)
        return {
            (email.lower(), name)
            for object_name in ("Lead", "Contact")
            for email, name in rows[object_name].select(["Email", "LastName"]).to_pandas().itertuples(index=False)
            if isinstance(email, str)
        }

    today, last_week = people(NOW), people(NOW - timedelta(days=7))
    assert len(today & last_week) > len(today) * 0.75


@given(prefix=st.sampled_from(["001", "00Q", "a0A"]), first=st.integers(0, 62**6), count=st.integers(1, 50))
@settings(max_examples=30, deadline=None)
def test_whole_columns_of_ids_are_the_orgs_ids(prefix: str, first: int, count: int) -> None:
    """They equal the Ids that the org gives one at a time."""
    assert record_ids(prefix, count, first).to_pylist() == [id_at(prefix, n) for n in range(first, first + count)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"records": 49}, "at least 50"),
        ({"contacts": 79}, "80 at least"),
        ({"seed": -1}, "negative"),
        ({"now": datetime(2026, 11, 21)}, "time zone"),
    ],
)
def test_what_cannot_be_seeded_is_refused(changes: dict[str, object], message: str) -> None:
    """Too few records, a negative seed and a time without zone each have their own words."""
    with pytest.raises(ValueError, match=message):
        tables_of(**changes)
