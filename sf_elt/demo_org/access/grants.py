"""What a user's permission sets add up to."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import duckdb

ObjectRight = Literal["create", "read", "edit", "delete"]
FieldRight = Literal["read", "edit"]

EVERYTHING: frozenset[ObjectRight] = frozenset({"create", "read", "edit", "delete"})
NOTHING: frozenset[ObjectRight] = frozenset()
_PREFIX = "Permissions"
_IMPLIED: Mapping[str, frozenset[ObjectRight]] = {
    "Create": frozenset({"create", "read"}),
    "Read": frozenset({"read"}),
    "Edit": frozenset({"edit", "read"}),
    "Delete": frozenset({"delete", "edit", "read"}),
    "ViewAllRecords": frozenset({"read"}),
    "ModifyAllRecords": frozenset({"read", "edit", "delete"}),
}
"""What each object permission brings along: Salesforce does not let one be given without the others."""


@dataclass(frozen=True)
class Grants:
    """The union over a user's permission sets. Objects are named in lower case, fields as `lead.email`.

    `permissions` are those of the user as a whole, such as `ModifyAllData`.
    """

    permissions: frozenset[str]
    objects: Mapping[str, frozenset[ObjectRight]]
    readable_fields: frozenset[str]
    editable_fields: frozenset[str]

    def object_rights(self, name: str) -> frozenset[ObjectRight]:
        """What the user may do with an object's records."""
        if "ModifyAllData" in self.permissions:
            return EVERYTHING
        granted = self.objects.get(name.lower(), NOTHING)
        return granted | {"read"} if "ViewAllData" in self.permissions else granted

    def field_right(self, object_name: str, field_name: str) -> FieldRight | None:
        """What the user may do with a field; None where the field is not there for this user."""
        name = f"{object_name}.{field_name}".lower()
        if name in self.editable_fields:
            return "edit"
        return "read" if name in self.readable_fields else None


def read_grants(connection: duckdb.DuckDBPyConnection, user_id: str) -> Grants:
    """What the user has been granted as of now."""
    rows = connection.execute(_statement(), {"user_id": user_id}).fetchall()
    objects: dict[str, frozenset[ObjectRight]] = {}
    for kind, subject, right in rows:
        if kind == "object":
            objects[subject] = objects.get(subject, NOTHING) | _IMPLIED[right.removeprefix(_PREFIX)]
    return Grants(
        permissions=frozenset(right.removeprefix(_PREFIX) for kind, _, right in rows if kind == "user"),
        objects=objects,
        readable_fields=frozenset(subject for kind, subject, _ in rows if kind == "field"),
        editable_fields=frozenset(
            subject for kind, subject, right in rows if kind == "field" and right == "PermissionsEdit"
        ),
    )


def _statement() -> str:
    return files("sf_elt.demo_org.access").joinpath("grants.sql").read_text("utf-8")
