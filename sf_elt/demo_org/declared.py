"""The objects that the demo org begins with, read from `objects/*.yaml` into the classes of `schema`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml
from pydantic import ConfigDict, TypeAdapter, with_config

from sf_elt.demo_org.history import history_object
from sf_elt.demo_org.schema import ID_COUNT, SYSTEM, Field, FieldType, ObjectType

_DEFAULT_LENGTHS: Mapping[FieldType, int] = {
    "id": 18, "reference": 18, "email": 80, "phone": 40, "url": 255, "picklist": 40,
}  # fmt: skip
_ID_NUMBER = f"lpad(CAST({ID_COUNT} AS VARCHAR), 8, '0')"


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class _ObjectFile:
    name: str
    label: str
    plural: str
    key_prefix: str
    fields: dict[str, dict[str, object]]
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    replicateable: bool = True
    searchable: bool | None = None
    layoutable: bool | None = None
    triggerable: bool | None = None
    recent: bool | None = None
    feeds: bool = False
    deep_cloneable: bool = False
    prefix_told: bool = True
    scopes: tuple[str, ...] = ()
    currency: bool = True
    history: tuple[str, ...] = ()


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class _SharedFile:
    audit_fields: dict[str, dict[str, object]]
    address_parts: dict[str, dict[str, object]]
    picklists: dict[str, list[str]]


_object_file = TypeAdapter(_ObjectFile)
_shared_file = TypeAdapter(_SharedFile)
_field = TypeAdapter(Field)


def declared_objects() -> tuple[ObjectType, ...]:
    """The objects in the order of their names. Raises pydantic.ValidationError where a file is not as it should be."""
    folder = files("sf_elt.demo_org").joinpath("objects")
    shared = _shared_file.validate_python(_read_yaml(folder / "_shared.yaml"))
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".yaml") and each.name[0] != "_")
    raw = [_read_yaml(folder / name) for name in names]
    declared = [_object_type(_object_file.validate_python(each), shared) for each in raw]
    return tuple(sorted([*declared, *(history_object(each) for each in declared if each.tracked)], key=_name))


def _name(object_type: ObjectType) -> str:
    return object_type.name


def declare_object(facts: Mapping[str, object]) -> ObjectType:
    """An object as a file in `objects/` would declare it. Raises pydantic.ValidationError for what no file may say."""
    shared = _shared_file.validate_python(_read_yaml(files("sf_elt.demo_org").joinpath("objects", "_shared.yaml")))
    return _object_type(_object_file.validate_python(facts), shared)


def _read_yaml(file: Traversable) -> object:
    """Reads with libyaml where PyYAML has it: ten times quicker, and it is a good part of the org's start."""
    if yaml.__with_libyaml__:
        return yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return yaml.safe_load(file.read_text("utf-8"))


def _object_type(file: _ObjectFile, shared: _SharedFile) -> ObjectType:
    fields = [Field("Id", "id", f"{file.label} ID", length=18, write="never", id_lookup=True)]
    if file.deletable:
        fields.append(Field("IsDeleted", "boolean", "Deleted", write="never"))
    for name, facts in file.fields.items():
        declared = _read_field(name, facts, shared)
        if declared.type == "address":
            fields.extend(_address_parts(declared, shared))
        if declared.type == "location":
            fields.extend(location_parts(declared))
        fields.append(declared)
    if file.currency:
        fields.append(_currency_field(shared))
    fields.extend(
        replace(_read_field(name, facts, shared), write="never", required=True, default=SYSTEM)
        for name, facts in shared.audit_fields.items()
    )
    return ObjectType(
        name=file.name,
        label=file.label,
        plural=file.plural,
        key_prefix=file.key_prefix,
        fields=tuple(fields),
        createable=file.createable,
        updateable=file.updateable,
        deletable=file.deletable,
        undeletable=file.undeletable,
        mergeable=file.mergeable,
        replicateable=file.replicateable,
        searchable=file.createable if file.searchable is None else file.searchable,
        layoutable=file.createable if file.layoutable is None else file.layoutable,
        triggerable=file.deletable if file.triggerable is None else file.triggerable,
        recent=file.createable if file.recent is None else file.recent,
        feeds=file.feeds,
        deep_cloneable=file.deep_cloneable,
        prefix_told=file.prefix_told,
        scopes=file.scopes,
        tracked=file.history,
    )


def _read_field(name: str, facts: Mapping[str, object], shared: _SharedFile) -> Field:
    values = dict(facts)
    picklist = values.get("picklist")
    if isinstance(picklist, str):
        values["picklist"] = shared.picklists[picklist]
    found = _field.validate_python({"name": name, **values})
    if not found.length:
        found = replace(found, length=_DEFAULT_LENGTHS.get(found.type, 0))
    if found.type == "reference" and found.relationship is None:
        found = replace(found, relationship=name.removesuffix("Id"))
    if found.type == "base64":
        found = replace(found, filterable=False)
    if found.auto_number:
        found = replace(found, write="never", sql=_ID_NUMBER)
    return replace(found, relationship=None) if found.relationship == "none" else found


def _address_parts(address: Field, shared: _SharedFile) -> list[Field]:
    prefix = address.name.removesuffix("Address")
    label = address.label.removesuffix("Address")
    parts = [_read_field(name, facts, shared) for name, facts in shared.address_parts.items()]
    return [replace(part, name=prefix + part.name, label=label + part.label, compound=address.name) for part in parts]


def location_parts(location: Field) -> list[Field]:
    """The two fields that a geolocation field is made of."""
    stem = location.name.removesuffix("__c")
    return [
        Field(
            f"{stem}__{name}__s", "double", f"{location.label} ({name})", precision=18, scale=6, compound=location.name
        )
        for name in ("Latitude", "Longitude")
    ]


def _currency_field(shared: _SharedFile) -> Field:
    """The currency of a record's amounts, as every object of a multi-currency org has it."""
    currencies = tuple(shared.picklists["currencies"])
    return Field(
        "CurrencyIsoCode", "picklist", "Currency ISO Code", length=3, restricted=True,
        default=currencies[0], picklist=currencies,
    )  # fmt: skip
