"""Which fields and how many rows an ad-hoc read is to bring."""

from dataclasses import dataclass, replace

from sf_elt.salesforce import Org, UnknownField, describe, did_you_mean
from sf_elt.streams.columns import Column, StreamColumns, stream_columns
from sf_elt.streams.errors import SpecRefused
from sf_elt.streams.windows import WHOLE, StreamSpec


@dataclass(frozen=True)
class Wanted:
    """Only these `fields` of records that the stream has; the `limit` newest rows of the window. Nothing is all.

    `bounds` are the names of those of the window's bounds that somebody has set: `since`, `until`.
    """

    fields: tuple[str, ...] = ()
    limit: int | None = None
    bounds: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return not self.fields and self.limit is None


def require_bounds(org: Org, spec: StreamSpec, wanted: Wanted) -> None:
    """Raises SpecRefused where bounds are set for an object that has no time to hold them against."""
    chosen(org, spec, stream_columns(org, spec), wanted)


def chosen(org: Org, spec: StreamSpec, columns: StreamColumns, wanted: Wanted) -> StreamColumns:
    """The columns to read: all, or Id and version with those that are wanted.

    Raises UnknownField (did you mean …) for one that the import does not read, SpecRefused for an object that is read
    whole: it has no time to hold bounds against, and no version by which a field could be newer than its row.
    """
    if wanted.bounds and columns.timestamp_field == WHOLE:
        raise SpecRefused(
            f"{spec.stream}: {spec.object} is read whole each time, so there is no time to hold "
            f"{' and '.join(wanted.bounds)} against: leave it out"
        )
    if not wanted.fields:
        return columns
    if columns.timestamp_field == WHOLE:
        raise SpecRefused(
            f"{spec.stream}: {spec.object} is read whole each time, so a read of some of its fields has no version to "
            "go by: leave out `fields`"
        )
    keys = (Column("Id", "VARCHAR"), Column(columns.version_field, "TIMESTAMP"))
    known = {column.name.lower(): column for column in columns.columns}
    asked = {name.lower(): _known(org, spec, known, name) for name in wanted.fields}
    fields = tuple(column for column in asked.values() if column.name not in _always_read(columns))
    if not fields:
        raise SpecRefused(
            f"{spec.stream}: {', '.join(wanted.fields)}: every read brings that; name the fields that are to be read"
        )
    return replace(columns, columns=(*keys, *fields), has_deleted=False)


def _always_read(columns: StreamColumns) -> set[str]:
    """What tells a record's versions apart belongs to the version that stands."""
    return {"Id", "IsDeleted", columns.version_field, columns.timestamp_field}


def _known(org: Org, spec: StreamSpec, known: dict[str, Column], name: str) -> Column:
    if (column := known.get(name.lower())) is not None:
        return column
    names = {column.name: column for column in known.values()}
    of_object = {each.lower() for each in describe(org, spec.object).by_name}
    if name.lower() in of_object:
        raise UnknownField(
            f"{spec.stream}: fields: this import does not read {spec.object}.{name}: the next run by schedule would "
            "let it go again. Add it to `additional_fields` in the YAML",
            fields=(name,),
        )
    raise UnknownField(
        f"{spec.stream}: fields: {spec.object} has no field {name!r}{did_you_mean(name, names)}", fields=(name,)
    )
