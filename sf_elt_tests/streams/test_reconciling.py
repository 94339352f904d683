"""Reconciling a stream with the org's Ids: what vanished is marked, what was missed is read, in few calls."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from sf_elt.demo_org.org import Org as DemoOrg
from sf_elt.demo_org.org import create_org
from sf_elt.demo_org.saving import save
from sf_elt.demo_org.serve import Details, serving
from sf_elt.demo_org.tables import insert_rows, quote, table
from sf_elt.salesforce import AllowanceSpent
from sf_elt.streams import ManyVanished, ReconcileReport, SpecRefused, StreamSpec, reconcile, vanishing
from sf_elt.streams.upkeep import judging
from sf_elt.warehouse import JobMeter
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import LEADS, Importer, asked, importing

LIVING = 'SELECT "Id" FROM streams.salesforce_leads WHERE _deleted_at IS NULL ORDER BY "CreatedDate", "Id"'
VANISHED = "SELECT record_id FROM ops.vanished ORDER BY 1"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[DemoOrg, Details]]:
    """An org of 180 leads."""
    demo = create_org(seed=7, records=300)
    with serving(demo) as details:
        yield demo, details
    demo.close()


@pytest.fixture
def demo(served: tuple[DemoOrg, Details]) -> DemoOrg:
    return served[0]


@pytest.fixture
def importer(served: tuple[DemoOrg, Details], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Importer]:
    """All leads imported, which are more than so few that counting them by day would spare nothing."""
    _, details = served
    monkeypatch.setattr(judging, "REST_PAGE", 50)
    levers(details).let_clock_differ(0)
    with importing(details, tmp_path) as importer:
        importer.run()
        yield importer


def reconciled(
    importer: Importer,
    spec: StreamSpec = LEADS,
    *,
    meter: JobMeter | None = None,
    later: timedelta = timedelta(),
    **options: bool | int,
) -> ReconcileReport:
    now = datetime.now(UTC) + later
    return reconcile(importer.org, meter or importer.meter, importer.warehouse, spec, now=now, run_id="run", **options)


def living(importer: Importer) -> list[str]:
    return [str(record) for (record,) in importer.sql(LIVING)]


def vanished(importer: Importer) -> list[str]:
    return [str(record) for (record,) in importer.sql(VANISHED)]


def hard_delete(demo: DemoOrg, *ids: str) -> None:
    """What leaves nothing behind that a window could read."""
    outcomes = save(demo.store, demo.credentials.user_id, "Lead", "hardDelete", [{"Id": record} for record in ids])
    assert all(outcome.success for outcome in outcomes), outcomes


@contextmanager
def hidden(demo: DemoOrg, *ids: str) -> Iterator[None]:
    """Within the block the org has no such leads, as for a user with whom they are no longer shared."""
    lead = demo.store.schema.object("Lead")
    columns = ", ".join(quote(each.name) for each in lead.stored_fields if not each.is_compound)
    with demo.store.writing() as write:
        kept = write.connection.sql(
            f'SELECT {columns} FROM {table("Lead")} WHERE "Id" IN ?', params=[ids]
        ).to_arrow_table()
        write.connection.execute(f'DELETE FROM {table("Lead")} WHERE "Id" IN ?', [ids])
    yield
    with demo.store.writing() as write:
        insert_rows(write.connection, lead, kept)


def test_where_the_counts_agree_it_costs_one_call(importer: Importer) -> None:
    """Nothing vanished, nothing missed: one aggregate query, though leads lie deleted in the recycle bin."""
    report = reconciled(importer)
    assert (report.how, report.api_calls, report.rows_vanished, report.rows_missed) == ("counts agree", 1, 0, 0)
    assert report.org_count == report.stream_count == len(living(importer))


def test_the_days_that_differ_are_compared(importer: Importer, demo: DemoOrg) -> None:
    """Leads that were deleted for good: found in two calls by the Ids of their days, marked, and noted once."""
    gone = sorted([living(importer)[0], living(importer)[70], living(importer)[-9]])
    hard_delete(demo, *gone)
    report = reconciled(importer)
    assert (report.how, report.rows_vanished, report.rows_missed, report.api_calls) == ("some Ids compared", 3, 0, 2)
    assert report.ids_read < 20
    assert vanished(importer) == gone
    assert set(gone).isdisjoint(living(importer))
    again = reconciled(importer)
    assert (again.how, again.api_calls, vanished(importer)) == ("counts agree", 1, gone)


def test_a_day_that_hides_a_difference_is_found_when_all_ids_are_compared(importer: Importer, demo: DemoOrg) -> None:
    """One vanished and one missed of the same day keep the counts equal; every n-th time all Ids are compared."""
    [[day]] = importer.sql(
        'SELECT CAST("CreatedDate" AS DATE) FROM streams.salesforce_leads WHERE _deleted_at IS NULL'
        " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    same_day = f'SELECT "Id" FROM streams.salesforce_leads WHERE CAST("CreatedDate" AS DATE) = \'{day}\''
    gone, lost, *_ = importer.sql(f"{same_day} AND _deleted_at IS NULL")
    hard_delete(demo, str(gone[0]))
    forget(importer, str(lost[0]))
    assert reconciled(importer).how == "counts agree"
    report = reconciled(importer, full_every=2)
    assert (report.how, report.rows_vanished, report.rows_missed) == ("all Ids compared", 1, 1)
    assert vanished(importer) == [gone[0]]
    assert lost[0] in living(importer)
    assert reconciled(importer, full_every=2).how == "counts agree"


def test_missed_records_are_read(importer: Importer) -> None:
    """Rows that the stream lost, or never got: read by their Ids, and the stream is the org's rows again."""
    expected = importer.rows()
    lost = living(importer)[4:160:9]
    forget(importer, *lost)
    report = reconciled(importer)
    assert (report.rows_missed, report.rows_vanished, report.rows_returned) == (len(lost), 0, 0)
    assert importer.rows() == expected


def test_what_comes_back_lives_again(importer: Importer, demo: DemoOrg) -> None:
    """Leads that are hidden vanish; shown again they are found by the next reconciliation, or by any read of theirs."""
    lost = sorted(living(importer)[10:13])
    before = importer.rows()
    with hidden(demo, *lost):
        assert reconciled(importer).rows_vanished == 3
        assert importer.run().rows_changed == 0
        assert set(lost).isdisjoint(living(importer))
    report = reconciled(importer)
    assert (report.rows_missed, report.rows_returned, report.rows_vanished) == (3, 3, 0)
    assert set(lost) <= set(living(importer))
    with hidden(demo, *lost):
        reconciled(importer)
    importer.run(now=datetime.now(UTC) + timedelta(seconds=1))
    assert (set(lost) <= set(living(importer)), importer.rows()) == (True, before)


def test_an_older_read_brings_nothing_back(importer: Importer, demo: DemoOrg) -> None:
    """A window that was read before a record vanished, and merged after that was noticed, leaves it vanished."""
    began = datetime.now(UTC)
    lost = living(importer)[20]
    with hidden(demo, lost):
        reconciled(importer)
    importer.run(now=began)
    assert lost not in living(importer)


def test_a_newer_version_that_was_read_before_brings_nothing_back(
    importer: Importer, demo: DemoOrg, served: tuple[DemoOrg, Details]
) -> None:
    """A lead is saved, read, and gone for good before what was read is merged: it stays gone."""
    lost = living(importer)[30]
    client(served[1]).Lead.update(lost, {"Title": "Last words"})

    def meanwhile(what: str, done: int, total: int | None) -> None:
        if "merging" in what:
            hard_delete(demo, lost)
            reconciled(importer, later=timedelta(seconds=2), thorough=True)

    importer.run(now=datetime.now(UTC) + timedelta(seconds=1), progress=meanwhile)
    assert lost in vanished(importer)
    assert lost not in living(importer)


def test_a_record_whose_time_was_emptied_has_not_vanished(importer: Importer, served: tuple[DemoOrg, Details]) -> None:
    """Windows are cut by a field that people change: without a time, or with an earlier one, a lead still lives."""
    org = served[1]
    levers(org).change_schema("Lead", add=[{"fullName": "Seen__c", "type": "DateTime", "label": "Seen"}])
    importer.org.described.clear()
    spec = replace(LEADS, stream="seen", timestamp_field="Seen__c", since=datetime(2023, 1, 1, tzinfo=UTC))
    [emptied, set_back, gone, *_] = _open_leads(org)
    for lead in (emptied, set_back, gone):
        client(org).Lead.update(lead, {"Seen__c": "2025-01-01T00:00:00Z"})
    importer.run(spec)
    client(org).Lead.update(emptied, {"Seen__c": None})
    client(org).Lead.update(set_back, {"Seen__c": "2022-01-01T00:00:00Z"})
    hard_delete(served[0], gone)
    report = reconciled(importer, spec)
    assert (report.rows_vanished, report.rows_missed) == (1, 0)
    assert importer.sql('SELECT "Id" FROM streams.seen WHERE _deleted_at IS NOT NULL') == [(gone,)]
    levers(org).change_schema("Lead", drop=["Seen__c"])
    importer.org.described.clear()


def _open_leads(org: Details) -> list[str]:
    found = client(org).query_all("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id")
    return [str(each["Id"]) for each in found["records"]]


def test_deleted_since_the_last_read_is_not_vanished(importer: Importer, served: tuple[DemoOrg, Details]) -> None:
    """What was changed, made or deleted after the stream was read is for its next window, and costs no call here."""
    details = served[1]
    levers(details).advance(2)  # timestamps have whole seconds
    sf = client(details)
    first, second, *_ = living(importer)
    sf.Lead.delete(first)
    sf.Lead.update(second, {"Title": "Changed since"})
    made = sf.Lead.create({"LastName": "New", "Company": "New"})["id"]
    report = reconciled(importer)
    assert (report.how, report.api_calls) == ("counts agree", 1)
    report = reconciled(importer, thorough=True)
    assert (report.rows_vanished, report.rows_missed) == (0, 0)
    assert (first in living(importer), made in living(importer)) == (True, False)


def test_many_that_vanish_at_once_are_not_believed(
    importer: Importer, demo: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than deletions explain: refused with both ways out, nothing marked; accepted, all are."""
    monkeypatch.setattr(vanishing, "FEW_VANISHED", 3)
    lost = living(importer)[:120:2]  # the last ones may be younger than what is judged
    with hidden(demo, *lost):
        with pytest.raises(ManyVanished, match="accept_many"):
            reconciled(importer)
        assert (vanished(importer), set(lost) <= set(living(importer))) == ([], True)
        assert reconciled(importer, accept_many=True).rows_vanished == len(lost)


def test_a_paused_run_hands_on_what_it_was_told_to_accept(
    importer: Importer, demo: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that goes on with it is a scheduled one, and marks what the person's run was to mark."""
    monkeypatch.setattr(vanishing, "FEW_VANISHED", 3)
    lost = living(importer)[:120:2]
    none_left = JobMeter(importer.warehouse.calls(), "import:paused", "org", limit=0)
    with hidden(demo, *lost):
        with pytest.raises(AllowanceSpent):
            reconciled(importer, meter=none_left, thorough=True, accept_many=True)
        assert reconciled(importer).rows_vanished == len(lost)


@pytest.mark.parametrize("transport", ["rest", pytest.param("bulk", marks=pytest.mark.soak)])
def test_out_of_calls_it_goes_on_where_it_was(
    importer: Importer, served: tuple[DemoOrg, Details], transport: Literal["rest", "bulk"]
) -> None:
    """A call a run: each count, job and page is asked for as often as without pauses."""
    spec = replace(LEADS, transport=transport)
    forget(importer, *living(importer)[40:43])
    asked(served[1])
    assert reconciled(importer, spec).rows_missed == 3
    without_pauses = asked(served[1])
    forget(importer, *living(importer)[40:43])
    report, runs = None, 0
    while report is None:
        runs += 1
        assert runs < 40, asked(served[1])
        meter = JobMeter(importer.warehouse.calls(), f"import:{runs}", "org", limit=1)
        with suppress(AllowanceSpent):
            report = reconciled(importer, spec, meter=meter)
    assert runs > 2
    assert asked(served[1]) == without_pauses
    assert reconciled(importer, thorough=True).rows_missed == 0


def test_since_is_respected(importer: Importer) -> None:
    """What is older than `since` is neither missed nor vanished."""
    [[middle]] = importer.sql('SELECT median("SystemModstamp") FROM streams.salesforce_leads')
    spec = replace(LEADS, stream="recent_leads", since=middle.replace(tzinfo=UTC))
    importer.run(spec)
    assert reconciled(importer, spec).how == "counts agree"
    report = reconciled(importer, spec, thorough=True)
    assert (report.rows_missed, report.rows_vanished) == (0, 0)


def test_months_are_asked_first_where_there_are_many_days(
    importer: Importer, demo: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An aggregate gives so many groups and no more: months, then the days of those that differ, then their Ids."""
    monkeypatch.setattr(judging, "GROUP_LIMIT", 60)
    monkeypatch.setattr(judging, "REST_PAGE", 1)
    gone = living(importer)[30]
    hard_delete(demo, gone)
    report = reconciled(importer)
    assert (report.rows_vanished, report.api_calls, vanished(importer)) == (1, 3, [gone])


def test_deletes_that_are_ignored_are_not_reconciled(importer: Importer) -> None:
    """Refused with what to set."""
    with pytest.raises(SpecRefused, match="deletes: track"):
        reconciled(importer, replace(LEADS, deletes="ignore"))


def test_a_stream_that_was_never_read_costs_nothing(importer: Importer) -> None:
    """Nothing is judged before the first import."""
    report = reconciled(importer, replace(LEADS, stream="never_read"))
    assert (report.api_calls, report.judged_to) == (0, None)


def test_an_object_that_is_read_whole_is_left_alone(importer: Importer) -> None:
    """Its imports find by themselves what has vanished: no call."""
    spec = replace(LEADS, stream="whole_leads", timestamp_field="none")
    importer.run(spec)
    report = reconciled(importer, spec)
    assert (report.how, report.api_calls) == ("read whole", 0)


def forget(importer: Importer, *ids: str) -> None:
    """The stream loses rows, as if a window had missed them."""
    with importer.warehouse.write() as connection:
        connection.execute('DELETE FROM streams.salesforce_leads WHERE "Id" IN ?', [ids])
