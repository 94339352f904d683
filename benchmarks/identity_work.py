"""What the children of the identity benchmark do: our joining of records, the bare algorithm, DuckDB's recursion."""

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
from sf_elt.profiles.mapping.rules import identifier_kinds
from sf_elt.profiles.reading.rows import MappedStream, identifier_candidates, mapped_streams, number_rows
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

FINGERPRINT = """
    WITH named AS (SELECT record_id, min(record_id) OVER (PARTITION BY component) AS first_id FROM {components})
    SELECT count(DISTINCT first_id), sum(md5_number_lower(record_id || '>' || first_id))::VARCHAR FROM named
"""
"""How many components, and a sum that no other division of the same records has."""

EDGES = """
    CREATE TEMP TABLE edges AS
    WITH keyed AS MATERIALIZED (SELECT record, md5_number(concat(kind_number, ':', value)) AS key FROM said),
    shared AS (SELECT key, min(record) AS first_record FROM keyed GROUP BY key HAVING count(*) > 1)
    SELECT DISTINCT record, first_record FROM keyed JOIN shared USING (key) WHERE record <> first_record
"""


def make_records(folder: str, records: int) -> None:
    """Fills a new warehouse with leads and contacts that have identifiers and little else."""
    text = files("benchmarks").joinpath("records.sql").read_text("utf-8")
    with Warehouse(Path(folder)).write() as connection:
        connection.execute(text.format(records=records, people=records // 2))


def land_said(folder: str, result: str) -> int:
    """Writes what each record says, and the records' ids, as Parquet files; gives the number of identifiers said."""
    Path(result).mkdir()
    with _numbered(folder) as (connection, streams, _):
        candidates = identifier_candidates(streams, identifier_kinds(MAPPING))
        rows = " UNION ALL ".join(f"SELECT record, record_id FROM {stream.table}" for stream in streams)
        connection.execute(f"COPY ({rows}) TO '{result}/records.parquet'")
        said = f"SELECT record, kind_number, value FROM ({candidates}) WHERE value IS NOT NULL"
        (count,) = connection.execute(f"COPY ({said}) TO '{result}/said.parquet'").fetchall()[0]
    return int(count)


def ours(folder: str) -> dict[str, object]:
    """Joins the records as a build does, guards and all, from the numbered rows of its streams."""
    with _numbered(folder) as (connection, streams, records):
        began = time.perf_counter()
        set_up_guards(connection, MAPPING, GUARDS)
        list_pairs(connection, ManualLists(), MAPPING, GUARDS)
        join_records(connection, streams, MAPPING, GUARDS, records=records, affected="true")
        seconds = time.perf_counter() - began
        rows = " UNION ALL ".join(f"SELECT record, record_id FROM {stream.table}" for stream in streams)
        return {"seconds": seconds} | _fingerprint(connection, rows)


def bare(landed: str) -> dict[str, object]:
    """Links each record to the smallest that shares a key, then finds the components in memory."""
    with _landed(landed) as connection:
        began = time.perf_counter()
        connection.execute(EDGES)
        edges = connection.execute("FROM edges").fetchnumpy()
        found = smallest_connected(np.asarray(edges["record"]), np.asarray(edges["first_record"]))
        store(connection, "joined_records", dict(zip(("record", "component"), found, strict=True)))
        seconds = time.perf_counter() - began
        return {"seconds": seconds} | _fingerprint(connection, "FROM records")


def using_key(landed: str) -> dict[str, object]:
    """The same links, and DuckDB's recursion USING KEY over them, as its documentation has it for components."""
    with _landed(landed) as connection:
        began = time.perf_counter()
        connection.execute(EDGES)
        connection.execute(
            """
            CREATE TEMP TABLE joined_records AS
            WITH RECURSIVE both_ways AS MATERIALIZED (
                SELECT record AS here, first_record AS there FROM edges
                UNION ALL
                SELECT first_record, record FROM edges
            ),
            components (record, component) USING KEY (record) AS (
                SELECT DISTINCT here, here FROM both_ways
                UNION
                SELECT known.record, min(changed.component)
                FROM components AS changed
                JOIN both_ways ON both_ways.here = changed.record
                JOIN recurring.components AS known ON known.record = both_ways.there
                WHERE changed.component < known.component
                GROUP BY known.record
            )
            FROM components
            """
        )
        seconds = time.perf_counter() - began
        return {"seconds": seconds} | _fingerprint(connection, "FROM records")


@contextmanager
def _numbered(folder: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[MappedStream], int]]:
    """The streams of the warehouse with their rows numbered and cleaned."""
    with Warehouse(Path(folder)).read() as connection:
        connection.execute(statement("clean"))
        streams = mapped_streams(MAPPING, find_sources(connection, (LEADS, CONTACTS)))
        connection.execute("SELECT 1").fetchnumpy()  # imports what the first of them does
        yield connection, streams, number_rows(connection, streams)


@contextmanager
def _landed(folder: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """What records say and their ids, in memory."""
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        for table in ("said", "records"):
            connection.execute(f"CREATE TEMP TABLE {table} AS FROM read_parquet('{folder}/{table}.parquet')")
        connection.execute("SELECT 1").fetchnumpy()  # imports what the first of them does
        yield connection


def _fingerprint(connection: duckdb.DuckDBPyConnection, records: str) -> dict[str, object]:
    components = f"""(
        SELECT record_id, coalesce(component, record) AS component
        FROM ({records}) LEFT JOIN joined_records USING (record)
    )"""
    count, fingerprint = connection.execute(FINGERPRINT.format(components=components)).fetchall()[0]
    return {"components": count, "fingerprint": fingerprint}
