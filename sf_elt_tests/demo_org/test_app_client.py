"""simple-salesforce, unpatched, against the whole org: what a user of it does first."""

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from sf_elt.demo_org.serve import Details
from sf_elt_tests.orgs import client


def test_a_record_is_made_changed_read_and_deleted(sf: Salesforce) -> None:
    """create, get, update, upsert and delete do what they say to one lead."""
    made = sf.Lead.create({"LastName": "Lovelace", "Company": "Engines"})
    assert made["success"] is True
    assert sf.Lead.update(made["id"], {"Title": "Countess"}) == 204
    lead = sf.Lead.get(made["id"])
    assert (lead["LastName"], lead["Company"], lead["Title"]) == ("Lovelace", "Engines", "Countess")
    assert sf.Lead.upsert("External_Id__c/ada", {"LastName": "Byron", "Company": "Engines"}) == 201
    assert sf.Lead.upsert("External_Id__c/ada", {"Company": "Analytical"}) in (200, 204)
    assert sf.Lead.get_by_custom_id("External_Id__c", "ada")["Company"] == "Analytical"
    assert sf.Lead.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Lead.get(made["id"])


def test_query_all_pages_through_everything(shared_org: Details) -> None:
    """query_all follows nextRecordsUrl to the last of thousands of records, each once."""
    sf = client(shared_org)
    reply = sf.query_all("SELECT Id, Owner.Name FROM Lead")
    ids = {record["Id"] for record in reply["records"]}
    assert reply["done"] is True
    assert len(ids) == len(reply["records"]) == reply["totalSize"] == sf.query("SELECT COUNT() FROM Lead")["totalSize"]
    assert len(ids) > 2000


def test_limits_and_api_usage_agree(sf: Salesforce) -> None:
    """limits() says what Sforce-Limit-Info says."""
    limits = sf.limits()["DailyApiRequests"]
    assert limits["Max"] - limits["Remaining"] == sf.api_usage["api-usage"].used
    assert limits["Max"] == sf.api_usage["api-usage"].total


def test_the_org_describes_itself(shared_org: Details) -> None:
    """describe() lists the objects, Lead.describe() its fields."""
    sf = client(shared_org)
    described = sf.describe()
    assert described is not None
    assert {"Lead", "Contact", "Account", "Opportunity", "Subscription__c"} <= {
        each["name"] for each in described["sobjects"]
    }
    fields = {field["name"]: field for field in sf.Lead.describe()["fields"]}
    assert fields["Email"]["type"] == "email"


def test_an_unknown_field_is_salesforces_own_error(shared_org: Details) -> None:
    """A query for a field that is not there is INVALID_FIELD with the field's name."""
    with pytest.raises(SalesforceMalformedRequest) as refused:
        client(shared_org).query("SELECT Nothing FROM Lead")
    assert refused.value.content[0]["errorCode"] == "INVALID_FIELD"
    assert "No such column 'Nothing'" in refused.value.content[0]["message"]
