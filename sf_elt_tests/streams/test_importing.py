"""Imports from a running org: the stream is the org's rows, whatever was read in whatever order."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.org import Org as DemoOrg
from sf_elt.demo_org.org import create_org
from sf_elt.demo_org.saving import save
from sf_elt.demo_org.serve import Details, serving
from sf_elt.salesforce import SalesforceError, UnknownField, UnknownObject
from sf_elt.streams import SpecRefused, StreamSpec, Window, stream_columns
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import ALWAYS, CONTACTS, LEADS, Importer, importing, rows_of_org

OBJECTS = {
    "salesforce_leads": "Lead",
    "salesforce_contacts": "Contact",
    "salesforce_opportunities": "Opportunity",
    "subscriptions": "Subscription__c",
}

A_USER = "SELECT Id FROM User WHERE IsActive = true ORDER BY Id DESC LIMIT 1"
NEWEST_TITLE = """
    SELECT "NewValue" FROM streams.lead_history
    WHERE "Field" = 'Title' ORDER BY "CreatedDate" DESC LIMIT 1
"""


@pytest.fixture
def importer(org: Details, tmp_path: Path) -> Iterator[Importer]:
    with importing(org, tmp_path) as importer:
        yield importer


@pytest.mark.parametrize("stream", OBJECTS)
def test_both_transports_give_every_row_of_the_org(shared_org: Details, tmp_path: Path, stream: str) -> None:
    """By REST and by bulk: all rows, deleted ones too, every field equal, whatever odd text it holds."""
    expected = None
    for transport in ("rest", "bulk"):
        spec = StreamSpec(stream, OBJECTS[stream], transport=transport, page_rows=700)
        with importing(shared_org, tmp_path / transport) as importer:
            expected = expected or rows_of_org(shared_org, stream_columns(importer.org, spec), spec.object)
            report = importer.run(spec)
            assert importer.rows(spec) == expected
            assert (report.transport, report.org_count, report.rows_new) == (transport, len(expected), len(expected))


def test_an_object_with_createddate_alone_is_read(org: Details, tmp_path: Path) -> None:
    """Field history has no SystemModstamp and values of any type: both transports bring it, text of each value."""
    sf = client(org)
    [lead] = sf.query("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 1")["records"]
    sf.Lead.update(lead["Id"], {"Score__c": 2.5, "Title": 'a "b", 7', "OwnerId": sf.query(A_USER)["records"][0]["Id"]})
    read = []
    for transport in ("rest", "bulk"):
        spec = StreamSpec("lead_history", "LeadHistory", transport=transport)
        with importing(org, tmp_path / transport) as importer:
            report = importer.run(spec)
            assert stream_columns(importer.org, spec).timestamp_field == "CreatedDate"
            assert report.org_count == report.rows_new > 60
            read.append(importer.rows(spec))
            [(new,)] = importer.sql(NEWEST_TITLE)
            assert new == 'a "b", 7'
    assert read[0] == read[1]


def test_few_rows_come_by_rest_and_many_by_bulk(importer: Importer) -> None:
    """Up to `rest_rows` rows REST is used, beyond it Bulk API 2.0."""
    rows = importer.run(LEADS).rows_read
    assert importer.run(StreamSpec("a", "Lead", rest_rows=rows)).transport == "rest"
    assert importer.run(StreamSpec("b", "Lead", rest_rows=rows - 1)).transport == "bulk"


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_windows_in_any_order_are_one_big_window(
    importer: Importer, tmp_path_factory: pytest.TempPathFactory, org: Details, data: st.DataObject
) -> None:
    """Two years cut anywhere, also exactly at a row's timestamp, read in any order, some twice: the org's rows."""
    columns = stream_columns(importer.org, LEADS)
    expected = rows_of_org(org, columns, "Lead")
    stamps = sorted({row[columns.names.index("SystemModstamp")].replace(tzinfo=UTC) for row in expected})
    cuts = data.draw(st.lists(st.sampled_from(stamps), unique=True, min_size=2, max_size=4).map(sorted))
    edges = [ALWAYS.start, *cuts, ALWAYS.end]
    windows = [Window(start, end) for start, end in itertools.pairwise(edges)]
    order = data.draw(st.permutations([*windows, data.draw(st.sampled_from(windows))]))
    transport = data.draw(st.sampled_from(["rest", "bulk"]))
    with importing(org, tmp_path_factory.mktemp("order")) as importer:
        for window in order:
            importer.run(StreamSpec(LEADS.stream, "Lead", look_back=timedelta(0), transport=transport), window)
        assert importer.rows() == expected


def test_a_row_on_the_border_belongs_to_the_window_that_starts_there(importer: Importer) -> None:
    """`[start, end)`: the start is in, the end is out."""
    importer.run()
    ((stamp,),) = importer.sql('SELECT max("SystemModstamp") FROM streams.salesforce_leads')
    stamp = stamp.replace(tzinfo=UTC)
    spec = StreamSpec("border", "Lead", look_back=timedelta(0))
    assert importer.run(spec, Window(stamp - timedelta(milliseconds=1), stamp)).rows_read == 0
    assert importer.run(spec, Window(stamp, stamp + timedelta(milliseconds=1))).rows_read == 1


def test_a_thousand_rows_of_one_timestamp_fit_one_millisecond(shared_org: Details, tmp_path: Path) -> None:
    """A mass update does not get lost between pages."""
    with importing(shared_org, tmp_path) as importer:
        importer.run(LEADS)
        ((stamp, rows),) = importer.sql(
            'SELECT "SystemModstamp", count(*) FROM streams.salesforce_leads GROUP BY 1 ORDER BY 2 DESC LIMIT 1'
        )
        assert rows > 1000
        start = stamp.replace(tzinfo=UTC)
        spec = StreamSpec("mass", "Lead", look_back=timedelta(0), transport="bulk", page_rows=300)
        assert importer.run(spec, Window(start, start + timedelta(milliseconds=1))).rows_new == rows


def test_reading_again_changes_nothing(importer: Importer) -> None:
    """The second read finds every row unchanged, and the table is equal to the last column."""
    first = importer.run()
    before = importer.sql("FROM streams.salesforce_leads ORDER BY ALL")
    again = importer.run()
    assert importer.sql("FROM streams.salesforce_leads ORDER BY ALL") == before
    assert (again.rows_unchanged, again.rows_new, again.rows_changed) == (first.rows_read, 0, 0)
    assert again.rows_in_stream == len(before)


def test_only_what_changed_moves(importer: Importer, org: Details) -> None:
    """After one update in the org, the next window moves one row."""
    importer.run()
    sf = client(org)
    record = str(sf.query("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 1")["records"][0]["Id"])
    sf.Lead.update(record, {"Title": 'Chief of 🚀\r\n"N/A"'})
    report = importer.run()
    assert (report.rows_new, report.rows_changed) == (0, 1)
    changed = importer.sql(f'SELECT "Title" FROM streams.salesforce_leads WHERE "Id" = \'{record}\'')
    assert changed == [('Chief of 🚀\r\n"N/A"',)]


def test_a_row_that_commits_late_is_found_by_the_look_back(importer: Importer, org: Details) -> None:
    """A row that shows only after its window was read and closed comes with the next window."""
    now = datetime.now(UTC)
    closed = Window(now - timedelta(days=1), now + timedelta(minutes=2))
    importer.run(LEADS, closed, now=closed.end)
    created = client(org).Lead.create({"LastName": "Late", "Company": "Slow transactions"})["id"]
    following = Window(closed.end, closed.end + timedelta(days=1))
    without = StreamSpec(LEADS.stream, "Lead", look_back=timedelta(0))
    assert importer.run(without, following, now=following.end).rows_read == 0
    assert importer.run(LEADS, following, now=following.end).rows_new == 1
    assert importer.sql('SELECT "Id" FROM streams.salesforce_leads WHERE "LastName" = \'Late\'') == [(created,)]


def test_an_open_window_says_so_and_is_completed_later(importer: Importer, org: Details) -> None:
    """A window whose end is ahead is read to now; the same window later brings what came since."""
    window = Window(datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1))
    assert importer.run(LEADS, window).is_open
    client(org).Lead.create({"LastName": "Later", "Company": "C"})
    report = importer.run(LEADS, window, now=window.end)
    assert (report.is_open, report.rows_new) == (False, 1)


def test_deleted_and_undeleted(tmp_path: Path) -> None:
    """A deleted record stays with its time of deletion, and lives again once it is undeleted."""
    demo = create_org(seed=7, records=60)
    with serving(demo) as details, importing(details, tmp_path) as importer:
        importer.run(CONTACTS)
        record = str(client(details).query("SELECT Id FROM Contact LIMIT 1")["records"][0]["Id"])
        alive = f"SELECT _deleted_at IS NULL FROM streams.salesforce_contacts WHERE \"Id\" = '{record}'"
        client(details).Contact.delete(record)
        gone = importer.run(CONTACTS)
        assert (gone.rows_deleted, importer.sql(alive)) == (1, [(False,)])
        assert 0 < gone.rows_living < gone.rows_in_stream
        _undelete(demo, details, record)
        importer.run(CONTACTS, now=datetime.now(UTC) + timedelta(minutes=1))
        assert importer.sql(alive) == [(True,)]
    demo.close()


def _undelete(demo: DemoOrg, details: Details, record: str) -> None:
    levers(details).advance(2)
    (outcome,) = save(demo.store, demo.credentials.user_id, "Contact", "undelete", [{"Id": record}])
    assert outcome.success, outcome


def test_an_empty_window_costs_one_call(importer: Importer) -> None:
    """Nothing there: one count, and a record that says so."""
    importer.run()  # describes the object, once for the session
    long_ago = Window(datetime(2001, 1, 1, tzinfo=UTC), datetime(2001, 1, 2, tzinfo=UTC))
    report = importer.run(LEADS, long_ago)
    assert (report.transport, report.api_calls, report.rows_read, report.org_count) == ("none", 1, 0, 0)


def test_every_window_leaves_its_numbers(importer: Importer) -> None:
    """ops.windows holds what the report says, ops.api_calls what was spent."""
    report = importer.run()
    ((stream, transport, count, read, new, newest, calls),) = importer.sql(
        "SELECT stream, transport, org_count, rows_read, rows_new, newest, api_calls FROM ops.windows"
    )
    assert (stream, transport, count, read, new) == ("salesforce_leads", "rest", *[report.rows_read] * 3)
    assert newest.replace(tzinfo=UTC) == report.newest
    ((job, run_id, spent, used, allowed),) = importer.sql(
        "SELECT job, run_id, calls, org_used, org_allowed FROM ops.api_calls"
    )
    assert (job, run_id, spent) == ("import:test", "run", calls)
    assert calls <= used < allowed == 100_000


def test_what_the_org_does_not_have_is_named_with_what_is_near(importer: Importer) -> None:
    """An unknown object or field stops before anything is read, and says what was probably meant."""
    with pytest.raises(UnknownObject, match=r"'Leed'.*did you mean Lead"):
        importer.run(StreamSpec("leads", "Leed"))
    with pytest.raises(UnknownField, match=r"leads: Lead has no field 'Emial'.*did you mean Email"):
        importer.run(StreamSpec("leads", "Lead", additional_fields=("Emial",)))
    with pytest.raises(UnknownField, match=r"no relationship 'RecordTyp'.*did you mean RecordType"):
        importer.run(StreamSpec("leads", "Lead", fields=("RecordTyp.Name",)))
    with pytest.raises(UnknownField, match="SystemModstamp cannot be left out"):
        importer.run(StreamSpec("leads", "Lead", exclude_fields=("SystemModstamp",)))
    with pytest.raises(SpecRefused, match="timestamp_field Email"):
        importer.run(StreamSpec("leads", "Lead", timestamp_field="Email"))
    assert not importer.warehouse.file.exists()


def test_fields_come_and_go(importer: Importer) -> None:
    """A field that is no longer read keeps its column and is recorded; a new one fills rows that did not change."""
    lean = StreamSpec("salesforce_leads", "Lead", exclude_fields=("Title", "Company"))
    added = importer.run(lean), importer.run(LEADS)
    assert {(change.field, change.change) for change in added[1].schema_changes} == {
        ("Company", "added"),
        ("Title", "added"),
    }
    assert added[1].rows_changed > 0
    dropped = importer.run(lean)
    assert {(change.field, change.change) for change in dropped.schema_changes} == {
        ("Company", "dropped"),
        ("Title", "dropped"),
    }
    assert dropped.rows_in_stream == added[0].rows_in_stream
    assert importer.run(lean).schema_changes == ()
    returned = importer.run(LEADS)
    assert {change.change for change in returned.schema_changes} == {"returned"}


def test_related_fields_are_columns(importer: Importer) -> None:
    """A field one relationship up is a column under its dotted name, and null where there is no related record."""
    spec = StreamSpec("contacts", "Contact", fields=("Name",), additional_fields=("Account.Name", "MasterRecord.Email"))
    by_transport = [
        importer.run(StreamSpec(**(vars(spec) | {"transport": transport}))) and importer.rows(spec)
        for transport in ("rest", "bulk")
    ]
    assert by_transport[0] == by_transport[1]
    named, merged, rows = importer.sql(
        'SELECT count("Account.Name"), count("MasterRecord.Email"), count(*) FROM streams.contacts'
    )[0]
    assert named > merged
    assert rows > merged


def test_a_parent_of_either_kind_is_read(importer: Importer) -> None:
    """An owner is a user or a queue: the name is read whichever it is, a slip is named."""
    spec = StreamSpec("owned", "Lead", fields=("Name",), additional_fields=("Owner.Name",))
    assert importer.run(spec).rows_read > 0
    assert importer.sql('SELECT count(*) FROM streams.owned WHERE "Owner.Name" IS NULL') == [(0,)]
    slip = StreamSpec("owned", "Lead", fields=("Name",), additional_fields=("Owner.Nam",))
    with pytest.raises(UnknownField, match=r"owned: Group has no field 'Nam'.*did you mean Name"):
        importer.run(slip)


def test_an_import_that_fails_leaves_the_stream_and_no_landing_files(importer: Importer, org: Details) -> None:
    """After a refusal nothing has moved and nothing lies about."""
    importer.run()
    before = importer.sql("FROM streams.salesforce_leads ORDER BY ALL")
    refusal = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no longer yours"}]
    levers(org).faults.plan({"path": "/results", "reply": {"status": 403, "body": refusal}, "times": None})
    with pytest.raises(SalesforceError):
        importer.run(StreamSpec("salesforce_leads", "Lead", transport="bulk"))
    assert importer.sql("FROM streams.salesforce_leads ORDER BY ALL") == before
    assert list(importer.warehouse.landing("salesforce_leads").glob("*-*")) == []


def test_deletes_may_be_ignored(own_org: Details, tmp_path: Path) -> None:
    """With `ignore` a deleted record stays as it was read, and what was deleted before never comes."""
    ignoring = StreamSpec("salesforce_contacts", "Contact", deletes="ignore")
    with importing(own_org, tmp_path) as importer:
        sf = client(own_org)
        gone, kept = (record["Id"] for record in sf.query("SELECT Id FROM Contact LIMIT 2")["records"])
        sf.Contact.delete(gone)
        importer.run(ignoring)
        before = {row[0]: row for row in importer.rows(ignoring)}
        assert gone not in before
        sf.Contact.delete(kept)
        assert importer.run(ignoring).rows_deleted == 0
        after = {row[0]: row for row in importer.rows(ignoring)}
        assert (after[kept], after.keys()) == (before[kept], before.keys())
        assert importer.sql("SELECT count(_deleted_at) FROM streams.salesforce_contacts") == [(0,)]
        assert importer.run(CONTACTS).rows_deleted >= 2
