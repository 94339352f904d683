"""The warehouse file: one writer at a time, all or nothing, a busy file is waited for."""

import os
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sf_elt.warehouse import Warehouse, WarehouseBusy, WarehouseEmpty, WarehouseUnreadable
from sf_elt_tests.scripts import script

HOLDER = """
import sys
from pathlib import Path
from sf_elt.warehouse import Warehouse
with Warehouse(Path(sys.argv[1])).write() as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS ops.held (note VARCHAR)")
    connection.execute("INSERT INTO ops.held VALUES ('by another process')")
    print("holding", flush=True)
    sys.stdin.readline()
"""

READER = """
import sys
from pathlib import Path
from sf_elt.warehouse import Warehouse
warehouse = Warehouse(Path(sys.argv[1]))
print("reading", flush=True)
reads = 0
while reads < 15:
    with warehouse.read() as connection:
        connection.execute("SELECT count(*) FROM ops.windows").fetchone()
    reads += 1
print(reads, flush=True)
"""

HOARDER = """
import resource, sys
from pathlib import Path
from sf_elt.warehouse import Warehouse, WarehouseFull
warehouse = Warehouse(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
try:
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE ops.hoard AS SELECT md5(range::VARCHAR) AS h FROM range(3_000_000)")
except WarehouseFull as error:
    print("full:", error)
"""


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        script(code, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def holder(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the file in an open transaction until a line is sent to it."""
    process = python(HOLDER, root)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse")
    with warehouse.write():
        pass
    return warehouse


def tables(warehouse: Warehouse) -> set[str]:
    with warehouse.read() as connection:
        rows = connection.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
    return {name for (name,) in rows}


def test_first_write_makes_the_documented_tables(warehouse: Warehouse) -> None:
    """The first write makes every table that the design names."""
    assert {"ops.windows", "profiles.links", "insight.scores", "writeback.sync_log"} <= tables(warehouse)


def test_exception_rolls_back(warehouse: Warehouse) -> None:
    """An exception inside the block leaves nothing of it behind, and the file free."""
    with pytest.raises(LookupError), warehouse.write() as connection:
        connection.execute("CREATE TABLE ops.half (n INTEGER)")
        raise LookupError
    assert "ops.half" not in tables(warehouse)


def test_busy_file_is_waited_for(warehouse: Warehouse) -> None:
    """A write that finds the file held by another process goes on as soon as it is free, and loses nothing."""
    with holder(warehouse.root) as process:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        with warehouse.write() as connection:
            connection.execute("INSERT INTO ops.held VALUES ('by us')")
    with warehouse.read() as connection:
        assert connection.execute("SELECT count(*) FROM ops.held").fetchone() == (2,)


@pytest.mark.parametrize("door", ["read", "write"])
def test_file_that_stays_busy_is_a_clear_error(warehouse: Warehouse, door: str) -> None:
    """A file held for longer than we wait is an error that names the process and the way out."""
    hasty = Warehouse(warehouse.root, wait_seconds=0.3)
    with holder(warehouse.root) as process, pytest.raises(WarehouseBusy) as error, getattr(hasty, door)():
        pass
    assert str(process.pid) in str(error.value)
    assert "close the program" in str(error.value).lower()


def test_killed_writer_leaves_nothing(warehouse: Warehouse) -> None:
    """A writer killed inside its transaction leaves nothing behind, and the file free."""
    with holder(warehouse.root) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert "ops.held" not in tables(warehouse)
        with warehouse.write() as connection:
            connection.execute("CREATE TABLE ops.after (n INTEGER)")
    assert "ops.after" in tables(warehouse)


@pytest.mark.soak
def test_reader_in_another_process_disturbs_nobody(warehouse: Warehouse) -> None:
    """A process that reads again and again neither fails nor makes a writer fail."""
    reader = python(READER, warehouse.root)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reading\n"
    written = 0
    while reader.poll() is None:
        with warehouse.write() as connection:
            connection.execute("INSERT INTO ops.set_aside VALUES ('s', 'f', 1, 'r', 'c', now()::TIMESTAMP, 1)")
        written += 1
    output, errors = reader.communicate()
    assert (output, reader.returncode) == ("15\n", 0), errors
    with warehouse.read() as connection:
        assert connection.execute("SELECT count(*) FROM ops.set_aside").fetchone() == (written,)


def test_no_room_on_disk_is_a_clear_error_and_keeps_what_was(warehouse: Warehouse) -> None:
    """A transaction that the disk has no room for is rolled back, says so, and the file stays usable."""
    output, errors = python(HOARDER, warehouse.root).communicate()
    assert re.match(r"full: no room for .* [\d,]+ MB are free on its disk\. Free disk space", output), errors
    assert "ops.hoard" not in tables(warehouse)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE ops.after (n INTEGER)")


def test_reading_nothing_says_what_to_do(tmp_path: Path) -> None:
    """Reading before the first write says that an import comes first."""
    with pytest.raises(WarehouseEmpty, match="materialize an import first"), Warehouse(tmp_path / "none").read():
        pass


def test_only_the_owner_can_look_inside(warehouse: Warehouse) -> None:
    """The warehouse's folders are closed to other users, whatever the umask."""
    before = os.umask(0)
    try:
        landing = warehouse.landing("salesforce_leads")
    finally:
        os.umask(before)
    for folder in (warehouse.root, landing.parent, landing):
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0


SPILLER = """
import os, signal, sys
from pathlib import Path
from sf_elt.warehouse import Warehouse, hold_memory
with Warehouse(Path(sys.argv[1])).write() as connection:
    hold_memory(connection, "20MB")
    connection.execute("CREATE TEMP TABLE many AS SELECT md5(i::VARCHAR) AS text FROM range(600000) AS numbers (i)")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_spilled_is_swept(tmp_path: Path) -> None:
    """What did not fit into memory lies beside the warehouse, for its owner only, until the next writer comes."""
    warehouse = Warehouse(tmp_path / "warehouse")
    subprocess.run(script(SPILLER, warehouse.root), check=False)
    spilled = warehouse.root / "spilled"
    assert any(file.stat().st_size for file in spilled.rglob("*") if file.is_file())
    assert stat.S_IMODE(spilled.stat().st_mode) == 0o700
    with warehouse.write():
        assert not any(file.is_file() for file in spilled.rglob("*"))
    assert list(spilled.iterdir()) == []


def test_a_file_that_was_only_begun_is_made_anew(warehouse: Warehouse) -> None:
    """DuckDB writes three times 4,096 bytes before anything else. Whoever reads between them finds no warehouse yet;
    where its maker was killed there, or found the disk full, the next writer makes it. Nobody else's file goes.
    """
    begun = warehouse.file.read_bytes()
    for size in (0, 4096, 8192):
        warehouse.file.write_bytes(begun[:size])
        with pytest.raises(WarehouseEmpty, match="materialize an import first"), warehouse.read():
            pass
        with warehouse.write():
            pass
        assert "ops.windows" in tables(warehouse)
    warehouse.file.write_bytes(b"a note")
    for opened in (warehouse.read, warehouse.write):
        with pytest.raises(WarehouseUnreadable), opened():
            pass
    assert warehouse.file.read_bytes() == b"a note"


def test_a_broken_file_is_an_error_of_the_warehouse(tmp_path: Path) -> None:
    """Who reads and who writes hear that the file is broken and what to do, and it stays as it is."""
    warehouse = Warehouse(tmp_path)
    for broken in (b"no database at all" * 1000, b"\0" * 8 + b"DUCK" + b"\xff" * 20_000):
        warehouse.file.write_bytes(broken)
        for opened in (warehouse.read, warehouse.write):
            with pytest.raises(WarehouseUnreadable, match=r"put back a copy, .* docs/recovery\.md"), opened():
                pass
        assert warehouse.file.read_bytes() == broken


def test_a_file_that_is_broken_inside_is_an_error_of_the_warehouse(tmp_path: Path) -> None:
    """It opens, and shows at the query: cut in its middle, as by a copy that broke off, or with other bytes."""
    warehouse = Warehouse(tmp_path)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE main.many AS SELECT md5(range::VARCHAR) AS word FROM range(50_000)")
    whole = warehouse.file.read_bytes()
    middle = len(whole) // 2
    for broken in (whole[:middle], whole[:middle] + bytes(len(whole) // 4) + whole[middle + len(whole) // 4 :]):
        warehouse.file.write_bytes(broken)
        for opened in (warehouse.read, warehouse.write):
            with (
                pytest.raises(WarehouseUnreadable, match=r"put back a copy, .* docs/recovery\.md"),
                opened() as connection,
            ):
                connection.execute("SELECT max(word) FROM main.many")
