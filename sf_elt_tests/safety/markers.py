"""Looking for words in everything that lies in a folder, however it is stored and written.

searched: Counter[str] = Counter()
where_found(folder, {"password": "hunter2"}, searched)       # {"password": {"storage/runs.db: runs.run_body"}}
searched                                                     # Counter({"bytes": 81234, "rows": 312, "files": 17 …
"""

import base64
import json
import sqlite3
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb

Places = dict[str, set[str]]


def where_found(folder: Path, words: Mapping[str, str], searched: Counter[str] | None = None) -> Places:
    """Which of the words, by their names, stand where: `file` or `file: table.column`, seen from the folder.

    Each is looked for as it is, in base64 wherever it begins, in addresses, in JSON, in hexadecimal, in UTF-16. How
    many files, tables, rows and bytes were looked through is counted in `searched`.
    """
    wanted = {name: _written(word) for name, word in words.items()}
    found: Places = defaultdict(set)
    counted = Counter() if searched is None else searched
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink():
            counted["files"] += 1
            for place, body in _contents(file, counted):
                counted["bytes"] += len(body)
                for name in _words_in(body, wanted):
                    found[name].add(f"{file.relative_to(folder)}{place}")
    return dict(found)


def who_says(texts: Iterable[str], words: Mapping[str, str]) -> dict[str, str]:
    """Which of the words, by their names, stand in one of the texts, and in which first."""
    wanted = {name: _written(word) for name, word in words.items()}
    found: dict[str, str] = {}
    for text in texts:
        for name in _words_in(text.encode(), wanted):
            found.setdefault(name, text)
    return found


def _words_in(body: bytes, wanted: Mapping[str, set[bytes]]) -> set[str]:
    lower = body.lower()
    return {name for name, ways in wanted.items() if any(way in lower for way in ways)}


def _written(word: str) -> set[bytes]:
    plain = word.encode()
    ways = {plain, quote(word, safe="").encode(), quote_plus(word).encode(), json.dumps(word)[1:-1].encode()}
    ways |= {plain.hex().encode(), word.encode("utf-16-le"), json.dumps(json.dumps(word)[1:-1])[1:-1].encode()}
    for before in range(3):  # the word may begin at any of three places in a group of four characters
        coded = base64.b64encode(bytes(before) + plain).rstrip(b"=")
        is_cut = (before + len(plain)) % 3 > 0  # its last character then depends on what follows
        ways.add(coded[(0, 2, 3)[before] : len(coded) - is_cut])
    return {way.lower() for way in ways}


def _contents(file: Path, counted: Counter[str]) -> Iterator[tuple[str, bytes]]:
    """The parts of a file with what they are: its bytes, what these unpack to, the rows of a database."""
    body = file.read_bytes()
    yield "", body
    if body.startswith(b"\x1f\x8b"):
        yield " (unpacked)", zlib.decompressobj(wbits=31).decompress(body)  # as far as it goes
    elif body.startswith(b"SQLite format 3"):
        yield from _of_sqlite(file, counted)
    elif body[8:12] == b"DUCK":
        with closing(duckdb.connect(file, read_only=True)) as connection:
            yield from _of_duckdb(connection, counted)
    elif body.startswith(b"PAR1") and file.parent.name != "torn_events":
        with closing(duckdb.connect()) as connection:
            connection.execute("CREATE TABLE held AS FROM read_parquet(?)", [str(file)])
            yield from _of_duckdb(connection, counted)


def _of_sqlite(file: Path, counted: Counter[str]) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            reading = connection.execute(f'SELECT * FROM "{table.decode()}"')
            names = [each[0] for each in reading.description]
            counted["tables"] += 1
            for row in reading:
                counted["rows"] += 1
                for name, value in zip(names, row, strict=True):
                    if isinstance(value, bytes):
                        yield f": {table.decode()}.{name}", value
                        with suppress(zlib.error):
                            yield f": {table.decode()}.{name} (unpacked)", zlib.decompress(value)


def _of_duckdb(connection: duckdb.DuckDBPyConnection, counted: Counter[str]) -> Iterator[tuple[str, bytes]]:
    named = "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
    for schema, table in connection.execute(named).fetchall():
        rows = connection.execute(f'SELECT COLUMNS(*)::VARCHAR FROM "{schema}"."{table}"').fetchall()
        counted.update(tables=1, rows=len(rows))
        yield f": {schema}.{table}", "\n".join(str(cell) for row in rows for cell in row if cell).encode()
