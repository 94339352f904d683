"""Objects too wide for one query: read in groups of columns, and no record of two versions."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import AllowanceSpent
from sf_elt.salesforce import retrieve as retrieve_records
from sf_elt.salesforce.downloads import rest
from sf_elt.streams import (
    LandingUnreadable,
    Shortfall,
    SpecRefused,
    StreamSpec,
    Window,
    stream_columns,
)
from sf_elt.streams.reading import Reading
from sf_elt.streams.wide import groups, reading, rereading
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import ALWAYS, LEADS, Importer, importing, rows_of_org

# Fields of several groups, of which an edit here sets all.
SPREAD = ("LastName", "Title", "Company", "Street", "Description", "Website", "City", "Jigsaw", "Phone")
Step = Callable[[], object]


@pytest.fixture
def spec() -> StreamSpec:
    return replace(LEADS, transport="bulk", additional_fields=("Owner.Name", "Owner.Email"))


@pytest.fixture
def importer(own_org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Importer]:
    """An importer from an org that takes queries of 700 characters: an ordinary object is too wide for it."""
    monkeypatch.setattr(groups, "LONGEST", 700)
    monkeypatch.setattr(groups, "_ROOM", 200)
    with importing(own_org, tmp_path) as importer:
        yield importer


@pytest.fixture
def between(own_org: Details, monkeypatch: pytest.MonkeyPatch) -> Callable[[Step], None]:
    """Has something done in the org whenever the job of a group has been made and has gathered its rows."""

    def planned(step: Step) -> None:
        begin = reading.begin_bulk

        def begun(*asked: Any, **how: Any) -> None:
            begin(*asked, **how)
            _await_jobs(own_org)
            step()

        monkeypatch.setattr(reading, "begin_bulk", begun)

    return planned


def _await_jobs(org: Details) -> None:
    while any(job["state"] != "JobComplete" for job in client(org).restful("jobs/query")["records"]):
        pass


def _is_right(importer: Importer, org: Details, spec: StreamSpec) -> bool:
    return importer.rows(spec) == rows_of_org(org, stream_columns(importer.org, spec), spec.object)


def _once(*steps: Step) -> Step:
    """The steps one by one, each time it is called; nothing after the last."""
    following = iter(steps)
    return lambda: next(following, lambda: None)()


def _leads(org: Details, number: int) -> list[str]:
    found = client(org).query(f"SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT {number}")
    return [str(record["Id"]) for record in found["records"]]


def _saved(org: Details, record: str, text: str) -> Step:
    return lambda: client(org).Lead.update(record, _everywhere(text))


def _everywhere(text: str) -> dict[str, str]:
    return dict.fromkeys(SPREAD, text) | {"Website": f"{text}.example"}


def test_groups_of_columns_are_joined_to_the_rows_of_the_org(
    importer: Importer, own_org: Details, spec: StreamSpec
) -> None:
    """Every row and column, deleted rows too. The job of each group is made before a page of any is asked for."""
    client(own_org).Lead.delete(_leads(own_org, 1)[0])
    report = importer.run(spec)
    assert _is_right(importer, own_org, spec)
    assert report.column_groups > 2
    assert report.rows_read == report.org_count == report.rows_in_stream
    asked = [f"{call['method']} {call['path'].rpartition('/')[2]}" for call in levers(own_org).calls.all()]
    assert asked.index("GET results") > len(asked) - 1 - asked[::-1].index("POST query")


def test_what_happens_between_two_groups_is_in_the_stream(
    importer: Importer, own_org: Details, spec: StreamSpec, between: Callable[[Step], None]
) -> None:
    """Saved, saved twice within a second, made, deleted, restored: each row is there as the org has it, and whole.

    One that is deleted and purged has gone, and is no shortfall.
    """
    saved, twice, deleted, restored, purged = _leads(own_org, 5)
    lead = client(own_org).Lead
    lead.delete(restored)

    def many() -> None:
        _saved(own_org, saved, "saved")()
        _saved(own_org, twice, "first")()
        lead.create({"LastName": "made", "Company": "between"})
        lead.delete(purged)
        soap(own_org, "emptyRecycleBin", {"ids": [purged]})
        lead.delete(deleted)
        soap(own_org, "undelete", {"ids": [restored]})

    between(_once(many, _saved(own_org, twice, "second")))
    report = importer.run(spec, now=datetime.now(UTC) + timedelta(minutes=1))  # however slowly all that is saved
    assert _is_right(importer, own_org, spec)
    assert report.rows_read_again >= 6
    assert report.rows_read == report.rows_in_stream
    found = importer.sql('SELECT "Id", "LastName" FROM streams.salesforce_leads')
    assert {(saved, "saved"), (twice, "second")} < set(found)
    assert "made" in dict(found).values()
    assert purged not in dict(found)


@pytest.mark.soak
def test_rows_that_leave_a_past_window_between_two_groups_are_kept(
    importer: Importer, own_org: Details, spec: StreamSpec, between: Callable[[Step], None]
) -> None:
    """A window that nobody reads beyond still brings every row that it had when it was counted."""
    spec = replace(spec, look_back=timedelta(0))
    ended = datetime.now(UTC) - timedelta(minutes=1)
    saved, deleted = _leads(own_org, 2)
    between(_once(_saved(own_org, saved, "later"), lambda: client(own_org).Lead.delete(deleted)))
    report = importer.run(spec, Window(ALWAYS.start, ended))
    assert _is_right(importer, own_org, spec)
    assert report.rows_read_again == 2


@pytest.mark.soak
def test_no_row_is_ever_of_two_versions(
    importer: Importer,
    own_org: Details,
    spec: StreamSpec,
    between: Callable[[Step], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Random saves, deletes and restores before and after every query: fields that were set together stay together."""
    random = Random(20261122)
    sf = client(own_org)
    records = _leads(own_org, 12)
    for record in records:
        sf.Lead.update(record, _everywhere("0"))
    alive = set(records)
    number = 0

    def meddle() -> None:
        nonlocal number
        for record in random.sample(records, 3):
            number += 1
            kind = random.choice(["save", "save", "flip"])
            if kind == "save" and record in alive:
                sf.Lead.update(record, _everywhere(str(number)))
            elif record in alive:
                sf.Lead.delete(record)
                alive.remove(record)
            else:
                soap(own_org, "undelete", {"ids": [record]})
                alive.add(record)

    _meddling(monkeypatch, lambda: meddle() if number < 24 else None)
    between(meddle)
    report = importer.run(spec)
    assert number > 15
    found = _spread(importer)
    assert [record for record in records if len(found[record]) != 1] == []
    assert report.rows_read == report.rows_in_stream
    monkeypatch.undo()
    importer.run(spec)
    assert _is_right(importer, own_org, spec)


def _spread(importer: Importer) -> dict[str, set[str]]:
    """Each row's different values in the fields that are set together."""
    listed = ", ".join(f'"{name}"' for name in SPREAD)
    rows = importer.sql(f'SELECT "Id", {listed} FROM streams.salesforce_leads')
    return {str(record): {str(value).removesuffix(".example") for value in values} for record, *values in rows}


def _meddling(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """Has something done after every call that reads records again, and before every query that does."""
    download = Reading.download

    def retrieved(*asked: Any) -> Any:
        found = retrieve_records(*asked)
        step()
        return found

    def downloaded(reading: Reading, *asked: Any) -> Any:
        if " IN " in reading.only:
            step()
        return download(reading, *asked)

    monkeypatch.setattr(rereading, "retrieve", retrieved)
    monkeypatch.setattr(Reading, "download", downloaded)


def test_a_row_that_is_saved_all_the_time_is_of_one_moment(
    importer: Importer,
    own_org: Details,
    spec: StreamSpec,
    between: Callable[[Step], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own fields come in one call; only its owner's name is of another."""
    (record,) = _leads(own_org, 1)
    number = 0

    def save() -> None:
        nonlocal number
        number += 1
        levers(own_org).advance(1)
        client(own_org).Lead.update(record, _everywhere(str(number)))

    between(save)
    _meddling(monkeypatch, save)
    importer.run(spec)
    assert len(_spread(importer)[record]) == 1
    assert number > 2 * rereading.ROUNDS


@pytest.mark.soak
def test_a_row_that_is_deleted_and_restored_all_the_time_fails_the_read(
    importer: Importer, own_org: Details, spec: StreamSpec, between: Callable[[Step], None], monkeypatch: Any
) -> None:
    """Whichever way it is asked for, it is not there: nothing is moved, and the next read brings it."""
    (record,) = _leads(own_org, 1)

    def flapping(*asked: Any) -> Any:
        client(own_org).Lead.delete(record)
        found = retrieve_records(*asked)
        soap(own_org, "undelete", {"ids": [record]})
        return found

    between(_once(_saved(own_org, record, "saved")))
    monkeypatch.setattr(rereading, "retrieve", flapping)
    with pytest.raises(Shortfall, match=record):
        importer.run(spec)
    monkeypatch.setattr(rereading, "retrieve", retrieve_records)
    importer.run(spec)
    assert _is_right(importer, own_org, spec)


def test_an_unfinished_read_goes_on_with_its_groups(importer: Importer, own_org: Details, spec: StreamSpec) -> None:
    """Out of calls at the second group's page: no job is made again."""
    now = datetime.now(UTC)
    levers(own_org).faults.plan({"preset": "allowance_spent", "path": "/results", "after": 1})
    with pytest.raises(AllowanceSpent):
        importer.run(spec, now=now)
    levers(own_org).calls.clear()
    report = importer.run(spec, now=now)
    posted = [call["path"] for call in levers(own_org).calls.all() if call["method"] == "POST"]
    assert not [path for path in posted if path.endswith("/jobs/query")]
    assert report.column_groups > 2
    assert _is_right(importer, own_org, spec)


def test_a_group_with_fewer_rows_than_reported_is_a_shortfall(
    importer: Importer, own_org: Details, spec: StreamSpec
) -> None:
    """Half of a group's rows are not taken for rows that have gone."""
    levers(own_org).faults.plan({"preset": "truncated_csv", "path": "/results", "after": 1})
    with pytest.raises((Shortfall, LandingUnreadable), match="part 2 of"):
        importer.run(spec)


def test_an_object_that_is_none_for_bulk_jobs_is_read_in_groups_by_rest(
    own_org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its query does not fit into an address."""
    for module in (rest, groups):
        monkeypatch.setattr(module, "MAX_REST_QUERY", 800)
    monkeypatch.setattr(groups, "_ROOM", 200)
    refusal = {"status": 400, "code": "INVALIDENTITY", "message": "Entity 'Lead' is not supported by the Bulk API."}
    levers(own_org).faults.plan({"path": "/jobs/query$", "method": "POST", "times": None, "refuse": refusal})
    with importing(own_org, tmp_path) as importer:
        report = importer.run(LEADS)
        assert (report.transport, report.column_groups > 2) == ("rest", True)
        assert _is_right(importer, own_org, LEADS)


def test_an_object_that_no_save_moves_is_refused(
    importer: Importer, own_org: Details, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups of its columns could be of two versions, and nobody could tell."""
    client(own_org).Lead.update(_leads(own_org, 1)[0], {"Status": "Working - Contacted"})
    monkeypatch.setattr(groups, "LONGEST", 10)
    with pytest.raises(SpecRefused, match="neither SystemModstamp nor LastModifiedDate"):
        importer.run(StreamSpec("histories", "LeadHistory", transport="bulk"))
