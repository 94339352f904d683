"""What a component that writes into records of an org says of itself: imports know their own exports' writes by it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated

import dagster as dg
from pydantic import BaseModel, Field

from sf_elt.components.attributes import Attributes
from sf_elt.writeback import ExportSpec
from sf_elt.writeback.field_sources import FieldSource


def _filled_in(context: dg.ResolutionContext, sources: object) -> object:
    """What the YAML says of fields, with templates such as `{{ env('NAME') }}` filled in."""
    if not isinstance(sources, Mapping):
        return sources
    plain = {
        field: source.model_dump(exclude_unset=True) if isinstance(source, BaseModel) else source
        for field, source in sources.items()
    }
    return context.resolve_value(plain)


Sources = Annotated[Mapping[str, FieldSource], dg.Resolver(_filled_in, model_field_type=dict[str, FieldSource])]
"""Salesforce field → where its value comes from, as Dagster reads it from YAML."""


def _named(context: dg.ResolutionContext, names: Sequence[object]) -> list[object]:
    """The names, where only a template is filled in: else Dagster would make a number of the name '2024'."""
    return [context.resolve_value(each) if isinstance(each, str) and "{{" in each else each for each in names]


Names = Annotated[tuple[str, ...], dg.Resolver(_named, model_field_type=list[str])]
"""Names, as Dagster reads them from YAML."""


def _as_described(name: str) -> Mapping[str, FieldSource]:
    """The attribute of the spec under its own description."""
    given: Mapping[str, FieldSource] = Field(
        default_factory=dict, description=ExportSpec.model_fields[name].description
    )
    return given


class WritesToOrg(dg.Component, Attributes, ExportSpec):
    """Writes fields of the records of one object, over one connection."""

    connection: str = Field(description="Name of the SalesforceConnection to write to.")
    audiences: Names = Field(default=(), description=ExportSpec.model_fields["audiences"].description)
    matchers: Sources = _as_described("matchers")
    fields: Sources = _as_described("fields")
    fields_on_create: Sources = _as_described("fields_on_create")
    fields_on_leave: Sources = _as_described("fields_on_leave")


def written_fields(context: dg.ComponentLoadContext, connection: str, object_name: str) -> tuple[str, ...]:
    """The fields of the object that the project's exports write over this connection, by their API names."""
    writers = context.component_tree.get_all_components(WritesToOrg)  # type: ignore[type-abstract]  # of any subclass
    return tuple(fields_written_by(writers, connection, object_name))


def fields_written_by(writers: Iterable[WritesToOrg], connection: str, object_name: str) -> Iterator[str]:
    """The same of these exports."""
    for each in writers:
        if (each.connection, each.object.casefold()) == (connection, object_name.casefold()):
            yield from each.salesforce_fields()
