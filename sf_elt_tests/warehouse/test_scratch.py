"""The database in memory beside the warehouse: one at a time, and nothing of it is left on the disk."""

import stat
from pathlib import Path

import pytest

from sf_elt.warehouse import Warehouse, WarehouseBusy, scratch
from sf_elt.warehouse.scratch import clear_scratch


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse", wait_seconds=0)


def test_what_does_not_fit_into_memory_is_spilled_and_goes(warehouse: Warehouse) -> None:
    """Into a folder that only its owner can enter; gone at the end of the block, also where that is an error."""
    folder = warehouse.root / "scratch"
    with pytest.raises(ZeroDivisionError), scratch(warehouse) as connection:
        connection.execute("SET memory_limit = '40MB'; SET threads = 1")
        connection.execute("CREATE TABLE large AS SELECT md5(range::VARCHAR) AS text FROM range(1_500_000)")
        assert list((folder / "spilled").iterdir())
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        raise ZeroDivisionError
    assert not (folder / "spilled").exists()


def test_what_a_killed_run_has_spilled_is_swept(warehouse: Warehouse) -> None:
    """By the next one before it begins, and by whoever clears it; clearing where there is nothing is no error."""
    assert clear_scratch(warehouse)
    spilled = warehouse.root / "scratch" / "spilled"
    spilled.mkdir(parents=True)
    (spilled / "part").touch()
    with scratch(warehouse):
        assert not spilled.exists()
    spilled.mkdir()
    assert clear_scratch(warehouse)
    assert not spilled.exists()


def test_one_at_a_time(warehouse: Warehouse) -> None:
    """A second one is an error that says why; who clears waits, and says where it was in vain."""
    with scratch(warehouse):
        with pytest.raises(WarehouseBusy, match="another run works in"), scratch(warehouse):
            pass
        assert not clear_scratch(warehouse)
    assert clear_scratch(warehouse)
