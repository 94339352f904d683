"""What the children of the identity benchmark do: our joining of records, the bare algorithm, DuckDB's recursion.

All begin at the same numbered rows, cleaned, a column an identifier.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import duckdb
import numpy as np

from sf_elt.profiles import FieldRule, Guards, ManualLists
from sf_elt.profiles.identity.guards import set_up_guards
from sf_elt.profiles.identity.joining import join_records, smallest_connected
from sf_elt.profiles.manual.pairs import list_pairs
from sf_elt.profiles.reading.rows import MappedStream, mapped_streams, number_rows
from sf_elt.profiles.reading.sources import find_sources
from sf_elt.profiles.sql import statement, store
from sf_elt.warehouse import Warehouse

LEADS, CONTACTS = "salesforce_leads", "salesforce_contacts"
_SET = {"type": "[]string", "merge": "set", "identifier": True}
MAPPING = [
    FieldRule(stream=LEADS, source="lead_id", to="salesforce_lead_ids", clean="id18", **_SET),
    FieldRule(stream=LEADS, source="lead_email", to="email", type="string", identifier=True, clean="email"),
    FieldRule(stream=LEADS, source="customer_number", to="customer_numbers", **_SET),
    FieldRule(stream=CONTACTS, source="contact_id", to="salesforce_contact_ids", clean="id18", **_SET),
    FieldRule(stream=CONTACTS, source="contact_email", to="email", type="string", identifier=True, clean="email"),
    FieldRule(stream=CONTACTS, source="customer_number", to="customer_numbers", **_SET),
]
GUARDS = Guards(max_per_kind={"email": 5, "salesforce_lead_ids": 20, "salesforce_contact_ids": 5})
COLUMNS = {"salesforce_lead_ids": "lead_id", "salesforce_contact_ids": "contact_id", "email": "email"}
COLUMNS |= {"customer_numbers": "customer_number"}


def sql(name: str) -> str:
    """A file of SQL of the benchmarks."""
    return files("benchmarks").joinpath(f"{name}.sql").read_text("utf-8")


def make_records(folder: str, records: int) -> None:
    """Fills a new warehouse with leads and contacts that have identifiers and little else."""
    with Warehouse(Path(folder)).write() as connection:
        connection.execute(sql("records").format(records=records, people=records // 2))


def land_rows(folder: str, result: str) -> int:
    """Writes the numbered rows, a Parquet file a stream; gives the number of identifiers in them."""
    Path(result).mkdir()
    with _numbered(folder) as (connection, _, _):
        for table in ("leads", "contacts"):
            connection.execute(f"COPY {table} TO '{result}/{table}.parquet'")
        (count,) = connection.execute("SELECT count(*) FROM said").fetchall()[0]
    return int(count)


def ours(folder: str) -> dict[str, object]:
    """Joins the records as a build does, guards and all."""
    with _numbered(folder) as (connection, streams, records):
        began = time.perf_counter()
        set_up_guards(connection, MAPPING, GUARDS)
        list_pairs(connection, ManualLists(), MAPPING, GUARDS)
        join_records(connection, streams, MAPPING, GUARDS, records=records, everything=True)
        return _found(connection, began)


def bare(folder: str) -> dict[str, object]:
    """Links each record to the smallest that shares a key, then finds the components in memory."""
    with _numbered(folder) as (connection, _, records):
        began = time.perf_counter()
        connection.execute(sql("links"))
        links = connection.execute("FROM links").fetchnumpy()
        found = smallest_connected(np.asarray(links["record"]), np.asarray(links["first_record"]), records)
        store(connection, "joined_records", dict(zip(("record", "component"), found, strict=True)))
        return _found(connection, began)


def using_key(folder: str) -> dict[str, object]:
    """DuckDB's recursion USING KEY over the graph of what records say."""
    with _numbered(folder) as (connection, _, records):
        began = time.perf_counter()
        connection.execute(sql("graph"))
        connection.execute(sql("components"), {"records": records})
        return _found(connection, began)


def using_key_of_links(folder: str) -> dict[str, object]:
    """The same recursion over the links of the bare algorithm."""
    with _numbered(folder) as (connection, _, records):
        began = time.perf_counter()
        connection.execute(sql("links"))
        connection.execute("CREATE TEMP VIEW edges AS SELECT record AS one, first_record AS other FROM links")
        connection.execute(sql("components"), {"records": records})
        return _found(connection, began)


@contextmanager
def _numbered(folder: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[MappedStream], int]]:
    """The streams of the warehouse with their rows numbered and cleaned, and these rows as leads and contacts."""
    with Warehouse(Path(folder)).read() as connection:
        connection.execute(statement("clean"))
        streams = mapped_streams(MAPPING, find_sources(connection, (LEADS, CONTACTS)))
        records = number_rows(connection, streams)
        for stream in streams:
            values = [f"v{number} AS {COLUMNS[rule.user_field]}" for number, rule in enumerate(stream.rules)]
            values += [f"link{number} AS {COLUMNS[rule.user_field]}" for number, (_, rule) in enumerate(stream.links)]
            name = stream.source.stream.removeprefix("salesforce_")
            connection.execute(
                f"CREATE TEMP VIEW {name} AS SELECT record, record_id, {', '.join(values)} FROM {stream.table}"
            )
        connection.execute(sql("said"))
        connection.execute("SELECT 1").fetchnumpy()  # imports what the first of them does
        yield connection, streams, records


def _found(connection: duckdb.DuckDBPyConnection, began: float) -> dict[str, object]:
    """The seconds since, how many components there are, and a sum that no other division of the records has."""
    seconds = time.perf_counter() - began
    connection.execute(
        "CREATE TEMP VIEW found AS SELECT record_id, coalesce(component, record) AS component "
        "FROM records LEFT JOIN joined_records USING (record)"
    )
    count, fingerprint = connection.execute(sql("fingerprint")).fetchall()[0]
    return {"seconds": seconds, "components": count, "fingerprint": fingerprint}
