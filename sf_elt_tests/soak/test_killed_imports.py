"""Imports killed at random moments, of an org that changes meanwhile: the next plain run makes each of them right."""

import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen

import duckdb
import pytest
from simple_salesforce import Salesforce

from sf_elt.demo_org.serve import Details, start_demo_org
from sf_elt.streams import StreamSpec, stream_columns
from sf_elt.warehouse import WarehouseEmpty
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.soak.support import KILLS, SEED, killed, moments, seconds_of, start
from sf_elt_tests.streams.importing_process import Transport
from sf_elt_tests.streams.support import importing, rows_of_org

PEOPLE = 20_000
PAGE_ROWS = 2000
FIRST_IMPORTS = 0.3  # the share of kills that hit an import into an empty warehouse

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


@dataclass
class Company:
    """The people who work in the org while it is imported."""

    sf: Salesforce
    choose: random.Random
    leads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        found = self.sf.query_all("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id")
        self.leads = [record["Id"] for record in found["records"]]

    def work(self) -> None:
        """Changes ten leads, deletes one and makes one."""
        for record_id in self.choose.sample(self.leads, 10):
            self.sf.Lead.update(record_id, {"Title": f'Nr. {self.choose.random()}\v\r\n"N/A", ü'})
        self.sf.Lead.delete(self.leads.pop(self.choose.randrange(len(self.leads))))
        self.leads.append(self.sf.Lead.create({"LastName": f"Né {self.choose.random()}", "Company": "Acme"})["id"])


@dataclass
class Tally:
    """What came of the kills with one transport. `undisturbed` is the calls and seconds of an import left alone."""

    undisturbed: tuple[int, float]
    kills: int = 0
    committed: int = 0
    done_before: int = 0
    wasted: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        calls, seconds = self.undisturbed
        return (
            f"{self.kills} kills ({self.committed} after the commit), {self.done_before} ended before the kill, "
            f"each made right by one rerun; {sum(self.wasted)} calls wasted, at most {max(self.wasted, default=0)} by "
            f"one kill (undisturbed: {calls} calls, {seconds:.1f} s)"
        )


@pytest.fixture
def large_org() -> Iterator[Details]:
    with start_demo_org(seed=7, records=PEOPLE) as org:
        yield org.details


def _import(org: Details, folder: Path, transport: Transport) -> Popen[str]:
    arguments = [str(folder / "warehouse"), str(PAGE_ROWS), "-", "0", transport]
    return start("sf_elt_tests.streams.importing_process", org.instance_url, org.access_token, *arguments)


def _undisturbed(org: Details, folder: Path, transport: Transport) -> Tally:
    levers(org).calls.clear()
    seconds = seconds_of(_import(org, folder, transport))
    return Tally((len(levers(org).calls.all()), seconds))


def _standing(org: Details, folder: Path) -> tuple[int, int]:
    """Windows committed and calls counted so far, as the warehouse knows them."""
    with importing(org, folder) as importer:
        counted = importer.warehouse.calls().spent("import:test")
        try:
            ((windows,),) = importer.sql("SELECT count(*) FROM ops.windows")
        except (WarehouseEmpty, duckdb.CatalogException):  # killed before its first statement, or before its tables
            return 0, counted
        return int(str(windows)), counted


def _rerun(org: Details, folder: Path, transport: Transport) -> int:
    """Runs the import to its end and holds the stream against the org; the calls that it took."""
    spec = StreamSpec("salesforce_leads", "Lead", transport=transport, page_rows=PAGE_ROWS)
    with importing(org, folder) as importer:
        report = importer.run(spec, now=datetime.now(UTC) + timedelta(seconds=2))  # with this second's changes
        assert list(importer.warehouse.landing(spec.stream).glob("*-*")) == []
        assert report.rows_read == report.rows_in_stream
        assert importer.rows(spec) == rows_of_org(org, stream_columns(importer.org, spec), "Lead")
        return importer.meter.made


def _kill_one(org: Details, folder: Path, transport: Transport, company: Company, tally: Tally, moment: float) -> None:
    """Kills an import, lets the org go on, and runs the import again."""
    windows_before, counted_before = _standing(org, folder)
    levers(org).calls.clear()
    was_killed = killed(_import(org, folder, transport), moment * tally.undisturbed[1])
    calls = len(levers(org).calls.all())
    windows, counted = _standing(org, folder)
    assert counted - counted_before >= calls
    company.work()
    calls += _rerun(org, folder, transport)
    committed = windows > windows_before
    assert committed or was_killed
    tally.kills += was_killed
    tally.done_before += not was_killed
    tally.committed += was_killed and committed
    if not committed:
        tally.wasted.append(calls - tally.undisturbed[0])


def test_imports_killed_at_random_moments_end_right(large_org: Details, tmp_path: Path) -> None:
    """After each kill and one rerun the stream is the org, row for row; no call is uncounted, no file left behind."""
    began = time.monotonic()
    print(f"\nimports of an org of {PEOPLE:,} people: SOAK_SEED={SEED} SOAK_KILLS={KILLS}")
    choose = random.Random(SEED)
    company = Company(client(large_org), choose)
    company.work()  # so that the undisturbed imports read as many pages as the others
    tallies: dict[Transport, Tally] = {
        "rest": _undisturbed(large_org, tmp_path, "rest"),
        "bulk": _undisturbed(large_org, tmp_path, "bulk"),
    }
    for moment in moments(SEED):
        kills = sum(tally.kills for tally in tallies.values())
        if kills == KILLS:
            break
        transport: Transport = "rest" if kills % 2 else "bulk"
        if choose.random() < FIRST_IMPORTS:
            shutil.rmtree(tmp_path / "warehouse")
        company.work()
        _kill_one(large_org, tmp_path, transport, company, tallies[transport], moment)
        print(".", end="", flush=True)
    for name, tally in tallies.items():
        print(f"\n{name}: {tally}")
    print(f"\n{time.monotonic() - began:.0f} s")
