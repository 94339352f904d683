"""The default mapping over streams that were imported from an org over HTTP."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from simple_salesforce import Salesforce

import sf_elt
from sf_elt.demo_org.serve import Details
from sf_elt.profiles import FieldRule, Guards, ProfilesReport, build_profiles
from sf_elt.streams import StreamSpec
from sf_elt_tests.profiles.streams import NOW, rule, table
from sf_elt_tests.streams.support import CONTACTS, LEADS, Importer, importing

STREAMS = (
    LEADS,
    CONTACTS,
    StreamSpec("salesforce_accounts", "Account"),
    StreamSpec("salesforce_opportunities", "Opportunity"),
    StreamSpec("salesforce_opportunity_contact_roles", "OpportunityContactRole"),
)


def default_mapping() -> tuple[list[FieldRule], Guards]:
    text = Path(sf_elt.__file__).with_name("defs").joinpath("profiles/defs.yaml").read_text("utf-8")
    attributes = yaml.safe_load(text)["attributes"]
    mapping = [FieldRule.model_validate(line) for line in attributes["mapping"]]
    return mapping, Guards.model_validate(attributes["guards"])


def build_default(importer: Importer) -> ProfilesReport:
    mapping, guards = default_mapping()
    for spec in STREAMS:
        importer.run(spec)
    return build_profiles(importer.warehouse, mapping, guards, now=NOW, run_id="test")


def living(sf: Salesforce, query: str) -> list[dict[str, str]]:
    return list(sf.query_all(query)["records"])


def test_every_living_lead_and_contact_is_somebody(org: Details, sf: Salesforce, tmp_path: Path) -> None:
    """Each lead and contact that the org has is on exactly one profile, a converted lead on its contact's."""
    leads = living(sf, "SELECT Id, ConvertedContactId FROM Lead")
    contacts = living(sf, "SELECT Id FROM Contact")
    with importing(org, tmp_path) as importer:
        report = build_default(importer)
    profiles = table(importer.warehouse, "profiles.profiles")
    of_lead = {record: row["profile_id"] for row in profiles for record in row["salesforce_lead_ids"] or ()}
    of_contact = {record: row["profile_id"] for row in profiles for record in row["salesforce_contact_ids"] or ()}
    assert of_lead.keys() == {row["Id"] for row in leads}
    assert of_contact.keys() >= {row["Id"] for row in contacts}
    converted = {row["Id"]: row["ConvertedContactId"] for row in leads if row["ConvertedContactId"]}
    assert converted
    assert {of_lead[record] for record in converted} <= set(of_contact.values())
    assert all(of_lead[record] == of_contact[contact] for record, contact in converted.items() if contact in of_contact)
    assert report.missing_streams == ("web_events",)
    assert report.profiles == len(profiles)


@pytest.mark.soak
def test_what_changes_in_the_org_changes_on_its_profile(org: Details, sf: Salesforce, tmp_path: Path) -> None:
    """A changed lead changes one profile, a deleted one is gone from it, and nothing else moves."""
    lead = living(sf, "SELECT Id FROM Lead WHERE IsConverted = false AND Email = null ORDER BY Id LIMIT 2")
    with importing(org, tmp_path) as importer:
        build_default(importer)
        before = {row["profile_id"]: row for row in table(importer.warehouse, "profiles.profiles")}
        sf.Lead.update(lead[0]["Id"], {"Title": "Head of “Everything” 🚀", "Email": "Fresh.Mail@New.Example"})
        sf.Lead.delete(lead[1]["Id"])
        report = build_default(importer)
    after = {row["profile_id"]: row for row in table(importer.warehouse, "profiles.profiles")}
    moved = {
        key for key in before.keys() & after.keys() for column in after[key]
        if after[key][column] != before[key][column]
    }  # fmt: skip
    (changed,) = moved
    assert after[changed]["salesforce_lead_title"] == "Head of “Everything” 🚀"
    assert (after[changed]["email"], after[changed]["emaildomains"]) == ("fresh.mail@new.example", ["new.example"])
    gone = [row for key, row in before.items() if key not in after]
    assert [row["salesforce_lead_ids"] for row in gone] == [[lead[1]["Id"]]]
    assert (report.new, report.removed) == (0, 1)


def test_additional_and_custom_fields_reach_the_people_they_belong_to(
    org: Details, sf: Salesforce, tmp_path: Path
) -> None:
    """A field without a documented name maps by its API name: an account's reaches all its contacts, a deal's those of
    its contact roles, and a custom object's the contact that it names.
    """
    account = living(sf, "SELECT AccountId FROM Contact WHERE AccountId != null ORDER BY Id LIMIT 1")[0]["AccountId"]
    role = living(sf, "SELECT OpportunityId, ContactId FROM OpportunityContactRole ORDER BY Id LIMIT 1")[0]
    buyer = living(sf, "SELECT Contact__c FROM Subscription__c WHERE Contact__c != null ORDER BY Id LIMIT 1")[0]
    sf.Account.update(account, {"AccountNumber": "A-17"})
    sf.Opportunity.update(role["OpportunityId"], {"Description": "Wants it in blue"})
    sf.Subscription__c.create({"Contact__c": buyer["Contact__c"], "Plan__c": "Team", "Seats__c": 3})
    identifier = {
        "to": "salesforce_contact_ids",
        "type": "[]string",
        "merge": "set",
        "identifier": True,
        "clean": "id18",
    }
    mapping = [
        rule("salesforce_contacts", "contact_id", **identifier),
        rule("salesforce_contacts", "lower(AccountId)", "account"),
        rule("salesforce_accounts", "account_contact_id", **identifier),
        rule("salesforce_accounts", "AccountNumber", "account_numbers", "[]string", merge="set"),
        rule("salesforce_opportunities", "opportunity_contact_id", **identifier),
        rule("salesforce_opportunities", "upper(Description)", "deals", "[]string", merge="set"),
        rule("salesforce_subscriptions", "Contact__c", **identifier),
        rule("salesforce_subscriptions", "Plan__c", "plans", "map", merge="valuecount"),
        rule("salesforce_subscriptions", "Seats__c * 2", "seats", "number", merge="sum"),
    ]
    with importing(org, tmp_path) as importer:
        for spec in (*STREAMS, StreamSpec("salesforce_subscriptions", "Subscription__c")):
            importer.run(spec)
        report = build_profiles(importer.warehouse, mapping, now=NOW, run_id="test")
    assert (report.missing_streams, report.set_aside) == ((), ())
    profiles = {i: row for row in table(importer.warehouse, "profiles.profiles") for i in row["salesforce_contact_ids"]}
    staff = {row["Id"] for row in living(sf, f"SELECT Id FROM Contact WHERE AccountId = '{account}'")}
    assert staff <= {contact for contact, row in profiles.items() if row["account_numbers"] == ["A-17"]}
    assert all(profiles[contact]["account"] == account.lower() for contact in staff)
    assert "WANTS IT IN BLUE" in profiles[role["ContactId"]]["deals"]
    bought = living(sf, f"SELECT Plan__c, Seats__c FROM Subscription__c WHERE Contact__c = '{buyer['Contact__c']}'")
    subscriber = profiles[buyer["Contact__c"]]
    assert dict(subscriber["plans"]) == Counter(row["Plan__c"] for row in bought if row["Plan__c"])
    assert subscriber["seats"] == sum(float(row["Seats__c"] or 0) * 2 for row in bought)
