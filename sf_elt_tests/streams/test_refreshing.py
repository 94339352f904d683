"""Refreshing what changes without its record's timestamp: only those fields, only of the very version that was read."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from simple_salesforce import Salesforce

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import AllowanceSpent
from sf_elt.streams import RefreshReport, StreamSpec, Window, refresh_formulas, stream_columns
from sf_elt.warehouse import JobMeter
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import Importer, asked, importing, rows_of_org

CONTACTS = StreamSpec("salesforce_contacts", "Contact", additional_fields=("Account.Name",))
ACCOUNTS = StreamSpec("salesforce_accounts", "Account")
NEW_FORMULA = {
    "fullName": "Four__c",
    "type": "Number",
    "label": "Twice",
    "precision": 18,
    "scale": 2,
    "formula": "2 + 2",
}
OTHERS = 'SELECT "Id", "Email", "SystemModstamp", _window, _changed_at FROM streams.salesforce_contacts ORDER BY 1'


@pytest.fixture
def importer(org: Details, tmp_path: Path) -> Iterator[Importer]:
    with importing(org, tmp_path) as importer:
        importer.run(CONTACTS)
        importer.run(ACCOUNTS)
        yield importer


@pytest.fixture
def sf(org: Details) -> Salesforce:
    return client(org)


def refreshed(importer: Importer, spec: StreamSpec = CONTACTS, *, meter: JobMeter | None = None) -> RefreshReport:
    now = datetime.now(UTC)
    return refresh_formulas(importer.org, meter or importer.meter, importer.warehouse, spec, now=now, run_id="run")


def account_of_contacts(importer: Importer) -> tuple[str, int, str]:
    """The account that most living contacts have, how many those are, and a rating that it has not."""
    [(account, contacts, rating)] = importer.sql(
        'SELECT "AccountId", count(*), any_value("Account_Rating__c") FROM streams.salesforce_contacts'
        ' WHERE _deleted_at IS NULL AND "AccountId" IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1'
    )
    return str(account), int(str(contacts)), "Cold" if rating == "Hot" else "Hot"


@pytest.mark.parametrize("transport", ["rest", "bulk"])
def test_a_formula_over_another_object_is_brought_up_to_date(
    importer: Importer, sf: Salesforce, org: Details, transport: Literal["rest", "bulk"]
) -> None:
    """The account's rating and name change, its contacts are not saved: no window brings it, a refresh does."""
    account, contacts, rating = account_of_contacts(importer)
    sf.Account.update(account, {"Rating": rating, "Name": f"Renamed by {transport}"})
    today = Window(datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC))
    assert importer.run(CONTACTS, today).rows_changed == 0
    report = refreshed(importer, replace(CONTACTS, transport=transport))
    assert report.transport == transport
    assert report.fields == ("LastActivityDate", "Account_Rating__c", "Account.Name")
    assert (report.rows_changed, report.changed_by_field) == (
        contacts,
        {"Account.Name": contacts, "Account_Rating__c": contacts},
    )
    assert importer.rows(CONTACTS) == rows_of_org(org, stream_columns(importer.org, CONTACTS), "Contact")
    assert refreshed(importer).rows_changed == 0


def test_a_roll_up_is_brought_up_to_date(importer: Importer, sf: Salesforce, org: Details) -> None:
    """An opportunity is won: the sum of its account changes, and nothing else of the stream does."""
    won = sf.query("SELECT Id, AccountId FROM Opportunity WHERE IsClosed = false AND AccountId != null LIMIT 1")
    [opportunity] = won["records"]
    sf.Opportunity.update(opportunity["Id"], {"StageName": "Closed Won", "Amount": 4321.0})
    report = refreshed(importer, ACCOUNTS)
    assert (report.rows_changed, report.changed_by_field) == (1, {"Won_Amount__c": 1})
    assert importer.rows(ACCOUNTS) == rows_of_org(org, stream_columns(importer.org, ACCOUNTS), "Account")


def test_the_date_of_the_last_activity_is_brought_up_to_date(importer: Importer, sf: Salesforce, org: Details) -> None:
    """A task is completed: its contact shows it without having been saved, and describe does not call it calculated."""
    [(contact,)] = importer.sql('SELECT min("Id") FROM streams.salesforce_contacts WHERE _deleted_at IS NULL')
    sf.Task.create({"WhoId": contact, "ActivityDate": "2031-04-30", "Status": "Completed"})
    report = refreshed(importer)
    assert (report.rows_changed, report.changed_by_field) == (1, {"LastActivityDate": 1})
    assert importer.rows(CONTACTS) == rows_of_org(org, stream_columns(importer.org, CONTACTS), "Contact")


def test_only_those_fields_of_only_those_rows_are_touched(importer: Importer, sf: Salesforce) -> None:
    """Other fields and rows stay; _changed_at, by which profiles rank a person's records, is the record's version."""
    before = {row[0]: row for row in importer.sql(OTHERS)}
    table = "streams.salesforce_contacts"
    loaded = f'SELECT "Id" FROM {table} WHERE _loaded_at > (SELECT min(_loaded_at) FROM {table})'
    account, contacts, rating = account_of_contacts(importer)
    sf.Account.update(account, {"Rating": rating})
    refreshed(importer)
    after = {row[0]: row for row in importer.sql(OTHERS)}
    assert {record: row[:4] for record, row in after.items()} == {record: row[:4] for record, row in before.items()}
    moved = {record for (record,) in importer.sql(loaded)}
    assert len(moved) == contacts
    assert all(after[record][4] == (after[record][2] if record in moved else before[record][4]) for record in after)


def test_what_our_own_exports_write_is_no_change_of_substance(importer: Importer, sf: Salesforce) -> None:
    """A field that an export writes moves, and _changed_at does not: our own writes decide nothing about a person."""
    spec = replace(CONTACTS, written_fields=("Account_Rating__c", "account.name"))
    with importer.warehouse.write() as connection:
        connection.execute("UPDATE streams.salesforce_contacts SET _changed_at = '2001-01-01'")
    account, contacts, rating = account_of_contacts(importer)
    sf.Account.update(account, {"Rating": rating})
    assert refreshed(importer, spec).rows_changed == contacts
    assert importer.sql("SELECT DISTINCT _changed_at FROM streams.salesforce_contacts") == [(datetime(2001, 1, 1),)]


def test_newer_rows_are_never_touched(importer: Importer, sf: Salesforce) -> None:
    """A contact that was saved after it was imported, and one that was read after the refresh began, wait."""
    account, contacts, rating = account_of_contacts(importer)
    [(saved,), (read,)] = importer.sql(
        f'SELECT "Id" FROM streams.salesforce_contacts WHERE "AccountId" = \'{account}\''
        " AND _deleted_at IS NULL ORDER BY 1 LIMIT 2"
    )
    sf.Account.update(account, {"Rating": rating})
    sf.Contact.update(str(saved), {"Title": "Saved since"})
    with importer.warehouse.write() as connection:
        connection.execute("UPDATE streams.salesforce_contacts SET _loaded_at = '2100-01-01' WHERE \"Id\" = ?", [read])
    report = refreshed(importer)
    assert report.rows_changed == contacts - 2
    contact = 'SELECT "Title", "Account_Rating__c" FROM streams.salesforce_contacts WHERE "Id" ='
    assert rating not in {importer.sql(f"{contact} '{record}'")[0][1] for record in (saved, read)}
    importer.run(CONTACTS)
    assert importer.sql(f"{contact} '{saved}'") == [("Saved since", rating)]


def test_a_stream_without_such_fields_costs_no_reading(importer: Importer) -> None:
    """Nothing calculated, nothing related, nothing that activities move: the describe says so."""
    leads = StreamSpec("salesforce_leads", "Lead", exclude_fields=("RecordType.Name", "LastActivityDate"))
    importer.run(leads)
    report = refreshed(importer, leads)
    assert (report.fields, report.transport, report.api_calls, report.rows_changed) == ((), "none", 0, 0)


def test_a_stream_that_was_never_read_is_left_alone(importer: Importer) -> None:
    """There is no table to bring up to date."""
    assert refreshed(importer, replace(CONTACTS, stream="never_read")).rows_compared == 0


def test_a_new_formula_waits_for_the_import(importer: Importer, org: Details) -> None:
    """A field that the stream has no column for yet comes with the next window, which changes the table."""
    levers(org).change_schema("Contact", add=[NEW_FORMULA])
    try:
        importer.org.described.clear()
        assert "Four__c" not in refreshed(importer).fields
    finally:
        levers(org).change_schema("Contact", drop=["Four__c"])


@pytest.mark.parametrize("transport", ["rest", "bulk"])
def test_out_of_calls_it_goes_on_where_it_was(
    importer: Importer, sf: Salesforce, org: Details, transport: Literal["rest", "bulk"]
) -> None:
    """A call a run: job and pages are asked for as often as without pauses, and in the end all is up to date."""
    spec = replace(CONTACTS, transport=transport)
    account, contacts, rating = account_of_contacts(importer)
    asked(org)
    refreshed(importer, spec)
    without_pauses = asked(org)
    sf.Account.update(account, {"Rating": rating})
    asked(org)
    report, runs = None, 0
    while report is None:
        runs += 1
        assert runs < 40, asked(org)
        meter = JobMeter(importer.warehouse.calls(), f"import:{runs}", "org", limit=1 if runs > 1 else 0)
        with suppress(AllowanceSpent):
            report = refreshed(importer, spec, meter=meter)
    assert (asked(org), report.rows_changed) == (without_pauses, contacts)


def test_a_read_that_a_refresh_overtakes_brings_its_new_columns(
    importer: Importer, sf: Salesforce, org: Details
) -> None:
    """A column is added, and while its rows are on their way their formulas are refreshed: both are there."""
    table = replace(CONTACTS, stream="without_titles", exclude_fields=("Title",))
    importer.run(table)
    account, contacts, rating = account_of_contacts(importer)
    with_titles = replace(table, exclude_fields=())

    def meanwhile(what: str, done: int, total: int | None) -> None:
        if "merging" in what:
            sf.Account.update(account, {"Rating": rating})
            assert refreshed(importer, with_titles).rows_changed == contacts

    importer.run(with_titles, progress=meanwhile)
    assert importer.rows(with_titles) == rows_of_org(org, stream_columns(importer.org, with_titles), "Contact")
    assert refreshed(importer, with_titles).rows_changed == 0
