"""Changes of the org's schema never lose a row, and each is recorded once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from sf_elt.streams.columns import Column
from sf_elt.streams.schema import SchemaChange, adapt_table, widened
from sf_elt.warehouse import Warehouse

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ID = Column("Id", "VARCHAR")
SIZE = Column("Size__c", "BIGINT")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with Warehouse(tmp_path / "warehouse").write() as connection:
        adapt_table(connection, "things", (ID, SIZE), NOW)
        connection.execute('INSERT INTO streams.things ("Id", "Size__c") VALUES (\'a\', 7)')
        yield connection


def _adapt(connection: duckdb.DuckDBPyConnection, *columns: Column, hours: int = 1) -> tuple[SchemaChange, ...]:
    return adapt_table(connection, "things", columns, NOW + timedelta(hours=hours)).changes


def _recorded(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT field, change, type_before, type_after FROM ops.schema_changes ORDER BY seen_at, field"
    ).fetchall()


def test_a_new_field_becomes_a_column(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows that were there before hold null in it."""
    changes = _adapt(connection, ID, SIZE, Column("Color__c", "VARCHAR"))
    assert changes == (SchemaChange("Color__c", "added", None, "VARCHAR"),)
    assert connection.execute('SELECT "Size__c", "Color__c" FROM streams.things').fetchall() == [(7, None)]


def test_a_dropped_field_stays_with_its_values_and_is_recorded_once(connection: duckdb.DuckDBPyConnection) -> None:
    """Neither the column nor a row goes; a field that comes back is recorded as returned, and can be dropped again."""
    for hours, columns in enumerate([(ID,), (ID,), (ID, SIZE), (ID, SIZE), (ID,)], start=1):
        _adapt(connection, *columns, hours=hours)
    assert [row[:2] for row in _recorded(connection)] == [
        ("Size__c", "dropped"),
        ("Size__c", "returned"),
        ("Size__c", "dropped"),
    ]
    assert connection.execute('SELECT "Size__c" FROM streams.things').fetchall() == [(7,)]


def test_another_letter_case_is_the_same_field(connection: duckdb.DuckDBPyConnection) -> None:
    """An API name whose letter case an administrator changed keeps its column, and nothing is recorded."""
    respelled = Column("SIZE__c", "BIGINT")
    assert adapt_table(connection, "things", (ID, respelled), NOW).types["SIZE__c"] == "BIGINT"
    assert _recorded(connection) == []
    _adapt(connection, ID)
    assert _adapt(connection, ID, respelled, hours=2) == (SchemaChange("SIZE__c", "returned", "BIGINT", "BIGINT"),)
    assert _adapt(connection, ID, SIZE, hours=3) == ()


@pytest.mark.parametrize(
    ("after", "kept_as", "value"),
    [("DOUBLE", "DOUBLE", 7.0), ("VARCHAR", "VARCHAR", "7"), ("BOOLEAN", "VARCHAR", "7"), ("DATE", "VARCHAR", "7")],
)
def test_a_changed_type_widens(connection: duckdb.DuckDBPyConnection, after: str, kept_as: str, value: object) -> None:
    """The column takes the narrowest type that holds both, and the values stay."""
    changes = _adapt(connection, ID, Column("Size__c", after))
    assert changes == (SchemaChange("Size__c", "widened", "BIGINT", kept_as),)
    assert connection.execute('SELECT "Size__c" FROM streams.things').fetchall() == [(value,)]
    assert _adapt(connection, ID, Column("Size__c", after), hours=2) == ()


def test_a_type_that_the_column_holds_already_is_recorded_once(connection: duckdb.DuckDBPyConnection) -> None:
    """Text that becomes a number, a picklist that becomes multi-select: the column stays text, which is recorded."""
    _adapt(connection, ID, SIZE, Column("Kind__c", "VARCHAR"))
    kept = SchemaChange("Kind__c", "kept", "VARCHAR", "BIGINT")
    assert _adapt(connection, ID, SIZE, Column("Kind__c", "BIGINT"), hours=2) == (kept,)
    assert _adapt(connection, ID, SIZE, Column("Kind__c", "BIGINT"), hours=3) == ()
    shape = adapt_table(connection, "things", (ID, SIZE, Column("Kind__c", "VARCHAR[]")), NOW + timedelta(hours=4))
    assert shape.changes == (SchemaChange("Kind__c", "kept", "VARCHAR", "VARCHAR[]"),)
    assert shape.types["Kind__c"] == "VARCHAR"


def test_comments_follow_the_org(connection: duckdb.DuckDBPyConnection) -> None:
    """A label that changes is taken over, quotes and all; rows written in the same transaction stay."""
    for label, comment in [("Thing", "Size"), ("Thing", "The user's size: in ml"), ("Object", "Size")]:
        adapt_table(connection, "things", (ID, Column("Size__c", "BIGINT", comment)), NOW, label=label)
        assert connection.execute(
            "SELECT columns.comment, tables.comment FROM duckdb_columns() AS columns JOIN duckdb_tables() AS tables"
            " USING (schema_name, table_name) WHERE table_name = 'things' AND column_name = 'Size__c'"
        ).fetchall() == [(comment, label)]
    assert connection.execute('SELECT "Size__c" FROM streams.things').fetchall() == [(7,)]


def test_widening_never_narrows() -> None:
    """The wider of two types does not depend on which came first, and widening again changes nothing."""
    types = ("VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP", "TIME", "VARCHAR[]")
    for before in types:
        for after in types:
            wide = widened(before, after)
            assert wide == widened(after, before)
            assert widened(wide, before) == widened(wide, after) == wide
