"""Upkeep, and objects that are read whole, killed in the middle: the next plain run makes it right."""

import subprocess
import sys
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt_tests.streams.faulty import Bench, left_over, state
from sf_elt_tests.streams.support import importing
from sf_elt_tests.streams.upkeep_process import piece

PAGE_ROWS = 10


@pytest.mark.soak
@pytest.mark.kill
@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("reconcile, bulk", "reading"),
        pytest.param("reconcile, rest", "committing", marks=pytest.mark.soak),
        pytest.param("refresh, bulk", "committing", marks=pytest.mark.soak),
        pytest.param("all leads, rest", "committing", marks=pytest.mark.soak),
    ],
)
def test_killed_work_is_made_right_by_the_next(org: Details, tmp_path: Path, name: str, moment: str) -> None:
    """SIGKILL while pages land and before the commit: nothing has moved, and one run more has done all of it, once."""
    work = piece(name, PAGE_ROWS)
    bench = Bench(org, work, tmp_path)
    folder = bench.new_folder()
    with importing(org, folder) as importer:
        before = state(importer, work.spec)
    arguments = [org.instance_url, org.access_token, str(folder), name, str(PAGE_ROWS), moment]
    process = subprocess.Popen(
        [sys.executable, "-m", "sf_elt_tests.streams.upkeep_process", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said == f"reached {moment}\n", said + process.communicate()[1]
    process.kill()
    process.communicate()
    with importing(org, folder) as importer:
        assert state(importer, work.spec) == before != bench.right
        assert left_over(importer) != []
        made = importer.meter.made
        work.do(importer, work.spec)
        assert importer.meter.made - made < bench.calls
        assert state(importer, work.spec) == bench.right
        assert left_over(importer) == []
        assert importer.sql("SELECT count(*) - count(DISTINCT record_id) FROM ops.vanished") == [(0,)]
