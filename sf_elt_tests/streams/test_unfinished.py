"""Reads that did not end and left something broken behind: the next plain run is right all the same."""

import fcntl
import gzip
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import AllowanceSpent
from sf_elt.streams import StreamSpec, Window, reconcile, stream_columns
from sf_elt.streams.landing import landing_folder
from sf_elt.streams.windows import ReadRange
from sf_elt.warehouse import Warehouse
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import ALWAYS, LEADS, Importer, importing, rows_of_org

BULK = replace(LEADS, transport="bulk", page_rows=10)
REST = replace(LEADS, transport="rest")


@pytest.fixture
def importer(org: Details, tmp_path: Path) -> Iterator[Importer]:
    with importing(org, tmp_path) as importer:
        yield importer


def _paused(importer: Importer, spec: StreamSpec, calls: int) -> tuple[Path, Window]:
    """The folder of a read that ran out of calls, and its window."""
    closed = Window(ALWAYS.start, datetime.now(UTC))
    importer.meter.limit = importer.meter.made + calls
    with pytest.raises(AllowanceSpent):
        importer.run(spec, closed)
    importer.meter.limit = None
    (folder,) = importer.warehouse.landing(spec.stream).glob("*-*")
    return folder, closed


def _is_right(importer: Importer, org: Details) -> bool:
    left = list(importer.warehouse.landing("salesforce_leads").glob("*-*"))
    return left == [] and importer.rows() == rows_of_org(org, stream_columns(importer.org, LEADS), "Lead")


def _cut(page: Path, share: float) -> None:
    """Half of the page, as a proxy would hand it on that ends every reply too early."""
    body = gzip.decompress(page.read_bytes())
    half = body[: int(len(body) * share)]
    page.write_bytes(gzip.compress(half[: half.rindex(b"\n") + 1]))


@pytest.mark.parametrize("share", [0.4, pytest.param(0.75, marks=pytest.mark.soak)])
def test_pages_that_are_not_whole_are_read_anew(importer: Importer, org: Details, share: float) -> None:
    """An unfinished read is gone on with, its rows are too few: it is given up and read anew, in the same run."""
    folder, window = _paused(importer, BULK, 6)
    _cut(next(folder.glob("bulk-*.csv.gz")), share)
    assert importer.run(BULK, window).rows_new > 0
    assert _is_right(importer, org)


@pytest.mark.parametrize("spec", [pytest.param(BULK, marks=pytest.mark.soak), REST], ids=["bulk", "rest"])
def test_a_page_whose_compression_breaks_off_is_read_anew(importer: Importer, org: Details, spec: StreamSpec) -> None:
    """A proxy may end a compressed reply early, and with a length that is right: no later run stands before it."""
    levers(org).faults.plan({"preset": "small_pages", "page_size": 20, "times": None})
    folder, window = _paused(importer, spec, 6 if spec is BULK else 2)
    page = next(folder.glob("*-000000.*.gz"))
    page.write_bytes(page.read_bytes()[:100])
    importer.run(spec, window)
    assert _is_right(importer, org)


def test_an_unfinished_read_that_cannot_be_made_out_is_removed(importer: Importer, org: Details) -> None:
    """What says what was begun is of another version, or half a file: a new read takes its place."""
    folder, window = _paused(importer, BULK, 6)
    (folder / "read.json").write_text('{"began": "2026-')
    importer.run(BULK, window)
    assert _is_right(importer, org)


def test_a_read_of_a_busy_object_ends_however_few_calls_each_run_has(importer: Importer, org: Details) -> None:
    """Records saved all the time: the third call of a resumed run reads what the unfinished read has left."""
    spec, busy = replace(LEADS, transport="rest"), client(org)
    lead = busy.query("SELECT Id FROM Lead LIMIT 1")["records"][0]["Id"]
    for calls in (1, 3):  # a look; then a look at what is left, the page, the page of what was left
        busy.Lead.update(lead, {"Title": f"with {calls}"})
        importer.meter.limit = importer.meter.made + calls
        with nullcontext() if calls == 3 else pytest.raises(AllowanceSpent):
            importer.run(spec)
    assert _is_right(importer, org)


def test_a_reconciliation_killed_while_it_wrote_its_plan_goes_on(importer: Importer) -> None:
    """Half a plan is asked for again."""
    importer.run()
    importer.meter.limit = importer.meter.made

    def reconciled() -> int:
        now = datetime.now(UTC)
        return reconcile(
            importer.org, importer.meter, importer.warehouse, LEADS, now=now, run_id="run", thorough=True
        ).rows_missed

    with pytest.raises(AllowanceSpent):
        reconciled()
    (plan,) = importer.warehouse.landing("salesforce_leads-ids").glob("*-*/plan.json")
    plan.write_text(plan.read_text()[:20])
    importer.meter.limit = None
    assert reconciled() == 0


def test_nobody_goes_on_in_a_folder_that_is_being_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its end until its folder is gone, a read keeps the door shut through which others look for unfinished ones.

    A run that awaits the end of such a read begins at the same time, and would take the folder for an unfinished one.
    """
    warehouse = Warehouse(tmp_path)
    parent, removed = warehouse.landing("things"), list[Path]()
    remove = shutil.rmtree

    def watched(folder: Path) -> None:
        with (parent / ".door").open() as door, pytest.raises(BlockingIOError):
            fcntl.flock(door, fcntl.LOCK_SH | fcntl.LOCK_NB)
        remove(folder)
        removed.append(folder)

    monkeypatch.setattr(shutil, "rmtree", watched)
    span = ReadRange(ALWAYS.start, ALWAYS.end, is_open=False)
    with landing_folder(warehouse, "things", span, datetime.now(UTC)) as landing:
        assert landing is not None
    with (
        pytest.raises(LookupError),
        landing_folder(warehouse, "things", span, datetime.now(UTC)),
    ):
        raise LookupError
    assert len(removed) == 2
    assert list(parent.glob("*-*")) == []
