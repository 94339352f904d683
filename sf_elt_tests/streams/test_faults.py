"""Imports where something goes wrong: nothing lost, nothing doubled, and every call counted."""

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from sf_elt.demo_org.schema import Field, Schema, load_schema
from sf_elt.demo_org.serve import Details, running_org
from sf_elt.salesforce import AllowanceSpent, JobFailed, OrgUnavailable, RequestRefused, count
from sf_elt.streams import LandingUnreadable, Shortfall, StreamSpec, Window, WindowReport, stream_columns
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import ALWAYS, LEADS, Body, Importer, importing, rows_of_org

BULK = StreamSpec("salesforce_leads", "Lead", transport="bulk", page_rows=10)


@pytest.fixture
def importer(org: Details, tmp_path: Path) -> Iterator[Importer]:
    with importing(org, tmp_path) as importer:
        yield importer


_NO_SESSION = {"status": 401, "body": [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]}


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        pytest.param(LEADS, {"reply": _NO_SESSION}, id="rest-401"),
        pytest.param(LEADS, {"reply": {"status": 503}}, marks=pytest.mark.soak, id="rest-503"),
        pytest.param(LEADS, {"drop": "before"}, marks=pytest.mark.soak, id="rest-dropped"),
        pytest.param(LEADS, {"drop": "body"}, marks=pytest.mark.soak, id="rest-cut in the body"),
        pytest.param(BULK, {"reply": _NO_SESSION}, marks=pytest.mark.soak, id="bulk-401"),
        pytest.param(BULK, {"reply": {"status": 503}}, marks=pytest.mark.soak, id="bulk-503"),
        pytest.param(BULK, {"drop": "before"}, marks=pytest.mark.soak, id="bulk-dropped"),
        pytest.param(BULK, {"drop": "body"}, id="bulk-cut in the body"),
    ],
)
def test_a_fault_at_any_call_costs_only_repetition(
    importer: Importer, org: Details, spec: StreamSpec, fault: dict[str, object]
) -> None:
    """Each call of an import fails once: the stream is the org's rows, and the meter counted what the org did."""
    expected = rows_of_org(org, stream_columns(importer.org, spec), "Lead")
    levers(org).calls.clear()
    before = importer.meter.made
    for after in (0, 1, 3):
        levers(org).faults.clear()
        levers(org).faults.plan({"path": "/(query|queryAll|results|jobs)", "after": after} | fault)
        importer.run(spec)
        assert importer.rows(spec) == expected
    assert importer.meter.made - before == len(levers(org).calls.all())


@pytest.mark.parametrize("spec", [LEADS, BULK], ids=["rest", "bulk"])
def test_a_query_that_is_too_large_is_read_in_halves(importer: Importer, org: Details, spec: StreamSpec) -> None:
    """Refused twice, the range is split twice, and both halves of each are read."""
    body = [{"errorCode": "OPERATION_TOO_LARGE", "message": "exceeded 100000 distinct ids"}]
    levers(org).faults.plan(
        {"path": "/(queryAll|jobs/query$)", "times": 2}
        | {"method": "GET" if spec is LEADS else "POST", "reply": {"status": 400, "body": body}}
    )
    report = importer.run(spec, Window(datetime(2024, 1, 1, tzinfo=UTC), datetime.now(UTC)))
    assert importer.rows(spec) == rows_of_org(org, stream_columns(importer.org, spec), "Lead")
    assert report.rows_read == report.rows_in_stream
    assert [call["status"] for call in levers(org).calls.all()].count(400) == 2


def test_rows_that_are_too_many_to_count_come_in_bulk(importer: Importer, org: Details) -> None:
    """A count that times out does not stop the import."""
    described = importer.org.client.Lead.describe()
    refusal = [{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}]
    answers = [
        {"body": described, "httpHeaders": {}, "httpStatusCode": 200, "referenceId": "described"},
        {"body": refusal, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": "counted"},
    ]
    levers(org).faults.plan({"path": "/composite$", "reply": {"status": 200, "body": {"compositeResponse": answers}}})
    report = importer.run()
    assert report.transport == "bulk"
    assert importer.rows() == rows_of_org(org, stream_columns(importer.org, LEADS), "Lead")


def test_pages_that_miss_rows_move_nothing(importer: Importer, org: Details) -> None:
    """A reply that claims more rows than it brings is a shortfall, and the stream stays as it was."""
    importer.run()
    before = importer.sql("FROM streams.salesforce_leads ORDER BY ALL")
    folder = importer.warehouse.landing("salesforce_leads")
    real = importer.org.session.get

    def with_a_row_less(*args: object, **kwargs: object) -> object:
        response = real(*args, **kwargs)
        body = gzip.decompress(response.raw.read(decode_content=False))
        page = json.loads(body)
        page["records"].pop()
        response.raw = Body(json.dumps(page).encode())
        response.headers = {}
        return response

    importer.org.session.get = with_a_row_less
    with pytest.raises(Shortfall, match=r"reported (\d+) rows.*arrived"):
        importer.run()
    importer.org.session.get = real
    assert importer.sql("FROM streams.salesforce_leads ORDER BY ALL") == before
    assert list(folder.glob("*-*")) == []
    importer.run()


@pytest.mark.parametrize(
    ("members", "error", "said"),
    [
        ({"records": "text"}, LandingUnreadable, "shape"),
        ({"records": [{"Id": "00Q1", "RecordType": "text"}]}, LandingUnreadable, "shape"),
        ({"records": [{"Id": "00Q1", "SystemModstamp": "soon"}]}, LandingUnreadable, "SystemModstamp"),
        ({"totalSize": "many"}, RequestRefused, "totalSize"),
        ({"done": False, "nextRecordsUrl": 7}, RequestRefused, "nextRecordsUrl"),
    ],
)
def test_a_reply_of_another_shape_is_a_clear_error(
    importer: Importer, org: Details, members: dict[str, object], error: type[Exception], said: str
) -> None:
    """It names the page, and the field where it is one, and nothing is moved."""
    levers(org).faults.plan({"path": "/queryAll/", "alter": {"members": members}, "times": None})
    with pytest.raises(error, match=said):
        importer.run(replace(LEADS, transport="rest"))
    levers(org).faults.clear()
    assert importer.run().rows_new > 0


def test_a_spent_allowance_pauses_and_goes_on_where_it_was(org: Details, tmp_path: Path) -> None:
    """Nine calls a day for a window that needs more: each day brings pages that no later day fetches again."""
    clock = [datetime.now(UTC).timestamp()]
    with importing(org, tmp_path) as importer:
        importer.meter.ledger = type(importer.meter.ledger)(importer.meter.ledger.file, clock=lambda: clock[0])
        importer.meter.limit = 9
        spec = StreamSpec("salesforce_leads", "Lead", transport="bulk", page_rows=3)
        closed = Window(ALWAYS.start, datetime.now(UTC))
        levers(org).calls.clear()
        days = 0
        while days < 10:
            days += 1
            try:
                report = importer.run(spec, closed)
                break
            except AllowanceSpent as spent:
                clock[0] = spent.until.timestamp() + 86_400
        assert days > 1
        assert importer.rows(spec) == rows_of_org(org, stream_columns(importer.org, spec), "Lead")
        pages = [call["query"] for call in levers(org).calls.all() if call["path"].endswith("/results")]
        assert len(pages) == len(set(pages)) == -(-report.rows_read // 3)
        assert importer.sql("SELECT sum(calls) FROM ops.api_calls") == [(importer.meter.made,)]


@pytest.mark.parametrize(
    "allowance", [pytest.param(3, marks=pytest.mark.soak), 4, pytest.param(6, marks=pytest.mark.soak)]
)
def test_a_window_that_grows_while_it_is_paused_ends_too(org: Details, tmp_path: Path, allowance: int) -> None:
    """Each day the schedule asks for one day more: the paused read is gone on with, and no page is read twice."""
    with importing(org, tmp_path) as importer:
        spec = StreamSpec("salesforce_leads", "Lead", transport="bulk", page_rows=6)
        levers(org).calls.clear()
        end = datetime.now(UTC)
        for day in range(12):
            importer.meter.limit = importer.meter.made + allowance
            try:
                report = importer.run(spec, Window(ALWAYS.start, end + timedelta(days=day)), only_new=True)
                break
            except AllowanceSpent:
                continue
        else:
            pytest.fail("it never came to its end")
        assert importer.rows(spec) == rows_of_org(org, stream_columns(importer.org, spec), "Lead")
        pages = [call["query"] for call in levers(org).calls.all() if call["path"].endswith("/results")]
        assert len(pages) == len(set(pages))
        read = importer.sql("SELECT read_from, read_to, rows_new FROM ops.windows ORDER BY read_to")
        assert len(read) == 2
        assert read[1][0] == read[0][1] - spec.look_back
        assert read[0][2] + read[1][2] == report.rows_in_stream


def test_a_paused_rest_read_goes_on_with_its_next_page(shared_org: Details, tmp_path: Path) -> None:
    """Pages that landed are not asked for again; a cursor that has died begins the query anew."""
    spec = StreamSpec("salesforce_leads", "Lead", transport="rest", fields=("Name",))
    closed = Window(ALWAYS.start, datetime.now(UTC))
    for dead in (False, True):
        with importing(shared_org, tmp_path / str(dead)) as importer:
            importer.meter.limit = importer.meter.made + 2
            with pytest.raises(AllowanceSpent):
                importer.run(spec, closed)
            importer.meter.limit = None
            if dead:
                body = [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]
                levers(shared_org).faults.plan({"path": "/query/01g", "reply": {"status": 400, "body": body}})
            report = importer.run(spec, closed)
            levers(shared_org).faults.clear()
            pages = -(-report.rows_read // 2000)
            assert pages > 1
            assert report.api_calls == (2 + pages if dead else pages)
            assert report.rows_new == report.rows_in_stream == count(importer.org, "Lead", include_deleted=True)


def test_a_rest_read_that_takes_longer_than_cursors_live_ends(org: Details, tmp_path: Path) -> None:
    """Three calls a day for pages of ten rows, and a cursor that dies over night: no page by Id is read twice."""
    spec = replace(LEADS, transport="rest", fields=("Name",))
    closed = Window(ALWAYS.start, datetime.now(UTC))
    pull = levers(org)
    died = {"status": 400, "body": [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]}
    with importing(org, tmp_path) as importer:
        for _ in range(10):
            pull.faults.clear()
            pull.faults.plan({"path": "/query/01g", "reply": died}, {"path": "/query", "page_size": 10, "times": None})
            importer.meter.limit = importer.meter.made + 4
            try:
                report = importer.run(spec, closed)
                break
            except AllowanceSpent:
                continue
        assert importer.rows(spec) == rows_of_org(org, stream_columns(importer.org, spec), "Lead")
        assert report.rows_in_stream > 30


def test_other_fields_than_when_it_was_paused_begin_anew(org: Details, tmp_path: Path) -> None:
    """A paused read is gone on with only where it asks for the same."""
    with importing(org, tmp_path) as importer:
        importer.meter.limit = 6
        with pytest.raises(AllowanceSpent):
            importer.run(replace(BULK, exclude_fields=("Title",)))
        importer.meter.limit = None
        assert importer.run(BULK).rows_new > 0
        assert importer.rows(BULK) == rows_of_org(org, stream_columns(importer.org, BULK), "Lead")


def test_a_row_is_not_lost_where_our_clock_is_ahead_of_the_orgs(org: Details, tmp_path: Path) -> None:
    """Half an hour ahead: a window that is over for us is read to the org's now, and is not over yet."""
    ahead = timedelta(minutes=30)
    with importing(org, tmp_path) as importer:
        importer.org.transport.clock = lambda: datetime.now(UTC) + ahead
        now = datetime.now(UTC) + ahead
        window = Window(now - timedelta(days=1), now - timedelta(minutes=1))
        first = importer.run(LEADS, window, now=now)
        assert first.is_open
        assert abs(first.read_to + ahead - now) < timedelta(seconds=60)
        with importer.org.counted_by(None):
            created = importer.org.client.Lead.create({"LastName": "Behind", "Company": "C"})["id"]
        importer.run(LEADS, window, now=now + timedelta(minutes=2))
        assert importer.sql('SELECT "Id" FROM streams.salesforce_leads WHERE "LastName" = \'Behind\'') == [(created,)]


@pytest.mark.parametrize("spec", [LEADS, BULK], ids=["rest", "bulk"])
def test_a_field_that_goes_between_two_reads_of_a_session_is_not_asked_for(
    own_org: Details, tmp_path: Path, spec: StreamSpec
) -> None:
    """Each read describes the object anew: a field that was there a moment ago is dropped, and nothing fails."""
    with importing(own_org, tmp_path) as importer:
        importer.run(spec)
        levers(own_org).change_schema("Lead", drop=["Score__c"])
        report = importer.run(spec)
        assert [(change.field, change.change) for change in report.schema_changes] == [("Score__c", "dropped")]


def test_an_object_that_is_none_for_the_bulk_api_is_read_by_rest(importer: Importer, org: Details) -> None:
    """Also where the spec says bulk: the org gives it in no other way."""
    body = [{"errorCode": "INVALIDENTITY", "message": "sObject type 'Lead' is not supported in Bulk Query"}]
    levers(org).faults.plan({"path": "/jobs/query$", "method": "POST", "reply": {"status": 400, "body": body}})
    assert importer.run(BULK).transport == "rest"
    assert importer.rows(BULK) == rows_of_org(org, stream_columns(importer.org, BULK), "Lead")


@pytest.mark.soak
@pytest.mark.parametrize("transport", [pytest.param("auto", marks=pytest.mark.soak), "rest"])
def test_a_query_too_long_for_an_address_goes_by_bulk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: Literal["auto", "rest"]
) -> None:
    """The org refuses a longer request line with 414; an object of 800 fields is read all the same."""
    schema = load_schema()
    lead = schema.require("Lead")
    more = tuple(Field(f"Custom_field_number_{number}__c", "string", "C", length=10) for number in range(800))
    wide = Schema((*(each for each in schema.objects if each is not lead), replace(lead, fields=lead.fields + more)))
    monkeypatch.setattr("sf_elt.demo_org.org.load_schema", lambda: wide)
    with running_org(records=0) as org, importing(org, tmp_path) as importer:
        written = {"LastName": "Wide", "Company": "C", more[-1].name: "last"}
        created = importer.org.client.Lead.create(written)["id"]
        report = importer.run(replace(LEADS, transport=transport))
        assert (report.transport, report.rows_new) == ("bulk", 1)
        assert importer.sql(f'SELECT "Id", "{more[-1].name}" FROM streams.salesforce_leads') == [(created, "last")]


def test_a_paused_open_window_is_read_to_now_when_it_goes_on(org: Details, tmp_path: Path) -> None:
    """What came while it was paused is not left out."""
    with importing(org, tmp_path) as importer:
        spec = StreamSpec("salesforce_leads", "Lead", transport="bulk", page_rows=5)
        importer.meter.limit = 8
        with pytest.raises(AllowanceSpent):
            importer.run(spec)
        importer.meter.limit = None
        with importer.org.counted_by(None):
            importer.org.client.Lead.create({"LastName": "Meanwhile", "Company": "C"})
        report = importer.run(spec, now=datetime.now(UTC) + timedelta(minutes=1))
        assert report.rows_new == report.rows_in_stream
        assert importer.rows(spec) == rows_of_org(org, stream_columns(importer.org, spec), "Lead")
        assert importer.sql("SELECT count(*) FROM ops.windows") == [(2,)]


def test_the_orgs_own_spent_allowance_pauses_too(importer: Importer, org: Details) -> None:
    """403 REQUEST_LIMIT_EXCEEDED is a pause; later the same run completes."""
    importer.run()
    levers(org).limit(0)
    with pytest.raises(AllowanceSpent, match="paused until"):
        importer.run()
    levers(org).limit(100_000, give_back=True)
    importer.meter.note_allowance(0, 100_000)
    assert importer.run().rows_read > 0


def test_a_pause_is_a_pause_though_the_warehouse_is_busy(importer: Importer) -> None:
    """Somebody has the file open when calls run out: the run ends as a pause that is gone on with, not as a failure."""
    importer.run()
    importer.warehouse = replace(importer.warehouse, wait_seconds=0.1)
    importer.meter.limit = importer.meter.made
    with ExitStack() as others:

        def busy(what: str, done: int, total: int | None) -> None:
            others.enter_context(importer.warehouse.alone())

        with pytest.raises(AllowanceSpent):
            importer.run(progress=busy)


def test_a_job_that_never_ends_is_given_up(importer: Importer, org: Details) -> None:
    """Patience with a job is bounded, and the error names the job and its state."""
    levers(org).faults.plan({"path": "/jobs/query$", "method": "POST", "hold_job": True})
    with pytest.raises(OrgUnavailable, match=r"bulk job \w+ is still \w+ after .* goes on waiting for this job"):
        importer.run(replace(BULK, job_patience=timedelta(seconds=0.3)))


def test_a_job_that_somebody_aborts_is_a_clear_error(own_org: Details, tmp_path: Path) -> None:
    """The run ends with the job and its state, and the next run simply begins a new job."""
    levers(own_org).faults.plan({"path": "/jobs/query$", "method": "POST", "hold_job": True})
    with importing(own_org, tmp_path) as importer:
        with ThreadPoolExecutor(1) as background:
            running = background.submit(importer.run, BULK)
            _abort_query_job(own_org, running)
            with pytest.raises(JobFailed, match=r"query job \w+ ended as Aborted: .* makes a new job"):
                running.result()
        levers(own_org).faults.clear()
        assert importer.run(BULK).rows_new > 0


def _abort_query_job(org: Details, running: Future[WindowReport]) -> None:
    """Waits until there is a query job, and aborts it as an administrator would."""
    sf = client(org)
    while not running.done():
        if jobs := sf.restful("jobs/query")["records"]:
            sf.restful(f"jobs/query/{jobs[0]['id']}", method="PATCH", json={"state": "Aborted"})
            return
