"""What saving one record does to others, and how references are given and held."""

from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from sf_elt_tests.demo_org.bench import PERSON, Bench

NOON = datetime(2026, 5, 1, 12)


@pytest.mark.parametrize(
    "given",
    [
        {"ReportsTo": {"External_Id__c": "a1"}},
        {"ReportsTo.External_Id__c": "A1"},
        {"reportsto": {"external_id__C": "A1"}},
    ],
)
def test_a_parent_is_named_by_its_external_id(bench: Bench, given: dict[str, Any]) -> None:
    """Nested as in JSON or dotted as in a CSV header; letter case does not matter; null clears."""
    boss = bench.new("Contact", LastName="Boss", External_Id__c="A1")
    contact = bench.new("Contact", LastName="A", **given)
    assert bench.values(contact, "ReportsToId") == (boss,)
    bench.save("update", "Contact", {"Id": contact, "ReportsTo": None})
    assert bench.values(contact, "ReportsToId") == (None,)
    subscription = bench.new("Subscription__c", Contact__r={"External_Id__c": "A1"})
    assert bench.values(subscription, "Contact__c") == (boss,)


def test_a_polymorphic_parent_says_its_type(bench: Bench) -> None:
    """In its attributes, or before the colon of a CSV header."""
    bench.store.load("User", pa.table({"Id": bench.store.next_ids("User", 1), "Username": ["u@x"], "IsActive": [True]}))
    for given in (
        {"Owner": {"attributes": {"type": "User"}, "Username": "U@x"}},
        {"User:Owner.Username": "u@x"},
    ):
        lead = bench.new("Lead", **PERSON, **given)
        assert bench.values(lead, "OwnerId") != (bench.user,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"ReportsTo": {"External_Id__c": "X"}},
            "Foreign key external ID: X not found for field External_Id__c in entity Contact",
        ),
        (
            {"ReportsTo": {"LastName": "Boss", "External_Id__c": "A1"}},
            "More than 1 field provided in an external foreign key reference in entity: ReportsTo",
        ),
        (
            {"ReportsTo": {"External_Id__c": "A1"}, "ReportsToId": "003000000000001AAA"},
            "Cannot specify both an external ID reference ReportsTo and a salesforce id, ReportsToId",
        ),
        (
            {"ReportsTo": {"Title": "CEO"}},
            "Field name provided, Title does not match an External ID, Salesforce Id, or indexed field for Contact",
        ),
        ({"ReportsTo": {"Nix": "A1"}}, "No such column 'Nix' on sobject of type Contact"),
    ],
)
def test_a_parent_that_cannot_be_found_is_refused(bench: Bench, given: dict[str, Any], message: str) -> None:
    """INVALID_FIELD in Salesforce's words."""
    bench.new("Contact", LastName="Boss", External_Id__c="A1")
    assert bench.error("insert", "Contact", LastName="A", **given)[:2] == ("INVALID_FIELD", message)


def test_an_inactive_user_owns_nothing_new(bench: Bench) -> None:
    """Neither a new record nor one that changes hands; what it has it keeps."""
    [gone] = bench.store.next_ids("User", 1)
    bench.store.load("User", pa.table({"Id": [gone], "LastName": ["Gone"], "IsActive": [False]}))
    message = f"operation performed with inactive user [{gone[:15]}] as owner of lead"
    assert bench.error("insert", "Lead", OwnerId=gone, **PERSON) == ("INACTIVE_OWNER_OR_USER", message, ("OwnerId",))
    [kept] = bench.store.next_ids("Lead", 1)
    bench.store.load("Lead", pa.table({"Id": [kept], "OwnerId": [gone]}))
    [outcome] = bench.save("update", "Lead", {"Id": kept, "Title": "x", "OwnerId": gone})
    assert outcome.success


def test_formulas_and_roll_ups_follow_without_moving_timestamps(bench: Bench) -> None:
    """An account's won amount and a contact's formula over its account, as children come, move, go and come back."""
    account, other = (bench.new("Account", Name=name, Rating="Hot") for name in "AB")
    contact = bench.new("Contact", LastName="A", AccountId=account)
    bench.now += timedelta(minutes=5)
    deal = bench.new(
        "Opportunity", Name="D", StageName="Closed Won", CloseDate="2026-08-15", Amount=100, AccountId=account
    )
    assert bench.values(account, "Won_Amount__c", "SystemModstamp") == (100.0, NOON)
    bench.save("update", "Opportunity", {"Id": deal, "AccountId": other})
    assert (bench.values(account, "Won_Amount__c"), bench.values(other, "Won_Amount__c")) == ((0.0,), (100.0,))
    bench.save("delete", "Opportunity", {"Id": deal})
    assert bench.values(other, "Won_Amount__c") == (0.0,)
    bench.save("undelete", "Opportunity", {"Id": deal})
    assert bench.values(other, "Won_Amount__c", "SystemModstamp") == (100.0, NOON)
    bench.save("hardDelete", "Opportunity", {"Id": deal})
    assert bench.values(other, "Won_Amount__c") == (0.0,)
    bench.save("update", "Account", {"Id": account, "Rating": "Cold"})
    assert bench.values(contact, "Account_Rating__c", "SystemModstamp") == ("Cold", NOON)


def test_a_finished_activity_shows_on_whom_and_what_it_was_about(bench: Bench) -> None:
    """LastActivityDate moves without the timestamp; the task knows its account."""
    account = bench.new("Account", Name="Acme")
    contact = bench.new("Contact", LastName="A", AccountId=account)
    bench.now += timedelta(minutes=5)
    task = bench.new("Task", WhoId=contact, ActivityDate="2026-04-30", Status="Completed")
    assert bench.values(contact, "LastActivityDate", "SystemModstamp") == (date(2026, 4, 30), NOON)
    assert bench.values(task, "AccountId") == (account,)


@pytest.mark.parametrize(
    ("object_name", "done", "field"), [("Task", "Completed", "CompletedDateTime"), ("Case", "Closed", "ClosedDate")]
)
def test_work_that_is_done_is_dated(bench: Bench, object_name: str, done: str, field: str) -> None:
    """From the moment that it was done, whatever is changed later, until it is taken up again."""
    record = bench.new(object_name, Subject="Call", Status=done)
    bench.now += timedelta(minutes=5)
    bench.save("update", object_name, {"Id": record, "Status": done, "Subject": "Mail"})
    bench.save("update", object_name, {"Id": record, "Subject": "Fax"})
    assert bench.values(record, field, "Subject") == (NOON, "Fax")
    bench.save("update", object_name, {"Id": record, "Status": "Working"})
    assert bench.values(record, field) == (None,)


def test_a_campaign_counts_its_opportunities(bench: Bench) -> None:
    """All and won ones, with their amounts; the first answer of a member is dated."""
    campaign = bench.new("Campaign", Name="C")
    deal = {"CloseDate": "2026-08-15", "CampaignId": campaign}
    won = bench.new("Opportunity", Name="A", StageName="Closed Won", Amount=100, **deal)
    bench.new("Opportunity", Name="B", StageName="Prospecting", Amount=50, **deal)
    names = ("NumberOfOpportunities", "NumberOfWonOpportunities", "AmountAllOpportunities", "AmountWonOpportunities")
    assert bench.values(campaign, *names) == (2, 1, 150.0, 100.0)
    bench.save("update", "Opportunity", {"Id": won, "CampaignId": None})
    assert bench.values(campaign, *names) == (1, 0, 50.0, 0.0)
    member = bench.new("CampaignMember", CampaignId=campaign, LeadId=bench.new("Lead", **PERSON), Status="Responded")
    assert bench.values(member, "FirstRespondedDate") == (date(2026, 5, 1),)


def test_what_others_need_cannot_be_deleted(bench: Bench) -> None:
    """Won opportunities and cases keep their account; the message names them."""
    account = bench.new("Account", Name="Acme")
    won = bench.new("Opportunity", Name="Big", StageName="Closed Won", CloseDate="2026-08-15", AccountId=account)
    assert bench.error("delete", "Account", Id=account)[:2] == (
        "DELETE_FAILED",
        "Your attempt to delete Acme could not be completed because some opportunities in that account were closed "
        "won.: Big\n",
    )
    bench.save("delete", "Opportunity", {"Id": won})
    case = bench.new("Case", Subject="Help", AccountId=account)
    number = bench.values(case, "CaseNumber")
    assert number is not None
    assert bench.error("delete", "Account", Id=account)[1] == (
        "Your attempt to delete Acme could not be completed because it is associated with the following cases.: "
        f"{number[0]}\n"
    )
    assert bench.values(account, "IsDeleted") == (False,)


def test_a_person_is_in_a_campaign_once(bench: Bench) -> None:
    """A second membership is refused, in the org as in the batch; one that was deleted gives its place free."""
    campaign, lead = bench.new("Campaign", Name="C"), bench.new("Lead", **PERSON)
    member = {"CampaignId": campaign, "LeadId": lead}
    first, second = bench.save("insert", "CampaignMember", member, member)
    assert (first.success, second.errors[0].message) == (True, "Already a campaign member.")
    assert bench.error("insert", "CampaignMember", **member)[0] == "DUPLICATE_VALUE"
    assert bench.error("insert", "CampaignMember", CampaignId=campaign)[0] == "FIELD_INTEGRITY_EXCEPTION"
    bench.save("delete", "CampaignMember", {"Id": first.id})
    bench.new("CampaignMember", **member)


def test_what_a_case_says_in_comments_becomes_one(bench: Bench) -> None:
    """A new case and a changed one get an unpublished comment each; Comments itself stays empty."""
    case = bench.new("Case", Subject="Broken", Comments="Called back")
    bench.save("update", "Case", {"Id": case, "Comments": "Called again"})
    bench.save("update", "Case", {"Id": case, "Subject": "Mended"})
    with bench.store.reading() as connection:
        found = connection.sql(
            'SELECT "ParentId", "CommentBody", "IsPublished" FROM records."CaseComment" ORDER BY "Id"'
        )
        assert found.fetchall() == [(case, "Called back", False), (case, "Called again", False)]
    assert bench.values(case, "Comments", "Subject") == (None, "Mended")


def test_a_new_event_is_of_its_only_subtype(bench: Bench) -> None:
    """Though describe calls it no default."""
    assert bench.values(bench.new("Event", ActivityDate="2026-03-01", IsAllDayEvent=True), "EventSubtype") == ("Event",)


def test_a_record_is_not_its_own_parent(bench: Bench) -> None:
    """CIRCULAR_DEPENDENCY."""
    account = bench.new("Account", Name="Acme")
    assert bench.error("update", "Account", Id=account, ParentId=account)[:2] == (
        "CIRCULAR_DEPENDENCY", "attempt to violate hierarchy constraints",
    )  # fmt: skip


def test_a_value_that_was_taken_meanwhile_keeps_its_record_deleted(bench: Bench) -> None:
    """An external id is held once, whichever way a record comes."""
    old = bench.new("Lead", External_Id__c="K", **PERSON)
    bench.save("delete", "Lead", {"Id": old})
    bench.new("Lead", External_Id__c="k", **PERSON)
    assert bench.error("undelete", "Lead", Id=old)[0] == "DUPLICATE_VALUE"


def test_a_member_has_a_status_of_its_campaign(bench: Bench) -> None:
    """Another one becomes the default without a word; who has responded follows from the status."""
    campaign, other = bench.new("Campaign", Name="C"), bench.new("Campaign", Name="D")
    bench.new("CampaignMemberStatus", CampaignId=other, Label="Registered", HasResponded=True)
    lead = bench.new("Lead", **PERSON)
    member, elsewhere = (
        bench.new("CampaignMember", CampaignId=each, LeadId=lead, Status="registered") for each in (campaign, other)
    )
    assert bench.values(member, "Status", "HasResponded", "FirstRespondedDate") == ("Sent", False, None)
    assert bench.values(elsewhere, "Status", "HasResponded") == ("Registered", True)
    bench.save(
        "update", "CampaignMember", {"Id": member, "Status": "RESPONDED"}, {"Id": elsewhere, "Status": "Bounced"}
    )
    assert bench.values(member, "Status", "HasResponded") == ("Responded", True)
    assert bench.values(elsewhere, "Status", "HasResponded") == ("Sent", False)
    assert bench.values(campaign, "NumberOfResponses") == (1,)


def test_a_campaign_has_one_default_status(bench: Bench) -> None:
    """A new default takes the place of the old; neither it nor one that members have can be deleted."""
    campaign = bench.new("Campaign", Name="C")
    invited, opened = (
        bench.new("CampaignMemberStatus", CampaignId=campaign, Label=label, IsDefault=True)
        for label in ("Invited", "Opened")
    )
    member = bench.new("CampaignMember", CampaignId=campaign, LeadId=bench.new("Lead", **PERSON))
    assert bench.values(member, "Status") == ("Opened",)
    bench.save("update", "CampaignMemberStatus", {"Id": invited, "IsDefault": True})
    for status in (invited, opened):
        assert bench.error("delete", "CampaignMemberStatus", Id=status)[0] == "DELETE_FAILED"
    bench.save("delete", "CampaignMember", {"Id": member})
    [gone] = bench.save("delete", "CampaignMemberStatus", {"Id": opened})
    assert gone.success
