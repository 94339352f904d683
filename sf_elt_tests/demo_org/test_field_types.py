"""The rarer types of fields: times, geolocations, and files in binary fields."""

import base64
from collections.abc import Iterator

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.orgs import client


@pytest.fixture(scope="module")
def shared() -> Iterator[Details]:
    with running_org(seed=7, records=100) as details:
        yield details


def get(org: Details, address: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {org.access_token}"}
    return requests.get(org.instance_url + address, headers=headers, timeout=10)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("09:30:00.000Z", "09:30:00.000Z"), ("23:59:59Z", "23:59:59.000Z"), ("00:00:00.5", "00:00:00.500Z")],
)
def test_a_time_is_kept_in_milliseconds(shared: Details, sent: str, kept: str) -> None:
    """However exactly it was sent, REST and Bulk show it the same."""
    sf = client(shared)
    made = sf.Subscription__c.create({"Support_From__c": sent})["id"]
    assert sf.Subscription__c.get(made)["Support_From__c"] == kept
    [page] = sf.bulk2.Subscription__c.query(f"SELECT Support_From__c FROM Subscription__c WHERE Id = '{made}'", wait=0)
    assert page.split() == ['"Support_From__c"', f'"{kept}"']


@pytest.mark.parametrize("sent", ["24:00:00Z", "9:30", "noon"])
def test_what_is_no_time_is_refused(shared: Details, sent: str) -> None:
    """By the JSON reader, as a malformed date is."""
    with pytest.raises(SalesforceMalformedRequest) as refused:
        client(shared).Subscription__c.create({"Support_From__c": sent})
    assert refused.value.content[0]["errorCode"] == "JSON_PARSER_ERROR"


def test_a_location_repeats_its_parts(shared: Details) -> None:
    """Written by its two parts, read as an object in REST, described as what it is made of; no part, no location."""
    sf = client(shared)
    parts = {"Office__Latitude__s": 52.52, "Office__Longitude__s": 13.405}
    made = sf.Subscription__c.create(parts)["id"]
    [found] = sf.query(f"SELECT Office__c, Office__Latitude__s FROM Subscription__c WHERE Id = '{made}'")["records"]
    assert found["Office__c"] == {"latitude": 52.52, "longitude": 13.405}
    assert found["Office__Latitude__s"] == 52.52
    sf.Subscription__c.update(made, dict.fromkeys(parts))
    assert sf.Subscription__c.get(made)["Office__c"] is None
    fields = {each["name"]: each for each in sf.Subscription__c.describe()["fields"]}
    assert (fields["Office__c"]["type"], fields["Office__c"]["soapType"]) == ("location", "urn:location")
    assert fields["Office__Latitude__s"]["compoundFieldName"] == "Office__c"
    assert fields["Office__Latitude__s"]["custom"] is True
    assert not fields["Office__c"]["createable"]


def test_a_location_is_no_column_of_a_bulk_query(shared: Details) -> None:
    """Its parts are, it is refused; so is a binary field."""
    sf = client(shared)
    sf.Subscription__c.create({"Office__Latitude__s": 1.5, "Office__Longitude__s": 2.5})
    pages = sf.bulk2.Subscription__c.query("SELECT Office__Longitude__s FROM Subscription__c", wait=0)
    assert '"2.5"' in "".join(pages)
    for soql in ("SELECT Office__c FROM Subscription__c", "SELECT Body FROM Attachment"):
        headers = {"Authorization": f"Bearer {shared.access_token}"}
        job = {"operation": "query", "query": soql}
        address = f"{shared.instance_url}/services/data/v62.0/jobs/query"
        refused = requests.post(address, json=job, headers=headers, timeout=10)
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "FUNCTIONALITY_NOT_ENABLED")


@given(content=st.binary(min_size=1, max_size=200))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_comes_back_byte_by_byte(shared: Details, content: bytes) -> None:
    """Sent in base64, counted in bytes, shown by its address, and read from there."""
    sf = client(shared)
    account = sf.query("SELECT Id FROM Account LIMIT 1")["records"][0]["Id"]
    sent = {"ParentId": account, "Name": "notes.bin", "Body": base64.b64encode(content).decode()}
    made = sf.Attachment.create(sent)["id"]
    found = sf.Attachment.get(made)
    assert found["BodyLength"] == len(content)
    assert found["Body"] == f"/services/data/v62.0/sobjects/Attachment/{made}/Body"
    assert get(shared, found["Body"]).content == content


def test_what_is_no_base64_is_no_file(shared: Details) -> None:
    """It is refused when saved; a file that is deleted is not found."""
    sf = client(shared)
    account = sf.query("SELECT Id FROM Account LIMIT 1")["records"][0]["Id"]
    with pytest.raises(SalesforceMalformedRequest):
        sf.Attachment.create({"ParentId": account, "Name": "x", "Body": "no base64!"})
    made = sf.Attachment.create({"ParentId": account, "Name": "x", "Body": "eA=="})["id"]
    sf.Attachment.delete(made)
    assert get(shared, f"/services/data/v62.0/sobjects/Attachment/{made}/Body").status_code == 404
