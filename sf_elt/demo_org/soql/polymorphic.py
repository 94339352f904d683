"""References that may lead to records of several objects (`Owner`, `Who`, `What`): SOQL sees a `Name` behind them.

The fields of Name are those of Salesforce's object reference, "Name".
"""
# ruff: noqa: S608 (names come from the schema and are quoted)

from collections.abc import Sequence

from sf_elt.demo_org.schema import Field, ObjectType
from sf_elt.demo_org.store import column_type, quote, table
from sf_elt.demo_org.values import text_literal

NAME = ObjectType(
    "Name",
    "Name",
    "Names",
    "",
    (
        Field("Id", "id", "Name ID", length=18),
        Field("Name", "string", "Name", length=255, name_field=True),
        Field("FirstName", "string", "First Name", length=40),
        Field("LastName", "string", "Last Name", length=80),
        Field("Type", "picklist", "Type", length=40),
        Field("Title", "string", "Title", length=128),
        Field("Email", "email", "Email", length=80),
        Field("Phone", "phone", "Phone", length=40),
        Field("Username", "string", "Username", length=80),
        Field("Alias", "string", "Alias", length=8),
        Field("IsActive", "boolean", "Active"),
        Field("ProfileId", "reference", "Profile ID", length=18, to=("Profile",), relationship="Profile"),
        Field("UserRoleId", "reference", "Role ID", length=18, to=("UserRole",), relationship="UserRole"),
        Field("RecordTypeId", "reference", "Record Type ID", length=18, to=("RecordType",), relationship="RecordType"),
        Field("LastReferencedDate", "datetime", "Last Referenced Date"),
        Field("LastViewedDate", "datetime", "Last Viewed Date"),
    ),
)


OBJECT = "object_name"
"""The column of a Name's table that says what it is the name of, as addresses spell it; Type calls a queue a Queue."""

_TYPE_OF_GROUP = """CASE WHEN "Type" = 'Queue' THEN 'Queue' ELSE 'Group' END"""


def names_of(targets: Sequence[ObjectType]) -> str:
    """A table expression of the Names of all records of the objects; there is at least one object."""
    return f"({' UNION ALL '.join(_names(each) for each in targets)})"


def _names(target: ObjectType) -> str:
    columns = [f"{text_literal(target.name)} AS {OBJECT}"]
    for field in NAME.fields:
        own = target.name_field if field.name == "Name" else target.field(field.name)
        if field.name == "Type":
            value = _TYPE_OF_GROUP if target.name == "Group" else text_literal(target.name)
        elif own is None or own.is_compound:
            value = f"CAST(NULL AS {column_type(field)})"
        else:
            value = f"CAST({quote(own.name)} AS {column_type(field)})"
        columns.append(f"{value} AS {quote(field.name)}")
    return f"SELECT {', '.join(columns)} FROM {table(target.name)}"
