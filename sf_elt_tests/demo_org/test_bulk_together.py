"""How many records of an upload are saved at once: nobody can tell it from its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sf_elt.demo_org.bulk.header import read_header
from sf_elt.demo_org.bulk.together import CHUNK, SEVERAL, saved_at_once
from sf_elt.demo_org.saving import Operation
from sf_elt.demo_org.schema import ValidationRule, load_schema
from sf_elt.demo_org.schema_change import with_object
from sf_elt.demo_org.serve import Details
from sf_elt.demo_org.store import Store
from sf_elt_tests.demo_org.bulk_jobs import ingest, rows
from sf_elt_tests.orgs import client

Change = Callable[[Store], object]


def size(operation: Operation, header: str, *lines: str, name: str = "Lead", change: Change | None = None) -> int:
    with Store(load_schema()) as store:
        if change:
            change(store)
        object_type = store.schema.require(name)
        columns = read_header(store.schema, object_type, tuple(header.split(",")))
        cells = [line.split(",") for line in lines]
        key = "External_Id__c" if operation == "upsert" else None
        return saved_at_once(store, object_type, operation, key, columns, cells)


def test_rows_that_know_nothing_of_each_other_are_saved_together() -> None:
    """Rows of different keys, whoever else they refer to."""
    assert size("insert", "LastName,OwnerId", "A,u", "A,u") == SEVERAL
    assert size("insert", "External_Id__c,LastName", "a,A", "b,A") == SEVERAL
    assert size("upsert", "External_Id__c,LastName", "a,A", "b,A") == SEVERAL
    assert size("update", "Id,Title", "00QHs0000000001,A", "00QHs0000000002,A") == SEVERAL


def test_unique_values_that_change_are_met_in_chunks() -> None:
    """One record may take what another gave up."""
    assert size("update", "Id,External_Id__c", "00QHs0000000001,a", "00QHs0000000002,b") == CHUNK


def test_rows_of_one_key_are_saved_in_chunks() -> None:
    """Keys are the same in any letter case, Ids with 15 and 18 characters."""
    assert size("upsert", "External_Id__c", "abc", "ABC") == CHUNK
    assert size("insert", "External_Id__c", "abc", "abc") == CHUNK
    assert size("update", "Id", "00QHs0000000001", "00QHs0000000001MAA") == CHUNK


def lock(store: Store) -> None:
    store.rules.lock(["00QHs0000000001MAA"], 1)


def alert(store: Store) -> None:
    store.rules.set_duplicate_rule("Lead", "alert")


def validate(store: Store) -> None:
    rule = ValidationRule("Named", "ISBLANK(LastName)", "true", "No")
    lead = replace(store.schema.require("Lead"), rules=(rule,))
    store.change_schema(lambda schema: with_object(schema, lead))


@pytest.mark.parametrize("change", [lock, alert, validate])
def test_what_looks_at_other_records_is_met_in_chunks(change: Change) -> None:
    """Locks, duplicate rules and validation rules."""
    assert size("insert", "LastName", "A", change=change) == CHUNK


def test_references_to_the_object_itself_are_followed_in_chunks() -> None:
    """An account's parent may be of the upload; so may what goes with a deleted record."""
    assert size("insert", "Name,ParentId", "A,b", name="Account") == CHUNK
    assert size("delete", "Id", "001Hs0000000001", name="Account") == CHUNK


def test_a_key_that_comes_again_finds_the_record_of_the_first(empty_org: Details) -> None:
    """In a later chunk of 200; in the same it is refused twice."""
    lines = [f"{number},L{number},C" for number in range(450)]
    lines[399], lines[1] = "0,Again,C", "2,Twice,C"
    job = ingest(
        empty_org,
        "upsert",
        "\n".join(["External_Id__c,LastName,Company", *lines]),
        externalIdFieldName="external_id__c",
    )
    assert [
        row["sf__Created"] for row in rows(empty_org, f"{job}/successfulResults") if row["LastName"] == "Again"
    ] == ["false"]
    assert {row["External_Id__c"] for row in rows(empty_org, f"{job}/failedResults")} == {"2"}
    found = client(empty_org).query("SELECT LastName FROM Lead WHERE External_Id__c = '0'")["records"]
    assert [each["LastName"] for each in found] == ["Again"]
