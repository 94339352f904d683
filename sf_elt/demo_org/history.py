"""The history objects: `LeadHistory` says of each lead which of its tracked fields changed, when, from what to what.

An object's file lists the fields under `history`. Of its timestamps such an object has CreatedDate alone, and nobody
writes it (Object Reference, "StandardObjectNameHistory"; recorded: keyPrefix is null, the parent calls it `Histories`).
"""

from sf_elt.demo_org.schema import SYSTEM, Field, ObjectType, Schema

CREATED, CONVERTED = "created", "leadConverted"
"""What stands in Field where no field changed."""

_KEY_PREFIX = "017"
_DATA_TYPES = {
    "boolean": "Boolean", "currency": "Currency", "date": "DateOnly", "datetime": "DateTime", "double": "Double",
    "email": "Email", "int": "Double", "multipicklist": "MultiEnum", "percent": "Percent", "phone": "Phone",
    "picklist": "DynamicEnum", "reference": "EntityId", "string": "Text", "textarea": "MultiLineText",
    "time": "TimeOnly", "url": "Url",
}  # fmt: skip
_ALL_TYPES = tuple(sorted(set(_DATA_TYPES.values())))


def history_object(parent: ObjectType) -> ObjectType:
    """The object that keeps the changes of another one's tracked fields. Raises ValueError for an unknown field."""
    unknown = [name for name in parent.tracked if not parent.has(name)]
    if unknown:
        raise ValueError(f"{parent.name} tracks {', '.join(unknown)}: no such field")
    reference, relationship = ("ParentId", "Parent") if parent.custom else (f"{parent.name}Id", parent.name)
    values = (*special_events(parent), *map(field_name, parent.tracked))
    name = parent.name.removesuffix("__c") + "__History" if parent.custom else f"{parent.name}History"
    label = f"{parent.label} History"
    if parent.name == "Opportunity":  # OpportunityHistory is another object, of stages alone
        name, label = "OpportunityFieldHistory", "Opportunity Field History"
    return ObjectType(
        name=name,
        label=label,
        plural=label,
        key_prefix=_KEY_PREFIX,
        fields=(
            Field("Id", "id", f"{parent.label} History ID", length=18, write="never"),
            Field("IsDeleted", "boolean", "Deleted", write="never"),
            Field(
                reference, "reference", f"{parent.label} ID", length=18, required=True, write="never",
                to=(parent.name,), relationship=relationship, children="Histories", cascade=True,
            ),
            Field(
                "CreatedById", "reference", "Created By ID", length=18, required=True, write="never",
                to=("User",), relationship="CreatedBy", default=SYSTEM,
            ),
            Field("CreatedDate", "datetime", "Created Date", required=True, write="never", default=SYSTEM),
            Field(
                "Field", "picklist", "Changed Field", length=255, required=True, restricted=True, write="never",
                picklist=values,
            ),
            Field("DataType", "picklist", "Datatype", length=40, restricted=True, write="never", picklist=_ALL_TYPES),
            Field("OldValue", "anyType", "Old Value", length=255, write="never", filterable=False),
            Field("NewValue", "anyType", "New Value", length=255, write="never", filterable=False),
        ),
        createable=False,
        updateable=False,
        deletable=False,
        undeletable=False,
        searchable=False,
        layoutable=False,
        triggerable=False,
        recent=False,
        history_of=parent.name,
    )  # fmt: skip


def parent_field(history: ObjectType) -> Field:
    """The reference to the record whose history it is."""
    return next(each for each in history.fields if each.to == (history.history_of,))


def merged(parent: ObjectType) -> str:
    """What stands in Field where another record was merged into this one."""
    return f"{parent.name.lower()}Merged"


def special_events(parent: ObjectType) -> tuple[str, ...]:
    """What may stand in Field beside the names of fields."""
    return (CREATED, *((merged(parent),) if parent.mergeable else ()), *((CONVERTED,) if parent.name == "Lead" else ()))


def field_name(name: str) -> str:
    """How Field calls a field: a standard reference without its Id (`Owner`), all others by their own name."""
    return name.removesuffix("Id")


def hidden_changes(schema: Schema, history: ObjectType) -> list[str]:
    """The values of Field that a user must not see: changes of fields that the user's schema does not have."""
    parent = schema.object(history.history_of or "")
    hidden = [] if parent is None else [name for name in parent.tracked if not parent.has(name)]
    return [field_name(name) for name in hidden]


def data_type(field: Field) -> str:
    """What DataType says of a change of the field."""
    return _DATA_TYPES[field.type]


def keeps_values(field: Field) -> bool:
    """Whether a change is kept with its values: of long texts and multi-select picklists only that they changed."""
    return not field.long_text and field.type != "multipicklist"
