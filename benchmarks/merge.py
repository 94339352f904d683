"""How fast is the merge: 100,000 scattered rows into 5 and 20 million, against MERGE INTO with the same result.

    python benchmarks/merge.py                    # 5,000,000 rows of 12 columns; a table on the terminal
    python benchmarks/merge.py --rows 20000000 --json

Both read the same landing files and commit, each into a warehouse file of its own that began the same; in the end their
streams must be equal, row for row. The times are medians of some increments, each newer than the one before, taken in
turns. MERGE INTO does what ours does: newest wins, the same version is compared field by field, `_changed_at` stands
where nobody changed anything.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from duckdb import DuckDBPyConnection
from rich.console import Console
from rich.table import Table

from sf_elt.salesforce import Download
from sf_elt.streams.columns import Column, StreamColumns
from sf_elt.streams.merge import merge_download
from sf_elt.streams.schema import adapt_table
from sf_elt.streams.staging import stage_download
from sf_elt.warehouse import Warehouse, quote

STREAM = "contacts"
FIXED = {
    "Id": ("VARCHAR", "'003' || lpad(i::VARCHAR, 15, '0')"),
    "SystemModstamp": ("TIMESTAMP", "TIMESTAMP '2026-01-01' + to_seconds(i % 7000000)"),
    "IsDeleted": ("BOOLEAN", "false"),
    "FirstName": ("VARCHAR", "'First' || hash(i + 1) % 5000"),
    "LastName": ("VARCHAR", "'Last' || hash(i + 2) % 20000"),
    "Email": ("VARCHAR", "'p' || i || '@example' || i % 977 || '.com'"),
    "AccountId": ("VARCHAR", "'001' || lpad((hash(i + 3) % 200000)::VARCHAR, 15, '0')"),
    "CreatedDate": ("TIMESTAMP", "TIMESTAMP '2025-01-01' + to_seconds((hash(i) % 7000000)::BIGINT)"),
}
CUSTOM = (
    ("DOUBLE", "(hash(i + {0}) % 1000000) / 100"),
    ("VARCHAR", "CASE WHEN hash(i + {0}) % 3 > 0 THEN 'Value ' || hash(i + {0}) % 1000 END"),
    ("BOOLEAN", "hash(i + {0}) % 2 = 0"),
    ("DATE", "DATE '2020-01-01' + (hash(i + {0}) % 2000)::INTEGER"),
)


@dataclass(frozen=True)
class Figures:
    """Seconds are medians. `ratio` is MERGE INTO's over ours; `seconds_small` is ours for a tenth of the rows."""

    rows: int
    columns: int
    changed: int
    seconds: float
    seconds_merge_into: float
    ratio: float
    seconds_small: float


def measure(rows: int, changed: int, columns: int, repeats: int, folder: Path) -> Figures:
    """Builds streams of `rows` in `folder` and merges increments of `changed` scattered rows into them."""
    fields = _fields(columns)
    ours, theirs = Warehouse(folder / "ours"), Warehouse(folder / "theirs")
    _build(ours, fields, rows)
    with ours.read():  # waits until it is whole on disk
        shutil.copytree(ours.root, theirs.root)
    seconds, against, small = [], [], []
    for number in range(repeats):
        increment = _land(ours, fields, rows, changed, number * 2, folder / "changed.csv")
        now = datetime.now(UTC)
        seconds.append(_seconds(ours, fields, increment, now, _merge))
        against.append(_seconds(theirs, fields, increment, now, _merge_into))
        few = _land(ours, fields, rows, changed // 10, number * 2 + 1, folder / "few.csv")
        small.append(_seconds(ours, fields, few, now, _merge))
        _seconds(theirs, fields, few, now, _merge_into)
    _refuse_difference(ours, theirs)
    ratio = statistics.median(against) / statistics.median(seconds)
    return Figures(
        rows, columns, changed, statistics.median(seconds), statistics.median(against), ratio, statistics.median(small)
    )


def _refuse_difference(ours: Warehouse, theirs: Warehouse) -> None:
    """Raises where the two streams are not the same."""
    with ours.read() as connection:
        connection.execute(f"ATTACH '{theirs.file}' AS theirs (READ_ONLY)")
        sums = [
            connection.execute(f"SELECT count(*), sum(md5_number_lower(contacts::VARCHAR)) FROM {table}").fetchall()
            for table in (f"streams.{STREAM}", f"theirs.streams.{STREAM}")
        ]
    if sums[0] != sums[1]:
        raise RuntimeError("the two merges ended in different streams")


Fields = dict[str, tuple[str, str]]
Merge = Callable[[DuckDBPyConnection, StreamColumns, Download, datetime], object]


def _fields(columns: int) -> Fields:
    """Name → (type, SQL over the record's number i): a contact's own, and custom ones up to `columns`."""
    fields: Fields = dict(FIXED)
    for number in range(columns - len(FIXED)):
        sql_type, sql = CUSTOM[number % len(CUSTOM)]
        fields[f"Custom{number}__c"] = (sql_type, sql.format(number + 10))
    return fields


def _columns(fields: Fields) -> StreamColumns:
    typed = tuple(Column(name, sql_type) for name, (sql_type, _) in fields.items())
    substance = tuple(name for name in fields if name != "SystemModstamp")
    return StreamColumns(typed, "SystemModstamp", "SystemModstamp", has_deleted=True, substance=substance)


def _build(warehouse: Warehouse, fields: Fields, rows: int) -> None:
    listed = ", ".join(f"{sql} AS {quote(name)}" for name, (_, sql) in fields.items())
    with warehouse.write() as connection:
        adapt_table(connection, STREAM, _columns(fields).columns, datetime.now(UTC))
        connection.execute(
            f"INSERT INTO streams.{STREAM} BY NAME SELECT *, TIMESTAMP '2026-02-01' AS _loaded_at, 'first' AS _window,"
            f' "SystemModstamp" AS _changed_at FROM (SELECT {listed} FROM range({rows}) AS numbers (i))'
        )


def _land(warehouse: Warehouse, fields: Fields, rows: int, changed: int, version: int, file: Path) -> Download:
    """A Bulk 2.0 page with newer versions of scattered records: half with other content, half only saved again."""
    newer = fields | {
        "SystemModstamp": ("TIMESTAMP", f"TIMESTAMP '2026-06-01' + to_days({version * 90}) + to_seconds(i % 7000000)"),
        "FirstName": ("VARCHAR", f"CASE WHEN i % 2 = 0 THEN 'New{version}' ELSE {fields['FirstName'][1]} END"),
    }
    listed = ", ".join(f"{sql} AS {quote(name)}" for name, (_, sql) in newer.items())
    step = rows // changed
    with warehouse.read() as connection:
        connection.execute(
            f"COPY (SELECT {listed} FROM (SELECT n * {step} + (hash(n + {version}) % {step})::BIGINT AS i"
            f" FROM range({changed}) AS numbers (n)))"
            f" TO '{file}' (HEADER, FORCE_QUOTE *, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%gZ')"
        )
    return Download("bulk", (file,), changed)


def _seconds(warehouse: Warehouse, fields: Fields, download: Download, now: datetime, merge: Merge) -> float:
    """From the landing file to the committed stream."""
    started = time.perf_counter()
    with warehouse.write() as connection:
        merge(connection, _columns(fields), download, now)
    return time.perf_counter() - started


def _merge(connection: DuckDBPyConnection, columns: StreamColumns, download: Download, now: datetime) -> object:
    shape = adapt_table(connection, STREAM, columns.columns, now)
    return merge_download(connection, STREAM, columns, shape, download, loaded_at=now, window="next")


def _merge_into(connection: DuckDBPyConnection, columns: StreamColumns, download: Download, now: datetime) -> object:
    shape = adapt_table(connection, STREAM, columns.columns, now)
    stage_download(connection, STREAM, columns, shape, download, loaded_at=now, window="next")
    differs = " OR ".join(f"incoming.{quote(name)} IS DISTINCT FROM standing.{quote(name)}" for name in columns.names)
    touched = " OR ".join(
        f"incoming.{quote(name)} IS DISTINCT FROM standing.{quote(name)}" for name in columns.substance
    )
    moved = [name for name in (*columns.names, "_loaded_at", "_window", "_deleted_at") if name != "Id"]
    assigned = ", ".join(f"{quote(name)} = incoming.{quote(name)}" for name in moved)
    sql = f"""
        MERGE INTO streams.{STREAM} AS standing
        USING incoming ON incoming."Id" = standing."Id"
        WHEN MATCHED AND (
            incoming."SystemModstamp" > standing."SystemModstamp"
            OR (
                incoming."SystemModstamp" = standing."SystemModstamp"
                AND incoming._loaded_at >= standing._loaded_at AND ({differs})
            )
        ) THEN UPDATE SET
            {assigned}, _changed_at = CASE WHEN {touched} THEN incoming._changed_at ELSE standing._changed_at END
        WHEN NOT MATCHED THEN INSERT BY NAME
    """
    return connection.execute(sql).fetchall()


def main() -> None:
    """Prints the figures as a table, or as JSON."""
    parser = argparse.ArgumentParser(description="Merge scattered rows into a large stream, against MERGE INTO.")
    parser.add_argument("--rows", type=int, default=5_000_000, help="rows that the stream has")
    parser.add_argument("--changed", type=int, default=100_000, help="scattered rows that are merged into it")
    parser.add_argument("--columns", type=int, default=12, help="columns of the stream")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each, of which the median counts")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(asked.rows, asked.changed, asked.columns, asked.repeats, Path(folder))
    if asked.json:
        print(json.dumps(asdict(figures)))
        return
    table = Table("rows", "columns", "changed", "ours", "MERGE INTO", "ratio", "ours, a tenth of the changes")
    table.add_row(
        f"{figures.rows:,}",
        str(figures.columns),
        f"{figures.changed:,}",
        f"{figures.seconds:.2f} s",
        f"{figures.seconds_merge_into:.2f} s",
        f"{figures.ratio:.1f} ×",
        f"{figures.seconds_small:.2f} s",
    )
    Console().print(table)


if __name__ == "__main__":
    main()
