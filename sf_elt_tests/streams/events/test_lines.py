"""Event files: every good row exactly once, every bad line set aside with its reason."""

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.seeding.events import write_events
from sf_elt.streams import EventSpec, EventsReport, EventsUnreadable, import_events
from sf_elt.streams.events import batches, csv_rows, importing, staging
from sf_elt.streams.events.batches import FileRows
from sf_elt.streams.events.files import EventFile
from sf_elt.streams.events.judging import Judged, keep
from sf_elt.warehouse import Warehouse
from sf_elt_tests.examples import some

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _import(warehouse: Warehouse, *paths: Path) -> EventsReport:
    spec = EventSpec("web_events", tuple(str(path) for path in paths))
    return import_events(warehouse, spec, now=NOW, run_id="run")


def _rows(warehouse: Warehouse, columns: str) -> list[tuple[object, ...]]:
    with warehouse.read() as connection:
        return connection.execute(f"SELECT {columns} FROM streams.web_events ORDER BY _file, _line").fetchall()


def _line(number: int, **more: object) -> bytes:
    return json.dumps({"event_id": str(number), "occurred_at": "2026-01-01T10:00:00Z"} | more).encode()


def test_an_event_arrives_with_all_it_says(warehouse: Warehouse, folder: Path) -> None:
    """Times become UTC, topics a list, unknown keys properties; a text keeps its emoji and line separators."""
    event = {
        "event_id": "e1",
        "occurred_at": "2026-01-01T10:00:00.5+02:00",
        "type": "pageview",
        "email": " Ada@Example.com ",
        "anonymous_id": "c1",
        "url": "https://example.com/?a=1",
        "title": 'Hello 🚀 \u2028 "q"',
        "topics": ["Data", "N/A"],
        "properties": {"seconds": 3},
        "campaign": "spring",
    }
    (folder / "a.jsonl").write_text(json.dumps(event, ensure_ascii=False) + "\n", "utf-8")
    report = _import(warehouse, folder)
    ((at, email, title, topics, properties, line),) = _rows(
        warehouse, "occurred_at, email, title, topics, properties, _line"
    )
    assert (at, email, title) == (datetime(2026, 1, 1, 8, 0, 0, 500_000), event["email"], event["title"])
    assert (topics, line) == (["Data", "N/A"], 1)
    assert json.loads(str(properties)) == {"seconds": 3, "campaign": "spring"}
    assert (report.rows, report.files, report.newest) == (1, 1, datetime(2026, 1, 1, 8, 0, 0, 500_000, tzinfo=UTC))


BAD = {
    b"{broken": "not valid JSON",
    b'{"type": "pageview"}': "no occurred_at",
    b"[1, 2]": "not a JSON object but array",
    b'{"occurred_at": "yesterday at noon"}': "occurred_at is no time: yesterday at noon",
    b'{"occurred_at": "infinity"}': "occurred_at is no time: infinity",
    b'{"occurred_at": "12026-01-01"}': "occurred_at is no time: 12026-01-01",
    b'{"occurred_at": "0044-03-15 (BC)"}': "occurred_at is no time: 0044-03-15 (BC)",
    b'{"occurred_at": "2026-01-01", "title": "caf\xe9"}': "not UTF-8",
}


def test_bad_lines_are_set_aside_and_stop_nothing(warehouse: Warehouse, folder: Path) -> None:
    """Each waits with file, line, reason and content; the good lines around them are in the stream."""
    file = folder / "a.jsonl"
    file.write_bytes(b"\n".join([_line(1), *BAD, b"", _line(2)]))
    report = _import(warehouse, folder)
    assert (report.rows, report.set_aside) == (2, len(BAD))
    with warehouse.read() as connection:
        waiting = connection.execute("SELECT file, line, reason, content FROM ops.set_aside ORDER BY line").fetchall()
    expected = [
        (str(file), number, reason, content.decode("utf-8", "backslashreplace"))
        for number, (content, reason) in enumerate(BAD.items(), start=2)
    ]
    assert waiting == expected


def test_a_file_is_read_once_by_its_content(warehouse: Warehouse, folder: Path) -> None:
    """Running again, or finding the same bytes under another name, adds nothing."""
    (folder / "a.jsonl").write_bytes(_line(1) + b"\nbroken\n")
    _import(warehouse, folder)
    (folder / "a.jsonl").rename(folder / "b.jsonl")
    again = _import(warehouse, folder)
    assert (again.rows, again.set_aside, again.files_known, again.rows_in_stream) == (0, 0, 1, 1)


def test_an_event_id_is_one_event(warehouse: Warehouse, folder: Path) -> None:
    """The same event in two files, or twice in one, is kept once and counted; the order of its keys does not matter."""
    again = json.dumps(dict(reversed(json.loads(_line(1, url="/")).items()))).encode()
    (folder / "a.jsonl").write_bytes(b"\n".join([_line(1, url="/"), _line(2), again]))
    report = _import(warehouse, folder)
    assert (report.rows, report.repeated) == (2, 1)
    (folder / "b.jsonl").write_bytes(b"\n".join([_line(3), _line(1, url="/")]))
    report = _import(warehouse, folder)
    assert (report.rows, report.repeated, report.set_aside) == (1, 1, 0)
    assert _rows(warehouse, "event_id") == [("1",), ("2",), ("3",)]


@pytest.mark.parametrize("more", [{}, {"event_id": None}])
def test_a_renamed_file_that_grows_brings_only_its_new_events(
    warehouse: Warehouse, folder: Path, more: dict[str, object]
) -> None:
    """Its beginning is known by its content, with event_ids and without."""
    (folder / "a.jsonl").write_bytes(_line(1, **more) + b"\n" + _line(2, **more) + b"\n")
    _import(warehouse, folder)
    (folder / "a.jsonl").rename(folder / "b.jsonl")
    with (folder / "b.jsonl").open("ab") as file:
        file.write(_line(3, **more))
    report = _import(warehouse, folder)
    assert (report.rows, report.repeated, report.rows_in_stream) == (1, 0, 3)
    assert _rows(warehouse, "_line") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("at_once", [True, False])
def test_another_event_with_the_same_id_is_set_aside(warehouse: Warehouse, folder: Path, at_once: bool) -> None:
    """The first stays as it is, in its file, in another and in a later run; the other waits once, with a reason."""
    contents = {"a.jsonl": [_line(1), _line(1, email="b@x.org")], "b.jsonl": [_line(1, topics=["c"]), _line(2)]}
    for name, lines in contents.items():
        (folder / name).write_bytes(b"\n".join(lines))
        if not at_once:
            _import(warehouse, folder)
    _import(warehouse, folder)
    with (folder / "b.jsonl").open("ab") as file:
        file.write(b"\n" + _line(3))
    report = _import(warehouse, folder)
    assert (report.rows, report.repeated, report.set_aside) == (1, 0, 0)
    assert _rows(warehouse, "event_id, email, topics") == [("1", None, None), ("2", None, None), ("3", None, None)]
    with warehouse.read() as connection:
        waiting = connection.execute("SELECT file, line, reason, content FROM ops.set_aside ORDER BY file").fetchall()
    reason = "another event has this event_id: 1"
    assert waiting == [
        (str(folder / "a.jsonl"), 2, reason, contents["a.jsonl"][1].decode()),
        (str(folder / "b.jsonl"), 1, reason, contents["b.jsonl"][0].decode()),
    ]


@pytest.mark.parametrize("more", [{}, {"event_id": None}, {"event_id": ""}])
def test_without_an_event_id_every_line_is_an_event(
    warehouse: Warehouse, folder: Path, more: dict[str, object]
) -> None:
    """Equal lines of one file and of two are different events."""
    line = json.dumps({"occurred_at": "2026-01-01", **more}).encode() + b"\n"
    (folder / "a.jsonl").write_bytes(line * 2)
    (folder / "b.jsonl").write_bytes(line * 3)
    report = _import(warehouse, folder)
    assert (report.rows, report.repeated, report.set_aside) == (5, 0, 0)
    assert len(set(_rows(warehouse, "event_id"))) == 5


lines = st.lists(
    st.one_of(st.integers(0, 3).map(_line), st.sampled_from([b"broken", b"", b'{"occurred_at":"2026-01-01"}'])),
    max_size=6,
)


@settings(max_examples=some(4), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=st.lists(lines, min_size=2, max_size=4))
def test_a_file_that_grows_between_reads_ends_as_if_read_once(
    tmp_path_factory: pytest.TempPathFactory, parts: list[Sequence[bytes]]
) -> None:
    """Reading while the file grows neither loses nor doubles an event, with an event_id or without."""
    place = tmp_path_factory.mktemp("growing")
    file = place / "a.jsonl"
    warehouse = Warehouse(place / "warehouse")
    written = b""
    for part in parts:
        written += b"".join(line + b"\n" for line in part)
        file.write_bytes(written)
        _import(warehouse, file)
    good = [line for line in written.split(b"\n") if line.startswith(b"{")]
    nameless = [line for line in good if b"event_id" not in line]
    assert len(_rows(warehouse, "event_id")) == len(nameless) + len({*good} - {*nameless})
    with warehouse.read() as connection:
        assert connection.execute("SELECT count(*) FROM ops.set_aside").fetchone() == (written.count(b"broken"),)


def test_a_line_that_was_cut_when_read_comes_in_once_it_is_whole(warehouse: Warehouse, folder: Path) -> None:
    """A writer in the middle of a line costs nothing: the half waits, the whole is read."""
    file = folder / "a.jsonl"
    file.write_bytes(_line(1) + b"\n" + _line(2)[:20])
    assert (_import(warehouse, folder).rows, _import(warehouse, folder).rows) == (1, 0)
    file.write_bytes(_line(1) + b"\n" + _line(2) + b"\n")
    assert _import(warehouse, folder).rows == 1
    assert _rows(warehouse, "event_id") == [("1",), ("2",)]


def test_missing_places_are_a_clear_error(warehouse: Warehouse, folder: Path) -> None:
    """A folder or file that is not there is named; a glob or folder without files is simply nothing."""
    with pytest.raises(EventsUnreadable, match=r"no event file or folder.*nowhere"):
        _import(warehouse, folder / "nowhere")
    assert _import(warehouse, folder, folder / "*.jsonl").files == 0


def test_names_that_are_globs_are_names_too(warehouse: Warehouse, folder: Path) -> None:
    """Of the file and of its folder; and a file called `*.jsonl` keeps no other from being read."""
    inside = folder / "of [2026]"
    inside.mkdir()
    for number, name in enumerate(["*.jsonl", "b[1].jsonl", "c.jsonl"]):
        (inside / name).write_bytes(_line(number))
    assert _import(warehouse, folder, inside / "b[1].jsonl").files == 1
    assert _import(warehouse, folder, inside / "*.jsonl").files == 2
    assert _import(warehouse, folder, folder / "of *" / "*.jsonl").files_known == 3


def test_a_file_that_cannot_be_opened_stops_nothing_else(warehouse: Warehouse, folder: Path) -> None:
    """It is named in the report and read by a later run; where nothing can be opened the import fails."""
    (folder / "a.jsonl").symlink_to(folder / "gone.jsonl")
    with pytest.raises(EventsUnreadable, match="none of 1"):
        _import(warehouse, folder)
    (folder / "b.jsonl").write_bytes(_line(1))
    report = _import(warehouse, folder)
    assert (report.rows, [Path(one.file).name for one in report.unreadable]) == (1, ["gone.jsonl"])
    (folder / "gone.jsonl").write_bytes(_line(2))
    assert _import(warehouse, folder).rows_in_stream == 2


def test_two_years_of_events_arrive_whole(warehouse: Warehouse, folder: Path) -> None:
    """Every line the demo org's seeding writes is either a row or set aside."""
    written = write_events(folder, seed=7, records=60, now=NOW)
    report = _import(warehouse, folder)
    assert (report.rows, report.set_aside) == (written.lines - written.bad_lines, written.bad_lines)
    assert report.rows_in_stream == report.rows


def test_memory_does_not_grow_with_the_file(
    warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a batch took, in DuckDB and in Arrow, is given back before the next, inside the one transaction."""
    size = (folder / "a.jsonl").write_bytes(b"".join(_line(n, title="x" * 500) + b"\n" for n in range(12_000)))
    held: list[int] = []

    def watched(connection: DuckDBPyConnection, spec: EventSpec, judged: Judged) -> None:
        keep(connection, spec, judged)
        query = "SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"
        ((in_duckdb,),) = connection.execute(query).fetchall()
        held.append(in_duckdb + pa.total_allocated_bytes())

    for module in (batches, importing):
        monkeypatch.setattr(module, "BATCH", 500_000)
    monkeypatch.setattr(importing, "keep", watched)
    assert _import(warehouse, folder).rows == 12_000
    assert len(held) > 10
    assert held[-1] - held[0] < 1.5 * size  # DuckDB keeps up to 122,880 new rows in memory


def test_wide_rows_are_judged_a_few_at_a_time(
    warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What DuckDB needs follows from their bytes, and not from their number; one that is too long waits, cut short."""
    monkeypatch.setattr(importing, "MEMORY", "64MB")
    monkeypatch.setattr(importing, "PORTION", 1_000_000)
    for name, changed in (("PORTION", 1_000_000), ("LONGEST", 800_000), ("SHOWN", 9)):
        monkeypatch.setattr(staging, name, changed)
    wide = [_line(number, title="x" * 500_000) + b"\n" for number in range(12)]
    (folder / "a.jsonl").write_bytes(b"".join([*wide, _line(12, title="x" * 800_000), b"\n", _line(13)]))
    (folder / "b.csv").write_text(f"occurred_at,title\n2026-01-02,{'x' * 800_000}\n2026-01-01,short\n")
    report = _import(warehouse, folder)
    assert (report.rows, report.set_aside) == (14, 2)
    with warehouse.read() as connection:
        waiting = connection.execute("SELECT line, reason, content FROM ops.set_aside ORDER BY line").fetchall()
    assert waiting == [
        (2, "longer than 16 MB: 800,012 bytes", "2026-01-0"),
        (13, f"longer than 16 MB: {len(_line(12, title='')) + 800_001:,} bytes", '{"event_i'),
    ]


def test_what_is_packed_without_measure_is_set_aside_and_the_rest_read(
    warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of gigabytes, quotes that nothing closes, millions of values or of empty lines: each file's events come."""
    for name, changed in (("BATCH", 20_000), ("LONGEST", 30_000), ("QUOTED", 60_000), ("ROWS", 500)):
        monkeypatch.setattr(batches, name, changed)
    for name, changed in (("QUOTED", 60_000), ("ROWS", 500)):
        monkeypatch.setattr(csv_rows, name, changed)
    monkeypatch.setattr(staging, "VALUES", 1_000)
    first, last = b'{"occurred_at": 1700000000}\n', b'{"occurred_at": 1700000001}\n'
    values = b'{"occurred_at": 1700000000, "topics": [' + b"1," * 2_000 + b"1]}\n"
    lines = first + b'{"x": "' + b"a" * 200_000 + b'"}\n' + b"\n" * 5_000 + values + last
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(lines))
    (folder / "b.jsonl").write_bytes(lines)
    cell = b'occurred_at,title\n1700000000,"' + b"a" * 200_000 + b'"\n' + b"\r\n" * 50_000 + b"1700000001,b\n"
    (folder / "c.csv.gz").write_bytes(gzip.compress(cell))
    (folder / "d.csv").write_bytes(b'occurred_at,title\n1700000000,"a\n' + b"1700000001,b\n" * 10_000)
    report = _import(warehouse, folder)
    assert (report.rows, report.set_aside, report.unreadable) == (2 + 2 + 1 + 10_000, 2 + 2 + 1 + 1, ())
    with warehouse.read() as connection:
        aside = connection.execute("SELECT file, line, reason, len(content) FROM ops.set_aside ORDER BY ALL").fetchall()
    found = [(Path(file).name, line, reason, length) for file, line, reason, length in aside]
    for name in ("a.jsonl.gz", "b.jsonl"):
        assert found.pop(0) == (name, 2, "longer than 16 MB: 200,009 bytes", 1_000)
        assert found.pop(0) == (name, 5_003, "more than 1,000 values: about 2,003", 1_000)
    assert found.pop(0) == ("c.csv.gz", 2, "longer than 16 MB: 200,013 bytes", 1_000)
    assert found == [("d.csv", 2, "a quote is opened that nothing closes within 0 MB", 13)]
    assert _import(warehouse, folder).files_known == 4


def test_a_file_that_takes_all_memory_stops_no_other(
    warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, and nothing of it is kept; so is one of which a million rows are none."""
    (folder / "a.jsonl").write_bytes(_line(1) + b"\n")
    (folder / "b.jsonl").write_bytes(_line(2) + b"\n" + b"[" * 100_000 + b"\n")
    (folder / "c.jsonl").write_bytes(b"none\n" * 2_000)
    monkeypatch.setattr(importing, "SET_ASIDE", 200)
    for module in (batches, importing):
        monkeypatch.setattr(module, "BATCH", 1_000)
    staged = importing.staged

    def greedy(connection: DuckDBPyConnection, file: EventFile, spec: EventSpec, batch: FileRows) -> pa.Table:
        if file.path.name == "b.jsonl":
            connection.execute("SET memory_limit = '1MB'")
        return staged(connection, file, spec, batch)

    monkeypatch.setattr(importing, "staged", greedy)
    report = _import(warehouse, folder)
    assert (report.rows, report.set_aside) == (1, 0)
    assert [(Path(one.file).name, one.reason) for one in report.unreadable] == [
        ("b.jsonl", "a row of it takes more memory than 512MB"),
        ("c.jsonl", "more than 200 of its rows cannot be events: line 1: not valid JSON"),
    ]
