"""All values that a picklist offers: which are active, which is the default, and for what each may be chosen."""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.describe import FieldDescribe, ObjectDescribe, PicklistValue, describe
from sf_elt.salesforce.errors import OrgUnavailable, RequestRefused
from sf_elt.salesforce.ids import NotAnId, record_id
from sf_elt.salesforce.names import did_you_mean
from sf_elt.salesforce.replies import understood

_KINDS = frozenset({"picklist", "multipicklist", "combobox"})


@dataclass(frozen=True)
class Choice:
    """One value. `only_for`: the values of the controlling field with which it may be chosen; None for any of them."""

    value: str
    label: str
    active: bool
    default: bool
    only_for: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Picklist:
    """A picklist field and its values, in the order in which people see them.

    `restricted`: the org refuses other values. `several`: a record can have more than one. `controlled_by`: the field
    that decides which values are offered. `record_type`: the record type whose choices these are, None for all.
    """

    object_name: str
    field: str
    label: str
    restricted: bool
    several: bool
    controlled_by: str | None
    record_type: str | None
    choices: tuple[Choice, ...]

    @property
    def active(self) -> tuple[str, ...]:
        """The values that can be chosen today."""
        return tuple(choice.value for choice in self.choices if choice.active)

    @property
    def default(self) -> str | None:
        """The value that a new record has, where there is one."""
        return next((choice.value for choice in self.choices if choice.default), None)

    def offered(self, controlling_value: str) -> tuple[str, ...]:
        """The active values that may be chosen where the controlling field has this value (`true` of a checkbox)."""
        return tuple(
            choice.value
            for choice in self.choices
            if choice.active and (choice.only_for is None or controlling_value in choice.only_for)
        )


def find_picklist(org: Org, object_name: str, field_name: str, *, record_type: str | None = None) -> Picklist:
    """All values of a picklist as describe lists them; or those of one record type, by its name, API name or Id.

    Raises UnknownObject and UnknownField with the nearest names; RequestRefused for a field that is no picklist, and
    for a record type that the object has not.
    """
    described = describe(org, object_name)
    field = described.field(field_name)
    if field.type not in _KINDS:
        raise RequestRefused(f"{described.name}.{field.name} is no picklist but of type {field.type}")
    found = _of_record_type(org, described, field, record_type) if record_type else None
    values = found.values_of(field) if found else field.picklistValues
    return Picklist(
        object_name=described.name,
        field=field.name,
        label=field.label,
        restricted=field.restrictedPicklist,
        several=field.type == "multipicklist",
        controlled_by=field.controllerName,
        record_type=found.name if found else None,
        choices=tuple(_choices(described, field, values)),
    )


def _choices(described: ObjectDescribe, field: FieldDescribe, values: Sequence[PicklistValue]) -> list[Choice]:
    controlling = _controlling_values(described, field)
    return [
        Choice(
            value=each.value,
            label=each.label or each.value,
            active=each.active,
            default=each.defaultValue,
            only_for=None if controlling is None else tuple(_named(each.validFor, controlling)),
        )
        for each in values
    ]


def _controlling_values(described: ObjectDescribe, field: FieldDescribe) -> list[str] | None:
    """The controlling field's values in the order of the bits of `validFor`; a checkbox has `false` before `true`."""
    if field.controllerName is None or field.controllerName not in described.by_name:
        return None
    controller = described.by_name[field.controllerName]
    return ["false", "true"] if controller.type == "boolean" else [each.value for each in controller.picklistValues]


def _named(valid_for: str | None, controlling: Sequence[str]) -> list[str]:
    """The values whose bits are set. The first value's bit is the highest of the first byte (SOAP API Developer Guide,
    "DescribeSObjectResult", PicklistEntry).
    """
    try:
        bits = b64decode(valid_for or "")
    except ValueError:
        raise OrgUnavailable("a picklist: the org's reply has a validFor that is no base64. Run it again") from None
    return [
        value
        for place, value in enumerate(controlling)
        if place >> 3 < len(bits) and bits[place >> 3] & (0x80 >> (place & 7))
    ]


class _PicklistOfType(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    picklistName: str  # noqa: N815 - Salesforce's own name
    picklistValues: tuple[PicklistValue, ...] = ()  # noqa: N815 - Salesforce's own name


class _RecordType(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    developerName: str = ""  # noqa: N815 - Salesforce's own name
    recordTypeId: str  # noqa: N815 - Salesforce's own name
    picklistsForRecordType: tuple[_PicklistOfType, ...] | None = None  # noqa: N815 - Salesforce's own name

    def values_of(self, field: FieldDescribe) -> tuple[PicklistValue, ...]:
        """The field's values in this record type: all of them where it says nothing of the field."""
        listed = {each.picklistName: each.picklistValues for each in self.picklistsForRecordType or ()}
        return listed.get(field.name, field.picklistValues)


class _Layouts(BaseModel):
    recordTypeMappings: tuple[_RecordType, ...] = ()  # noqa: N815 - Salesforce's own name


def _of_record_type(org: Org, described: ObjectDescribe, field: FieldDescribe, wanted: str) -> _RecordType:
    """The record type with what it offers; layouts say so, in one call for all record types."""
    reply = org.session.get(org.url(f"sobjects/{described.name}/describe/layouts")).content
    record_types = understood(_Layouts, reply, f"layouts of {described.name}").recordTypeMappings
    try:
        an_id = record_id(wanted)
    except NotAnId:
        an_id = None
    for each in record_types:
        if each.recordTypeId == an_id or wanted.casefold() in (each.name.casefold(), each.developerName.casefold()):
            return each
    names = [each.name for each in record_types]
    known = f"; it has {', '.join(names)}" if names else "; it has none"
    raise RequestRefused(f"{described.name} has no record type {wanted!r}{did_you_mean(wanted, names)}{known}")
