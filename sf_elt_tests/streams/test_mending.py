"""A value that cannot be read: it is set aside, counted and told, and everything else is read."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Download
from sf_elt.streams import LandingUnreadable, stream_columns
from sf_elt.streams.columns import Column, StreamColumns
from sf_elt.streams.mending import REPLACED, mend
from sf_elt.streams.merge import merge_download
from sf_elt.streams.schema import adapt_table
from sf_elt.warehouse import Warehouse
from sf_elt_tests.streams.support import LEADS, Body, importing, rows_of_org

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AT = "2026-03-01T00:00:00.000Z"
COLUMNS = (
    Column("Id", "VARCHAR"),
    Column("SystemModstamp", "TIMESTAMP"),
    Column("Text__c", "VARCHAR"),
    Column("Owner.Name", "VARCHAR"),
    Column("Number__c", "BIGINT"),
    Column("Amount__c", "DOUBLE"),
    Column("List__c", "VARCHAR[]"),
)
STREAM = StreamColumns(COLUMNS, "SystemModstamp", "SystemModstamp", has_deleted=False, substance=())
HEADER = ",".join(column.name for column in COLUMNS).encode() + b"\n"
GOOD = 'a "quoted", é\r\nline \\ud83d 😀 �'
NO_NUMBER = "a value that is no BIGINT: null stands for it"


def _record(record: str, text: str, name: str, number: str, amount: str = "0.1", at: str = AT) -> dict[str, str]:
    return dict(zip((column.name for column in COLUMNS), (record, at, text, name, number, amount, "a;b"), strict=True))


def _csv(folder: Path, *records: dict[str, str]) -> Path:
    """Broken characters are the bytes that Java writes for half a pair."""
    rows = [list(records[0]), *(record.values() for record in records)]
    cells = ((value.replace('"', '""') for value in row) for row in rows)
    text = "".join('"' + '","'.join(row) + '"\n' for row in cells)
    page = folder / "bulk-000000.csv.gz"
    page.write_bytes(gzip.compress(text.encode("utf-8", "surrogatepass")))
    return page


def _json(folder: Path, *records: dict[str, str]) -> Path:
    """Broken characters are escaped halves, as in JSON that is ASCII."""
    nested = [
        {name: value for name, value in each.items() if "." not in name} | {"Owner": {"Name": each["Owner.Name"]}}
        for each in records
    ]
    page = folder / "rest-000000.json"
    page.write_text(json.dumps({"records": nested}), "utf-8")
    return page


@pytest.mark.parametrize("write", [_csv, _json])
def test_what_cannot_be_read_is_told_and_all_else_comes_as_it_was_sent(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    """Texts, numbers, lists and a related field, of a page with both kinds of broken values."""
    page = write(
        tmp_path,
        _record("1", GOOD, "Ann", "7"),
        _record("2", "cut\ud83d", "\udc00Bob", "many"),
        _record("3", GOOD, "Cy", "5.5", "1E7"),
        _record("4", GOOD, "Di", "8", "1e400"),
    )
    mended, misread = mend("things", STREAM, Download("bulk", (page,), 4), "w")
    assert [(each.place, each.reason, each.value) for each in misread if each.reason != REPLACED] == [
        ("2.Number__c", NO_NUMBER, "many"),
        ("3.Number__c", NO_NUMBER, "5.5"),
        ("4.Amount__c", NO_NUMBER.replace("BIGINT", "DOUBLE"), "1e400"),
    ]
    assert {each.place for each in misread if each.reason == REPLACED} == {"2.Text__c", "2.Owner.Name"}
    assert "many" not in repr(misread)
    with Warehouse(tmp_path / "warehouse").write() as connection:
        shape = adapt_table(connection, "things", COLUMNS, NOW)
        merge_download(connection, "things", STREAM, shape, mended, loaded_at=NOW, window="w")
        rows = connection.execute('SELECT * EXCLUDE ("SystemModstamp") FROM streams.things ORDER BY "Id"').fetchall()
    halves = 3 if write is _csv else 1  # bytes that are no UTF-8, each by itself
    assert [row[:6] for row in rows] == [
        ("1", GOOD, "Ann", 7, 0.1, ["a", "b"]),
        ("2", "cut" + "�" * halves, "�" * halves + "Bob", None, 0.1, ["a", "b"]),
        ("3", GOOD, "Cy", None, 10_000_000.0, ["a", "b"]),
        ("4", GOOD, "Di", 8, None, ["a", "b"]),
    ]


@pytest.mark.parametrize("write", [_csv, _json])
def test_where_it_is_not_single_values_nothing_is_changed(tmp_path: Path, write: Callable[..., Path]) -> None:
    """A field of which most values do not fit, and a record that cannot be dated: the error is the one it was."""
    of_another_type = write(tmp_path, *(_record(str(number), "x", "Ann", "many") for number in range(11)))
    with pytest.raises(LandingUnreadable, match="Number__c as BIGINT in 11 of"):
        mend("things", STREAM, Download("bulk", (of_another_type,), 11), "w")
    undated = write(tmp_path, _record("1", "x", "Ann", "7", at="soon"), _record("2", "x", "Ann", "7"))
    with pytest.raises(LandingUnreadable, match="SystemModstamp as TIMESTAMP in 1 of"):
        mend("things", STREAM, Download("bulk", (undated,), 2), "w")


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("rest-000001.json", b'{"records": [7'),
        ("rest-000001.json", b'{"records": [{"Id": "\xff", "Text__c": ' + b"[" * 100_000),
        ("bulk-000001.csv", HEADER + b'"1","\xff' + b"x" * 200_000),
        ("bulk-000001.csv.gz", gzip.compress(HEADER + b'"1","\xff","a","b","7","1","c"\n' * 1_000)[:-20]),
    ],
    ids=["json that ends", "json without end", "text without end", "gzip that ends"],
)
def test_what_is_no_page_is_left_as_it_is(tmp_path: Path, name: str, page: bytes) -> None:
    """Whoever reads it says what is wrong with it."""
    (tmp_path / name).write_bytes(page)
    download = Download("bulk", (tmp_path / name,), 2)
    assert mend("things", STREAM, download, "w") == (download, ())


def test_a_broken_value_does_not_stop_the_stream(org: Details, tmp_path: Path) -> None:
    """It waits in ops.set_aside, once; once the org has mended it, the stream is the org's rows again."""
    spec = replace(LEADS, transport="rest")
    with importing(org, tmp_path) as importer:
        expected = rows_of_org(org, stream_columns(importer.org, spec), "Lead")
        real = importer.org.session.get
        broken = ""

        def with_broken_values(*args: object, **kwargs: object) -> object:
            nonlocal broken
            response = real(*args, **kwargs)
            body = response.raw.read(decode_content=True)
            page = json.loads(body)
            page["records"][0] |= {"Company": "Acme \ud83d", "NumberOfEmployees": "many"}
            broken = page["records"][0]["Id"]
            response.raw = Body(json.dumps(page).encode())
            response.headers = {}
            return response

        importer.org.session.get = with_broken_values
        for _ in ("an empty stream", "one with rows"):
            report = importer.run(spec)
            assert {each.place for each in report.misread} == {f"{broken}.Company", f"{broken}.NumberOfEmployees"}
            assert report.rows_read == len(expected)
        others = [row for row in importer.rows(spec) if row[0] != broken]
        assert others == [row for row in expected if row[0] != broken]
        stands = f"""FROM streams.salesforce_leads SELECT "Company", "NumberOfEmployees" WHERE "Id" = '{broken}'"""
        assert importer.sql(stands) == [("Acme �", None)]
        waiting = importer.sql("SELECT file, line, content FROM ops.set_aside ORDER BY file")
        assert [(file, line) for file, line, _ in waiting] == [
            (f"{broken}.Company", 0),
            (f"{broken}.NumberOfEmployees", 0),
        ]
        assert [json.loads(str(content))["value"] for _, _, content in waiting] == ["Acme \ud83d", "many"]
        importer.org.session.get = real
        assert importer.run(spec).misread == ()
        assert importer.rows(spec) == expected
