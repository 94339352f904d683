"""What the children do: the import, the floor under it, and the bare download between them."""

import os
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import simple_salesforce  # noqa: F401 - the first login would import it: no module is imported by the clock

from sf_elt.salesforce import JobPatience, Login, connect, download_bulk, select
from sf_elt.streams import StreamSpec, Window, import_window, stream_columns
from sf_elt.warehouse import JobMeter, Warehouse, quote

ALWAYS = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
COLUMNS = 60


def contacts(fields: list[str] | None, transport: str = "bulk") -> StreamSpec:
    """The stream that is measured; `fields` are the ones of `sixty_fields`."""
    return StreamSpec(
        "salesforce_contacts",
        "Contact",
        fields=tuple(fields) if fields else None,
        transport=transport,  # type: ignore[arg-type]  # from JSON
    )


def sixty_fields(login: dict[str, str]) -> list[str]:
    """The names of 60 fields of a contact: those the import needs, and the first of the others."""
    with closing(connect(Login(**login))) as org:
        spec = StreamSpec("salesforce_contacts", "Contact", exclude_fields=())
        names = [column.name for column in stream_columns(org, spec).columns if "." not in column.name]
    return names[:COLUMNS]


def import_contacts(login: dict[str, str], folder: str, fields: list[str]) -> dict[str, object]:
    """From the login to the committed stream, in a new warehouse; `moments` are when each step was first told of."""
    began = time.perf_counter()
    moments: dict[str, float] = {}
    warehouse = Warehouse(Path(folder))
    meter = JobMeter(warehouse.calls(), "import:bench", "org")

    def progress(what: str, done: int, total: int | None) -> None:
        moments.setdefault(what.partition(": ")[2].rstrip("0123456789 "), time.perf_counter() - began)

    with closing(connect(Login(**login), meter)) as org:
        report = import_window(
            org,
            meter,
            warehouse,
            contacts(fields),
            ALWAYS,
            now=datetime.now(UTC),
            run_id="bench",
            progress=progress,
        )
    return {"rows": report.rows_new, "api_calls": report.api_calls, "moments": moments}


def land(login: dict[str, str], folder: str, fields: list[str]) -> dict[str, object]:
    """The pages alone, as the import lands them: their names, and the types of their columns."""
    Path(folder).mkdir(parents=True)
    with closing(connect(Login(**login))) as org:
        spec = contacts(fields)
        columns = stream_columns(org, spec)
        soql = select(columns.names, spec.object)
        patience = JobPatience(page_rows=spec.page_rows)
        landed = download_bulk(org, soql, Path(folder), include_deleted=True, patience=patience)
    return {
        "files": [str(file) for file in landed.files],
        "rows": landed.reported,
        "types": {column.name: column.sql_type for column in columns.columns},
    }


def floor(files: list[str], types: dict[str, str], database: str) -> int:
    """The least that any import of these files does: one typed read_csv into a table in a file. Gives its rows."""
    columns = ", ".join(f"{quote(name)}: '{sql_type}'" for name, sql_type in types.items())
    with closing(duckdb.connect(database)) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(
            f"""
            CREATE TABLE contacts AS
            FROM read_csv(
                $files,
                columns = {{{columns}}},
                auto_detect = false,
                header = true,
                delim = ',',
                quote = '"',
                escape = '"',
                new_line = '\\n',
                nullstr = '',
                allow_quoted_nulls = true,
                max_line_size = {64 << 20}
            )
            """,
            {"files": files},
        )
        row = connection.execute("SELECT count(*) FROM contacts").fetchone()
    return int(row[0]) if row else 0


def nothing() -> int:
    """An empty piece of work: what Python and the imports weigh."""
    return os.getpid()


def rows_in(database: str, table: str) -> int:
    """How many rows a table of a DuckDB file has."""
    with closing(duckdb.connect(database, read_only=True)) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def pages(
    login: dict[str, str], folder: str, fields: list[str], side_by_side: int, page_rows: int
) -> dict[str, object]:
    """The result pages of a query job, so many at once: how many rows, and when (seconds since 1970) all had landed."""
    Path(folder).mkdir(parents=True)
    with closing(connect(Login(**login))) as org:
        patience = JobPatience(page_rows=page_rows, side_by_side=side_by_side)
        soql = select(fields, "Contact")
        landed = download_bulk(org, soql, Path(folder), include_deleted=True, patience=patience)
    return {"rows": landed.reported, "pages": len(landed.files), "landed_at": time.time()}


def idle_hours(login: dict[str, str], folder: str, objects: list[str], hours: int) -> list[list[object]]:
    """Imports each object whole, then hour after hour in which nothing changed: [object, hour, seconds, API calls]."""
    warehouse = Warehouse(Path(folder))
    meter = JobMeter(warehouse.calls(), "import:bench", "org")
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[list[object]] = []
    with closing(connect(Login(**login), meter)) as org:
        for name in objects:
            spec = StreamSpec(f"salesforce_{name.lower()}s", name)
            first = Window(ALWAYS.start, midnight)
            import_window(org, meter, warehouse, spec, first, now=midnight, run_id="first")
        for hour in range(2, hours + 2):
            for name in objects:  # as the hours of a new day, whose end is the present
                end = midnight + timedelta(hours=hour)
                spec = StreamSpec(f"salesforce_{name.lower()}s", name)
                window = Window(end - timedelta(hours=1), end)
                began = time.perf_counter()
                report = import_window(org, meter, warehouse, spec, window, now=end, run_id=f"hour {hour}")
                found.append([name, hour, time.perf_counter() - began, report.api_calls])
    return found


def window_calls(login: dict[str, str], folder: str, transport: str) -> dict[str, object]:
    """Imports all contacts with all their fields into a new warehouse by a transport; rows, calls, seconds."""
    warehouse = Warehouse(Path(folder))
    meter = JobMeter(warehouse.calls(), "import:bench", "org")
    with closing(connect(Login(**login), meter)) as org:
        began = time.perf_counter()
        spec = contacts(None, transport)
        report = import_window(org, meter, warehouse, spec, ALWAYS, now=datetime.now(UTC), run_id="bench")
    return {
        "rows": report.rows_read,
        "transport": report.transport,
        "api_calls": report.api_calls,
        "seconds": time.perf_counter() - began,
    }
