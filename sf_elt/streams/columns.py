"""The columns of a stream, from the org's describe."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sf_elt.salesforce import (
    FieldDescribe,
    ObjectDescribe,
    Org,
    SalesforceError,
    UnknownField,
    UnknownObject,
    describe,
    did_you_mean,
)
from sf_elt.salesforce.describe import COMPOUND_TYPES
from sf_elt.streams.errors import SpecRefused
from sf_elt.streams.source_names import documented_fields
from sf_elt.streams.windows import StreamSpec, timestamp_field

log = logging.getLogger(__name__)

# Amounts are DOUBLE because Salesforce itself computes and rounds them as doubles: 18 digits at most, any scale.
# A time of day has no date and no zone, whatever the Z in 10:30:00.000Z says. A multi-select picklist is a list of the
# values that Salesforce joins with semicolons. What is not named here is text: picklists, ids, references, anyType.
SQL_TYPES = {
    "boolean": "BOOLEAN",
    "int": "BIGINT",
    "long": "BIGINT",
    "double": "DOUBLE",
    "currency": "DOUBLE",
    "percent": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "time": "TIME",
    "multipicklist": "VARCHAR[]",
}

# What a save moves by itself, or a mere look at the record.
AUDIT_FIELDS = frozenset(
    {"SystemModstamp", "LastModifiedDate", "LastModifiedById", "LastViewedDate", "LastReferencedDate"}
)

# What the standard set has beyond the documented names.
STANDARD_BESIDES = ("Name", "CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted", "IsConverted")


@dataclass(frozen=True)
class Column:
    """One column: the API name, dotted for a related field, its DuckDB type, and its label and help text."""

    name: str
    sql_type: str
    comment: str = ""


@dataclass(frozen=True)
class StreamColumns:
    """What is read for a stream, and by which fields it is cut, ordered and deleted.

    `substance` are the fields whose change is a modification by somebody: neither audit fields nor our own exports'.
    `label` is what the org calls the object. Without a timestamp field (`windows.WHOLE`) the object is read whole; one
    that has no time at all has Id for its version: all versions are equal then, and told apart by their content.
    """

    columns: tuple[Column, ...]
    timestamp_field: str
    version_field: str
    has_deleted: bool
    substance: tuple[str, ...]
    label: str = ""

    @property
    def has_versions(self) -> bool:
        return self.version_field != "Id"

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def stream_columns(org: Org, spec: StreamSpec) -> StreamColumns:
    """The columns that the spec asks for, typed by the org's describe.

    Raises UnknownObject, UnknownField (did you mean …), SpecRefused.
    """
    described = describe(org, spec.object)
    cut_by = timestamp_field(spec, described)
    needed = [name for name in ("Id", cut_by, "SystemModstamp", "IsDeleted") if name in described.by_name]
    excluded = {column.name for column in _asked(org, described, spec, spec.exclude_fields)}
    if not excluded.isdisjoint(needed):
        kept = ", ".join(sorted(excluded.intersection(needed)))
        raise UnknownField(f"{spec.stream}: exclude_fields: {kept} cannot be left out, the import works by it")
    wanted = [
        *(_plain(described, name) for name in needed),
        *_chosen(org, described, spec),
        *_asked(org, described, spec, spec.additional_fields),
    ]
    columns = {column.name: column for column in wanted if column.name not in excluded}
    return StreamColumns(
        columns=tuple(columns.values()),
        timestamp_field=cut_by,
        version_field="SystemModstamp" if "SystemModstamp" in described.by_name else cut_by or "Id",
        has_deleted="IsDeleted" in described.by_name,
        substance=_substance(columns, cut_by, spec.written_fields),
        label=described.label,
    )


def _substance(columns: Iterable[str], cut_by: str, written: Iterable[str]) -> tuple[str, ...]:
    ours = {name.lower() for name in written}
    return tuple(name for name in columns if name not in AUDIT_FIELDS and name != cut_by and name.lower() not in ours)


def _chosen(org: Org, described: ObjectDescribe, spec: StreamSpec) -> list[Column]:
    """The columns of `fields`: those that were named, or one of the sets."""
    if spec.fields is None or spec.fields == "all":
        own = [_plain(described, field.name) for field in described.fields if field.is_readable_in_bulk]
        return own + _related_columns(described, documented_fields(described.name))
    if spec.fields == "standard":
        return _standard_columns(described, spec)
    return _asked(org, described, spec, spec.fields)


def _standard_columns(described: ObjectDescribe, spec: StreamSpec) -> list[Column]:
    """The documented fields that this org has, every link to another record, and what profiles and exports work by."""
    documented = documented_fields(described.name)
    if not documented:
        raise SpecRefused(
            f"{spec.stream}: there is no standard set of fields for {described.name}: set `fields` to all, or list them"
        )
    wanted = {name.lower() for name in (*documented, *STANDARD_BESIDES, *spec.written_fields)}
    own = [
        _plain(described, field.name)
        for field in described.fields
        if field.is_readable_in_bulk and (field.name.lower() in wanted or _is_standard_link(field))
    ]
    return own + _related_columns(described, documented)


def _is_standard_link(field: FieldDescribe) -> bool:
    return field.type == "reference" and not field.name.endswith("__c")


def _related_columns(described: ObjectDescribe, documented: Mapping[str, str]) -> list[Column]:
    """Those of the documented fields that are a related record's, as far as the object has the relationship."""
    return [
        Column(field, sql_type, f"{reference.label}: {field.partition('.')[2]}")
        for field, sql_type in documented.items()
        if "." in field and (reference := described.relationships.get(field.partition(".")[0])) is not None
    ]


def _asked(org: Org, described: ObjectDescribe, spec: StreamSpec, names: tuple[str, ...]) -> list[Column]:
    return [column for name in names for column in _known(org, described, spec, name)]


def _known(org: Org, described: ObjectDescribe, spec: StreamSpec, name: str) -> list[Column]:
    """The column of a configured name, also of a related field; several of a compound field. Raises UnknownField."""
    relationship, dot, related = name.partition(".")
    try:
        if dot:
            return [_related(org, described, relationship, related)]
        field = described.field(name)
        if field.type in COMPOUND_TYPES:
            return _components(described, spec, field)
        return [_plain(described, name)]
    except UnknownField as error:
        raise UnknownField(f"{spec.stream}: {error}", code=error.code, fields=error.fields) from error


def _components(described: ObjectDescribe, spec: StreamSpec, compound: FieldDescribe) -> list[Column]:
    """The columns of an address, a place or a name: bulk queries refuse the compound field itself."""
    parts = [
        _plain(described, field.name)
        for field in described.fields
        if field.compoundFieldName == compound.name and field.is_readable_in_bulk
    ]
    if not parts:
        raise UnknownField(
            f"{described.name}.{compound.name} is of type {compound.type}, of which this user may see no component",
            fields=(compound.name,),
        )
    log.info("%s: %s is read as its components: %s", spec.stream, compound.name, ", ".join(part.name for part in parts))
    return parts


def _plain(described: ObjectDescribe, name: str) -> Column:
    field = described.field(name)
    if field.type == "base64":
        raise UnknownField(
            f"{described.name}.{field.name} holds whole files, which no query brings: each costs a call of its own and "
            "does not belong into a table. Leave it out of `fields`; read a file by its Id from "
            f"sobjects/{described.name}/ID/{field.name}",
            fields=(field.name,),
        )
    if field.type in COMPOUND_TYPES:
        raise UnknownField(
            f"{described.name}.{field.name} is of type {field.type}, which does not travel in rows; "
            "import its components instead",
            fields=(field.name,),
        )
    return Column(field.name, SQL_TYPES.get(field.type, "VARCHAR"), _comment(field))


def _comment(field: FieldDescribe) -> str:
    """What people call the field, and what its help text says."""
    return f"{field.label}: {field.inlineHelpText}" if field.inlineHelpText else field.label


def _related(org: Org, described: ObjectDescribe, relationship: str, name: str) -> Column:
    reference = described.relationships.get(relationship)
    if reference is None or not reference.referenceTo:
        raise UnknownField(
            f"{described.name} has no relationship {relationship!r}"
            f"{did_you_mean(relationship, list(described.relationships))}",
            fields=(f"{relationship}.{name}",),
        )
    errors: list[SalesforceError] = []
    for parent in reference.referenceTo:  # an owner is a user or a queue: the first that has the field
        try:
            column = _plain(describe(org, parent), name)
        except (UnknownField, UnknownObject) as error:  # this user may not see every parent
            errors.append(error)
            continue
        return Column(f"{relationship}.{column.name}", column.sql_type, f"{reference.label}: {column.comment}")
    said = [error for error in errors if isinstance(error, UnknownField)] or errors
    raise UnknownField(str(said[0]), code=said[0].code, fields=(f"{relationship}.{name}",))
