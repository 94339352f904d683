"""Imports that end in the middle: killed, or out of disk. The next plain run makes it right."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.streams import stream_columns
from sf_elt_tests.streams.support import LEADS, Importer, importing, rows_of_org


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
@pytest.mark.parametrize("moment", ["reading", "merging", "committing", "done"])
def test_a_killed_import_is_made_right_by_the_next(org: Details, tmp_path: Path, moment: str) -> None:
    """SIGKILL while pages land, before the merge, before the commit, after it: the next run ends in the org's rows."""
    process = _start(org, tmp_path / "warehouse", page_rows=10, moment=moment)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said == f"reached {moment}\n", said + process.communicate()[1]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with importing(org, tmp_path) as importer:
        assert _left_over(importer) != []
        report = importer.run()
        assert _is_right(importer, org)
        assert _left_over(importer) == []
        windows = importer.sql("SELECT count(*), sum(rows_new) FROM ops.windows")
        assert windows == [(2 if moment == "done" else 1, report.rows_read)]


@pytest.mark.kill
def test_a_read_that_is_under_way_is_not_swept_up(org: Details, tmp_path: Path) -> None:
    """A second import of the same stream leaves the landing files of a living first one alone."""
    process = _start(org, tmp_path / "warehouse", page_rows=10, moment="reading")
    assert process.stdout is not None
    assert process.stdout.readline() == "reached reading\n"
    with importing(org, tmp_path) as importer:
        (folder,) = _left_over(importer)
        landed = sorted(folder.iterdir())
        importer.run()
        assert sorted(folder.iterdir()) == landed
        process.kill()
        process.communicate()
        importer.run()
        assert _left_over(importer) == []


@pytest.mark.parametrize(
    ("page_rows", "file_size", "where"), [(3000, 400_000, "landing"), (1000, 400_000, "warehouse.duckdb")]
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
