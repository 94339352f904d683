"""Saving records: what is refused and how, what follows from what, what a batch leaves behind."""

from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.saving import save_mixed
from sf_elt_tests.demo_org.bench import PERSON, Bench


def test_an_insert_fills_in_what_the_record_does_not_say(bench: Bench) -> None:
    """Owner, defaults, audit fields and computed fields of a new record."""
    lead = bench.new("Lead", FirstName="Ada", **PERSON)
    assert bench.values(lead, "Name", "Status", "OwnerId", "CreatedById", "IsConverted", "CurrencyIsoCode") == (
        "Ada Lovelace", "Open - Not Contacted", bench.user, bench.user, False, "USD",
    )  # fmt: skip
    assert bench.values(lead, "CreatedDate", "LastModifiedDate", "SystemModstamp") == (datetime(2026, 5, 1, 12),) * 3


def test_an_update_touches_what_it_names_and_nothing_else(bench: Bench) -> None:
    """Rows of one batch name different fields; null clears, absent stays, the timestamp moves even without a change."""
    first = bench.new("Lead", Title="CEO", Email="a@x.org", **PERSON)
    second = bench.new("Lead", Title="CTO", Email="b@x.org", **PERSON)
    third = bench.new("Lead", Title="COO", **PERSON)
    bench.now += timedelta(minutes=5)
    outcomes = bench.save(
        "update", "Lead", {"Id": first[:15], "Title": None}, {"Id": second, "EMAIL": "c@x.org"}, {"Id": third}
    )
    assert [(outcome.id, outcome.success, outcome.created) for outcome in outcomes] == [
        (first, True, False), (second, True, False), (third, True, False),
    ]  # fmt: skip
    moved = datetime(2026, 5, 1, 12, 5)
    names = ("Title", "Email", "SystemModstamp", "CreatedDate")
    assert bench.values(first, *names) == (None, "a@x.org", moved, datetime(2026, 5, 1, 12))
    assert bench.values(second, *names) == ("CTO", "c@x.org", moved, datetime(2026, 5, 1, 12))
    assert bench.values(third, *names) == ("COO", None, moved, datetime(2026, 5, 1, 12))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Company": "X"}, ("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ("LastName",))),
        (
            {"LastName": "x" * 81},
            ("STRING_TOO_LONG", f"Last Name: data value too large: {'x' * 81} (max length=80)", ("LastName",)),
        ),
        (
            {"CountryCode": "XX"},
            (
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                "Country Code: bad value for restricted picklist field: XX",
                ("CountryCode",),
            ),
        ),
        (
            {"Interests__c": "Data;Nonsense"},
            (
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                "Interests: bad value for restricted picklist field: Nonsense",
                ("Interests__c",),
            ),
        ),
        ({"Email": "nobody"}, ("INVALID_EMAIL_ADDRESS", "Email: invalid email address: nobody", ("Email",))),
        ({"Foo__c": 1}, ("INVALID_FIELD", "No such column 'Foo__c' on sobject of type Lead", ())),
        (
            {"Id": "00Q000000000001"},
            ("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",)),
        ),
        ({"OwnerId": "nonsense"}, ("MALFORMED_ID", "Owner ID: id value of incorrect type: nonsense", ("OwnerId",))),
        (
            {"OwnerId": "005000000000001AAA"},
            ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ("OwnerId",)),
        ),
        (
            {"OwnerId": "001000000000001AAA"},
            (
                "FIELD_INTEGRITY_EXCEPTION",
                "Owner ID: id value of incorrect type: 001000000000001AAA",
                ("OwnerId",),
            ),
        ),
        (
            {"NumberOfEmployees": "many"},
            (
                "INVALID_TYPE_ON_FIELD_IN_RECORD",
                "Employees: value not of required type: many",
                ("NumberOfEmployees",),
            ),
        ),
        (
            {"NumberOfEmployees": 123_456_789},
            (
                "NUMBER_OUTSIDE_VALID_RANGE",
                "Employees: value outside of valid range on numeric field: 123456789",
                ("NumberOfEmployees",),
            ),
        ),
    ],
)
def test_a_record_is_refused_in_salesforces_words(
    bench: Bench, fields: dict[str, Any], expected: tuple[str, str, tuple[str, ...]]
) -> None:
    """One bad field, one error: code, message, field."""
    complete = fields if "Company" in fields else {**PERSON, **fields}
    assert bench.error("insert", "Lead", **complete) == expected
    assert bench.store.count("Lead") == 0


def test_fields_nobody_may_write_are_named(bench: Bench) -> None:
    """Computed, system and create-only fields are refused together, by name."""
    code, message, fields = bench.error("insert", "Lead", **PERSON, Name="x", SystemModstamp="2020-01-01T00:00:00Z")
    assert (code, fields) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ("Name", "SystemModstamp"))
    assert message.startswith("Unable to create/update fields: Name, SystemModstamp. ")
    lead = bench.new("Lead", **PERSON)
    assert bench.error("update", "Lead", Id=lead, IsConverted=True)[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert bench.error("insert", "Lead", **PERSON, EmailBouncedReason="x")[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("LastName", "  Lovelace \n", "Lovelace"),
        ("LastName", "N/A", "N/A"),
        ("LastName", "null", "null"),
        ("LastName", "=1+1", "=1+1"),
        ("LastName", "007", "007"),
        ("Title", "   ", None),
        ("Title", "", None),
        ("Description", " \n ", None),
        ("Description", " two\r\nlines\t\x00 '\" 😀\u2028\n ", "two\r\nlines\t\x00 '\" 😀\u2028"),
        ("LastName", "\u00a0Lovelace\u00a0 ", "\u00a0Lovelace\u00a0"),
        ("Email", " Ada.LOVELACE@Engines.Example", "ada.lovelace@engines.example"),
        ("Phone", "(030) 12-34 ext. 5", "(030) 12-34 ext. 5"),
        ("AnnualRevenue", "1234.5", 1235.0),
        ("AnnualRevenue", -0.4, 0.0),
        ("Score__c", 2.675, 2.68),
        ("NumberOfEmployees", 5.0, 5),
        ("HasOptedOutOfEmail", "TRUE", True),
        ("HasOptedOutOfEmail", None, False),
        ("Interests__c", "email;Data;EMAIL", "Data;Email"),
        ("Industry", "Tinkering", "Tinkering"),
    ],
)
def test_values_are_kept_as_salesforce_keeps_them(bench: Bench, field: str, given: object, kept: object) -> None:
    """Text is trimmed, emails are in lower case, numbers rounded to their scale, picklists use their own spelling."""
    assert bench.values(bench.new("Lead", **{**PERSON, field: given}), field) == (kept,)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-02-03T04:05:06.789Z", datetime(2026, 2, 3, 4, 5, 6)),
        ("2026-02-03T04:05:06.000+0200", datetime(2026, 2, 3, 2, 5, 6)),
        ("2026-02-03T04:05:06-01:30", datetime(2026, 2, 3, 5, 35, 6)),
        ("2026-02-03", datetime(2026, 2, 3)),
    ],
)
def test_datetimes_are_kept_in_utc_and_whole_seconds(bench: Bench, given: str, kept: datetime) -> None:
    """Any offset that Salesforce reads."""
    assert bench.values(bench.new("Subscription__c", Renewed_At__c=given), "Renewed_At__c") == (kept,)


@pytest.mark.parametrize(
    "given",
    [
        "yesterday",
        "2026-13-01",
        "0001-01-01",
        "9999-12-31",
        "03/02/2026",
        "20260203",
        "2026-W05-2",
        "٢٠٢٦-٠٢-٠٣",
        5,
        True,
    ],
)
def test_a_value_that_is_no_date_is_refused(bench: Bench, given: object) -> None:
    """Neither a text that is no date nor a date outside of Salesforce's calendar."""
    code, _, fields = bench.error("insert", "Subscription__c", Started__c=given)
    assert (code, fields) == ("INVALID_TYPE_ON_FIELD_IN_RECORD", ("Started__c",))


@pytest.mark.parametrize(
    "given",
    [
        "2026-W05-2",
        "20260203T040506Z",
        "2026-02-03 04:05:06",
        "2026-02-03T04:05Z",
        "٢٠٢٦-٠٢-٠٣T00:00:00Z",
        "2026-02-03T04:05:06+99:00",
    ],
)
def test_a_value_that_is_no_datetime_is_refused(bench: Bench, given: str) -> None:
    """Only the forms that Salesforce reads, however many Python knows."""
    code, _, fields = bench.error("insert", "Subscription__c", Renewed_At__c=given)
    assert (code, fields) == ("INVALID_TYPE_ON_FIELD_IN_RECORD", ("Renewed_At__c",))


@pytest.mark.parametrize("given", ["many", "1_000", "١", "1,5", "0x1", "NaN", "1e", "--1", True])
def test_a_value_that_is_no_number_is_refused(bench: Bench, given: object) -> None:
    """What Python would read as a number and Salesforce does not."""
    code, _, fields = bench.error("insert", "Lead", **PERSON, Score__c=given)
    assert (code, fields) == ("INVALID_TYPE_ON_FIELD_IN_RECORD", ("Score__c",))


def test_records_that_are_not_there_are_not_updated(bench: Bench) -> None:
    """Unknown, malformed, deleted, converted and repeated Ids each have their own error."""
    gone, again = bench.new("Lead", **PERSON), bench.new("Lead", **PERSON)
    [converted] = bench.store.next_ids("Lead", 1)
    bench.store.load("Lead", pa.table({"Id": [converted], "IsConverted": [True]}))
    bench.save("delete", "Lead", {"Id": gone})
    assert bench.error("update", "Lead", Id="00Q000000000009AAA")[0] == "INVALID_CROSS_REFERENCE_KEY"
    assert bench.error("update", "Lead", Id="00Q")[:2] == ("MALFORMED_ID", "malformed id 00Q")
    assert bench.error("update", "Lead", Title="x")[0] == "MISSING_ARGUMENT"
    assert bench.error("update", "Lead", Id=gone)[:2] == ("ENTITY_IS_DELETED", "entity is deleted")
    assert bench.error("update", "Lead", Id=converted)[0] == "CANNOT_UPDATE_CONVERTED_LEAD"
    first, second = bench.save("update", "Lead", {"Id": again, "Title": "1"}, {"Id": again[:15], "Title": "2"})
    assert (first.success, second.errors[0].message) == (True, f"Duplicate id specified: {again}")
    assert bench.values(again, "Title") == ("1",)
    assert bench.error("update", "Lead", Id=again, LastName=None)[0] == "REQUIRED_FIELD_MISSING"


def test_a_reference_to_a_deleted_record_is_refused(bench: Bench) -> None:
    """A new contact cannot join a deleted account; one that was there keeps it through other changes."""
    account = bench.new("Account", Name="Acme")
    contact = bench.new("Contact", LastName="A", ReportsToId=None)
    bench.save("delete", "Account", {"Id": account})
    assert bench.error("update", "Contact", Id=contact, AccountId=account) == (
        "ENTITY_IS_DELETED", "entity is deleted", ("AccountId",),
    )  # fmt: skip


def test_an_external_id_is_held_once(bench: Bench) -> None:
    """Also in another letter case, also within one batch; a deleted record gives its value free."""
    first = bench.new("Lead", External_Id__c="K1", **PERSON)
    code, message, _ = bench.error("insert", "Lead", External_Id__c="k1", **PERSON)
    assert (code, message) == (
        "DUPLICATE_VALUE",
        f"duplicate value found: External_Id__c duplicates value on record with id: {first[:15]}",
    )
    outcomes = bench.save("insert", "Lead", {**PERSON, "External_Id__c": "K2"}, {**PERSON, "External_Id__c": "k2"})
    assert [outcome.success for outcome in outcomes] == [True, False]
    bench.save("delete", "Lead", {"Id": first})
    bench.new("Lead", External_Id__c="k1", **PERSON)


@pytest.mark.parametrize("key", ["ΓΙΩΡΓΟΣ", "İSTANBUL", "STRASSE ẞ"])
def test_an_external_id_in_any_capitals_is_found_again(bench: Bench, key: str) -> None:
    """Where Python and DuckDB have other lower cases for a letter too; nobody else may have the same."""
    for created in (True, False):
        [outcome] = bench.save("upsert", "Lead", PERSON | {"External_Id__c": key}, external_id_field="External_Id__c")
        assert (outcome.success, outcome.created) == (True, created)
    assert bench.error("insert", "Lead", **PERSON, External_Id__c=key)[0] == "DUPLICATE_VALUE"


def test_upsert_creates_or_updates_by_external_id(bench: Bench) -> None:
    """Each row says which it was; a row without the key and a key given twice are refused."""
    known = bench.new("Lead", External_Id__c="K1", Title="old", **PERSON)
    rows = [
        {"External_Id__c": "k1", "Title": "new"},
        {"External_Id__c": "K2", **PERSON},
        {"Title": "?"},
        {"External_Id__c": "K3", **PERSON},
        {"External_Id__c": "k3", **PERSON},
        {"External_Id__c": "K4", "Title": "a new lead needs a name"},
    ]
    outcomes = bench.save("upsert", "Lead", *rows, external_id_field="external_id__C")
    assert [(outcome.success, outcome.created) for outcome in outcomes[:2]] == [(True, False), (True, True)]
    assert [outcome.errors[0].status_code for outcome in outcomes[2:]] == [
        "MISSING_ARGUMENT", "DUPLICATE_VALUE", "DUPLICATE_VALUE", "REQUIRED_FIELD_MISSING",
    ]  # fmt: skip
    assert bench.values(known, "Title") == ("new",)
    with pytest.raises(OrgError, match="does not exist or is not accessible: Title"):
        bench.save("upsert", "Lead", {}, external_id_field="Title")


def test_an_upsert_key_that_means_several_records_is_refused(bench: Bench) -> None:
    """Email may be an upsert key and is not unique."""
    ids = [bench.new("Lead", Email="twin@x.org", **PERSON) for _ in range(2)]
    [outcome] = bench.save("upsert", "Lead", {"Email": "Twin@x.org", "Title": "x"}, external_id_field="Email")
    assert outcome.errors[0].status_code == "DUPLICATE_EXTERNAL_ID"
    assert ids[0] in outcome.errors[0].message


def test_upsert_respects_create_only_and_update_only_fields(bench: Bench) -> None:
    """What only a new record may say is refused for an old one, and the other way round."""
    bench.new("Lead", External_Id__c="old", **PERSON)
    outcomes = bench.save(
        "upsert",
        "Lead",
        {"External_Id__c": "old", "IsConverted": True},
        {"External_Id__c": "new", "EmailBouncedReason": "x", **PERSON},
        external_id_field="External_Id__c",
    )
    assert [outcome.errors[0].fields for outcome in outcomes] == [("IsConverted",), ("EmailBouncedReason",)]


def test_all_or_none_leaves_nothing_behind(bench: Bench) -> None:
    """One bad record rolls the others back, also those of other objects."""
    bad, good = {"Company": "X"}, ("Account", {"Name": "Acme"})
    outcomes = save_mixed(bench.store, bench.user, "insert", [good, ("Lead", PERSON), ("Lead", bad)], all_or_none=True)
    assert [outcome.errors[0].status_code for outcome in outcomes] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING",
    ]  # fmt: skip
    assert [outcome.id for outcome in outcomes] == [None] * 3
    assert (bench.store.count("Lead"), bench.store.count("Account")) == (0, 0)


def test_deleting_takes_dependents_along_and_undeleting_brings_them_back(bench: Bench) -> None:
    """An account's contacts and their campaign memberships go and come back with it; what was deleted before stays."""
    account = bench.new("Account", Name="Acme")
    contact, earlier = (bench.new("Contact", LastName="A", AccountId=account) for _ in range(2))
    campaign = bench.new("Campaign", Name="C")
    member = bench.new("CampaignMember", CampaignId=campaign, ContactId=contact)
    bench.save("delete", "Contact", {"Id": earlier})
    bench.now += timedelta(minutes=1)
    bench.save("delete", "Account", {"Id": account})
    names = ("IsDeleted", "SystemModstamp")
    assert bench.values(contact, *names) == bench.values(member, *names) == (True, datetime(2026, 5, 1, 12, 1))
    assert bench.values(campaign, "IsDeleted", "NumberOfContacts") == (False, 0)
    bench.now += timedelta(minutes=1)
    bench.save("undelete", "Account", {"Id": account})
    assert bench.values(contact, *names) == bench.values(member, *names) == (False, datetime(2026, 5, 1, 12, 2))
    assert bench.values(earlier, "IsDeleted") == (True,)
    assert bench.values(campaign, "NumberOfContacts") == (1,)
    assert bench.error("undelete", "Account", Id=account)[0] == "UNDELETE_FAILED"


def test_a_hard_delete_leaves_no_trace(bench: Bench) -> None:
    """Neither the record nor what hung on it is in the recycle bin."""
    opportunity, contact = new_deal(bench), bench.new("Contact", LastName="A")
    bench.new("OpportunityContactRole", OpportunityId=opportunity, ContactId=contact, IsPrimary=True)
    assert bench.values(opportunity, "ContactId") == (contact,)
    [outcome] = bench.save("hardDelete", "Contact", {"Id": contact})
    assert outcome.success
    assert bench.values(contact, "Id") is None
    assert bench.store.count("OpportunityContactRole") == 0
    assert bench.values(opportunity, "ContactId") == (None,)


def new_deal(bench: Bench, **fields: Any) -> str:
    deal = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-08-15", **fields}
    return bench.new("Opportunity", **deal)


def test_an_opportunity_follows_its_stage(bench: Bench) -> None:
    """Probability and forecast come with the stage unless said; closed, won and fiscal period are computed."""
    deal, other = new_deal(bench, Amount=1000), new_deal(bench, Probability=33)
    names = ("Probability", "ForecastCategoryName", "ForecastCategory", "IsClosed", "IsWon", "Fiscal")
    assert bench.values(deal, *names) == (10.0, "Pipeline", "Pipeline", False, False, "2026 3")
    bench.now += timedelta(days=1)
    bench.save(
        "update",
        "Opportunity",
        {"Id": deal, "StageName": "Closed Won", "CloseDate": "2027-01-02"},
        {"Id": other, "NextStep": "call"},
    )
    assert bench.values(deal, *names) == (100.0, "Closed", "Closed", True, True, "2027 1")
    assert bench.values(deal, "ExpectedRevenue", "LastStageChangeDate") == (1000.0, datetime(2026, 5, 2, 12))
    assert bench.values(other, "Probability", "LastStageChangeDate") == (33.0, datetime(2026, 5, 1, 12))


def test_an_opportunity_has_one_primary_contact(bench: Bench) -> None:
    """A ContactId makes a primary role; a later primary role takes its place, without moving the timestamp."""
    first, second = (bench.new("Contact", LastName="A") for _ in range(2))
    deal = new_deal(bench, ContactId=first)
    assert bench.store.count("OpportunityContactRole") == 1
    bench.now += timedelta(hours=1)
    role = bench.new("OpportunityContactRole", OpportunityId=deal, ContactId=second, IsPrimary=True)
    assert bench.values(deal, "ContactId", "SystemModstamp") == (second, datetime(2026, 5, 1, 12))
    both = [{"OpportunityId": deal, "ContactId": each, "IsPrimary": True} for each in (second, first)]
    earlier, latest = bench.save("insert", "OpportunityContactRole", *both)
    assert bench.values(deal, "ContactId") == (first,)
    assert [bench.values(str(each), "IsPrimary") for each in (role, earlier.id, latest.id)] == [
        (False,),
        (False,),
        (True,),
    ]
    bench.save("delete", "OpportunityContactRole", {"Id": latest.id})
    assert bench.values(deal, "ContactId") == (None,)


def test_an_open_task_shows_on_its_opportunity(bench: Bench) -> None:
    """HasOpenActivity and HasOverdueTask follow the tasks, also when a task moves to another opportunity."""
    deal, other = new_deal(bench), new_deal(bench)
    task = bench.new("Task", Subject="Call", WhatId=deal, ActivityDate=date(2026, 4, 30).isoformat())
    assert bench.values(deal, "HasOpenActivity", "HasOverdueTask") == (True, True)
    bench.save("update", "Task", {"Id": task, "WhatId": other})
    assert bench.values(deal, "HasOpenActivity", "HasOverdueTask") == (False, False)
    assert bench.values(other, "HasOpenActivity", "HasOverdueTask") == (True, True)
    bench.save("update", "Task", {"Id": task, "Status": "Completed"})
    assert bench.values(other, "HasOpenActivity", "HasOverdueTask") == (False, False)


def test_what_an_object_does_not_allow_is_refused_as_a_whole(bench: Bench) -> None:
    """Nobody deletes users or makes organizations; an unknown object is not found."""
    with pytest.raises(OrgError, match="entity type User does not support delete"):
        bench.save("delete", "User", {"Id": bench.user})
    with pytest.raises(OrgError, match="entity type Organization does not support insert"):
        bench.save("insert", "Organization", {"Name": "x"})
    with pytest.raises(OrgError, match="NOT_FOUND"):
        bench.save("insert", "Nothing__c", {})
