"""Bounded memory needs bounded threads."""

from pathlib import Path

import duckdb
import pytest

from sf_elt.warehouse import OutOfMemory, Warehouse, hold_at_most, hold_enough, hold_memory


def held(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Threads, and MB."""
    row = connection.execute("SELECT current_setting('threads'), current_setting('memory_limit')").fetchone()
    assert row is not None
    (size,) = connection.execute("SELECT parse_formatted_bytes(?)", [row[1]]).fetchall()[0]
    return row[0], round(size / 1e6)


@pytest.mark.parametrize(("processors", "columns"), [(1, 60), (2, 60), (2, 500), (8, 60), (8, 500), (64, 2), (64, 800)])
def test_threads_fit_into_what_a_load_may_hold(processors: int, columns: int) -> None:
    """Each thread of a load has half a MB a column and 64 MB for text, and all together hold 1 GB at most."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = ?", [processors])
        hold_enough(connection, columns)
        threads, megabytes = held(connection)
    assert 1 <= threads <= processors
    assert threads * (64 + columns / 2) < megabytes <= 1000
    assert megabytes >= 320


def test_threads_fit_into_a_limit() -> None:
    """Of sixteen threads four stay within 512 MB, which sixteen run out of; within little memory one goes on."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 16")
        hold_memory(connection, "512MB")
        assert held(connection) == (4, 512)
        hold_memory(connection, "50MB")
        assert held(connection) == (1, 50)


def test_what_may_be_held_is_only_ever_made_less() -> None:
    """A limit that is over the standing one changes nothing: a small machine keeps its own."""
    with duckdb.connect() as connection:
        for limit, megabytes in (("512MB", 512), ("7GB", 512), ("300MB", 300)):
            hold_at_most(connection, limit)
            assert held(connection)[1] == megabytes


def test_too_little_memory_is_told_with_what_to_do(tmp_path: Path) -> None:
    """Nothing of the transaction is kept."""
    warehouse = Warehouse(tmp_path)
    with pytest.raises(OutOfMemory, match="Run it again with less at once"), warehouse.write() as connection:
        connection.execute("CREATE TABLE main.begun AS SELECT 1")
        hold_at_most(connection, "5MB")
        connection.execute("SELECT list(repeat('x', 1000)) FROM range(100_000)").fetchall()
    with warehouse.read() as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'begun'").fetchone() == (0,)
