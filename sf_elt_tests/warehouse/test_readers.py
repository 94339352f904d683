"""Readers of other processes, also such as stay: no writer fails by them, and none of them by a writer."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from sf_elt.warehouse import Warehouse, WarehouseBusy
from sf_elt_tests.scripts import script

STAYS = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
for line in sys.stdin:
    print(connection.execute("SELECT count(*) FROM ops.noted").fetchone()[0], flush=True)
"""

WRITES = """
import sys
from pathlib import Path
from sf_elt.warehouse import Warehouse
warehouse = Warehouse(Path(sys.argv[1]), patience_seconds=0.05)
for number in range(int(sys.argv[2])):
    with warehouse.write() as connection:
        connection.execute("INSERT INTO ops.noted VALUES (?)", [number])
"""

SPILLS = """
import sys
from pathlib import Path
from sf_elt.warehouse import Warehouse, hold_memory
with Warehouse(Path(sys.argv[1])).read() as connection:
    hold_memory(connection, "20MB")
    connection.execute("CREATE TEMP TABLE many AS SELECT md5(i::VARCHAR) AS text FROM range(600000) AS numbers (i)")
    for line in sys.stdin:
        print(connection.execute("SELECT count(text) FROM many WHERE length(text) = 32").fetchone()[0], flush=True)
"""

DIES = """
import os, signal, sys
import duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("INSERT INTO ops.noted VALUES (7)")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse", patience_seconds=0.2)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE ops.noted (number INTEGER)")
    return warehouse


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(script(code, *arguments), stdin=pipe, stdout=pipe, text=True)


def seen_by(reader: subprocess.Popen[str]) -> str:
    assert reader.stdin is not None
    assert reader.stdout is not None
    print("look", file=reader.stdin, flush=True)
    return reader.stdout.readline().strip()


@contextmanager
def staying(warehouse: Warehouse) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file open with DuckDB alone, as a notebook or a BI tool does."""
    reader = python(STAYS, warehouse.file)
    try:
        seen_by(reader)
        yield reader
    finally:
        reader.kill()
        reader.communicate()


def note(warehouse: Warehouse, number: int = 0) -> None:
    with warehouse.write() as connection:
        connection.execute("INSERT INTO ops.noted VALUES (?)", [number])


def noted(warehouse: Warehouse) -> int:
    with warehouse.read() as connection:
        ((rows,),) = connection.execute("SELECT count(*) FROM ops.noted").fetchall()
    return int(rows)


def test_a_reader_that_stays_keeps_what_it_sees_and_no_writer(warehouse: Warehouse) -> None:
    """The writer goes on in a copy that only its owner can open; who reads anew sees it, who stayed the file before."""
    with staying(warehouse) as reader:
        note(warehouse)
        assert (seen_by(reader), noted(warehouse)) == ("0", 1)
        note(warehouse)
        assert (seen_by(reader), noted(warehouse)) == ("0", 2)
    assert warehouse.file.stat().st_mode & 0o077 == 0
    assert not warehouse.rewritten.exists()


def test_a_reader_that_stays_keeps_what_it_has_spilled(warehouse: Warehouse) -> None:
    """The writer that goes on in a copy sweeps what killed processes have spilled, and not what a living one needs."""
    spilled = warehouse.root / "spilled"
    reader = python(SPILLS, warehouse.root)
    try:
        assert seen_by(reader) == "600000"
        assert any(spilled.glob("*/duckdb_temp_*"))
        (spilled / "of a killed one").mkdir()
        note(warehouse)
        assert not (spilled / "of a killed one").exists()
        assert seen_by(reader) == "600000"
        reader.communicate()
    finally:
        reader.kill()
        reader.wait()
    assert reader.returncode == 0
    assert list(spilled.iterdir()) == []


def test_writers_at_once_lose_nothing_by_it(warehouse: Warehouse) -> None:
    """Three processes write while one stays: every row of each of them is there, whoever made the copy."""
    with staying(warehouse) as reader:
        writers = [python(WRITES, warehouse.root, 8) for _ in range(3)]
        assert [writer.wait() for writer in writers] == [0, 0, 0]
        assert seen_by(reader) == "0"
    assert noted(warehouse) == 24


@pytest.mark.soak
def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Three processes that write again and again: DuckDB's lock alone loses a row in every seventh of these rounds."""
    for number in range(40):
        warehouse = Warehouse(tmp_path / str(number), patience_seconds=60)
        with warehouse.write() as connection:
            connection.execute("CREATE TABLE ops.noted (number INTEGER)")
        writers = [python(WRITES, warehouse.root, 8) for _ in range(3)]
        assert [writer.wait() for writer in writers] == [0, 0, 0]
        assert noted(warehouse) == 24


def test_the_log_of_a_killed_writer_comes_along(warehouse: Warehouse) -> None:
    """What a writer had committed when it was killed is in DuckDB's log: with the copy it is there as with the file."""
    killed = python(DIES, warehouse.file)
    assert killed.wait() == -signal.SIGKILL
    assert warehouse.file.with_suffix(".duckdb.wal").exists()
    with staying(warehouse) as reader:
        note(warehouse)
        assert (seen_by(reader), noted(warehouse)) == ("1", 2)


def test_without_room_for_a_copy_the_reader_is_waited_for(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that is nearly full nothing is copied: the error names who reads, and the file stays as it was."""
    full = shutil.disk_usage(warehouse.root)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    hasty = Warehouse(warehouse.root, wait_seconds=0.5, patience_seconds=0.1)
    with staying(warehouse) as reader, pytest.raises(WarehouseBusy, match=str(reader.pid)):
        note(hasty)
    assert noted(warehouse) == 0


def test_a_writer_that_stays_is_never_left_the_file(warehouse: Warehouse) -> None:
    """Whoever has the file open to write may be writing: it is waited for, and its work is not copied away from it."""
    number = warehouse.file.stat().st_ino
    other = python("import duckdb, sys\nwith duckdb.connect(sys.argv[1]): print(flush=True); input()", warehouse.file)
    assert other.stdout is not None
    other.stdout.readline()
    with pytest.raises(WarehouseBusy, match=str(other.pid)):
        note(Warehouse(warehouse.root, wait_seconds=0.5, patience_seconds=0.1))
    other.communicate("\n")
    assert warehouse.file.stat().st_ino == number


def test_readers_let_a_writer_that_waits_go_first(warehouse: Warehouse) -> None:
    """While a writer waits for one that reads, no reader of ours comes after that: many of them cannot keep it out."""
    with staying(warehouse):
        writer = python(WRITES.replace("0.05", "60"), warehouse.root, 1)
        hasty = Warehouse(warehouse.root, wait_seconds=0.2)
        with pytest.raises(WarehouseBusy, match="waits to write"):
            while writer.poll() is None:
                noted(hasty)
        with duckdb.connect(warehouse.file, read_only=True):  # who does not ask at the gate may
            assert writer.poll() is None
    assert writer.wait() == 0
    assert noted(warehouse) == 1
