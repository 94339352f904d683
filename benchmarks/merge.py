"""How fast is the merge: 100,000 scattered rows into 5 and 20 million, against MERGE INTO with the same result.

    python benchmarks/merge.py                    # 5,000,000 rows of 12 columns; a table on the terminal
    python benchmarks/merge.py --rows 20000000 --json

Both merge the same landing file into the same table, in a transaction that is rolled back after the clock stops, so
that each run finds the same table; medians of some runs each, in turns, and their ratio. MERGE INTO finds the incoming
rows staged already and need not read the file, and it does what ours does: newest wins, the same version is compared
field by field, `_changed_at` stands where nobody changed anything. The smaller increment, 10,000 rows, is ours alone.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    """Builds a stream of `rows` in `folder` and merges `changed` scattered rows into it."""
    fields = _fields(columns)
    warehouse = Warehouse(folder / "warehouse")
    _build(warehouse, fields, rows)
    increment = _land(warehouse, fields, rows, changed, folder / "changed.csv")
    small = _land(warehouse, fields, rows, changed // 10, folder / "small.csv")
    ours, merge_into, ours_small = [], [], []
    for _ in range(repeats):
        ours.append(_seconds(warehouse, fields, increment, _merge))
        merge_into.append(_seconds(warehouse, fields, increment, _merge_into))
        ours_small.append(_seconds(warehouse, fields, small, _merge))
    seconds, against = statistics.median(ours), statistics.median(merge_into)
    return Figures(rows, columns, changed, seconds, against, against / seconds, statistics.median(ours_small))


Fields = dict[str, tuple[str, str]]
Merge = Callable[[DuckDBPyConnection, StreamColumns, Download], Callable[[], object]]


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


def _land(warehouse: Warehouse, fields: Fields, rows: int, changed: int, file: Path) -> Download:
    """A Bulk 2.0 page with newer versions of scattered records: half with other content, half only saved again."""
    newer = fields | {
        "SystemModstamp": ("TIMESTAMP", "TIMESTAMP '2026-06-01' + to_seconds(i % 7000000)"),
        "FirstName": ("VARCHAR", f"CASE WHEN i % 2 = 0 THEN 'New' ELSE {fields['FirstName'][1]} END"),
    }
    listed = ", ".join(f"{sql} AS {quote(name)}" for name, (_, sql) in newer.items())
    step = rows // changed
    with warehouse.read() as connection:
        connection.execute(
            f"COPY (SELECT {listed} FROM (SELECT n * {step} + (hash(n) % {step})::BIGINT AS i FROM range({changed})"
            f" AS numbers (n))) TO '{file}' (HEADER, FORCE_QUOTE *, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%gZ')"
        )
    return Download("bulk", (file,), changed)


def _seconds(warehouse: Warehouse, fields: Fields, download: Download, merge: Merge) -> float:
    """The time of one merge; nothing of it stays."""
    with _rolled_back(warehouse) as connection:
        run = merge(connection, _columns(fields), download)
        started = time.perf_counter()
        run()
        return time.perf_counter() - started


class _Enough(Exception):
    """Ends a transaction without a commit."""


@contextmanager
def _rolled_back(warehouse: Warehouse) -> Iterator[DuckDBPyConnection]:
    try:
        with warehouse.write() as connection:
            yield connection
            raise _Enough
    except _Enough:
        return


def _merge(connection: DuckDBPyConnection, columns: StreamColumns, download: Download) -> Callable[[], object]:
    now = datetime.now(UTC)
    shape = adapt_table(connection, STREAM, columns.columns, now)
    return lambda: merge_download(connection, STREAM, columns, shape, download, loaded_at=now, window="next")


def _merge_into(connection: DuckDBPyConnection, columns: StreamColumns, download: Download) -> Callable[[], object]:
    now = datetime.now(UTC)
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
    return lambda: connection.execute(sql).fetchall()


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
