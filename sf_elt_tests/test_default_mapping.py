"""The default mapping, line by line: a value put into the org is found on the profile of the person it belongs to."""

import csv
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from sf_elt.demo_org.org import create_org
from sf_elt.demo_org.serve import Details, serving
from sf_elt.demo_org.store import Store, table
from sf_elt.profiles import FieldRule, Guards, build_profiles
from sf_elt.salesforce import Login, connect
from sf_elt.streams import StreamSpec, Window, import_window
from sf_elt.warehouse import JobMeter, Warehouse
from sf_elt_tests.orgs import client

HERE = Path(__file__).parent
DEFS = HERE.parent / "sf_elt" / "defs"

STREAMS = {
    "Account": "salesforce_accounts",
    "Contact": "salesforce_contacts",
    "Lead": "salesforce_leads",
    "Opportunity": "salesforce_opportunities",
    "OpportunityContactRole": "salesforce_opportunity_contact_roles",
}

ACCOUNT = {
    "Name": "Zweigstelle Köln GmbH",
    "AnnualRevenue": 1_234_567.0,
    "BillingStreet": "Domplatz 1\nHinterhaus",
    "BillingCity": "Köln",
    "BillingState": "Nordrhein-Westfalen",
    "BillingStateCode": "NW",
    "BillingPostalCode": "00667",
    "BillingCountry": "Germany",
    "BillingCountryCode": "DE",
    "BillingLatitude": 50.941278,
    "BillingLongitude": 6.958281,
    "ShippingStreet": "Rheinufer 7",
    "ShippingCity": "Bonn",
    "ShippingState": "Nordrhein-Westfalen",
    "ShippingStateCode": "NW",
    "ShippingPostalCode": "53111",
    "ShippingCountry": "Germany",
    "ShippingCountryCode": "DE",
    "Industry": "Banking",
    "NumberOfEmployees": 420,
    "Ownership": "Private",
    "Rating": "Hot",
    "AccountSource": "Web",
    "Type": "Prospect",
    "Website": "https://zweigstelle.example",
}
CONTACT = {
    "FirstName": "Änne",
    "LastName": "Contact",
    "Email": "Aenne.Contact@Zweigstelle.Example",
    "Birthdate": "1984-02-29",
    "MailingCity": "Köln",
    "MailingCountryCode": "DE",
    "MailingLatitude": 50.94,
    "MailingLongitude": 6.95,
    "Department": "Einkauf",
    "EmailBouncedReason": "550 mailbox unavailable",
    "EmailBouncedDate": "2026-01-02T03:04:05.000+0000",
    "HasOptedOutOfEmail": True,
    "LeadSource": "Partner Referral",
    "Salutation": "Dr.",
    "Title": "Head of “Purchasing”",
}
BUYER = {"LastName": "Buyer", "Email": "buyer@zweigstelle.example"}
LEAD = {
    "FirstName": "Lee",
    "LastName": "Lead",
    "Email": "lee.lead@company.example",
    "Company": "Company, Inc.",
    "HasOptedOutOfEmail": True,
    "Industry": "Energy",
    "MobilePhone": "+1 555 0100",
    "Phone": "0049 221 0",
    "NumberOfEmployees": 17,
    "PostalCode": "01067",
    "Salutation": "Ms.",
    "LeadSource": "Web",
    "Status": "Working - Contacted",
    "Title": "CTO",
    "Website": "https://company.example",
}
BOUNCE = {"EmailBouncedDate": "2026-03-04T05:06:07.000+0000", "EmailBouncedReason": "552 quota exceeded"}
OPPORTUNITY = {
    "Name": "Zweigstelle, erstes Jahr",
    "Amount": 98_765.43,
    "CloseDate": "2026-10-31",
    "StageName": "Closed Won",
    "Type": "New Customer",
    "NextStep": "Send the contract",
    "LeadSource": "Phone Inquiry",
}


@dataclass(frozen=True)
class Line:
    """One line of the default mapping: where a value is in the org, in the streams, and on the profile."""

    object: str
    salesforce_field: str
    stream: str
    source: str
    user_field: str
    type: str
    identifier: str
    description: str


@dataclass(frozen=True)
class Loop:
    """An org with an account and its contact, a lead, and a deal with its buyer; and the profiles built from it.

    The buyer has no lead source, so that the one on his profile is the deal's.
    """

    records: dict[str, dict[str, object]]
    profiles: dict[str, dict[str, object]]
    identifiers: frozenset[tuple[str, str, str]]
    imported_at: datetime


def lines() -> list[Line]:
    with (HERE / "default_mapping.csv").open(encoding="utf-8", newline="") as facts:
        return [Line(**row) for row in csv.DictReader(facts)]


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    org = create_org(records=0)
    with serving(org) as details:
        records = _put(details, org.store)
        warehouse = Warehouse(tmp_path_factory.mktemp("data") / "warehouse")
        imported_at = _build(details, warehouse)
        yield Loop(records, *_profiles(warehouse), imported_at)
    org.close()


def _put(details: Details, store: Store) -> dict[str, dict[str, object]]:
    """Makes the records over HTTP, and gives what the org then holds of each."""
    sf = client(details)
    ids = {"Account": sf.Account.create(ACCOUNT)["id"]}
    sf.Account.update(ids["Account"], {"IsPartner": True})
    ids["Contact"] = sf.Contact.create(CONTACT | {"AccountId": ids["Account"]})["id"]
    record_type = sf.RecordType.create(
        {"Name": "Inbound", "DeveloperName": "Inbound", "SobjectType": "Lead", "IsActive": True}
    )
    ids["Lead"] = sf.Lead.create(LEAD | {"RecordTypeId": record_type["id"]})["id"]
    sf.Lead.update(ids["Lead"], BOUNCE)
    ids["Buyer"] = sf.Contact.create(BUYER)["id"]
    ids["Opportunity"] = sf.Opportunity.create(OPPORTUNITY | {"ContactId": ids["Buyer"]})["id"]
    sf.Task.create({"Subject": "Call", "WhatId": ids["Opportunity"], "Status": "Not Started", "Priority": "Normal"})
    with store.writing() as write:  # what no client may set
        write.connection.execute(
            f'UPDATE {table("Contact")} SET "LastCURequestDate" = ?, "SystemModstamp" = ?',
            [datetime(2025, 5, 6, 7, 8, 9), write.now],
        )
        write.connection.execute(
            f'UPDATE {table("Lead")} SET "IsConverted" = true, "ConvertedDate" = ?, "SystemModstamp" = ?',
            [date(2026, 11, 1), write.now],
        )
    ids["RecordType"] = record_type["id"]
    return {name: dict(getattr(sf, "Contact" if name == "Buyer" else name).get(ids[name])) for name in ids}


def _build(details: Details, warehouse: Warehouse) -> datetime:
    login = Login(instance_url=details.instance_url, access_token=details.access_token)
    now = datetime.now(UTC) + timedelta(seconds=2)
    window = Window(datetime(2020, 1, 1, tzinfo=UTC), now + timedelta(days=1))
    meter = JobMeter(warehouse.calls(), "import:test", details.instance_url)
    with closing(connect(login, meter)) as org:
        for object_name, stream in STREAMS.items():
            import_window(org, meter, warehouse, StreamSpec(stream, object_name), window, now=now, run_id="test")
    attributes = yaml.safe_load((DEFS / "profiles" / "defs.yaml").read_text("utf-8"))["attributes"]
    mapping = [FieldRule.model_validate(rule) for rule in attributes["mapping"]]
    build_profiles(warehouse, mapping, Guards.model_validate(attributes["guards"]), now=now, run_id="test")
    return now


def _profiles(warehouse: Warehouse) -> tuple[dict[str, dict[str, object]], frozenset[tuple[str, str, str]]]:
    with warehouse.read() as connection:
        rows = connection.execute("SELECT * FROM profiles.profiles").fetchall()
        names = [column[0] for column in connection.description]
        identifiers = connection.execute("SELECT profile_id, kind, value FROM profiles.identifiers").fetchall()
    profiles = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
    return profiles, frozenset((str(a), str(b), str(c)) for a, b, c in identifiers)


def _person(loop: Loop, line: Line) -> dict[str, object]:
    """The profile that the line's object belongs to: the lead's own, or that of the account's or the deal's contact."""
    kind = "salesforce_lead_ids" if line.object == "Lead" else "salesforce_contact_ids"
    record = {"Lead": "Lead", "Opportunity": "Buyer"}.get(line.object, "Contact")
    wanted = loop.records[record]["Id"]
    return next(profile for profile in loop.profiles.values() if wanted in (profile[kind] or []))


def _expected(loop: Loop, line: Line) -> object:
    """What the org holds, read over REST without the import, in the user field's type."""
    record = loop.records[line.object]
    if line.salesforce_field == "(contact)":
        return [loop.records["Buyer" if line.object == "Opportunity" else "Contact"]["Id"]]
    if line.salesforce_field == "(import time)":
        return loop.imported_at.replace(tzinfo=None)
    if line.salesforce_field == "RecordType.Name":
        return loop.records["RecordType"]["Name"]
    value = record[line.salesforce_field]
    if line.user_field == "email":
        return str(value).lower()
    if line.user_field == "emaildomains":
        return [str(value).lower().partition("@")[2]]
    if line.type == "date":
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    if line.type == "[]string":
        return [value]
    return str(value) if line.type == "string" else value


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line.object}.{line.salesforce_field}→{line.user_field}")
def test_value_in_the_org_is_found_on_the_profile(loop: Loop, line: Line) -> None:
    """The field's value in the org stands in the user field of the right profile, in the documented type."""
    expected = _expected(loop, line)
    assert expected not in (None, "", []), "the test must put a value there"
    profile = _person(loop, line)
    assert profile[line.user_field] == expected
    if line.identifier == "yes":
        values = expected if isinstance(expected, list) else [expected]
        found = {(profile["profile_id"], line.user_field, str(value)) for value in values}
        assert found <= loop.identifiers


def test_lead_contact_and_buyer_are_three_people(loop: Loop) -> None:
    """Rows that share no identifier stay apart, and nobody else appears."""
    assert len(loop.profiles) == 3
