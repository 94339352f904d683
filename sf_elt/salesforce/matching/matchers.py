"""Which fields records can be matched by."""

from collections.abc import Sequence

from sf_elt.salesforce.describe import FieldDescribe, ObjectDescribe
from sf_elt.salesforce.errors import RequestRefused

TEXTS = frozenset({"string", "email", "phone", "url", "picklist", "combobox", "textarea", "encryptedstring"})
IDS = frozenset({"id", "reference"})
NUMBERS = frozenset({"int", "double", "currency", "percent"})
MATCHED_TYPES = TEXTS | IDS | NUMBERS | {"boolean", "date", "datetime"}

_ADVISED = 4  # fields that are named in place of one that cannot be a matcher


class CannotMatch(RequestRefused):
    """A field that no record can be matched by."""


def check_matchers(described: ObjectDescribe, fields: Sequence[str]) -> tuple[FieldDescribe, ...]:
    """The fields, named in any letter case, that records of the object are to be matched by.

    Raises UnknownField with the nearest name; CannotMatch, with the reason and with fields that can be taken, for one
    that Salesforce does not filter by, for one that is named twice, and where none is named.
    """
    if not fields:
        raise CannotMatch(f"{described.name}: name a field to match records by, such as {_advice(described)}")
    found = tuple(described.field(name) for name in fields)
    for place, field in enumerate(found):
        if field in found[:place]:
            raise CannotMatch(f"{described.name}.{field.name} is named twice", fields=(field.name,))
        if why := why_no_matcher(field):
            raise CannotMatch(
                f"{described.name}.{field.name} is {why}; take {_advice(described)}",
                code="INVALID_FIELD",
                fields=(field.name,),
            )
    return found


def why_no_matcher(field: FieldDescribe) -> str:
    """Why it cannot be a matcher; empty where it can be one."""
    if not field.filterable:
        return f"{_a(field.type)} that Salesforce does not filter by"
    if field.type == "multipicklist":
        return "a multipicklist, whose several values do not compare as one"
    return "" if field.type in MATCHED_TYPES else f"{_a(field.type)}, which does not compare as one value"


def _advice(described: ObjectDescribe) -> str:
    """`Id, Email or Customer_Number__c`: what identifies a record rather than describes it."""
    telling = [
        field.name
        for field in described.fields
        if not why_no_matcher(field) and (field.type in ("id", "email") or field.externalId or field.unique)
    ]
    *others, last = telling[:_ADVISED] or ["Id"]
    return f"{', '.join(others)} or {last}" if others else last


def _a(kind: str) -> str:
    return f"an {kind}" if kind[:1] in "aeiou" else f"a {kind}"
