"""What people call the fields: the labels of Salesforce's own pages, in place of API names."""

from collections.abc import Sequence

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.describe import FieldDescribe, ObjectDescribe, describe

_KINDS = {
    "anyType": "Any", "base64": "File", "boolean": "Checkbox", "combobox": "Picklist, other text allowed",
    "currency": "Currency", "date": "Date", "datetime": "Date/Time", "double": "Number", "email": "Email",
    "encryptedstring": "Encrypted Text", "id": "Record ID", "int": "Number", "location": "Geolocation",
    "multipicklist": "Picklist (Multi-Select)", "percent": "Percent", "phone": "Phone", "picklist": "Picklist",
    "string": "Text", "textarea": "Text Area", "time": "Time", "url": "URL", "address": "Address",
}  # fmt: skip


def labels(org: Org, object_name: str, fields: Sequence[str] = ()) -> dict[str, str]:
    """The fields' labels by their API names, of all fields unless some are named.

    A related record's field has both labels, `Account.Industry` → `Account: Industry`, and its name only the first:
    `Owner.Name` → `Owner`. Raises UnknownObject, UnknownField.
    """
    described = describe(org, object_name)
    return {each: _label(org, described, each) for each in fields or [field.name for field in described.fields]}


def type_label(field: FieldDescribe) -> str:
    """The kind of a field as Setup calls it, with its size: `Text (80)`, `Number (16, 2)`, `Lookup (Account, Lead)`."""
    if field.type == "reference":
        return f"Lookup ({', '.join(field.referenceTo)})" if field.referenceTo else "Lookup"
    kind = _KINDS.get(field.type, field.type)
    if field.autoNumber:
        kind = "Auto Number"
    elif field.type in ("string", "textarea", "encryptedstring") and field.length:
        kind = f"{kind} ({field.length})"
    elif field.type in ("double", "currency", "percent") and field.precision:
        kind = f"{kind} ({field.precision - field.scale}, {field.scale})"
    return f"Formula: {kind}" if field.calculatedFormula else kind


def is_required(field: FieldDescribe) -> bool:
    """Whether a new record must be given a value: the field may not be empty, and nothing fills it in."""
    return field.createable and not field.nillable and not field.defaultedOnCreate


def _label(org: Org, described: ObjectDescribe, field_name: str) -> str:
    first, dot, rest = field_name.partition(".")
    if not dot:
        return described.field(first).label or first
    reference = described.relationships.get(first)
    above = (reference.label if reference else first).removesuffix(" ID")
    if rest == "Name":
        return above
    below = describe(org, reference.referenceTo[0]) if reference and len(reference.referenceTo) == 1 else None
    return f"{above}: {_label(org, below, rest) if below else rest}"
