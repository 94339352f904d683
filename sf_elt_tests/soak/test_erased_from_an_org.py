"""A person erased on request: in no table and no file afterwards, not back after everything is read again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from simple_salesforce import Salesforce

from sf_elt.demo_org.serve import Details, running_org
from sf_elt.insight import Audience, refresh_audiences
from sf_elt.profiles import erase_profile
from sf_elt.streams import EventSpec, StreamSpec, import_events, reconcile, refresh_formulas
from sf_elt.streams.wide import groups
from sf_elt.warehouse import Warehouse
from sf_elt_tests.orgs import client
from sf_elt_tests.profiles.streams import NOW, table
from sf_elt_tests.profiles.test_from_the_org import build_default, default_mapping
from sf_elt_tests.streams.support import CONTACTS, LEADS, Importer, importing

MORE = (
    StreamSpec("salesforce_tasks", "Task"),
    StreamSpec("salesforce_campaign_members", "CampaignMember"),
    StreamSpec("salesforce_subscriptions", "Subscription__c"),
)
EMAIL = "Zyxwv.Marker@Quux.example"
COOKIE = "cookie-of-zyxwv-4711"
OTHER = "somebody.else@quux.example"
EVENTS = [
    {"event_id": "m1", "occurred_at": "2026-01-01T10:00:00Z", "email": EMAIL, "anonymous_id": COOKIE},
    {"event_id": "m2", "occurred_at": "2026-01-02T10:00:00Z", "anonymous_id": COOKIE, "title": "Pricing"},
    {"occurred_at": "2026-01-03T10:00:00Z", "anonymous_id": "another cookie", "url": "https://x.example/?to=zyxwv.marker%40quux.example"},
    {"event_id": "m4", "occurred_at": "2026-01-03T10:00:00Z", "email": OTHER, "title": "Blog"},
]  # fmt: skip
BAD_LINE = json.dumps({"occurred_at": "never", "anonymous_id": COOKIE}).encode()


@dataclass(frozen=True)
class Marked:
    """A person of the org whose every trace can be told, in the warehouse of an importer; `events` is a folder."""

    importer: Importer
    events: Path
    records: tuple[str, ...]
    account: str

    @property
    def warehouse(self) -> Warehouse:
        return self.importer.warehouse

    def read_everything(self) -> None:
        for spec in MORE:
            self.importer.run(spec)
        import_events(self.warehouse, EventSpec("web_events", (str(self.events),)), now=NOW, run_id="test")
        build_default(self.importer)
        everybody = Audience(name="Everybody", description="All.", condition="created_at IS NOT NULL")
        refresh_audiences(self.warehouse, [everybody], now=NOW, run_id="test")

    def in_files(self) -> dict[str, list[str]]:
        """File of the warehouse → traces in its bytes; Ids as they are, all else in any letter case."""
        found = {}
        for file in self.warehouse.root.rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                found[file.name] = [each[:15] for each in self.records if each[:15].encode() in content]
                found[file.name] += [each for each in ("zyxwv", COOKIE) if each.encode() in content.lower()]
        return {file: traces for file, traces in found.items() if traces}


@pytest.fixture
def marked(tmp_path: Path) -> Iterator[Marked]:
    """The person in an org, imported and built."""
    with running_org(seed=7, records=60) as org:
        yield from _marked(org, client(org), tmp_path)


def _marked(org: Details, sf: Salesforce, tmp_path: Path) -> Iterator[Marked]:
    account = sf.query("SELECT Id FROM Account ORDER BY Id LIMIT 1")["records"][0]["Id"]
    lead = sf.Lead.create({"LastName": "Zyxwv", "Company": "Quux", "Email": EMAIL})["id"]
    contact = sf.Contact.create({"LastName": "Zyxwv", "Email": EMAIL.lower(), "AccountId": account})["id"]
    sf.Contact.create({"LastName": "Else", "Email": OTHER, "AccountId": account, "ReportsToId": contact})
    deal = sf.query("SELECT Id FROM Opportunity ORDER BY Id LIMIT 1")["records"][0]["Id"]
    sf.OpportunityContactRole.create({"OpportunityId": deal, "ContactId": contact, "Role": "Decision Maker"})
    sf.Task.create({"Subject": "Call Zyxwv", "WhoId": contact, "Status": "Not Started", "Priority": "Normal"})
    campaign = sf.query("SELECT Id FROM Campaign ORDER BY Id LIMIT 1")["records"][0]["Id"]
    sf.CampaignMember.create({"CampaignId": campaign, "LeadId": lead})
    sf.Account.update(account, {"Description": f"Ask {EMAIL} first"})
    events = tmp_path / "events"
    events.mkdir()
    lines = [json.dumps(event).encode() for event in EVENTS] + [BAD_LINE]
    (events / "a.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    with importing(org, tmp_path) as importer:
        found = Marked(importer, events, (lead, contact), account)
        found.read_everything()
        yield found


@pytest.mark.soak
def test_a_person_of_an_org_is_gone_and_stays_out(marked: Marked) -> None:
    """Imported over HTTP with activities, roles and memberships, built, erased, and all of it imported again."""
    before = table(marked.warehouse, "profiles.profiles", "profile_id")
    assert marked.in_files()
    erase_profile(marked.warehouse, default_mapping()[0], EMAIL, reason="", now=NOW)
    assert marked.in_files() == {}
    with marked.warehouse.write() as connection:
        connection.execute("DELETE FROM ops.event_files; DELETE FROM ops.windows")
    marked.read_everything()
    assert marked.in_files() == {}
    after = table(marked.warehouse, "profiles.profiles", "profile_id")
    assert after == [row for row in before if row["email"] != EMAIL.lower()]
    ((kept_out,),) = marked.importer.sql("SELECT sum(rows_kept_out) FROM ops.windows")
    assert kept_out == 5  # lead, contact, role, task and membership


@pytest.mark.soak
@pytest.mark.parametrize("transport", ["rest", "bulk"])
def test_no_other_way_of_reading_brings_the_person_back(
    marked: Marked, transport: Literal["rest", "bulk"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a reconciliation of all Ids, a refresh of fields of related records, a comparison of the whole object, nor an
    object read in groups of columns; all others are read each time, and nobody is taken for vanished.
    """
    importer = marked.importer
    with_manager = replace(CONTACTS, transport=transport, additional_fields=("ReportsTo.Email", "Account.Name"))
    whole = replace(CONTACTS, stream="all_contacts", timestamp_field="none", transport=transport)
    for spec in (with_manager, whole):
        importer.run(spec)
    assert importer.sql('SELECT count(*) FROM streams.salesforce_contacts WHERE "ReportsTo.Email" IS NOT NULL') != [
        (0,)
    ]
    erase_profile(marked.warehouse, default_mapping()[0], EMAIL, reason="", now=NOW)
    assert marked.in_files() == {}
    others = importer.sql("SELECT count(*) FROM streams.salesforce_contacts WHERE _deleted_at IS NULL")
    spending = (importer.org, importer.meter, importer.warehouse)
    for spec in (replace(LEADS, transport=transport), with_manager):
        report = reconcile(*spending, spec, now=datetime.now(UTC), run_id="run", thorough=True)
        assert (report.rows_missed, report.rows_vanished, marked.in_files()) == (0, 0, {})
    refreshed = refresh_formulas(*spending, with_manager, now=datetime.now(UTC), run_id="run")
    assert (refreshed.rows_compared, marked.in_files()) == (others[0][0], {})
    again = importer.run(whole)
    assert (again.rows_deleted, again.rows_kept_out, marked.in_files()) == (0, 1, {})
    monkeypatch.setattr(groups, "LONGEST", 700)
    monkeypatch.setattr(groups, "_ROOM", 200)
    with marked.warehouse.write() as connection:
        connection.execute("DELETE FROM ops.windows; DELETE FROM streams.salesforce_contacts")
    wide = importer.run(with_manager)
    assert (wide.rows_kept_out, marked.in_files()) == (1, {})
    assert importer.sql("SELECT count(*) FROM streams.salesforce_contacts WHERE _deleted_at IS NULL") == others
