"""What a stream is called after its object."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sf_elt.components.imports.stream_names import stream_of


@pytest.mark.parametrize(
    ("object_name", "stream"),
    [
        ("Lead", "salesforce_leads"),
        ("Opportunity", "salesforce_opportunities"),
        ("OpportunityContactRole", "salesforce_opportunity_contact_roles"),
        ("opportunitycontactrole", "salesforce_opportunity_contact_roles"),
        ("ACCOUNT", "salesforce_accounts"),
        ("Subscription__c", "salesforce_subscriptions"),
        ("Subscription__History", "salesforce_subscription_histories"),
        ("acme__LoyaltyTier__c", "salesforce_acme_loyalty_tiers"),
        ("SBQQ__Quote__c", "salesforce_sbqq_quotes"),
        ("My_Subscriptions__c", "salesforce_my_subscriptions"),
        ("CaseStatus", "salesforce_case_statuses"),
        ("Product2", "salesforce_product2"),
        ("HTMLBatch__c", "salesforce_html_batches"),
    ],
)
def test_names(object_name: str, stream: str) -> None:
    """The words in lower case, the last in the plural, without `__c`; what the documented views read in any case."""
    assert stream_of(object_name) == stream


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,30}(_[A-Za-z0-9]{1,10})?(__c)?", fullmatch=True))
def test_every_object_has_a_name_that_a_table_may_have(object_name: str) -> None:
    """Whatever the object is called, its stream is a lower-case name, and the same each time."""
    assert re.fullmatch(r"salesforce_[a-z0-9_]+", stream_of(object_name))
    assert stream_of(object_name) == stream_of(object_name)
