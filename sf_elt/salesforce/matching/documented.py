"""What Salesforce documents of fields that records cannot be matched by, for as long as the org has not been asked.

SOQL filters by "any field except a long text area field, encrypted data field, or base64-encoded field" (SOQL and SOSL
Reference, "WHERE"); an address is none of its parts ("Compound Fields"). Which standard fields are of these kinds, and
which few others are without the property Filter, the Object Reference says.
"""

from collections.abc import Mapping

from sf_elt.salesforce.describe import COMPOUND_TYPES, FieldDescribe, ObjectDescribe

_KINDS: Mapping[str, Mapping[str, str]] = {
    "Account": {
        "Description": "textarea",
        "ChannelProgramName": "string",
        "ChannelProgramLevelName": "string",
        "BillingAddress": "address",
        "ShippingAddress": "address",
        "PersonMailingAddress": "address",
        "PersonOtherAddress": "address",
    },
    "Campaign": {"Description": "textarea"},
    "Case": {"Description": "textarea", "Comments": "textarea"},
    "Contact": {"Description": "textarea", "MailingAddress": "address", "OtherAddress": "address"},
    "Event": {"Description": "textarea", "Recurrence2PatternText": "textarea"},
    "Lead": {"Description": "textarea", "Address": "address"},
    "Opportunity": {"Description": "textarea", "HasOpenActivity": "boolean", "HasOverdueTask": "boolean"},
    "Task": {"Description": "textarea"},
    "User": {"Address": "address"},
}
_TO_TAKE: Mapping[str, Mapping[str, str]] = {
    "Contact": {"Email": "email"},
    "Lead": {"Email": "email"},
    "User": {"Email": "email"},
}


def documented(object_name: str, field_name: str) -> ObjectDescribe | None:
    """The object with that field and with what can be taken in its place; None where nothing speaks against it."""
    known = next((name for name in _KINDS if name.casefold() == object_name.casefold()), None)
    if known is None or field_name.casefold() not in (each.casefold() for each in _KINDS[known]):
        return None
    kinds = {"Id": "id", **_TO_TAKE.get(known, {}), **_KINDS[known]}
    fields = (
        FieldDescribe(name=name, type=kind, filterable=name not in _KINDS[known] or kind in COMPOUND_TYPES)
        for name, kind in kinds.items()
    )
    return ObjectDescribe(name=known, fields=tuple(fields))
