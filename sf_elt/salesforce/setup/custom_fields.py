"""Custom fields by the Tooling API: what stands of them, and one made."""

from collections.abc import Collection, Iterable, Sequence

import orjson
from pydantic import BaseModel, Field

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import RequestRefused
from sf_elt.salesforce.replies import understood
from sf_elt.salesforce.setup.wanted import FieldDefinition, WantedField
from sf_elt.salesforce.soql import all_of, among, compare, select

_TOOLING = "tooling/sobjects/CustomField"
_TYPES = {
    "string": "Text", "picklist": "Picklist", "multipicklist": "MultiselectPicklist", "boolean": "Checkbox",
    "double": "Number", "reference": "Lookup", "encryptedstring": "EncryptedText",
}  # fmt: skip
_SHORT_TEXT = 255


def find_fields(org: Org, fields: Iterable[WantedField], objects: Collection[str]) -> dict[str, FieldDefinition] | None:
    """Those that stand, hidden ones too, by full name in lower case; None where the user may not know.

    A call for each object and one for each field that stands: the Tooling API gives definitions one by one.
    """
    by_object: dict[str, list[WantedField]] = {}
    for field in fields:
        if field.object_name in objects:
            by_object.setdefault(field.object_name, []).append(field)
    try:
        return {
            full_name: _definition(org, field_id)
            for object_name, some in by_object.items()
            for full_name, field_id in _ids(org, object_name, some).items()
        }
    except RequestRefused as error:
        if error.code in ("INVALID_TYPE", "INSUFFICIENT_ACCESS", "NOT_FOUND"):  # to whom the Tooling API is closed
            return None
        raise


def seen_fields(org: Org, fields: Iterable[WantedField], objects: Collection[str]) -> dict[str, FieldDefinition]:
    """The same as describe shows them: of those only that this user sees."""
    found = {}
    for field in fields:
        shown = org.described[field.object_name].by_name if field.object_name in objects else {}
        described = next((each for name, each in shown.items() if name.lower() == field.name.lower()), None)
        if described is not None:
            kind = _TYPES.get(described.type, described.type.capitalize())
            if described.type == "textarea":
                kind = "LongTextArea" if described.length > _SHORT_TEXT else "TextArea"
            found[field.full_name.lower()] = FieldDefinition(
                type=kind,
                length=described.length or None,
                formula="" if described.calculated else None,
                externalId=described.externalId,
                unique=described.unique,
            )
    return found


def exists(org: Org, field: WantedField) -> bool:
    """Whether the org has a field of that name."""
    return bool(_ids(org, field.object_name, [field]))


def make_field(org: Org, field: WantedField) -> None:
    """One POST, which is not repeated. Raises RequestRefused with the org's words, OrgUnavailable where it is open."""
    org.session.post(
        org.url(_TOOLING),
        data=orjson.dumps({"FullName": field.full_name, "Metadata": field.metadata}),
        headers={"Content-Type": "application/json"},
    )


def _ids(org: Org, object_name: str, fields: Sequence[WantedField]) -> dict[str, str]:
    """Full name in lower case → Id, of fields that belong to no package."""
    where = all_of(
        compare("EntityDefinition.QualifiedApiName", "=", object_name),
        among("DeveloperName", [field.developer_name for field in fields]),
    )
    soql = select(["Id", "DeveloperName", "NamespacePrefix"], "CustomField", where)
    reply = org.session.get(org.url("tooling/query/"), params={"q": soql})
    return {
        f"{object_name}.{each.developer_name}__c".lower(): each.id
        for each in understood(_Fields, reply.content, f"custom fields of {object_name}").records
        if each.namespace is None
    }


def _definition(org: Org, field_id: str) -> FieldDefinition:
    reply = org.session.get(org.url(f"{_TOOLING}/{field_id}"))
    return understood(_Definition, reply.content, "definition of a custom field").metadata


class _Field(BaseModel):
    id: str = Field(alias="Id", pattern="^[0-9A-Za-z]{15,18}$")  # it becomes part of an address
    developer_name: str = Field(alias="DeveloperName")
    namespace: str | None = Field(alias="NamespacePrefix")


class _Fields(BaseModel):
    records: list[_Field]


class _Definition(BaseModel):
    metadata: FieldDefinition = Field(alias="Metadata")
