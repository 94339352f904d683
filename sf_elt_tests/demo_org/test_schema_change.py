"""Objects and fields that change while the org runs, and whether it still has them after a restart."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.declared import declare_object
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.saving import save
from sf_elt.demo_org.schema import Field, FieldType, Schema, load_schema
from sf_elt.demo_org.schema_change import (
    kept_schema,
    with_field,
    with_object,
    without_field,
    without_object,
)
from sf_elt.demo_org.store import Store, table

ADMIN = "005Hs0000000001IAA"
LEAD = {"LastName": "Lovelace", "Company": "Engines"}
SCORE = Field("Score2__c", "double", "Score", precision=18, scale=2)
TWICE = Field("Twice__c", "double", "Twice", formula="Score2__c * 2", sql='"Score2__c" * 2')
INVOICE = declare_object(
    {
        "name": "Invoice__c",
        "label": "Invoice",
        "plural": "Invoices",
        "key_prefix": "a7z",
        "fields": {
            "Name": {"type": "string", "label": "Name", "name_field": True, "default": "@id"},
            "Lead__c": {"type": "reference", "label": "Lead", "to": ["Lead"]},
        },
    }
)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(load_schema()) as store:
        save(store, ADMIN, "Lead", "insert", [LEAD])
        yield store


def add(field: Field) -> Callable[[Schema], Schema]:
    return lambda schema: with_field(schema, "Lead", field)


def drop(name: str) -> Callable[[Schema], Schema]:
    return lambda schema: without_field(schema, "Lead", name)


def values(store: Store, *names: str) -> list[tuple[object, ...]]:
    columns = ", ".join(f'"{name}"' for name in names)
    with store.reading() as connection:
        return connection.execute(f'SELECT {columns} FROM {table("Lead")} ORDER BY "Id"').fetchall()


def test_fields_come_and_go_and_records_stay(store: Store) -> None:
    """Old records have null in a new field, or a check box's default; formulas compute at once; dropped ones go."""
    store.change_schema(add(SCORE))
    store.change_schema(add(Field("Flag__c", "boolean", "Flag", default=True)))
    store.change_schema(add(TWICE))
    save(store, ADMIN, "Lead", "insert", [LEAD | {"Score2__c": 2.5, "Flag__c": False}])
    assert values(store, "LastName", "Score2__c", "Flag__c", "Twice__c") == [
        ("Lovelace", None, True, None),
        ("Lovelace", 2.5, False, 5.0),
    ]
    store.change_schema(drop("Twice__c"))
    store.change_schema(drop("Score2__c"))
    assert not store.schema.require("Lead").has("Score2__c")
    assert values(store, "LastName", "Flag__c") == [("Lovelace", True), ("Lovelace", False)]


def test_a_field_that_changes_type_keeps_the_values_that_fit(store: Store) -> None:
    """Numbers become text, text that is a number becomes one, other text becomes null."""
    store.change_schema(add(SCORE))
    save(store, ADMIN, "Lead", "insert", [LEAD | {"Score2__c": 2.5}])
    store.change_schema(add(replace(SCORE, type="string", length=80)))
    save(store, ADMIN, "Lead", "insert", [LEAD | {"Score2__c": "many"}])
    assert values(store, "Score2__c") == [(None,), ("2.5",), ("many",)]
    store.change_schema(add(SCORE))
    assert values(store, "Score2__c") == [(None,), (2.5,), (None,)]


def test_an_object_goes_with_the_fields_that_refer_to_it(store: Store) -> None:
    """A new object takes records and references; when it goes, lookups to it go too."""
    store.change_schema(lambda schema: with_object(schema, INVOICE))
    store.change_schema(add(Field("Invoice__c", "reference", "Invoice", to=("Invoice__c",), relationship="Invoice__r")))
    [made] = save(store, ADMIN, "Invoice__c", "insert", [{}])
    [lead] = save(store, ADMIN, "Lead", "insert", [LEAD | {"Invoice__c": made.id}])
    assert lead.success, lead.errors
    store.change_schema(lambda schema: without_object(schema, "Invoice__c"))
    assert store.schema.object("Invoice__c") is None
    assert not store.schema.require("Lead").has("Invoice__c")
    assert len(values(store, "Id")) == 2


def test_what_fails_changes_nothing(store: Store) -> None:
    """A change that DuckDB refuses leaves the schema and the tables as they were."""
    before = store.schema
    with pytest.raises(Exception, match="Nowhere"):
        store.change_schema(add(replace(TWICE, sql='"Nowhere" * 2')))
    assert store.schema is before
    store.change_schema(add(SCORE))
    assert values(store, "Score2__c") == [(None,)]


def test_a_kept_org_comes_back_with_its_changes(tmp_path: Path) -> None:
    """Added, changed and dropped fields, new and dropped objects are there after a restart, with their values."""
    file = tmp_path / "org.duckdb"
    with Store(load_schema(), file) as store:
        store.change_schema(add(SCORE))
        store.change_schema(add(TWICE))
        store.change_schema(drop("Interests__c"))
        store.change_schema(lambda schema: with_object(schema, INVOICE))
        store.change_schema(lambda schema: without_object(schema, "Subscription__c"))
        save(store, ADMIN, "Lead", "insert", [LEAD | {"Score2__c": 2}])
        save(store, ADMIN, "Invoice__c", "insert", [{}])
        before = store.schema
    with Store(load_schema(), file) as store:
        assert {each.name: each for each in store.schema.objects} == {each.name: each for each in before.objects}
        assert values(store, "Score2__c", "Twice__c") == [(2.0, 4.0)]
        assert store.count("Invoice__c") == 1
        store.change_schema(drop("Twice__c"))
    with Store(load_schema(), file) as store:
        assert not store.schema.require("Lead").has("Twice__c")


def test_changes_side_by_side_are_all_made(store: Store) -> None:
    """Each change builds on the one before it, however many come at once; readers see whole records throughout."""
    names = [f"Field_{number}__c" for number in range(12)]
    done = threading.Event()

    def read_until_done() -> None:
        while not done.is_set():
            assert values(store, "LastName") == [("Lovelace",)]

    with ThreadPoolExecutor(5) as threads:
        reader = threads.submit(read_until_done)
        changes = [
            threads.submit(store.change_schema, add(Field(name, "string", name, length=10, sql=None))) for name in names
        ]
        try:
            for change in changes:
                change.result()
        finally:
            done.set()
        reader.result()
    assert all(store.schema.require("Lead").has(name) for name in names)
    assert values(store, *names) == [(None,) * len(names)]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["F1__c", "F2__c", "F3__c"]), st.sampled_from(["string", "double", "boolean", "sum", "gone"])
    )
    | st.sampled_from([("Rating", "gone"), ("Invoice__c", "made"), ("Invoice__c", "unmade")]),
    max_size=8,
)


def step(name: str, what: str) -> Callable[[Schema], Schema]:
    """A change of the schema in two words."""
    if what == "gone":
        return drop(name)
    if what == "made":
        return lambda schema: with_object(schema, INVOICE)
    if what == "unmade":
        return lambda schema: without_object(schema, "Invoice__c")
    if what == "sum":
        return add(Field(name, "double", "F", formula="AnnualRevenue * 2", sql='"AnnualRevenue" * 2'))
    kinds: dict[str, FieldType] = {"string": "string", "double": "double", "boolean": "boolean"}
    return add(Field(name, kinds[what], "F", length=80))


@settings(max_examples=12, deadline=None)
@given(CHANGES)
def test_any_changes_are_in_the_tables_and_remembered(changes: list[tuple[str, str]]) -> None:
    """After any changes the tables have just the schema's columns, and what was kept leads to the same schema."""
    base = Schema((load_schema().require("Lead"),))
    with Store(base) as store:
        for name, what in changes:
            store.change_schema(step(name, what))
        schema = store.schema
        with store.reading() as connection:
            kept = kept_schema(connection, base)
            columns = connection.execute(
                "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'records'"
            ).fetchall()
    assert set(columns) == {
        (each.name, field.name) for each in schema.objects for field in each.fields if not field.is_compound
    }
    assert {each.name: set(each.fields) for each in kept.objects} == {
        each.name: set(each.fields) for each in schema.objects
    }


def test_a_request_that_a_change_overtakes_may_try_again(store: Store) -> None:
    """SQL made before a field went is refused with 503, which clients repeat, not as a broken server."""
    store.change_schema(add(SCORE))
    store.change_schema(drop("Score2__c"))
    with pytest.raises(OrgError, match="SERVER_UNAVAILABLE"):
        values(store, "Score2__c")
