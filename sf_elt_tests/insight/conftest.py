"""A warehouse for tests of what insight makes of profiles."""

from pathlib import Path

import pytest

from sf_elt.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse")
