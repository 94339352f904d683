# ruff: noqa: N815 - the attributes have Salesforce's own names
"""What the org says of its objects and fields. Read once for each open session."""

from collections.abc import Mapping
from functools import cached_property

from pydantic import BaseModel, ConfigDict

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import RequestRefused, UnknownField, UnknownObject
from sf_elt.salesforce.names import did_you_mean
from sf_elt.salesforce.replies import understood
from sf_elt.salesforce.soql import name as checked_name

COMPOUND_TYPES = frozenset({"address", "location", "complexvalue"})


class PicklistValue(BaseModel):
    """One value that a picklist offers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: str
    label: str | None = None
    active: bool = True
    defaultValue: bool = False
    validFor: str | None = None  # of a dependent picklist: base64, one bit for each value of the controlling field


class FieldDescribe(BaseModel):
    """One field of an object, with what it allows."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    filterable: bool = True
    createable: bool = False
    updateable: bool = False
    nillable: bool = True
    calculated: bool = False
    defaultedOnCreate: bool = False
    externalId: bool = False
    caseSensitive: bool = False
    idLookup: bool = False
    restrictedPicklist: bool = False
    picklistValues: tuple[PicklistValue, ...] = ()
    referenceTo: tuple[str, ...] = ()
    relationshipName: str | None = None
    compoundFieldName: str | None = None
    inlineHelpText: str | None = None
    nameField: bool = False
    unique: bool = False
    autoNumber: bool = False
    calculatedFormula: str | None = None
    controllerName: str | None = None  # the field that decides which values a dependent picklist offers

    @property
    def is_readable_in_bulk(self) -> bool:
        """Compound fields only repeat their components, and files do not travel in rows."""
        return self.type not in COMPOUND_TYPES and self.type != "base64"


class ObjectSummary(BaseModel):
    """One object as the org lists it, without its fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    label: str = ""
    keyPrefix: str | None = None
    queryable: bool = True


class _Objects(BaseModel):
    sobjects: tuple[ObjectSummary, ...]


class RecordTypeInfo(BaseModel):
    """One record type of an object, as this user may give it to records."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    recordTypeId: str
    developerName: str = ""
    name: str = ""
    available: bool = True


class ChildRelationship(BaseModel):
    """Records of another object, or of the same, that refer to those of an object by one of their fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    childSObject: str
    field: str
    relationshipName: str | None = None


class ObjectDescribe(BaseModel):
    """One object with its fields, in the org's order."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    label: str = ""
    labelPlural: str = ""
    keyPrefix: str | None = None
    queryable: bool = True
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    recordTypeInfos: tuple[RecordTypeInfo, ...] = ()
    childRelationships: tuple[ChildRelationship, ...] = ()
    fields: tuple[FieldDescribe, ...]

    @cached_property
    def by_name(self) -> Mapping[str, FieldDescribe]:
        return {field.name: field for field in self.fields}

    @cached_property
    def relationships(self) -> Mapping[str, FieldDescribe]:
        """Relationship name → the reference field behind it: `RecordType` → RecordTypeId."""
        return {field.relationshipName: field for field in self.fields if field.relationshipName}

    def field(self, field_name: str) -> FieldDescribe:
        """The field, by its API name in any letter case. Raises UnknownField with the nearest names."""
        found = self.by_name.get(field_name) or next(
            (field for field in self.fields if field.name.lower() == field_name.lower()), None
        )
        if found is None:
            raise UnknownField(
                f"{self.name} has no field {field_name!r}, or this user may not see it"
                f"{did_you_mean(field_name, self.by_name)}",
                code="INVALID_FIELD",
                fields=(field_name,),
            )
        return found


def describe(org: Org, object_name: str) -> ObjectDescribe:
    """The object as the org describes it; asked once for each open session, then remembered.

    Raises UnknownObject with the nearest names of the org's own objects.
    """
    if object_name not in org.described:
        remember(org, object_name, _described(org, object_name))
    return org.described[object_name]


def remember(org: Org, object_name: str, reply: object) -> ObjectDescribe:
    """Has `describe` know from now on what the org has replied of an object, and tells whoever takes note of it."""
    described = understood(ObjectDescribe, reply, f"describe of {object_name}")
    org.described[object_name] = described
    if org.noted is not None:
        org.noted(described)
    return described


def _described(org: Org, object_name: str) -> object:
    try:
        path = f"sobjects/{checked_name(object_name)}/describe"
    except ValueError as error:
        raise unknown_object(org, object_name) from error
    try:
        return org.session.get(org.url(path)).content
    except RequestRefused as error:
        told = told_plainly(org, object_name, error)
        if told is error:
            raise  # and is not its own cause: whoever went through the causes would never end
        raise told from error


def object_list(org: Org) -> tuple[ObjectSummary, ...]:
    """All objects that this user sees, by name; asked once for each open session, then remembered."""
    if not org.listed:
        reply = understood(_Objects, org.session.get(org.url("sobjects")).content, "list of objects")
        org.listed = tuple(sorted(reply.sobjects, key=lambda each: each.name))
    return org.listed


def object_names(org: Org) -> list[str]:
    """The API names of all objects that this user sees."""
    return [each.name for each in object_list(org)]


def told_plainly(org: Org, object_name: str, error: RequestRefused) -> RequestRefused:
    """The error of a refused describe: that there is no such object, with the nearest names, or what it is."""
    no_object = error.code == "NOT_FOUND" or isinstance(error, UnknownObject)
    return unknown_object(org, object_name) if no_object else error


def unknown_object(org: Org, object_name: str) -> UnknownObject:
    """The error for an object that the org does not have, with the nearest names."""
    names = object_names(org)
    return UnknownObject(
        f"the org has no object {object_name!r}, or this user may not see it{did_you_mean(object_name, names)}",
        code="INVALID_TYPE",
    )
