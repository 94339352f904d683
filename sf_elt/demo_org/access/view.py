"""The schema under a user's grants: objects and fields without access are missing, read-only ones say so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sf_elt.demo_org.access.grants import EVERYTHING, NOTHING, FieldRight, Grants, ObjectRight
from sf_elt.demo_org.access.masks import Level, Mask
from sf_elt.demo_org.person_accounts import contact_field
from sf_elt.demo_org.schema import Field, ObjectType, Schema, Write

_CONTROLLED = frozenset({
    "Account", "Asset", "Campaign", "Case", "Contact", "Contract", "Individual", "Lead", "Opportunity", "Order",
    "Pricebook2", "Product2", "Solution",
})  # fmt: skip
_FOLLOWS = {
    "AccountContactRelation": ("Account", "Contact"),
    "AccountContactRole": ("Account", "Contact"),
    "CampaignMember": ("Campaign",),
    "CampaignMemberStatus": ("Campaign",),
    "CaseComment": ("Case",),
    "OpportunityContactRole": ("Opportunity",),
    "OpportunityLineItem": ("Opportunity",),
    "PricebookEntry": ("Pricebook2",),
}
"""Objects without permissions of their own: they go with their parents."""
_OPEN_WITH_FIELD_SECURITY = frozenset({"Event", "Task"})
_CHANGED_WITH = {
    **dict.fromkeys(
        (
            "FieldPermissions", "Group", "GroupMember", "ObjectPermissions", "PermissionSet", "PermissionSetAssignment",
            "Profile", "QueueSobject", "User", "UserRole",
        ),
        "ManageUsers",
    ),
    **dict.fromkeys(("CurrencyType", "Organization", "RecordType"), "CustomizeApplication"),
}  # fmt: skip
"""Objects of the org's setup: everybody reads them, and it takes a permission of the user's to change them."""
_READ: frozenset[ObjectRight] = frozenset({"read"})


def has_object_permissions(object_type: ObjectType) -> bool:
    """Whether ObjectPermissions decide who may use it; what belongs to the org's setup is there for all to read."""
    return object_type.custom or object_type.name in _CONTROLLED


def has_field_permissions(object_type: ObjectType) -> bool:
    """Whether FieldPermissions decide who sees its fields."""
    listed = object_type.name in _FOLLOWS or object_type.name in _OPEN_WITH_FIELD_SECURITY
    return listed or has_object_permissions(object_type)


def has_own_permission(field: Field) -> bool:
    """Whether FieldPermissions have a record of the field.

    The parts of an address go with the address, what a person's account says of its contact with the contact's field.
    """
    return field.permissionable and field.compound is None and not field.of_person_contact


def view(schema: Schema, grants: Grants, masks: Sequence[Mask] = ()) -> Schema:
    """The schema as somebody with these grants sees it; objects that look the same to all are the same objects."""
    rights = {each.name: _rights(each, grants) for each in schema.objects}
    for mask in masks:
        if mask.field_name is None and mask.object_name in rights:
            rights[mask.object_name] &= NOTHING if mask.level == "none" else {"read"}
    fields = {(mask.object_name, mask.field_name): mask.level for mask in masks}
    seen = []
    for each in schema.objects:
        followed = rights[each.name].intersection(*(rights.get(name, EVERYTHING) for name in _followed(each)))
        if "read" in followed:
            seen.append(_seen(each, followed, grants, fields))
    return schema if tuple(seen) == schema.objects else Schema(tuple(seen))


def _followed(object_type: ObjectType) -> tuple[str, ...]:
    return (object_type.history_of,) if object_type.history_of else _FOLLOWS.get(object_type.name, ())


def _rights(object_type: ObjectType, grants: Grants) -> frozenset[ObjectRight]:
    if has_object_permissions(object_type):
        return grants.object_rights(object_type.name)
    needed = _CHANGED_WITH.get(object_type.name)
    return EVERYTHING if needed is None or needed in grants.permissions else _READ


def _seen(
    object_type: ObjectType,
    rights: frozenset[ObjectRight],
    grants: Grants,
    masked: Mapping[tuple[str, str | None], Level],
) -> ObjectType:
    secured = has_field_permissions(object_type)
    levels: dict[str, FieldRight | None] = {}
    for each in object_type.fields:
        level: FieldRight | None = "edit"
        if secured and (has_own_permission(each) or each.of_person_contact):
            owner = ("Contact", contact_field(each)) if each.of_person_contact else (object_type.name, each.name)
            level = grants.field_right(*owner)
            mask = masked.get(owner)
            level = None if mask == "none" else "read" if mask == "read" and level else level
        levels[each.name] = level
    fields = tuple(
        _limited(each, rights, level)
        for each in object_type.fields
        if (level := levels.get(each.compound or "", "edit") and levels[each.name])
    )
    limited = replace(
        object_type,
        fields=fields,
        createable=object_type.createable and "create" in rights,
        updateable=object_type.updateable and "edit" in rights,
        deletable=object_type.deletable and "delete" in rights,
        undeletable=object_type.undeletable and "delete" in rights,
    )
    return object_type if limited == object_type else limited


def _limited(field: Field, rights: frozenset[ObjectRight], level: FieldRight) -> Field:
    """The field with no more ways of writing than the rights to its object leave."""
    if not (field.createable or field.updateable):
        return field
    createable = level == "edit" and "create" in rights and field.write in ("always", "create")
    updateable = level == "edit" and "edit" in rights and field.write in ("always", "update")
    write = _WAYS[createable, updateable]
    return field if write == field.write else replace(field, write=write)


_WAYS: dict[tuple[bool, bool], Write] = {
    (True, True): "always",
    (True, False): "create",
    (False, True): "update",
    (False, False): "never",
}
