"""What the children do: the import, the floor under it, and the bare download between them."""

import os
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb

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
