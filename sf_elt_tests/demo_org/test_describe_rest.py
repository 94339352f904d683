"""Describes, layouts, limits and relationships over HTTP: what clients ask for before they touch a record."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.orgs import client

VERSION = "/services/data/v62.0"


@pytest.fixture(scope="module")
def shared() -> Iterator[Details]:
    with running_org(seed=7, records=200) as details:
        yield details


def get(org: Details, path: str, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asking = {"Authorization": f"Bearer {org.access_token}", **named}
    return requests.get(org.instance_url + VERSION + path, headers=asking, timeout=10)


def error_of(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()[0]["errorCode"]


def one(org: Details, soql: str) -> dict[str, Any]:
    """The first record of a query."""
    found: dict[str, Any] = client(org).query(soql)["records"][0]
    return found


@pytest.mark.parametrize("path", ["/sobjects", "/sobjects/Contact/describe"])
def test_a_describe_is_sent_again_only_if_it_changed(shared: Details, path: str) -> None:
    """The date that came with it gives 304 without a body, an earlier one the describe."""
    first = get(shared, path)
    assert first.headers["Last-Modified"].endswith(" GMT")
    again = get(shared, path, If_Modified_Since=first.headers["Last-Modified"])
    assert (again.status_code, again.content) == (304, b"")
    assert get(shared, path, If_Modified_Since="Thu, 23 Sep 2021 08:00:00 GMT").json() == first.json()
    assert get(shared, path, If_Modified_Since="yesterday").status_code == 200


def test_a_new_record_type_changes_a_describe_at_once(org: Details) -> None:
    """Even within the second of the describe before it."""
    seen = get(org, "/sobjects/Lead/describe").headers["Last-Modified"]
    client(org).RecordType.create({"Name": "Fair", "DeveloperName": "Fair", "SobjectType": "Lead"})
    later = get(org, "/sobjects/Lead/describe", If_Modified_Since=seen)
    assert "Fair" in [each["name"] for each in later.json()["recordTypeInfos"]]
    kept = later.headers["Last-Modified"]
    assert get(org, "/sobjects/Lead/describe", If_Modified_Since=kept).status_code == 304


def test_layouts_say_which_record_type_has_which(shared: Details) -> None:
    """An object with record types tells its layout by record type, another at once; compact layouts name fields."""
    leads = get(shared, "/sobjects/Lead/describe/layouts/").json()
    assert leads["layouts"] is None
    names = [each["name"] for each in leads["recordTypeMappings"]]
    assert names == ["Inbound", "Outbound", "Master"]
    record_type = leads["recordTypeMappings"][0]["recordTypeId"]
    layout = get(shared, f"/sobjects/Lead/describe/layouts/{record_type}").json()
    assert layout["id"] == leads["recordTypeMappings"][0]["layoutId"]
    [campaigns] = get(shared, "/sobjects/Campaign/describe/layouts").json()["layouts"]
    [section] = campaigns["editLayoutSections"]
    shown = [
        component["value"]
        for row in section["layoutRows"]
        for item in row["layoutItems"]
        for component in item["layoutComponents"]
    ]
    assert {"Name", "Status", "StartDate"} <= set(shown)
    assert "SystemModstamp" not in shown
    [compact] = get(shared, "/sobjects/Lead/describe/compactLayouts").json()["compactLayouts"]
    assert compact["fieldItems"][0]["layoutComponents"][0]["value"] == "Name"


@pytest.mark.parametrize(
    "path",
    [
        "/sobjects/GroupMember/describe/layouts",
        "/sobjects/Lead/describe/layouts/012000000000001",
        "/sobjects/Nothing/listviews",
        "/sobjects/GroupMember/describe/approvalLayouts",
        "/sobjects/Lead/describe/namedLayouts/Any",
        "/appMenu",
    ],
)
def test_what_is_not_there_is_not_found(shared: Details, path: str) -> None:
    """Objects without pages have no layouts, and resources that the demo org lacks do not pretend."""
    assert error_of(get(shared, path)) == (404, "NOT_FOUND")


def test_a_version_lists_what_it_serves(shared: Details) -> None:
    """Every resource of the list answers, with its own reply or with what it wants; the identity leads to the user."""
    resources = get(shared, "").json()
    assert {"composite", "jobs", "limits", "query", "queryAll", "recent", "sobjects"} <= set(resources)
    assert shared.instance_url in resources.pop("identity")
    for name, address in resources.items():
        assert address == f"{VERSION}/{name}"
    assert get(shared, "/recent").json() == []
    assert get(shared, "/sobjects/Lead/describe/approvalLayouts").json() == {"approvalLayouts": []}
    assert get(shared, "/sobjects/Lead/listviews").json()["listviews"] == []


def test_limits_are_counted(org: Details) -> None:
    """Calls, bulk jobs and permission sets go down as they are used."""
    before = get(org, "/limits").json()
    client(org).bulk2.Lead.query("SELECT Id FROM Lead", wait=0).__next__()
    client(org).PermissionSet.create({"Name": "Readers", "Label": "Readers"})
    after = get(org, "/limits").json()
    assert after["DailyApiRequests"]["Remaining"] < before["DailyApiRequests"]["Remaining"]
    assert after["DailyBulkV2QueryJobs"]["Remaining"] == before["DailyBulkV2QueryJobs"]["Remaining"] - 1
    left = [each["PermissionSets"]["CreateCustom"]["Remaining"] for each in (before, after)]
    assert left == [1_000, 999]
    assert all({"Max", "Remaining"} <= set(each) for each in after.values())
    assert {"DailyBulkApiBatches", "DataStorageMB", "FileStorageMB", "HourlyPublishedPlatformEvents"} <= set(after)


def test_records_are_counted(shared: Details) -> None:
    """For the objects asked for, as COUNT() counts them; what is not there or has no records is passed over."""
    counts = get(shared, "/limits/recordCount?sObjects=Lead,contact,Nothing").json()["sObjects"]
    wanted = [client(shared).query(f"SELECT COUNT() FROM {name}")["totalSize"] for name in ("Lead", "Contact")]
    assert counts == [{"count": wanted[0], "name": "Lead"}, {"count": wanted[1], "name": "Contact"}]
    every = get(shared, "/limits/recordCount").json()["sObjects"]
    assert all(each["count"] for each in every)
    has_records = {each["name"] for each in every}
    assert [each["name"] for each in every] == [
        each["name"] for each in get(shared, "/sobjects").json()["sobjects"] if each["name"] in has_records
    ]


def test_nothing_is_counted_of_an_object_without_records(empty_org: Details) -> None:
    """CumulusCI was recorded to get an empty list for Contact in a new org."""
    assert get(empty_org, "/limits/recordCount?sObjects=Contact").json() == {"sObjects": []}


def test_an_address_leads_over_a_relationship_to_a_parent(shared: Details) -> None:
    """As the parent itself, whole or with the fields asked for; a polymorphic owner too."""
    contact = one(shared, "SELECT Id, AccountId, OwnerId FROM Contact WHERE AccountId != null LIMIT 1")
    address = f"/sobjects/Contact/{contact['Id']}"
    whole = get(shared, f"{address}/Account").json()
    assert whole == get(shared, f"/sobjects/Account/{contact['AccountId']}").json()
    named = get(shared, f"{address}/account?fields=name").json()
    assert set(named) == {"attributes", "Id", "Name"}
    assert get(shared, f"{address}/Owner").json()["Id"] == contact["OwnerId"]


def test_an_address_leads_over_a_relationship_to_children(shared: Details) -> None:
    """As a query gives them; a record without children has none, one that is not there is not found."""
    account = one(shared, "SELECT AccountId FROM Contact WHERE AccountId != null LIMIT 1")["AccountId"]
    wanted = client(shared).query(f"SELECT Id FROM Contact WHERE AccountId = '{account}' ORDER BY Id")
    found = get(shared, f"/sobjects/Account/{account}/Contacts?fields=Id,Email").json()
    assert [each["Id"] for each in found["records"]] == [each["Id"] for each in wanted["records"]]
    assert set(found["records"][0]) == {"attributes", "Id", "Email"}
    assert found["done"] is True
    lead = one(shared, "SELECT Id FROM Lead WHERE Id NOT IN (SELECT LeadId FROM CampaignMember) LIMIT 1")["Id"]
    assert get(shared, f"/sobjects/Lead/{lead}/CampaignMembers").json()["totalSize"] == 0
    assert error_of(get(shared, "/sobjects/Account/001Hs00000zzzzz/Contacts")) == (404, "NOT_FOUND")


def test_an_address_over_no_relationship_is_not_found(shared: Details) -> None:
    """A name that is no relationship, one that leads nowhere for this record, and an unknown field of the parent."""
    lead = one(shared, "SELECT Id FROM Lead WHERE IsConverted = false LIMIT 1")["Id"]
    assert error_of(get(shared, f"/sobjects/Lead/{lead}/Nobody")) == (404, "NOT_FOUND")
    assert error_of(get(shared, f"/sobjects/Lead/{lead}/ConvertedAccount")) == (404, "NOT_FOUND")
    assert error_of(get(shared, f"/sobjects/Lead/{lead}/Owner?fields=Nothing__c")) == (400, "INVALID_FIELD")


@pytest.mark.parametrize("object_name", ["CaseStatus", "TaskStatus"])
def test_a_status_whose_prefix_is_not_told_is_read_by_its_id(shared: Details, object_name: str) -> None:
    """Describe and the global describe keep the prefix to themselves (recorded); the ids work."""
    status = one(shared, f"SELECT Id, MasterLabel FROM {object_name}")
    assert get(shared, f"/sobjects/{object_name}/{status['Id']}").json()["MasterLabel"] == status["MasterLabel"]
    assert get(shared, f"/sobjects/{object_name}/describe").json()["keyPrefix"] is None
    assert get(shared, f"/sobjects/{object_name}").json()["objectDescribe"]["keyPrefix"] is None
