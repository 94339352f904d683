"""Reads by hand beside the windows: some rows, some fields, or a look; nothing that windows are read by changes."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from simple_salesforce import Salesforce

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import UnknownField
from sf_elt.streams import SpecRefused, StreamSpec, Window, stream_columns
from sf_elt.streams.adhoc import Preview, SomeReport, Wanted, look_ahead, read_some
from sf_elt.warehouse import JobMeter
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import ALWAYS, CONTACTS, Importer, asked, importing, rows_of_org

WINDOWS = "SELECT * EXCLUDE (seconds, completed_at) FROM ops.windows ORDER BY ALL"
HOUR = timedelta(hours=1)


@pytest.fixture
def importer(org: Details, tmp_path: Path) -> Iterator[Importer]:
    with importing(org, tmp_path) as importer:
        yield importer


@pytest.fixture
def sf(org: Details) -> Salesforce:
    return client(org)


def some(
    importer: Importer,
    wanted: Wanted,
    spec: StreamSpec = CONTACTS,
    window: Window = ALWAYS,
    *,
    meter: JobMeter | None = None,
    now: datetime | None = None,
) -> SomeReport:
    meter = meter or importer.meter
    now = now or datetime.now(UTC)
    return read_some(importer.org, meter, importer.warehouse, spec, window, wanted, now=now, run_id="by hand")


def look(importer: Importer, wanted: Wanted, spec: StreamSpec = CONTACTS) -> Preview:
    return look_ahead(importer.org, importer.meter, spec, ALWAYS, wanted, now=datetime.now(UTC))


def contacts(importer: Importer, what: str, number: int = 1) -> list[tuple[object, ...]]:
    return importer.sql(
        f'SELECT "Id", {what} FROM streams.salesforce_contacts WHERE _deleted_at IS NULL ORDER BY 1 LIMIT {number}'
    )


def as_the_org_has_it(importer: Importer, org: Details) -> bool:
    return importer.rows(CONTACTS) == rows_of_org(org, stream_columns(importer.org, CONTACTS), "Contact")


@pytest.mark.parametrize("transport", ["rest", "bulk"])
def test_at_most_so_many_rows_and_no_window(importer: Importer, org: Details, transport: str) -> None:
    """The newest rows arrive whole; no window counts as read, so the next read brings the rest."""
    spec = replace(CONTACTS, transport=transport)
    report = some(importer, Wanted(limit=5), spec)
    told = (report.rows_read, report.rows_new, report.rows_in_stream, report.transport)
    assert told == (5, 5, 5, transport)
    every = rows_of_org(org, stream_columns(importer.org, CONTACTS), "Contact")
    assert report.rows_counted == len(every)
    newest = sorted((row[1] for row in every), reverse=True)[:5]  # Id, SystemModstamp, …
    assert sorted((row[1] for row in importer.rows(CONTACTS)), reverse=True) == newest
    assert importer.sql("FROM ops.windows") == []
    assert importer.sql("SELECT count(*) FROM main.salesforce_contacts") == [(5,)]
    assert importer.run(CONTACTS).rows_new == len(every) - 5
    assert as_the_org_has_it(importer, org)


def test_few_rows_of_an_object_that_is_read_whole_are_not_all_that_it_has(importer: Importer) -> None:
    """Who is not among the rows of a limited read has not vanished."""
    campaigns = StreamSpec("campaigns", "Campaign", timestamp_field="none")
    importer.run(campaigns)
    assert some(importer, Wanted(limit=1), campaigns).rows_read == 1
    assert importer.sql("SELECT count(*) FROM streams.campaigns WHERE _deleted_at IS NOT NULL") == [(0,)]
    assert importer.sql("SELECT count(*) FROM ops.vanished") == [(0,)]


def test_some_fields_are_set_and_all_others_stay(importer: Importer, org: Details, sf: Salesforce) -> None:
    """The fields are the org's now; the row's others and its version stay, and its window then brings the whole."""
    importer.run(CONTACTS)
    [(record, title, department, version)] = contacts(importer, '"Title", "Department", "SystemModstamp"')
    sf.Contact.update(record, {"Title": "By hand", "Department": "Not asked for"})
    before, windows = importer.rows(CONTACTS), importer.sql(WINDOWS)
    report = some(importer, Wanted(("title",)))
    assert (report.rows_changed, report.rows_new, report.rows_ahead) == (1, 0, 1)
    assert contacts(importer, '"Title", "Department", "SystemModstamp"') == [(record, "By hand", department, version)]
    assert [row for row in importer.rows(CONTACTS) if row[0] != record] == [row for row in before if row[0] != record]
    assert importer.sql(WINDOWS) == windows
    assert importer.run(CONTACTS).rows_changed == 1
    assert as_the_org_has_it(importer, org)
    assert importer.sql("FROM ops.read_apart") == []
    assert title != "By hand"


def test_a_record_that_the_stream_has_not_is_left_to_its_window(
    importer: Importer, org: Details, sf: Salesforce
) -> None:
    """A new record would be a row of nulls, and one that was deleted would live again: both wait, and are counted."""
    importer.run(CONTACTS)
    [(deleted, *_), *_] = contacts(importer, '"Title"')
    sf.Contact.delete(deleted)
    importer.run(CONTACTS)
    sf.Contact.create({"LastName": "New by hand", "Title": "New"})
    report = some(importer, Wanted(("Title",)))
    assert (report.rows_left, report.rows_new, report.rows_changed) == (1, 0, 0)
    assert importer.sql(f"SELECT _deleted_at IS NULL FROM streams.salesforce_contacts WHERE \"Id\" = '{deleted}'") == [
        (False,)
    ]
    importer.run(CONTACTS)
    assert as_the_org_has_it(importer, org)


def killed_while_merging(importer: Importer) -> None:
    """A read of all that has landed and is killed before it merges: the next one goes on with its pages."""

    def kill(what: str, done: int, total: int | None) -> None:
        if "merging" in what:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        importer.run(CONTACTS, progress=kill)


def test_an_older_read_that_ends_later_leaves_the_fields(importer: Importer, org: Details, sf: Salesforce) -> None:
    """A killed read has landed the version between: the row becomes that, but for the field that was read after it."""
    importer.run(CONTACTS)
    [(record, *_)] = contacts(importer, '"Title"')
    sf.Contact.update(record, {"Title": "First", "Department": "First"})
    killed_while_merging(importer)
    sf.Contact.update(record, {"Title": "Second", "Department": "Second"})
    some(importer, Wanted(("Title",)))
    counted = []

    def kill(what: str, done: int, total: int | None) -> None:
        counted.extend([what] if "counting" in what else [])
        if len(counted) == 2:  # what had landed is merged; now the rest would be read
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        importer.run(CONTACTS, progress=kill)
    assert contacts(importer, '"Title", "Department"') == [(record, "Second", "First")]
    importer.run(CONTACTS)
    assert as_the_org_has_it(importer, org)
    assert importer.sql("FROM ops.read_apart") == []


def test_a_later_read_of_some_fields_wins(importer: Importer, sf: Salesforce) -> None:
    """Of two reads of a field the one that began later stays, whichever ends first."""
    importer.run(CONTACTS)
    [(record, *_)] = contacts(importer, '"Title"')
    early = datetime.now(UTC) + timedelta(seconds=1)
    sf.Contact.update(record, {"Title": "Later"})
    some(importer, Wanted(("Title",)), now=early + HOUR)
    sf.Contact.update(record, {"Title": "Newest"})  # read by one that is told that it began before
    assert some(importer, Wanted(("Title",)), now=early).rows_left >= 1
    assert contacts(importer, '"Title"') == [(record, "Later")]


def test_a_new_field_is_filled(importer: Importer, org: Details) -> None:
    """A column that the stream has not had yet is filled in the rows that it has, and no row is lost or added."""
    before = replace(CONTACTS, exclude_fields=("Department", "Title"))
    importer.run(before)
    rows = importer.sql("SELECT count(*) FROM streams.salesforce_contacts")
    report = some(importer, Wanted(("Department",), limit=3))
    assert (report.rows_read, report.rows_ahead) == (3, 0)
    assert report.rows_changed > 0
    filled = importer.sql('SELECT count("Department"), count("Title") FROM streams.salesforce_contacts')
    assert filled == [(report.rows_changed, 0)]
    assert importer.sql("SELECT count(*) FROM streams.salesforce_contacts") == rows
    importer.run(CONTACTS)
    assert as_the_org_has_it(importer, org)


def test_a_look_says_what_it_would_be_and_writes_nothing(importer: Importer, org: Details) -> None:
    """The count, the query and the calls of a read, which then needs as many."""
    levers(org).calls.clear()
    preview = look(importer, Wanted(("Email",)))
    every = rows_of_org(org, stream_columns(importer.org, CONTACTS), "Contact")
    assert preview.rows_counted is not None
    assert 0 < preview.rows_counted <= len(every)
    assert preview.soql.startswith("SELECT Id, SystemModstamp, Email FROM Contact WHERE ")
    assert (preview.calls_needed, preview.transport) == (2, "rest")
    assert not importer.warehouse.file.exists()
    assert not importer.warehouse.landings()
    limited = look(importer, Wanted(limit=3))
    assert (limited.rows_counted, limited.rows_to_read) == (len(every), 3)
    assert limited.soql.endswith("ORDER BY SystemModstamp DESC LIMIT 3")
    asked(org)
    importer.org.described.clear()
    assert some(importer, Wanted(limit=3)).api_calls == 3  # a describe, a count, a page


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (("Titel",), r"no field 'Titel' \(did you mean Title\?\)"),
        (("AssistantName",), "additional_fields"),
        (("Id", "SystemModstamp"), "every read brings that"),
    ],
)
def test_fields_that_cannot_be_read_so_are_refused(importer: Importer, fields: tuple[str, ...], says: str) -> None:
    """A wrong name with the nearest right one; one that the import leaves out with what to do; nothing but keys."""
    spec = replace(CONTACTS, exclude_fields=("AssistantName",))
    with pytest.raises((UnknownField, SpecRefused), match=says):
        look(importer, Wanted(fields), spec)


@pytest.mark.parametrize("wanted", [Wanted(("Name",)), Wanted(limit=1, bounds=("since",))])
def test_an_object_that_is_read_whole_has_no_time_to_go_by(importer: Importer, wanted: Wanted) -> None:
    """Bounds and single fields are refused for it, with the reason."""
    with pytest.raises(SpecRefused, match="is read whole each time"):
        look(importer, wanted, StreamSpec("campaigns", "Campaign", timestamp_field="none"))
