"""Replies of a shape of their own: nothing is written twice for want of a readable answer."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sf_elt.salesforce import OrgUnavailable, query_records
from sf_elt.salesforce.downloads.pages import opened
from sf_elt.salesforce.uploads import UploadResults, upload_results
from sf_elt.writeback import by_bulk, made
from sf_elt_tests.writeback.conftest import Loop
from sf_elt_tests.writeback.test_creating import UPSERT, person

CREATE = {"path": "/composite/sobjects$", "method": "POST"}


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is at work any more when a run ends."""
    monkeypatch.setattr(made, "SETTLING", timedelta())


def _held(loop: Loop, domain: str) -> list[tuple[str, object]]:
    rows = query_records(loop.org, f"SELECT Email, Title FROM Lead WHERE Email LIKE '%@{domain}' ORDER BY Email")
    return [(str(row["Email"]), row["Title"]) for row in rows]


@pytest.mark.soak
def test_a_reply_with_fewer_results_than_records_is_no_answer(loop: Loop) -> None:
    """Whose result it is nobody can tell: the records are looked for, then sent."""
    loop.fill([person(name, f"{name}@fewer.example") for name in ("ann", "bob")])
    one = '[{"id": "00Q000000000001AAA", "success": true, "errors": []}]'
    loop.levers.faults.plan({**CREATE, "reply": {"status": 200, "body": one}})
    with pytest.raises(OrgUnavailable, match="answered a POST of 2 records with 1 results"):
        loop.run(UPSERT)
    assert loop.run(UPSERT).succeeded == 2
    assert _held(loop, "fewer.example") == [("ann@fewer.example", "Dr"), ("bob@fewer.example", "Dr")]


@pytest.mark.soak
def test_halving_a_request_creates_nobody_twice(loop: Loop) -> None:
    """One malformed value refuses the whole create: the halves go, its record alone is set aside."""
    people = [person(f"p{number}", f"p{number}@halves.example") for number in range(9)]
    people[6].values = {**people[6].values, "title": "Malformed"}
    loop.fill(people)
    refuse = {"status": 400, "code": "JSON_PARSER_ERROR", "message": "Unexpected character"}
    loop.levers.faults.plan({**CREATE, "body": "Malformed", "times": None, "refuse": refuse})
    report = loop.run(UPSERT)
    assert (report.succeeded, report.set_aside, report.failed) == (8, 1, 0)
    assert _held(loop, "halves.example") == [(f"p{n}@halves.example", "Dr") for n in range(9) if n != 6]
    again = loop.run(UPSERT)
    assert (again.planned, again.refused_before) == (0, 1)


def test_results_of_a_job_come_in_any_order_and_with_any_line_ends(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backwards and with CRLF, within cells too: each record is its own person's."""
    monkeypatch.setattr(by_bulk, "upload_results", _backwards)
    titles = ["Dr", 'Dr, "h.c."\nPh.D.', "Prof"]
    loop.fill([person(f"p{n}", f"p{n}@order.example", title=title) for n, title in enumerate(titles)])
    spec = UPSERT.model_copy(update={"transport": "bulk"})
    assert loop.run(spec).succeeded == 3
    assert _held(loop, "order.example") == [(f"p{n}@order.example", title) for n, title in enumerate(titles)]
    rows = query_records(loop.org, "SELECT Id, Email FROM Lead WHERE Email LIKE '%@order.example'")
    assert sorted(loop.select("SELECT subject_id || '@order.example', record_id FROM writeback.confirmed")) == sorted(
        (row["Email"], row["Id"]) for row in rows
    )


def _backwards(*asked: object) -> UploadResults:
    files = upload_results(*asked)  # type: ignore[arg-type]  # handed on as they were given
    _turn_round(files.successful)
    return UploadResults(files.successful.with_suffix(""), files.failed, files.unprocessed)


def _turn_round(file: Path) -> None:
    with opened(file) as body:
        header, *lines = csv.reader(_texts(body))
    with file.with_suffix("").open("w", encoding="utf-8", newline="") as body:
        lines = [[cell.replace("\n", "\r\n") for cell in line] for line in reversed(lines)]
        csv.writer(body, lineterminator="\r\n").writerows([header, *lines])
    file.unlink()


def _texts(body: Iterator[bytes]) -> Iterator[str]:
    return (line.decode() for line in body)
