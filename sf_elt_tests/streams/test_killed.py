"""Imports that end in the middle: killed, or out of disk. The next plain run makes it right."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.streams import StreamSpec, Window, stream_columns
from sf_elt_tests.orgs import levers
from sf_elt_tests.streams.support import ALWAYS, LEADS, Importer, importing, rows_of_org

BULK = StreamSpec("salesforce_leads", "Lead", transport="bulk", page_rows=10)


def _start(
    org: Details, folder: Path, *, page_rows: int, moment: str = "-", file_size: int = 0
) -> subprocess.Popen[str]:
    arguments = [org.instance_url, org.access_token, str(folder), str(page_rows), moment, str(file_size)]
    return subprocess.Popen(
        [sys.executable, "-m", "sf_elt_tests.streams.importing_process", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _is_right(importer: Importer, org: Details) -> bool:
    return importer.rows() == rows_of_org(org, stream_columns(importer.org, LEADS), "Lead")


def _left_over(importer: Importer) -> list[Path]:
    return list(importer.warehouse.landing("salesforce_leads").glob("*-*"))


@pytest.mark.kill
@pytest.mark.parametrize(
    "moment",
    [
        "reading",
        pytest.param("merging", marks=pytest.mark.soak),
        "committing",
        pytest.param("done", marks=pytest.mark.soak),
    ],
)
def test_a_killed_import_is_made_right_by_the_next(org: Details, tmp_path: Path, moment: str) -> None:
    """SIGKILL while pages land, before the merge, before the commit, after it: the next run ends in the org's rows.

    It takes over the job and its pages; of what came since it takes one look.
    """
    process = _start(org, tmp_path / "warehouse", page_rows=10, moment=moment)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said == f"reached {moment}\n", said + process.communicate()[1]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with importing(org, tmp_path) as importer:
        assert _left_over(importer) != []
        levers(org).calls.clear()
        importer.run(BULK)
        asked = [f"{call['method']} {call['path'].rpartition('/')[2]}" for call in levers(org).calls.all()]
        assert [each for each in asked if each != "GET results"] == ["POST composite"]
        assert _is_right(importer, org)
        assert _left_over(importer) == []
        ((windows, new, standing),) = importer.sql(
            "SELECT count(*), sum(rows_new), (SELECT count(*) FROM streams.salesforce_leads) FROM ops.windows"
        )
        assert (windows, new) == (3 if moment == "done" else 2, standing)


@pytest.mark.soak
@pytest.mark.kill
def test_of_two_runs_at_once_one_pays_for_the_job(org: Details, tmp_path: Path) -> None:
    """A run of another window leaves a living read alone; one of the same window waits, and takes over its job."""
    process = _start(org, tmp_path / "warehouse", page_rows=10, moment="reading")
    assert process.stdout is not None
    assert process.stdout.readline() == "reached reading\n"
    with importing(org, tmp_path) as importer, ThreadPoolExecutor(1) as background:
        (folder,) = _left_over(importer)
        landed = sorted(folder.iterdir())
        importer.run(LEADS, Window(ALWAYS.start + timedelta(days=1), ALWAYS.end))
        assert sorted(folder.iterdir()) == landed
        levers(org).calls.clear()
        second = background.submit(importer.run, BULK)
        process.kill()
        process.communicate()
        second.result(timeout=60)
        assert [call for call in levers(org).calls.all() if call["method"] == "POST" and "/jobs/" in call["path"]] == []
        assert _is_right(importer, org)
        assert _left_over(importer) == []


@pytest.mark.soak
@pytest.mark.parametrize(
    ("page_rows", "file_size", "where"),
    [(3000, 400_000, "landing"), pytest.param(1000, 400_000, "warehouse.duckdb", marks=pytest.mark.soak)],
)
def test_a_full_disk_is_a_clear_error_and_loses_nothing(
    shared_org: Details, tmp_path: Path, page_rows: int, file_size: int, where: str
) -> None:
    """No room for a page, or none for the merge: it says so, and with room the same run succeeds."""
    process = _start(shared_org, tmp_path / "warehouse", page_rows=page_rows, file_size=file_size)
    _, told = process.communicate()
    assert process.returncode == 1
    assert told.strip().splitlines()[-1].startswith("WarehouseFull: no room"), told
    assert where in told
    with importing(shared_org, tmp_path) as importer:
        assert _left_over(importer) == []
        importer.run()
        assert _is_right(importer, shared_org)
