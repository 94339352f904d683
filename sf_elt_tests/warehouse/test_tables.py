"""What tables look like."""

from pathlib import Path

from sf_elt.warehouse import Warehouse, column_types


def test_columns_come_in_their_own_order(tmp_path: Path) -> None:
    """A table's and a view's columns, with types and odd names, in order; a table that is not there has none."""
    warehouse = Warehouse(tmp_path)
    with warehouse.write() as connection:
        connection.execute('CREATE TABLE streams.odd ("b.Name" VARCHAR, a TIMESTAMP, tags VARCHAR[])')
        connection.execute("CREATE VIEW main.odd AS SELECT a FROM streams.odd")
    columns = column_types(warehouse, "streams", "odd")
    assert list(columns.items()) == [("b.Name", "VARCHAR"), ("a", "TIMESTAMP"), ("tags", "VARCHAR[]")]
    assert column_types(warehouse, "main", "odd") == {"a": "TIMESTAMP"}
    assert column_types(warehouse, "streams", "odder") == {}
