"""What a component that writes into records of an org says of itself: imports know their own exports' writes by it."""

from collections.abc import Iterable, Iterator

import dagster as dg
from pydantic import Field

from sf_elt.components.attributes import Attributes
from sf_elt.writeback import ExportSpec


class WritesToOrg(dg.Component, Attributes, ExportSpec):
    """Writes fields of the records of one object, over one connection."""

    connection: str = Field(description="Name of the SalesforceConnection to write to.")


def written_fields(context: dg.ComponentLoadContext, connection: str, object_name: str) -> tuple[str, ...]:
    """The fields of the object that the project's exports write over this connection, by their API names."""
    writers = context.component_tree.get_all_components(WritesToOrg)  # type: ignore[type-abstract]  # of any subclass
    return tuple(fields_written_by(writers, connection, object_name))


def fields_written_by(writers: Iterable[WritesToOrg], connection: str, object_name: str) -> Iterator[str]:
    """The same of these exports."""
    for each in writers:
        if (each.connection, each.object.casefold()) == (connection, object_name.casefold()):
            yield from each.salesforce_fields()
