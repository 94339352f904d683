"""Exports by Bulk API 2.0: the same records as by REST, in a handful of calls, and no record twice."""

import pytest

from sf_elt.salesforce import OrgUnavailable, query_records
from sf_elt.writeback import by_bulk
from sf_elt_tests.writeback.conftest import SPEC
from sf_elt_tests.writeback.people import Person
from sf_elt_tests.writeback.test_creating import UPSERT, person

BULK = UPSERT.model_copy(update={"transport": "bulk"})


def _people(domain: str, number: int, title: str = "Dr") -> list[Person]:
    return [person(f"P{each}", f"p{each}@{domain}", title=title) for each in range(number)]


def _titles(loop, domain: str) -> list[object]:
    rows = query_records(loop.org, f"SELECT Title FROM Lead WHERE Email LIKE '%@{domain}' ORDER BY Email")
    return [row["Title"] for row in rows]


def test_records_are_created_and_updated_by_a_job(loop):
    """Text with commas, quotes and line feeds arrives; what the org refuses is failed with its words; a null clears."""
    odd = 'Dr, "h.c."\nPh.D.'
    loop.fill([*_people("bulk.example", 3, odd), person("Bad", "no address")])
    report = loop.run(BULK)
    assert (report.succeeded, report.failed) == (3, 1)
    assert _titles(loop, "bulk.example") == [odd] * 3
    assert loop.select("SELECT code, transport FROM writeback.sync_log WHERE status = 'failed'") == [
        ("INVALID_EMAIL_ADDRESS", "bulk")
    ]
    loop.fill([person("P0", "p0@bulk.example", title="Prof"), person("P1", "p1@bulk.example", title=None)])
    assert loop.run(BULK).succeeded == 2
    assert _titles(loop, "bulk.example") == ["Prof", None, odd]
    assert loop.run(BULK).planned == 0
    assert loop.select("SELECT count(*), count(DISTINCT record_id) FROM writeback.confirmed") == [(3, 3)]


@pytest.mark.soak
@pytest.mark.parametrize("text", ["#N/A", "old\rMac"])
def test_a_text_that_no_cell_can_say_goes_by_rest(loop, text):
    """`#N/A` in a CSV means null, and a lone carriage return has the whole job refused; a title may be either."""
    domain = f"cell-{ord(text[0])}.example"
    loop.fill([person("Ann", f"ann@{domain}", title=text), person("Bob", f"bob@{domain}")])
    assert loop.run(BULK).succeeded == 2
    assert _titles(loop, domain) == [text, "Dr"]


@pytest.mark.parametrize(
    ("method", "path", "left_off"),
    [
        pytest.param("PUT", "/jobs/ingest/[^/]+/batches$", True, id="before its data"),
        pytest.param("PATCH", "/jobs/ingest/[^/]+$", True, id="before it is closed", marks=pytest.mark.soak),
        pytest.param("GET", "/jobs/ingest/[^/]+$", False, id="while it works"),
        pytest.param("GET", "/successfulResults", False, id="before its results are read", marks=pytest.mark.soak),
    ],
)
def test_a_job_that_nobody_waited_for_is_asked_what_it_has_done(loop, request, method, path, left_off):
    """Whenever the run ended, the next one sends only what was not written: every person is there once."""
    domain = f"{request.node.callspec.id.replace(' ', '-')}.example"
    loop.fill(_people(domain, 4))
    loop.levers.faults.plan({"path": path, "method": method, "drop": "before", "times": 9})
    with pytest.raises(OrgUnavailable):
        loop.run(BULK)
    loop.levers.faults.clear()
    ((job_id,),) = loop.select("SELECT DISTINCT job_id FROM writeback.plan_rows")
    (loop.warehouse.landing("export_people") / f"{job_id}.csv").touch()  # as a process that is killed leaves it
    report = loop.run(BULK)
    assert (report.succeeded, report.confirmed_by_lookup) == ((4, 0) if left_off else (0, 4))
    assert _titles(loop, domain) == ["Dr"] * 4
    assert loop.run(BULK).planned == 0
    assert not any(loop.warehouse.landing("export_people").iterdir())


@pytest.mark.parametrize("number", [30, pytest.param(2500, marks=pytest.mark.soak)])
def test_many_updates_cost_a_handful_of_calls(loop, monkeypatch, number):
    """From 2,000 on they go by bulk by themselves, with what the org held before kept for each."""
    if number < by_bulk.FROM:
        monkeypatch.setattr(by_bulk, "FROM", number)
    ids = loop.make_leads(number)
    loop.fill([Person(f"p{number}", [record_id], ["Hot"]) for number, record_id in enumerate(ids)])
    spec = SPEC.model_copy(update={"fields": {}, "scores_field": None})
    report = loop.run(spec)
    assert report.succeeded == number
    assert report.api_calls <= 12
    assert loop.select("SELECT DISTINCT transport FROM writeback.sync_log") == [("bulk",)]
    assert loop.select("SELECT count(*), count(value) FROM writeback.previous_values") == [(number, 0)]
