"""The tables of the records: their names, their columns' types, and writing whole batches of rows to them."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

import duckdb
import pyarrow as pa

from sf_elt.demo_org.schema import Field, ObjectType

_COLUMN_TYPES = {
    "boolean": "BOOLEAN",
    "int": "BIGINT",
    "double": "DOUBLE",
    "currency": "DOUBLE",
    "percent": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}
_ARROW_TYPES = {
    "boolean": pa.bool_(),
    "int": pa.int64(),
    "double": pa.float64(),
    "currency": pa.float64(),
    "percent": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
}


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def table(object_name: str) -> str:
    """The quoted name of an object's table."""
    return f"records.{quote(object_name)}"


def living(object_type: ObjectType) -> str:
    """The condition that a record is not in the recycle bin; objects without IsDeleted have none there."""
    return 'NOT "IsDeleted"' if object_type.has("IsDeleted") else "true"


def has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether there is such a table; the name carries its schema and no quotes."""
    query = "SELECT count(*) FROM duckdb_tables() WHERE schema_name || '.' || table_name = ?"
    [[count]] = connection.execute(query, [name]).fetchall()
    return bool(count)


def column_type(field: Field) -> str:
    """The DuckDB type of a field's column."""
    return _COLUMN_TYPES.get(field.type, "VARCHAR")


def arrow_type(field: Field) -> pa.DataType:
    """The Arrow type in which a field's values travel to and from its column. Datetimes are naive UTC."""
    return _ARROW_TYPES.get(field.type, pa.string())


def insert_rows(connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: pa.Table) -> None:
    """Inserts records whose columns are stored fields of the object, in their Arrow types."""
    given = set(rows.column_names)
    missing_flags = [
        each.name for each in object_type.stored_fields if each.type == "boolean" and each.name not in given
    ]
    columns = ", ".join(quote(name) for name in (*rows.column_names, *missing_flags))
    values = ", ".join([*(quote(name) for name in rows.column_names), *("false" for _ in missing_flags)])
    connection.register("incoming", rows)
    connection.execute(f"INSERT INTO {table(object_type.name)} ({columns}) SELECT {values} FROM incoming")
    connection.unregister("incoming")  # after an error it cannot be, and goes with the cursor


def update_rows(connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: pa.Table) -> None:
    """Sets every column of `rows` but "Id" on the records of those Ids."""
    assignments = ", ".join(f"{quote(name)} = incoming.{quote(name)}" for name in rows.column_names if name != "Id")
    connection.register("incoming", rows)
    connection.execute(
        f"UPDATE {table(object_type.name)} AS target SET {assignments} FROM incoming WHERE target.Id = incoming.Id"
    )
    connection.unregister("incoming")


def has_column(field: Field) -> bool:
    """Whether the field is in the table, stored or computed; a compound field only repeats its parts."""
    return not field.is_compound


def create_table(object_type: ObjectType) -> str:
    """The statement that makes an object's table."""
    columns = []
    for each in object_type.fields:
        if not has_column(each):
            continue
        rest = " PRIMARY KEY" if each.type == "id" else f" GENERATED ALWAYS AS ({each.sql}) VIRTUAL" if each.sql else ""
        columns.append(f"{quote(each.name)} {column_type(each)}{rest}")
    return f"CREATE TABLE IF NOT EXISTS {table(object_type.name)} ({', '.join(columns)})"
