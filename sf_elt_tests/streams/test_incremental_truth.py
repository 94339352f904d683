"""What happens in an org between two reads, or during one: the stream tells it as the org does."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sf_elt.demo_org.org import create_org
from sf_elt.demo_org.saving import save
from sf_elt.demo_org.serve import Details, serving
from sf_elt.streams import StreamSpec, Window, stream_columns
from sf_elt.streams.reading import Reading
from sf_elt.streams.windows import BEGINNING
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import ALWAYS, CONTACTS, LEADS, Importer, importing, rows_of_org

BULK = replace(LEADS, transport="bulk", page_rows=400)
REST = replace(LEADS, transport="rest")
NO_LOOK_BACK = replace(LEADS, look_back=timedelta(0))
SECOND = timedelta(seconds=1)
TO_READ = "/(queryAll/|jobs/query$)"


def too_large(over_rows: int) -> list[dict[str, object]]:
    """Queries that find more rows are refused, and jobs that do end as Failed."""
    failed = {"state": "Failed", "message": "QUERY_TIMEOUT: too long.", "over_rows": over_rows}
    return [
        {"preset": "operation_too_large", "refuse": {"over_rows": over_rows}, "path": "/(query|queryAll)/"},
        {"path": "/jobs/query$", "method": "POST", "end_job": failed, "times": None},
    ]


@pytest.fixture
def importer(org: Details, tmp_path: Path) -> Iterator[Importer]:
    with importing(org, tmp_path) as importer:
        yield importer


def _is_right(importer: Importer, org: Details, spec: StreamSpec) -> bool:
    return importer.rows(spec) == rows_of_org(org, stream_columns(importer.org, spec), spec.object)


def _leads(org: Details, number: int) -> list[str]:
    found = client(org).query(f"SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT {number}")
    return [str(record["Id"]) for record in found["records"]]


def _an_hour_later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def test_a_row_that_commits_late_is_found_by_the_next_read_of_new_rows(importer: Importer, org: Details) -> None:
    """It carries a time that the last read had passed already; the look-back goes behind that."""
    importer.run()
    levers(org).faults.plan({"preset": "late_commit", "path": "/sobjects/Lead/?$"})
    with ThreadPoolExecutor(1) as background:
        late = background.submit(client(org).Lead.create, {"LastName": "Late", "Company": "C"})
        while not levers(org).faults.planned()[0]["played"]:
            assert not late.done()
        now = datetime.now(UTC) + 2 * SECOND
        assert importer.run(now=now).rows_new == 0
        levers(org).faults.clear()
        created = late.result()["id"]
    report = importer.run(now=now + timedelta(minutes=5), only_new=True)
    assert report.rows_new == 1
    assert importer.sql('SELECT "Id" FROM streams.salesforce_leads WHERE "LastName" = \'Late\'') == [(created,)]


def test_a_clock_of_ours_that_jumps_an_hour_loses_no_row(own_org: Details, tmp_path: Path) -> None:
    """It was an hour ahead when it was read, goes back, falls an hour behind, and is right again: each row is found.

    The rows of an hour ahead would be new ones to the other tests of an org that is shared.
    """
    made = []
    with importing(own_org, tmp_path) as importer:
        for ahead_of_us, ours in ((-3600, None), (0, None), (3600, None), (3600, _an_hour_later())):
            levers(own_org).let_clock_differ(ahead_of_us)
            importer.run(only_new=True, now=ours)
            made.append(client(own_org).Lead.create({"LastName": "Late", "Company": "C"})["id"])
        importer.run(only_new=True, now=_an_hour_later())
        found = importer.sql('SELECT "Id" FROM streams.salesforce_leads WHERE "LastName" = \'Late\'')
    assert sorted(found) == sorted((each,) for each in made)


def test_the_first_window_takes_times_before_1970_and_since_leaves_them_out(importer: Importer, org: Details) -> None:
    """A field that people fill in holds any date, and 1900 for what nobody knows; without a time, no window has it."""
    levers(org).change_schema("Lead", add=[{"fullName": "Seen__c", "type": "DateTime", "label": "Seen"}])
    for lead, year in zip(_leads(org, 3), (1900, 1955, 2020), strict=True):
        client(org).Lead.update(lead, {"Seen__c": f"{year}-01-01T00:00:00Z"})
    spec = replace(LEADS, timestamp_field="Seen__c", transport="rest")
    since = datetime(1950, 1, 1, tzinfo=UTC)
    late = replace(spec, stream="late", since=since)
    asked = [(spec, BEGINNING), (late, since)]
    found = [importer.run(each, Window(start, ALWAYS.end)).rows_read for each, start in asked]
    levers(org).change_schema("Lead", drop=["Seen__c"])
    assert found == [3, 2]


@pytest.mark.parametrize("spec", [REST, pytest.param(BULK, marks=pytest.mark.soak)], ids=["rest", "bulk"])
def test_rows_of_one_time_that_are_too_many_at_once_are_read_by_id(tmp_path: Path, spec: StreamSpec) -> None:
    """4,100 rows saved together, of which the org gives 2,000 at most: no range of time is small enough."""
    demo = create_org(seed=7, records=60)
    with serving(demo) as org, importing(org, tmp_path) as importer:
        for part in range(5):
            rows = [{"LastName": f"{part} {row}", "Company": "Mass"} for row in range(820)]
            outcomes = save(demo.store, demo.credentials.user_id, "Lead", "insert", rows)
            assert all(outcome.success for outcome in outcomes)
        levers(org).faults.plan(*too_large(2000))
        window = Window(datetime.now(UTC) - timedelta(minutes=4), datetime.now(UTC) + timedelta(minutes=4))
        report = importer.run(spec, window)
        assert report.rows_new == 4100
        assert importer.sql("SELECT count(*) FROM streams.salesforce_leads WHERE \"Company\" = 'Mass'") == [(4100,)]
    demo.close()


@pytest.mark.parametrize("spec", [REST, BULK], ids=["rest", "bulk"])
def test_a_row_on_the_border_of_two_halves_is_read_once(importer: Importer, org: Details, spec: StreamSpec) -> None:
    """The earlier half ends before it, the later one begins with it."""
    importer.run(now=_an_hour_later())
    ((stamp,),) = importer.sql('SELECT median("SystemModstamp") FROM streams.salesforce_leads')
    border = stamp.replace(tzinfo=UTC, microsecond=0)
    levers(org).faults.plan({"preset": "query_timeout", "refuse": {"over_rows": None}, "path": TO_READ, "times": 1})
    halved = replace(spec, stream="halved", look_back=timedelta(0))
    report = importer.run(
        halved, Window(border - timedelta(days=900), border + timedelta(days=900)), now=border + timedelta(days=901)
    )
    (on_border,) = importer.sql(f"SELECT count(*) FROM streams.halved WHERE \"SystemModstamp\" = '{border:%F %T}'")
    assert levers(org).faults.planned()[0]["played"] == 1
    assert (report.rows_read, report.rows_new) == (report.rows_in_stream, report.rows_in_stream)
    assert on_border[0] >= 1


@pytest.mark.parametrize("spec", [REST, BULK], ids=["rest", "bulk"])
def test_halves_of_halves_go_on_where_a_killed_read_stopped(importer: Importer, org: Details, spec: StreamSpec) -> None:
    """What was refused is not asked again, what has landed is not fetched again, and the rest is read."""
    levers(org).faults.plan(*too_large(20))
    window = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime.now(UTC))
    read: list[str] = []

    def killed(what: str, done: int, total: int | None) -> None:
        read.append(what)
        if sum("reading" in each for each in read) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer.run(spec, window, progress=killed)
    before = _queries(org)
    report = importer.run(spec, window)
    after = _queries(org)[len(before) :]
    assert before
    assert after
    assert set(before).isdisjoint(after)
    levers(org).faults.clear()
    assert _is_right(importer, org, spec)
    assert report.rows_read == report.rows_in_stream


def _queries(org: Details) -> list[str]:
    """Every query for rows that was sent, and every page that was fetched."""
    calls = levers(org).calls.all()
    return [
        f"{call['path']} {call['query']}" for call in calls if re.search("/(query|queryAll)/|/results", call["path"])
    ]


def test_a_row_that_moves_on_while_its_window_is_read_is_no_shortfall(
    importer: Importer, org: Details, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in the earlier window and saved before it was read: it comes with the later one."""
    importer.run(now=_an_hour_later())
    ((record, stamp),) = importer.sql(
        'SELECT "Id", "SystemModstamp" FROM streams.salesforce_leads WHERE NOT "IsConverted" AND _deleted_at IS NULL'
        ' ORDER BY "SystemModstamp" LIMIT 1'
    )
    border = stamp.replace(tzinfo=UTC) + SECOND
    decide = Reading.transport

    def saved_meanwhile(reading: Reading, *arguments: Any) -> Any:
        client(org).Lead.update(record, {"Title": "moved on"})
        return decide(reading, *arguments)

    monkeypatch.setattr(Reading, "transport", saved_meanwhile)
    earlier = importer.run(replace(NO_LOOK_BACK, stream="moved"), Window(ALWAYS.start, border))
    monkeypatch.setattr(Reading, "transport", decide)
    assert earlier.rows_read == 0
    importer.run(replace(NO_LOOK_BACK, stream="moved"), Window(border, ALWAYS.end), now=_an_hour_later())
    assert importer.sql(f'SELECT "Title" FROM streams.moved WHERE "Id" = \'{record}\'') == [("moved on",)]


def test_deleted_undeleted_and_merged_records_come_with_what_is_new(own_org: Details, tmp_path: Path) -> None:
    """A deleted record keeps its time of deletion until it is restored; the loser of a merge names the winner."""
    with importing(own_org, tmp_path) as importer:
        importer.run(CONTACTS)
        gone, winner, loser = (
            str(each["Id"]) for each in client(own_org).query("SELECT Id FROM Contact ORDER BY Id LIMIT 3")["records"]
        )
        state = (
            'SELECT "Id", _deleted_at IS NULL, "MasterRecordId" FROM streams.salesforce_contacts '
            f'WHERE "Id" IN {(gone, loser)}'
        )
        levers(own_org).advance(2)
        client(own_org).Contact.delete(gone)
        request = {"masterRecord": {"type": "Contact", "Id": winner}, "recordToMergeIds": loser}
        assert soap(own_org, "merge", {"request": request})[0]["success"] == "true"
        importer.run(CONTACTS, now=datetime.now(UTC) + 10 * SECOND, only_new=True)
        assert sorted(importer.sql(state)) == sorted([(gone, False, None), (loser, False, winner)])
        levers(own_org).advance(2)
        assert soap(own_org, "undelete", {"ids": gone})[0]["success"] == "true"
        importer.run(CONTACTS, now=datetime.now(UTC) + 20 * SECOND, only_new=True)
        assert sorted(importer.sql(state)) == sorted([(gone, True, None), (loser, False, winner)])
        assert _is_right(importer, own_org, CONTACTS)


def test_a_converted_lead_names_its_contact_in_what_is_new(importer: Importer, org: Details) -> None:
    """The lead and the contact that it became come with the next reads."""
    [lead] = _leads(org, 1)
    importer.run(LEADS)
    importer.run(CONTACTS)
    status = client(org).query("SELECT ApiName FROM LeadStatus WHERE IsConverted = true")["records"][0]["ApiName"]
    [outcome] = soap(org, "convertLead", {"leadConverts": {"leadId": lead, "convertedStatus": status}})
    assert outcome["success"] == "true"
    for spec in (LEADS, CONTACTS):
        importer.run(spec, now=_an_hour_later(), only_new=True)
        assert _is_right(importer, org, spec)
    named = importer.sql(
        f'SELECT "IsConverted", "ConvertedContactId" FROM streams.salesforce_leads WHERE "Id" = \'{lead}\''
    )
    assert named == [(True, outcome["contactId"])]
    assert importer.sql(
        f"SELECT count(*) FROM streams.salesforce_contacts WHERE \"Id\" = '{outcome['contactId']}'"
    ) == [(1,)]


def test_history_rows_come_by_their_creation(importer: Importer, org: Details) -> None:
    """An object that has CreatedDate alone is read on from there, in one call where nothing came."""
    history = StreamSpec("lead_history", "LeadHistory")
    importer.run(history)
    [lead] = _leads(org, 1)
    client(org).Lead.update(lead, {"Title": "Chief of History"})
    later = _an_hour_later()
    assert importer.run(history, now=later, only_new=True).rows_new >= 1
    assert _is_right(importer, org, history)
    assert importer.run(history, now=later + timedelta(hours=1), only_new=True).api_calls == 1
