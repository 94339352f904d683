"""What samples show of people: enough to tell one from another, nothing to know them by."""

from datetime import datetime

import pytest

from sf_elt.profiles.masking import mask


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("email", "ada@example.com", "a***@e***.com"),
        ("Email", "ada@mail.example.co.uk", "a***@m***.uk"),
        ("email", "ada@localhost", "a***@l***"),
        ("salesforce_lead_status", "ada@example.com", "a***@e***.com"),
        ("salesforce_lead_status", "asked ada@example.com", "a… (length 21)"),
        ("salesforce_lead_name", "Ada King Lovelace", "A. K. L."),
        ("FirstName", "Ada", "A."),
        ("salesforce_lead_phone", "+44 (20) 7946 0042", "…42"),
        ("MobilePhone", "12", "…"),
        ("salesforce_lead_status", "Working - Contacted", "Working - Contacted"),
        ("LeadSource", "Web", "Web"),
        ("salesforce_opportunity_stage_name", "Closed Won", "Closed Won"),
        ("salesforce_lead_industry", None, "(empty)"),
        ("emaildomains", ["lovelace.org"], "l… (length 12)"),
        ("salesforce_contact_birthdate", datetime(1815, 12, 10), "…"),
        ("salesforce_account_billing_latitude", 51.5, "…"),
        ("web_last_seen", datetime(2026, 11, 1, 12, 30), "2026-11-01 12:30"),
        ("frequency", 70, "70"),
        ("salesforce_opportunity_is_won", True, "yes"),
        ("affinities", {"Data": 0.25}, "Data: 0.25"),
        ("pages_by_count", {"Ada Lovelace": 3}, "A… (length 12): 3"),
        ("topics", {"ada@example.com": 3}, "a… (length 15): 3"),
        ("phone", 442079460042, "…"),
        ("user_id", 10042, "…"),
        ("card", 4111111111111111, "…"),
        ("card", 4111111111111111.0, "…"),
        ("AnnualRevenue", 350000000.0, "350000000.0"),
        ("API_Token__c", "sk-12345678", "…"),
        ("apiKey", 17, "…"),
        ("Reason__c", "Too expensive", "Too expensive"),
        ("Reason__c", "Ada Lovelace said on the phone that it is too much", "A… (length 50)"),
        ("Case_Type__c", "+44 20 7946 0042", "+… (length 16)"),
        ("GenderIdentity", "f", "… (length 1)"),
        ("anything_else", "Zoë", "… (length 3)"),
        ("anything_else", "Ada Lovelace", "A… (length 12)"),
    ],
)
def test_each_kind_of_value_is_masked_in_its_way(field: str, value: object, shown: str) -> None:
    """By the field's name and type, and by what the value looks like; what is not known to be harmless is hidden."""
    assert mask(field, value) == shown


def test_an_identifiers_values_are_never_shown() -> None:
    """Even where the field is called as harmless ones are."""
    assert mask("customer_type", "C-10042", identifies=True) == "C… (length 7)"
    assert mask("customer_number", 10042, identifies=True) == "…"
    assert mask("web_cookies", ["abcdef", "x"], identifies=True) == "a… (length 6), … (length 1)"
