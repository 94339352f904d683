"""Event files while they are written: appended to, renamed, replaced, killed in the middle. Each row comes once."""

import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.streams import EventSpec, EventsReport, import_events
from sf_elt.warehouse import Warehouse
from sf_elt_tests.scripts import script

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=1)


def _import(warehouse: Warehouse, folder: Path, now: datetime) -> EventsReport:
    return import_events(warehouse, EventSpec("web_events", (str(folder),)), now=now, run_id="run")


def _titles(warehouse: Warehouse) -> list[str]:
    with warehouse.read() as connection:
        return [title for (title,) in connection.execute("SELECT title FROM streams.web_events").fetchall()]


HEADER = b"occurred_at,title\n"


def test_a_row_of_csv_that_is_being_written_waits(warehouse: Warehouse, folder: Path) -> None:
    """Cut in a value or in quotes it is neither read nor set aside; left alone for a while, the end of file ends it."""
    file = folder / "a.csv"
    for written in (b"occurred", HEADER + b"2026-01-01,on", HEADER + b'2026-01-01,one\n2026-01-01,"t\nw'):
        file.write_bytes(written)
        report = _import(warehouse, folder, NOW)
        assert (report.set_aside, report.waiting) == (0, (str(file),))
    assert _titles(warehouse) == ["one"]
    file.write_bytes(HEADER + b'2026-01-01,one\n2026-01-01,"t\nwo"')
    assert _import(warehouse, folder, NOW).rows == 0
    assert _import(warehouse, folder, LATER).rows == 1
    assert sorted(_titles(warehouse)) == ["one", "t\nwo"]


def test_half_a_line_of_json_waits_until_the_file_is_left_alone(warehouse: Warehouse, folder: Path) -> None:
    """A whole object without a line end is read at once; half of one is set aside only when nothing more comes."""
    file = folder / "a.jsonl"
    file.write_bytes(b'{"occurred_at": "2026-01-01", "title": "a"}\n{"occurred_at": "2026-')
    report = _import(warehouse, folder, NOW)
    assert (report.rows, report.set_aside, report.waiting) == (1, 0, (str(file),))
    with file.open("ab") as more:
        more.write(b'01-01", "title": "b"}')
    assert (_import(warehouse, folder, NOW).rows, sorted(_titles(warehouse))) == (1, ["a", "b"])
    with file.open("ab") as more:
        more.write(b'\n{"occurred_at": "2026-01-01", "path": ' + b"[" * 50_000)  # deeper than Python reads
    assert _import(warehouse, folder, NOW).set_aside == 0
    assert _import(warehouse, folder, LATER).set_aside == 1


def test_of_a_file_that_grew_only_the_new_part_is_read(warehouse: Warehouse, folder: Path) -> None:
    """What was read counts as read by its digest; a change within it makes the file a new one."""
    file = folder / "a.csv"
    file.write_bytes(HEADER + b"2026-01-01,one\n")
    _import(warehouse, folder, NOW)
    with file.open("ab") as more:
        more.write(b"2026-01-01,two\n")
    report = _import(warehouse, folder, NOW)
    assert (report.rows, report.repeated) == (1, 0)
    with warehouse.read() as connection:
        rows = connection.execute("SELECT title, _line FROM streams.web_events ORDER BY _line").fetchall()
        read = connection.execute("SELECT bytes_read, row_numbers FROM ops.event_files ORDER BY bytes_read").fetchall()
    assert rows == [("one", 2), ("two", 3)]
    assert read == [(len(HEADER) + 15, 1), (len(HEADER) + 30, 2)]
    file.write_bytes(HEADER + b"2026-01-01,uno\n2026-01-01,two\n")
    assert (_import(warehouse, folder, NOW).rows, sorted(_titles(warehouse))) == (1, ["one", "two", "uno"])


def test_a_file_names_the_run_that_read_it(warehouse: Warehouse, folder: Path) -> None:
    """Each file the last run that found something new in it; an unchanged one keeps the run that it had."""
    spec = EventSpec("web_events", (str(folder),))
    (folder / "a.csv").write_bytes(HEADER + b"2026-01-01,one\n")
    import_events(warehouse, spec, now=LATER, run_id="first")
    (folder / "b.csv").write_bytes(HEADER + b"2026-01-02,two\n")
    import_events(warehouse, spec, now=LATER + timedelta(seconds=1), run_id="second")
    with warehouse.read() as connection:
        found = connection.execute("SELECT file, run_id FROM ops.event_files ORDER BY file").fetchall()
    assert found == [(str(folder / "a.csv"), "first"), (str(folder / "b.csv"), "second")]


def test_files_of_an_older_version_stay_read(warehouse: Warehouse, folder: Path) -> None:
    """Of these ops.event_files knows the content alone; they go on from their end, by the right line."""
    file = folder / "a.jsonl"
    file.write_bytes(b'{"occurred_at": "2026-01-01", "title": "a"}\n')
    _import(warehouse, folder, NOW)
    with warehouse.write() as connection:
        connection.execute("UPDATE ops.event_files SET bytes_read = NULL, line_breaks = NULL, row_numbers = NULL")
    assert _import(warehouse, folder, NOW).files_known == 1
    with file.open("ab") as more:
        more.write(b'{"occurred_at": "2026-01-01", "title": "b"}\n')
    assert _import(warehouse, folder, NOW).rows == 1
    with warehouse.read() as connection:
        rows = connection.execute("SELECT title, _line FROM streams.web_events ORDER BY _line").fetchall()
    assert rows == [("a", 1), ("b", 2)]


def _write(file: Path, numbers: list[int], *, append: bool) -> None:
    """Rows that are told apart by their title and have no event_id."""
    if file.suffix == ".parquet":
        table = pa.table({"occurred_at": ["2026-01-01"] * len(numbers), "title": [f"{n}" for n in numbers]})
        parquet.write_table(table, file)
        return
    line = "2026-01-01,{}\n" if file.suffix == ".csv" else '{{"occurred_at": "2026-01-01", "title": "{}"}}\n'
    with file.open("ab" if append else "wb") as body:
        if file.suffix == ".csv" and not (append and file.stat().st_size):
            body.write(HEADER)
        body.writelines(line.format(number).encode() for number in numbers)


deeds = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "replace", "rename", "import", "copy"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from([".jsonl", ".csv", ".parquet"]),
        st.integers(1, 3),
    ),
    min_size=3,
    max_size=10,
)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(deeds=deeds)
def test_whatever_happens_to_files_each_row_comes_once(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[tuple[str, str, str, int]]
) -> None:
    """Appended to, replaced, renamed, copied, read at any time: in the end the stream has exactly what was written."""
    place = tmp_path_factory.mktemp("files")
    folder, warehouse = place / "events", Warehouse(place / "warehouse")
    folder.mkdir()
    written, names = 0, 0
    for deed, stem, suffix, count in deeds:
        file = folder / f"{stem}{suffix}"
        numbers = list(range(written, written + count))
        grows = deed == "append" and suffix != ".parquet"
        if deed == "replace" or (deed == "append" and (grows or not file.exists())):
            if deed == "replace" and file.exists():
                _import(warehouse, folder, NOW)  # what is replaced before it was read is gone
            _write(file, numbers, append=grows)
            written += count
        elif deed in ("rename", "copy") and file.exists():
            names += 1
            other = folder / f"{stem}{names}{suffix}"
            if deed == "rename":
                file.rename(other)
            else:
                _import(warehouse, folder, NOW)  # a copy of what is not read yet is read with it, by content
                other.write_bytes(file.read_bytes())
        elif deed == "import":
            _import(warehouse, folder, NOW)
    _import(warehouse, folder, NOW)
    assert sorted(map(int, _titles(warehouse))) == list(range(written))


KILLED = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from sf_elt.streams import EventSpec, import_events
from sf_elt.streams.events import importing
from sf_elt.warehouse import Warehouse
from sf_elt_tests.scripts import script
staged, seen = importing.staged, []
importing.BATCH = 1
def watched(*arguments):
    rows = staged(*arguments)
    seen.append(1)
    if len(seen) == int(sys.argv[3]):
        print("reached", flush=True)
        time.sleep(60)
    return rows
importing.staged = watched
import_events(Warehouse(Path(sys.argv[1])), EventSpec("web_events", (sys.argv[2],)), now=datetime.now(UTC), run_id="r")
"""


@pytest.mark.kill
@pytest.mark.parametrize("at", [1, 3])
def test_a_killed_import_doubles_and_loses_nothing(warehouse: Warehouse, folder: Path, at: int) -> None:
    """SIGKILL with rows in the transaction: whole files stay or nothing of them, and the next run reads the others."""
    for name in ("a.jsonl", "b.csv", "c.parquet"):
        _write(folder / name, [ord(name[0])], append=False)
    process = subprocess.Popen(script(KILLED, warehouse.root, folder, at), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "reached\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _import(warehouse, folder, NOW)
    assert sorted(_titles(warehouse)) == sorted(str(ord(letter)) for letter in "abc")
