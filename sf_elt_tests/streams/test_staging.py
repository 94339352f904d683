"""What has landed, read as the types that the org describes: CSV, JSON and Parquet pages, good ones and bad ones."""

import gzip
import json
import traceback
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import duckdb
import pytest

from sf_elt.salesforce import Download
from sf_elt.streams import LandingUnreadable, staging
from sf_elt.streams.columns import Column, StreamColumns
from sf_elt.streams.merge import merge_download
from sf_elt.streams.schema import adapt_table
from sf_elt.streams.staging import MOST_JSON, batches
from sf_elt.warehouse import Warehouse

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HEAD = (Column("Id", "VARCHAR"), Column("SystemModstamp", "TIMESTAMP"))
AT = "2026-03-01T00:00:00.000Z"
VALUES = {
    "VARCHAR[]": ("Data;Email", ["Data", "Email"]),
    "TIME": ("10:30:00.500Z", time(10, 30, 0, 500_000)),
    "BIGINT": ("9223372036854775807", 9223372036854775807),
    "DOUBLE": ("1.0E7", 10_000_000.0),
    "DATE": ("2024-02-29", date(2024, 2, 29)),
    "BOOLEAN": ("true", True),
    "VARCHAR": ("N/A", "N/A"),
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with Warehouse(tmp_path / "warehouse").write() as connection:
        yield connection


def _columns(*more: Column) -> StreamColumns:
    columns = (*HEAD, *more)
    names = tuple(column.name for column in columns)
    return StreamColumns(columns, "SystemModstamp", "SystemModstamp", has_deleted=False, substance=names)


def _read(connection: duckdb.DuckDBPyConnection, columns: StreamColumns, *pages: Path) -> list[tuple[object, ...]]:
    shape = adapt_table(connection, "things", columns.columns, NOW)
    download = Download("bulk", pages, len(pages))
    merge_download(connection, "things", columns, shape, download, loaded_at=NOW, window="w")
    listed = ", ".join(f'"{name}"' for name in columns.names[2:])
    return connection.execute(f'SELECT {listed} FROM streams.things ORDER BY "Id"').fetchall()


def _csv(folder: Path, record: str, **values: str) -> Path:
    page = folder / f"{record}.csv.gz"
    names = ",".join(f'"{name}"' for name in ("Id", "SystemModstamp", *values))
    cells = ",".join(f'"{value}"' for value in (record, AT, *values.values()))
    with gzip.open(page, "wt", encoding="utf-8") as file:
        file.write(f"{names}\n{cells}\n")
    return page


def _json(folder: Path, record: str, **values: object) -> Path:
    page = folder / f"{record}.json"
    page.write_text(json.dumps({"records": [{"Id": record, "SystemModstamp": AT, **values}]}), "utf-8")
    return page


@pytest.mark.parametrize("sql_type", VALUES)
def test_every_kind_of_page_brings_the_same_value(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, sql_type: str
) -> None:
    """A CSV page, a JSON page and a Parquet file of final types are read together; null stays null in all of them."""
    text, value = VALUES[sql_type]
    columns = _columns(Column("Field__c", sql_type))
    as_json = json.loads(text) if sql_type in ("BIGINT", "DOUBLE", "BOOLEAN") else text
    parquet = tmp_path / "c.parquet"
    final = f"CAST(? AS {sql_type})" if sql_type != "VARCHAR[]" else "string_split(?, ';')"
    connection.execute(
        f'COPY (SELECT \'c\' AS "Id", TIMESTAMP \'2026-03-01\' AS "SystemModstamp", {final} AS "Field__c")'
        f" TO '{parquet}'",
        [text],
    )
    pages = [_csv(tmp_path, "a", Field__c=text), _json(tmp_path, "b", Field__c=as_json), parquet]
    nulls = [_csv(tmp_path, "d", Field__c=""), _json(tmp_path, "e", Field__c=None)]
    assert _read(connection, columns, *pages) == [(value,)] * 3
    assert _read(connection, columns, *nulls) == [(value,)] * 3 + [(None,)] * 2


@pytest.mark.parametrize(
    ("sql_type", "value"),
    [
        ("BIGINT", "9223372036854775808"),
        ("BIGINT", "many"),
        ("BIGINT", "5.5"),
        ("DOUBLE", "1e400"),
        ("DATE", "2026-02-30"),
        ("TIMESTAMP", "soon"),
        ("TIME", "25:00:00.000Z"),
        ("BOOLEAN", "perhaps"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_value_that_does_not_fit_names_file_column_and_type(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str, sql_type: str, value: str
) -> None:
    """Into an empty stream and into one with rows; never with the value itself."""
    columns = _columns(Column("Field__c", sql_type))
    good = _csv(tmp_path, "good", Field__c="")
    if kind == "csv":
        bad = _csv(tmp_path, "bad", Field__c=value)
    else:
        bad = _json(tmp_path, "bad", Field__c="VALUE")
        is_number = sql_type in ("BIGINT", "DOUBLE") and value != "many"
        bad.write_text(bad.read_text("utf-8").replace('"VALUE"' if is_number else "VALUE", value), "utf-8")
    for standing in ([], [good]):
        for page in standing:
            _read(connection, columns, page)
        with pytest.raises(LandingUnreadable, match=rf"things.*{bad.name}: Field__c as {sql_type} in 1 of") as caught:
            _read(connection, columns, good, bad)
        assert value not in "".join(traceback.format_exception(caught.value))
        connection.rollback()
        connection.begin()


@pytest.mark.parametrize("body", ['[{"errorCode": "X"}]', '{"records": [7]}', '{"records": "r"}', "<html>", '{"rec'])
def test_a_page_of_another_shape_is_a_clear_error(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, body: str
) -> None:
    """What is no page of records moves nothing, and none of it is repeated."""
    page = tmp_path / "page-1.json"
    page.write_text(body, "utf-8")
    with pytest.raises(LandingUnreadable, match=r"page-1\.json"):
        _read(connection, _columns(), page)


def test_a_row_with_too_few_fields_names_its_line(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The line is counted in the file, from 1."""
    page = _csv(tmp_path, "a", Field__c="secret")
    with gzip.open(page, "at", encoding="utf-8") as file:
        file.write('"b"\n')
    with pytest.raises(LandingUnreadable, match=r"a\.csv\.gz.* line 3") as caught:
        _read(connection, _columns(Column("Field__c", "VARCHAR")), page)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_what_the_stream_keeps_as_text_stays_as_salesforce_writes_it(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A picklist that becomes multi-select stays text with semicolons, and so does a list that becomes text."""
    text, topics = _columns(Column("Field__c", "VARCHAR")), _columns(Column("Field__c", "VARCHAR[]"))
    assert _read(connection, text, _csv(tmp_path, "a", Field__c="Data")) == [("Data",)]
    assert _read(connection, topics, _json(tmp_path, "b", Field__c="Data;Email")) == [("Data",), ("Data;Email",)]
    connection.execute("DROP TABLE streams.things")
    assert _read(connection, topics, _csv(tmp_path, "a", Field__c="Data;Email")) == [(["Data", "Email"],)]
    assert _read(connection, text, _csv(tmp_path, "b", Field__c="x")) == [("Data;Email",), ("x",)]


def test_a_time_that_becomes_text_is_written_as_salesforce_writes_it(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """What stood and what comes are of one form."""
    at, text = _columns(Column("Field__c", "TIME")), _columns(Column("Field__c", "VARCHAR"))
    assert _read(connection, at, _csv(tmp_path, "a", Field__c="10:30:00.000Z")) == [(time(10, 30),)]
    assert _read(connection, text, _csv(tmp_path, "b", Field__c="x")) == [("10:30:00.000Z",), ("x",)]
    assert _read(connection, at, _json(tmp_path, "c", Field__c="11:00:00.000Z"))[2] == ("11:00:00.000Z",)


def test_large_json_is_read_in_parts(tmp_path: Path) -> None:
    """Of REST pages no more are read at once than fit into memory many times over; CSV pages are read together."""
    pages = [tmp_path / f"rest-{number}.json" for number in range(3)] + [
        tmp_path / "bulk-0.csv",
        tmp_path / "bulk-1.csv",
    ]
    for page in pages:
        with page.open("wb") as content:
            content.truncate(MOST_JSON // 2)  # a hole: it has the size, not the bytes
    found = [[file.name for file in batch.files] for batch in batches(pages)]
    assert found == [["rest-0.json", "rest-1.json"], ["rest-2.json"], ["bulk-0.csv", "bulk-1.csv"]]


def test_many_small_pages_of_json_fit_into_memory(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """An org gives small pages where rows are wide: forty of them are merged within the memory of a merge."""
    columns = _columns(Column("Field__c", "VARCHAR"))
    pages = [_json(tmp_path, f"{number:02}", Field__c="x") for number in range(40)]
    for _ in ("an empty stream", "one with rows"):
        assert _read(connection, columns, *pages) == [("x",)] * 40


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_a_page_that_is_too_large_for_duckdb_is_cut_between_its_records(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """Whatever the texts hold, and a record that is too large by itself, too. A page that breaks off is refused."""
    monkeypatch.setattr(staging, "MOST_JSON", 1000)
    texts = ["[{" * 100, '"}]' * 100, "\\" * 301, 'é\n"' * 900, "", *("x" * size for size in range(0, 900, 60))]
    records = [
        {"attributes": {"type": "Thing"}, "Id": f"{number:02}", "SystemModstamp": AT, "Field__c": text}
        for number, text in enumerate(texts)
    ]
    page = tmp_path / f"rest-000000{suffix}"
    body = json.dumps({"totalSize": len(records), "done": True, "records": records}, indent=1, ensure_ascii=False)
    packed = gzip.compress if suffix.endswith(".gz") else bytes
    page.write_bytes(packed(body.encode()))
    read = [batch.files for batch in batches([page])]
    assert len(read) > 10
    assert all(len(files) == 1 or sum(file.stat().st_size for file in files) <= 1000 for files in read)
    columns = _columns(Column("Field__c", "VARCHAR"))
    shape = adapt_table(connection, "things", columns.columns, NOW)
    download = Download("rest", (page,), len(records))
    merge_download(connection, "things", columns, shape, download, loaded_at=NOW, window="w")
    found = connection.execute('SELECT "Field__c" FROM streams.things ORDER BY "Id"').fetchall()
    assert [text for (text,) in found] == texts
    page.write_bytes(packed(body.encode()[:-20]))
    with pytest.raises(LandingUnreadable, match="breaks off"):
        list(batches([page]))
