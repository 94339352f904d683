"""Sizes that a large org has, at their true size: a mass update, long texts, and 800 fields."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sf_elt.demo_org.metadata import fields as metadata_fields
from sf_elt.demo_org.org import Org, create_org
from sf_elt.demo_org.serve import Details, serving
from sf_elt.demo_org.store import table
from sf_elt.streams import StreamSpec, Window
from sf_elt.streams.wide import reading
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.soak.support import SEED
from sf_elt_tests.streams.support import ALWAYS, LEADS, importing
from sf_elt_tests.streams.test_incremental_truth import too_large

MASS = 40_000
SAVED_AT = datetime(2026, 3, 3, 3, 3, 3, tzinfo=UTC)
LONGEST_TEXT = 131_072
# Quotes are doubled in CSV and escaped in JSON; line breaks, and two bytes a character.
FILLED = f"""
    CASE hash(Id) % 4
        WHEN 0 THEN repeat('"', {LONGEST_TEXT})
        WHEN 1 THEN repeat(chr(10) || '"', {LONGEST_TEXT // 2})
        WHEN 2 THEN repeat('é', {LONGEST_TEXT})
        ELSE repeat('a,b\\' || chr(13) || chr(10), {LONGEST_TEXT // 6})
    END
"""

WIDE = 20_000  # rows
# Names end at 43 characters in Salesforce, and 800 of them fit into one query: these are longer, so that they do not.
NAMES = [f"F{number:03d}{'abcdefghij' * 14}"[:140] + "__c" for number in range(800)]
TEXTS = NAMES[::4]
KINDS: list[tuple[dict[str, object], str]] = [
    ({"type": "Text", "length": 120}, "'Value ' || hash(place + {0}) % 1000"),
    ({"type": "Number", "precision": 10, "scale": 2}, "(hash(place + {0}) % 1000000) / 100"),
    ({"type": "Checkbox", "defaultValue": False}, "hash(place + {0}) % 2 = 0"),
    ({"type": "Date"}, "DATE '2020-01-01' + (hash(place + {0}) % 2000)::INTEGER"),
]

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]
TRANSPORTS = pytest.mark.parametrize("spec", [replace(LEADS, transport="rest"), replace(LEADS, transport="bulk")])


@contextmanager
def _org(records: int) -> Iterator[tuple[Org, Details]]:
    org = create_org(seed=SEED, records=records)
    try:
        with serving(org) as details:
            yield org, details
    finally:
        org.close()


def _update(org: Org, assigned: str, where: str, *values: object) -> None:
    with org.store.writing() as write:
        write.connection.execute(f"UPDATE {table('Lead')} SET {assigned} WHERE {where}", list(values))
        write.saved.add("Lead")


@TRANSPORTS
def test_a_mass_update_that_no_range_of_time_divides_arrives_row_by_row(tmp_path: Path, spec: StreamSpec) -> None:
    """40,000 leads of one second, where queries of more than 2,000 rows are timed out; on a border of windows, too."""
    spec = replace(spec, look_back=timedelta(0))
    with _org(MASS * 7 // 4) as (org, details):
        stamp = SAVED_AT.replace(tzinfo=None)
        first = f"Id IN (SELECT Id FROM {table('Lead')} ORDER BY Id LIMIT {MASS})"
        _update(org, "SystemModstamp = ?, LastModifiedDate = ?", first, stamp, stamp)
        levers(details).limit(1_000_000)
        levers(details).faults.plan(*too_large(2000))
        around = Window(SAVED_AT - timedelta(days=9), SAVED_AT + timedelta(days=9))
        until, since = Window(around.start, SAVED_AT), Window(SAVED_AT, around.end)
        with importing(details, tmp_path) as importer:
            whole = importer.run(spec, around)
            bordered = replace(spec, stream="bordered")
            reports = [importer.run(bordered, window) for window in (until, since)]
            counted = 'SELECT count(*), count(DISTINCT "Id") FROM streams.{} WHERE "SystemModstamp" = \'{}\''
            assert importer.sql(counted.format(spec.stream, stamp)) == [(MASS, MASS)]
            assert importer.sql(counted.format("bordered", stamp)) == [(MASS, MASS)]
            assert importer.sql("FROM streams.salesforce_leads SELECT count(*)") == [(whole.rows_read,)]
            assert sum(report.rows_read for report in reports) == whole.rows_read


@TRANSPORTS
def test_texts_as_long_as_a_field_takes_arrive_whole(tmp_path: Path, spec: StreamSpec) -> None:
    """960 leads with 131,072 characters each: one page of REST is 220 MB."""
    with _org(1600) as (org, details):
        field = {"fullName": "Long__c", "type": "LongTextArea", "label": "Long", "length": LONGEST_TEXT}
        levers(details).change_schema("Lead", add=[field | {"visibleLines": 5}])
        _update(org, f"Long__c = {FILLED}", "true")
        with importing(details, tmp_path) as importer:
            report = importer.run(spec, ALWAYS)
            digest = "count(*), sum(length(Long__c)), sum(md5_number_lower(Long__c))"
            with org.store.reading() as connection:
                expected = connection.execute(f"SELECT {digest} FROM {table('Lead')}").fetchall()
            assert importer.sql(f"SELECT {digest} FROM streams.{spec.stream}") == expected
            assert report.rows_in_stream == expected[0][0]


def test_an_object_of_800_fields_is_read_while_its_rows_are_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query of 116,000 characters, 20,000 rows, edits between its groups of columns: no row is of two versions."""
    monkeypatch.setattr(metadata_fields, "_LONGEST_NAME", 200)
    choose = random.Random(SEED)
    spec = replace(LEADS, transport="bulk")
    with _org(60) as (org, details), importing(details, tmp_path) as importer:
        records = _fill(org, details)
        sf = client(details)
        begin = reading.begin_bulk

        def edited(*asked: Any, **how: Any) -> None:
            begin(*asked, **how)
            while any(job["state"] != "JobComplete" for job in sf.restful("jobs/query")["records"]):
                pass
            for record in choose.sample(records, 50):
                sf.Lead.update(record, dict.fromkeys(TEXTS, f"edit {choose.random()}"))

        importer.org.described.clear()
        monkeypatch.setattr(reading, "begin_bulk", edited)
        report = importer.run(spec)
        assert (report.column_groups, report.rows_read_again >= 50) == (2, True)
        different = f"list_distinct([{', '.join(TEXTS)}])"
        torn = f"SELECT count(*) FROM streams.{spec.stream} WHERE {TEXTS[0]} LIKE 'edit%' AND len({different}) > 1"
        assert importer.sql(torn) == [(0,)]
        monkeypatch.setattr(reading, "begin_bulk", begin)
        importer.run(spec)
        digest = "count(*), " + ", ".join(f"sum(md5_number_lower({name}))" for name in TEXTS)
        with org.store.reading() as connection:
            expected = connection.execute(f"SELECT {digest} FROM {table('Lead')}").fetchall()
        assert importer.sql(f"SELECT {digest} FROM streams.{spec.stream}") == expected


def _fill(org: Org, details: Details) -> list[str]:
    """Gives leads 800 more fields, and the org so many of them; their Ids."""
    for first in range(0, len(NAMES), 50):  # more at once take longer than a lever is waited for
        added = [
            {"fullName": NAMES[number], "label": f"Field {number}"} | KINDS[number % 4][0]
            for number in range(first, first + 50)
        ]
        levers(details).change_schema("Lead", add=added)
    values = ", ".join(f"{KINDS[number % 4][1].format(number)} AS {name}" for number, name in enumerate(NAMES))
    ids = [str(each) for each in org.store.next_ids("Lead", WIDE)]
    with org.store.writing() as write:
        write.connection.execute(
            f"""
            INSERT INTO {table("Lead")} BY NAME
            SELECT
                records.Id, 'Lead ' || place AS LastName, 'Acme' AS Company, Status, false AS IsDeleted,
                false AS IsConverted, OwnerId, CreatedById, LastModifiedById, CreatedDate, LastModifiedDate,
                SystemModstamp, {values}
            FROM (SELECT unnest($ids) AS Id, unnest(range({WIDE})) AS place) AS records,
                (FROM {table("Lead")} WHERE NOT IsConverted LIMIT 1) AS pattern
            """,
            {"ids": ids},
        )
        write.saved.add("Lead")
    return ids
