"""Imports killed at random moments, of an org that changes meanwhile: the next plain run makes each of them right.

SOAK_LEADS chooses how many rows the import has.
"""

import os
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
from sf_elt.salesforce import JobPatience, count
from sf_elt.streams import StreamSpec, stream_columns
from sf_elt.warehouse import WarehouseEmpty
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.soak.support import KILLS, SEED, killed, moments, seconds_of, start
from sf_elt_tests.streams.importing_process import Transport
from sf_elt_tests.streams.support import Importer, importing, rows_of_org

LEADS = int(os.environ.get("SOAK_LEADS", "200000"))
PAGE_ROWS = max(200, LEADS // 20)
FIRST_IMPORTS = 0.5  # the share of kills that hit an import into an empty warehouse
WHOLE_ORG_EACH = 10  # kills; row for row takes longer than an import

# What a kill may cost at most: the replies that were on their way (of bulk pages ten at once, and their addresses), the
# survey of the run that takes over, and the read of what came since (a survey, and a page or a small job with its
# looks, of which a busy machine needs some more).
MOST_WASTED: dict[Transport, int] = {"rest": 6, "bulk": JobPatience().side_by_side + 10}
LATELY = "now()::TIMESTAMP - INTERVAL 12 HOURS"

pytestmark = [pytest.mark.soak, pytest.mark.timeout(10_800)]


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
    with start_demo_org(seed=7, records=LEADS * 5 // 3) as org:  # three of five people are leads
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


def _rerun(org: Details, folder: Path, transport: Transport, *, row_for_row: bool) -> int:
    """Runs the import to its end and holds the stream against the org; the calls that it took."""
    spec = StreamSpec("salesforce_leads", "Lead", transport=transport, page_rows=PAGE_ROWS)
    with importing(org, folder) as importer:
        report = importer.run(spec, now=datetime.now(UTC) + timedelta(seconds=2))  # with this second's changes
        assert list(importer.warehouse.landing(spec.stream).glob("*-*")) == []
        made = importer.meter.made
        assert report.rows_in_stream == count(importer.org, "Lead", include_deleted=True)
        assert _newest(importer, spec) == _newest_of_org(org)
        if row_for_row:
            assert importer.rows(spec) == rows_of_org(org, stream_columns(importer.org, spec), "Lead")
        return made


def _newest(importer: Importer, spec: StreamSpec) -> set[tuple[object, ...]]:
    """What was saved last, by Id, time and title: all that the company ever did is in it."""
    return set(
        importer.sql(f'SELECT "Id", "Title", "IsDeleted" FROM streams.{spec.stream} WHERE "SystemModstamp" >= {LATELY}')
    )


def _newest_of_org(org: Details) -> set[tuple[object, ...]]:
    today = f"{datetime.now(UTC) - timedelta(hours=12):%Y-%m-%dT%H:%M:%SZ}"
    found = client(org).query_all(
        f"SELECT Id, Title, IsDeleted FROM Lead WHERE SystemModstamp >= {today}", include_deleted=True
    )
    return {(each["Id"], each["Title"], each["IsDeleted"]) for each in found["records"]}


def _kill_one(org: Details, folder: Path, transport: Transport, company: Company, tally: Tally, moment: float) -> None:
    """Kills an import, lets the org go on, and runs the import again."""
    windows_before, counted_before = _standing(org, folder)
    levers(org).calls.clear()
    was_killed = killed(_import(org, folder, transport), moment * tally.undisturbed[1])
    calls = len(levers(org).calls.all())
    windows, counted = _standing(org, folder)
    assert counted - counted_before >= calls
    company.work()
    calls += _rerun(org, folder, transport, row_for_row=tally.kills % WHOLE_ORG_EACH == 0)
    committed = windows > windows_before
    assert committed or was_killed
    tally.kills += was_killed
    tally.done_before += not was_killed
    tally.committed += was_killed and committed
    if not committed:
        tally.wasted.append(calls - tally.undisturbed[0])
        assert tally.wasted[-1] <= MOST_WASTED[transport]


def test_imports_killed_at_random_moments_end_right(large_org: Details, tmp_path: Path) -> None:
    """After each kill and one rerun the stream is the org, row for row; no call is uncounted, no file left behind."""
    began = time.monotonic()
    print(f"\nimports of {LEADS:,} leads: SOAK_SEED={SEED} SOAK_KILLS={KILLS}")
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
        _rerun(large_org, tmp_path, name, row_for_row=True)
        print(f"\n{name}: {tally}")
    print(f"\n{time.monotonic() - began:.0f} s")
