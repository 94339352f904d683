"""REST pages that are too large for DuckDB to read, cut into smaller ones: to it a page is one value.

2,000 records of one full long text area are a page of half a gigabyte.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from sf_elt.salesforce.downloads.pages import opened
from sf_elt.streams.errors import LandingUnreadable
from sf_elt.warehouse.errors import room_for

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_RECORDS_IN = 2  # brackets that are open around a record: the page's and its list's


def cut(page: Path, most: int) -> Iterator[Path]:
    """Pages beside this one that hold its records, each of about `most` bytes; a longer record has one of its own.

    The records stay as they are, byte for byte. Raises LandingUnreadable where the page breaks off, WarehouseFull.
    """
    with opened(page) as file:
        body = file.read()
    first = last = 0
    number = 0
    for start, end in _records(body, page):
        if last and end - first > most:
            yield _written(page, number, body[first:last])
            first, number = start, number + 1
        first, last = first or start, end
    if last:
        yield _written(page, number, body[first:last])


def _records(body: bytes, page: Path) -> Iterator[tuple[int, int]]:
    """Where each record begins and ends."""
    depth = start = 0
    for token in _TOKEN.finditer(body):
        bracket = body[token.start()]
        if bracket in b"{[":
            if depth == _RECORDS_IN:
                start = token.start()
            depth += 1
        elif bracket in b"]}":
            depth -= 1
            if depth == _RECORDS_IN:
                yield start, token.end()
    if depth:
        raise LandingUnreadable(f"the page {page.name} breaks off; nothing was moved, run the window again")


def _written(page: Path, number: int, records: bytes) -> Path:
    file = page.with_name(f"{page.name.partition('.')[0]}-{number:04d}.cut.json")
    with room_for(file):
        file.write_bytes(b'{"records":[' + records + b"]}")
    return file
