"""Folders of the warehouse that this user may not write to: a clear error, and nothing moved."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.warehouse import WarehouseClosed
from sf_elt_tests.streams.support import importing

NOBODY = 65_534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Within the block nobody may write to the folder; root, who always may, is somebody else meanwhile."""
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(mode)


@pytest.mark.parametrize("place", ["", "warehouse", "warehouse/landing/salesforce_leads"])
def test_a_folder_that_may_not_be_written_is_a_clear_error(org: Details, folder: Path, place: str) -> None:
    """It names the folder and what to do; once it is open, the import succeeds."""
    with importing(org, folder) as importer:
        if place:
            importer.run()
            for each in (folder / "warehouse").rglob("*"):
                each.chmod(0o755 if each.is_dir() else 0o666)
            (folder / "warehouse").chmod(0o777)
        else:
            shutil.rmtree(folder / "warehouse")
        with closed(folder / place), pytest.raises(WarehouseClosed, match=r"belong to the user.*Permission|readonly"):
            importer.run()
        assert importer.run().rows_read > 0
