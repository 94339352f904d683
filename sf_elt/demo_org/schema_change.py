"""Changing the org's objects and fields while it runs: the tables follow, and a kept org's file remembers.

change_tables(connection, before, after)      # one transaction's worth of DDL
keep_changes(connection, base, after)         # what differs from the objects that the demo org begins with
schema = kept_schema(connection, base)        # at the next start

with_field(schema, "Lead", field), without_field(schema, "Lead", "Score2__c"), with_object(…), without_object(…)
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import duckdb
from pydantic import TypeAdapter

from sf_elt.demo_org.page_layouts import without_item
from sf_elt.demo_org.schema import Field, ObjectType, PageLayout, Schema, ValidationRule
from sf_elt.demo_org.tables import column_type, create_table, has_column, quote, table


@dataclass(frozen=True)
class _Changes:
    """What an org has beyond, or other than, the objects that it began with. Fields are by object name."""

    objects: tuple[ObjectType, ...]
    fields: Mapping[str, tuple[Field, ...]]
    gone_objects: tuple[str, ...]
    gone_fields: Mapping[str, tuple[str, ...]]
    rules: Mapping[str, tuple[ValidationRule, ...]]
    layouts: Mapping[str, tuple[PageLayout, ...]] = field(default_factory=dict)  # an older file has none


_changes = TypeAdapter(_Changes)


def with_object(schema: Schema, object_type: ObjectType) -> Schema:
    """The schema with an object added, or replaced by one of the same name."""
    if schema.object(object_type.name) is None:
        return Schema((*schema.objects, object_type))
    return Schema(tuple(object_type if each.name == object_type.name else each for each in schema.objects))


def without_object(schema: Schema, name: str) -> Schema:
    """The schema without an object, without its history, and without the fields that refer to nothing else."""
    left = (each for each in schema.objects if name not in (each.name, each.history_of))
    return Schema(tuple(replace(each, fields=tuple(f for f in each.fields if f.to != (name,))) for each in left))


def with_field(schema: Schema, object_name: str, field: Field) -> Schema:
    """The schema with a field added to an object, or replaced by one of the same name."""
    object_type = schema.require(object_name)
    if object_type.has(field.name):
        fields = tuple(field if each.name == field.name else each for each in object_type.fields)
    else:
        fields = (*object_type.fields, field)
    return with_object(schema, replace(object_type, fields=fields))


def without_field(schema: Schema, object_name: str, field_name: str) -> Schema:
    """The schema without a field, without the parts that make it up, and without its places on pages."""
    object_type = schema.require(object_name)
    left = tuple(each for each in object_type.fields if field_name not in (each.name, each.compound))
    layouts = tuple(without_item(each, field_name) for each in object_type.layouts)
    return with_object(schema, replace(object_type, fields=left, layouts=layouts))


def change_tables(connection: duckdb.DuckDBPyConnection, before: Schema, after: Schema) -> None:
    """Brings the tables from one schema to the other; records keep every value that still has a field.

    A value that does not fit its field's new type becomes null, as where Salesforce converts a field.
    """
    for old in before.objects:
        if after.object(old.name) is None:
            connection.execute(f"DROP TABLE {table(old.name)}")
    for new in after.objects:
        found = before.object(new.name)
        if found is None:
            connection.execute(create_table(new))
        elif _columns_of(found) != _columns_of(new):
            _change_table(connection, found, new)


def _change_table(connection: duckdb.DuckDBPyConnection, old: ObjectType, new: ObjectType) -> None:
    before, after = _columns_of(old), _columns_of(new)
    only_added = all(after.get(name) == column for name, column in before.items())
    added = [each for each in new.fields if each.name in after and each.name not in before]
    if only_added and not any(each.sql for each in added):
        for each in added:
            connection.execute(f"ALTER TABLE {table(new.name)} ADD COLUMN {quote(each.name)} {column_type(each)}")
    else:  # DuckDB adds no generated column to a table, nor drops a column that one depends on
        former = f"{new.name} before its change"
        kept = [each for each in new.stored_fields if (column := before.get(each.name)) and not column[1]]
        names = ", ".join(quote(each.name) for each in kept)
        values = ", ".join(f"try_cast({quote(each.name)} AS {column_type(each)})" for each in kept)
        connection.execute(f"ALTER TABLE {table(new.name)} RENAME TO {quote(former)}")
        connection.execute(create_table(new))
        connection.execute(f"INSERT INTO {table(new.name)} ({names}) SELECT {values} FROM {table(former)}")
        connection.execute(f"DROP TABLE {table(former)}")
    flags = ", ".join(f"{quote(each.name)} = {bool(each.default)}" for each in added if _is_flag(each))
    if flags:
        connection.execute(f"UPDATE {table(new.name)} SET {flags}")


def _is_flag(field: Field) -> bool:
    return field.type == "boolean" and not field.computed


def _columns_of(object_type: ObjectType) -> dict[str, tuple[str, str | None]]:
    """Each column's type and, where it is computed, from what."""
    return {each.name: (column_type(each), each.sql) for each in object_type.fields if has_column(each)}


def keep_changes(connection: duckdb.DuckDBPyConnection, base: Schema, after: Schema) -> None:
    """Writes down how the schema differs from the one that the demo org begins with."""
    text = _changes.dump_json(_changes_between(base, after)).decode()
    connection.execute("CREATE SCHEMA IF NOT EXISTS metadata")
    connection.execute("CREATE OR REPLACE TABLE metadata.schema_changes AS SELECT ? AS changes", [text])


def kept_schema(connection: duckdb.DuckDBPyConnection, base: Schema) -> Schema:
    """The schema that a kept org had when it last ran."""
    known = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'metadata' AND table_name = 'schema_changes'"
    if not connection.execute(known).fetchall():
        return base
    [(text,)] = connection.execute("SELECT changes FROM metadata.schema_changes").fetchall()
    return _apply(base, _changes.validate_json(text))


def _changes_between(base: Schema, after: Schema) -> _Changes:
    fields, gone_fields = {}, {}
    for old in base.objects:
        new = after.object(old.name)
        if new is None:
            continue
        changed = tuple(each for each in new.fields if old.field(each.name) != each)
        if changed:
            fields[old.name] = changed
        gone = tuple(each.name for each in old.fields if not new.has(each.name))
        if gone:
            gone_fields[old.name] = gone
    return _Changes(
        objects=tuple(each for each in after.objects if base.object(each.name) is None),
        fields=fields,
        gone_objects=tuple(each.name for each in base.objects if after.object(each.name) is None),
        gone_fields=gone_fields,
        rules={each.name: each.rules for each in after.objects if each.rules and base.object(each.name) is not None},
        layouts={each.name: each.layouts for each in after.objects if each.layouts and base.object(each.name)},
    )


def _apply(base: Schema, changes: _Changes) -> Schema:
    schema = base
    for each in changes.objects:
        schema = with_object(schema, each)
    for object_name, fields in changes.fields.items():
        for each_field in fields:
            schema = with_field(schema, object_name, each_field)
    for object_name, names in changes.gone_fields.items():
        for name in names:
            schema = without_field(schema, object_name, name)
    for name in changes.gone_objects:
        schema = without_object(schema, name)
    for name, rules in changes.rules.items():
        schema = with_object(schema, replace(schema.require(name), rules=rules))
    for name, layouts in changes.layouts.items():
        schema = with_object(schema, replace(schema.require(name), layouts=layouts))
    return schema
