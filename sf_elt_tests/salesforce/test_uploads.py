"""Bulk uploads to a running org: what was sent is written once, whatever happens to the answers."""

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import (
    AllowanceSpent,
    JobFailed,
    JobPatience,
    NotInBulk,
    Org,
    ReplyTruncated,
    RequestRefused,
    describe,
    query_records,
    retrieve,
)
from sf_elt.salesforce.downloads.pages import opened
from sf_elt.salesforce.save_codes import Meaning
from sf_elt.salesforce.uploads import (
    MOST_BYTES,
    RowError,
    UploadResults,
    abort_upload,
    close_upload,
    create_upload,
    read_row_error,
    send_upload,
    upload_results,
    upload_state,
    wait_for_upload,
)
from sf_elt.salesforce.uploads.results import count_rows
from sf_elt_tests.examples import some
from sf_elt_tests.orgs import levers
from sf_elt_tests.salesforce.conftest import Meter

QUICKLY = JobPatience(first_wait=0.02)
JOB = "/jobs/ingest/[^/]+$"
LEADS = [{"LastName": f"N{number}", "Company": f"C{number}"} for number in range(5)]


def _file(folder: Path, rows: Iterable[dict[str, str]], name: str = "upload.csv") -> Path:
    rows = list(rows)
    file = folder / name
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file


def _upload(org: Org, folder: Path, rows: Iterable[dict[str, str]], operation: Any = "insert", **more: Any) -> str:
    """A job that is closed."""
    job_id = create_upload(org, more.pop("object_name", "Lead"), operation, **more)
    send_upload(org, job_id, _file(folder, rows))
    close_upload(org, job_id)
    return job_id


def _rows(file: Path) -> list[dict[str, str]]:
    with opened(file) as body:
        return list(csv.DictReader(io.StringIO(body.read().decode(), newline="")))


def _all_rows(results: UploadResults) -> list[list[dict[str, str]]]:
    return [_rows(results.successful), _rows(results.failed), _rows(results.unprocessed)]


def _company(org: Org, company: str) -> int:
    return len(query_records(org, f"SELECT Id FROM Lead WHERE Company = '{company}'"))


def test_rows_are_written_and_each_says_what_became_of_it(connected: Org, tmp_path: Path) -> None:
    """Two files hold every row with its cells as sent, the good ones with the Id of the new record."""
    bad = {"LastName": "", "Company": 'No, "name"\nat all'}
    job_id = _upload(connected, tmp_path, [*LEADS, bad])
    job = wait_for_upload(connected, job_id, QUICKLY)
    assert (job.state, job.records, job.failed) == ("JobComplete", 6, 1)
    successful, failed, unprocessed = _all_rows(upload_results(connected, job_id, tmp_path))
    assert sorted(row["LastName"] for row in successful) == [row["LastName"] for row in LEADS]
    assert {row["sf__Created"] for row in successful} == {"true"}
    assert [(row["LastName"], row["Company"]) for row in failed] == [("", bad["Company"])]
    assert read_row_error(failed[0]["sf__Error"]).meaning is Meaning.PAYLOAD
    assert unprocessed == []
    found = query_records(connected, f"SELECT LastName FROM Lead WHERE Id = '{successful[0]['sf__Id']}'")
    assert found == [{"LastName": successful[0]["LastName"]}]


def test_an_upsert_finds_its_records_and_a_delete_takes_them(connected: Org, tmp_path: Path) -> None:
    """An empty cell leaves a field alone, `#N/A` clears it."""
    people = [{"Email": f"p{number}@up.example", "LastName": "Up", "Company": "Up", "Title": "T"} for number in (1, 2)]
    wait_for_upload(connected, _upload(connected, tmp_path, people[:1]), QUICKLY)
    changed = [{**people[0], "Title": "#N/A", "Company": ""}, people[1]]
    job_id = _upload(connected, tmp_path, changed, "upsert", external_id="Email")
    wait_for_upload(connected, job_id, QUICKLY)
    successful = _rows(upload_results(connected, job_id, tmp_path).successful)
    assert sorted(row["sf__Created"] for row in successful) == ["false", "true"]
    held = query_records(connected, "SELECT Title FROM Lead WHERE Company = 'Up' ORDER BY Email")
    assert held == [{"Title": None}, {"Title": "T"}]
    gone = _upload(connected, tmp_path, [{"Id": row["sf__Id"]} for row in successful], "delete")
    wait_for_upload(connected, gone, QUICKLY)
    assert _company(connected, "Up") == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "/jobs/ingest$", "drop": "after"},
        {"path": "/batches$", "drop": "after"},
        {"path": "/batches$", "drop": "upload"},
        {"path": "/batches$", "preset": "unauthorized"},
        {"path": "/batches$", "reply": {"status": 503}},
        {"path": JOB, "method": "PATCH", "drop": "after"},
        {"path": JOB, "method": "PATCH", "preset": "unauthorized"},
        {"path": JOB, "method": "GET", "reply": {"status": 503}, "times": 2},
        {"path": JOB, "method": "GET", "shorten": {}},
        {"path": "/successfulResults$", "drop": "body"},
        {"path": "/successfulResults$", "preset": "truncated_csv"},
        {"path": "/failedResults$", "preset": "unauthorized"},
    ],
    ids=str,
)
def test_whatever_happens_on_the_way_rows_are_written_once(
    org: Details, connected: Org, tmp_path: Path, fault: dict[str, object]
) -> None:
    """A lost answer, a refusal for now, an ended session, a file that breaks off: none is an error of the upload."""
    levers(org).faults.plan(fault)
    company = tmp_path.name
    job_id = _upload(connected, tmp_path, [{**row, "Company": company} for row in LEADS])
    wait_for_upload(connected, job_id, QUICKLY)
    successful, failed, unprocessed = _all_rows(upload_results(connected, job_id, tmp_path))
    assert (len(successful), failed, unprocessed) == (5, [], [])
    assert _company(connected, company) == 5
    assert all(each["played"] for each in levers(org).faults.planned())


def test_many_records_cost_a_handful_of_calls(org: Details, connected: Org, tmp_path: Path) -> None:
    """By the org's own record: 2,000 new records in nine at most, and thirty fields of each of them in one."""
    levers(org).calls.clear()
    rows = [{"LastName": f"N{number}", "Company": "Many", "Title": "x" * 80} for number in range(2_000)]
    job_id = _upload(connected, tmp_path, rows)
    assert wait_for_upload(connected, job_id, QUICKLY, expected=2_000).failed == 0
    made = _rows(upload_results(connected, job_id, tmp_path).successful)
    assert len(levers(org).calls.all()) <= 9
    fields = [each.name for each in describe(connected, "Lead").fields if each.type != "address"][:30]
    levers(org).calls.clear()
    held = retrieve(connected, "Lead", [row["sf__Id"] for row in made], ["Title", *fields])
    assert ({each["Title"] for each in held}, len(held)) == ({"x" * 80}, 2_000)
    assert len(levers(org).calls.all()) == 1


def test_every_step_can_be_done_again(connected: Org, meter: Meter, tmp_path: Path) -> None:
    """A process that was killed begins again at any step with the same job, and its rows are written once."""
    rows = [{**row, "Company": "Again"} for row in LEADS]
    job_id = create_upload(connected, "Lead", "insert")
    for _ in range(2):
        send_upload(connected, job_id, _file(tmp_path, rows))
    for _ in range(3):
        close_upload(connected, job_id)
        send_upload(connected, job_id, _file(tmp_path, rows))
        assert wait_for_upload(connected, job_id, QUICKLY).records == 5
    results = upload_results(connected, job_id, tmp_path)
    meter.calls.clear()
    assert upload_results(connected, job_id, tmp_path) == results
    assert meter.calls == []
    results.failed.unlink()
    assert upload_results(connected, job_id, tmp_path) == results
    assert [path.rpartition("/")[2] for _, path in meter.calls] == [job_id, "failedResults"]
    assert _company(connected, "Again") == 5


def test_the_allowance_may_end_between_any_two_calls(connected: Org, meter: Meter, tmp_path: Path) -> None:
    """Whichever call is the last of the day, the same job is gone on with the next day, and rows are written once."""
    for calls in range(6):
        folder = tmp_path / f"after-{calls}"
        folder.mkdir()
        file = _file(folder, [{**row, "Company": f"Spent {calls}"} for row in LEADS])
        job_id = create_upload(connected, "Lead", "insert")
        meter.most = len(meter.calls) + calls
        for _ in range(2):
            with suppress(AllowanceSpent):
                send_upload(connected, job_id, file)
                close_upload(connected, job_id)
                wait_for_upload(connected, job_id, QUICKLY)
                upload_results(connected, job_id, folder)
            meter.most = None
        assert len(_rows(upload_results(connected, job_id, folder).successful)) == 5
        assert _company(connected, f"Spent {calls}") == 5


@pytest.mark.parametrize("state", ["Failed", "Aborted"])
def test_a_job_that_ends_early_still_tells_what_it_wrote(
    org: Details, connected: Org, tmp_path: Path, state: str
) -> None:
    """Rows before the end are written, those after it are unprocessed, and none is missing; closing again says so."""
    end = {"state": state, "after_rows": 200, "message": "InternalServerError : An unexpected error occurred"}
    levers(org).faults.plan({"path": JOB, "method": "PATCH", "end_job": end})
    company = f"Early {state}"
    rows = [{"LastName": f"N{number}", "Company": "" if number == 7 else company} for number in range(300)]
    job_id = _upload(connected, tmp_path, rows)
    with pytest.raises(JobFailed, match=f"ended as {state} after 200 rows"):
        wait_for_upload(connected, job_id, QUICKLY)
    files = _all_rows(upload_results(connected, job_id, tmp_path))
    assert [len(each) for each in files] == [199, 1, 100]
    assert len({row["LastName"] for each in files for row in each}) == 300
    assert _company(connected, company) == 199
    for step in (close_upload, lambda org, job: send_upload(org, job, tmp_path / "upload.csv")):
        with pytest.raises(JobFailed, match=f"ended as {state}"):
            step(connected, job_id)


def test_an_aborted_upload_has_written_nothing_before_it_was_closed(connected: Org, tmp_path: Path) -> None:
    """One that has ended by itself stays complete."""
    job_id = create_upload(connected, "Lead", "insert")
    send_upload(connected, job_id, _file(tmp_path, [{**row, "Company": "Aborted"} for row in LEADS]))
    for _ in range(2):
        assert abort_upload(connected, job_id).state == "Aborted"
    assert _company(connected, "Aborted") == 0
    done = _upload(connected, tmp_path, LEADS)
    wait_for_upload(connected, done, QUICKLY)
    assert abort_upload(connected, done).state == "JobComplete"


def test_a_csv_that_cannot_be_used_fails_with_the_orgs_words(connected: Org, tmp_path: Path) -> None:
    """Such as a column that is no field: nothing is written, and every row is unprocessed."""
    job_id = _upload(connected, tmp_path, [{"LastName": "A", "Gone__c": "x"}])
    with pytest.raises(JobFailed, match="Field name not found : Gone__c") as failed:
        wait_for_upload(connected, job_id, QUICKLY)
    assert failed.value.code == "InvalidBatch"
    assert [len(each) for each in _all_rows(upload_results(connected, job_id, tmp_path))] == [0, 0, 1]


@pytest.fixture
def no_batches_left(org: Details) -> Iterator[None]:
    address = f"{org.instance_url}/demo/limits"
    requests.post(address, json={"DailyBulkApiBatches": 0}, timeout=10).raise_for_status()
    yield
    requests.post(address, json={"DailyBulkApiBatches": 15_000}, timeout=10).raise_for_status()


@pytest.mark.usefixtures("no_batches_left")
def test_a_spent_allowance_of_uploads_is_a_pause(connected: Org, tmp_path: Path) -> None:
    """The job fails, its rows are unprocessed, and they can go later."""
    job_id = _upload(connected, tmp_path, LEADS)
    with pytest.raises(AllowanceSpent, match=r"bulk uploads is spent, paused until .* ApiBatchItems"):
        wait_for_upload(connected, job_id, QUICKLY)
    assert len(_rows(upload_results(connected, job_id, tmp_path).unprocessed)) == 5


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        ("EXCEEDEDQUOTA", "ExceededQuota : ApiBatchItems Limit exceeded.", AllowanceSpent),
        ("INVALIDENTITY", "Entity 'CaseStatus' is not supported by the Bulk API.", NotInBulk),
        ("INVALIDJOB", "InvalidJob : Unable to find object: Gone__c", RequestRefused),
    ],
)
def test_a_job_that_cannot_be_made_says_why(
    org: Details, connected: Org, code: str, message: str, error: type[Exception]
) -> None:
    """Later, by REST, or not at all."""
    body = [{"errorCode": code, "message": message}]
    levers(org).faults.plan({"path": "/jobs/ingest$", "reply": {"status": 400, "body": body}})
    with pytest.raises(error, match=message.rpartition(":")[2]) as refused:
        create_upload(connected, "Lead", "insert")
    assert type(refused.value) is error


def test_a_file_that_no_job_takes_is_not_sent(connected: Org, meter: Meter, tmp_path: Path) -> None:
    """It is too large, or empty: the caller has to cut it otherwise."""
    empty, large = tmp_path / "empty.csv", tmp_path / "large.csv"
    empty.touch()
    with large.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    meter.calls.clear()
    for file in (empty, large):
        with pytest.raises(ValueError, match="one upload takes 1 to 100,000,000"):
            send_upload(connected, "750000000000001AAA", file)
    assert meter.calls == []


def test_an_upsert_names_its_field_and_others_do_not(connected: Org) -> None:
    """An update by an external id would be an update by Id that finds nothing."""
    with pytest.raises(ValueError, match="needs the field"):
        create_upload(connected, "Lead", "upsert")
    with pytest.raises(ValueError, match="needs the field"):
        create_upload(connected, "Lead", "update", external_id="Email")


def test_an_open_job_is_not_waited_for(connected: Org) -> None:
    """It would wait for ever. One that is not there is refused as well."""
    with pytest.raises(RequestRefused, match="is open and does nothing"):
        wait_for_upload(connected, create_upload(connected, "Lead", "insert"), QUICKLY)
    with pytest.raises(RequestRefused, match="404"):
        upload_state(connected, "750000000000001AAA")


def test_a_file_that_stays_short_does_not_land(org: Details, connected: Org, tmp_path: Path) -> None:
    """Its missing rows are not taken for rows of which nothing became; a later run reads it whole."""
    job_id = _upload(connected, tmp_path, LEADS)
    wait_for_upload(connected, job_id, QUICKLY)
    levers(org).faults.plan({"path": "/successfulResults$", "preset": "truncated_csv", "times": None})
    with pytest.raises(ReplyTruncated, match="of 5"):
        upload_results(connected, job_id, tmp_path)
    levers(org).faults.clear()
    assert len(_rows(upload_results(connected, job_id, tmp_path).successful)) == 5


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        (
            "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
            RowError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ("LastName",)),
        ),
        (
            "DUPLICATE_VALUE:duplicate value found: A__c duplicates value on record with id: 00Q:A__c, B__c --",
            RowError("DUPLICATE_VALUE", "duplicate value found: A__c duplicates value on record with id: 00Q",
                     ("A__c", "B__c")),
        ),
        (
            "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 records: 00Q:--",
            RowError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: 00Q"),
        ),
        (
            "STRING_TOO_LONG:Title: data value too large:Title --;INVALID_EMAIL_ADDRESS:Email: invalid:Email --",
            RowError("STRING_TOO_LONG", "Title: data value too large", ("Title",)),
        ),
        ("something else", RowError("UNKNOWN", "something else")),
    ],
)  # fmt: skip
def test_the_reason_of_a_refused_row_is_read(cell: str, error: RowError) -> None:
    """Code, words and fields, of the first reason where there are several."""
    assert read_row_error(cell) == error


_CELL = st.text(alphabet=st.sampled_from('a",\n\r'), max_size=4)


@settings(max_examples=some(30), deadline=None)
@given(st.lists(st.tuples(_CELL, _CELL), max_size=5), st.booleans())
def test_rows_are_counted_as_a_csv_reader_counts_them(rows: list[tuple[str, str]], ends: bool) -> None:
    """Line feeds within quotes are none, and the last row need not end with one."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("A", "B"), *rows])
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        file.write_text(text.getvalue() if ends else text.getvalue().removesuffix("\n"), "utf-8", newline="")
        assert count_rows(file) == len(rows)
