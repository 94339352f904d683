"""The rows of a bulk query as one file: every page is a piece of it, and leaves as it is, plain or compressed."""

import csv
import gzip
import io
import tempfile
import zlib
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.bulk import packing
from sf_elt.demo_org.bulk.dialect import Delimiter, Dialect, LineEnding
from sf_elt.demo_org.bulk.results import write_rows
from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.serve import Details
from sf_elt_tests.demo_org.bulk_jobs import ask, query

TEXTS = st.text(st.sampled_from('a",;\r\n\x00ä😀'), max_size=6)
DIALECTS: list[tuple[Delimiter, LineEnding]] = [("COMMA", "LF"), ("SEMICOLON", "CRLF")]


@pytest.mark.parametrize("dialect", [Dialect(*each) for each in DIALECTS], ids=str)
@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=8), size=st.integers(1, 4))
def test_pages_cut_between_rows(dialect: Dialect, rows: list[tuple[str, str]], size: int) -> None:
    """Whatever quotes, delimiters and line breaks the cells hold, each page has its rows whole, and all pages all."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("CREATE TABLE cells (place INT, a VARCHAR, b VARCHAR)")
        if rows:
            connection.executemany("INSERT INTO cells VALUES (?, ?, ?)", [(i, *row) for i, row in enumerate(rows)])
        file = Path(folder) / "rows.csv"
        written = write_rows(connection, "SELECT a, b FROM cells ORDER BY place", [], file, dialect)
        assert (written.total, written.size) == (len(rows), file.stat().st_size)
        content, first, read = file.read_bytes(), 0, []
        while first is not None:
            page = written.page(first, size)
            text = (content[page.header] + content[page.rows]).decode()
            header, *found = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.separator, strict=True)
            assert header == ["a", "b"]
            assert len(found) == page.records <= size
            read += [(a, b) for a, b in found]
            first = page.next_row
        assert read == rows


def test_a_large_page_is_one_gzip_member(shared_org: Details) -> None:
    """A page of many pieces comes compressed as one gzip stream with a right end, the same as it comes plain."""
    fields = [each.name for each in load_schema().require("Lead").fields if each.type != "address"]
    address = query(shared_org, f"SELECT {', '.join(fields)} FROM Lead") + "/results"
    plain = ask(shared_org, address, headers={"Accept-Encoding": "identity"})
    assert int(plain.headers["Content-Length"]) == len(plain.content) > 1_000_000
    packed = ask(shared_org, address, headers={"Accept-Encoding": "gzip"}, stream=True).raw.read(decode_content=False)
    member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert member.decompress(packed) == plain.content == gzip.decompress(packed)
    assert (member.eof, member.unused_data) == (True, b"")


@pytest.mark.parametrize("page_rows", [1, 7, 40, 1_000])
def test_a_page_of_packed_rows_is_the_page(
    shared_org: Details, monkeypatch: pytest.MonkeyPatch, page_rows: int
) -> None:
    """Wherever a page begins and ends within the blocks that its job packed, it is one gzip member, the plain page."""
    monkeypatch.setattr(packing, "PIECE", 3_000)
    job = query(shared_org, "SELECT Id, Name, Description FROM Contact")
    locator, pages = "", 0
    while locator != "null" and pages < 12:
        address = f"{job}/results?maxRecords={page_rows}" + (f"&locator={locator}" if locator else "")
        plain = ask(shared_org, address, headers={"Accept-Encoding": "identity"})
        reply = ask(shared_org, address, headers={"Accept-Encoding": "gzip"}, stream=True)
        packed = reply.raw.read(decode_content=False)
        is_packed = reply.headers.get("Content-Encoding") == "gzip"  # a page of a few bytes leaves as it is
        assert (gzip.decompress(packed) if is_packed else packed) == plain.content
        locator, pages = plain.headers["Sforce-Locator"], pages + 1
