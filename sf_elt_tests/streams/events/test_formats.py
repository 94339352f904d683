"""Event files of every format: the same events come out of JSON Lines, CSV and Parquet, plain or gzipped."""

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from sf_elt.streams import (
    EventSpec,
    EventsReport,
    EventsUnreadable,
    SpecRefused,
    event_files,
    files_standing,
    import_events,
)
from sf_elt.streams.events import parquet_rows, staging
from sf_elt.streams.events.reports import BadLine
from sf_elt.warehouse import Warehouse

LATER = datetime.now(UTC) + timedelta(days=1)
"""A day after the files were written: they have come to rest."""


def _import(warehouse: Warehouse, spec: EventSpec, now: datetime = LATER) -> EventsReport:
    return import_events(warehouse, spec, now=now, run_id="run")


def _spec(*paths: Path, **more: object) -> EventSpec:
    return EventSpec("web_events", tuple(map(str, paths)), **more)  # type: ignore[arg-type] - by name


def _rows(warehouse: Warehouse, sql: str) -> list[tuple[object, ...]]:
    with warehouse.read() as connection:
        return connection.execute(sql).fetchall()


EVENT = {
    "event_id": "e1",
    "occurred_at": "2026-01-01T10:00:00Z",
    "type": "pageview",
    "email": "ada@example.com",
    "title": 'Hello 🚀, "you"\nthere',
    "topics": ["Data", "AI"],
    "properties": {"seconds": 3},
    "campaign": "spring",
}
CSV = (
    "\ufeffevent_id,occurred_at,type,email,title,topics,properties,campaign,url\r\n"
    "e1,2026-01-01T10:00:00Z,pageview,ada@example.com,"
    '"Hello 🚀, ""you""\nthere","[""Data"",""AI""]","{""seconds"": 3}",spring,\r\n'
)


def _write(folder: Path, kind: str) -> None:
    lines = json.dumps(EVENT, ensure_ascii=False).encode()
    match kind:
        case "jsonl":
            (folder / "a.jsonl").write_bytes(lines)
        case "jsonl.gz":
            (folder / "a.jsonl.gz").write_bytes(gzip.compress(lines))
        case "csv":
            (folder / "a.csv").write_text(CSV, "utf-8", newline="")
        case "csv.gz":
            (folder / "a.csv.gz").write_bytes(gzip.compress(CSV.encode()))
        case "semicolons":
            text = CSV.replace(",", ";").replace("🚀;", "🚀,").replace('"";""', '"",""')
            (folder / "a.csv").write_text(text, "utf-8", newline="")
        case "tabs":
            text = CSV.replace(",", "\t").replace("🚀\t", "🚀,").replace('""\t""', '"",""')
            (folder / "a.tsv").write_text(text, "utf-8", newline="")
        case "parquet":
            at = datetime(2026, 1, 1, 10)
            parquet.write_table(pa.Table.from_pylist([EVENT | {"occurred_at": at}]), folder / "a.parquet")


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "csv", "csv.gz", "semicolons", "tabs", "parquet"])
def test_an_event_is_the_same_from_every_format(warehouse: Warehouse, folder: Path, kind: str) -> None:
    """Texts with quotes, delimiters and line breaks, lists and objects; what is not known becomes a property."""
    _write(folder, kind)
    report = _import(warehouse, _spec(folder))
    assert (report.rows, report.set_aside, report.unreadable, report.waiting) == (1, 0, (), ())
    ((*values, properties),) = _rows(
        warehouse, "SELECT event_id, occurred_at, type, email, url, title, topics, properties FROM streams.web_events"
    )
    at = datetime(2026, 1, 1, 10)
    assert values == ["e1", at, "pageview", "ada@example.com", None, EVENT["title"], ["Data", "AI"]]
    assert json.loads(str(properties)) == {"seconds": 3, "campaign": "spring"}
    again = _import(warehouse, _spec(folder))
    assert (again.rows, again.files, again.files_known) == (0, 0, 1)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("1767261600", datetime(2026, 1, 1, 10)),
        ("1767261600.25", datetime(2026, 1, 1, 10, 0, 0, 250_000)),
        ("1767261600250", datetime(2026, 1, 1, 10, 0, 0, 250_000)),
        ("2026-01-01 12:00+02", datetime(2026, 1, 1, 10)),
        ("20260101", None),
        ("202601011000", None),
        ("20260101100000", None),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_ten_digits_are_seconds_and_thirteen_milliseconds(
    warehouse: Warehouse, folder: Path, said: str, meant: datetime | None, suffix: str
) -> None:
    """Any other number is no time: a date without dashes is not taken for seconds."""
    number = said if said.replace(".", "").isdigit() else f'"{said}"'
    text = f"occurred_at\n{said}\n" if suffix == "csv" else f'{{"occurred_at": {number}}}\n'
    (folder / f"a.{suffix}").write_text(text)
    report = _import(warehouse, _spec(folder))
    assert (report.rows, report.set_aside) == ((1, 0) if meant else (0, 1))
    assert _rows(warehouse, "SELECT occurred_at FROM streams.web_events") == ([(meant,)] if meant else [])


def test_parquet_times_have_their_zone_and_nested_values_stay(warehouse: Warehouse, folder: Path) -> None:
    """A time with a zone becomes UTC; structs, maps, lists and decimals are properties; NaN is nothing."""
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    table = pa.table(
        {
            "occurred_at": pa.array([at, at], pa.timestamp("ns", "Europe/Berlin")),
            "device": pa.array([{"os": "x", "size": [1, 2]}, None]),
            "marks": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
            "share": pa.array([float("nan"), 0.5]),
        }
    )
    parquet.write_table(table, folder / "a.parquet")
    assert _import(warehouse, _spec(folder)).rows == 2
    rows = _rows(warehouse, "SELECT occurred_at, _line, properties FROM streams.web_events ORDER BY _line")
    assert [(row[0], row[1]) for row in rows] == [(at.replace(tzinfo=None), 1), (at.replace(tzinfo=None), 2)]
    said = [json.loads(str(row[2])) for row in rows]
    assert said == [{"device": {"os": "x", "size": [1, 2]}, "marks": {"a": 1}}, {"share": 0.5}]


def test_columns_are_found_under_other_names(warehouse: Warehouse, folder: Path) -> None:
    """A key, a path through objects, a column of CSV; what has become a column is no property as well."""
    event = {"event_time": 1767261600, "user": {"email": "ada@example.com", "plan": "pro"}, "kind": "click"}
    (folder / "a.jsonl").write_text(json.dumps(event))
    (folder / "b.csv").write_text("event_time,user.email,kind\n1767261600,bob@example.com,view\n")
    columns = {"occurred_at": "event_time", "email": "user.email", "type": "kind"}
    assert _import(warehouse, _spec(folder, columns=columns)).rows == 2
    rows = _rows(warehouse, "SELECT email, type, properties FROM streams.web_events ORDER BY email")
    assert rows == [
        ("ada@example.com", "click", '{"user":{"plan":"pro"}}'),
        ("bob@example.com", "view", None),
    ]
    with pytest.raises(SpecRefused, match="has no column 'mail'"):
        _spec(folder, columns={"mail": "user.email"})


def test_bad_rows_of_csv_wait_with_line_and_row(warehouse: Warehouse, folder: Path) -> None:
    """Ragged, with a quote where none can be, not UTF-8, without a time: the good rows around them are read."""
    body = (
        b"occurred_at,title\n"
        b'2026-01-01,"two\nlines"\n'
        b"2026-01-01,one,more\n"
        b'2026-01-01,"a"b\n'
        b"2026-01-01,caf\xe9\n"
        b"\n"
        b'2026-01-01,5" pipe\n'
        b"soon,x\n"
        b'2026-01-01,"open\n'
        b"2026-01-02,last"
    )
    (folder / "a.csv").write_bytes(body)
    report = _import(warehouse, _spec(folder))
    assert (report.rows, report.set_aside) == (3, 5)
    assert _rows(warehouse, "SELECT title, _line FROM streams.web_events ORDER BY _line") == [
        ("two\nlines", 2),
        ('5" pipe', 8),
        ("last", 11),
    ]
    assert _rows(warehouse, "SELECT line, row_number, reason, content FROM ops.set_aside ORDER BY line") == [
        (4, 2, "3 values where the header names 2 columns", "2026-01-01,one,more"),
        (5, 3, "a quote or carriage return stands where none can", '2026-01-01,"a"b'),
        (6, 4, "not UTF-8", "2026-01-01,caf\\xe9"),
        (9, 6, "occurred_at is no time: soon", "soon,x"),
        (10, 7, "a quote is opened that nothing closes", '2026-01-01,"open'),
    ]
    assert report.first_bad == BadLine(str(folder / "a.csv"), 4, "3 values where the header names 2 columns")
    (folder / "a.csv").write_bytes(body.replace(b"soon,x", b"2026-01-03,mended"))
    assert (_import(warehouse, _spec(folder)).rows, len(_rows(warehouse, "FROM streams.web_events"))) == (1, 4)


def test_files_that_cannot_be_read_stop_nothing_else(warehouse: Warehouse, folder: Path) -> None:
    """Each is named with its reason, the columns it has and the nearest name; the others are read."""
    (folder / "good.jsonl").write_text('{"occurred_at": "2026-01-01"}\n')
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"occurred_at": "2026-01-01"}\n' * 100_000)[:-100])
    (folder / "corrupt.parquet").write_bytes(b"PAR1 and nothing more")
    (folder / "nameless.csv").write_text("ocurred_at,type\n2026-01-01,x\n")
    (folder / "headless.csv").write_text("ada@example.com,2026-01-01\ngrace@example.com,2026-01-02\n")
    (folder / "twice.csv").write_text("occurred_at,type,type\n2026-01-01,x,y\n")
    (folder / "wide.csv").write_bytes("occurred_at,type\n2026-01-01,x\n".encode("utf-16"))
    (folder / "what.txt").write_text("x")
    (folder / os.fsdecode(b"caf\xe9.jsonl")).write_text('{"occurred_at": "2026-01-02"}\n')
    (folder / "around.jsonl").symlink_to(folder / "around.jsonl")
    spec = _spec(folder, folder / "what.txt")
    assert files_standing(event_files(spec), LATER)
    report = _import(warehouse, spec)
    reasons = {Path(each.file).name: each.reason for each in report.unreadable}
    assert reasons.pop("corrupt.parquet").startswith("it is cut or damaged")
    assert reasons.pop("cut.jsonl.gz").startswith("it is cut or damaged")
    assert reasons == {
        "nameless.csv": "there is no column 'occurred_at' for the time, among 2 columns; is it 'ocurred_at'? "
        "Then say columns: {occurred_at: ocurred_at}",
        "twice.csv": "its columns 2 and 3 have the same name",
        "headless.csv": "there is no column 'occurred_at' for the time, among 2 columns",
        "wide.csv": "its header is not UTF-8 but UTF-16, it seems; save it as UTF-8",
        "what.txt": "the suffix .txt tells no format; name it, as in format: csv",
        "caf\\xe9.jsonl": "its name is not UTF-8: rename it",
        "around.jsonl": "Too many levels of symbolic links",
    }
    assert (report.rows, report.rows_in_stream) == (1, 1)
    (folder / "cut.jsonl.gz").unlink()
    with pytest.raises(EventsUnreadable, match="none of 1"):
        _import(warehouse, _spec(folder / "what.txt"))


def test_folders_inside_a_folder_are_read_when_asked_for(warehouse: Warehouse, folder: Path) -> None:
    """And only then. A folder or a pipe is no file, whatever it is called."""
    (folder / "2026" / "01").mkdir(parents=True)
    (folder / "of-spark.parquet").mkdir()
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "2026" / "01" / "a.jsonl").write_text('{"occurred_at": "2026-01-01"}\n')
    flat = _import(warehouse, _spec(folder))
    assert (flat.rows, flat.unreadable) == (0, ())
    assert _import(warehouse, _spec(folder, recursive=True)).rows == 1


def test_bad_rows_of_parquet_wait_as_json(warehouse: Warehouse, folder: Path) -> None:
    """Such a row has no text of its own: it is shown as the object that it was read as."""
    parquet.write_table(pa.table({"occurred_at": ["2026-01-01", None], "type": ["x", "y"]}), folder / "a.parquet")
    report = _import(warehouse, _spec(folder))
    assert (report.rows, report.set_aside) == (1, 1)
    assert _rows(warehouse, "SELECT row_number, reason, content FROM ops.set_aside") == [
        (2, "no occurred_at", '{"type":"y"}')
    ]


def test_parquet_is_taken_by_its_bytes(warehouse: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is too long waits without its long values; what may be a page of gigabytes is refused."""
    monkeypatch.setattr(staging, "LONGEST", 50_000)
    times = [1700000000 + number for number in range(600)]
    words = [["a"] * 60_000 if number == 7 else ["b", "c"] for number in range(600)]
    names = ["n" * 60_000 if number == 9 else "n" for number in range(600)]
    parquet.write_table(pa.table({"occurred_at": times, "title": names, "topics": words}), folder / "a.parquet")
    page = pa.table({"occurred_at": [1], "x": ["a" * 3_000_000]})
    parquet.write_table(page, folder / "b.parquet", compression="zstd")
    monkeypatch.setattr(parquet_rows, "MUCH", 2_000_000)
    report = _import(warehouse, _spec(folder))
    assert (report.rows, report.set_aside) == (598, 2)
    assert [one.reason.partition(",")[0] for one in report.unreadable] == ["its column 'x' has 3"]
    aside = _rows(warehouse, "SELECT line, reason LIKE 'longer than%', content FROM ops.set_aside ORDER BY line")
    assert aside == [
        (8, True, '{"occurred_at":1700000007,"title":"n"}'),
        (10, True, '{"occurred_at":1700000009,"topics":["b","c"]}'),
    ]
