"""The header row of an ingest CSV: which field or relationship each column is for.

    LastName                    a field
    Account.External_Id__c      a relationship, by an external id of the record it leads to
    User:Owner.Username         the same, where the relationship may lead to several objects: of which one it is

What the header gets wrong fails the whole job, in Salesforce's words (recorded, each of them).
"""

from dataclasses import dataclass

from sf_elt.demo_org.bulk.jobs import JobFailed
from sf_elt.demo_org.schema import Field, ObjectType, Schema


@dataclass(frozen=True)
class Column:
    """A column: the name by which saving knows it, and its field (of a relationship, the reference)."""

    name: str
    field: Field


def read_header(schema: Schema, object_type: ObjectType, names: tuple[str, ...]) -> list[Column]:
    """The columns of a header. Raises JobFailed."""
    columns = [_column(schema, object_type, name) for name in names]
    if len({column.name.lower() for column in columns}) < len(columns):
        raise JobFailed("InvalidBatch : Duplicate column in the header")
    return columns


def _column(schema: Schema, object_type: ObjectType, name: str) -> Column:
    if "." in name:
        return Column(name, _reference(schema, object_type, name))
    found = object_type.field(name)
    if found is None:
        raise JobFailed(f"InvalidBatch : Field name not found : {name}")
    return Column(found.name, found)


def _reference(schema: Schema, object_type: ObjectType, name: str) -> Field:
    path, _, key_name = name.rpartition(".")
    kind, _, relationship = path.rpartition(":")
    reference = object_type.reference(relationship)
    if reference is None:
        raise JobFailed(f"InvalidBatch : Unable to find relationship: {relationship}")
    if kind and len(reference.to) == 1:
        message = f"type is not needed for non polymorphic foreign key references: {relationship}"
        raise JobFailed(f"InvalidBatch : {message}")
    possible = [found for to in reference.to if (found := schema.object(to)) and kind.lower() in ("", to.lower())]
    keys = [key for each in possible if (key := each.field(key_name))]
    if not any(key.external_id or key.id_lookup for key in keys):
        raise JobFailed(f"InvalidBatch : Field name not found : {name}")
    return reference
