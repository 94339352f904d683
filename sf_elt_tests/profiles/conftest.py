"""A warehouse with streams made by hand, as streams/ documents them."""

from pathlib import Path

import pytest

from sf_elt.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse")
