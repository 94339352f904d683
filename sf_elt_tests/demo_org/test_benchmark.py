"""The benchmark of the demo org works; its figures are for `make bench`, on a machine that does nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "demo_org.py"


@pytest.mark.soak
def test_a_short_run_prints_every_figure() -> None:
    """With a few records it takes seconds and prints starts, seeding, making and serving CSV, saving and finding."""
    command = [sys.executable, str(BENCHMARK), "--records", "60", "--calls", "2"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    figures = re.findall(r"^(.+?) {2,}([\d,.]+) (s|ms|MB/s|rows/s) ", run.stdout, re.MULTILINE)
    assert [name for name, _, _ in figures] == [
        "start, without records",
        "seed 60 records",
        "start of that org, kept",
        "bulk CSV of Lead, made",
        "bulk CSV of Lead, served",
        "bulk CSV of Lead, gzip",
        "bulk CSV of Contact, made",
        "bulk CSV of Contact, served",
        "bulk CSV of Contact, gzip",
        "200 records created, median",
        "200 records updated, median",
        "one record read, median",
        "one record updated, median",
        "query by Id, median",
        "query by Email, median",
        "bulk insert",
        "bulk upsert",
        "bulk update",
    ]
    assert all(float(value.replace(",", "")) > 0 for _, value, _ in figures)
