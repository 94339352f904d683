"""Result pages side by side: the same rows, no call for nothing, and nothing read twice after a break."""

import csv
import io
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import count as numbers
from pathlib import Path
from threading import Event

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import (
    AllowanceSpent,
    Download,
    JobPatience,
    Org,
    OrgUnavailable,
    RequestRefused,
    connect,
    download_bulk,
)
from sf_elt.salesforce.connection.halting import Halted, halted_by
from sf_elt.salesforce.downloads.pages import fetch_page, opened
from sf_elt.salesforce.downloads.result_pages import MOST_ROWS, JobPages, NotSideBySide
from sf_elt_tests.orgs import levers
from sf_elt_tests.salesforce.conftest import QUICK, Meter, renewable

SOQL = "SELECT Id, LastName, Email FROM Lead"
JOB = "/jobs/query/"
PATIENCE = JobPatience(first_wait=0.05, page_rows=3)
EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]


def _download(org: Org, folder: Path, patience: JobPatience = PATIENCE) -> Download:
    folder.mkdir(exist_ok=True)
    return download_bulk(org, SOQL, folder, include_deleted=True, patience=patience)


def _rows(download: Download) -> list[list[str]]:
    """The rows of the files in their order, which must all begin with the same header."""
    found: list[list[str]] = []
    headers = set()
    for file in download.files:
        with opened(file) as body:
            header, *rows = csv.reader(io.StringIO(body.read().decode()))
        headers.add(tuple(header))
        found += rows
    assert len(headers) == 1
    return found


def _asked(org: Details, what: str) -> list[str]:
    return [
        call["query"]
        for call in levers(org).calls.all()
        if "/jobs/query" in call["path"] and call["path"].endswith(what)
    ]


def _one_by_one(connected: Org, folder: Path) -> list[list[str]]:
    return _rows(_download(connected, folder, replace(PATIENCE, side_by_side=1)))


def test_side_by_side_gives_what_one_after_the_other_gives(org: Details, connected: Org, tmp_path: Path) -> None:
    """The same rows in the same order, as many as the job counts; each page asked for once, five addresses a call."""
    expected = _one_by_one(connected, tmp_path / "one")
    pages = -(-len(expected) // 3)
    assert len(_asked(org, "/results")) == pages
    assert _asked(org, "/resultPages") == []
    levers(org).calls.clear()
    download = _download(connected, tmp_path / "many")
    assert _rows(download) == expected
    assert download.reported == len(expected)
    assert len(set(_asked(org, "/results"))) == len(_asked(org, "/results")) == pages
    assert len(_asked(org, "/resultPages")) == -(-pages // 5)


@pytest.mark.parametrize("at_once", [2, 4])
def test_so_many_pages_are_on_their_way_at_once(org: Details, connected: Org, tmp_path: Path, at_once: int) -> None:
    """Where each page takes a while, as many as may be are under way together, and never one more."""
    delay = 0.3
    levers(org).faults.plan({"path": "/results$", "delay": delay, "times": None})
    _download(connected, tmp_path, replace(PATIENCE, page_rows=6, side_by_side=at_once))
    begun = [_moment(call["at"]) for call in levers(org).calls.all() if call["path"].endswith("/results")]
    assert len(begun) > at_once
    together = [sum(other <= moment < other + delay * 0.9 for other in begun) for moment in begun]
    assert 1 < max(together) <= at_once


def _moment(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def test_one_page_needs_no_addresses(org: Details, connected: Org, tmp_path: Path) -> None:
    """Without a wish for small pages the job is made, looked at, and read: three calls or one more for a slow job."""
    download = _download(connected, tmp_path, JobPatience())
    assert [file.suffixes for file in download.files] == [[".csv", ".gz"]]  # compressed, as it came
    assert (len(_asked(org, "/resultPages")), len(_asked(org, "/results"))) == (0, 1)


def test_a_job_without_rows_has_no_pages(org: Details, connected: Org, tmp_path: Path) -> None:
    """Nothing is fetched where the job counts nothing."""
    soql = f"{SOQL} WHERE CreatedDate < 1971-01-01T00:00:00Z"
    found = download_bulk(connected, soql, tmp_path, include_deleted=False, patience=PATIENCE)
    assert found == Download("bulk", (), 0)
    assert _asked(org, "/results") == []


def test_an_older_version_reads_one_after_the_other(org: Details, tmp_path: Path) -> None:
    """resultPages is there from version 58 on."""
    with closing(connect(replace(renewable(org), api_version="57.0"), patience=QUICK)) as older:
        assert len(_rows(_download(older, tmp_path))) > 3
    assert _asked(org, "/resultPages") == []


@pytest.mark.parametrize(
    "fault",
    [
        {"reply": {"status": 503}},
        {"reply": {"status": 401, "body": EXPIRED}, "times": 1},  # a second one would refuse a new session, for good
        {"drop": "before"},
        {"drop": "body"},
        {"drop": "after"},
    ],
    ids=["503", "401", "dropped before", "dropped in the body", "answer lost"],
)
def test_faults_of_pages_cost_only_repetition(
    org: Details, connected: Org, meter: Meter, tmp_path: Path, fault: dict[str, object]
) -> None:
    """Some pages and some addresses fail once, at the same time: all rows come, and every call is counted."""
    expected = _one_by_one(connected, tmp_path / "one")
    levers(org).faults.plan(
        {"path": "/results$", "after": 1, "times": 3} | fault, {"path": "/resultPages$", "after": 1, "times": 1} | fault
    )
    levers(org).calls.clear()
    meter.calls.clear()
    assert _rows(_download(connected, tmp_path / "many")) == expected
    assert len(meter.calls) == len(levers(org).calls.all())


def test_a_break_at_any_call_costs_no_page_twice(org: Details, connected: Org, meter: Meter, tmp_path: Path) -> None:
    """Two calls a day: each day goes on where the last one ended, in one job, and no page is fetched again."""
    expected = _one_by_one(connected, tmp_path / "one")
    levers(org).calls.clear()
    for days in numbers():
        meter.most = len(meter.calls) + 2
        try:
            download = _download(connected, tmp_path / "many")
            break
        except AllowanceSpent:
            assert days < 40
    assert days > 3
    assert _rows(download) == expected
    pages = _asked(org, "/results")
    assert len(pages) == len(set(pages)) == -(-len(expected) // 3)
    assert len(_asked(org, "/jobs/query")) == 1
    levers(org).calls.clear()
    meter.most = None
    assert _download(connected, tmp_path / "many") == download
    assert levers(org).calls.all() == []


def test_pages_that_landed_stay_where_one_fails(org: Details, connected: Org, tmp_path: Path) -> None:
    """One page never comes: the error is told after those on their way have landed, and the next run needs the rest."""
    locator = "locator=" + "OQ"  # the page that begins with row 9
    levers(org).faults.plan({"path": "/results$", "query": locator, "reply": {"status": 503}, "times": None})
    with pytest.raises(OrgUnavailable):
        _download(connected, tmp_path)
    landed = orjson.loads((tmp_path / "download.json").read_bytes())["landed"]
    assert len(landed) > 1
    levers(org).faults.clear()
    levers(org).calls.clear()
    download = _download(connected, tmp_path)
    assert len(_rows(download)) == download.reported
    assert len(_asked(org, "/results")) == len(download.files) - len(landed)


def test_a_page_in_the_place_of_another_is_noticed(org: Details, connected: Org, tmp_path: Path) -> None:
    """What a proxy repeats has as many rows as the page that was asked for, and none of them."""
    with opened(_download(connected, tmp_path / "right").files[0]) as first:
        page = {"status": 200, "body": first.read().decode(), "headers": {"Sforce-NumberOfRecords": "3"}}
    levers(org).faults.plan({"path": "/results$", "reply": page, "times": None})
    with pytest.raises(RequestRefused, match=r"pages \d+ and \d+ are the same: does a proxy repeat answers"):
        _download(connected, tmp_path / "wrong")
    levers(org).faults.clear()
    assert len({row[0] for row in _rows(_download(connected, tmp_path / "wrong"))}) > 9


def test_a_page_whose_file_is_gone_is_fetched_again(org: Details, connected: Org, tmp_path: Path) -> None:
    """What is written down counts only where the file is there."""
    download = _download(connected, tmp_path)
    expected = _rows(download)
    download.files[2].unlink()
    levers(org).calls.clear()
    assert _rows(_download(connected, tmp_path)) == expected
    assert len(_asked(org, "/results")) == 1


@pytest.mark.parametrize(
    "refused",
    [(404, "NOT_FOUND", "The requested resource does not exist"), (409, "API_VERSION_MISMATCH", "Another version")],
    ids=["deleted", "another version"],
)
def test_a_job_that_is_gone_begins_again(
    org: Details, connected: Org, meter: Meter, tmp_path: Path, refused: tuple[int, str, str]
) -> None:
    """A dead job is no failure: a new one is made, and nothing of the old one is among its rows."""
    meter.most = len(meter.calls) + 8
    with pytest.raises(AllowanceSpent):
        _download(connected, tmp_path)
    meter.most = None
    (old,) = {file.name.split("-")[1] for file in tmp_path.glob("bulk-*")}
    status, code, message = refused
    body = [{"errorCode": code, "message": message}]
    levers(org).faults.plan({"path": f"{JOB}{old}", "reply": {"status": status, "body": body}, "times": None})
    download = _download(connected, tmp_path)
    assert len(_rows(download)) == download.reported
    assert list(tmp_path.glob(f"bulk-{old}-*")) == []


def test_a_job_is_gone_on_with_in_its_own_version(org: Details, meter: Meter, tmp_path: Path) -> None:
    """A newer version in the settings is for new jobs: locators are read with the version that made them."""
    with closing(connect(renewable(org), meter, patience=QUICK)) as before:
        meter.most = 8
        with pytest.raises(AllowanceSpent):
            _download(before, tmp_path)
    levers(org).calls.clear()
    with closing(connect(replace(renewable(org), api_version="61.0"), patience=QUICK)) as after:
        download = _download(after, tmp_path)
    assert len(_rows(download)) == download.reported
    assert {call["path"].split("/")[3] for call in levers(org).calls.all()} == {"v62.0"}


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "/results$", "page_size": 2},
        {"path": "/resultPages$", "reply": {"status": 400, "body": [{"errorCode": "INVALID_FIELD", "message": "No."}]}},
        {"path": "/resultPages$", "reply": {"status": 200, "body": {"done": True, "pages": []}}},
        {"path": "/resultPages$", "alter": {"members": {"done": False, "nextRecordsUrl": None}}},
    ],
    ids=["smaller pages", "refused", "unknown form", "no way on"],
)
def test_where_pages_cannot_be_had_side_by_side_they_come_one_by_one(
    org: Details, connected: Org, tmp_path: Path, fault: dict[str, object]
) -> None:
    """Pages that leave gaps, and addresses that are refused or make no sense: all rows come in the end."""
    expected = _one_by_one(connected, tmp_path / "one")
    levers(org).faults.plan({"times": None} | fault)
    download = _download(connected, tmp_path / "many")
    assert _rows(download) == expected
    assert download.reported == len(expected)


def _pages(records: int | None, **more: object) -> JobPages:
    given = {"soql": SOQL, "include_deleted": True, "api_version": "62.0", "job_id": "750", "records": records}
    return JobPages.model_validate(given | more)


def test_addresses_are_understood_in_both_forms() -> None:
    """The documented one, and the one with relative links that an org was seen to give; a foreign host is not asked."""
    documented = _pages(100)
    documented.note_addresses(
        b'{"resultPages": [{"resultUrl": "https://x.example/services/data/v62.0/jobs/query/750/results?locator=a"}],'
        b' "nextRecordsUrl": "/services/data/v62.0/jobs/query/750/resultPages?locator=b", "done": false}'
    )
    assert documented.addresses == ["/services/data/v62.0/jobs/query/750/results?locator=a"]
    assert documented.more == "/services/data/v62.0/jobs/query/750/resultPages?locator=b"
    seen = _pages(100)
    seen.note_addresses(
        b'{"resultChunks": [{"resultLink": "jobs/query/750/results?locator=a"}], "nextRecordsUrl": null, "done": true}'
    )
    assert (seen.addresses, seen.more) == (documented.addresses, None)
    with pytest.raises(NotSideBySide, match="do not go on"):
        seen.note_addresses(b'{"resultPages": [{"resultUrl": "jobs/query/750/results?locator=a"}], "done": true}')


@given(st.integers(0, 30_000_000), st.none() | st.integers(1, 500_000), st.integers(1, 16))
def test_pages_are_as_few_as_may_be_and_equal(records: int, page_rows: int | None, at_once: int) -> None:
    """No more pages than the wished size needs, none larger, none much smaller; no addresses for a single page."""
    pages = _pages(records)
    pages.plan(page_rows, at_once)
    most = page_rows or MOST_ROWS
    needed = -(-records // pages.page_rows)
    assert pages.page_rows <= most
    assert needed == -(-records // most) or page_rows is None
    assert pages.is_side_by_side == (at_once > 1 and needed > 1)
    if needed > 1:
        assert pages.page_rows * needed - records < needed


class _Cancelled(Event):
    """An event that is set as soon as somebody waits for it, as by a run that is cancelled just then."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return super().wait(timeout)


@pytest.mark.parametrize(
    "fault", [{"drop": "body"}, {"reply": {"status": 429, "headers": {"Retry-After": "300"}}}], ids=["broken", "busy"]
)
def test_a_page_that_waits_to_be_repeated_hears_of_a_cancelled_run(
    org: Details, connected: Org, tmp_path: Path, fault: dict[str, object]
) -> None:
    """Its body has broken off, or the org asks for patience; the run is cancelled meanwhile: it is not asked again."""
    levers(org).faults.plan({"path": "/queryAll", "times": None, **fault})
    levers(org).calls.clear()
    with pytest.raises(Halted), halted_by(_Cancelled()):
        fetch_page(connected, "queryAll", tmp_path / "page", params={"q": SOQL})
    assert len(levers(org).calls.all()) == 1
