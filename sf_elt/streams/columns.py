"""The columns of a stream, from the org's describe."""

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
from sf_elt.streams.errors import SpecRefused
from sf_elt.streams.source_names import documented_fields, related_fields
from sf_elt.streams.windows import StreamSpec, timestamp_field

# Amounts are DOUBLE because Salesforce itself computes and rounds them as doubles: 18 digits at most, any scale.
# A time of day stays text: Salesforce writes 10:30:00.000Z and means no date. What is not named here is text as well.
SQL_TYPES = {
    "boolean": "BOOLEAN",
    "int": "BIGINT",
    "long": "BIGINT",
    "double": "DOUBLE",
    "currency": "DOUBLE",
    "percent": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}

# What a save moves by itself, or a mere look at the record.
AUDIT_FIELDS = frozenset(
    {"SystemModstamp", "LastModifiedDate", "LastModifiedById", "LastViewedDate", "LastReferencedDate"}
)

# What the standard set has beyond the documented names.
STANDARD_BESIDES = ("Name", "CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted", "IsConverted")


@dataclass(frozen=True)
class Column:
    """One column: the API name, dotted for a related field, and its DuckDB type."""

    name: str
    sql_type: str


@dataclass(frozen=True)
class StreamColumns:
    """What is read for a stream, and by which fields it is cut, ordered and deleted.

    `substance` are the fields whose change is a modification by somebody: neither audit fields nor our own exports'.
    """

    columns: tuple[Column, ...]
    timestamp_field: str
    version_field: str
    has_deleted: bool
    substance: tuple[str, ...]

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
    excluded = {_known(org, described, spec, name).name for name in spec.exclude_fields}
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
        version_field="SystemModstamp" if "SystemModstamp" in described.by_name else cut_by,
        has_deleted="IsDeleted" in described.by_name,
        substance=_substance(columns, cut_by, spec.written_fields),
    )


def _substance(columns: Iterable[str], cut_by: str, written: Iterable[str]) -> tuple[str, ...]:
    ours = {name.lower() for name in written}
    return tuple(name for name in columns if name not in AUDIT_FIELDS and name != cut_by and name.lower() not in ours)


def _chosen(org: Org, described: ObjectDescribe, spec: StreamSpec) -> list[Column]:
    """The columns of `fields`: those that were named, or one of the sets."""
    if spec.fields is None or spec.fields == "all":
        own = [_plain(described, field.name) for field in described.fields if field.is_readable_in_bulk]
        return own + _related_columns(described, related_fields(spec.stream))
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
    return own + _related_columns(described, {name: type_ for name, type_ in documented.items() if "." in name})


def _is_standard_link(field: FieldDescribe) -> bool:
    return field.type == "reference" and not field.name.endswith("__c")


def _related_columns(described: ObjectDescribe, fields: Mapping[str, str]) -> list[Column]:
    return [
        Column(field, sql_type)
        for field, sql_type in fields.items()
        if field.partition(".")[0] in described.relationships
    ]


def _asked(org: Org, described: ObjectDescribe, spec: StreamSpec, names: tuple[str, ...]) -> list[Column]:
    return [_known(org, described, spec, name) for name in names]


def _known(org: Org, described: ObjectDescribe, spec: StreamSpec, name: str) -> Column:
    """The column of a configured name, also of a related field. Raises UnknownField."""
    relationship, dot, related = name.partition(".")
    try:
        if not dot:
            return _plain(described, name)
        return _related(org, described, relationship, related)
    except UnknownField as error:
        raise UnknownField(f"{spec.stream}: {error}", code=error.code, fields=error.fields) from error


def _plain(described: ObjectDescribe, name: str) -> Column:
    field = described.field(name)
    if not field.is_readable_in_bulk:
        raise UnknownField(
            f"{described.name}.{field.name} is of type {field.type}, which does not travel in rows; "
            "import its components instead",
            fields=(field.name,),
        )
    return Column(field.name, SQL_TYPES.get(field.type, "VARCHAR"))


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
        return Column(f"{relationship}.{column.name}", column.sql_type)
    said = [error for error in errors if isinstance(error, UnknownField)] or errors
    raise UnknownField(str(said[0]), code=said[0].code, fields=(f"{relationship}.{name}",))
