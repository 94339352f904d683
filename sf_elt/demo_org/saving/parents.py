"""References given by an external id of the record they mean: {"Account": {"External_Id__c": "A1"}}.

A Bulk column says the same as `Account.External_Id__c`, or `User:Owner.Username` where the reference may be to several
objects (Bulk API 2.0 Developer Guide, "Relationship Fields in a Header Row"; REST API Developer Guide, "Insert or
Update (Upsert) a Record Using an External ID").
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.saving.cells import cell
from sf_elt.demo_org.saving.lookup import as_text
from sf_elt.demo_org.saving.outcome import Refused
from sf_elt.demo_org.schema import Field, ObjectType, Schema


@dataclass(frozen=True, slots=True)
class ParentKey:
    """Which record a reference means: the one of that object whose `key` is the value, as `given` by the client."""

    relationship: str
    object_type: ObjectType
    key: Field
    value: str
    given: str


def parent_key(schema: Schema, object_type: ObjectType, reference: Field, name: str, value: object) -> ParentKey | None:
    """Reads a relationship's value; None clears the reference. Raises OrgError in Salesforce's words."""
    prefix, _, path = name.rpartition(":")
    relationship, _, key_name = path.partition(".")
    kind: object = prefix or None
    if value is None or value == "":
        return None
    if not key_name:
        if not isinstance(value, Mapping):
            message = f"No such column '{name}' on sobject of type {object_type.name}"
            raise OrgError(400, "INVALID_FIELD", message)
        key_name, value, kind = _nested(relationship, value)
    target = _target(schema, reference, kind, key_name)
    key = target.field(key_name) if target else None
    if target is None or key is None:
        asked = target.name if target else kind or reference.to[0]
        raise OrgError(400, "INVALID_FIELD", f"No such column '{key_name}' on sobject of type {asked}")
    if not (key.external_id or key.id_lookup):
        message = (
            f"Field name provided, {key_name} does not match an External ID, Salesforce Id, or indexed field for "
            f"{target.name}"
        )
        raise OrgError(400, "INVALID_FIELD", message)
    try:
        text = as_text(cell(key, value))
    except Refused as refused:
        raise OrgError(400, refused.errors[0].status_code, refused.errors[0].message) from refused
    return None if text is None else ParentKey(relationship, target, key, text, str(value))


def _nested(relationship: str, value: Mapping[str, object]) -> tuple[str, object, object]:
    """The one field that a nested object names, its value, and the type that its attributes say."""
    given = [(name, each) for name, each in value.items() if name != "attributes"]
    if len(given) != 1:
        how_many = "More than 1 field" if given else "No field"
        message = f"{how_many} provided in an external foreign key reference in entity: {relationship}"
        raise OrgError(400, "INVALID_FIELD", message)
    attributes = value.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, Mapping) else None
    return given[0][0], given[0][1], kind


def _target(schema: Schema, reference: Field, kind: object, key_name: str) -> ObjectType | None:
    """The object that the reference means: the one it names, or the first of the possible ones that has the field."""
    possible = [found for name in reference.to if (found := schema.object(name))]
    if isinstance(kind, str):
        possible = [each for each in possible if each.name.lower() == kind.lower()]
    return next((each for each in possible if each.has(key_name)), possible[0] if possible else None)
